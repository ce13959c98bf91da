"""Payment runs coming in: what is taken, what waits, what is refused, and that nothing is lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import msgspec
import pytest
from django.db import connections

from nostro.domain.errors import Invalid, Refused
from nostro.domain.money import Money
from nostro.domain.order import OrderState
from nostro.domain.party import PostalAddress
from nostro.domain.payment import Urgency, Wishes
from nostro.storage import models
from nostro.storage.intake import KnownBefore, Question, take_numbers
from nostro.storage.tenancy import tenant
from nostro.workflows import known_before, payment_intake, receivables
from tests.formats.payments import collecting, payment_file
from tests.formats.samples import write
from tests.workflows.company import ADDRESS, FRIDAY, PROFILE, Company, Pain001, erp_pain_001, iban

WAITING, HELD = OrderState.AWAITING_APPROVAL, OrderState.HELD


def outcomes(receipt: payment_intake.RunReceipt) -> list[tuple[str, str]]:
    return [(line.outcome, line.code) for line in receipt.lines]


def count_of(company: Company, model: Any) -> int:
    with tenant(company.tenant_id):
        return int(model.objects.count())


def test_a_good_run_waits_for_approval_with_route_and_digest(company: Company) -> None:
    receipt = company.receive(company.run_file({}, {}, {"COMPANY_CODE": "NL"}))
    assert outcomes(receipt) == [("accepted", "")] * 3
    ids = [line.order_id for line in receipt.lines if line.order_id]
    rows = company.orders(ids)
    assert {row.state for row in rows} == {WAITING}
    assert [row.route.debtor_iban for row in rows] == [
        company.accounts[name] for name in ("DE-EUR", "DE-EUR", "NL-EUR")
    ]
    assert all(row.approvable().digest() == row.approval_digest for row in rows)
    assert len({row.instruction.end_to_end_id for row in rows}) == 3
    assert company.evidence("run.csv") == [company.run_file({}, {}, {"COMPANY_CODE": "NL"})]


def test_a_bad_line_hides_no_other(company: Company) -> None:
    receipt = company.receive(
        company.run_file({}, {"IBAN": "NL00FIKT0123456789"}, {"CURRENCY": "EUR"})
    )
    assert outcomes(receipt) == [("accepted", ""), ("refused", "invalid_iban"), ("accepted", "")]
    assert receipt.lines[1].raw
    assert receipt.lines[1].sentence


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({"COMPANY_CODE": "FR"}, ("refused", "entity_unknown")),
        ({"CURRENCY": "USD", "COMPANY_CODE": "NL"}, ("refused", "no_account")),
        ({"CITY": ""}, ("refused", "address_incomplete")),
        ({"VENDOR": "V77"}, ("held", "payee_unknown")),
        ({"IBAN": iban(5)}, ("held", "account_differs")),
        ({"VENDOR_NAME": "北京华为有限公司"}, ("refused", "name_without_letters")),
        ({"VENDOR_NAME": "💥💥"}, ("refused", "name_without_letters")),
        ({"VENDOR_NAME": "Huawei 北京"}, ("held", "name_letters_lost")),
        ({"VENDOR_NAME": "Żółć Müller Зуев"}, ("accepted", "")),
        ({"VENDOR_NAME": "Evil\u202etnemyap\u202c Ltd"}, ("refused", "text_turned")),
        ({"INVOICES": "F\u202e71"}, ("refused", "text_turned")),
    ],
)
def test_what_is_refused_or_waits(
    company: Company, changes: dict[str, str], outcome: tuple[str, str]
) -> None:
    (line,) = company.receive(company.run_file(changes)).lines
    assert (line.outcome, line.code) == outcome
    assert bool(line.sentence) is (line.outcome != "accepted")


def test_a_changed_account_waits_for_a_person(company: Company) -> None:
    with tenant(company.tenant_id):
        payee = company.add_payee("V90", iban(company.seed + 90))
        company.add_payee_account(payee, "V90", iban(company.seed + 91), 2)
    run = company.run_file({"VENDOR": "V90", "IBAN": iban(company.seed + 91)})
    assert outcomes(company.receive(run)) == [("held", "account_recently_changed")]


def test_an_invoice_paid_twice_waits_whatever_the_source(company: Company) -> None:
    twice = company.run_file(
        {"VENDOR": "V1", "INVOICES": "F1", "AMOUNT": "50.00"},
        {"VENDOR": "V1", "INVOICES": "F1", "AMOUNT": "50.00"},
        {"VENDOR": "V1", "INVOICES": "F1", "AMOUNT": "51.00"},
    )
    assert [outcome for outcome, _ in outcomes(company.receive(twice))] == [
        "accepted", "held", "accepted",
    ]  # fmt: skip
    (order_id,) = company.ask(company.request("S1", 50_00, invoices=("F1",)), source="api")
    assert company.states([order_id]) == [HELD]
    file = erp_pain_001(
        company.accounts["DE-EUR"], [Pain001(end_to_end_id="E1", creditor_iban=company.payees["V1"],
                                             amount="50.00", text="F1")]
    )  # fmt: skip
    assert outcomes(company.receive(file, "e.xml", "sap")) == [("held", "duplicate_suspected")]


def test_a_structured_reference_is_an_invoice_too(company: Company) -> None:
    def paid(message_id: str) -> bytes:
        line = Pain001(end_to_end_id=message_id, creditor_iban=company.payees["V1"])
        file = erp_pain_001(company.accounts["DE-EUR"], [line], message_id=message_id).decode()
        structured = "<Strd><CdtrRefInf><Ref>RF18539007547034</Ref></CdtrRefInf></Strd>"
        return file.replace("<Ustrd>Invoice 1</Ustrd>", structured).encode()

    assert outcomes(company.receive(paid("M1"), "1.xml")) == [("accepted", "")]
    assert outcomes(company.receive(paid("M2"), "2.xml")) == [("held", "duplicate_suspected")]


def test_the_same_file_again_changes_nothing(company: Company) -> None:
    run = company.run_file({}, {"VENDOR": "V77"})
    first = company.receive(run)
    before = count_of(company, models.Event)
    again = company.receive(run, "copy.csv")
    assert again.repeated
    assert again.run_id == first.run_id
    assert outcomes(again) == outcomes(first)
    assert count_of(company, models.Order) == 2
    assert count_of(company, models.Event) == before


def test_a_payment_delivered_again_in_another_file_is_known(company: Company) -> None:
    company.receive(company.run_file({}))
    receipt = company.receive(company.run_file({}, {}))
    assert outcomes(receipt) == [("repeated", "repeated"), ("accepted", "")]
    assert receipt.reference == "R1 #2", "another file under the same name is another run"
    assert count_of(company, models.Order) == 2


def test_another_payment_under_a_known_reference_is_refused(company: Company) -> None:
    company.receive(company.run_file({}))
    (line,) = company.receive(company.run_file({"AMOUNT": "999.00"})).lines
    assert (line.outcome, line.code) == ("refused", "reference_reused")
    assert "101.00 EUR, now 999.00 EUR" in line.sentence
    (line,) = company.receive(company.run_file({"IBAN": iban(7)})).lines
    assert line.code == "reference_reused"
    assert count_of(company, models.Order) == 1


def test_a_file_of_the_same_name_every_day_is_taken(company: Company) -> None:
    for number in (1, 2, 3):
        line = Pain001(end_to_end_id=f"E{number}", creditor_iban=company.payees["V1"],
                       text=f"F{number}")  # fmt: skip
        file = erp_pain_001(company.accounts["DE-EUR"], [line], message_id=f"M{number}")
        assert outcomes(company.receive(file, "payments.xml")) == [("accepted", "")]


def test_totals_that_do_not_fit_refuse_the_run_and_keep_the_bytes(company: Company) -> None:
    run = company.run_file({}, {}, trailer="TRAILER;2;EUR=1.00\n")
    with pytest.raises(Invalid) as caught:
        company.receive(run, "wrong.csv")
    assert caught.value.code == "run_totals_mismatch"
    assert company.evidence("wrong.csv") == [run]
    assert count_of(company, models.Order) == 0
    assert not company.receive(company.run_file({}, {})).repeated


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"\x89PNG\r\n\x1a\n", "unknown_file_type"),
        (b"", "unknown_file_type"),
        (b"RUN_ID;ITEM;COMPANY_CODE;VENDOR\n1;2;3;4\n", "missing_columns"),
        ("cut", "file_cut"),
        ("statement", "not_a_payment_file"),
    ],
)
def test_bad_files_get_a_clear_error_and_are_kept(
    company: Company, content: bytes | str, code: str
) -> None:
    if content == "cut":
        content = company.run_file({}, {}).rpartition(b"TRAILER")[0]
    elif content == "statement":
        content = (
            b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>'
            b"<GrpHdr><MsgId>S</MsgId><CreDtTm>2026-11-20T18:00:00Z</CreDtTm></GrpHdr><Stmt>"
            b"<Id>1</Id><Acct><Id><IBAN>NL91ABNA0417164300</IBAN></Id></Acct></Stmt>"
            b"</BkToCstmrStmt></Document>"
        )
    assert isinstance(content, bytes)
    with pytest.raises(Invalid) as caught:
        company.receive(content, "bad.csv")
    error = caught.value
    assert (error.code, bool(error.happened), bool(error.can_do)) == (code, True, True)
    assert company.evidence("bad.csv") == [content]
    assert count_of(company, models.Order) == 0


def test_an_unknown_currency_is_a_line_of_its_own(company: Company) -> None:
    run = company.run_file({}, {}).decode().replace("102.00;EUR", "102.00;EUX")
    run = run.replace("EUR=203.00", "EUR=101.00,EUX=102.00")
    try:
        found = outcomes(company.receive(run.encode()))
        assert found == [("accepted", ""), ("refused", "unknown_currency")]
    except Invalid as error:
        assert error.code in {"invalid_trailer", "run_totals_mismatch"}  # noqa: PT017


def test_an_erps_own_pain_001_is_a_run(company: Company) -> None:
    """The debit account tells the entity, the creditor's account tells the payee."""
    lines = [
        Pain001(end_to_end_id="E1", creditor_iban=company.payees["V1"]),
        Pain001(end_to_end_id="E1", creditor_iban=company.payees["V2"]),
        Pain001(end_to_end_id="NOTPROVIDED", creditor_iban=company.payees["V3"]),
        Pain001(end_to_end_id="E4", creditor_iban=iban(4711)),
    ]
    file = erp_pain_001(company.accounts["NL-EUR"], lines)
    receipt = company.receive(file, "erp.xml", "sap")
    assert [outcome for outcome, _ in outcomes(receipt)] == [
        "accepted", "accepted", "accepted", "held",
    ]  # fmt: skip
    rows = company.orders([line.order_id for line in receipt.lines if line.order_id])
    assert [row.payee_number for row in rows[:3]] == ["V1", "V2", "V3"]
    assert {row.route.debtor_iban for row in rows} == {company.accounts["NL-EUR"]}
    assert rows[0].instruction.end_to_end_id == "E1", "preserved"
    ours = [row.instruction.end_to_end_id for row in rows[1:3]]
    assert ours == [f"{company.code}-{row.number}" for row in rows[1:3]], "repeated or absent: ours"
    for row, theirs in zip(rows[1:3], ("E1", "NOTPROVIDED"), strict=True):
        replaced = {"field": "end_to_end_id", "from": theirs, "to": row.instruction.end_to_end_id}
        assert replaced in row.source_changes, "and visibly"
    again = erp_pain_001(company.accounts["NL-EUR"], lines, message_id="ERP2")
    assert {outcome for outcome, _ in outcomes(company.receive(again, "2.xml", "sap"))} == {
        "repeated"
    }
    assert count_of(company, models.Order) == 4


