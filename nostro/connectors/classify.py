"""What an HTTP call to a bank or ERP really achieved: done, surely not done, refused, or unknown.

The one place that turns sockets and status codes into the four failures (design, section 5;
payment lifecycle, section 2). A connector calls `send` for anything that changes the other side,
`get` for anything that only reads and `ask` for a POST that may safely be made twice. It handles no
transport error itself.

    seen                                        send          get, ask
    could not connect                           Unavailable   Unavailable
    an address in a network of our own          ConnectionUnfit, an Unavailable: a person mends it
    its certificate or ours was not accepted    ConnectionUnfit, an Unavailable: a person mends it
    cut or late after we began to send          InDoubt       Unavailable
    a status the profile calls "nothing done"   Unavailable   Unavailable
    408, 409, 429 and every 5xx                 InDoubt       Unavailable (409: Refused)
    a redirect                                  InDoubt       Refused
    any other 4xx                               Refused       Refused
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from email.utils import parsedate_to_datetime
from functools import cached_property
from ipaddress import ip_address
from typing import Any, NoReturn

import httpx
import msgspec

from nostro.connectors.outgoing import JudgedTransport
from nostro.connectors.tls import certificate_trouble, tls_context
from nostro.domain.errors import (
    ConnectionUnfit,
    InDoubt,
    Invalid,
    NostroError,
    Refused,
    Unavailable,
)

ANSWER_BYTES_MAX = 256 * 1024 * 1024
# A row whose sender is silent for two minutes is asked about (workflows/dispatch): by then no byte
# of it may still be on its way.
WHOLE_CALL_SECONDS_MAX = 100
RETRY_AFTER_SECONDS_MAX = 24 * 60 * 60  # Who asks for more is asked again tomorrow.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
_ASK_FIRST = frozenset({408, 409, 429})
_TRY_AGAIN_READING = frozenset({408, 425, 429})


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came back, whole."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    def json(self) -> Any:
        """The body as JSON; raises InDoubt, since a garbled yes is not a no."""
        try:
            return msgspec.json.decode(self.content)
        except (msgspec.DecodeError, RecursionError):
            raise InDoubt(
                "answer_unreadable",
                f"The other side answered {self.status}, but not in JSON.",
                "We do not know what it did.",
                "Check the address of the connection; then ask the other side.",
            ) from None


class HttpChannel:
    """One address of one other side, with its credentials and its habits. Opening does no I/O.

    `nothing_done` are the statuses of which this bank's profile says that nothing was done
    (429 or 503, usually). `timeout_seconds` bounds connecting, each silence, and, times ten, the
    whole call, which never lasts longer than WHOLE_CALL_SECONDS_MAX. `tls` makes the TLS context
    when the first call needs it. `https_only` takes plain http to this machine alone. Redirects
    are not followed and the environment's proxies and .netrc are not used: credentials go where
    the connection says and nowhere else.
    """

    def __init__(
        self,
        base_url: str,
        *,
        other_side: str = "the bank",
        auth: httpx.Auth | None = None,
        timeout_seconds: float = 30.0,
        nothing_done: frozenset[int] = frozenset(),
        tls: Callable[[], ssl.SSLContext] = tls_context,
        https_only: bool = False,
        answer_bytes_max: int = ANSWER_BYTES_MAX,
    ) -> None:
        self.base_url = _checked(base_url, https_only)
        self.other_side = other_side
        self._it = other_side[:1].upper() + other_side[1:]
        self.nothing_done = nothing_done
        self._auth = auth
        self._timeout_seconds = timeout_seconds
        self._tls = tls
        self._answer_bytes_max = answer_bytes_max

    def send(
        self,
        path: str,
        content: bytes,
        media_type: str,
        *,
        method: str = "POST",
        headers: Mapping[str, str] | None = None,
        understood: frozenset[int] = frozenset(),
        within_seconds: float = WHOLE_CALL_SECONDS_MAX,
    ) -> Answer:
        """Change something on the other side, once. Statuses `understood` are returned, not raised.
        After `within_seconds` nothing of it is on its way any more.

        Raises Unavailable only when the other side surely did nothing, Refused on its definite
        no, InDoubt whenever it may have acted.
        """
        all_headers = {**(headers or {}), "Content-Type": media_type}
        try:
            answer = self._call(method, path, within_seconds, content=content, headers=all_headers)
        except _NOT_SENT as error:
            self._not_reached(error)
        except (httpx.HTTPError, httpx.StreamError, _TooMuchError) as error:
            if certificate_trouble(error):
                self._not_reached(error)
            raise InDoubt(
                "outcome_unknown",
                f"The connection to {self.other_side} failed after we had begun to send"
                f" ({_words(error)}).",
                "We do not know whether it has what we sent, and we will not send it again.",
                f"We ask {self.other_side}; until it answers, treat it as sent.",
            ) from error
        if 200 <= answer.status < 300 or answer.status in understood:
            return answer
        raise self._sending_failed(answer)

    def get(
        self,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        understood: frozenset[int] = frozenset(),
    ) -> Answer:
        """Read something. Raises Unavailable (try again) or Refused (a person must look)."""
        request = {"params": dict(query or {}), "headers": dict(headers or {})}
        return self._read("GET", path, understood, request)

    def ask(
        self,
        path: str,
        content: bytes,
        media_type: str,
        *,
        headers: Mapping[str, str] | None = None,
        understood: frozenset[int] = frozenset(),
    ) -> Answer:
        """A POST of which it does not matter whether it was heard, such as signing in; as `get`."""
        all_headers = {**(headers or {}), "Content-Type": media_type}
        return self._read("POST", path, understood, {"content": content, "headers": all_headers})

    def close(self) -> None:
        if "_client" in self.__dict__:
            self._client.close()

    @cached_property
    def _client(self) -> httpx.Client:
        # A fresh connection per call: one that went stale in a pool would make a doubt of
        # every payment that met it.
        inner = httpx.HTTPTransport(
            verify=self._tls(),
            trust_env=False,
            limits=httpx.Limits(max_keepalive_connections=0),
        )
        return httpx.Client(
            auth=self._auth,
            timeout=self._timeout_seconds,
            trust_env=False,
            follow_redirects=False,
            transport=JudgedTransport(inner),
        )

    def _read(
        self, method: str, path: str, understood: frozenset[int], request: dict[str, Any]
    ) -> Answer:
        try:
            answer = self._call(method, path, WHOLE_CALL_SECONDS_MAX, **request)
        except _NOT_SENT as error:
            self._not_reached(error)
        except (httpx.HTTPError, httpx.StreamError, _TooMuchError) as error:
            if certificate_trouble(error):
                self._not_reached(error)
            raise Unavailable(
                "read_failed",
                f"Reading from {self.other_side} failed ({_words(error)}).",
                can_do="Nothing to do: we try again.",
            ) from error
        if 200 <= answer.status < 300 or answer.status in understood:
            return answer
        raise self._reading_failed(answer)

    def _call(self, method: str, path: str, within_seconds: float, **request: Any) -> Answer:
        url = f"{self.base_url}/{path.lstrip('/')}" if path else self.base_url
        with (
            _deadline(min(10 * self._timeout_seconds, within_seconds)) as watched,
            self._client.stream(method, url, extensions=watched, **request) as response,
        ):
            body = bytearray()
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > self._answer_bytes_max:
                    raise _TooMuchError("the answer was too long")
            return Answer(
                status=response.status_code,
                headers=dict(response.headers),
                content=bytes(body),
            )

    def _not_reached(self, error: Exception) -> NoReturn:
        told = certificate_trouble(error)
        if told:
            trouble, is_ours = told
            raise ConnectionUnfit(
                "certificate_not_accepted",
                f"No connection to {self.other_side}: {trouble}.",
                "It read nothing of ours." if is_ours else "Nothing was sent.",
                "Store a certificate that the bank knows and that is valid today; we try again."
                if is_ours
                else "Ask the other side; check the address and the authority of the connection."
                " We try again.",
            ) from error
        raise Unavailable(
            "not_reached",
            f"{self._it} could not be reached ({_words(error)}).",
            "Nothing was sent.",
            "We try again; if it lasts, check the address of the connection.",
        ) from error

    def _sending_failed(self, answer: Answer) -> NostroError:
        status = answer.status
        if status in self.nothing_done:
            return self._busy(answer)
        if 400 <= status < 500 and status not in _ASK_FIRST:
            return Refused(
                "refused_by_other_side",
                f"{self._it} refused what we sent: {status} {_first_line(answer)}".rstrip(),
                "It did nothing, and we will not send it again.",
                "Correct the cause it names, or the connection's settings.",
            )
        return InDoubt(
            "outcome_unknown",
            f"{self._it} answered {status}, which does not say whether it acted.",
            "We do not know whether it has what we sent, and we will not send it again.",
            f"We ask {self.other_side}; until it answers, treat it as sent.",
        )

    def _reading_failed(self, answer: Answer) -> NostroError:
        status = answer.status
        if status >= 500 or status in self.nothing_done | _TRY_AGAIN_READING:
            return self._busy(answer)
        return Refused(
            "refused_by_other_side",
            f"{self._it} refused the question: {status} {_first_line(answer)}".rstrip(),
            can_do="Check the settings and credentials of the connection.",
        )

    def _busy(self, answer: Answer) -> Unavailable:
        failure = Unavailable(
            "busy",
            f"{self._it} is busy or closed (it answered {answer.status}).",
            "It did nothing.",
            "Nothing to do: we try again.",
        )
        failure.retry_after_seconds = retry_after_seconds(answer.headers)
        return failure


class _TooMuchError(Exception):
    """An answer longer or slower than we wait for."""


class _Watch:
    """The connection of one call, which can be hung up from outside."""

    def __init__(self) -> None:
        self.late = threading.Event()
        self._connection: socket.socket | None = None

    def trace(self, event: str, told: dict[str, Any]) -> None:
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self._connection = told["return_value"].get_extra_info("socket")
            if self.late.is_set():
                self.hang_up()

    def hang_up(self) -> None:
        self.late.set()
        if self._connection is not None:
            with contextlib.suppress(OSError):
                # Not SSLSocket's own, which would pull the TLS away from under the reader.
                socket.socket.shutdown(self._connection, socket.SHUT_RDWR)


@contextlib.contextmanager
def _deadline(seconds: float) -> Iterator[dict[str, Any]]:
    """Hangs up on a call that lasts too long, however lively it is: httpx bounds each silence, and
    a peer that sends a header letter by letter is never silent. Gives the request's extensions."""
    if seconds <= 0:
        raise httpx.ConnectTimeout("no time was left")
    watch = _Watch()
    timer = threading.Timer(seconds, watch.hang_up)
    timer.daemon = True
    timer.start()
    try:
        yield {"trace": watch.trace}
    except _NOT_SENT:
        raise
    except httpx.HTTPError as error:
        if watch.late.is_set():
            raise _TooMuchError("it took too long") from error
        raise
    finally:
        timer.cancel()
    if watch.late.is_set():  # An answer that ends with its connection looks whole when we hang up.
        raise _TooMuchError("it took too long")


