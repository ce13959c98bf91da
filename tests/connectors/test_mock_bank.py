"""Our connector against the real mock-bank: sent once, collected repeatably, asked in doubt."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from nostro.connectors import capabilities, open_connection
from nostro.domain.errors import InDoubt, Refused, Unavailable
from nostro.domain.money import Money
from nostro.ops.demo_bank import Credit
from nostro.ports import Incoming, Outgoing
from tests.counterparts import MockBank

OURS = "NL30MOCK0000000005"
CLOSED = "DE75512108001245126199"
PAYEE = "FR1420041010050500013M02606"


def pain_001(message_id: str, *payees: str, total: str | None = None) -> bytes:
    """A small valid pain.001.001.09, written by hand: 10.50 EUR to each payee."""
    amount = f"{10.5 * len(payees):.2f}"
    lines = "".join(
        f"""<CdtTrfTxInf><PmtId><EndToEndId>{message_id}-{number}</EndToEndId></PmtId>
        <Amt><InstdAmt Ccy="EUR">10.50</InstdAmt></Amt>
        <Cdtr><Nm>Müller &amp; Söhne</Nm>
        <PstlAdr><TwnNm>Köln</TwnNm><Ctry>DE</Ctry></PstlAdr></Cdtr>
        <CdtrAcct><Id><IBAN>{payee}</IBAN></Id></CdtrAcct>
        <RmtInf><Ustrd>Invoice {number}</Ustrd></RmtInf></CdtTrfTxInf>"""
        for number, payee in enumerate(payees, 1)
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
    <Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"><CstmrCdtTrfInitn>
    <GrpHdr><MsgId>{message_id}</MsgId><CreDtTm>2026-11-20T08:00:00</CreDtTm>
    <NbOfTxs>{len(payees)}</NbOfTxs><CtrlSum>{total or amount}</CtrlSum>
    <InitgPty><Nm>Us</Nm></InitgPty></GrpHdr>
    <PmtInf><PmtInfId>{message_id}-B</PmtInfId><PmtMtd>TRF</PmtMtd>
    <ReqdExctnDt><Dt>2026-11-20</Dt></ReqdExctnDt><Dbtr><Nm>Us</Nm></Dbtr>
    <DbtrAcct><Id><IBAN>{OURS}</IBAN></Id></DbtrAcct>
    <DbtrAgt><FinInstnId><BICFI>MOCKNL2A</BICFI></FinInstnId></DbtrAgt>
    {lines}</PmtInf></CstmrCdtTrfInitn></Document>""".encode()


def outgoing(message_id: str, content: bytes) -> Outgoing:
    return Outgoing(
        message_id=message_id,
        file_name=f"{message_id}.xml",
        media_type="application/xml",
        content=content,
    )


def prepare(bank: MockBank) -> None:
    bank.close_seeded_accounts()
    bank.add_account("US", name="Us", iban=OURS, opening=Money(100_000, "EUR"))
    bank.add_account("GONE", name="Gone", iban=CLOSED, opening=Money(0, "EUR"), closed=True)


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[MockBank]:
    with MockBank(tmp_path / "bank") as running:
        prepare(running)
        yield running


def kinds(messages: list[tuple[Incoming, str]]) -> list[str]:
    return [incoming.name.split("-")[0] for incoming, _ in messages]


def collected(connection: Any, cursor: str = "") -> list[tuple[Incoming, str]]:
    return list(connection.collect(cursor))


def test_offers_what_it_can_do(bank: MockBank) -> None:
    assert capabilities(bank.connection()) == (
        "SendsPayments",
        "DeliversMessages",
        "AnswersEnquiries",
    )


def test_a_payment_goes_out_and_comes_back_on_the_statement(bank: MockBank) -> None:
    connection = bank.connection(account_ids=["US"])
    connection.send(outgoing("M1", pain_001("M1", PAYEE, CLOSED)))
    report, notice = collected(connection)
    assert kinds([report, notice]) == ["pain.002.001.10", "camt.054.001.08"]
    assert b"<OrgnlMsgId>M1</OrgnlMsgId>" in report[0].content
    assert report[0].content.count(b"<Cd>AC04</Cd>") == 1
    assert report[0].media_type == "application/xml"
    assert report[0].received_at.date() == date(2026, 11, 20)
    bank.credit("US", Credit(end_to_end_id="K1", amount=Money(700, "EUR"), debtor_name="Käufer"))
    bank.advance(1)
    later = collected(connection, notice[1])
    assert kinds(later) == ["camt.054.001.08", "camt.053.001.08"]
    statement = later[-1][0].content
    for expected in (
        b'<Amt Ccy="EUR">1000.00</Amt>',  # opens with what we put there
        b'<Amt Ccy="EUR">996.50</Amt>',
        b"<MsgId>M1</MsgId>",
        b"<PmtInfId>M1-B</PmtInfId>",
        b"<EndToEndId>M1-1</EndToEndId>",
        b"<AcctSvcrRef>MB-PMT-1</AcctSvcrRef>",
        b"<Nm>K\xc3\xa4ufer</Nm>",
    ):
        assert expected in statement.replace(b"\n", b"")
    assert bank.balance("US") == Money(99_650, "EUR")
    assert [(line.end_to_end_id, line.status) for line in bank.ledger()] == [
        ("M1-1", "accepted"),
        ("M1-2", "rejected"),
    ]


def test_the_same_file_again_is_a_doubt_and_is_paid_once(bank: MockBank) -> None:
    connection = bank.connection()
    connection.send(outgoing("M1", pain_001("M1", PAYEE)))
    with pytest.raises(InDoubt) as caught:
        connection.send(outgoing("M1", pain_001("M1", PAYEE)))
    assert caught.value.code == "bank_has_message_id"
    assert connection.knows("M1") is True
    assert len(bank.ledger()) == 1


