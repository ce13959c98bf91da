"""The traps of bank statements, one by one."""

from __future__ import annotations

from io import BytesIO

import pytest

from nostro.domain.balance_gate import balance_verdict
from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.statement import Closing, Statement
from nostro.formats import Profile
from nostro.formats.iso20022.accounts import camt_053
from tests.formats.samples import IBAN, OTHER_IBAN, read

ACCOUNT = f"<Acct><Id><IBAN>{IBAN}</IBAN></Id><Ccy>EUR</Ccy></Acct>"


def balance(code: str, amount: str, sign: str = "CRDT", day: str = "2026-11-19") -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy='EUR'>{amount}</Amt>"
        f"<CdtDbtInd>{sign}</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>"
    )


def entry(amount: str = "10.00", sign: str = "CRDT", more: str = "", status: str = "BOOK") -> str:
    return (
        f"<Ntry><Amt Ccy='EUR'>{amount}</Amt><CdtDbtInd>{sign}</CdtDbtInd>"
        f"<Sts><Cd>{status}</Cd></Sts>{more}</Ntry>"
    )


def details(*inside: str) -> str:
    return "<NtryDtls>" + "".join(f"<TxDtls>{d}</TxDtls>" for d in inside) + "</NtryDtls>"


def message(*inside: str, account: str = ACCOUNT, created: str = "2026-11-20T02:00:00") -> bytes:
    return (
        "<?xml version='1.0'?>\n<Document xmlns='urn:iso:std:iso:20022:tech:xsd:camt.053.001.08'>"
        f"<BkToCstmrStmt>\n<GrpHdr><MsgId>M</MsgId></GrpHdr>\n<Stmt><Id>S</Id>"
        f"<CreDtTm>{created}</CreDtTm>{account}\n" + "\n".join(inside) + "\n</Stmt>"
        "</BkToCstmrStmt></Document>"
    ).encode()


def statement(*inside: str, **how: str) -> Statement:
    (found,) = read("camt_053", message(*inside, **how))
    assert isinstance(found, Statement)
    return found


def codes(found: Statement) -> list[str]:
    return [problem.code for problem in found.problems]


def refused(data: bytes) -> Invalid:
    with pytest.raises(Invalid) as caught:
        read("camt_053", data)
    assert caught.value.location
    return caught.value


def test_the_entry_amount_is_the_truth_and_items_keep_theirs() -> None:
    item = "<Amt Ccy='EUR'>1500.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>"
    charge = "<Amt Ccy='EUR'>26.00</Amt><CdtDbtInd>DBIT</CdtDbtInd>"
    found = statement(entry("1474.00", more=details(item, charge)))
    (only,) = found.entries
    assert only.amount == Money(147400, "EUR")
    assert [d.amount for d in only.details] == [Money(150000, "EUR"), Money(-2600, "EUR")]


def test_items_without_amount_never_repeat_the_total() -> None:
    found = statement(entry("30.00", more=details("", "", "")))
    assert [d.amount for d in found.entries[0].details] == [None, None, None]


def test_an_item_in_another_currency_has_no_amount_of_ours() -> None:
    instructed = "<AmtDtls><InstdAmt><Amt Ccy='USD'>12.00</Amt></InstdAmt></AmtDtls>"
    assert statement(entry(more=details(instructed))).entries[0].details[0].amount is None


@pytest.mark.parametrize(("sign", "minor"), [("CRDT", 1000), ("DBIT", -1000)])
def test_a_reversal_keeps_the_direction_it_states(sign: str, minor: int) -> None:
    found = statement(entry(sign=sign, more="<RvslInd>true</RvslInd>")).entries[0]
    assert found.reversal
    assert found.amount.minor == minor


@pytest.mark.parametrize(("word", "is_reversal"), [("YES", True), ("maybe", False)])
def test_an_odd_boolean_is_read_with_a_warning(word: str, is_reversal: bool) -> None:
    found = statement(entry(more=f"<RvslInd>{word}</RvslInd>"))
    assert found.entries[0].reversal is is_reversal
    assert codes(found) == ["boolean_odd"]


def test_pending_is_not_booked() -> None:
    found = statement(
        balance("OPBD", "5.00"), entry(status="PDNG"), entry("2.00"), balance("CLBD", "7.00")
    )
    assert balance_verdict(found).verdict is Closing.CLOSES


def test_a_missing_status_is_booked_with_a_warning() -> None:
    found = statement("<Ntry><Amt Ccy='EUR'>1</Amt><CdtDbtInd>CRDT</CdtDbtInd></Ntry>")
    assert found.entries[0].status == "BOOK"
    assert codes(found) == ["status_missing"]


