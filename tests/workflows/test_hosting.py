"""A partner hosts several customers: its people see those that they are granted, through the same
wall as everybody, and none of another partner's."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, connections
from django.test import Client

from nostro.domain.errors import Refused
from nostro.domain.event import Actor
from nostro.domain.party import Member, Role
from nostro.storage import models, parties, partners, people
from nostro.storage.tenancy import tenant
from nostro.workflows import hosting, setting_up
from nostro.workflows.context import Acting
from tests.workflows.company import Company, scripted_connector
from tests.workflows.test_change_requests import agree, ask, refusal

OPERATOR = Actor(kind="job", id="terminal", name="operator")
PASSWORD = "a rather long sentence"
BEN = "ben@host.example"


class Host:
    """A partner with three customers and one of its people, Ben, who sees none of them yet; another
    partner with one customer."""

    def __init__(self) -> None:
        self.world = Company().world
        for code in ("ONE", "TWO", "THREE"):
            setting_up.found_customer(self.world, OPERATOR, code, f"{code} Group", "Host Ltd")
        setting_up.found_customer(self.world, OPERATOR, "ELSE", "Else Group", "Other Ltd")
        self.partner = partners.named("host ltd")
        hosting.join(self.world, self.partner, email=BEN, name="Ben Host", password=PASSWORD)

    def acting(self, code: str) -> Acting:
        (row,) = [row for row in parties.customers() if row.code == code]
        return Acting(tenant_id=row.id, actor=OPERATOR, world=self.world)

    def page(self, address: str) -> str:
        client = Client(SERVER_NAME="localhost")
        assert client.login(email=BEN, password=PASSWORD)
        return client.get(address, follow=True).content.decode()


@pytest.fixture(scope="module")
def host(database: str) -> Iterator[Host]:
    with scripted_connector():
        yield Host()


def shown(host: Host) -> set[str]:
    page = host.page("/customers/")
    return {code for code in ("ONE", "TWO", "THREE", "ELSE") if f"{code} Group" in page}


def test_a_partners_people_see_exactly_the_customers_they_are_granted(host: Host) -> None:
    assert "No customer is granted" in host.page("/customers/")
    hosting.grant(host.acting("ONE"), BEN, [Role.AUDITOR])
    hosting.grant(host.acting("TWO"), BEN, [Role.RECONCILER])
    assert shown(host) == {"ONE", "TWO"}
    assert "Customers of Host Ltd" in host.page("/customers/")
    chooser = host.page("/customer/")
    assert "ONE Group" in chooser
    assert "THREE Group" not in chooser
    assert hosting.withdraw(host.acting("TWO"), BEN)
    assert not hosting.withdraw(host.acting("TWO"), BEN)
    assert shown(host) == {"ONE"}


def test_the_overview_counts_through_each_customers_own_wall(host: Host) -> None:
    for code in ("ONE", "TWO"):
        hosting.grant(host.acting(code), BEN, [Role.AUDITOR])
    acting = host.acting("TWO")
    with tenant(acting.tenant_id):
        models.Customer.objects.filter(id=acting.tenant_id).update(quarantined=True)
    page = host.page("/customers/")
    assert page.count("quarantined after a restore") == 1
    before, _, after = page.partition("quarantined after a restore")
    assert before.rstrip(" ·").endswith("TWO")
    assert "THREE" not in after


def test_each_grant_stands_in_the_log_of_its_customer(host: Host) -> None:
    hosting.grant(host.acting("THREE"), BEN, [Role.AUDITOR])
    hosting.withdraw(host.acting("THREE"), BEN)
    with tenant(host.acting("THREE").tenant_id):
        told = models.Event.objects.filter(type__startswith="person.").order_by("occurred_at", "id")
        assert [row.type for row in told] == ["person.granted", "person.withdrawn"]
        assert {row.data["partner"] for row in told} == {"Host Ltd"}


def test_only_a_partners_own_customers_and_people_can_be_granted(host: Host) -> None:
    for code, email in (("ELSE", BEN), ("ONE", "stranger@else.example")):
        with pytest.raises(Refused) as caught:
            hosting.grant(host.acting(code), email, [Role.AUDITOR])
        assert caught.value.code == "not_of_the_partner"
    with pytest.raises(Refused) as caught:
        partners.named("Nobody Ltd")
    assert caught.value.code == "partner_unknown"


def test_who_leaves_the_partner_loses_every_customer_at_once(host: Host) -> None:
    email = "cas@host.example"
    person = hosting.join(host.world, host.partner, email=email, name="Cas", password=PASSWORD)
    for code in ("ONE", "THREE"):
        hosting.grant(host.acting(code), email, [Role.AUDITOR])
    assert hosting.leave(host.acting("ONE"), host.partner, email) == 2
    assert people.memberships(person) == []
    assert partners.partner_of(person) == ""
    with pytest.raises(Refused):
        hosting.grant(host.acting("ONE"), email, [Role.AUDITOR])


def test_what_serves_customers_cannot_write_who_belongs_to_a_partner(host: Host) -> None:
    with pytest.raises(DatabaseError), connections["default"].cursor() as cursor:
        cursor.execute("DELETE FROM partner_membership")


# Who of the partner gets in is not decided by the partner's own people.


def administrator(company: Company, name: str, *, of_partner: bool) -> Member:
    made = company._member(name, frozenset({Role.ADMINISTRATOR}))
    with tenant(company.tenant_id):
        company.employ(made)
    if of_partner:
        joined(company, UUID(made.id))
    return made


def joined(company: Company, person_id: UUID) -> None:
    partner, now = partners.named("Test partner"), company.clock.now()
    partners.join(company.world.ids.new(), partner.id, person_id, now)


def test_two_administrators_of_the_partner_do_not_let_a_third_in(host: Host) -> None:
    company = Company()
    pia, pim = (administrator(company, name, of_partner=True) for name in ("Pia", "Pim"))
    third, email = company.world.ids.new(), f"third-{company.code}@host.example".lower()
    now = company.clock.now()
    people.create_person(third, email=email, name="Theo Third", password=PASSWORD, now=now)
    joined(company, third)
    membership: dict[str, Any] = {"person": email, "grants": [{"role": "administrator"}]}
    partner_access: dict[str, Any] = {"address": email, "roles": ["administrator"]}
    for kind, wanted, code in (
        ("membership", membership, "person_unknown"),  # Not before he was let in or invited.
        ("partner_access", partner_access, "too_few_deciders"),
    ):
        assert refusal(partial(ask, company, pia, wanted, kind)) == code
    own = administrator(company, "Olga Own", of_partner=False)
    request_id = ask(company, pia, partner_access, "partner_access")
    assert refusal(lambda: agree(company, pim, request_id)) == "about_the_partner"
    assert agree(company, own, request_id)
    assert company.cases() == [], "somebody of the customer took part"
    with tenant(company.tenant_id):
        assert people.members([third])[0].roles == {Role.ADMINISTRATOR}


def test_what_the_partner_decides_alone_rings(host: Host) -> None:
    company = Company()
    pia, pim = (administrator(company, name, of_partner=True) for name in ("Pia", "Pim"))
    email = f"{company.ann.id}@example.com"
    wanted = {"person": email, "grants": [{"role": "approver"}, {"role": "auditor"}]}
    assert agree(company, pim, ask(company, pia, wanted))
    ((kind, sentence),) = company.cases()
    assert kind == "access"
    assert sentence.startswith("Pia and Pim, all of Test partner, decided alone: what a person may")
    (told,) = company.events("change_request.decided_by_partner")
    assert (told["partner"], told["of_name"]) == ("Test partner", "Ann Approver")
    own = administrator(company, "Olga Own", of_partner=False)
    back = {"person": email, "grants": [{"role": "approver"}]}
    assert agree(company, own, ask(company, pia, back))
    assert len(company.cases()) == 1, "not where somebody of the customer took part"


def test_the_page_of_people_says_who_is_of_the_partner(host: Host) -> None:
    hosting.grant(host.acting("ONE"), BEN, [Role.ADMINISTRATOR])
    hosting.withdraw(host.acting("TWO"), BEN)  # One customer: it needs no choosing.
    page = host.page("/people/")
    assert "of Host Ltd, which hosts us" in page