def test_what_an_order_has_no_place_for_is_shown_to_approvers(company: Company) -> None:
    line = Pain001(end_to_end_id="E1", creditor_iban=company.payees["V1"])
    file = erp_pain_001(company.accounts["NL-EUR"], [line]).decode()
    more = file.replace("</Ctry></PstlAdr>", "</Ctry><AdrLine>Backyard</AdrLine></PstlAdr>")
    more = more.replace("<RmtInf>", "<Purp><Prtry>wages</Prtry></Purp><RltdRmtInf>"
                        "<RmtId>L 1</RmtId></RltdRmtInf><RmtInf>")  # fmt: skip
    (taken,) = company.receive(more.encode(), "erp.xml", "sap").lines
    assert taken.outcome == "accepted"
    assert taken.order_id
    (row,) = company.orders([taken.order_id])
    for field, text in (
        ("payee address, further parts", "Backyard"),
        ("purpose", "wages"),
        ("RltdRmtInf/RmtId", "L 1"),
    ):
        assert {"field": field, "from": text, "to": ""} in row.source_changes


def test_urgency_and_purpose_of_an_erps_file_are_kept_and_approved(company: Company) -> None:
    lines = [Pain001(end_to_end_id=f"E{n}", creditor_iban=company.payees[f"V{n}"]) for n in (1, 2)]
    file = erp_pain_001(company.accounts["NL-EUR"], lines).decode()
    kind = "<PmtTpInf><InstrPrty>HIGH</InstrPrty><CtgyPurp><Cd>SUPP</Cd></CtgyPurp></PmtTpInf>"
    file = file.replace("<Amt>", f"{kind}<Amt>", 1)
    file = file.replace("<RmtInf>", "<Purp><Cd>GDDS</Cd></Purp><RmtInf>", 1)
    receipt = company.receive(file.encode(), "erp.xml", "sap")
    ids = [line.order_id for line in receipt.lines if line.order_id]
    urgent, plain = company.orders(ids)
    assert urgent.route.wishes == Wishes(
        urgency=Urgency.URGENT, purpose="GDDS", category_purpose="SUPP"
    )
    assert plain.route.wishes is None
    told = {change["field"] for change in urgent.source_changes}
    assert not told & {"purpose", "category purpose", "priority"}, "they have a place now"
    without = msgspec.structs.replace(urgent.route, wishes=None)
    unsaid = msgspec.structs.replace(urgent, route=without)
    assert unsaid.approvable().digest() != urgent.approval_digest, "it is part of what is signed"


