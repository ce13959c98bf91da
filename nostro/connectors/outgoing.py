"""Where a connection may lead: addresses that users write must not reach into our own network.

A name is looked up at the moment of connecting, every address found is judged, and one that was
judged is the one connected to: a name that answers differently a moment later gains nothing. What
is refused: this machine, private and link-local networks, the metadata services of clouds, networks
of carriers, and IPv4 hidden inside IPv6. The installation, never a user, opens networks of its own.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

import httpx
import msgspec

from nostro.domain.errors import ConnectionUnfit

# Not in the open internet although Python's own tables, which differ by release, may say so:
# protocol assignments (RFC 6890; one cloud keeps its metadata there), relays of 6to4 (RFC 7526),
# and Azure's services for its own machines.
_NOT_OPEN = tuple(map(IPv4Network, ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32")))
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_SIX_TO_FOUR = IPv6Network("2002::/16")  # It carries an IPv4 address, of any kind, inside.
ADDRESSES_TRIED: Final = 3

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[[str, int], Sequence[str]]

THIS_MACHINE: Final[tuple[Network, ...]] = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))


def is_public(address: Address) -> bool:
    """Is this an address of the open internet, and nothing of ours or of our neighbours'?

    RFC 6890 and the IANA registries; addresses of IPv4 written inside IPv6 are none.
    """
    if isinstance(address, IPv6Address):
        inside = address in _GLOBAL_UNICAST and address not in _SIX_TO_FOUR
        return inside and address.is_global
    usual = address.is_global and not address.is_multicast and not address.is_reserved
    return usual and not any(address in network for network in _NOT_OPEN)


def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of a name as this machine knows them; raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(place[0]) for *_, place in found))


class Reach(msgspec.Struct, frozen=True):
    """How far connections of this installation may go: the open internet, and these networks."""

    networks: tuple[Network, ...] = ()
    look_up: Resolve = resolve

    def allows(self, address: Address) -> bool:
        return is_public(address) or any(address in network for network in self.networks)

    def addresses(self, host: str, port: int) -> list[str]:
        """The judged addresses of a host, to connect to as they stand.

        Raises OSError when it has none, ConnectionUnfit if a single one is not to be reached; which
        one is not said: whoever writes addresses into a form is to learn nothing about our network.
        """
        try:
            found = [ip_address(text) for text in self.look_up(host, port)]
        except ValueError as error:  # Not encodable as a name, or an answer that is no address.
            raise OSError(f"{host} could not be looked up") from error
        if not found:
            raise OSError(f"{host} has no address")
        if not all(self.allows(address) for address in found):
            raise ConnectionUnfit(
                "address_not_allowed",
                f"{host} leads into a network that connections of this installation may not reach.",
                "We did not connect; nothing was sent.",
                "Correct the address. If it is meant, who runs this installation adds the network"
                " to NOSTRO_REACHABLE_NETWORKS.",
            )
        return [str(address) for address in found[:ADDRESSES_TRIED]]


_installed = [Reach()]


def install(reach: Reach) -> None:
    """Say once, when the process starts, how far its connections may go."""
    _installed[0] = reach


def reach() -> Reach:
    return _installed[0]


class JudgedTransport(httpx.BaseTransport):
    """httpx's own transport, which is only ever given addresses that were judged.

    The name stays in the Host header and in TLS, where the certificate is held against it.
    """

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Raises ConnectionUnfit for an address that is not to be reached; nothing is sent then."""
        host = request.url.raw_host.decode("ascii")
        port = request.url.port or (443 if request.url.scheme == "https" else 80)
        failure: httpx.TransportError = httpx.ConnectError(f"{host} has no address")
        try:
            judged = reach().addresses(host, port)
        except OSError as error:
            raise httpx.ConnectError(str(error), request=request) from error
        for address in judged:
            try:
                return self._inner.handle_request(_led_to(request, address, host))
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error
        raise failure

    def close(self) -> None:
        self._inner.close()


def _led_to(request: httpx.Request, address: str, host: str) -> httpx.Request:
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": host},
    )
