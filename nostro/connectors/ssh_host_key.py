"""Which host keys a bank's SSH server shows, for a person to compare with the bank's own word.

Nothing is believed here: a key counts only after somebody has confirmed its fingerprint (RFC 4253,
section 4.1), and a connection then refuses every other one.
"""

from __future__ import annotations

import asyncio

import asyncssh
import msgspec

from nostro.connectors import outgoing
from nostro.domain.errors import Unavailable

TIMEOUT_SECONDS = 20
# A server shows one key a connection: it is asked for each kind that it may have.
_KINDS = ("ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-512")


class ShownKey(msgspec.Struct, frozen=True, kw_only=True):
    """A public key as a line like "ssh-ed25519 AAAA...", and its fingerprint "SHA256:..."."""

    line: str
    fingerprint: str


def shown(host: str, port: int) -> list[ShownKey]:
    """The keys that a server shows, without logging in; raises Unavailable when it shows none,
    ConnectionUnfit when the host is not to be reached."""
    try:
        found = asyncio.run(asyncio.wait_for(_ask(host, port), TIMEOUT_SECONDS))
    except (asyncssh.Error, OSError) as error:
        raise _not_reached(host, port, str(error) or "no answer in time") from error
    if not found:
        raise _not_reached(host, port, "it showed no host key of a kind that we know")
    return found


async def _ask(host: str, port: int) -> list[ShownKey]:
    found: dict[str, ShownKey] = {}
    address, *_ = await asyncio.to_thread(outgoing.reach().addresses, host, port)
    for kind in _KINDS:
        try:
            key = await asyncssh.get_server_host_key(
                address, port, server_host_key_algs=[kind], config=None
            )
        except (asyncssh.KeyExchangeFailed, asyncssh.ConnectionLost):
            continue  # It has no key of this kind.
        if key is not None:
            line = " ".join(key.export_public_key().decode().split()[:2])
            found[line] = ShownKey(line=line, fingerprint=key.get_fingerprint())
    return list(found.values())


def _not_reached(host: str, port: int, why: str) -> Unavailable:
    return Unavailable(
        "sftp_not_reached",
        f"The server {host}, port {port}, could not be reached: {why[:200].rstrip('.')}.",
        "Nothing was set up or changed.",
        "Check host and port, and ask the bank whether our address may come in.",
    )