def test_a_payment_of_a_pain_001_that_cannot_be_read_is_a_refused_line(company: Company) -> None:
    lines = [
        Pain001(end_to_end_id="E1", creditor_iban=company.payees["V1"], amount="1e3"),
        Pain001(end_to_end_id="E2", creditor_iban=company.payees["V2"]),
        Pain001(end_to_end_id="E3", creditor_iban=company.payees["V3"], text="Invoice 3"),
    ]
    file = erp_pain_001(company.accounts["NL-EUR"], lines).decode()
    third = file.rindex("<InstdAmt")
    converted = file[:third] + file[third:].replace(
        '<InstdAmt Ccy="EUR">10.50</InstdAmt>',
        '<EqvtAmt><Amt Ccy="EUR">10.50</Amt><CcyOfTrf>USD</CcyOfTrf></EqvtAmt>',
    )
    receipt = company.receive(converted.encode(), "erp.xml", "sap")
    assert outcomes(receipt) == [
        ("refused", "amount_not_a_number"), ("accepted", ""), ("refused", "equivalent_amount"),
    ]  # fmt: skip
    assert [line.line for line in receipt.lines] == [1, 2, 3]
    assert receipt.lines[0].raw == "E1"


def test_totals_of_a_pain_001_that_do_not_fit_refuse_all_of_it(company: Company) -> None:
    line = Pain001(end_to_end_id="E1", creditor_iban=company.payees["V1"])
    file = erp_pain_001(company.accounts["NL-EUR"], [line]).decode()
    for wrong in (file.replace("<NbOfTxs>1<", "<NbOfTxs>2<"),
                  file.replace("</NbOfTxs>", "</NbOfTxs><CtrlSum>1</CtrlSum>")):  # fmt: skip
        with pytest.raises(Invalid) as caught:
            company.receive(wrong.encode(), "erp.xml", "sap")
        assert caught.value.code == "control_sum_mismatch"
    assert count_of(company, models.Order) == 0