def test_a_file_that_does_not_add_up_is_refused(bank: MockBank) -> None:
    connection = bank.connection()
    with pytest.raises(Refused) as caught:
        connection.send(outgoing("M1", pain_001("M1", PAYEE, total="99.00")))
    assert "AM10" in caught.value.happened
    assert bank.ledger() == ()
    assert connection.knows("M1") is True, "it refused the file, so it knows it"
    assert connection.knows("M2") is False


def test_wrong_credentials_are_refused(bank: MockBank) -> None:
    config = {"base_url": bank.base_url, "user": bank.user}
    connection: Any = open_connection("mock_bank", config, {"password": "wrong"})
    with pytest.raises(Refused):
        connection.send(outgoing("M1", pain_001("M1", PAYEE)))
    with pytest.raises(Refused):
        collected(connection)


def test_collecting_repeats_until_the_cursor_moves(bank: MockBank) -> None:
    """A crash between reading and keeping loses nothing and repeats nothing that was kept."""
    connection = bank.connection()
    for number in (1, 2, 3):
        connection.send(outgoing(f"M{number}", pain_001(f"M{number}", PAYEE)))
    first = collected(connection)
    assert collected(connection) == first, "nothing was kept, so all come again"
    assert len(first) == 6
    for kept, (_, cursor) in enumerate(first, 1):
        assert collected(connection, cursor) == first[kept:]
    assert first[-1][1] == "1-6"


def test_another_reader_of_the_mailbox_takes_nothing_from_us(bank: MockBank) -> None:
    connection = bank.connection()
    connection.send(outgoing("M1", pain_001("M1", PAYEE)))
    taken = httpx.get(
        f"{bank.base_url}/_mock/mailbox", auth=(bank.user, bank.password), trust_env=False
    ).json()
    assert len(taken) == 2
    assert len(collected(connection)) == 2


def test_messages_of_other_customers_are_left_alone(bank: MockBank) -> None:
    bank.add_account("THEM", name="Them", iban=PAYEE, opening=Money(5, "EUR"))
    bank.advance(1)
    assert kinds(collected(bank.connection(account_ids=["US"]))) == ["camt.053.001.08"]
    assert len(collected(bank.connection())) == 2


def test_a_message_held_back_and_released_late_is_not_missed(tmp_path: Path) -> None:
    """It got a lower number than messages which we have kept already."""
    with MockBank(tmp_path / "bank", options=("--status-delay-ms", "7200000")) as bank:
        prepare(bank)
        connection = bank.connection()
        connection.send(outgoing("M1", pain_001("M1", PAYEE)))
        ((notice, cursor),) = collected(connection)
        assert notice.name.startswith("camt.054")
        assert cursor == "2"
        bank.advance(1)
        late = collected(connection, cursor)
        assert kinds(late) == ["pain.002.001.10", "camt.053.001.08"]
        assert late[-1][1] == "1-3"


def test_a_bank_that_was_reset_is_noticed(bank: MockBank) -> None:
    connection = bank.connection()
    connection.send(outgoing("M1", pain_001("M1", PAYEE)))
    cursor = collected(connection)[-1][1]
    httpx.post(f"{bank.base_url}/_mock/reset", auth=(bank.user, bank.password), trust_env=False)
    with pytest.raises(Refused) as caught:
        collected(connection, cursor)
    assert caught.value.code == "mailbox_started_anew"


def test_a_silent_bank_sends_no_report_and_still_knows(bank: MockBank) -> None:
    bank.set_behaviour("US", "silent")
    connection = bank.connection()
    connection.send(outgoing("M1", pain_001("M1", PAYEE)))
    assert kinds(collected(connection)) == ["camt.054.001.08"]
    assert connection.knows("M1") is True


def test_a_bank_that_is_down_has_surely_got_nothing(bank: MockBank) -> None:
    connection = bank.connection()
    bank.stop()
    with pytest.raises(Unavailable):
        connection.send(outgoing("M1", pain_001("M1", PAYEE)))
    with pytest.raises(Unavailable):
        collected(connection)
    with pytest.raises(Unavailable):
        connection.knows("M1")


def test_by_folders(tmp_path: Path) -> None:
    drop, pickup = tmp_path / "drop", tmp_path / "pickup"
    folders: dict[str, Any] = {"drop_folder": str(drop), "pickup_folder": str(pickup)}
    read = (str(drop / "processed"), str(drop / "failed"))
    quick = ("--drop-settle-ms", "0", "--drop-interval-ms", "3600000")
    with MockBank(tmp_path / "bank", drop_folder=drop, pickup_folder=pickup, options=quick) as bank:
        prepare(bank)
        archive = tmp_path / "archive"
        connection: Any = open_connection(
            "host_folder", {**folders, "taken_folders": read, "archive_folder": str(archive)}, {}
        )
        sent = outgoing("M1", pain_001("M1", PAYEE))
        connection.send(sent)
        connection.send(sent)
        bank.scan_drop_folder()
        connection.send(sent)
        bank.scan_drop_folder()
        assert len(bank.ledger()) == 1, "delivered once, however often we ask for it"
        first = collected(connection)
        assert kinds(first) == ["camt.054.001.08", "pain.002.001.10"]
        assert collected(connection) == first
        bank.advance(1)
        later = collected(connection, first[-1][1])
        assert kinds(later) == ["camt.053.001.08"]
        assert len(list(archive.iterdir())) == 2, "moved away once it was kept"
        assert collected(connection, later[-1][1]) == []
