"""One call to a customer's program: signed, to a public address only, and bounded in time.

The address is somebody else's choice, so it must not lead into our own network: names are looked
up when the connection is made, every address found is judged, and the address that was judged is
the one that is connected to. No redirects, no proxies, no cookies.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cached_property
from http import HTTPStatus
from ipaddress import ip_address
from typing import Any

import httpcore
import httpx
import msgspec
from standardwebhooks import Webhook

from nostro.connectors.outgoing import ADDRESSES_TRIED, Address, Resolve, is_public, resolve
from nostro.connectors.tls import certificate_trouble, tls_context
from nostro.domain.errors import Invalid

MEDIA_TYPE = "application/cloudevents+json"
ANSWER_BYTES_MAX = 2000
URL_LENGTH_MAX = 2000
CALL_SECONDS_MAX = 10


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What is told: `id` and `body` are the same at every try. `sequence` counts without a gap."""

    id: str
    sequence: int
    body: bytes


class Called(msgspec.Struct, frozen=True, kw_only=True):
    """What a call came to. `status` is None when there was no answer; `said` is a short text."""

    status: int | None = None
    said: str = ""

    @property
    def taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        """Does the other side want no more calls? (410, as Standard Webhooks has it.)"""
        return self.status == HTTPStatus.GONE

    @property
    def others_would_fail_too(self) -> bool:
        """Is it the address that does not work, rather than this one event?"""
        return self.status in (None, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)


def signed_headers(message: Message, secrets: Iterable[str], now: datetime) -> dict[str, str]:
    """The headers of Standard Webhooks 1.0.0, one signature a secret, and the sequence."""
    text = message.body.decode()
    signatures = (Webhook(secret).sign(message.id, now, text) for secret in secrets)
    return {
        "content-type": MEDIA_TYPE,
        "user-agent": "nostro",
        "webhook-id": message.id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
        "nostro-sequence": str(message.sequence),
    }


class WebhookCaller:
    """Makes the calls. `this_machine` lets them go to this machine too, by http if they must: for
    rehearsals. Opening does no I/O."""

    def __init__(
        self,
        *,
        this_machine: bool = False,
        resolve: Resolve = resolve,
        tls: Callable[[], ssl.SSLContext] = tls_context,
        network: httpcore.NetworkBackend | None = None,
        seconds_max: float = CALL_SECONDS_MAX,
    ) -> None:
        self._this_machine = this_machine
        self._resolve = resolve
        self._tls = tls
        self._network = network or httpcore.SyncBackend()
        self._seconds_max = seconds_max

    def check(self, url: str) -> None:
        """Raise Invalid for an address that we would never call. No name is looked up here."""
        told = _parsed(url)
        if told is None:
            raise _not_usable("It is not a plain https address of at most 2000 characters.")
        literal = _literal(told.host)
        if literal is not None and not self._may_reach(literal):
            raise _not_usable(f"{literal} is not an address of the open internet.")
        plain_allowed = self._this_machine and _is_this_machine(told.host)
        if told.scheme != "https" and not plain_allowed:
            raise _not_usable("Plain http could be read and changed on the way.")

    def call(self, url: str, message: Message, secrets: Iterable[str], now: datetime) -> Called:
        """Tell one event once. Whatever goes wrong is told in the result; nothing is raised."""
        try:
            self.check(url)
        except Invalid as error:
            return Called(said=error.happened)
        told = httpx.URL(url)
        headers = {"host": told.netloc.decode(), **signed_headers(message, secrets, now)}
        ends_at = time.monotonic() + self._seconds_max
        backend = _CheckedNetwork(self._network, self._resolve, self._may_reach, ends_at)
        try:
            return self._post(told, headers, message.body, backend)
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
            return Called(said=_words(error))

    def _post(
        self, url: httpx.URL, headers: dict[str, str], body: bytes, backend: _CheckedNetwork
    ) -> Called:
        where = httpcore.URL(
            scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
        )
        context = self._context if url.scheme == "https" else None
        told = list(headers.items())
        waits = dict.fromkeys(("connect", "read", "write", "pool"), self._seconds_max)
        with (
            httpcore.ConnectionPool(ssl_context=context, network_backend=backend) as pool,
            pool.stream(
                "POST", where, headers=told, content=body, extensions={"timeout": waits}
            ) as response,
        ):
            if 200 <= response.status < 300:
                return Called(status=response.status)
            return Called(status=response.status, said=_text(_beginning(response)))

    @cached_property
    def _context(self) -> ssl.SSLContext:
        return self._tls()

    def _may_reach(self, address: Address) -> bool:
        return is_public(address) or (self._this_machine and address.is_loopback)