def test_a_file_that_collects_is_no_payment_run(company: Company) -> None:
    file = write("pain_008", payment_file(collecting()))
    with pytest.raises(Invalid) as caught:
        company.receive(file, "dd.xml", "sap")
    assert caught.value.code == "not_a_payment_file"


def test_a_pain_001_of_an_account_that_is_not_ours_is_refused(company: Company) -> None:
    line = Pain001(end_to_end_id="E1", creditor_iban=company.payees["V1"])
    receipt = company.receive(erp_pain_001(iban(99), [line]), "x.xml")
    assert outcomes(receipt) == [("refused", "entity_unknown")]
    receipt = company.receive(erp_pain_001(company.accounts["DE-USD"], [line]), "y.xml")
    assert outcomes(receipt) == [("refused", "no_account")]
    assert company.accounts["DE-USD"] in receipt.lines[0].sentence


def test_what_is_rewritten_in_bank_letters_is_visible(company: Company) -> None:
    (order_id,) = company.ask(
        company.request(
            "S1", payee_name="Café Müller", payee_address=ADDRESS, remittance="Rechnung 5 €"
        )
    )
    (row,) = company.orders([order_id])
    changed = {change["field"]: (change["from"], change["to"]) for change in row.source_changes}
    assert changed["payee name"] == ("Café Müller", row.instruction.creditor_name)
    assert row.instruction.creditor_name.isascii()
    assert changed["remittance"][0] == "Rechnung 5 €"
    assert company.events("order.received")[-1]["changes"] == list(row.source_changes)


