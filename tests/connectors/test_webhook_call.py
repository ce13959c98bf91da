"""One call to somebody else's address: where it may go, how long it may last, what it carries."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

import httpcore
import pytest
from standardwebhooks import Webhook

from nostro.connectors.outgoing import is_public
from nostro.connectors.webhook_call import (
    ANSWER_BYTES_MAX,
    Message,
    WebhookCaller,
    signed_headers,
)
from nostro.domain.errors import Invalid

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER_SECRET = "whsec_c2VjcmV0LW9mLXllc3RlcmRheS0xMjM0NTY3ODk="
MESSAGE = Message(id="0193-1", sequence=7, body='{"type":"nostro.order.moved","é":1}'.encode())

# Networks that are not the open internet: RFC 6890, 1112, 1918, 3927, 4193, 4291, 6598 and clouds.
NOT_OPEN_4 = (
    "0.0.0.0", # noqa: S104
    "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200",
    "100.127.255.254", "127.0.0.1", "127.1.2.3", "127.255.255.254", "169.254.0.1",
    "169.254.169.254", "169.254.170.2", "172.16.0.1", "172.31.255.254", "192.0.0.1",
    "192.0.0.192", "192.0.2.1", "192.168.0.1", "192.168.255.254", "198.18.0.1",
    "198.19.255.254", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.250",
    "240.0.0.1", "255.255.255.255", "168.63.129.16", "192.88.99.1",
)  # fmt: skip
NOT_OPEN_6 = (
    "::", "::1", "fe80::1", "fe80::1%1", "febf::1", "fc00::1", "fd00::1", "fd00:ec2::254",
    "fec0::1", "ff02::1", "ff0e::1", "100::1", "2001:db8::1", "2001::1", "2001:2::1", "::127.0.0.1",
    "4000::1", "64:ff9b:1::1",
)  # fmt: skip
OPEN = ("93.184.216.34", "8.8.8.8", "2606:2800:220:1::1", "2a00:1450:4001::1")


def spellings(text: str) -> Iterator[str]:
    """One IPv4 address in the forms in which systems take it, and hidden inside IPv6."""
    whole = int(IPv4Address(text))
    a, b, c, d = whole >> 24, whole >> 16 & 255, whole >> 8 & 255, whole & 255
    yield text
    yield str(whole)
    yield f"0x{whole:x}"
    yield f"0{whole:o}"
    yield f"0{a:o}.0{b:o}.0{c:o}.0{d:o}"
    yield f"0x{a:x}.0x{b:x}.0x{c:x}.0x{d:x}"
    yield f"{a}.{b}.{whole & 0xFFFF}"
    yield f"{a}.{whole & 0xFFFFFF}"
    yield f"0{a:o}.0x{b:x}.{whole & 0xFFFF}"
    yield f"0{a:o}.{b}.{c}.0x{d:X}"
    yield f"[::ffff:{text}]"
    yield f"[::ffff:{whole >> 16:x}:{whole & 0xFFFF:x}]"
    yield f"[0:0:0:0:0:ffff:{text}]"
    yield f"[::{text}]"
    yield f"[64:ff9b::{text}]"
    yield f"[2002:{whole >> 16:x}:{whole & 0xFFFF:x}::1]"
    yield f"[2001:0:{whole >> 16:x}:{whole & 0xFFFF:x}::1]"


HOSTS = [
    *(host for address in NOT_OPEN_4 for host in spellings(address)),
    *(f"[{address}]" for address in NOT_OPEN_6),
]


def test_the_table_is_long_enough() -> None:
    assert len(set(HOSTS)) >= 400


@pytest.mark.parametrize("host", sorted(set(HOSTS)))
def test_an_address_in_numbers_is_refused_in_every_form(host: str) -> None:
    for port in ("", ":443", ":8443"):
        with pytest.raises(Invalid) as refused:
            WebhookCaller().check(f"https://{host}{port}/hook")
        assert (refused.value.code, refused.value.field) == ("webhook_address_not_usable", "url")
        assert refused.value.can_do


@pytest.mark.parametrize(
    "url",
    [
        "http://erp.example/hook", "ftp://erp.example/", "file:///etc/passwd", "gopher://x/", "//x",
        "erp.example/hook", "https://", "https:///path", "https://user@erp.example/",
        "https://user:pw@erp.example/", "https://erp.example/#part", "https://erp.example/ x",
        "https://erp.example/\n", "https://erp.example/\0", "https://[::1", "https://erp.example:x/",
        "https://erp.example/" + "a" * 2000, "javascript:alert(1)", "https://127.0.0.1:443@[::1]/",
    ],
)  # fmt: skip
def test_what_is_no_plain_https_address_is_refused(url: str) -> None:
    with pytest.raises(Invalid):
        WebhookCaller().check(url)


@pytest.mark.parametrize("address", OPEN)
def test_the_open_internet_is_allowed(address: str) -> None:
    assert is_public(ip_address(address))
    WebhookCaller().check(f"https://{f'[{address}]' if ':' in address else address}/hook")
    WebhookCaller().check("https://erp.example/hook?key=1")


@pytest.mark.parametrize("address", [*NOT_OPEN_4, *NOT_OPEN_6])
def test_everything_else_is_not(address: str) -> None:
    assert not is_public(ip_address(address))
    if ":" not in address:
        inside = IPv6Address(f"::ffff:{address}")
        assert not is_public(inside)


def test_this_machine_is_for_rehearsals_only_and_nothing_else_private_is() -> None:
    caller = WebhookCaller(this_machine=True)
    for url in (
        "http://127.0.0.1:8000/x",
        "http://localhost/x",
        "https://[::1]/",
        "https://erp.x/",
    ):
        caller.check(url)
    for url in ("http://erp.example/", "http://10.0.0.1/", "https://169.254.169.254/"):
        with pytest.raises(Invalid):
            caller.check(url)


# At connect time.


class Network(httpcore.NetworkBackend):
    """A network in which nobody is there; it remembers to whom a connection was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def connect_tcp(self, host: str, *_: Any, **__: Any) -> httpcore.NetworkStream:
        self.asked.append(host)
        raise httpcore.ConnectError("nobody is there")


