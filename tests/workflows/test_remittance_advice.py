"""A payee is told of his money once it has gone, in every form the same; never before."""

from __future__ import annotations

import io
import re
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostro.domain.errors import Invalid, Refused
from nostro.domain.money import Money
from nostro.domain.order import OrderState
from nostro.domain.party import PostalAddress
from nostro.domain.payee_advice import PaidInvoice, PaidPayment, PayeeAdvice, check_paid, is_paid
from nostro.domain.payee_remittance import remittance_of
from nostro.domain.remittance import RemittanceAdvice
from nostro.formats import Profile
from nostro.formats.american import x12_820
from nostro.storage.tenancy import tenant
from nostro.workflows import remittance_advice
from nostro.workflows.remittance_advice import AdviceFormat, write
from tests.formats.test_x12_820 import plain
from tests.letters.test_bank_letter import read
from tests.workflows.booking_words import Sent
from tests.workflows.company import Company

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
ADVICE = PayeeAdvice(
    brand_name="Harbour Treasury",
    payer_code="VH-DE",
    payer_name="Vesterholt Group SE",
    payer_address=PostalAddress(
        street="Hafenstraße", building="12", post_code="20457", town="Hamburg", country="DE"
    ),
    payee_number="V-2210",
    payee_name="Papier Huber GmbH",
    payments=(
        PaidPayment(
            order_id="0193460a-0000-7000-8000-00000000002a",
            number="P-000042",
            amount=Money(123456, "EUR"),
            executed_on=date(2026, 11, 20),
            rail="sepa_credit_transfer",
            end_to_end_id="E2E-42",
            uetr="00000000-0000-4000-8000-000000000042",
            account_ending="3000",
            invoices=(
                PaidInvoice(number="R-881", amount=Money(123000, "EUR")),
                PaidInvoice(number="R-882"),
            ),
        ),
    ),
)


def of(company: Company, order_id: UUID, form: str = "text", **more: Any) -> bytes:
    with tenant(company.tenant_id):
        made = remittance_advice.of_payment(company.acting(), order_id, AdviceFormat(form), **more)
    return made.content


def code_for(company: Company, order_id: UUID) -> str:
    with pytest.raises(Refused) as caught:
        of(company, order_id)
    return caught.value.code


def advices(content: bytes) -> list[RemittanceAdvice]:
    found = list(x12_820.read(io.BytesIO(content), Profile()))
    assert all(isinstance(one, RemittanceAdvice) for one in found), found
    return [one for one in found if isinstance(one, RemittanceAdvice)]


def words(content: bytes) -> str:
    return re.sub(r"\s+", " ", read(content, "pdftotext", "-layout"))


@pytest.mark.parametrize("state", OrderState)
def test_only_executed_payments_are_told(state: OrderState) -> None:
    if state in (OrderState.EXECUTED, OrderState.SETTLED):
        check_paid("P-1", state)
        assert is_paid(state)
        return
    with pytest.raises(Refused) as caught:
        check_paid("P-1", state)
    came_back = {"returned", "partially_returned", "recalled"}
    never = {"invalid", "denied", "cancelled", "expired", "rejected", "failed"}
    expected = "payment_came_back" if state in came_back else "never_executed"
    assert caught.value.code == (
        expected if state in came_back | never else "not_executed_yet"
    )  # fmt: skip


def test_not_before_and_not_after_it_came_back(company: Company) -> None:
    waiting = company.ask(company.request("W"))[0]
    assert code_for(company, waiting) == "not_executed_yet"
    sent = Sent(company)
    assert code_for(company, sent.ids[0]) == "not_executed_yet"
    sent.hears(sent.report((0, "ACSC", "")))
    told = of(company, sent.ids[0]).decode()
    row = company.orders(sent.ids)[0]
    for part in (
        *("Executed on     20 November 2026", "100.00 EUR", sent.keys[0], "DE Müller GmbH"),
        *("Payee V1", "INV-P0  100.00 EUR", row.number, row.instruction.creditor_iban[-4:]),
    ):
        assert part in told, (part, told)
    assert row.instruction.creditor_iban not in told
    assert code_for(company, sent.ids[1]) == "not_executed_yet"
    sent.hears(sent.camt("053", sent.debit(0), sent.back(0)))
    assert company.states(sent.ids)[0] == OrderState.RETURNED
    assert code_for(company, sent.ids[0]) == "payment_came_back"


def test_every_form_says_the_same(company: Company) -> None:
    sent = Sent(company, 1)
    sent.hears(sent.report((0, "ACSC", "")))
    (advice,) = advices(of(company, sent.ids[0], "x12_820"))
    with tenant(company.tenant_id):
        attempt = company.attempts(sent.ids)
    assert attempt == ["executed"]
    assert (advice.amount, advice.effective) == (Money(10000, "EUR"), date(2026, 11, 20))
    assert (advice.trace, advice.direction, advice.handling) == (sent.keys[0], "C", "I")
    assert [(one.number, one.paid) for one in advice.documents] == [("INV-P0", Money(10000, "EUR"))]
    payee, payer = advice.party("PE"), advice.party("PR")
    assert payee
    assert payer
    assert (payee.name, payee.id, payer.name) == ("Payee V1", "V1", "DE Müller GmbH")
    uetr = dict(advice.references)["ZZ"]
    text, letter = of(company, sent.ids[0]).decode(), words(of(company, sent.ids[0], "pdf"))
    for part in (uetr, sent.keys[0], "INV-P0", "100.00 EUR", "20 November 2026", "Test partner"):
        assert part in letter, part
        assert part in text or part == "Test partner", part


