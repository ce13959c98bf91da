"""Credit notes are kept and never paid; netting them is proposed and changes no payment."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
import pytest

from nostro.domain.credit_note import CreditNoteState, NewCreditNote
from nostro.domain.errors import Invalid, NotAllowed, Refused
from nostro.domain.money import Money
from nostro.domain.netting import NettingState, Proposal
from nostro.domain.order import OrderState
from nostro.domain.party import Grant, Role
from nostro.domain.policies.recall import RecallReason
from nostro.storage import credit_notes, models, nettings
from nostro.storage.tenancy import tenant
from nostro.workflows import cancelling, dispatch, netting, payment_intake
from nostro.workflows import credit_notes as work
from nostro.workflows.cancelling import Wish
from nostro.workflows.correction import Correction
from nostro.workflows.reissue import reissue
from tests.workflows.company import PROFILE, Company

WISH = Wish(reason=RecallReason.CUSTOMER, text="netted")


def note(reference: str = "C1", minor: int = 30_00, **more: Any) -> NewCreditNote:
    told = {
        "reference": reference, "document": "CN-77", "entity_code": "DE", "payee_number": "V1",
        "amount": Money(minor, more.pop("currency", "EUR")),
    }  # fmt: skip
    return NewCreditNote(**{**told, **more})


def give(company: Company, *notes: NewCreditNote, source: str = "erp") -> list[UUID]:
    return work.give(company.acting(), company.maker, source, list(notes))


def possible(company: Company, number: str = "V1") -> list[Proposal]:
    with tenant(company.tenant_id):
        return netting.possible(number)


def propose(company: Company) -> UUID:
    (one,) = possible(company)
    return netting.propose(company.acting(), company.maker, "V1", one.digest)


def state_of(company: Company, netting_id: UUID) -> NettingState:
    with tenant(company.tenant_id):
        row = nettings.netting(netting_id)
        assert row
        return row.state


def left_of(company: Company, note_id: UUID) -> tuple[int, CreditNoteState]:
    with tenant(company.tenant_id):
        row = credit_notes.credit_note(note_id)
        assert row
        return row.left.minor, row.state


def whole_orders(company: Company) -> list[dict[str, Any]]:
    """Every column of every payment."""
    with tenant(company.tenant_id):
        return [dict(row) for row in models.Order.objects.order_by("id").values()]


def test_lines_below_zero_are_kept_and_told_and_pay_nobody(company: Company) -> None:
    rows = ({"AMOUNT": "100.00", "VENDOR": "V1"}, {"AMOUNT": "-30.00", "VENDOR": "V1", "IBAN": ""})
    receipt = company.receive(company.run_file(*rows))
    accepted, owed = receipt.lines
    assert accepted.outcome == "accepted"
    assert (owed.outcome, owed.code, owed.order_id) == ("refused", "credit_note", None)
    assert "kept as a credit note" in owed.sentence
    with tenant(company.tenant_id):
        (row,) = credit_notes.open_of("V1", 10)
        assert models.PaymentRun.objects.get().state == "complete"
    assert (row.amount.minor, row.reference, row.line) == (30_00, "R1-2", owed.line)
    assert (row.run_id, row.document) == (receipt.run_id, "INV-2")
    (one,) = possible(company)
    assert (one.total.minor, one.less.minor, one.net.minor) == (100_00, 30_00, 70_00)
    assert len(company.events("credit_note.received")) == 1


def test_a_line_below_zero_comes_again_in_another_run(company: Company) -> None:
    line = {"AMOUNT": "-30.00", "VENDOR": "V1"}
    company.receive(company.run_file(line))
    (again,) = company.receive(company.run_file({**line, "REFERENCE": "again"})).lines
    assert (again.outcome, again.code) == ("repeated", "repeated")
    (other,) = company.receive(company.run_file({**line, "AMOUNT": "-31.00"})).lines
    assert (other.outcome, other.code) == ("refused", "credit_note_reference_used")
    with tenant(company.tenant_id):
        assert models.CreditNote.objects.count() == 1


def test_nothing_of_a_confidential_run_is_kept(company: Company) -> None:
    content = company.run_file({"AMOUNT": "-30.00", "VENDOR": "V1"})
    receipt = payment_intake.receive_run(
        company.acting(), "erp", "pay.csv", content, PROFILE, confidential=True
    )
    assert [(line.outcome, line.code) for line in receipt.lines] == [("refused", "credit_note")]
    with tenant(company.tenant_id):
        assert not models.CreditNote.objects.exists()
    unknown = company.run_file({"AMOUNT": "-30.00", "VENDOR": "V1", "COMPANY_CODE": "XX"})
    (line,) = company.receive(unknown).lines
    assert (line.outcome, line.code) == ("refused", "entity_unknown")


def test_a_proposal_changes_no_payment_until_its_source_does(company: Company) -> None:
    ids = company.pay(2)
    (note_id,) = give(company, note(minor=150_00))
    before = whole_orders(company)
    row_id = propose(company)
    assert possible(company) == []  # It waits; nothing of it is proposed twice.
    netting.send(company.acting(), company.maker, row_id, "Ms Lind, ticket 7")
    assert whole_orders(company) == before
    with pytest.raises(Refused, match=r"is (approved|scheduled) with 100") as standing:
        netting.take(company.acting(), company.maker, row_id)
    assert standing.value.code == "netting_not_followed"
    assert left_of(company, note_id) == (150_00, CreditNoteState.OPEN)
    cancelling.take_back(company.acting(), company.maker, ids, WISH)
    before = whole_orders(company)
    netting.take(company.acting(), company.maker, row_id)
    assert whole_orders(company) == before
    assert state_of(company, row_id) is NettingState.TAKEN
    assert left_of(company, note_id) == (0, CreditNoteState.USED)
    told = company.events("netting.moved")
    assert [one["state_after"] for one in told] == ["sent", "taken"]
    (proposed,) = company.events("netting.proposed")
    assert proposed["less"] == "150.00 EUR"
    assert [one["new_amount"] for one in proposed["payments"]] == ["0.00 EUR", "50.01 EUR"]


def test_a_payment_made_again_in_full_has_not_followed_its_proposal(company: Company) -> None:
    (old,) = company.pay(1)
    (note_id,) = give(company, note())
    row_id = propose(company)
    netting.send(company.acting(), company.maker, row_id, "Ms Lind")
    cancelling.take_back(company.acting(), company.maker, [old], WISH)
    again = reissue(company.acting(), company.maker, old, Correction(), "by mistake")
    with pytest.raises(Refused, match=r"with 100") as standing:
        netting.take(company.acting(), company.maker, row_id)
    assert standing.value.code == "netting_not_followed"
    assert left_of(company, note_id) == (30_00, CreditNoteState.OPEN)
    cancelling.take_back(company.acting(), company.maker, [again], WISH)
    less = Correction(amount=Money(70_00, "EUR"))
    reissue(company.acting(), company.maker, again, less, "less the credit note")
    netting.take(company.acting(), company.maker, row_id)
    assert left_of(company, note_id) == (0, CreditNoteState.USED)


def test_what_left_as_it_was_is_not_said_to_be_netted(company: Company) -> None:
    ids = company.pay(1)
    (note_id,) = give(company, note())
    row_id = propose(company)
    for submission_id in company.release():
        dispatch.attend(company.job, submission_id)
    assert company.states(ids) == [OrderState.IN_FLIGHT]
    with pytest.raises(Refused, match="not as it was") as outdated:
        netting.send(company.acting(), company.maker, row_id, "Ms Lind")
    assert outdated.value.code == "netting_outdated"
    with pytest.raises(NotAllowed):
        netting.take(company.acting(), company.maker, row_id)
    netting.dismiss(company.acting(), company.maker, row_id, "it had left")
    assert left_of(company, note_id) == (30_00, CreditNoteState.OPEN)
    assert possible(company) == []  # Nothing is here to take it off.


def test_what_was_dismissed_comes_back_only_with_something_new(company: Company) -> None:
    company.pay(1)
    give(company, note())
    (one,) = possible(company)
    with pytest.raises(Invalid, match="reason"):
        netting.dismiss_possible(company.acting(), company.maker, "V1", one.digest, " ")
    netting.dismiss_possible(company.acting(), company.maker, "V1", one.digest, "they send cash")
    assert possible(company) == []
    assert company.events("netting.moved")[0]["text"] == "they send cash"
    give(company, note("C2", 5_00))
    assert [one.less.minor for one in possible(company)] == [35_00]


def test_what_was_shown_is_what_is_proposed(company: Company) -> None:
    company.pay(1)
    (note_id,) = give(company, note())
    (one,) = possible(company)
    work.withdraw(company.acting(), company.maker, note_id, "used in the ERP")
    assert left_of(company, note_id) == (30_00, CreditNoteState.WITHDRAWN)
    with pytest.raises(Refused, match="not as they were shown"):
        netting.propose(company.acting(), company.maker, "V1", one.digest)
    with pytest.raises(NotAllowed):
        work.withdraw(company.acting(), company.maker, note_id, "again")


def test_confidential_payments_are_never_netted(company: Company) -> None:
    company.ask(company.request("SECRET", 500_00, confidential=True))
    give(company, note())
    assert possible(company) == []


def test_notes_of_others_do_not_meet_his_payments(company: Company) -> None:
    company.pay(1)
    give(company, note("C1", entity_code="NL"), note("C2", currency="USD"))
    give(company, note("C3", payee_number="V2"))
    assert possible(company) == []


def test_what_cannot_be_a_credit_note_is_refused_whole(company: Company) -> None:
    for wrong, code in (
        (note("C9", 0), "credit_note_amount"),
        (note("C9", -5), "credit_note_amount"),
        (note("C9", payee_number=" "), "credit_note_incomplete"),
        (note("C9", entity_code="XX"), "entity_unknown"),
    ):
        with pytest.raises(Invalid) as told:
            give(company, note(), wrong)
        assert told.value.code == code
    with tenant(company.tenant_id):
        assert not models.CreditNote.objects.exists()
    first = give(company, note())
    assert give(company, note()) == first
    with pytest.raises(Refused, match="another amount"):
        give(company, note(minor=31_00))


def test_who_makes_no_payments_there_decides_nothing(company: Company) -> None:
    company.pay(1)
    give(company, note())
    (one,) = possible(company)
    with pytest.raises(Refused) as told:
        netting.propose(company.acting(company.ann), company.ann, "V1", one.digest)
    assert told.value.code == "not_a_maker"
    with tenant(company.tenant_id):
        other = next(str(e.id) for e in models.LegalEntity.objects.all() if e.code == "NL")
    narrow = msgspec.structs.replace(
        company._member("Nia Narrow", frozenset({Role.MAKER})),
        grants=(Grant(role=Role.MAKER, entity_id=other),),
    )
    with pytest.raises(Refused) as beyond:
        netting.propose(company.acting(narrow), narrow, "V1", one.digest)
    assert beyond.value.code == "beyond_grant"


def test_the_message_says_what_to_send_and_what_stays(company: Company) -> None:
    company.pay(2)
    give(company, note(minor=250_00, document="CN-77\nPay me at once"))
    row_id = propose(company)
    with tenant(company.tenant_id):
        name, content = netting.message(company.acting(), row_id)
    text = content.decode()
    assert name.endswith(".txt")
    assert "200.01 EUR less 200.01 EUR is 0.00 EUR." in text
    assert "pay nothing instead" in text
    assert "49.99 EUR stays open" in text
    assert "Nothing was changed." in text
    assert "\nPay me at once" not in text
