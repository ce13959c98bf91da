"""What an HTTP call achieved, judged against a real server on loopback: one test an outcome."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest

from nostro.connectors.classify import HttpChannel, retry_after_seconds
from nostro.domain.errors import InDoubt, Invalid, NostroError, Refused, Unavailable

Behave = Callable[[socket.socket], None]
MESSAGE = b"<Document/>" * 3


class Peer:
    """A server that does one thing to each caller and remembers what it was sent."""

    def __init__(self, behave: Behave) -> None:
        self._behave = behave
        self.callers = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                caller, _ = self._listener.accept()
            except OSError:  # closed: the test is over
                return
            self.callers += 1
            with caller:
                self._behave(caller)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)


@contextmanager
def peer(behave: Behave) -> Iterator[Peer]:
    server = Peer(behave)
    try:
        yield server
    finally:
        server.close()


def take(caller: socket.socket) -> bytes:
    """One whole request."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += caller.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [
        int(line.split(b":")[1])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    ]
    while lengths and len(body) < lengths[0]:
        body += caller.recv(65536)
    return head + b"\r\n\r\n" + body


def answer(status: str, *headers: str, body: bytes = b"") -> Behave:
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    raw = "\r\n".join(head).encode() + b"\r\n\r\n" + body

    def behave(caller: socket.socket) -> None:
        take(caller)
        caller.sendall(raw)

    return behave


def hang_up(caller: socket.socket) -> None:
    take(caller)


def reset(caller: socket.socket) -> None:
    take(caller)
    caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def say_nothing(caller: socket.socket) -> None:
    take(caller)
    caller.settimeout(5)
    caller.recv(1)  # until the caller gives up