def test_the_day_of_a_booking_is_the_day(company: Company) -> None:
    sent = Sent(company, 1)
    company.clock.advance(days=3)
    sent.hears(sent.camt("053", sent.debit(0)))
    assert company.states(sent.ids) == [OrderState.SETTLED]
    assert "Executed on     20 November 2026" in of(company, sent.ids[0]).decode()


def test_one_advice_for_a_payee_and_a_day(company: Company) -> None:
    sent = Sent(company, 3)
    other = Sent(company, 1, prefix="O", payee="V2")
    sent.hears(sent.report((0, "ACSC", ""), (1, "ACSC", ""), (2, "RJCT", "AC04")))
    other.hears(other.report((0, "ACSC", "")))
    told = of(company, sent.ids[0], whole_day=True).decode()
    assert "200.01 EUR in 2 payments" in told
    assert [key in told for key in (*sent.keys, *other.keys)] == [True, True, False, False]
    both = advices(of(company, sent.ids[1], "x12_820", whole_day=True))
    assert [one.trace for one in both] == [sent.keys[1], sent.keys[0]]
    shown = [told["name"] for told in company.events("evidence.revealed")]
    assert shown == ["remittance advice"] * 4


def test_there_is_no_such_payment(company: Company) -> None:
    assert code_for(company, company.bank_id) == "payment_unknown"


def test_the_written_text() -> None:
    assert (
        write(ADVICE, AdviceFormat.TEXT, AT).content.decode()
        == """\
Remittance advice: 1,234.56 EUR from Vesterholt Group SE

Paid by         Vesterholt Group SE
                Hafenstraße 12
                20457 Hamburg
                DE
Paid to         Papier Huber GmbH
Your number     V-2210
Executed on     20 November 2026

Payment         P-000042
Amount          1,234.56 EUR
To account      ending in 3000
End-to-end id   E2E-42
UETR            00000000-0000-4000-8000-000000000042
For invoice     R-881  1,230.00 EUR
                R-882

The bank has executed this payment. When you can use the money depends on your bank.
Please do not answer with bank details: a new account is never taken from a mail.
"""
    )


def test_a_thousand_invoices_are_all_there_and_pages_follow() -> None:
    invoices = tuple(PaidInvoice(number=f"INVOICE-{n:05}") for n in range(1000))
    paid = msgspec.structs.replace(ADVICE.payments[0], invoices=invoices)
    advice = msgspec.structs.replace(ADVICE, payments=(paid, ADVICE.payments[0]))
    data = write(advice, AdviceFormat.PDF, AT).content
    told = read(data)
    assert all(one.number in told for one in invoices)
    pages = int(re.search(r"Pages:\s+(\d+)", read(data, "pdfinfo")).group(1))  # type: ignore[union-attr]
    assert [f"Page {n}" in told for n in range(1, pages + 2)] == [True] * pages + [False]
    assert write(advice, AdviceFormat.PDF, AT).content == data


NUMBERS = st.integers(1, 10**12)
TEXTS = st.text("aZ09 !*>~|^\\äß中'\"&", max_size=150)


@given(
    name=TEXTS, text=TEXTS, number=TEXTS.filter(lambda t: t.strip()), minor=st.integers(1, 10**12)
)
def test_what_x12_carries_is_read_back_the_same(
    name: str, text: str, number: str, minor: int
) -> None:
    """Whatever names and texts hold: read by our own reader it is the same, or it is refused."""
    invoice = PaidInvoice(number=" ".join(number.split()), amount=Money(minor, "EUR"))
    paid = msgspec.structs.replace(
        ADVICE.payments[0], text=text, amount=Money(minor, "EUR"), invoices=(invoice,)
    )
    advice = msgspec.structs.replace(ADVICE, payee_name=f"X {name}", payments=(paid,))
    try:
        content = write(advice, AdviceFormat.X12_820, AT).content
    except Invalid as error:
        assert error.code == "x12_delimiter_in_text"  # noqa: PT017 - any other code fails
        assert set("*>~") & set(name + text + number)
        assert set("|^\\") & set(name + text + number)
        assert set("!<`") & set(name + text + number)
        return
    (found,) = list(x12_820.read(io.BytesIO(content), Profile()))
    assert plain(found) == plain(remittance_of(advice, paid, AT))


@given(TEXTS)
def test_nobody_writes_lines_of_our_text(name: str) -> None:
    """A name cannot begin a line of its own, nor turn the reading of one around."""
    forged = msgspec.structs.replace(ADVICE, payee_name=f"{name}\r\nTo account: \u202e{name}\x00")
    told = write(forged, AdviceFormat.TEXT, AT).content.decode()
    usual = write(ADVICE, AdviceFormat.TEXT, AT).content.decode()
    assert len(told.splitlines()) == len(usual.splitlines())
    assert not {"\u202e", "\x00", "\r"} & set(told)