class Resolver:
    """Looks names up as it is told, one list of answers a call, the last one again and again."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self._answers = list(answers)
        self.asked = 0

    def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked += 1
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


@pytest.mark.parametrize("address", [*NOT_OPEN_4, *NOT_OPEN_6])
def test_a_name_that_leads_inside_is_not_called(address: str) -> None:
    network = Network()
    caller = WebhookCaller(resolve=Resolver([address]), network=network)
    called = caller.call("https://erp.example/hook", MESSAGE, [SECRET], NOW)
    assert called.status is None
    assert "not an address of the open internet" in called.said
    assert network.asked == []


def test_one_address_inside_among_many_outside_is_enough() -> None:
    network = Network()
    resolver = Resolver(["93.184.216.34", "127.0.0.1"])
    caller = WebhookCaller(resolve=resolver, network=network)
    assert caller.call("https://erp.example/", MESSAGE, [SECRET], NOW).status is None
    assert network.asked == []


def test_every_address_of_a_name_is_tried_up_to_three() -> None:
    network = Network()
    resolver = Resolver(["2606:2800:220:1::1", "93.184.216.34", "8.8.8.8", "8.8.4.4"])
    caller = WebhookCaller(resolve=resolver, network=network)
    assert caller.call("https://erp.example/", MESSAGE, [SECRET], NOW).said == "nobody is there"
    assert network.asked == ["2606:2800:220:1::1", "93.184.216.34", "8.8.8.8"]


def test_a_name_that_changes_its_answer_is_connected_to_where_it_was_judged() -> None:
    """Rebinding: judged once, connected to that very address; the second answer is never used."""
    network = Network()
    resolver = Resolver(["93.184.216.34"], ["127.0.0.1"])
    caller = WebhookCaller(resolve=resolver, network=network)
    caller.call("https://erp.example/", MESSAGE, [SECRET], NOW)
    assert resolver.asked == 1
    assert network.asked == ["93.184.216.34"]
    second = caller.call("https://erp.example/", MESSAGE, [SECRET], NOW)
    assert "127.0.0.1" in second.said
    assert network.asked == ["93.184.216.34"]


def test_an_address_that_was_fine_when_registered_is_judged_again_at_each_call() -> None:
    caller = WebhookCaller(this_machine=False)
    assert caller.call("https://127.0.0.1/", MESSAGE, [SECRET], NOW).status is None
    assert "open internet" in caller.call("https://0x7f.1/", MESSAGE, [SECRET], NOW).said


# What a call carries, and how it ends.


@contextmanager
def server(answer: Callable[[socket.socket, bytes], None]) -> Iterator[tuple[str, list[bytes]]]:
    """A bare server on this machine: hands each request's bytes to `answer`."""
    requests: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    peer, _ = listening.accept()
                except OSError:
                    return
                with peer:
                    peer.settimeout(5)
                    whole = b""
                    while MESSAGE.body not in whole and (piece := peer.recv(65536)):
                        whole += piece
                    requests.append(whole)
                    try:
                        answer(peer, whole)
                    except OSError:
                        continue  # The caller hung up.

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/hook", requests
        finally:
            listening.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def says(text: bytes) -> Callable[[socket.socket, bytes], None]:
    return lambda peer, _: peer.sendall(text)