def test_a_balance_without_direction_or_day_is_read_with_warnings() -> None:
    bare = "<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy='EUR'>5.00</Amt></Bal>"
    found = statement(bare)
    assert found.balances[0].amount == Money(500, "EUR")
    assert found.balances[0].day.isoformat() == "2026-11-20"
    assert sorted(codes(found)) == ["balance_day_missing", "balance_direction_missing"]


@pytest.mark.parametrize(
    ("written", "day", "code"),
    [
        ("<Dt>2026-11-19</Dt>", "2026-11-19", None),
        ("<DtTm>2026-11-19T23:59:59.123456789Z</DtTm>", "2026-11-19", None),
        ("<Dt>2026-11-19+01:00</Dt>", "2026-11-19", None),
        ("2026-11-19", "2026-11-19", None),
        ("<Dt>2026-11-19 at noon</Dt>", "2026-11-19", "date_odd"),
        ("<Dt>2026-02-30</Dt>", "None", "date_unreadable"),
        ("<Dt>19.11.2026</Dt>", "None", "date_unreadable"),
    ],
)
def test_dates_as_banks_write_them(written: str, day: str, code: str | None) -> None:
    found = statement("", entry(more=f"<BookgDt>{written}</BookgDt>"))
    assert str(found.entries[0].booked) == day
    assert codes(found) == ([code] if code else [])
    assert all(problem.location.line == 6 for problem in found.problems)


@pytest.mark.parametrize("created", ["yesterday", ""])
def test_an_unreadable_creation_time_is_none_with_a_warning(created: str) -> None:
    found = statement(created=created)
    assert found.created_at is None
    assert codes(found) == ["created_unreadable"]


def test_an_odd_sequence_and_a_negative_amount_are_warned_of() -> None:
    found = statement(entry("-3.00"), account=f"<ElctrncSeqNb>A7</ElctrncSeqNb>{ACCOUNT}")
    assert found.sequence is None
    assert found.entries[0].amount == Money(-300, "EUR")
    assert codes(found) == ["amount_negative", "sequence_unreadable"]


@pytest.mark.parametrize(("sign", "name"), [("CRDT", "The debtor"), ("DBIT", "The creditor")])
@pytest.mark.parametrize("wrap", ["{}", "<Pty>{}</Pty>"])
def test_the_counterparty_is_the_other_side(sign: str, name: str, wrap: str) -> None:
    parties = "".join(
        f"<{side}>{wrap.format(f'<Nm>{told}</Nm>')}</{side}>"
        for side, told in (("Dbtr", "The debtor"), ("Cdtr", "The creditor"))
    )
    found = statement(entry(sign=sign, more=details(f"<RltdPties>{parties}</RltdPties>")))
    assert found.entries[0].details[0].counterparty_name == name


def test_a_returned_payment_names_the_payee_and_not_ourselves() -> None:
    parties = (
        f"<Dbtr><Nm>We</Nm></Dbtr><DbtrAcct><Id><IBAN>{IBAN}</IBAN></Id></DbtrAcct>"
        f"<Cdtr><Nm>Payee</Nm></Cdtr><CdtrAcct><Id><IBAN>{OTHER_IBAN}</IBAN></Id></CdtrAcct>"
    )
    inside = f"<RltdPties>{parties}</RltdPties><RtrInf><Rsn><Prtry>X</Prtry></Rsn></RtrInf>"
    (detail,) = statement(entry(more=details(inside))).entries[0].details
    assert (detail.counterparty_name, detail.counterparty_iban) == ("Payee", OTHER_IBAN)
    assert detail.return_reason == "X"


def test_repeated_and_long_texts_are_kept_whole_and_in_order() -> None:
    parts = ["a" * 204, "b", "c & <d>"]
    told = "".join(f"<Ustrd>{p.replace('&', '&amp;').replace('<', '&lt;')}</Ustrd>" for p in parts)
    references = "".join(
        f"<Strd><CdtrRefInf><Ref>{r}</Ref></CdtrRefInf></Strd>" for r in ("R1", "R2")
    )
    found = statement(entry(more=details(f"<RmtInf>{told}{references}</RmtInf>")))
    (detail,) = found.entries[0].details
    assert detail.remittance == (*parts, "R2")
    assert detail.creditor_reference == "R1"


def test_foreign_elements_with_known_names_are_not_ours() -> None:
    inside = "<SplmtryData><Envlp><Ntry><Amt Ccy='EUR'>9</Amt></Ntry></Envlp></SplmtryData>"
    assert statement(inside, entry(more=inside)).entries[0].amount == Money(1000, "EUR")


