"""Four eyes on access: one asks, another agrees, nobody is locked out, and all of it is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from nostro.domain.change_request import RequestState
from nostro.domain.errors import NostroError
from nostro.domain.money import Money
from nostro.domain.order import OrderState
from nostro.domain.party import Grant, Member, Role
from nostro.storage import change_requests as stored
from nostro.storage import people
from nostro.storage.tenancy import tenant
from nostro.workflows import approval, change_requests
from tests.workflows.company import Company


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(NostroError) as caught:
        act()
    return caught.value.code


@pytest.fixture
def admins(company: Company) -> tuple[Member, Member, Member]:
    made = tuple(
        company._member(name, frozenset({Role.ADMINISTRATOR})) for name in ("Ada", "Ben", "Cleo")
    )
    with tenant(company.tenant_id):
        for one in made:
            company.employ(one)
    return made  # type: ignore[return-value]


def wish(member: Member, *grants: dict[str, Any]) -> dict[str, Any]:
    return {"person": f"{member.id}@example.com", "grants": list(grants)}


def ask(company: Company, by: Member, wanted: dict[str, Any], kind: str = "membership") -> UUID:
    return change_requests.ask(company.acting(by), by, kind, wanted, "new work")


def agree(company: Company, by: Member, request_id: UUID) -> bool:
    return change_requests.agree(company.acting(by), by, request_id, "checked")


def now_is(company: Company, member: Member) -> Member:
    return people.member(company.tenant_id, UUID(member.id), company.clock.now())


def test_one_asks_another_agrees_and_it_is_made(company: Company, admins: Any) -> None:
    ada, ben, _ = admins
    grants = ({"role": "approver", "entity": "DE", "up_to": "500.00 EUR"}, {"role": "reconciler"})
    request_id = ask(company, ada, wish(company.bob, *grants))
    assert now_is(company, company.bob).roles == {Role.APPROVER}
    assert agree(company, ben, request_id)
    assert now_is(company, company.bob).roles == {Role.APPROVER, Role.RECONCILER}
    (told,) = company.events("change_request.applied")
    assert told["before"]["may"] == ["approver"]
    assert told["after"]["may"] == ["approver, entity DE, up to 500.00 EUR", "reconciler"]
    assert [row["before"] for row in company.events("person.granted")] == [told["before"]]
    with tenant(company.tenant_id):
        row = stored.request(request_id)
    assert row
    assert (row.state, row.ended_by_name) == (RequestState.APPLIED, "Ben")


def test_a_limited_approver_approves_up_to_his_limit(company: Company, admins: Any) -> None:
    ada, ben, _ = admins
    limited = {"role": "approver", "entity": "DE", "up_to": "100.00 EUR"}
    agree(company, ben, ask(company, ada, wish(company.bob, limited)))
    bob = now_is(company, company.bob)
    (small,) = company.ask(company.request("small", 100_00))
    (large,) = company.ask(company.request("large", 100_01))
    approval.approve(company.acting(bob), bob, [small], company.seen([small]))
    seen = company.seen([large])
    told = refusal(lambda: approval.approve(company.acting(bob), bob, [large], seen))
    assert told == "beyond_grant"


def test_an_approval_beyond_what_is_left_of_a_grant_counts_no_more(
    company: Company, admins: Any
) -> None:
    ada, ben, _ = admins
    (order,) = company.ask(company.request("one", 100_01))
    approval.approve(company.acting(company.bob), company.bob, [order], company.seen([order]))
    limited = {"role": "approver", "up_to": "100.00 EUR"}
    agree(company, ben, ask(company, ada, wish(company.bob, limited)))
    approval.approve(company.acting(company.ann), company.ann, [order], company.seen([order]))
    assert company.states([order]) == [OrderState.AWAITING_APPROVAL]


def test_who_may_not_ask_or_agree(company: Company, admins: Any) -> None:
    ada, ben, cleo = admins
    wanted = wish(company.bob, {"role": "auditor"})
    assert refusal(lambda: ask(company, company.ann, wanted)) == "not_yours_to_ask"
    request_id = ask(company, ada, wanted)
    assert refusal(lambda: agree(company, ada, request_id)) == "own_request"
    assert refusal(lambda: agree(company, company.ann, request_id)) == "not_yours_to_decide"
    assert refusal(lambda: ask(company, ben, wanted)) == "already_asked"
    assert now_is(company, company.bob).roles == {Role.APPROVER}
    about_ben = ask(company, ada, wish(ben, {"role": "administrator"}, {"role": "treasurer"}))
    assert refusal(lambda: agree(company, ben, about_ben)) == "about_yourself"
    assert agree(company, cleo, about_ben)


def test_the_terminal_is_no_person_two_agree(company: Company, admins: Any) -> None:
    ada, ben, _ = admins
    wanted = wish(company.bob, {"role": "approver"}, {"role": "reconciler"})
    request_id = change_requests.ask(company.job, None, "membership", wanted, "set up")
    assert not agree(company, ada, request_id)
    assert refusal(lambda: agree(company, ada, request_id)) == "already_agreed"
    assert agree(company, ben, request_id)


def test_too_few_are_told_before_anybody_is_locked_out(company: Company, admins: Any) -> None:
    ada, ben, cleo = admins
    agree(company, ben, ask(company, ada, wish(cleo)))
    assert refusal(lambda: now_is(company, cleo)) == "not_a_member"
    # Two are left: nobody else could agree to what is about one of them.
    assert refusal(lambda: ask(company, ada, wish(ben))) == "too_few_deciders"
    about_myself = wish(ada, {"role": "auditor"})
    assert refusal(lambda: ask(company, ada, about_myself)) == "too_few_left"
    assert company.events("person.withdrawn") == company.events("person.withdrawn")[:1]
    for gone in (company.maker, company.bob):
        agree(company, ben, ask(company, ada, wish(gone)))
    # Ann and Cy are the last two who can approve.
    assert refusal(lambda: ask(company, ada, wish(company.cy))) == "too_few_left"


def test_what_became_short_meanwhile_is_refused_when_it_is_made(
    company: Company, admins: Any
) -> None:
    ada, ben, cleo = admins
    first = ask(company, ada, wish(cleo, {"role": "auditor"}))
    second = ask(company, cleo, wish(ada, {"role": "auditor"}))
    assert agree(company, ben, first)
    assert refusal(lambda: agree(company, ben, second)) == "too_few_left"
    assert now_is(company, ada).roles == {Role.ADMINISTRATOR}


def test_a_change_is_held_against_what_it_was_asked_for(company: Company, admins: Any) -> None:
    ada, ben, _ = admins
    request_id = ask(company, ada, wish(company.bob, {"role": "auditor"}))
    with tenant(company.tenant_id):
        people.grant(company.world.ids.new(), UUID(company.bob.id), [Role.TREASURER])
    assert refusal(lambda: agree(company, ben, request_id)) == "subject_changed"


def test_refused_withdrawn_and_expired(company: Company, admins: Any) -> None:
    ada, ben, _ = admins
    wanted = wish(company.bob, {"role": "auditor"})
    first = ask(company, ada, wanted)
    assert refusal(lambda: change_requests.withdraw(company.acting(ben), ben, first, "x")) == (
        "not_your_request"
    )
    change_requests.withdraw(company.acting(ada), ada, first, "typed wrongly")
    second = ask(company, ada, wanted)
    change_requests.refuse(company.acting(ben), ben, second, "no")
    assert refusal(lambda: agree(company, ben, second)) == "move_not_allowed"
    third = ask(company, ada, wanted)
    company.clock.advance(days=14)
    assert refusal(lambda: agree(company, ben, third)) == "request_expired"
    fourth = ask(company, ada, wanted)
    with tenant(company.tenant_id):
        found = {row.id: row.state for row in stored.listed().rows}
    assert found == {
        first: RequestState.WITHDRAWN,
        second: RequestState.REFUSED,
        third: RequestState.EXPIRED,
        fourth: RequestState.ASKED,
    }


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"grants": []}, "change_unreadable"),
        ({"person": "nobody@example.com"}, "person_unknown"),
        ({"role": "approver", "entity": "XX"}, "grant_place_unknown"),
        ({"role": "approver", "up_to": "5000"}, "grant_amount_unreadable"),
        ({"role": "approver", "up_to": "1.001 EUR"}, "amount_too_fine"),
        ({"role": "administrator", "entity": "DE"}, "grant_has_no_place"),
        ({"role": "approver"}, "nothing_changes"),
    ],
)
def test_wishes_that_cannot_be(
    company: Company, admins: Any, wanted: dict[str, Any], code: str
) -> None:
    told = wish(company.bob, wanted) if "role" in wanted else wanted
    assert refusal(lambda: ask(company, admins[0], told)) == code
    assert refusal(lambda: ask(company, admins[0], told, "no such kind")) == "change_kind_unknown"


def test_what_a_lender_loses_his_delegate_loses(company: Company) -> None:
    until = company.clock.now() + timedelta(days=3)
    lent = Grant(role=Role.APPROVER, on_behalf_of=company.ann.id, until=until)
    with tenant(company.tenant_id):
        people.grant_reaching(company.world.ids.new(), UUID(company.maker.id), [lent])
    assert now_is(company, company.maker).roles == {Role.APPROVER}
    with tenant(company.tenant_id):
        people.grant_reaching(
            company.world.ids.new(),
            UUID(company.ann.id),
            [Grant(role=Role.APPROVER, up_to=Money(1, "EUR"))],
        )
    assert now_is(company, company.maker).roles == frozenset()