def test_single_payments_are_taken_all_or_none(company: Company) -> None:
    good, bad = company.request("S1"), company.request("S2", entity_code="XX")
    with pytest.raises(Invalid) as caught:
        company.ask(good, bad)
    assert caught.value.code == "entity_unknown"
    assert "S2" in caught.value.happened
    assert count_of(company, models.Order) == 0


def test_history_is_settled_and_never_sent(company: Company) -> None:
    request = company.request("H1", invoices=("F9",))
    assert payment_intake.import_history(company.job, "erp", [request]) == 1
    assert payment_intake.import_history(company.job, "erp", [request]) == 0
    assert company.release() == []
    (order_id,) = company.ask(company.request("S1", invoices=("F9",)))
    assert company.states([order_id]) == [HELD]


def test_an_open_item_list_of_a_wrong_kind_is_kept(company: Company) -> None:
    with pytest.raises(Invalid):
        receivables.receive_open_items(company.job, "run.csv", company.run_file({}), PROFILE)
    with pytest.raises(Invalid):
        receivables.receive_open_items(company.job, "odd.bin", b"\x00\x01", PROFILE)
    assert company.evidence("odd.bin") == [b"\x00\x01"]
    assert len(company.evidence("run.csv")) == 1


def test_runs_that_come_at_the_same_time_take_each_payment_once(company: Company) -> None:
    """Four files with the same two payments and one of their own, and one file four times."""
    files = [company.run_file({}, {}, {"ITEM": f"9{number}"}) for number in range(4)]

    def take(content: bytes) -> payment_intake.RunReceipt:
        try:
            return company.receive(content)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        receipts = list(pool.map(take, [*files, files[0], files[0], files[0], files[0]]))
    assert count_of(company, models.Order) == 6
    assert sum(not receipt.repeated for receipt in receipts) == 4
    assert len(company.evidence("run.csv")) == 4
    assert company.clock.now() == FRIDAY


