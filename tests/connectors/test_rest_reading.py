"""What an emulated bank tells us: asked for, read from its mailbox, or pushed by its calls."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from nostro.domain.errors import (
    InDoubt,
    Refused,
    Unavailable,
)
from tests.connectors.rest_bank import EmulatedBank, Scripted, message
from tests.connectors.rest_calls import (
    CALLBACK_KEY,
    FILE,
    connected,
    outgoing,
)

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
