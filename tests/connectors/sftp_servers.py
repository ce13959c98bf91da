"""SFTP servers for tests: an emulator with a bank's odd habits, a wire that is cut, real OpenSSH.

The emulator is asyncssh's own server in a thread, its folders a directory of the test's. What it
shows is that we keep to the protocol in cases that a real server cannot be brought to; what a real
server does is shown by OpenSSH.
"""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import asyncssh
import msgspec

from nostro.connectors import open_connection
from tests.needs import absent

QUIET_SECONDS = 10
OUR_KEY = asyncssh.generate_private_key("ssh-ed25519")
HOST_KEY = asyncssh.generate_private_key("ssh-ed25519")


def private_text(key: asyncssh.SSHKey) -> str:
    return key.export_private_key().decode()


def public_text(key: asyncssh.SSHKey) -> str:
    return key.export_public_key().decode().strip()


class Habits(msgspec.Struct, kw_only=True):
    """What an emulated bank's server does otherwise than OpenSSH."""

    denies: set[str] = msgspec.field(default_factory=set)  # names of requests
    fails: set[str] = msgspec.field(default_factory=set)  # the same, without saying why
    lacks: set[str] = msgspec.field(default_factory=set)
    stalls: set[str] = msgspec.field(default_factory=set)
    loses_answer_of: set[str] = msgspec.field(default_factory=set)  # does it, then breaks off
    sweeps_to: str = ""
    sweeps: tuple[str, ...] = (".xml", ".pgp")
    full_after_bytes: int | None = None
    keeps_bytes: int | None = None  # says yes to all of a file, and stores so much of it
    acknowledges: bool = False


