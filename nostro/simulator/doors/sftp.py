"""The folders of the simulated bank over SFTP, with a server of its own.

A file counts once it is closed under, or renamed to, a finished name; what the personalities do
to a connection happens at that moment.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import asyncssh
import msgspec

from nostro.domain.errors import Unavailable
from nostro.simulator.desk import Desk
from nostro.simulator.doors.folder import FolderDoor
from nostro.simulator.taking import Fate, Verdict

STARTS_WITHIN_SECONDS = 20


class SftpLogin(msgspec.Struct, frozen=True, kw_only=True):
    """Who may come in: by password, by the keys of an authorized_keys file, or by either.

    `host_key` is the file of the bank's private key; it is made when it is not there.
    """

    user: str
    password: str = ""
    authorized_keys: Path | None = None
    host_key: Path


class _Watchman(asyncssh.SSHServer):
    def __init__(self, login: SftpLogin) -> None:
        self._login = login

    def password_auth_supported(self) -> bool:
        return bool(self._login.password)

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == (self._login.user, self._login.password)


class _Session(asyncssh.SFTPServer):
    """One SFTP session of a customer, in the folders of the bank and nowhere else."""

    def __init__(self, chan: Any, door: FolderDoor) -> None:
        super().__init__(chan, chroot=str(door.home).encode())
        self._door = door
        self._writing: dict[object, Path] = {}

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        opened = super().open(path, pflags, attrs)
        if pflags & asyncssh.FXF_WRITE:
            local = self._local(path)
            self._writing[opened] = local
            self._door.keep_off(local, writing=True)
        return opened

    async def close(self, file_obj: object) -> None:
        super().close(file_obj)
        path = self._writing.pop(file_obj, None)
        if path is not None:
            await self._finished(path)

    async def rename(self, oldpath: bytes, newpath: bytes) -> None:
        super().rename(oldpath, newpath)
        await self._finished(self._local(newpath))

    async def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        super().posix_rename(oldpath, newpath)
        await self._finished(self._local(newpath))

    def exit(self) -> None:
        for path in self._writing.values():  # Cut off in the middle: the bank sees half a file.
            self._door.keep_off(path, writing=False)
        super().exit()

    def _local(self, path: bytes) -> Path:
        return Path(self.map_path(path).decode())

    async def _finished(self, path: Path) -> None:
        """The customer has finished a file: let the bank take it, and let it misbehave."""
        self._door.keep_off(path, writing=False)
        if path.parent != self._door.drop or not self._door.is_ready(path):
            return
        answer = await asyncio.to_thread(self._door.take, path, watched=True)
        if answer is None:
            return
        if answer.fate is Fate.HELD:
            await asyncio.Event().wait()
        if answer.fate is Fate.CUT:
            self.connection.abort()
        if answer.verdict is Verdict.THROTTLED:
            raise asyncssh.SFTPFailure("Too many files; try later.")


class SftpDoor:
    """The SFTP server, in a thread of its own. `port` 0 takes a free one."""

    def __init__(
        self, desk: Desk, folder: FolderDoor, login: SftpLogin, *, host: str, port: int
    ) -> None:
        self.host, self.port = host, port
        self._desk, self._folder, self._login = desk, folder, login
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="sftp", daemon=True)
        self._server: asyncssh.SSHAcceptor | None = None

    def start(self) -> None:
        """Raises Unavailable (`port_taken`)."""
        self._thread.start()
        try:
            self._wait(self._listen())
        except OSError as error:
            self.stop()
            raise Unavailable(
                "port_taken",
                f"The SFTP door cannot listen on {self.host}:{self.port}: {error}.",
                "The bank was not started.",
                "Choose another port, or 0 for any.",
            ) from error

    def stop(self) -> None:
        if self._server is not None:
            self._wait(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def public_key(self) -> str:
        """The host key for the customer to pin, as in known_hosts."""
        return asyncssh.read_private_key(self._login.host_key).export_public_key().decode().strip()

    async def _listen(self) -> None:
        login = self._login
        self._server = await asyncssh.listen(
            self.host,
            self.port,
            server_host_keys=[_host_key(login.host_key)],
            server_factory=lambda: _Watchman(login),
            authorized_client_keys=str(login.authorized_keys) if login.authorized_keys else None,
            sftp_factory=lambda chan: _Session(chan, self._folder),
            allow_scp=False,
            reuse_address=True,
        )
        self.port = self._server.get_port()

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        # Sessions that hang by design would keep a polite ending waiting.
        others = asyncio.all_tasks(self._loop) - {asyncio.current_task(self._loop)}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _wait(self, work: Awaitable[None]) -> None:
        future = asyncio.run_coroutine_threadsafe(_as_coroutine(work), self._loop)
        future.result(STARTS_WITHIN_SECONDS)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()


async def _as_coroutine(work: Awaitable[None]) -> None:
    await work


def _host_key(path: Path) -> asyncssh.SSHKey:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        asyncssh.generate_private_key("ssh-ed25519").write_private_key(path)
        path.chmod(0o600)
    return asyncssh.read_private_key(path)
