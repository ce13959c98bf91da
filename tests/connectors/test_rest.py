"""Our REST connector against an emulated bank: what was promised, said, cut, refused and pushed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nostro.connectors import capabilities, open_connection
from nostro.connectors.classify import HttpChannel
from nostro.connectors.oauth import ClientCredentials
from nostro.domain.errors import (
    ConnectionUnfit,
    InDoubt,
    Invalid,
    NostroError,
    Refused,
    Unavailable,
)
from nostro.ports import Outgoing
from tests.connectors.rest_bank import CuttingWire, EmulatedBank, Scripted, emulated_bank, message
from tests.connectors.test_classify import peer

FILE = b"<Document>\xc3\xa9</Document>"
CALLBACK_KEY = b"k" * 24
SECRETS = {
    "client_secret": "s3cr:t & more",
    "callback_secret": f"whsec_{base64.b64encode(CALLBACK_KEY).decode()}",
}
SIGNED_IN = {"client_id": "us", "scope": "payments"}
PROMISING = {
    "repeatable_hours": 24,
    "nothing_done_statuses": [429, 503],
    "unknown_means_never": True,
    "silence_means_accepted_hours": 48,
    "callbacks": True,
}


@pytest.fixture
def bank() -> Iterator[EmulatedBank]:
    with emulated_bank() as emulated:
        yield emulated


def connected(url: str, **config: Any) -> Any:
    settings = {"base_url": url, "timeout_seconds": 10, **config}
    return open_connection("rest_bank", settings, SECRETS)


def outgoing(message_id: str = "MSG-1", content: bytes = FILE) -> Outgoing:
    return Outgoing(
        message_id=message_id,
        file_name=f"{message_id}.xml",
        media_type="application/xml",
        content=content,
    )


def outcome(opened: Any, one: Outgoing) -> str:
    try:
        opened.send(one)
    except NostroError as error:
        return type(error).__name__ if error.can_do else f"{error.code} says nothing to do"
    return "done"


# --- one file, once -------------------------------------------------------------------------------


def test_a_file_goes_out_under_its_message_id_with_our_pass(bank: EmulatedBank) -> None:
    bank.asks_for_pass = True
    receipt = connected(bank.url, **SIGNED_IN).send(outgoing())
    assert receipt.reference == "REF-MSG-1"
    assert bank.files == {"MSG-1": FILE}
    (call,) = bank.made("POST /files")
    assert call.headers["idempotency-key"] == "MSG-1"
    assert call.headers["content-type"] == "application/xml"
    assert call.headers["authorization"] == "Bearer pass-1"


def test_the_same_file_again_counts_once_and_other_bytes_are_a_doubt(bank: EmulatedBank) -> None:
    opened = connected(bank.url)
    assert opened.send(outgoing()) == opened.send(outgoing())
    with pytest.raises(InDoubt) as caught:
        opened.send(outgoing(content=b"<Other/>"))
    assert caught.value.code == "bank_has_message_id"
    assert "Key in use" in caught.value.happened
    assert bank.files == {"MSG-1": FILE}


def test_a_refusal_says_what_the_bank_said(bank: EmulatedBank) -> None:
    bank.script("POST /files", Scripted(422, b'{"code": "AC04", "text": "Account\\n closed"}'))
    with pytest.raises(Refused) as caught:
        connected(bank.url).send(outgoing())
    assert "AC04 Account closed" in caught.value.happened


@pytest.mark.parametrize("code", ["AM05", "DUPL", "DU03"])
def test_a_refusal_as_duplicate_is_a_doubt(bank: EmulatedBank, code: str) -> None:
    bank.script("POST /files", Scripted(422, json.dumps({"code": code}).encode()))
    assert outcome(connected(bank.url), outgoing()) == "InDoubt"


@pytest.mark.parametrize("message_id", ["", "MSG 1", "MSG-é", "MSG\r\nX-Evil: 1"])
def test_a_message_id_that_no_header_carries_is_invalid(
    bank: EmulatedBank, message_id: str
) -> None:
    with pytest.raises(Invalid):
        connected(bank.url).send(outgoing(message_id))
    assert not bank.calls


OTHERS = (300, 400, 403, 404, 405, 410, 413, 415, 418, 451, 499)
STATUSES = [
    *[(status, "InDoubt", "Refused") for status in (301, 302, 303, 307, 308)],
    *[(status, "Refused", "Refused") for status in OTHERS if status != 300],
    (300, "InDoubt", "Refused"),
    (401, "ConnectionUnfit", "ConnectionUnfit"),
    (408, "InDoubt", "Unavailable"),
    (409, "InDoubt", "Refused"),
    (422, "Refused", "Refused"),
    (425, "Refused", "Unavailable"),
    (429, "InDoubt", "Unavailable"),
    *[(status, "InDoubt", "Unavailable") for status in (500, 501, 502, 503, 504, 507, 520, 599)],
]


@pytest.mark.parametrize(("status", "sending", "reading"), STATUSES)
def test_each_status_has_one_meaning(
    bank: EmulatedBank, status: int, sending: str, reading: str
) -> None:
    elsewhere = {"Location": f"{bank.url}/elsewhere"}
    bank.script("POST /files", Scripted(status, b"<html>", elsewhere))
    bank.script("GET /messages", Scripted(status, b"<html>", elsewhere))
    opened = connected(bank.url)
    assert outcome(opened, outgoing()) == sending
    with pytest.raises(NostroError) as caught:
        list(opened.collect(""))
    assert type(caught.value).__name__ == reading
    assert not bank.made("GET /elsewhere"), "a redirect was followed"
    assert not bank.made("POST /elsewhere"), "a redirect was followed"
    assert len(bank.made("POST /files")) == 1


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "17"}, 17),
        ({"Retry-After": "9" * 5000}, 86_400),
        ({"Retry-After": "soon"}, None),
        ({}, None),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_busy_is_no_doubt_where_the_bank_promises_that_nothing_was_done(
    bank: EmulatedBank, status: int, headers: dict[str, str], seconds: int | None
) -> None:
    bank.script("POST /files", Scripted(status, b"", headers))
    with pytest.raises(Unavailable) as caught:
        connected(bank.url, nothing_done_statuses=[429, 503]).send(outgoing())
    assert caught.value.retry_after_seconds == seconds


def test_the_delay_may_be_a_date(bank: EmulatedBank) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    bank.script(
        "POST /files",
        Scripted(429, b"", {"Retry-After": later.strftime("%a, %d %b %Y %H:%M:%S GMT")}),
    )
    with pytest.raises(Unavailable) as caught:
        connected(bank.url, nothing_done_statuses=[429]).send(outgoing())
    assert caught.value.retry_after_seconds is not None
    assert 3500 < caught.value.retry_after_seconds <= 3600


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>Welcome</html>", b"{}", b'{"reference": ""}', b'{"reference": 7}', b"\xff"],
)
@pytest.mark.parametrize("status", [200, 202, 204])
def test_a_yes_without_the_banks_reference_is_a_doubt(
    bank: EmulatedBank, status: int, body: bytes
) -> None:
    bank.script("POST /files", Scripted(status, b"" if status == 204 else body))
    assert outcome(connected(bank.url), outgoing()) == "InDoubt"


def test_an_answer_without_end_is_a_doubt(bank: EmulatedBank) -> None:
    bank.script("POST /files", Scripted(202, b" " * (1024 * 1024 + 1), acts=True))
    assert outcome(connected(bank.url, answer_mebibytes_max=1), outgoing()) == "InDoubt"


def test_a_lost_answer_is_a_doubt_that_the_enquiry_ends(bank: EmulatedBank) -> None:
    bank.script("POST /files", Scripted(500, acts=True))
    opened = connected(bank.url)
    assert outcome(opened, outgoing()) == "InDoubt"
    assert opened.knows("MSG-1") is True


# --- wires ----------------------------------------------------------------------------------------


@pytest.fixture
def wire(bank: EmulatedBank) -> Iterator[CuttingWire]:
    wire = CuttingWire(bank.port)
    yield wire
    wire.close()


def test_a_request_cut_at_any_byte_is_a_doubt_and_nothing_is_kept(
    bank: EmulatedBank, wire: CuttingWire
) -> None:
    opened = connected(wire.url)
    assert outcome(opened, outgoing("WHOLE")) == "done"
    for size in range(wire.request_bytes):
        wire.request_bytes_max = size
        assert outcome(opened, outgoing("BROKE")) == "InDoubt", size
    wire.request_bytes_max = None
    assert outcome(opened, outgoing("AFTER")) == "done"
    bank.wait_until_idle()
    assert set(bank.files) == {"WHOLE", "AFTER"}


def test_an_answer_cut_at_any_byte_is_a_doubt(bank: EmulatedBank, wire: CuttingWire) -> None:
    opened = connected(wire.url)
    assert outcome(opened, outgoing("WHOLE")) == "done"
    whole = wire.answer_bytes
    for size in range(whole):
        wire.answer_bytes_max = size
        assert outcome(opened, outgoing("BROKE")) == "InDoubt", size
    wire.answer_bytes_max = whole
    assert outcome(opened, outgoing("BROKE")) == "done"
    assert bank.files == {"WHOLE": FILE, "BROKE": FILE}


def test_a_sign_in_cut_at_any_byte_is_no_doubt(bank: EmulatedBank, wire: CuttingWire) -> None:
    bank.asks_for_pass = True
    signing_in = {**SIGNED_IN, "sign_in_url": f"{wire.url}/oauth/token"}
    assert outcome(connected(bank.url, **signing_in), outgoing("WHOLE")) == "done"
    asked, answered = wire.request_bytes, wire.answer_bytes
    opened = connected(bank.url, **signing_in)
    for size in range(asked):
        wire.request_bytes_max = size
        assert outcome(opened, outgoing("BROKE")) == "Unavailable", size
    wire.request_bytes_max = None
    for size in range(answered):
        wire.answer_bytes_max = size
        assert outcome(opened, outgoing("BROKE")) == "Unavailable", size
    wire.answer_bytes_max = None
    assert outcome(opened, outgoing("AFTER")) == "done"
    assert set(bank.files) == {"WHOLE", "AFTER"}


def answering(raw: bytes) -> Callable[[socket.socket], None]:
    """A peer that takes a request and answers letter by letter, never silent for long."""

    def behave(caller: socket.socket) -> None:
        caller.recv(65536)
        between = threading.Event()
        for letter in raw:
            try:
                caller.sendall(bytes([letter]))
            except OSError:  # the caller has hung up
                return
            between.wait(0.02)

    return behave


YES = b"HTTP/1.1 202 Accepted\r\nContent-Length: 19\r\n"
SLOW = {
    "letters of a head": YES + b"X: " + b"x" * 100 + b"\r\n\r\n" + b'{"reference": "R1"}',
    "letters of a body": YES + b"\r\n" + b'{"reference": "R1"}',
    "letters until the end": b"HTTP/1.0 202 Accepted\r\n\r\n" + b'{"reference": "R1"}' + b" " * 99,
}


@pytest.mark.parametrize("raw", SLOW.values(), ids=SLOW)
def test_an_answer_that_never_gets_done_is_a_doubt_and_no_sign_in(raw: bytes) -> None:
    """Each letter comes in time; the whole does not."""
    with peer(answering(raw)) as slow:
        assert outcome(connected(slow.url, timeout_seconds=0.06), outgoing()) == "InDoubt"
        signing_in = connected(slow.url, timeout_seconds=0.06, **SIGNED_IN)
        assert outcome(signing_in, outgoing()) == "Unavailable"


def test_a_half_open_connection_is_a_doubt_and_no_sign_in() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        assert outcome(connected(url, timeout_seconds=0.1), outgoing()) == "InDoubt"
        opened = connected(url, timeout_seconds=0.1, **SIGNED_IN)
        assert outcome(opened, outgoing()) == "Unavailable"
        with pytest.raises(Unavailable):
            opened.knows("MSG-1")


# --- signing in -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "form", "basic"),
    [
        ("basic", "grant_type=client_credentials&scope=payments", True),
        (
            "post",
            "grant_type=client_credentials&scope=payments&client_id=us"
            "&client_secret=s3cr%3At+%26+more",
            False,
        ),
    ],
)
def test_how_the_bank_knows_us(bank: EmulatedBank, how: str, form: str, basic: bool) -> None:
    bank.asks_for_pass = True
    connected(bank.url, **SIGNED_IN, client_authentication=how).send(outgoing())
    (call,) = bank.made("POST /oauth/token")
    assert call.body.decode() == form
    assert call.headers["content-type"] == "application/x-www-form-urlencoded"
    # RFC 6749 section 2.3.1: both are form-encoded before they are put together.
    pair = base64.b64encode(b"us:s3cr%3At%20%26%20more").decode()
    assert call.headers.get("authorization") == (f"Basic {pair}" if basic else None)


def test_one_pass_serves_until_the_bank_does_not_take_it(bank: EmulatedBank) -> None:
    bank.asks_for_pass = True
    opened = connected(bank.url, **SIGNED_IN)
    opened.send(outgoing("A"))
    assert opened.knows("A") is True
    assert len(bank.made("POST /oauth/token")) == 1
    bank.revoke()
    opened.send(outgoing("B"))
    assert len(bank.made("POST /oauth/token")) == 2
    assert set(bank.files) == {"A", "B"}


def test_a_bank_that_takes_no_pass_is_tried_once_more_and_then_not_fit(
    bank: EmulatedBank,
) -> None:
    bank.script("POST /files", *[Scripted(401)] * 3)
    with pytest.raises(ConnectionUnfit) as caught:
        connected(bank.url, **SIGNED_IN).send(outgoing())
    assert caught.value.code == "access_refused"
    assert len(bank.made("POST /files")) == 2
    assert len(bank.made("POST /oauth/token")) == 2


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Scripted(400, b'{"error": "invalid_scope"}'), ConnectionUnfit),
        (
            Scripted(401, b'{"error": "invalid_client", "error_description": "s3cr:t & more"}'),
            ConnectionUnfit,
        ),
        (Scripted(400, b"[" * 100_000), ConnectionUnfit),
        (Scripted(403), ConnectionUnfit),
        (Scripted(404), ConnectionUnfit),
        (Scripted(302, b"", {"Location": "/files"}), ConnectionUnfit),
        (Scripted(409), ConnectionUnfit),
        (Scripted(429, b"", {"Retry-After": "5"}), Unavailable),
        (Scripted(500), Unavailable),
        (Scripted(503), Unavailable),
        (Scripted(200, b"<html>"), Unavailable),
        (Scripted(200, b"{}"), Unavailable),
        (Scripted(200, b'{"access_token": "", "token_type": "Bearer"}'), Unavailable),
        (Scripted(200, b'{"access_token": "x\\r\\ny", "token_type": "Bearer"}'), Unavailable),
        (Scripted(200, b'{"access_token": "abc", "token_type": "mac"}'), Unavailable),
        (Scripted(200, b"[" * 100_000), Unavailable),
    ],
    ids=lambda value: f"{value.status}" if isinstance(value, Scripted) else value.__name__,
)
def test_a_failed_sign_in_sends_nothing(
    bank: EmulatedBank, answer: Scripted, kind: type[NostroError]
) -> None:
    bank.script("POST /oauth/token", answer)
    with pytest.raises(kind) as caught:
        connected(bank.url, **SIGNED_IN).send(outgoing())
    assert "s3cr" not in str(caught.value)
    assert caught.value.can_do
    assert not bank.made("POST /files")


@pytest.mark.parametrize(
    ("life", "good_for"),
    [(300, 270), ("300", 270), (20, 10), (0, 0), (-5, 0), (None, 30)],
)
def test_a_pass_is_renewed_before_its_time_is_up(
    bank: EmulatedBank, life: object, good_for: int
) -> None:
    bank.sign_in_answer["expires_in"] = life
    now = 1000.0
    source = ClientCredentials(
        HttpChannel(f"{bank.url}/oauth/token"), "us", "secret", monotonic=lambda: now
    )
    assert source.authorization() == "Bearer pass-1"
    if good_for:
        now += good_for - 0.001
        assert source.authorization() == "Bearer pass-1"
        now += 0.001
    assert source.authorization() == "Bearer pass-2"


# --- questions ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "sure", "known"),
    [
        (Scripted(404, b'{"code": "unknown_file"}'), True, False),
        (Scripted(404, b'{"code": "unknown_file"}'), False, None),
        (Scripted(404, b"<html>no such page"), True, None),
        (Scripted(404, b'{"code": "no_route"}'), True, None),
        (Scripted(200, b'{"message_id": "MSG-1", "reference": "R"}'), True, True),
        (Scripted(200, b'{"message_id": "OTHER", "reference": "R"}'), True, None),
    ],
)
def test_what_the_bank_knows(
    bank: EmulatedBank, answer: Scripted, sure: bool, known: bool | None
) -> None:
    bank.script("GET /files/MSG-1", answer)
    assert connected(bank.url, unknown_means_never=sure).knows("MSG-1") is known


def test_an_enquiry_answered_in_another_language_is_refused(bank: EmulatedBank) -> None:
    bank.script("GET /files/MSG-1", Scripted(200, b"<html>"))
    with pytest.raises(Refused):
        connected(bank.url, unknown_means_never=True).knows("MSG-1")


def test_a_message_id_stays_one_part_of_the_address(bank: EmulatedBank) -> None:
    connected(bank.url).send(outgoing("../a?b#c/d"))
    assert connected(bank.url).knows("../a?b#c/d") is True


def test_the_status_is_kept_as_the_bank_wrote_it(bank: EmulatedBank) -> None:
    opened = connected(bank.url)
    assert opened.status("MSG-1") is None, "unknown is for the enquiry to say"
    opened.send(outgoing())
    assert opened.status("MSG-1") is None, "nothing yet"
    bank.reports["MSG-1"] = b"<Document>pain.002</Document>"
    incoming = opened.status("MSG-1")
    assert incoming.content == bank.reports["MSG-1"]
    assert incoming.media_type == "application/xml"
    assert incoming.received_at.tzinfo is not None


def test_a_recall_goes_out_like_a_file(bank: EmulatedBank) -> None:
    opened = connected(bank.url)
    assert opened.recall_format() == "camt_055"
    assert opened.recall(outgoing("RECALL-1", b"<camt.055/>")).reference == "REF-RECALL-1"
    assert bank.recalls == {"RECALL-1": b"<camt.055/>"}
    bank.script("POST /recalls", Scripted(503, acts=True))
    with pytest.raises(InDoubt):
        opened.recall(outgoing("RECALL-2", b"<camt.055/>"))


# --- the mailbox ----------------------------------------------------------------------------------


def test_messages_are_read_page_by_page_and_again_from_a_kept_place(bank: EmulatedBank) -> None:
    bank.messages = [b"<one/>", b"<two/>", b"<three/>", b"<four/>", b"<five/>"]
    opened = connected(bank.url, page_size=2)
    read = list(opened.collect(""))
    assert [incoming.content for incoming, _ in read] == bank.messages
    assert [cursor for _, cursor in read] == ["", "2", "2", "4", "5"]
    assert read[0][0].name == "statement-1.xml"
    assert read[0][0].received_at == datetime(2026, 11, 20, 8, tzinfo=UTC)
    again = [incoming.content for incoming, _ in opened.collect("2")]
    assert again == bank.messages[2:]
    assert list(opened.collect("5")) == []
    assert len(bank.made("GET /messages")) == 3 + 2 + 1


def test_a_page_is_asked_for_when_it_is_wanted(bank: EmulatedBank) -> None:
    bank.messages = [b"<one/>", b"<two/>", b"<three/>"]
    reading = connected(bank.url, page_size=1).collect("")
    assert not bank.calls
    next(reading)
    assert len(bank.calls) == 1


def page(*numbers: int, cursor: str | None, more: bool = True) -> Scripted:
    told = {"messages": [message(str(n), b"<x/>") for n in numbers], "next": cursor, "more": more}
    return Scripted(200, json.dumps(told).encode())


CIRCLES = {
    "the place does not move": [page(1, cursor="")],
    "no next place": [page(1, cursor=None)],
    "the last page does not move on": [page(1, cursor="a"), page(2, cursor="a", more=False)],
    "empty and it stays": [page(cursor="")],
    "back to the beginning": [page(1, cursor="a"), page(2, cursor="b"), page(3, cursor="a")],
    "the same page at a new place": [page(1, 2, cursor="a"), page(1, 2, cursor="b")],
}


@pytest.mark.parametrize("pages", CIRCLES.values(), ids=CIRCLES)
def test_a_mailbox_that_goes_in_circles_is_refused(
    bank: EmulatedBank, pages: list[Scripted]
) -> None:
    bank.script("GET /messages", *pages)
    with pytest.raises(Refused) as caught:
        list(connected(bank.url).collect(""))
    assert caught.value.code == "mailbox_goes_in_circles"
    assert len(bank.calls) == len(pages)


def test_a_mailbox_without_end_is_read_in_turns(bank: EmulatedBank) -> None:
    bank.script("GET /messages", *(page(n, cursor=str(n)) for n in range(1, 9)))
    read = list(connected(bank.url, page_size=2500).collect(""))
    assert [cursor for _, cursor in read] == ["1", "2", "3", "4"]


def test_empty_pages_without_end_are_refused(bank: EmulatedBank) -> None:
    bank.script("GET /messages", *(page(cursor=str(n)) for n in range(1, 9)))
    with pytest.raises(Refused):
        list(connected(bank.url, page_size=2500).collect(""))
    assert len(bank.calls) == 4


def page_with(**changed: object) -> bytes:
    told = {"messages": [message("1", b"") | changed], "next": "1", "more": False}
    return json.dumps(told).encode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"messages": [{"id": "1"}], "next": "1", "more": false}',
        page_with(content="no base64!"),
        page_with(released_at="2026-11-20T08:00:00"),
        page_with(id=None),
    ],
)
def test_a_page_that_is_none_is_refused(bank: EmulatedBank, body: bytes) -> None:
    bank.script("GET /messages", Scripted(200, body))
    with pytest.raises(Refused) as caught:
        list(connected(bank.url).collect(""))
    assert caught.value.code == "answer_unreadable"


def test_a_page_larger_than_agreed_is_not_read(bank: EmulatedBank) -> None:
    bank.script("GET /messages", Scripted(200, b" " * (1024 * 1024 + 1)))
    with pytest.raises(Unavailable):
        list(connected(bank.url, answer_mebibytes_max=1).collect(""))


# --- callbacks ------------------------------------------------------------------------------------


def called(
    body: bytes = FILE, *, key: bytes = CALLBACK_KEY, seconds: int = 0, **changed: str
) -> dict[str, str]:
    """Headers of Standard Webhooks 1.0, signed here by hand."""
    stamp = str(int(time.time()) + seconds)
    signed = b"call-1." + stamp.encode() + b"." + body
    signature = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    headers = {
        "webhook-id": "call-1",
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{signature}",
        "content-type": "application/xml",
    }
    return headers | {name.replace("_", "-"): value for name, value in changed.items()}


def test_a_callback_of_the_bank_is_a_message() -> None:
    opened = connected("https://bank.example", callbacks=True)
    headers = called()
    incoming = opened.receive(headers, FILE)
    assert incoming.content == FILE
    assert incoming.name == "callback-call-1"
    assert incoming.received_at.timestamp() == int(headers["webhook-timestamp"])
    rotated = headers["webhook-signature"]
    assert opened.receive({**headers, "webhook-signature": f"v1,AAAA {rotated}"}, FILE) == incoming


NOT_THE_BANKS: dict[str, Callable[[], tuple[dict[str, str], bytes]]] = {
    "other bytes": lambda: (called(), FILE + b" "),
    "other key": lambda: (called(key=b"x" * 24), FILE),
    "other id": lambda: (called(webhook_id="call-2"), FILE),
    "other time": lambda: (called(webhook_timestamp=str(int(time.time()) - 1)), FILE),
    "not a time": lambda: (called(webhook_timestamp="nan"), FILE),
    "no signature": lambda: (called(webhook_signature=""), FILE),
    "broken signature": lambda: (called(webhook_signature="v1"), FILE),
    "no base64": lambda: (called(webhook_signature="v1,?"), FILE),
    "another version": lambda: (called(webhook_signature="v1a,AAAA"), FILE),
    "no headers": lambda: ({}, FILE),
    "too old": lambda: (called(seconds=-301), FILE),
    "from the future": lambda: (called(seconds=400), FILE),
    "no text": lambda: (called(b"\xff"), b"\xff"),
}


@pytest.mark.parametrize("call", NOT_THE_BANKS.values(), ids=NOT_THE_BANKS)
def test_a_call_that_is_not_surely_the_banks_is_refused(
    call: Callable[[], tuple[dict[str, str], bytes]],
) -> None:
    with pytest.raises(Refused) as caught:
        connected("https://bank.example", callbacks=True).receive(*call())
    assert caught.value.code == "callback_not_signed"


# --- what a configuration offers ------------------------------------------------------------------

BARE = {"file_path": "", "status_path": "", "messages_path": "", "recalls_path": ""}


def test_only_what_the_bank_has_and_promises_is_offered() -> None:
    url = "https://bank.example"
    assert capabilities(connected(url, **BARE)) == ("SendsPayments",)
    usual = ("SendsPayments", "DeliversMessages", "AnswersEnquiries", "ReportsStatus")
    assert capabilities(connected(url)) == (*usual, "RecallsPayments")
    promised = ("RepeatsSafely", "AcceptsBySilence", "TakesCallbacks")
    full = connected(url, **PROMISING)
    assert capabilities(full) == (*usual, "RecallsPayments", *promised)
    assert full.repeatable_for() == timedelta(hours=24)
    assert full.silent_after() == timedelta(hours=48)


@pytest.mark.parametrize(
    ("setting", "offered"),
    [
        ({"file_path": "/f/{message_id}"}, "AnswersEnquiries"),
        ({"status_path": "/f/{message_id}/s"}, "ReportsStatus"),
        ({"messages_path": "/m"}, "DeliversMessages"),
        ({"recalls_path": "/r"}, "RecallsPayments"),
        ({"repeatable_hours": 1}, "RepeatsSafely"),
        ({"silence_means_accepted_hours": 1}, "AcceptsBySilence"),
        ({"callbacks": True}, "TakesCallbacks"),
    ],
)
def test_each_capability_has_its_setting(setting: dict[str, Any], offered: str) -> None:
    opened = connected("https://bank.example", **{**BARE, **setting})
    assert set(capabilities(opened)) == {"SendsPayments", offered}


@pytest.mark.parametrize(
    "settings",
    [
        {"base_url": "http://bank.example"},
        {"base_url": "http://10.0.0.1"},
        {"base_url": "http://127.0.0.1.bank.example"},
        {"sign_in_url": "http://login.bank.example/token", "client_id": "us"},
        {"files_path": ""},
        {"file_path": "/files"},
        {"messages_path": "messages"},
        {"messages_path": "/messages?x=1"},
        {"recalls_path": "/re calls"},
        {"rails": []},
        {"repeatable_hours": -1},
        {"nothing_done_statuses": [202]},
        {"timeout_seconds": 0},
        {"signature_algorithm": "none"},
        {"signature_header": "x\r\ny"},
        {"signature_algorithm": "PS256"},
        {"mutual_tls": True},
        {"client_id": "us", "client_authentication": "tls"},
    ],
    ids=str,
)
def test_settings_that_could_do_harm_are_invalid(settings: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as caught:
        connected(settings.pop("base_url", "https://bank.example"), **settings)
    assert caught.value.can_do
