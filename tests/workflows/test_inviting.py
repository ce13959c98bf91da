"""Somebody comes to work here by a link that counts once; what he may do, another agrees to."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from allauth.mfa.totp.internal.auth import TOTP

from nostro.domain.errors import Invalid, NostroError
from nostro.domain.event import Actor
from nostro.domain.party import Member, Role
from nostro.storage import change_requests as stored
from nostro.storage import models, passwords, people, sign_ins
from nostro.storage.tenancy import tenant
from nostro.workflows import inviting, recovering_access
from nostro.workflows.context import Acting
from tests.workflows.company import Company

PASSWORD = "a long and new sentence"


def administrator(company: Company, name: str) -> Member:
    ids, now = company.world.ids, company.clock.now()
    person_id = ids.new()
    email = f"{name}-{company.tenant_id}@example.com"
    people.create_person(person_id, email=email, name=name, password=PASSWORD, now=now)
    with tenant(company.tenant_id):
        people.grant(ids.new(), person_id, [Role.ADMINISTRATOR])
    return people.member(company.tenant_id, person_id)


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(NostroError) as caught:
        act()
    return caught.value.code


def address(company: Company, name: str) -> str:
    return f"{name}-{company.tenant_id}@example.com"


def terminal(company: Company) -> Acting:
    actor = Actor(kind="job", id="terminal", name="the terminal")
    return Acting(tenant_id=company.tenant_id, actor=actor, world=company.world)


def test_at_the_beginning_the_terminal_invites_and_the_link_counts_once(company: Company) -> None:
    email = address(company, "first")
    token = inviting.invite(terminal(company), None, email.upper(), "First", [Role.ADMINISTRATOR])
    assert not inviting.is_known(inviting.look(company.world, token))
    weak = refusal(lambda: inviting.accept(company.world, token, "password1234"))
    assert weak == "password_too_weak"
    person_id = inviting.accept(company.world, token, PASSWORD)
    assert passwords.person_with(email, PASSWORD) == person_id
    assert people.member(company.tenant_id, person_id).roles == {Role.ADMINISTRATOR}
    for again in (token, token[:-1], ""):
        with pytest.raises(NostroError) as caught:
            inviting.accept(company.world, again, PASSWORD)
        assert caught.value.code == "invitation_over"
    assert [event["email"] for event in company.events("person.joined")] == [email]
    assert [event["email"] for event in company.events("person.invited")] == [email]


def test_an_administrator_invites_and_another_agrees_to_the_access(company: Company) -> None:
    ada, _ = administrator(company, "Ada"), administrator(company, "Ben")
    email = address(company, "new")
    acting = company.acting(ada)
    token = inviting.invite(acting, ada, email, "New", [Role.APPROVER])
    person_id = inviting.accept(company.world, token, PASSWORD)
    assert not people.memberships(person_id)
    with tenant(company.tenant_id):
        request = stored.same_open("membership", person_id)
    assert request


def test_who_may_not_invite_what_cannot_be_and_what_is_over(company: Company) -> None:
    acting, ann = company.acting(company.ann), company.ann
    assert refusal(lambda: inviting.invite(acting, ann, "a@b.example", "A", [])) == "may_not_invite"
    for email, name in (("no address", "A"), ("a@b.example", " ")):
        with pytest.raises(Invalid):
            inviting.invite(terminal(company), None, email, name, [])
    ada = administrator(company, "Eve")
    acting = company.acting(ada)
    token = inviting.invite(acting, ada, address(company, "gone"), "Gone", [])
    row = inviting.look(company.world, token)
    inviting.withdraw(acting, ada, row.id)
    assert refusal(lambda: inviting.look(company.world, token)) == "invitation_over"
    late = inviting.invite(acting, ada, address(company, "late"), "Late", [])
    company.clock.advance(days=7)
    assert refusal(lambda: inviting.accept(company.world, late, PASSWORD)) == "invitation_over"


def test_one_who_is_known_keeps_his_password(company: Company) -> None:
    ada = administrator(company, "Known")
    email = address(company, "Known").lower()
    token = inviting.invite(terminal(company), None, email, "Other name", [])
    assert inviting.is_known(inviting.look(company.world, token))
    assert inviting.accept(company.world, token, "") == UUID(ada.id)
    assert passwords.person_with(email, PASSWORD) == UUID(ada.id)


def test_one_who_has_lost_all_begins_anew(company: Company) -> None:
    lost = administrator(company, "Lost")
    person_id, email = UUID(lost.id), address(company, "Lost")
    TOTP.activate(models.Person.objects.get(id=person_id), "JBSWY3DPEHPK3PXP")
    assert sign_ins.factors(person_id).any
    by = terminal(company).actor
    weak = refusal(lambda: recovering_access.begin_anew(company.world, email, "short", by))
    assert weak == "password_too_weak"
    assert sign_ins.factors(person_id).any
    recovering_access.begin_anew(company.world, email, "another long sentence", by)
    assert not sign_ins.factors(person_id).any
    assert passwords.person_with(email, "another long sentence") == person_id
    assert refusal(lambda: passwords.person_with(email, PASSWORD)) == "sign_in_refused"
    assert len(company.events("person.access_recovered")) == 1
    nobody = refusal(lambda: recovering_access.begin_anew(company.world, "x@y.example", "z", by))
    assert nobody == "person_unknown"