def calls(seconds_max: float = 5.0) -> WebhookCaller:
    return WebhookCaller(this_machine=True, seconds_max=seconds_max)


def test_a_call_carries_id_time_sequence_and_a_signature_that_holds() -> None:
    now = datetime.now(UTC)  # Whoever verifies takes what is at most five minutes old.
    with server(says(b"HTTP/1.1 204 No Content\r\n\r\n")) as (url, requests):
        called = calls().call(f"{url}?key=1", MESSAGE, [SECRET, OTHER_SECRET], now)
    assert (called.status, called.taken, called.said) == (204, True, "")
    head, _, body = requests[0].partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    assert first == "POST /hook?key=1 HTTP/1.1"
    assert headers["host"] == url.split("/")[2]
    assert headers["content-type"] == "application/cloudevents+json"
    assert (headers["webhook-id"], headers["nostro-sequence"]) == ("0193-1", "7")
    assert headers["webhook-timestamp"] == str(int(now.timestamp()))
    assert len(headers["webhook-signature"].split(" ")) == 2
    for secret in (SECRET, OTHER_SECRET):
        assert Webhook(secret).verify(body, headers)["type"] == "nostro.order.moved"


def test_only_the_time_and_the_signature_differ_from_try_to_try() -> None:
    first = signed_headers(MESSAGE, [SECRET], NOW)
    later = signed_headers(MESSAGE, [SECRET], datetime(2027, 1, 1, tzinfo=UTC))
    changed = {name for name in first if first[name] != later[name]}
    assert changed == {"webhook-timestamp", "webhook-signature"}


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    redirect = b"HTTP/1.1 307 Look there\r\nLocation: http://169.254.169.254/\r\n\r\n"
    with server(says(redirect)) as (url, requests):
        called = calls().call(url, MESSAGE, [SECRET], NOW)
    assert (called.status, called.taken, len(requests)) == (307, False, 1)


def test_of_a_refusal_a_few_words_are_kept() -> None:
    body = b"no\0\x1b[31m \r\n way" + b"x" * 1_000_000
    head = b"HTTP/1.1 500 No\r\nContent-Length: %d\r\n\r\n" % len(body)
    with server(says(head + body)) as (url, _):
        called = calls().call(url, MESSAGE, [SECRET], NOW)
    assert called.status == 500
    assert called.said.startswith("no[31m way")
    assert len(called.said) <= ANSWER_BYTES_MAX
    assert called.said.isprintable()


def test_a_yes_is_a_yes_whatever_follows() -> None:
    with server(says(b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n")) as (url, _):
        assert calls().call(url, MESSAGE, [SECRET], NOW).taken


@pytest.mark.parametrize(
    ("answer", "word"),
    [(b"", "disconnected"), (b"HTTP/1.1 2", "disconnected"), (b"SSH-2.0-x\r\n\r\n", "illegal")],
)
def test_what_is_no_answer(answer: bytes, word: str) -> None:
    with server(says(answer)) as (url, _):
        called = calls().call(url, MESSAGE, [SECRET], NOW)
    assert called.status is None
    assert called.others_would_fail_too
    assert word in called.said


def test_a_server_that_never_answers_and_one_that_never_ends_are_left_in_time() -> None:
    stop = threading.Event()

    def drips(peer: socket.socket, _: bytes) -> None:
        for letter in b"HTTP/1.1 200 OK\r\nX: " + b"a" * 10_000:
            peer.sendall(bytes([letter]))
            if stop.wait(0.02):
                return

    def is_silent(peer: socket.socket, _: bytes) -> None:
        stop.wait(20)

    for answer in (drips, is_silent):
        with server(answer) as (url, _):
            called = calls(seconds_max=0.4).call(url, MESSAGE, [SECRET], NOW)
            stop.set()
        stop.clear()
        assert (called.status, called.said) == (None, "no answer in time")


def test_a_name_without_address_and_a_port_without_server() -> None:
    def nobody(host: str, port: int) -> Sequence[str]:
        raise OSError("no such name")

    missing = WebhookCaller(resolve=nobody).call("https://erp.example/", MESSAGE, [SECRET], NOW)
    assert missing.said == "erp.example could not be looked up"
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert calls().call(f"http://127.0.0.1:{port}/", MESSAGE, [SECRET], NOW).status is None