def retry_after_seconds(headers: Mapping[str, str]) -> int | None:
    """RFC 9110 section 10.2.3: seconds, or a date, which is read against the answer's own Date."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return min(int(text[:12]), RETRY_AFTER_SECONDS_MAX)
    try:
        wait = parsedate_to_datetime(text) - parsedate_to_datetime(headers.get("date", ""))
    except (TypeError, ValueError, OverflowError):  # an unreadable date; naive minus aware
        return None
    return min(max(0, int(wait.total_seconds())), RETRY_AFTER_SECONDS_MAX)


def _checked(base_url: str, https_only: bool) -> str:
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in ("http", "https") or not url.host or url.userinfo or url.query:
        raise Invalid(
            "address_invalid",
            "The address of the connection is not a plain http or https address.",
            can_do="Write it like https://bank.example/api; credentials have their own fields.",
            field="base_url",
        )
    if https_only and url.scheme != "https" and not _is_this_machine(url.host):
        raise Invalid(
            "address_not_safe",
            "The address of the connection is plain http: anyone on the way could read and change"
            " what we send.",
            can_do="Write it with https; plain http goes to this machine only.",
            field="base_url",
        )
    return base_url.rstrip("/")


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _words(error: Exception) -> str:
    known: dict[type[Exception], str] = {
        httpx.ConnectTimeout: "no connection in time",
        httpx.ReadTimeout: "no answer in time",
        httpx.WriteTimeout: "it took our bytes too slowly",
    }
    return known.get(type(error)) or str(error) or type(error).__name__


def _first_line(answer: Answer) -> str:
    """The first words of an answer, for a sentence: printable and short."""
    text = answer.content[:2000].decode("utf-8", "replace").strip()
    line = " ".join(text.split())[:200]
    return "".join(letter for letter in line if letter.isprintable())
