"""A store of objects that speaks Amazon's S3: Amazon itself, MinIO, Ceph and others.

Its address is the operator's, never a user's: it may stand in a network of our own, and is not
judged as users' addresses are. What it answers is trusted with nothing: who reads compares.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import cached_property
from itertools import chain
from typing import Any, Final

import boto3.session
import msgspec
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from nostro.domain.errors import NostroError, Refused, Unavailable
from nostro.ports import KeptObject, ObjectLock

PART_BYTES: Final = 5 << 20  # The least that S3 takes, and at most 10,000 of them.
PIECE_BYTES: Final = 1 << 20
_TAKEN = {"PreconditionFailed"}
_MISSING = {"NoSuchKey", "NoSuchVersion"}
_BEYOND = {"InvalidRange", "416"}
_LOCKED = {"AccessDenied", "ObjectLocked", "InvalidRequest"}
_LOCKS_NOT = {"ObjectLockConfigurationNotFoundError", "NotImplemented", "MethodNotAllowed"}
_TRY_AGAIN = {"SlowDown", "RequestTimeout", "ConditionalRequestConflict", "OperationAborted"}


class StoreSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where a bucket is and how it is spoken to. Names of objects begin with `prefix`.

    Without an endpoint it is Amazon's; without keys they are found as Amazon's own programs find
    them: environment, configuration files, the role of the machine.
    """

    bucket: str
    prefix: str = ""
    endpoint: str = ""
    region: str = ""
    path_style: bool = False
    ca_file: str = ""
    connect_seconds: int = 10
    read_seconds: int = 60
    tries: int = 4
    access_key_id: str = ""
    secret_access_key: str = ""
    lock_mode: str = "COMPLIANCE"

    def __repr__(self) -> str:
        return f"StoreSettings({self.bucket}/{self.prefix})"


