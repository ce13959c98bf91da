"""Payment runs that come as a workbook or as an ERP's own ACH file: the same care as for a list."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Any

import pytest

from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.payment_file import (
    Address,
    Agent,
    BankAccount,
    Method,
    Party,
    Payment,
    PaymentBatch,
    PaymentFile,
)
from nostro.formats.american.nacha_layout import check_digit
from nostro.storage import models
from nostro.storage.tenancy import tenant
from nostro.workflows import payment_intake
from nostro.workflows.run_reading import PORTION
from tests.formats.samples import write
from tests.formats.workbooks import workbook
from tests.workflows.company import PROFILE, Company

ODFI = "09100001"
ROUTING = ODFI + check_digit(ODFI)


def outcomes(receipt: payment_intake.RunReceipt) -> list[tuple[str, str]]:
    return [(line.outcome, line.code) for line in receipt.lines]


# Workbooks.


def as_workbook(run: bytes, **kinds: str) -> bytes:
    """A run in text as a workbook; `kinds` puts "n:" before the cells of a column, say."""
    titles, *rows = csv.reader(io.StringIO(run.decode()), delimiter=";")
    body = [
        [kinds.get(title, "") + cell for title, cell in zip(titles, row, strict=False)]
        if row[0] != "TRAILER"
        else row
        for row in rows
    ]
    return workbook([titles, *body])


def test_a_workbook_is_taken_as_the_same_list_in_text_is(company: Company) -> None:
    run = company.run_file(
        {}, {"VENDOR": "V77"}, {"IBAN": "NL00FIKT0123456789"}, {"AMOUNT": "9.10"}
    )
    receipt = company.receive(as_workbook(run, AMOUNT="n:"), "run.xlsx")
    assert outcomes(receipt) == [
        ("accepted", ""), ("held", "payee_unknown"), ("refused", "invalid_iban"), ("accepted", ""),
    ]  # fmt: skip
    ids = [line.order_id for line in receipt.lines if line.order_id]
    told = [row.instruction.amount for row in company.orders(ids)]
    assert told == [Money(101_00, "EUR"), Money(102_00, "EUR"), Money(9_10, "EUR")]
    again = company.receive(as_workbook(run, AMOUNT="n:"), "copy.xlsx")
    assert again.repeated
    assert [outcome for outcome, _ in outcomes(company.receive(run, "run.csv"))] == [
        "repeated", "repeated", "refused", "repeated",
    ]  # fmt: skip


def test_an_amount_finer_than_its_currency_is_refused_and_never_rounded(company: Company) -> None:
    run = company.run_file({}, {})
    odd = run.replace(b";102.00;", b";102.00000000000001;")
    with pytest.raises(Invalid) as caught:
        company.receive(as_workbook(odd, AMOUNT="n:"), "run.xlsx")
    assert caught.value.code == "run_totals_unproven"
    assert "more decimals than EUR allows" in caught.value.happened


def test_a_workbook_whose_totals_do_not_fit_is_refused_whole(company: Company) -> None:
    run = company.run_file({}, {}, trailer="TRAILER;2;EUR=1.00\n")
    with pytest.raises(Invalid) as caught:
        company.receive(as_workbook(run), "run.xlsx")
    assert caught.value.code == "run_totals_mismatch"
    assert company.events("run.refused")[0]["code"] == "run_totals_mismatch"


def test_a_long_workbook_is_known_by_who_brings_it_and_taken_once(company: Company) -> None:
    """Its titles lie behind the first bytes, as in files of spreadsheet programs."""
    count = PORTION + 5
    run = company.run_file(*({"VENDOR": "V1", "INVOICES": f"I{n}"} for n in range(count)))
    filler = f"<!--{'x' * 20_000}-->"
    titles, *rows = csv.reader(io.StringIO(run.decode()), delimiter=";")
    file = workbook([titles, *rows], head=filler)
    heard: list[tuple[int, int]] = []
    begun = payment_intake.import_run(
        company.acting(), "erp", "run.xlsx", io.BytesIO(file), PROFILE,
        lambda done, of: heard.append((done, of)),
    )  # fmt: skip
    assert heard == [(PORTION, count), (count, count)]
    again = payment_intake.import_run(
        company.acting(), "erp", "b.xlsx", io.BytesIO(file), PROFILE, lambda _d, _o: None
    )
    assert (again.run_id, again.repeated) == (begun.run_id, True)
    with tenant(company.tenant_id):
        assert models.Order.objects.count() == count


# ACH files.


def entry(number: int, account: str, **more: Any) -> Payment:
    """An international entry: the only kind in which an account can be an IBAN."""
    told: dict[str, Any] = {
        "end_to_end_id": "",
        "amount": Money(100_00 + number, "USD"),
        "counterparty": Party(
            name=f"PAYEE {number}",
            address=Address(
                street="KADE 1", town="UTRECHT", subdivision="UT", country="NL", post_code="1011"
            ),
        ),
        "counterparty_account": BankAccount(number=account, scheme="BBAN", kind="CACC"),
        "counterparty_agent": Agent(
            name="FIKTIV BANK", bic="FIKTNL2A", address=Address(country="NL")
        ),
        "rail_reference": f"{ODFI}{number:07}",
        "transaction_code": "22",
        "remittance": (f"INV-{number}",),
        "ultimate_debtor": Party(
            name="US CORP",
            address=Address(
                street="MAIN 1", town="BOSTON", subdivision="MA", country="US", post_code="02101"
            ),
        ),
        "codes": (
            ("transaction_type", "BUS"),
            ("odfi", f"{'OUR BANK':<35}01091000019{'':25}US"),
            ("receiving_dfi", ROUTING),
        ),
    }
    return Payment(**told | more)


def domestic(number: int) -> Payment:
    return Payment(
        end_to_end_id=f"ID{number}",
        amount=Money(55_00, "USD"),
        counterparty=Party(name="LOCAL PAYEE"),
        counterparty_account=BankAccount(number="123456789", scheme="BBAN", kind="CACC"),
        counterparty_agent=Agent(clearing_system="USABA", member_id=ROUTING),
        rail_reference=f"{ODFI}{number:07}",
        transaction_code="22",
    )


def batch(number: int, *payments: Payment, sec_code: str = "IAT", **more: Any) -> PaymentBatch:
    told: dict[str, Any] = {
        "batch_id": f"{number:07}",
        "method": Method.TRANSFER,
        "requested_date": date(2026, 11, 23),
        "own": Party(name="" if sec_code == "IAT" else "US CORP", identifier="DE", scheme="CUST"),
        "own_agent": Agent(clearing_system="USABA", member_id=ODFI),
        "local_instrument": sec_code,
        "entry_description": "SUPPLIERS",
        "service_class": "220",
        "codes": (("destination_currency", "USD"),) if sec_code == "IAT" else (),
        "payments": payments,
    }
    return PaymentBatch(**told | more)


def ach_file(*batches: PaymentBatch, created_at: str = "2026-11-20T08:00") -> bytes:
    return write(
        "nacha",
        PaymentFile(
            message_id="",
            created_at=created_at,
            initiator=Party(name="US CORP", identifier="1234567890", scheme="CUST"),
            forwarding_agent=Agent(name="OUR BANK", member_id=ROUTING, clearing_system="USABA"),
            codes=(("file_id_modifier", "A"),),
            batches=batches,
        ),
    )


def test_an_ach_credit_to_an_iban_becomes_a_payment(company: Company) -> None:
    file = ach_file(batch(1, entry(1, company.payees["V1"]), entry(2, company.payees["V2"])))
    receipt = company.receive(file, "run.ach")
    assert outcomes(receipt) == [("accepted", "")] * 2
    ids = [line.order_id for line in receipt.lines if line.order_id]
    first, _ = company.orders(ids)
    assert first.instruction.amount == Money(100_01, "USD")
    assert first.instruction.creditor_iban == company.payees["V1"]
    assert first.instruction.creditor_bic == "FIKTNL2A"
    assert first.instruction.requested_date == date(2026, 11, 23)
    assert first.instruction.remittance == "INV-1"
    assert first.route.debtor_iban == company.accounts["DE-USD"]
    left = {change["field"] for change in first.source_changes}
    assert {"ultimate debtor", "local instrument", "transaction_type"} <= left


def test_lines_that_no_order_of_ours_can_name_are_refused_alone(company: Company) -> None:
    announced = entry(3, company.payees["V3"], amount=Money(0, "USD"), transaction_code="23")
    file = ach_file(
        batch(1, entry(1, company.payees["V1"]), announced),
        batch(2, domestic(4), sec_code="CCD"),
        batch(3, entry(5, company.payees["V2"]), codes=(("destination_currency", "EUR"),)),
        batch(4, entry(6, company.payees["V2"]), requested_date=None),
        batch(5, entry(7, company.payees["V2"]), own=Party(identifier="FR", scheme="CUST")),
    )
    receipt = company.receive(file, "run.ach")
    assert outcomes(receipt) == [
        ("accepted", ""),
        ("refused", "prenotification"),
        ("refused", "account_without_iban"),
        ("refused", "equivalent_amount"),
        ("refused", "date_missing"),
        ("refused", "entity_unknown"),
    ]
    assert "ID4 pays to an account without IBAN" in receipt.lines[2].sentence


def test_next_weeks_file_is_paid_although_it_says_the_same(company: Company) -> None:
    """ACH files number their batches from one and repeat their ids: they are no repetition."""
    same = entry(1, company.payees["V1"], remittance=("RENT",))
    first = company.receive(ach_file(batch(1, same)), "w1.ach")
    later = company.receive(ach_file(batch(1, same), created_at="2026-11-27T08:00"), "w2.ach")
    assert outcomes(first) == [("accepted", "")]
    assert outcomes(later) == [("held", "duplicate_suspected")]
    assert company.receive(ach_file(batch(1, same)), "w1 again.ach").repeated


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda file: file.replace(b"000000010001", b"000000010099"), "control_total_wrong"),
        (lambda file: file + file, "duplicate_file"),
        (lambda file: file.replace(b"2611200800", b"          "), "file_not_named"),
    ],
)
def test_an_ach_file_that_contradicts_itself_is_refused_whole(
    company: Company, spoil: Any, code: str
) -> None:
    file = ach_file(batch(1, entry(1, company.payees["V1"])))
    with pytest.raises(Invalid) as caught:
        company.receive(spoil(file), "run.ach")
    assert caught.value.code == code
    with tenant(company.tenant_id):
        assert models.Order.objects.count() == 0