class _CheckedNetwork(httpcore.NetworkBackend):
    """Connects to addresses that were judged, and hangs up when the whole call lasts too long."""

    def __init__(
        self,
        network: httpcore.NetworkBackend,
        resolve: Resolve,
        allowed: Callable[[Address], bool],
        ends_at: float,
    ) -> None:
        self._network = network
        self._resolve = resolve
        self._allowed = allowed
        self._ends_at = ends_at

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in self._judged(host, port):
            try:
                left = _left(self._ends_at, httpcore.ConnectTimeout)
                stream = self._network.connect_tcp(address, port, left, None, socket_options)
                return _Bounded(stream, self._ends_at)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    def _judged(self, host: str, port: int) -> list[str]:
        """The addresses of a name; raises ConnectError if a single one is not to be reached."""
        try:
            found = [ip_address(text) for text in self._resolve(host, port)]
        except (OSError, ValueError, UnicodeError) as error:
            raise httpcore.ConnectError(f"{host} could not be looked up") from error
        for address in found:
            if not self._allowed(address):
                raise httpcore.ConnectError(
                    f"{host} leads to {address}, which is not an address of the open internet"
                )
        return [str(address) for address in found[:ADDRESSES_TRIED]]


class _Bounded(httpcore.NetworkStream):
    """A connection that ends on time, however lively the other side is."""

    def __init__(self, stream: httpcore.NetworkStream, ends_at: float) -> None:
        self._stream = stream
        self._ends_at = ends_at

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._ends_at, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), 1 << 14):
            left = _left(self._ends_at, httpcore.WriteTimeout)
            self._stream.write(buffer[start : start + (1 << 14)], left)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = _left(self._ends_at, httpcore.ConnectTimeout)
        return _Bounded(self._stream.start_tls(ssl_context, server_hostname, left), self._ends_at)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(ends_at: float, late: type[httpcore.TimeoutException]) -> float:
    left = ends_at - time.monotonic()
    if left <= 0:
        raise late("the call lasted too long")
    return left


def _parsed(url: str) -> httpx.URL | None:
    if len(url) > URL_LENGTH_MAX or not url.isprintable() or " " in url:
        return None
    try:
        told = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        return None
    plain = told.scheme in ("http", "https") and told.host
    return told if plain and not told.userinfo and not told.fragment else None


def _literal(host: str) -> Address | None:
    """The address that a host writes out in numbers, in any of the forms that systems take."""
    with contextlib.suppress(OSError, UnicodeError, ValueError):
        found = socket.getaddrinfo(host, None, flags=socket.AI_NUMERICHOST)
        return ip_address(str(found[0][4][0]))
    return None


def _is_this_machine(host: str) -> bool:
    literal = _literal(host)
    return host == "localhost" or (literal is not None and literal.is_loopback)


def _not_usable(why: str) -> Invalid:
    return Invalid(
        "webhook_address_not_usable",
        f"The address cannot be called. {why}",
        can_do="Give an https address that the open internet can reach, without credentials.",
        field="url",
    )


def _beginning(response: httpcore.Response) -> bytes:
    """The first bytes of an answer; one that breaks off or drags on is as good as any."""
    said = bytearray()
    with contextlib.suppress(
        httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError
    ):
        for chunk in response.iter_stream():
            said += chunk
            if len(said) >= ANSWER_BYTES_MAX:
                break
    return bytes(said[:ANSWER_BYTES_MAX])


def _text(said: bytes) -> str:
    """Words that can be shown: printable, on one line."""
    words = " ".join(said.decode("utf-8", "replace").split())
    return "".join(letter for letter in words if letter.isprintable())


def _words(error: Exception) -> str:
    told = certificate_trouble(error)
    if told:
        return told[0]
    if isinstance(error, httpcore.TimeoutException):
        return "no answer in time"
    return _text(str(error).encode())[:300] or type(error).__name__
