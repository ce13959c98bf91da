"""moto, a program that we did not write, plays the object store over real HTTP: an emulator."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import boto3.session
import msgspec
from botocore.config import Config
from moto.server import ThreadedMotoServer

from nostro.connectors.object_store import ObjectStore, StoreSettings

KEYS = {"aws_access_key_id": "made-up", "aws_secret_access_key": "made-up-secret"}


class EmulatedStore:
    """An emulator on this machine. Stopped and started again it has what it had."""

    def __init__(self) -> None:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self._server.start()
        self.port = int(self._server.get_host_and_port()[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        self._server.stop()

    def start(self) -> None:
        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=self.port, verbose=False)
        self._server.start()

    @property
    def client(self) -> Any:
        """Whoever holds the keys of the bucket, as an attacker does or an operator."""
        return boto3.session.Session(**KEYS, region_name="us-east-1").client(
            "s3",
            endpoint_url=self.url,
            config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
        )

    def bucket(self, *, locked: bool = True) -> str:
        name = f"bucket-{uuid4().hex[:12]}"
        self.client.create_bucket(Bucket=name, ObjectLockEnabledForBucket=locked)
        return name

    def settings(self, bucket: str, prefix: str = "") -> StoreSettings:
        return StoreSettings(
            bucket=bucket,
            prefix=prefix,
            endpoint=self.url,
            region="us-east-1",
            path_style=True,
            tries=1,
            access_key_id=KEYS["aws_access_key_id"],
            secret_access_key=KEYS["aws_secret_access_key"],
        )

    def store(self, bucket: str, **changed: Any) -> ObjectStore:
        return ObjectStore(msgspec.structs.replace(self.settings(bucket), **changed))


@contextmanager
def emulated_store() -> Iterator[EmulatedStore]:
    store = EmulatedStore()
    try:
        yield store
    finally:
        store.stop()


class StoreElsewhere(EmulatedStore):
    """An emulator in a process of its own, whose port it tells."""

    _PLAY = (
        "from moto.server import ThreadedMotoServer\n"
        "import sys\n"
        "server = ThreadedMotoServer(ip_address='127.0.0.1', port=0, verbose=False)\n"
        "server.start()\n"
        "print(server.get_host_and_port()[1], flush=True)\n"
        "sys.stdin.read()\n"
    )

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", self._PLAY],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        self.url = f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate()


@contextmanager
def emulated_store_elsewhere() -> Iterator[EmulatedStore]:
    store = StoreElsewhere()
    try:
        yield store
    finally:
        store.stop()
