"""People decide what lines pay: proposals confirmed and refused, lines divided, matches undone."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
import pytest

from nostro.domain.errors import NostroError, Refused
from nostro.domain.line_decision import Decision, Part
from nostro.domain.match import (
    Adjustment,
    AdjustmentKind,
    Allocation,
    Proposal,
    ProposalStatus,
    Target,
)
from nostro.domain.money import Money
from nostro.domain.party import Grant, Member, Role
from nostro.domain.policies.match_differences import (
    DifferenceReason,
    DifferenceReasons,
    RoleLimit,
)
from nostro.domain.policies.match_vetoes import MatchVetoes, Veto
from nostro.storage import matches, models, parties, policies
from nostro.storage.tenancy import tenant
from nostro.workflows import line_deciding, match_undoing, statement_matching
from nostro.workflows.posting_vetoes import held_back
from tests.workflows.bank_words import Booking
from tests.workflows.company import Company, iban
from tests.workflows.test_statements import Books, comes, journals_of, owed, paid, still_open

_K = AdjustmentKind
SMALL = DifferenceReason(
    code="KLEIN",
    kind=_K.WRITE_OFF,
    title="Small differences",
    ledger_account="6855",
    limits=(
        RoleLimit(role=Role.RECONCILER, up_to=Money(5_00, "EUR")),
        RoleLimit(role=Role.TREASURER, up_to=Money(50_00, "EUR")),
    ),
)
SKONTO = DifferenceReason(code="SK", kind=_K.DISCOUNT, title="Skonto", ledger_account="4730")


@pytest.fixture
def clerk(company: Company) -> Member:
    return employ(company, "Rita Reconciler", Role.RECONCILER)


def employ(company: Company, name: str, role: Role, **more: Any) -> Member:
    made = company._member(name, frozenset({role}))
    made = msgspec.structs.replace(made, grants=(Grant(role=role, **more),))
    with tenant(company.tenant_id):
        company.employ(made)
    return made


def reasons(company: Company, *told: DifferenceReason) -> None:
    with tenant(company.tenant_id):
        policies.add(
            company.world.ids.new(),
            DifferenceReasons(reasons=told),
            valid_from=company.world.clock.now(),
            changed_by="two people",
            reason="a test",
        )


def line_of(company: Company, minor: int) -> UUID:
    with tenant(company.tenant_id):
        return models.BankTransaction.objects.get(amount_minor=minor).id


def item(company: Company, document: str) -> str:
    with tenant(company.tenant_id):
        return str(models.OpenItem.objects.get(document=document).id)


def proposals_of(company: Company, line_id: UUID) -> list[UUID]:
    with tenant(company.tenant_id):
        return [row.id for row in matches.proposed([line_id]).get(line_id, [])]


def line_state(company: Company, line_id: UUID) -> str:
    with tenant(company.tenant_id):
        return str(models.BankTransaction.objects.get(id=line_id).match_state)


def settles(company: Company, *parts: tuple[str, int], **rest: int) -> Decision:
    """What a line pays by document, and what is left over by kind: `write_off=-40`."""
    return Decision(
        parts=tuple(
            Part(item_id=item(company, document), amount=Money(minor, "EUR"))
            for document, minor in parts
        ),
        differences=tuple(
            Adjustment(
                kind=AdjustmentKind(kind),
                amount=Money(minor, "EUR"),
                customer_number="K1" if kind == "on_account" else "",
                item_id=item(company, parts[0][0]) if kind == "discount" else "",
            )
            for kind, minor in rest.items()
        ),
    )


def allocate(company: Company, who: Member, line_id: UUID, decision: Decision) -> UUID:
    return line_deciding.allocate(company.acting(who), who, line_id, decision)


def refusal(company: Company, who: Member, line_id: UUID, decision: Decision) -> str:
    with pytest.raises(NostroError) as refused:
        allocate(company, who, line_id, decision)
    return refused.value.code


def state(company: Company) -> list[list[dict[str, Any]]]:
    """All that is open, byte for byte: lines, items and what is proposed of lines."""
    with tenant(company.tenant_id):
        rows = models.BankTransaction.objects, models.OpenItem.objects, models.MatchProposal.objects
        return [[dict(row) for row in found.order_by("id").values()] for found in rows]


def test_a_proposal_is_confirmed_and_undone(company: Company, clerk: Member) -> None:
    owed(company, ("RE-2026-1", 500_00))
    assert comes(company, paid(400_00, "RE-2026-1")) == [(400_00, "suggested")]
    line_id, before = line_of(company, 400_00), state(company)
    (proposal_id,) = proposals_of(company, line_id)
    match_id = line_deciding.confirm_one(company.acting(clerk), clerk, proposal_id)
    assert line_state(company, line_id) == "matched"
    assert still_open(company) == {"RE-2026-1": 100_00}
    assert journals_of(company) == [("receipt_matched", "nostro", "clear", 400_00)]
    (told,) = company.events("transaction.matched")
    assert (told["match_id"], told["parts"]) == (str(match_id), ["RE-2026-1: 400.00 EUR"])
    match_undoing.undo(company.acting(clerk), clerk, match_id, "another customer's")
    assert state(company) == before
    assert journals_of(company) == [
        ("receipt_matched", "nostro", "clear", 400_00),
        ("receipt_undone", "nostro", "post", 400_00),
    ]
    (undone,) = company.events("transaction.unmatched")
    assert (undone["reason"], undone["state_after"]) == ("another customer's", "suggested")
    again = line_deciding.confirm_one(company.acting(clerk), clerk, proposal_id)
    assert len(journals_of(company)) == 3, "decided anew, it is told anew"
    match_undoing.undo(company.acting(clerk), clerk, again, "once more")
    assert state(company) == before


def test_what_the_machine_matched_is_undone_and_not_matched_by_it_again(
    company: Company, clerk: Member
) -> None:
    owed(company, ("RE-2026-1", 500_00), payer=iban(8))
    comes(company, paid(500_00, "RE-2026-1", iban(8)))
    line_id = line_of(company, 500_00)
    with tenant(company.tenant_id):
        match_id = models.Match.objects.get().id
    match_undoing.undo(company.acting(clerk), clerk, match_id, "it was a deposit")
    assert line_state(company, line_id) == "unmatched"
    assert still_open(company) == {"RE-2026-1": 500_00}
    assert proposals_of(company, line_id) == []
    with pytest.raises(Refused) as again:
        match_undoing.undo(company.acting(clerk), clerk, match_id, "it was a deposit")
    assert again.value.code == "match_undone"
    allocate(company, clerk, line_id, settles(company, on_account=500_00))
    assert line_state(company, line_id) == "matched"


def test_a_refused_proposal_is_gone_and_said_so(company: Company, clerk: Member) -> None:
    owed(company, ("RE-2026-1", 500_00))
    comes(company, paid(400_00, "RE-2026-1"))
    line_id = line_of(company, 400_00)
    (proposal_id,) = proposals_of(company, line_id)
    match_undoing.refuse(company.acting(clerk), clerk, proposal_id, "not his")
    assert (line_state(company, line_id), proposals_of(company, line_id)) == ("unmatched", [])
    (told,) = company.events("match.refused")
    assert told["reason"] == "not his"
    (outcome,) = line_deciding.confirm(company.acting(clerk), clerk, [proposal_id])
    assert outcome.error is not None
    assert outcome.error.code == "proposal_refused"


def test_a_line_is_divided_to_the_cent(company: Company, clerk: Member) -> None:
    reasons(company, SMALL)
    owed(company, ("RE-2026-1", 500_00), ("RE-2026-2", 300_00), ("GU-2026-3", -100_00))
    comes(company, paid(799_60, "thanks"))
    line_id = line_of(company, 799_60)
    both = ("RE-2026-1", 500_00), ("RE-2026-2", 300_00)
    for decision, code in (
        (settles(company, *both), "decision_does_not_add_up"),
        (settles(company, ("RE-2026-1", 500_01), on_account=299_59), "more_than_open"),
        (settles(company, ("GU-2026-3", 100_00), on_account=699_60), "more_than_open"),
        (settles(company, both[0], both[0], on_account=-200_40), "item_twice"),
        (settles(company, *both, fee=-40), "difference_reason_unknown"),
        (settles(company, *both, fx_difference=-40), "difference_unfit"),
        (settles(company, *both, fee=40, write_off=-80), "difference_unfit"),
        (settles(company), "decision_size"),
        (settles(company, both[0], on_account=294_60, write_off=5_00), ""),
    ):
        if code:
            assert refusal(company, clerk, line_id, decision) == code
    assert still_open(company) == {"RE-2026-1": 500_00, "RE-2026-2": 300_00, "GU-2026-3": -100_00}
    allocate(company, clerk, line_id, settles(company, *both, write_off=-40))
    assert still_open(company)["RE-2026-2"] == 0
    assert journals_of(company) == [("receipt_matched", "nostro", "clear", 799_60)]
    with tenant(company.tenant_id):
        lines = models.JournalLine.objects.order_by("line").values_list(
            "ledger_account", "document_minor", "open_item"
        )
        assert [row[1:] for row in lines] == [
            (799_60, ""), (40, ""), (-500_00, "RE-2026-1"), (-300_00, "RE-2026-2"),
        ]  # fmt: skip
        assert lines[1][0] == "6855"
    assert refusal(company, clerk, line_id, settles(company, on_account=799_60)) == (
        "line_is_matched"
    )


def test_more_than_a_role_may_is_refused_and_a_higher_one_may(
    company: Company, clerk: Member
) -> None:
    reasons(company, SMALL)
    boss = employ(company, "Tom Treasurer", Role.TREASURER)
    owed(company, ("RE-2026-1", 500_00))
    comes(company, paid(490_00, "thanks"))
    line_id = line_of(company, 490_00)
    decision = settles(company, ("RE-2026-1", 500_00), write_off=-10_00)
    assert refusal(company, clerk, line_id, decision) == "difference_above_limit"
    halves = tuple(
        msgspec.structs.replace(decision.differences[0], amount=Money(-5_00, "EUR"))
        for _ in range(2)
    )
    split = msgspec.structs.replace(decision, differences=halves)
    assert refusal(company, clerk, line_id, split) == "difference_above_limit"
    allocate(company, boss, line_id, decision)
    assert still_open(company) == {"RE-2026-1": 0}


def test_who_may_and_how_far(company: Company, clerk: Member) -> None:
    owed(company, ("RE-2026-1", 500_00))
    comes(company, paid(500_00, "thanks"))
    line_id, decision = line_of(company, 500_00), settles(company, ("RE-2026-1", 500_00))
    assert refusal(company, company.ann, line_id, decision) == "not_a_reconciler"
    small = employ(company, "Sam Small", Role.RECONCILER, up_to=Money(499_99, "EUR"))
    assert refusal(company, small, line_id, decision) == "beyond_grant"
    other = Company()
    stranger = employ(other, "Olga Other", Role.RECONCILER)
    with pytest.raises(Refused) as refused:
        line_deciding.allocate(other.acting(stranger), stranger, line_id, decision)
    assert refused.value.code == "line_unknown"


def test_many_at_once_settle_nothing_twice(company: Company, clerk: Member) -> None:
    owed(company, ("RE-2026-1", 500_00), ("RE-2026-2", 70_00))
    # One document is proposed for no more than is open of it, within one statement.
    comes(company, paid(400_00, "RE-2026-1"), paid(20_00, "RE-2026-2"))
    comes(company, paid(300_00, "RE-2026-1"), statement_id="ST-2")
    ids = [proposals_of(company, line_of(company, minor))[0] for minor in (400_00, 300_00, 20_00)]
    gone = UUID(int=7)
    outcomes = line_deciding.confirm(company.acting(clerk), clerk, [*ids, gone, ids[0]])
    assert [one.error.code if one.error else "" for one in outcomes] == [
        "", "more_than_open", "", "proposal_unknown", "line_is_matched",
    ]  # fmt: skip
    assert still_open(company) == {"RE-2026-1": 100_00, "RE-2026-2": 50_00}
    with pytest.raises(NostroError) as wrong:
        line_deciding.confirm(company.acting(clerk), clerk, [gone] * 501)
    assert wrong.value.code == "proposals_count"


def test_a_booking_of_our_payment_is_nobodys_word(books: Books) -> None:
    company = books.company
    clerk = employ(company, "Rita Reconciler", Role.RECONCILER)
    books.statement(books.booking(0))
    with tenant(company.tenant_id):
        match_id = models.Match.objects.get().id
    with pytest.raises(Refused) as refused:
        match_undoing.undo(company.acting(clerk), clerk, match_id, "I think not")
    assert refused.value.code == "booking_is_proof"
    books.statement(books.booking(1, minor=55_55), statement_id="ST-2")
    (proposal_id,) = proposals_of(company, line_of(company, -55_55))
    with pytest.raises(Refused) as refused:
        line_deciding.confirm_one(company.acting(clerk), clerk, proposal_id)
    assert refused.value.code == "booking_is_proof"


@pytest.mark.parametrize(
    ("kind", "told", "counts"),
    [
        (_K.DISCOUNT, (), False),
        (_K.DISCOUNT, (SKONTO,), True),
        (_K.DISCOUNT, (SKONTO, msgspec.structs.replace(SKONTO, code="SK2")), False),
        (_K.WRITE_OFF, (SMALL,), False),
        (_K.ON_ACCOUNT, (), True),
    ],
)
def test_a_difference_counts_by_itself_only_where_nothing_is_given_away(
    company: Company, kind: AdjustmentKind, told: tuple[DifferenceReason, ...], counts: bool
) -> None:
    owed(company, ("RE-2026-1", 500_00))
    comes(company, paid(490_00, "one"))
    part = Allocation(
        target=Target.OPEN_ITEM,
        target_id=item(company, "RE-2026-1"),
        amount=Money(500_00, "EUR"),
    )
    sure = Proposal(
        transaction_id=str(line_of(company, 490_00)),
        allocations=(part,),
        adjustments=(Adjustment(kind=kind, amount=Money(-10_00, "EUR"), item_id=part.target_id),),
        rule="discount",
        evidence_class="a test",
        probability_millionths=1_000_000,
        status=ProposalStatus.POST,
        evidence=(),
    )
    with tenant(company.tenant_id):
        (found,) = held_back(company.job, [sure], DifferenceReasons(reasons=told))
    assert (found.status is ProposalStatus.POST) == counts


def discounted(company: Company, document: str) -> None:
    owed(company, (document, 500_00), payer=iban(8))
    with tenant(company.tenant_id):
        found = models.OpenItem.objects.filter(document=document)
        found.update(discount_minor=10_00, discount_until="2026-11-20")


def test_a_discount_within_its_terms_counts_by_itself_where_one_reason_books_it(
    company: Company,
) -> None:
    discounted(company, "RE-2026-101")
    told = comes(company, paid(490_00, "RE-2026-101", iban(8)))
    assert told == [(490_00, "suggested")]
    reasons(company, SKONTO)
    discounted(company, "RE-2026-202")
    comes(company, paid(490_01, "other"), paid(490_00, "RE-2026-202", iban(8)), statement_id="S2")
    with tenant(company.tenant_id):
        match = models.Match.objects.get()
        left = models.Adjustment.objects.get(match=match)
    assert (left.kind, left.code, left.amount_minor) == ("discount", "SK", -10_00)
    assert not match.by_person
    assert still_open(company) == {"RE-2026-101": 500_00, "RE-2026-202": 0}
    assert journals_of(company) == [("receipt_matched", "nostro", "clear", 490_00)]


def test_the_machine_gives_no_discount_of_which_some_was_taken(
    company: Company, clerk: Member
) -> None:
    reasons(company, SKONTO)
    discounted(company, "RE-2026-101")
    comes(company, paid(195_00, "one"))
    one = line_of(company, 195_00)
    allocate(company, clerk, one, settles(company, ("RE-2026-101", 200_00), discount=-5_00))
    assert still_open(company) == {"RE-2026-101": 300_00}
    comes(company, paid(290_00, "RE-2026-101", iban(8)), statement_id="S2")
    assert line_state(company, line_of(company, 290_00)) == "suggested"


def test_a_discount_within_its_terms_needs_no_limit_and_is_taken_once(
    company: Company, clerk: Member
) -> None:
    reasons(company, SKONTO)
    owed(company, ("RE-2026-1", 500_00))
    with tenant(company.tenant_id):
        models.OpenItem.objects.update(discount_minor=10_00, discount_until="2026-11-20")
    comes(company, paid(190_00, "one"), paid(290_00, "two"))
    one, two = line_of(company, 190_00), line_of(company, 290_00)
    too_much = settles(company, ("RE-2026-1", 201_00), discount=-11_00)
    assert refusal(company, clerk, one, too_much) == "difference_above_limit"
    allocate(company, clerk, one, settles(company, ("RE-2026-1", 200_00), discount=-10_00))
    again = settles(company, ("RE-2026-1", 300_00), discount=-10_00)
    assert refusal(company, clerk, two, again) == "difference_above_limit"
    allocate(company, clerk, two, settles(company, ("RE-2026-1", 290_00)))
    assert still_open(company) == {"RE-2026-1": 10_00}


@pytest.fixture
def books(company: Company) -> Books:
    return Books(company)


def test_money_out_goes_to_a_credit_note(company: Company, clerk: Member) -> None:
    owed(company, ("GU-2026-3", -100_00))
    comes(company, Booking(minor=-60_00, text="refund", party="Kunde"))
    line_id = line_of(company, -60_00)
    allocate(company, clerk, line_id, settles(company, ("GU-2026-3", -60_00)))
    assert still_open(company) == {"GU-2026-3": -40_00}


@pytest.mark.parametrize(
    ("veto", "state"),
    [
        (Veto(customer_number="K1"), "suggested"),
        (Veto(rule="exact"), "suggested"),
        (Veto(rule="exact", customer_number="K2"), "matched"),
    ],
)
def test_a_veto_leaves_the_proposal_to_a_person(
    company: Company, clerk: Member, veto: Veto, state: str
) -> None:
    with tenant(company.tenant_id):
        policies.add(
            company.world.ids.new(),
            MatchVetoes(vetoes=(veto,)),
            valid_from=company.world.clock.now(),
            changed_by="two people",
            reason="a test",
        )
    owed(company, ("RE-2026-1", 500_00), payer=iban(8))
    assert comes(company, paid(500_00, "RE-2026-1", iban(8))) == [(500_00, state)]
    for proposal_id in proposals_of(company, line_of(company, 500_00)):
        line_deciding.confirm_one(company.acting(clerk), clerk, proposal_id)
    assert still_open(company) == {"RE-2026-1": 0}


def test_a_line_that_a_person_spoke_of_is_only_proposed(company: Company, clerk: Member) -> None:
    owed(company, ("RE-2026-1", 500_00), payer=iban(8))
    comes(company, paid(400_00, "RE-2026-1", iban(8)))
    line_id = line_of(company, 400_00)
    (proposal_id,) = proposals_of(company, line_id)
    match_undoing.refuse(company.acting(clerk), clerk, proposal_id, "ask the customer")
    with tenant(company.tenant_id):
        models.OpenItem.objects.update(open_minor=400_00, told_minor=400_00)
        row = models.BankTransaction.objects.select_related("account").get(id=line_id)
        statement_matching.explain(company.job, row.statement_id, parties.account_of(row.account))
    assert line_state(company, line_id) != "matched", "it is exact now, and a person decides"
