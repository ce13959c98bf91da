"""Somebody who worked here: his data in his hands, and no way back to him after an erasure."""

from __future__ import annotations

import io
import json
from typing import Any
from uuid import UUID

import pytest

from nostro.domain.party import Member
from nostro.ops import sealing
from nostro.storage import models, people
from nostro.storage.tenancy import tenant
from nostro.workflows import personal_data, personal_profile, restoring, saved_filters
from tests.workflows.company import Company
from tests.workflows.test_change_requests import admins, agree, ask, refusal, wish

__all__ = ["admins"]
NAME = "Kanaria Zeisig"
HERE = "He can still sign in and work. First end all that he may do; then ask again."


@pytest.fixture
def email(company: Company) -> str:
    return f"kanarienvogel.{company.seed}@example.com"


@pytest.fixture
def leaver(company: Company, email: str) -> Member:
    """Ann under a name and an address that can be looked for; she has approved a payment."""
    ann = company.ann
    with tenant(company.tenant_id):
        models.Person.objects.filter(id=ann.id).update(email=email, name=NAME)
    saved_filters.keep(company.acting(ann), ann, "my list", "q=mine", shared=False)
    company.pay(1)
    return ann


def profile_rows(company: Company, person_id: str) -> str:
    """Every row that is about her, and not about what she did."""
    with tenant(company.tenant_id):
        rows = [
            list(models.Person.objects.filter(id=person_id).values()),
            list(models.Invitation.objects.values()),
            list(models.ChangeRequest.objects.values("subject", "wanted")),
            list(models.SavedView.objects.values()),
            list(models.FederatedIdentity.objects.values()),
        ]
    return str(rows)


def test_it_is_handed_out_and_erased_when_she_has_left(
    company: Company, admins: Any, leaver: Member, email: str
) -> None:
    ada, ben, _ = admins
    out = io.BytesIO()
    personal_profile.export(company.job, email, "she asked", out)
    told = json.loads(out.getvalue())
    assert (told["person"][0]["email"], told["person"][0]["name"]) == (email, NAME)
    assert len(told["approvals"]) == 1
    assert [view["query"] for view in told["saved_views"]] == ["q=mine"]
    assert told["events"]
    assert not [event for event in told["events"] if "data" in event], "it tells of others"
    assert all("data" in event for event in told["events_about_him"])
    assert "password" not in told["person"][0]
    wanted = {"person": email}
    assert refusal(lambda: ask(company, ada, wanted, "person_erasure")) == "person_works_here"
    agree(company, ben, ask(company, ada, {**wish(leaver), **wanted}))
    request_id = ask(company, ada, wanted, "person_erasure")
    assert refusal(lambda: agree(company, ada, request_id)) == "own_request"
    assert email in profile_rows(company, leaver.id)
    assert agree(company, ben, request_id)
    left = profile_rows(company, leaver.id)
    assert [canary for canary in (email, NAME, "q=mine") if canary in left] == []
    assert people.person_of_email(email) is None
    with tenant(company.tenant_id):
        kept = models.Person.objects.get(id=leaver.id)
        assert models.Approval.objects.filter(person_id=leaver.id).count() == 1
    assert (kept.is_active, kept.has_usable_password()) == (False, False)
    sealing.seal_all(company.clock.now())
    assert sealing.verify(company.tenant_id).whole


def test_who_never_worked_here_is_unknown(company: Company, leaver: Member, email: str) -> None:
    other = Company()
    out = io.BytesIO()
    told = refusal(lambda: personal_profile.export(other.job, email, "why not", out))
    assert (told, out.getvalue()) == ("person_unknown", b"")


def test_a_restored_profile_is_erased_again(
    company: Company, admins: Any, leaver: Member, email: str
) -> None:
    ada, ben, _ = admins
    agree(company, ben, ask(company, ada, {**wish(leaver), "person": email}))
    agree(company, ben, ask(company, ada, {"person": email}, "person_erasure"))
    done = personal_data.erasures(company.job)
    assert [one.what for one in done] == ["person"]
    assert personal_data.repeat(company.job, done).erased == 0
    models.Person.objects.filter(id=UUID(leaver.id)).update(email=email, name=NAME)
    company.clock.advance(days=1)
    restoring.quarantine(company.job, "restored from the backup of tonight")
    with tenant(company.tenant_id):
        models.Membership.objects.filter(person_id=leaver.id).update(active=True)
    again = personal_data.repeat(company.job, done)
    assert again.erased == 0
    assert again.kept == [f"person {leaver.id}: {HERE}"], "the backup is of when she worked here"
    with tenant(company.tenant_id):
        models.Membership.objects.filter(person_id=leaver.id).update(active=False)
    assert personal_data.repeat(company.job, done).erased == 1
    assert people.person_of_email(email) is None
