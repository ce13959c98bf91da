"""Payments over ACH from end to end: made, written as Nacha, one returned, the others booked."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from nostro.domain.errors import Invalid, Refused
from nostro.domain.local_account import parts
from nostro.domain.order import OrderState
from nostro.domain.party import Account, PayeeAccount, Role
from nostro.domain.payment import Rail, Wishes
from nostro.formats import Profile, documents, identify
from nostro.storage import models, parties
from nostro.storage.tenancy import tenant
from nostro.workflows import answers, approval, change_requests, dispatch
from tests.workflows.bank_words import Booking, camt_053
from tests.workflows.company import FRIDAY, Company
from tests.workflows.test_ach_answers import RDFI, ach_file
from tests.workflows.test_confidential import cleared

OWN = "USABA:091000019:246813570"
SUPPLIERS = {
    "U1": "USABA:021000021:123456789",
    "U2": "USABA:026009593:42-7",
    "U3": "USABA:121000358:5550001:SVGS",
}
OPTIONS = {
    "immediate_destination": "091000019",
    "immediate_destination_name": "GREAT LAKES BANK",
    "immediate_origin": "1234567890",
    "company_ids": {"*": "1234567890"},
}


class American:
    """A company with a dollar account in the United States and three suppliers there."""

    def __init__(self, company: Company) -> None:
        self.company = company
        company.bank.payment_format = lambda rail: (  # type: ignore[method-assign]
            "nacha" if rail.startswith("ach_") else "pain_001"
        )
        with tenant(company.tenant_id):
            row = parties.connection(company.bank_id)
            config = {**row.config, "format_options": {"nacha": OPTIONS}}
            parties.configure_connection(company.bank_id, config)
            new = company.world.ids.new
            (entity,) = (one for one in parties.entities() if one.code == "DE")
            parties.create_account(
                Account(
                    id=str(new()), legal_entity_id=entity.id, connection_id=str(company.bank_id),
                    name="US-USD", iban="", bic="", currency="USD", ledger_account="1850",
                    clearing_account="1950", local_account=OWN,
                )
            )  # fmt: skip
            parties.add_rate(new(), "USD", "EUR", FRIDAY.date(), Decimal("0.9"), "test")
            for number, account in SUPPLIERS.items():
                payee_id = new()
                parties.add_payee(payee_id, number, f"Payee {number}")
                parties.add_payee_account(
                    PayeeAccount(
                        id=str(new()), payee_id=str(payee_id), payee_number=number,
                        payee_name=f"Payee {number}", version=1, iban="", bic="",
                        local_account=account, valid_from=FRIDAY, changed_by="ERP", confirmed=True,
                    )
                )  # fmt: skip

    def request(self, payee: str, minor: int, **more: Any) -> Any:
        told = {"creditor_iban": "", "creditor_account": SUPPLIERS[payee], "currency": "USD"}
        return self.company.request(f"US-{payee}-{minor}", minor, payee=payee, **{**told, **more})

    def file(self, number: int = -1) -> Any:
        content = self.company.bank.received[number].content
        (found,) = documents(identify(content), io.BytesIO(content), Profile())
        return found

    def references(self, ids: list[Any]) -> dict[Any, str]:
        with tenant(self.company.tenant_id):
            rows = models.Attempt.objects.filter(order_id__in=ids)
            return dict(rows.values_list("order_id", "rail_reference"))


@pytest.fixture
def american(company: Company) -> American:
    return American(company)


def test_three_suppliers_are_paid_by_ach_and_one_comes_back(american: American) -> None:
    company = american.company
    ids = company.ask(*(american.request(payee, 10_000 + n) for n, payee in enumerate(SUPPLIERS)))
    rows = company.orders(ids)
    assert {row.state for row in rows} == {OrderState.AWAITING_APPROVAL}
    assert {row.route.rail for row in rows} == {Rail.ACH_CCD}
    assert [row.instruction.creditor_account for row in rows] == list(SUPPLIERS.values())
    company.approve(ids)
    (submission_id,) = company.release()
    dispatch.attend(company.job, submission_id)

    (batch,) = american.file().batches
    assert (batch.local_instrument, batch.own.identifier) == ("CCD", "1234567890")
    told = [
        (one.counterparty_agent.member_id, one.counterparty_account.number, one.amount.minor)
        for one in batch.payments
    ]
    paid = [parts(account) for account in SUPPLIERS.values()]
    assert told == [(one.bank_code, one.number, 10_000 + n) for n, one in enumerate(paid)]
    assert [one.transaction_code for one in batch.payments] == ["22", "22", "32"]
    references = american.references(ids)
    assert [one.end_to_end_id for one in batch.payments] == [references[one] for one in ids]
    assert len({one.rail_reference for one in batch.payments}) == 3

    returned = batch.payments[1]
    addenda = f"799R03{returned.rail_reference}{'':6}{RDFI}{'NO ACCOUNT':<44}"
    entry = (
        "62109100001924681357         "  # Whose bank the sums of the helper count.
        f"{returned.amount.minor:010}{returned.end_to_end_id:<15}{'PAYEE U2':<22}  1"
    )
    back = ach_file(f"{entry}\n{addenda}")
    answers.receive_message(company.job, company.bank_id, "return.ach", back)
    assert company.attempts(ids) == ["delivered", "returned", "delivered"]

    booked = [
        Booking(minor=-10_000, end_to_end_id=references[ids[0]], reference="B1"),
        Booking(minor=-10_002, end_to_end_id=references[ids[2]], reference="B3"),
    ]
    statement = camt_053("X", booked, currency="USD").replace(
        b"<IBAN>X</IBAN>", b"<Othr><Id>246813570</Id></Othr>"
    )
    answers.receive_message(company.job, company.bank_id, "statement.xml", statement)
    assert company.states(ids) == [OrderState.SETTLED, OrderState.RETURNED, OrderState.SETTLED]


def test_long_remittance_goes_as_ctx_and_a_person_as_ppd_in_batches_of_their_own(
    american: American,
) -> None:
    company = american.company
    invoices = tuple(f"INV-{number:05}" for number in range(20))
    ids = company.ask(
        american.request("U1", 500, invoices=invoices),
        american.request("U2", 501, to_person=True, confidential=True),
        american.request("U3", 502, payee_name="Payee U3 Incorporated of Delaware"),
    )
    assert [row.route.rail for row in company.orders(ids)] == [
        Rail.ACH_CTX, Rail.ACH_PPD, Rail.ACH_CCD,
    ]  # fmt: skip
    company.approve([ids[0], ids[2]])
    dispatch.attend(company.job, company.release()[0])
    batches = {batch.local_instrument: batch for batch in american.file().batches}
    assert set(batches) == {"CTX", "CCD"}
    assert batches["CTX"].payments[0].remittance == (", ".join(invoices),)
    assert batches["CCD"].payments[0].counterparty.name == "Payee U3 Incorporated"
    (row,) = company.orders(ids[2:])
    assert {"field": "payee name", "from": "Payee U3 Incorporated of Delaware",
            "to": "Payee U3 Incorporated"} in row.source_changes  # fmt: skip


def test_wages_are_described_so_whatever_the_banks_profile_says(american: American) -> None:
    company = american.company
    with tenant(company.tenant_id):
        row = parties.connection(company.bank_id)
        told = {"nacha": {**OPTIONS, "entry_description": "VENDOR PAY"}}
        parties.configure_connection(company.bank_id, {**row.config, "format_options": told})
    ids = company.ask(
        american.request("U1", 510),
        american.request("U2", 511, to_person=True, confidential=True),
        american.request("U3", 512, to_person=True),
    )
    clerks = (
        cleared(company, "Pia Payroll", Role.APPROVER),
        cleared(company, "Pat Payroll", Role.APPROVER),
    )
    for clerk in clerks:
        approval.approve(company.acting(clerk), clerk, ids, company.seen(ids))
    dispatch.attend(company.job, company.release()[0])
    described = {
        (batch.local_instrument, batch.entry_description) for batch in american.file().batches
    }
    assert described == {("CCD", "VENDOR PAY"), ("PPD", "PAYROLL"), ("PPD", "VENDOR PAY")}


def test_wages_are_known_by_their_purpose_too(american: American) -> None:
    company = american.company
    wages = Wishes(purpose="SALA")
    ids = company.ask(
        american.request("U1", 520, to_person=True, wishes=wages),
        american.request("U2", 521, to_person=True),
    )
    company.approve(ids)
    dispatch.attend(company.job, company.release()[0])
    assert {
        (batch.entry_description, len(batch.payments)) for batch in american.file().batches
    } == {("PAYROLL", 1), ("PAYMENT", 1)}


def test_wages_between_companies_wait_for_a_person(american: American) -> None:
    told = american.request("U1", 530, wishes=Wishes(category_purpose="BONU"), rail=Rail.ACH_CCD)
    company = american.company
    (row,) = company.orders(company.ask(told))
    assert row.state is OrderState.HELD
    with tenant(company.tenant_id):
        codes = models.Hold.objects.filter(order_id=row.id).values_list("code", flat=True)
        assert list(codes) == ["wages_between_companies"]


def test_a_file_for_each_format_and_no_modifier_twice_a_day(american: American) -> None:
    company = american.company
    modifiers = []
    for minor in (600, 601):
        ids = company.ask(
            american.request("U1", minor), american.request("U2", minor, rail=Rail.FEDWIRE)
        )
        company.approve(ids)
        built = company.release()
        assert len(built) == 2
        for one in built:
            dispatch.attend(company.job, one)
        formats = {identify(one.content).name for one in company.bank.received[-2:]}
        assert formats == {"nacha", "pain_001"}
        (nacha,) = (
            number for number in (-1, -2)
            if identify(company.bank.received[number].content).name == "nacha"
        )  # fmt: skip
        modifiers.append(dict(american.file(nacha).codes)["file_id_modifier"])
    assert len(set(modifiers)) == 2


def test_an_account_that_differs_from_the_payees_holds_the_payment(american: American) -> None:
    company = american.company
    (order_id,) = company.ask(
        american.request("U1", 700, creditor_account="USABA:021000021:999999999")
    )
    (row,) = company.orders([order_id])
    assert row.state is OrderState.HELD
    with tenant(company.tenant_id):
        hold = models.Hold.objects.get(order_id=order_id)
    assert hold.code == "account_differs"
    assert "ending 9999" in hold.sentence
    assert "ends 6789" in hold.sentence


def test_a_payment_run_names_accounts_without_iban(american: American) -> None:
    company = american.company
    american_bank = {"COUNTRY": "US", "IBAN": "", "BIC": "", "CURRENCY": "USD"}
    numbers = {"BANK_CODE": "021000021", "ACCOUNT_NO": "1234 56789"}
    content = company.run_file(
        {"VENDOR": "U1", **american_bank}, {"VENDOR": "U1", **american_bank}, {"VENDOR": "V1"}
    )
    lines = content.decode().splitlines()
    titles = ";".join((lines[0], *numbers, "ACCOUNT_SCHEME"))
    told = [";".join(numbers.values()) + ";", "021000022;1;", ";;"]
    rows = [f"{line};{more}" for line, more in zip(lines[1:4], told, strict=True)]
    receipt = company.receive("\n".join([titles, *rows, lines[4]]).encode())
    assert [(line.outcome, line.code) for line in receipt.lines] == [
        ("accepted", ""), ("refused", "invalid_local_account"), ("accepted", ""),
    ]  # fmt: skip
    with tenant(company.tenant_id):
        found = dict(models.Order.objects.values_list("payee_number", "creditor_account"))
    assert found == {"U1": SUPPLIERS["U1"], "V1": ""}


def test_a_payee_gets_an_account_without_iban_by_four_eyes(american: American) -> None:
    company = american.company
    clerk = company._member("Cora Clerk", frozenset({Role.MAKER}))
    with tenant(company.tenant_id):
        company.employ(clerk)
    wanted = {"number": "U1", "account": "usaba:026009593:77"}
    asked = change_requests.ask(company.acting(clerk), clerk, "payee_account", wanted, "moved")
    change_requests.agree(company.acting(company.cy), company.cy, asked, "checked")
    with tenant(company.tenant_id):
        account = parties.current_payee_accounts(["U1"])["U1"]
    assert (account.version, account.number) == (2, "USABA:026009593:77")
    for twice in ({"iban": "NL20INGB0001234567"}, {"account": "USABA:1:1"}):
        with pytest.raises(Invalid) as told:
            change_requests.ask(
                company.acting(clerk), clerk, "payee_account", {**wanted, **twice}, "again"
            )
        assert told.value.code == "invalid_local_account"


def test_who_changed_the_account_has_no_say_in_a_payment_to_it_and_in_no_other(
    american: American,
) -> None:
    company = american.company
    with tenant(company.tenant_id):
        payee = parties.payee_named("U1")
        assert payee
        parties.add_payee_account(
            PayeeAccount(
                id=str(company.world.ids.new()), payee_id=str(payee[0]), payee_number="U1",
                payee_name="Payee U1", version=2, iban="", bic="", local_account=SUPPLIERS["U1"],
                valid_from=FRIDAY, changed_by="Ann", confirmed=True,
            ),
            UUID(company.ann.id),
        )  # fmt: skip
    ours, other = company.ask(american.request("U1", 800), american.request("U2", 801))
    acting = company.acting(company.ann)
    approval.approve(acting, company.ann, [other], company.seen([other]))
    with pytest.raises(Refused) as told:
        approval.approve(acting, company.ann, [ours], company.seen([ours]))
    assert told.value.code == "payee_editor_cannot_approve"


def test_a_rail_without_a_place_in_the_banks_files_stops_no_other(american: American) -> None:
    company = american.company
    wire, ours = company.ask(
        american.request("U1", 900, rail=Rail.FEDWIRE), american.request("U2", 901)
    )
    company.approve([wire, ours])
    company.bank.payment_format = lambda rail: "nacha"  # type: ignore[method-assign]
    assert len(company.release()) == 1
    assert company.states([wire]) == [OrderState.HELD]
    assert company.attempts([ours]) == ["prepared"]
    assert any("takes no payments by Fedwire" in sentence for _, sentence in company.cases())
    with pytest.raises(Invalid, match="takes no payments by Fedwire"):
        company.ask(american.request("U3", 902, rail=Rail.FEDWIRE))