class EmulatedBank:
    """An asyncssh server with `habits`; `seen` is every request that it got, in order."""

    def __init__(
        self,
        home: Path,
        habits: Habits | None = None,
        *,
        host_key: asyncssh.SSHKey = HOST_KEY,
        password: str = "",
    ) -> None:
        self.home = home
        for name in ("drop", "taken", "pickup", "archive"):
            (home / name).mkdir(parents=True, exist_ok=True)
        self.habits = habits or Habits()
        self.host_key = host_key
        self.password = password
        self.seen: list[str] = []
        self.logins: list[str] = []
        self.port = 0
        self.wire_port = 0
        self.cut_to_bank: int | None = None
        self.cut_to_us: int | None = None
        self.carried_to_bank = self.carried_to_us = 0
        self.busy = 0
        self._quiet = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(QUIET_SECONDS)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(QUIET_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(QUIET_SECONDS)
        self._loop.close()

    def connection(self, *, by_wire: bool = False, **settings: Any) -> Any:
        """Our connector, opened towards this server, or towards the wire that can be cut."""
        config = {
            "host": "127.0.0.1",
            "port": self.wire_port if by_wire else self.port,
            "user": "nostro",
            "host_keys": [public_text(self.host_key)],
            "drop_folder": "/drop",
            "timeout_seconds": 20,
            **settings,
        }
        return open_connection("sftp", config, {"private_key": private_text(OUR_KEY)})

    def lies(self, folder: str = "drop") -> dict[str, bytes]:
        """What really lies in a folder, once nobody works there any more."""
        with self._quiet:
            assert self._quiet.wait_for(lambda: self.busy == 0, QUIET_SECONDS), "still at work"
        return {path.name: path.read_bytes() for path in sorted((self.home / folder).iterdir())}

    def at_work(self, change: int) -> None:
        with self._quiet:
            self.busy += change
            self._quiet.notify_all()

    async def _start(self) -> None:
        key = asyncssh.import_authorized_keys(public_text(OUR_KEY))
        self._server = await asyncssh.listen(
            "127.0.0.1",
            0,
            server_host_keys=[self.host_key],
            server_factory=lambda: _Door(self),
            authorized_client_keys=None if self.password else key,
            sftp_factory=lambda channel: _Desk(channel, self),
        )
        self.port = self._server.get_port()
        self._wire = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.wire_port = self._wire.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        self._wire.close()
        self._server.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _carry(self, ours: asyncio.StreamReader, to_us: asyncio.StreamWriter) -> None:
        banks, to_bank = await asyncio.open_connection("127.0.0.1", self.port)
        self.carried_to_bank = self.carried_to_us = 0
        up = asyncio.create_task(self._pass_on(ours, to_bank, "to_bank"))
        down = asyncio.create_task(self._pass_on(banks, to_us, "to_us"))
        await asyncio.wait([up, down], return_when=asyncio.FIRST_COMPLETED)
        up.cancel()
        down.cancel()
        to_bank.close()  # What was carried arrives; then the line is dead in both directions.
        to_us.transport.abort()

    async def _pass_on(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, way: str
    ) -> None:
        limit: int | None = getattr(self, f"cut_{way}")
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                carried = getattr(self, f"carried_{way}")
                allowed = data if limit is None else data[: limit - carried]
                target.write(allowed)
                await target.drain()
                setattr(self, f"carried_{way}", carried + len(allowed))
                if len(allowed) < len(data):
                    return


class _Door(asyncssh.SSHServer):
    def __init__(self, bank: EmulatedBank) -> None:
        self._bank = bank

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._bank.at_work(1)

    def connection_lost(self, exc: Exception | None) -> None:
        self._bank.at_work(-1)

    def begin_auth(self, username: str) -> bool:
        self._bank.logins.append(username)
        return True

    def password_auth_supported(self) -> bool:
        return bool(self._bank.password)

    def validate_password(self, username: str, password: str) -> bool:
        return password == self._bank.password


class _Desk(asyncssh.SFTPServer):
    """One session. Requests are checked against the habits, then done by asyncssh's own code."""

    def __init__(self, channel: Any, bank: EmulatedBank) -> None:
        super().__init__(channel, chroot=os.fsencode(bank.home))
        self._bank = bank
        self._written = 0
        bank.at_work(1)

    def exit(self) -> None:
        self._bank.at_work(-1)

    async def _asked(self, name: str) -> None:
        habits = self._bank.habits
        self._bank.seen.append(name)
        if name in habits.denies:
            raise asyncssh.SFTPPermissionDenied("not for you")
        if name in habits.fails:
            raise asyncssh.SFTPFailure("no")
        if name in habits.lacks:
            raise asyncssh.SFTPOpUnsupported("what is that")
        if name in habits.stalls:
            await self.connection.wait_closed()
            raise asyncssh.SFTPFailure("nobody is there any more")

    def _done(self, name: str) -> None:
        if name in self._bank.habits.loses_answer_of:
            self.connection.abort()

    async def open(self, path: bytes, pflags: int, attrs: Any) -> Any:
        await self._asked("open" if pflags & asyncssh.FXF_WRITE else "read")
        file = super().open(path, pflags, attrs)
        self._done("open")
        return file

    async def write(self, file_obj: Any, offset: int, data: bytes) -> int:
        await self._asked("write")
        full = self._bank.habits.full_after_bytes
        if full is not None and offset + len(data) > full:
            super().write(file_obj, offset, data[: max(0, full - offset)])
            raise asyncssh.SFTPFailure("no space left")
        if kept := self._bank.habits.keeps_bytes:
            super().write(file_obj, offset, data[: max(0, kept - offset)])
            return len(data)
        written: Any = super().write(file_obj, offset, data)
        self._done("write")
        return int(written)

    async def close(self, file_obj: Any) -> None:
        writing, name = "b" in file_obj.mode and file_obj.writable(), os.fsdecode(file_obj.name)
        if writing:
            await self._asked("close")
        super().close(file_obj)
        if writing:
            self._taken_notice_of(Path(name))
            self._done("close")

    async def stat(self, path: bytes) -> Any:
        await self._asked("stat")
        return super().stat(path)

    async def scandir(self, path: bytes) -> Any:
        await self._asked("list")
        async for entry in super().scandir(path):
            yield entry

    async def remove(self, path: bytes) -> None:
        await self._asked("remove")
        super().remove(path)

    async def rename(self, oldpath: bytes, newpath: bytes) -> None:
        await self._asked("rename")
        super().rename(oldpath, newpath)
        self._named(newpath, "rename")

    async def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        await self._asked("posix_rename")
        super().posix_rename(oldpath, newpath)
        self._named(newpath, "posix_rename")

    def _named(self, path: bytes, request: str) -> None:
        self._taken_notice_of(Path(os.fsdecode(self.map_path(path))))
        self._done(request)

    def _taken_notice_of(self, path: Path) -> None:
        """What the bank's own program does with a file in the drop folder, at once."""
        habits, home = self._bank.habits, self._bank.home
        if path.parent != (home / "drop").resolve() or not path.name.endswith(habits.sweeps):
            return
        if habits.acknowledges:
            (home / "drop" / f"{path.name}.ack").touch()
        if habits.sweeps_to:
            path.rename(home / habits.sweeps_to / path.name)


class OpenSsh:
    """A real OpenSSH server, run by this user, on loopback. Skips the test when there is none.

    `options` are those of its sftp-server: "-R" to read only, "-P rename" to deny a request.
    """

    def __init__(self, home: Path, options: str = "") -> None:
        self.home = home
        self.options = options
        for name in ("drop", "taken", "pickup", "archive"):
            (home / name).mkdir(parents=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])

    @contextlib.contextmanager
    def running(self) -> Iterator[Self]:
        program = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
        if program is None:
            absent("sshd (Debian: openssh-server)")
        process = subprocess.Popen(
            [program, "-D", "-e", "-f", self._written_settings()],
            stderr=(self.home / "log").open("w"),
        )
        try:
            self._wait_until_it_listens(process)
            yield self
        finally:
            process.terminate()
            process.wait(QUIET_SECONDS)

    def connection(self, secrets: dict[str, str] | None = None, **settings: Any) -> Any:
        config = {
            "host": "127.0.0.1",
            "port": self.port,
            "user": getpass.getuser(),
            "host_keys": [public_text(HOST_KEY)],
            "drop_folder": str(self.home / "drop"),
            "pickup_folder": str(self.home / "pickup"),
            "timeout_seconds": 20,
            **settings,
        }
        own = {"private_key": private_text(OUR_KEY)}
        return open_connection("sftp", config, {**own, **(secrets or {})})

    def _written_settings(self) -> Path:
        home = self.home
        (home / "hostkey").write_text(private_text(HOST_KEY))
        (home / "hostkey").chmod(0o600)
        (home / "authorized_keys").write_text(public_text(OUR_KEY) + "\n")
        lines = (
            f"Port {self.port}",
            "ListenAddress 127.0.0.1",
            f"HostKey {home / 'hostkey'}",
            f"AuthorizedKeysFile {home / 'authorized_keys'}",
            f"PidFile {home / 'sshd.pid'}",
            "StrictModes no",
            "PasswordAuthentication no",
            "UsePAM no",
            "PermitRootLogin yes",
            f"Subsystem sftp internal-sftp {self.options}",
            f"ForceCommand internal-sftp {self.options}",
        )
        (home / "sshd_config").write_text("\n".join(lines) + "\n")
        if os.getuid() == 0:  # privilege separation wants its empty folder
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        return home / "sshd_config"

    def _wait_until_it_listens(self, process: subprocess.Popen[bytes]) -> None:
        while process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
        raise AssertionError((self.home / "log").read_text())