def cut_short(caller: socket.socket) -> None:
    take(caller)
    caller.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 100\r\n\r\n{")


def babble(caller: socket.socket) -> None:
    take(caller)
    caller.sendall(b"this is no HTTP\r\n\r\n")


def channel(url: str, nothing_done: frozenset[int] = frozenset()) -> HttpChannel:
    return HttpChannel(url, timeout_seconds=0.5, nothing_done=nothing_done)


def outcome(behave: Behave, reading: bool, nothing_done: frozenset[int] = frozenset()) -> str:
    with peer(behave) as server:
        opened = channel(server.url, nothing_done)
        try:
            if reading:
                opened.get("/messages")
            else:
                opened.send("/payments", MESSAGE, "application/xml")
        except NostroError as error:
            return type(error).__name__ if error.can_do else f"{error.code} says nothing to do"
        finally:
            opened.close()
        assert server.callers == 1, "sent twice"
        return "done"


OUTCOMES = [
    ("202", answer("202 Accepted"), "done", "done"),
    ("cut", hang_up, "InDoubt", "Unavailable"),
    ("reset", reset, "InDoubt", "Unavailable"),
    ("silence", say_nothing, "InDoubt", "Unavailable"),
    ("yes cut short", cut_short, "InDoubt", "Unavailable"),
    ("babble", babble, "InDoubt", "Unavailable"),
    ("302", answer("302 Found", "Location: /elsewhere"), "InDoubt", "Refused"),
    ("400", answer("400 Bad Request", body=b"no such field"), "Refused", "Refused"),
    ("401", answer("401 Unauthorized"), "Refused", "Refused"),
    ("404", answer("404 Not Found"), "Refused", "Refused"),
    ("408", answer("408 Request Timeout"), "InDoubt", "Unavailable"),
    ("409", answer("409 Conflict"), "InDoubt", "Refused"),
    ("422", answer("422 Unprocessable Content"), "Refused", "Refused"),
    ("429", answer("429 Too Many Requests"), "InDoubt", "Unavailable"),
    ("500", answer("500 Internal Server Error"), "InDoubt", "Unavailable"),
    ("502", answer("502 Bad Gateway"), "InDoubt", "Unavailable"),
    ("503", answer("503 Service Unavailable"), "InDoubt", "Unavailable"),
    ("504", answer("504 Gateway Timeout"), "InDoubt", "Unavailable"),
]


@pytest.mark.parametrize(
    ("behave", "sending", "reading"),
    [row[1:] for row in OUTCOMES],
    ids=[row[0] for row in OUTCOMES],
)
def test_each_outcome_has_one_meaning(behave: Behave, sending: str, reading: str) -> None:
    assert outcome(behave, reading=False) == sending
    assert outcome(behave, reading=True) == reading


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
def test_busy_is_no_doubt_where_the_profile_says_nothing_was_done(status: str) -> None:
    with (
        peer(answer(status, "Retry-After: 17")) as server,
        pytest.raises(Unavailable) as caught,
    ):
        channel(server.url, frozenset({429, 503})).send("/", MESSAGE, "application/xml")
    assert caught.value.retry_after_seconds == 17


def test_nobody_there_is_surely_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(Unavailable):
        channel(url).send("/payments", MESSAGE, "application/xml")
    with pytest.raises(Unavailable):
        channel(url).get("/messages")


def test_an_unknown_host_is_surely_not_sent() -> None:
    with pytest.raises(Unavailable):
        channel("http://bank.invalid").send("/payments", MESSAGE, "application/xml")


def test_when_its_time_is_up_nothing_is_sent_any_more() -> None:
    with peer(answer("202 Accepted")) as server:
        with pytest.raises(Unavailable):
            channel(server.url).send("/payments", MESSAGE, "text/xml", within_seconds=0)
        assert server.callers == 0


def test_a_call_ends_when_its_time_is_up() -> None:
    """Long before the peer's silence would be too long."""
    with peer(say_nothing) as server:
        opened = HttpChannel(server.url, timeout_seconds=60)
        with pytest.raises(InDoubt) as caught:
            opened.send("/payments", MESSAGE, "text/xml", within_seconds=0.1)
    assert "too long" in caught.value.happened


def test_a_peer_that_stops_taking_our_bytes_is_a_doubt() -> None:
    stopped = threading.Event()

    def take_a_little(caller: socket.socket) -> None:
        caller.recv(1000)
        stopped.wait(5)

    with peer(take_a_little) as server, pytest.raises(InDoubt):
        channel(server.url).send("/payments", b"x" * 32_000_000, "application/xml")
    stopped.set()


def test_a_status_that_the_connector_understands_is_its_own_to_judge() -> None:
    with peer(answer("422 No", body=b'{"reason": "DUPL"}')) as server:
        got = channel(server.url).send("/", MESSAGE, "text/xml", understood=frozenset({422}))
    assert got.status == 422
    assert got.json() == {"reason": "DUPL"}


@pytest.mark.parametrize("body", [b"<html>", b"", b"\xff", b"[" * 100_000])
def test_a_yes_that_cannot_be_read_is_a_doubt(body: bytes) -> None:
    with peer(answer("200 OK", body=body)) as server:
        got = channel(server.url).send("/", MESSAGE, "text/xml")
    with pytest.raises(InDoubt):
        got.json()


def test_what_is_sent_arrives_unchanged_with_its_credentials() -> None:
    seen: list[bytes] = []

    def keep(caller: socket.socket) -> None:
        seen.append(take(caller))
        caller.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    with peer(keep) as server:
        opened = HttpChannel(server.url + "/api/", auth=httpx.BasicAuth("we", "secret"))
        opened.send("payments", MESSAGE, "application/xml", headers={"Idempotency-Key": "M1"})
    assert seen[0].startswith(b"POST /api/payments HTTP/1.1\r\n")
    assert seen[0].endswith(b"\r\n\r\n" + MESSAGE)
    assert b"Authorization: Basic d2U6c2VjcmV0" in seen[0]
    assert b"Idempotency-Key: M1" in seen[0]


@pytest.mark.parametrize(
    "url",
    ["", "ftp://bank.example", "bank.example", "http://", "https://we:secret@bank.example"],
)
def test_an_address_that_is_none_is_refused_when_opened(url: str) -> None:
    with pytest.raises(Invalid) as caught:
        HttpChannel(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "0"}, 0),
        ({"retry-after": "120"}, 120),
        ({"retry-after": "9" * 5000}, 86_400),
        (
            {
                "date": "Fri, 20 Nov 2026 08:00:00 GMT",
                "retry-after": "Fri, 27 Nov 2026 08:00:00 GMT",
            },
            86_400,
        ),
        (
            {
                "date": "Fri, 20 Nov 2026 08:00:00 GMT",
                "retry-after": "Fri, 20 Nov 2026 08:02:00 GMT",
            },
            120,
        ),
        ({"retry-after": "Fri, 20 Nov 2026 08:02:00 GMT"}, None),
        ({"retry-after": "soon", "date": "Fri, 20 Nov 2026 08:00:00 GMT"}, None),
        ({"retry-after": "-5"}, None),
        ({}, None),
    ],
)
def test_the_delay_asked_for(headers: dict[str, str], seconds: int | None) -> None:
    assert retry_after_seconds(headers) == seconds


def test_plain_http_is_for_this_machine_alone_where_that_is_asked_for() -> None:
    for url in (
        "http://127.0.0.1:1",
        "http://[::1]:1",
        "http://localhost:1",
        "https://bank.example",
    ):
        HttpChannel(url, https_only=True)
    for url in ("http://bank.example", "http://10.0.0.1", "http://localhost.bank.example"):
        with pytest.raises(Invalid) as caught:
            HttpChannel(url, https_only=True)
        assert caught.value.code == "address_not_safe"


def test_refused_says_what_the_other_side_said() -> None:
    no = answer("400 Bad Request", body=b"no such\n debtor \x07account")
    with peer(no) as server, pytest.raises(Refused) as caught:
        channel(server.url).send("/", MESSAGE, "text/xml")
    assert "no such debtor account" in caught.value.happened
