"""A session with a bank's SFTP server: its pinned host keys, our log-in, what failures mean.

SSH file transfer as banks offer it: draft-ietf-secsh-filexfer-02 (version 3) over RFC 4253. A
server is believed by its host key alone, never on first use. Until a session is open nothing of
ours has left, so every failure here is a proven one.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any

import asyncssh
import msgspec
from asyncssh.public_key import get_default_public_key_algs

from nostro.connectors import outgoing
from nostro.domain.errors import ConnectionUnfit, NostroError, Refused, Unavailable

CLOSING_SECONDS = 2
# The connection went away, or what came is no answer: the request may have been carried out.
LOST = (
    asyncssh.DisconnectError,
    asyncssh.ChannelOpenError,
    asyncssh.SFTPConnectionLost,
    asyncssh.SFTPNoConnection,
    asyncssh.SFTPBadMessage,
    OSError,
)
DENIED = (
    asyncssh.SFTPPermissionDenied,
    asyncssh.SFTPWriteProtect,
    asyncssh.SFTPOpUnsupported,
)
ABSENT = (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath)


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """Where the bank's server is and how it is known."""

    host: str
    port: int
    user: str
    host_keys: tuple[str, ...]


class Session:
    """An open session; `sftp` is used within one event loop and closed in it."""

    def __init__(self, connection: asyncssh.SSHClientConnection, sftp: asyncssh.SFTPClient) -> None:
        self._connection = connection
        self.sftp = sftp

    async def close(self) -> None:
        self._connection.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSING_SECONDS):
                await self._connection.wait_closed()