@pytest.mark.parametrize(
    ("inside", "code"),
    [
        ("<Ntry><CdtDbtInd>CRDT</CdtDbtInd></Ntry>", "amount_missing"),
        (entry("12,50"), "amount_not_a_number"),
        (entry("1.234"), "amount_too_fine"),
        (entry("9" * 18), "amount_too_large"),
        (entry(sign="BOTH"), "direction_missing"),
        (entry().replace("EUR", "XYZ"), "unknown_currency"),
    ],
)
def test_an_uncertain_amount_refuses_the_file(inside: str, code: str) -> None:
    error = refused(message("", inside))
    assert error.code == code
    assert error.location == "line 6, statement 1, entry 1"


def test_what_has_no_account_or_no_statement_is_refused() -> None:
    assert refused(message(account="")).code == "account_missing"
    whole = message()
    bare = whole[: whole.index(b"<Stmt>")] + b"</BkToCstmrStmt></Document>"
    assert refused(bare).code == "no_statement"
    assert refused(b"<Document/>").code == "wrong_message"


@pytest.mark.parametrize("between", [b"", b"\n", b"\xef\xbb\xbf"])
def test_messages_joined_in_one_file_are_read_one_after_the_other(between: bytes) -> None:
    whole = message(entry("1.00"))
    first, second = read("camt_053", whole + between + message(entry("2.00")))
    assert [f.entries[0].amount.minor for f in (first, second)] == [100, 200]
    lines = whole.count(b"\n") + between.count(b"\n")
    place = second.entries[0].location
    assert (place.line, place.path) == (
        first.entries[0].location.line + lines,
        "statement 2, entry 1",
    )


def test_one_bad_entry_does_not_hide_the_others() -> None:
    inside = (balance("OPBD", "0.00"), entry("1.00"), entry("1,00"), entry("2.00"))
    data = message(*inside, balance("CLBD", "4.00"))
    found = list(camt_053.FORMAT.read(BytesIO(data), Profile()))  # type: ignore[misc]
    kinds = [type(record).__name__ for record in found]
    assert kinds == ["StatementHeader", "Entry", "Problem", "Entry", "StatementTrailer"]
    assert found[2].raw == entry("1,00")
    assert found[4].entry_count == 2
    assert found[4].verdict.reason == "1 entry could not be read"


@pytest.mark.parametrize(("flips", "closes"), [(False, "does_not_close"), (True, "closes")])
def test_a_bank_that_marks_reversals_by_the_mark_alone(flips: bool, closes: str) -> None:
    reversed_ = entry("1.00", more="<RvslInd>true</RvslInd>")
    data = message(balance("OPBD", "5.00"), reversed_, balance("CLBD", "4.00"))
    (found,) = read("camt_053", data, Profile(options={"reversal_flips": flips}))
    assert balance_verdict(found).verdict == closes


def test_a_balance_that_nothing_dates_is_refused() -> None:
    bare = "<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy='EUR'>5.00</Amt></Bal>"
    assert refused(message(bare, created="")).code == "balance_day_missing"


def test_a_document_type_is_refused_with_its_line() -> None:
    attack = b"<?xml version='1.0'?>\n<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>\n<x/>"
    error = refused(attack)
    assert (error.code, error.location) == ("doctype_refused", "line 2")


def test_cut_broken_and_empty_files() -> None:
    whole = message(entry())
    assert refused(whole[: whole.index(b"</Stmt>")]).code == "file_cut"
    assert refused(whole[: whole.index(b"</Stmt>") + 3]).code == "file_cut"
    assert refused(whole.replace(b"</Ntry>", b"</Entry>")).code == "not_well_formed"
    assert refused(whole + b"<Other/>").code == "wrong_message"
    assert refused(whole + b"trailer").code == "not_well_formed"
    assert refused(whole.replace(b"10.00", b"&money;")).code == "not_well_formed"
    assert refused(b"").code == "empty_file"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "iso-8859-1", "windows-1252"])
def test_declared_encodings(encoding: str) -> None:
    text = message(entry(more="<AddtlNtryInf>Gebühr</AddtlNtryInf>")).decode()
    name = encoding.removesuffix("-sig")
    data = text.replace("<?xml version='1.0'?>", f"<?xml version='1.0' encoding='{name}'?>")
    assert read("camt_053", data.encode(encoding))[0].entries[0].text == "Gebühr"


def test_a_lying_declaration_is_refused_and_the_profile_helps() -> None:
    data = message(entry(more="<AddtlNtryInf>Gebühr</AddtlNtryInf>")).decode().encode("latin-1")
    assert refused(data).code == "not_well_formed"
    (found,) = read("camt_053", data, Profile(encoding="iso-8859-1"))
    assert found.entries[0].text == "Gebühr"


@pytest.mark.parametrize("name", ["klingon", "shift_jis", "utf-7"])
def test_an_encoding_that_cannot_be_read_is_refused(name: str) -> None:
    text = (
        message()
        .decode()
        .replace("<?xml version='1.0'?>", f"<?xml version='1.0' encoding='{name}'?>")
    )
    assert refused(text.encode()).code == "not_text"