class ObjectStore:
    """One bucket, or the part of it under a prefix; the port KeepsObjects."""

    def __init__(self, settings: StoreSettings) -> None:
        self._settings = settings

    @property
    def lock_mode(self) -> str:
        return self._settings.lock_mode

    @cached_property
    def _client(self) -> Any:
        chosen = self._settings
        session = boto3.session.Session(
            aws_access_key_id=chosen.access_key_id or None,
            aws_secret_access_key=chosen.secret_access_key or None,
            region_name=chosen.region or None,
        )
        told = Config(
            connect_timeout=chosen.connect_seconds,
            read_timeout=chosen.read_seconds,
            retries={"total_max_attempts": chosen.tries, "mode": "standard"},
            s3={"addressing_style": "path" if chosen.path_style else "auto"},
            # Each request brings a digest of ours; newer ones of the library not every store knows.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        return session.client(
            "s3", endpoint_url=chosen.endpoint or None, verify=chosen.ca_file or None, config=told
        )

    def locks(self) -> bool:
        """Has the bucket object lock? Raises Refused when there is no such bucket."""
        return self._locks

    @cached_property
    def _locks(self) -> bool:
        with self._understood():
            try:
                found = self._client.get_object_lock_configuration(Bucket=self._settings.bucket)
            except ClientError as error:
                if _code(error) in _LOCKS_NOT:
                    return False
                raise
        told = found.get("ObjectLockConfiguration", {})
        return bool(told.get("ObjectLockEnabled") == "Enabled")

    def add(self, name: str, pieces: Iterable[bytes], lock: ObjectLock | None = None) -> bool:
        """Write an object unless the name is taken; from PART_BYTES on part by part."""
        parts = _parts(pieces)
        first = next(parts)
        with self._understood(name):
            try:
                if len(first) < PART_BYTES:
                    told = {**_digest(first), **_locking(lock), "IfNoneMatch": "*"}
                    self._client.put_object(**self._at(name), Body=first, **told)
                else:
                    self._add_in_parts(name, chain((first,), parts), lock)
            except ClientError as error:
                if _code(error) in _TAKEN:
                    return False
                raise
        return True

    def _add_in_parts(self, name: str, parts: Iterable[bytes], lock: ObjectLock | None) -> None:
        begun = self._client.create_multipart_upload(**self._at(name), **_locking(lock))
        upload = {**self._at(name), "UploadId": begun["UploadId"]}
        try:
            done = []
            for number, part in enumerate(parts, 1):
                told = {"PartNumber": number, "Body": part, **_digest(part)}
                answer = self._client.upload_part(**upload, **told)
                done.append({"PartNumber": number, "ETag": answer["ETag"]})
            self._client.complete_multipart_upload(
                **upload, MultipartUpload={"Parts": done}, IfNoneMatch="*"
            )
        except BaseException:
            with suppress(ClientError, BotoCoreError):  # Else it is given up later.
                self._client.abort_multipart_upload(**upload)
            raise

    def read(self, name: str, start: int = 0, length: int = 0, version: str = "") -> bytes:
        """Bytes of an object, or of one version of it."""
        asked: dict[str, Any] = {"VersionId": version} if version else {}
        if length:
            asked["Range"] = f"bytes={start}-{start + length - 1}"
        with self._understood(name):
            try:
                body = self._client.get_object(**self._at(name), **asked)["Body"]
            except ClientError as error:
                if _code(error) in _BEYOND:
                    return b""
                raise
            with body:
                return bytes(body.read())

    def pieces(self, name: str) -> Iterator[bytes]:
        """All bytes of an object, at most PIECE_BYTES at a time."""
        with self._understood(name):
            body = self._client.get_object(**self._at(name))["Body"]
            with body:
                yield from body.iter_chunks(PIECE_BYTES)

    def versions(self, beginning: str) -> Iterator[KeptObject]:
        """Every version of every object whose name begins so; marks of deletion are none."""
        pages = self._client.get_paginator("list_object_versions")
        whole = f"{self._settings.prefix}{beginning}"
        with self._understood():
            for page in pages.paginate(Bucket=self._settings.bucket, Prefix=whole):
                for row in page.get("Versions", ()):
                    yield KeptObject(
                        name=row["Key"].removeprefix(self._settings.prefix),
                        version=row["VersionId"],
                        size_bytes=row["Size"],
                        changed_at=row["LastModified"],
                    )

    def lock_of(self, name: str) -> ObjectLock | None:
        """What keeps the newest version of an object."""
        with self._understood(name):
            found = self._client.head_object(**self._at(name))
        until = found.get("ObjectLockRetainUntilDate")
        held = found.get("ObjectLockLegalHoldStatus") == "ON"
        if until is None and not held:
            return None
        return ObjectLock(mode=found.get("ObjectLockMode", ""), until=until, held=held)

    def lock(self, name: str, lock: ObjectLock) -> None:
        """Keep the newest version of an object; what is locked for longer already stays so."""
        before = self.lock_of(name)
        already = before.until if before else None
        with self._understood(name):
            if lock.until is not None and (already is None or already < lock.until):
                told = {"Mode": lock.mode, "RetainUntilDate": lock.until}
                self._client.put_object_retention(**self._at(name), Retention=told)
            if lock.held != bool(before and before.held):
                status = {"Status": "ON" if lock.held else "OFF"}
                self._client.put_object_legal_hold(**self._at(name), LegalHold=status)

    def remove(self, name: str) -> bool:
        """Delete every version of an object; False when some of them must stay."""
        gone = True
        for kept in list(self.versions(name)):
            if kept.name != name:
                continue
            with self._understood(name):
                try:
                    self._client.delete_object(**self._at(name), VersionId=kept.version)
                except ClientError as error:
                    if _code(error) not in _LOCKED:
                        raise
                    gone = False
        return gone

    def give_up_uploads(self, before: datetime) -> int:
        """Forget uploads that were begun before a time and never finished."""
        count, chosen = 0, self._settings
        pages = self._client.get_paginator("list_multipart_uploads")
        with self._understood():
            for page in pages.paginate(Bucket=chosen.bucket, Prefix=chosen.prefix):
                for row in page.get("Uploads", ()):
                    if row["Initiated"] < before:
                        self._client.abort_multipart_upload(
                            Bucket=chosen.bucket, Key=row["Key"], UploadId=row["UploadId"]
                        )
                        count += 1
        return count

    def _at(self, name: str) -> dict[str, str]:
        return {"Bucket": self._settings.bucket, "Key": f"{self._settings.prefix}{name}"}

    @contextmanager
    def _understood(self, name: str = "") -> Iterator[None]:
        """Failures of the library in our words; no credential is ever part of them."""
        try:
            yield
        except ClientError as error:
            raise _refusal(error, self._settings.bucket, name) from error
        except BotoCoreError as error:
            raise Unavailable(
                "object_store_unreachable",
                f"The object store with the bucket {self._settings.bucket} could not be reached:"
                f" {error}.",
                "Nothing was taken out of the database; it is tried again.",
                "Look whether it runs, and at the settings of its address and credentials.",
            ) from error


def _refusal(error: ClientError, bucket: str, name: str) -> NostroError:
    """What an answer of the store means; its code says more than its words."""
    code = _code(error)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _MISSING or (status == 404 and name and code == "404"):
        return Refused(
            "object_missing",
            f"There is no object {name} in the bucket {bucket}.",
            "Nothing was read.",
            "Restore it from an earlier version of the bucket, and find out who took it away.",
        )
    if status >= 500 or code in _TRY_AGAIN:
        return Unavailable(
            "object_store_unreachable",
            f"The object store with the bucket {bucket} does not work now ({code}).",
            "Nothing was taken out of the database; it is tried again.",
            "Look whether it runs and has room.",
        )
    return Refused(
        "object_store_refused",
        f"The object store refused a request to the bucket {bucket}: {code}.",
        "Nothing was taken out of the database.",
        "Check that the bucket is there, and that our credentials may list, read and write in it.",
    )


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _parts(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Pieces joined until they are a part; the last one may be shorter, an only one empty."""
    waiting: list[bytes] = []
    size, told = 0, False
    for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size >= PART_BYTES:
            yield b"".join(waiting)
            waiting, size, told = [], 0, True
    if waiting or not told:
        yield b"".join(waiting)


def _digest(content: bytes) -> dict[str, str]:
    """The digest that every store knows and that object lock asks for (RFC 1864): of transport
    only, the bytes are compared when they are read."""
    return {"ContentMD5": b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()}


def _locking(lock: ObjectLock | None) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if lock is not None and lock.until is not None:
        told |= {"ObjectLockMode": lock.mode, "ObjectLockRetainUntilDate": lock.until}
    if lock is not None and lock.held:
        told["ObjectLockLegalHoldStatus"] = "ON"
    return told
