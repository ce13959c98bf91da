"""Only one `nostro up` on the same data: a lock, and a note of who holds it."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
from pathlib import Path

import msgspec

from nostro.domain.errors import Invalid, Refused
from nostro.ops import home_folder


class Note(msgspec.Struct, kw_only=True):
    """Who runs. `database_started`: the database is this one's to stop."""

    pid: int
    address: str
    database_started: bool = False


class Lock:
    """Held as long as the process lives; what a killed one noted is found in `left`."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._path = home / "up.lock"
        self._descriptor = -1
        self.left: Note | None = None

    def take(self, note: Note) -> None:
        """Raises Refused when another process holds it."""
        home_folder.make(self._home)
        try:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise
            raise Invalid(
                "home_unusable",
                f"The home folder {self._home} cannot be used: {error.strerror}.",
                "Nothing was started.",
                "Set NOSTRO_HOME to a folder that you may write to.",
            ) from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise self._already_running() from None
        self.left = self._read()
        self.write(note)

    def write(self, note: Note) -> None:
        os.pwrite(self._descriptor, msgspec.json.encode(note).ljust(512) + b"\n", 0)

    def release(self) -> None:
        """Forget the note and let others in."""
        os.ftruncate(self._descriptor, 0)
        self.close()

    def close(self) -> None:
        """Let go without a word: for processes that inherited it."""
        os.close(self._descriptor)

    def _read(self) -> Note | None:
        try:
            return msgspec.json.decode(os.pread(self._descriptor, 4096, 0).strip(), type=Note)
        except msgspec.DecodeError:
            return None

    def _already_running(self) -> Refused:
        other = self._read()
        who = f"process {other.pid}, {other.address}" if other else "another process"
        return Refused(
            "already_running",
            f"Nostro already runs on the data in {self._home}: {who}.",
            "Nothing was started a second time.",
            "Use that one, or stop it first. For a second installation set NOSTRO_HOME.",
        )


def free_port(host: str, port: int) -> int:
    """`port` when nobody listens there (0: any free one); raises Refused otherwise."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise _taken(host, port, error) from error
        return int(probe.getsockname()[1])


def _taken(host: str, port: int, error: OSError) -> Refused | Invalid:
    if error.errno == errno.EADDRINUSE:
        return Refused(
            "port_taken",
            f"Port {port} on {host} is taken by another program.",
            "Nothing was started.",
            f"Stop that program, or choose another port: nostro up --port {port + 1}",
        )
    return Invalid(
        "address_unusable",
        f"Cannot listen on {host} port {port}: {error.strerror}.",
        "Nothing was started.",
        "Set NOSTRO_HOST to an address of this machine, and --port to a port that you may use.",
    )