def test_a_wrong_account_is_refused_whatever_the_door(company: Company) -> None:
    with pytest.raises(Invalid) as caught:
        company.ask(company.request("S1", creditor_iban="NL00FIKT0123456789"))
    assert caught.value.code == "invalid_iban"
    assert "NL00FIKT0123456789" in caught.value.happened


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"payee_name": "A" * 71}, "text_too_long"),
        ({"payee_name": "Θ" * 36}, "text_too_long"),
        ({"payee_name": " "}, "text_missing"),
        ({"remittance": "A" * 141}, "text_too_long"),
        ({"invoices": ("A" * 141,)}, "text_too_long"),
        ({"payee_address": PostalAddress(town="A" * 36, country="NL")}, "text_too_long"),
        ({"payee_address": PostalAddress(town="Bonn", country="D")}, "invalid_country"),
        ({"end_to_end_id": "/A"}, "reference_slashes"),
        ({"end_to_end_id": "A/"}, "reference_slashes"),
        ({"end_to_end_id": "A//B"}, "reference_slashes"),
        ({"end_to_end_id": "A" * 36}, "text_too_long"),
        ({"end_to_end_id": "A_B"}, "text_not_sepa"),
        ({"creditor_bic": "COBA"}, "invalid_bic"),
        ({"creditor_reference": "RF00"}, "invalid_creditor_reference"),
        ({"amount": Money(100_000_000_000, "EUR")}, "amount_too_large"),
        ({"requested_date": date.max}, "date_too_far"),
        ({"requested_date": date.min}, "date_too_old"),
    ],
)
def test_what_no_bank_would_take_is_refused_at_the_door(
    company: Company, changes: dict[str, Any], code: str
) -> None:
    """Whatever the writer would refuse is refused before anybody is asked to approve it."""
    with pytest.raises(Invalid) as caught:
        company.ask(company.request("S1", **changes))
    assert caught.value.code == code
    assert caught.value.happened.endswith(".")
    assert count_of(company, models.Order) == 0


def test_a_line_of_a_run_over_a_limit_hides_no_other(company: Company) -> None:
    receipt = company.receive(company.run_file({}, {"PAYMENT_DATE": "9999-12-31"}))
    assert outcomes(receipt) == [("accepted", ""), ("refused", "date_too_far")]
    assert "31 Dec 9999" in receipt.lines[1].sentence


def test_many_invoices_are_shortened_visibly(company: Company) -> None:
    invoices = tuple(f"INV-{number:06}" for number in range(40))
    (row,) = company.orders(company.ask(company.request("S1", invoices=invoices)))
    told = row.instruction.remittance
    assert told == f"{', '.join(invoices[:10])} and 30 more"
    assert row.invoices == invoices
    change = {"field": "remittance", "from": ", ".join(invoices), "to": told}
    assert change in row.source_changes


def test_a_day_that_is_over_becomes_today_visibly(company: Company) -> None:
    (row,) = company.orders(company.ask(company.request("S1", requested_date=date(2026, 11, 6))))
    assert row.instruction.requested_date == FRIDAY.date()
    change = {"field": "requested date", "from": "6 Nov 2026", "to": "20 Nov 2026"}
    assert change in row.source_changes


def test_history_may_be_older_and_longer_than_what_we_would_write(company: Company) -> None:
    request = company.request("H1", requested_date=date(2024, 1, 2), payee_name="A" * 200)
    assert payment_intake.import_history(company.job, "erp", [request]) == 1


def test_an_end_to_end_id_like_ours_takes_nothing_from_us(company: Company) -> None:
    """A source used the very words that the next payments would get."""
    theirs = [f"{company.code}-PAY-00003", f"{company.code}-PAY-00003-2"]
    asked = [company.request(f"S{n}", end_to_end_id=theirs[n]) for n in range(2)]
    ids = [*company.ask(*asked), *company.ask(company.request("S3"), company.request("S4"))]
    rows = company.orders(ids)
    assert [row.instruction.end_to_end_id for row in rows] == [
        *theirs, f"{company.code}-PAY-00003-3", f"{company.code}-PAY-00004",
    ]  # fmt: skip
    assert count_of(company, models.Order) == 4


def _blind(question: Question) -> KnownBefore:
    """What is known before, without the ids that are taken."""
    return msgspec.structs.replace(take_numbers(question), taken_end_to_end_ids=set())


def test_an_order_that_is_not_stored_is_not_returned(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    company.ask(company.request("S1", end_to_end_id="E1"))
    monkeypatch.setattr(known_before, "take_numbers", _blind)
    again = company.request("S2", end_to_end_id="E1", invoices=())
    with pytest.raises(Refused) as caught:
        company.ask(company.request("S3"), again)
    assert caught.value.code == "payments_not_stored"
    with pytest.raises(Refused):
        payment_intake.import_history(company.job, "erp", [again])
    assert count_of(company, models.Order) == 1
