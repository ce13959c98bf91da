"""Our REST connector against an emulated bank: what was promised, said and refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nostro.connectors import capabilities
from nostro.domain.errors import (
    ConnectionUnfit,
    InDoubt,
    Invalid,
    NostroError,
    Refused,
    Unavailable,
)
from tests.connectors.rest_bank import EmulatedBank, Scripted
from tests.connectors.rest_calls import (
    FILE,
    PROMISING,
    SIGNED_IN,
    connected,
    outcome,
    outgoing,
)

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


UNHEARD = (400, 403, 404, 405, 407, 410, 413, 415, 451)
STATUSES = [
    *[(status, "InDoubt", "Refused") for status in (301, 302, 303, 307, 308)],
    *[(status, "Refused", "Refused") for status in (418, 499)],
    *[(status, "ConnectionUnfit", "Refused") for status in UNHEARD],
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
    ("status", "body", "sending"),
    [
        (404, b'{"code": "no_route", "text": "no such path"}', "ConnectionUnfit"),
        (403, b'{"code": "scope", "text": "not for this client"}', "ConnectionUnfit"),
        (400, b'{"code": "FF01", "text": "the file cannot be read"}', "Refused"),
        (413, b'{"code": "too_large", "text": "at most 10 MB"}', "Refused"),
        (400, b'{"code": "DUPL", "text": "it came before"}', "InDoubt"),
        (400, b'{"error": "plain HTTP was sent to a TLS port"}', "ConnectionUnfit"),
    ],
)
def test_a_no_to_the_file_is_the_banks_own_and_no_gateways(
    bank: EmulatedBank, status: int, body: bytes, sending: str
) -> None:
    bank.script("POST /files", Scripted(status, body))
    assert outcome(connected(bank.url), outgoing()) == sending


def test_a_mistyped_path_is_told_with_the_path_and_the_file_goes_when_it_is_right(
    bank: EmulatedBank,
) -> None:
    bank.script("POST /filse", Scripted(404, b"<html>no such page"))
    with pytest.raises(ConnectionUnfit) as caught:
        connected(bank.url, files_path="/filse").send(outgoing())
    assert "404 to a file at /filse" in caught.value.happened
    assert outcome(connected(bank.url), outgoing()) == "done"


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
