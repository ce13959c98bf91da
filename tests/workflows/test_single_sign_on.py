"""Single sign-on set up by two people, its secret beside the request, and the service tried out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from nostro.domain.party import Member, Role
from nostro.storage import events, models, sign_on, stored_secrets
from nostro.storage.tenancy import tenant
from nostro.workflows import (
    change_requests,
    credentials,
    sign_on_standing,
    sign_on_trial,
    single_sign_on,
)
from nostro.workflows.changes.sign_on import CLIENT_SECRET
from nostro.workflows.sign_on_standing import Standing
from tests import secret_canaries
from tests.workflows.company import Company
from tests.workflows.sign_in_service import Service, sign_in_service
from tests.workflows.test_change_requests import admins, agree, refusal

__all__ = ["admins"]
FIRST = secret_canaries.register("client secret", "first client secret of the test")
SECOND = secret_canaries.register("client secret", "second client secret of the test")


@pytest.fixture
def service() -> Iterator[Service]:
    with sign_in_service() as made:
        made.clients["nostro"] = FIRST
        yield made


def wanted(service: Service, **other: Any) -> dict[str, Any]:
    groups = [{"group": "treasury", "role": "approver"}]
    return {"issuer": service.issuer, "client_id": "nostro", "groups": groups, **other}


def ask(company: Company, by: Member, wish: dict[str, Any], secret: str = "") -> UUID:
    given = {CLIENT_SECRET: secret}
    return change_requests.ask(company.acting(by), by, "sign_on", wish, "the new service", given)


def connected(company: Company, people: Any, service: Service) -> None:
    ada, ben, _ = people
    assert agree(company, ben, ask(company, ada, wanted(service), FIRST))


def stands(company: Company) -> Standing:
    return sign_on_standing.standing(company.acting(company.ann))


def kept(company: Company) -> dict[str, str]:
    with tenant(company.tenant_id):
        return stored_secrets.read([row.name for row in stored_secrets.rows()])


def test_two_people_connect_a_service_and_its_secret_stays_out_of_what_they_see(
    company: Company, admins: Any, service: Service
) -> None:
    ada, ben, _ = admins
    request_id = ask(company, ada, wanted(service), FIRST)
    assert stands(company).provider is None
    assert list(kept(company)) == [f"change_request.{request_id}.client_secret"]
    (waits,) = [
        one
        for one in credentials.inventory(company.acting(ada))
        if one.natural_key.startswith("change_request.")
    ]
    assert (waits.name, waits.owner) == ("Single sign-on, asked for: client_secret", "Ada")
    assert agree(company, ben, request_id)
    found = stands(company)
    assert found.provider
    assert found.provider.group_roles == {"treasury": (Role.APPROVER,)}
    assert (found.by, found.provider.since) == ("Ben", company.clock.now())
    assert kept(company) == {single_sign_on.secret_name(company.tenant_id): FIRST}
    with tenant(company.tenant_id):
        (row,) = models.ChangeRequest.objects.values()
        assert FIRST not in str(row)
        assert FIRST not in str(list(models.Event.objects.values()))
        assert row["after"]["client_secret"] == "given with this request"


@pytest.mark.parametrize("deed", ["refuse", "withdraw", "expire"])
def test_a_request_that_comes_to_nothing_destroys_its_secret(
    company: Company, admins: Any, service: Service, deed: str
) -> None:
    ada, ben, _ = admins
    request_id = ask(company, ada, wanted(service), FIRST)
    if deed == "refuse":
        change_requests.refuse(company.acting(ben), ben, request_id, "not this one")
    elif deed == "withdraw":
        change_requests.withdraw(company.acting(ada), ada, request_id, "not yet")
    else:
        company.clock.advance(days=15)
        again = ask(company, ada, wanted(service), FIRST)  # Asking finds what has run out.
        change_requests.withdraw(company.acting(ada), ada, again, "not yet")
    assert kept(company) == {}
    assert stands(company).provider is None


def test_what_cannot_be_is_refused_while_it_is_asked_for(
    company: Company, admins: Any, service: Service
) -> None:
    ada = admins[0]
    for code, wish, secret in (
        ("client_secret_refused", wanted(service), SECOND),
        ("client_secret_refused", wanted(service, client_id="somebody"), FIRST),
        ("no_openid_provider", wanted(service, issuer="http://id.example"), FIRST),
        ("no_openid_provider", wanted(service, issuer=f"{service.issuer}/"), FIRST),
        ("provider_unreachable", wanted(service, issuer="http://127.0.0.1:1"), FIRST),
        ("sign_on_incomplete", wanted(service), ""),
        ("sign_on_incomplete", wanted(service, groups_claim=" "), FIRST),
    ):
        assert refusal(partial(ask, company, ada, wish, secret)) == code
    other = {"another": "thing"}
    acting = company.acting(ada)
    told = refusal(
        lambda: change_requests.ask(acting, ada, "sign_on", wanted(service), "why", other)
    )
    assert told == "change_secret_unknown"
    service.vague = True  # It does not say whether it knows us: that keeps nobody from asking.
    ask(company, ada, wanted(service), FIRST)


def test_nobody_is_asked_over_the_network_inside_a_unit_of_work(
    company: Company, admins: Any, service: Service
) -> None:
    ada = admins[0]
    with tenant(company.tenant_id), pytest.raises(RuntimeError):
        ask(company, ada, wanted(service), FIRST)
    connected(company, admins, service)
    with tenant(company.tenant_id), pytest.raises(RuntimeError):
        sign_on_trial.tried(company.acting(ada), ada)


def test_settings_change_and_the_secret_stays_but_another_client_needs_its_own(
    company: Company, admins: Any, service: Service
) -> None:
    ada, ben, _ = admins
    connected(company, admins, service)
    since = company.clock.now()
    company.clock.advance(days=3)
    assert refusal(lambda: ask(company, ada, wanted(service))) == "nothing_changes"
    assert agree(company, ben, ask(company, ada, wanted(service, newcomers=False)))
    found = stands(company)
    assert found.provider
    assert (found.provider.just_in_time, found.provider.since) == (False, since)
    assert found.secret_age == timedelta(days=3)
    service.clients["other"] = SECOND
    other = wanted(service, client_id="other")
    assert refusal(lambda: ask(company, ada, other)) == "sign_on_incomplete"
    assert agree(company, ben, ask(company, ada, other, SECOND))
    assert list(kept(company).values()) == [SECOND]
    assert stands(company).provider.since == company.clock.now()  # type: ignore[union-attr]


def test_one_person_renews_a_secret_that_the_service_takes(
    company: Company, admins: Any, service: Service
) -> None:
    ada = admins[0]
    renew = sign_on_trial.renew_secret
    acting = company.acting(ada)
    assert refusal(lambda: renew(acting, ada, SECOND)) == "sign_on_not_set_up"
    connected(company, admins, service)
    assert refusal(lambda: renew(acting, ada, SECOND)) == "client_secret_refused"
    assert refusal(lambda: renew(acting, ada, " ")) == "client_secret_missing"
    assert refusal(lambda: renew(acting, company.ann, FIRST)) == "not_yours_to_ask"
    service.clients["nostro"] = SECOND
    renew(acting, ada, SECOND)
    assert list(kept(company).values()) == [SECOND]
    (told,) = company.events("customer.sign_on_secret_renewed")
    assert told == {"issuer": service.issuer, "client_id": "nostro"}


def test_it_is_tried_without_signing_anybody_in(
    company: Company, admins: Any, service: Service
) -> None:
    ada = admins[0]
    connected(company, admins, service)

    def tried() -> list[bool | None]:
        return [one.worked for one in sign_on_trial.tried(company.acting(ada), ada)]

    assert tried() == [True, True, True]
    found = stands(company).trial
    assert found
    assert (found.by, [one.worked for one in found.looked]) == ("Ada", [True, True, True])
    service.vague = True
    assert tried() == [True, True, None]
    service.vague, service.clients["nostro"] = False, SECOND
    assert tried() == [True, True, False]
    service.calls_itself = "https://another.example"
    assert tried() == [False]
    assert refusal(lambda: sign_on_trial.tried(company.acting(company.ann), company.ann)) == (
        "not_yours_to_ask"
    )


def test_its_end_takes_two_and_names_who_has_no_other_way_in(
    company: Company, admins: Any, service: Service
) -> None:
    ada, ben, _ = admins
    connected(company, admins, service)
    now, ids = company.clock.now(), company.world.ids
    with tenant(company.tenant_id):
        row = single_sign_on.provider_of()
        newcomer = ids.new()
        sign_on.create_person(newcomer, f"{newcomer}@acme.example", "Nora New", now)
        for subject, person_id in (("nora", newcomer), ("ada", UUID(ada.id))):
            sign_on.remember(ids.new(), row, subject, person_id, now)
        signed_in = company.acting(ada).event(
            "person.signed_in", "person", newcomer, by=["single_sign_on"]
        )
        events.record([signed_in])
    known = {one.name: one for one in stands(company).known}
    assert (known["Nora New"].only_by_it, known["Ada"].only_by_it) == (True, False)
    assert (known["Nora New"].last_by_it_at, known["Ada"].last_by_it_at) == (now, None)
    acting = company.acting(ada)
    request_id = change_requests.ask(acting, ada, "sign_on_removal", {}, "we change the service")
    assert agree(company, ben, request_id)
    (told,) = company.events("change_request.applied")[-1:]
    assert told["after"] == {"have_no_other_way_in": ["Nora New"]}
    assert (stands(company).provider, kept(company)) == (None, {})
    assert refusal(lambda: single_sign_on.begin(company.tenant_id, "https://x.example")) == (
        "sign_on_not_set_up"
    )
    # Should the same service come back, its people are who they were.
    connected(company, admins, service)
    with tenant(company.tenant_id):
        assert sign_on.person_of(service.issuer, "nora") == newcomer