def runner() -> asyncio.Runner:
    """An event loop for one call. Of many requests under way when a line breaks, one raises; the
    others' words about the same are not news for the log."""

    def hear(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if not isinstance(context.get("exception"), LOST):
            loop.default_exception_handler(context)

    def new_loop() -> asyncio.AbstractEventLoop:
        loop = asyncio.new_event_loop()
        loop.set_exception_handler(hear)
        return loop

    return asyncio.Runner(loop_factory=new_loop)


async def connect(server: Server, secrets: Mapping[str, str], timeout_seconds: int) -> Session:
    """Log in. Raises ConnectionUnfit for a host key, log-in or key of ours that does not serve,
    Unavailable when the server cannot be reached; nothing has happened then."""
    watch = _HostKeyWatch()
    try:
        async with asyncio.timeout(timeout_seconds):
            return await _logged_in(server, secrets, watch)
    except asyncssh.HostKeyNotVerifiable as error:
        raise _other_host_key(server, watch.seen) from error
    except asyncssh.PermissionDenied as error:
        raise ConnectionUnfit(
            "sftp_login_refused",
            f"{_place(server)} did not let {server.user} in.",
            "Nothing was sent; it waits.",
            "Check user, key and password; ask the bank whether it knows our public key.",
        ) from error
    except (asyncssh.Error, OSError) as error:
        raise Unavailable(
            "sftp_not_reached",
            f"{_place(server)} could not be reached: {words(error)}.",
            "Nothing was sent.",
            "We try again; if it lasts, check the address and ask the bank.",
        ) from error


async def _logged_in(server: Server, secrets: Mapping[str, str], watch: _HostKeyWatch) -> Session:
    pins = [_host_key(text) for text in server.host_keys if text.strip()]
    connection = await _reached(
        server,
        username=server.user,
        password=secrets.get("password"),
        client_keys=_own_keys(secrets),
        client_factory=lambda: watch,
        known_hosts=(pins, [], []),
        server_host_key_algs=_algorithms(pins),
        # Nothing of this machine's user: no agent, no configuration, no other keys.
        config=None,
        agent_path=None,
        gss_host=None,
        x509_trusted_certs=None,
    )
    try:
        sftp = await connection.start_sftp_client(path_errors="surrogateescape")
    except BaseException:
        connection.abort()
        raise
    return Session(connection, sftp)


async def _reached(server: Server, **options: Any) -> asyncssh.SSHClientConnection:
    """Connect to an address of the server that connections may reach; raises ConnectionUnfit."""
    failure = OSError("it has no address")
    for address in await asyncio.to_thread(outgoing.reach().addresses, server.host, server.port):
        try:
            return await asyncssh.connect(address, server.port, **options)
        except OSError as error:
            failure = error
    raise failure


def failed_reading(error: Exception, what: str) -> NostroError:
    """What a failure means when nothing was to be changed."""
    if isinstance(error, DENIED):
        return Refused(
            "sftp_not_allowed",
            f"The bank's server does not allow us to use {what}: {words(error)}.",
            "Nothing was changed there.",
            "Ask the bank for the right, or correct the connection's folders.",
        )
    return Unavailable(
        "sftp_read_failed",
        f"Reading {what} on the bank's server failed: {words(error)}.",
        "Nothing was changed there.",
        "Nothing to do: we try again.",
    )


def words(error: BaseException) -> str:
    """What a failure says, for a sentence: one short printable line."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    said = getattr(error, "reason", "") or str(error) or type(error).__name__
    line = "".join(letter for letter in " ".join(said.split()) if letter.isprintable())
    return line[:200].rstrip(".")


class _HostKeyWatch(asyncssh.SSHClient):
    """Remembers the host key that was shown and is none of the pinned, to name it."""

    def __init__(self) -> None:
        self.seen = ""

    def validate_host_public_key(
        self, host: str, addr: str, port: int, key: asyncssh.SSHKey
    ) -> bool:
        self.seen = key.get_fingerprint()
        return False


def _host_key(text: str) -> asyncssh.SSHKey:
    """A line of a .pub file, or of known_hosts with the host's name before it."""
    parts = text.split()
    while parts and not parts[0].startswith(("ssh-", "ecdsa-", "sk-")):
        parts = parts[1:]
    try:
        return asyncssh.import_public_key(" ".join(parts))
    except (asyncssh.KeyImportError, ValueError):
        raise ConnectionUnfit(
            "sftp_host_key_unreadable",
            f"{text[:40]!r} is no public host key.",
            "We did not connect.",
            "Paste the line that the bank gave you, like 'ssh-ed25519 AAAA...'.",
            field="host_keys",
        ) from None


def _algorithms(pins: list[asyncssh.SSHKey]) -> list[str]:
    """The pinned keys' algorithms first, so that the server shows the key that we know; then the
    others, so that a server with another key shows it and we can name it."""
    wanted = [name for pin in pins for name in pin.sig_algorithms]
    names = dict.fromkeys([*wanted, *get_default_public_key_algs()])
    return [name.decode() for name in names]


def _own_keys(secrets: Mapping[str, str]) -> list[asyncssh.SSHKey] | None:
    text = secrets.get("private_key", "")
    if not text:
        return None
    try:
        return [asyncssh.import_private_key(text, secrets.get("private_key_passphrase") or None)]
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError, ValueError):
        raise ConnectionUnfit(
            "sftp_private_key_unusable",
            "Our private key for the bank's server cannot be read.",
            "We did not connect.",
            "Store the whole key and, if it has one, its passphrase; a key with a passphrase must"
            " be in PKCS#8 (BEGIN ENCRYPTED PRIVATE KEY).",
            field="private_key",
        ) from None


def _other_host_key(server: Server, seen: str) -> ConnectionUnfit:
    return ConnectionUnfit(
        "sftp_host_key_changed",
        f"{_place(server)} showed a host key that we do not know: {seen or 'unreadable'}.",
        "We broke off before logging in; nothing was sent, it waits.",
        "Ask the bank, by telephone, whether it changed its key. If it did and the fingerprint is"
        " the same, add the new key to the connection.",
        field="host_keys",
    )


def _place(server: Server) -> str:
    return f"The server {server.host}, port {server.port},"
