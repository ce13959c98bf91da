"""Corrected accounts and saved filters, asked as a browser and as a program ask for them."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client

from nostro.domain.freeze import FreezeCause, FreezeScope
from nostro.domain.party import Member, Role
from nostro.storage import (
    case_listing,
    events,
    freezes,
    parties,
    payee_change_listing,
    payee_changes,
)
from nostro.storage.payee_changes import NewChange
from nostro.storage.tenancy import tenant
from nostro.workflows import freezing
from nostro.workflows.context import job_for
from tests.api import door
from tests.console.seed import MONDAY, Vesterholt
from tests.console.test_actions import colleague, entered, text_of

NEW_IBAN = "NL20INGB0001234567"


@pytest.fixture(scope="module")
def first(seeded: Vesterholt) -> Client:
    return entered(seeded.email(seeded.first.name), seeded.password)


@pytest.fixture(scope="module")
def auditor(seeded: Vesterholt) -> Client:
    return colleague(seeded, [Role.AUDITOR], "Aud Auditor")


def proposed(seeded: Vesterholt, by: str = "nostro", **changed: str) -> UUID:
    """Another correction of the same payee, from the bank or by a person."""
    with tenant(seeded.tenant_id):
        like = payee_change_listing.change(seeded.change_id)
        assert like is not None
        change = NewChange(
            id=uuid4(), payee_id=like.payee_id, origin="nacha_noc", before=like.before,
            after=like.before | changed, code="C04", text="", case_id=None, proposed_by=by,
            natural_key=str(uuid4()),
        )  # fmt: skip
        payee_changes.propose(change, MONDAY)
    return change.id


def state_of(seeded: Vesterholt, change_id: UUID) -> str:
    with tenant(seeded.tenant_id):
        row = payee_change_listing.change(change_id)
    assert row is not None
    return row.state.value


def test_today_tells_what_waits_for_a_second_person(seeded: Vesterholt, first: Client) -> None:
    told = text_of(first.get("/"))
    assert "The bank never had it" in told
    assert "Ms Ortega, payments desk" in told
    assert f"{seeded.first.name} stated this" in told
    assert f"/corrections/{seeded.change_id}/" in told
    second = entered(seeded.email(seeded.second.name), seeded.password)
    told = text_of(second.get("/"))
    assert f"Written down by {seeded.first.name}" in told
    file_id = seeded.file_ids["Werke US dollar account"]
    assert f'href="/files/{file_id}/#stated">Decide' in told


def test_old_and_new_stand_side_by_side_with_where_it_comes_from(
    seeded: Vesterholt, first: Client
) -> None:
    told = text_of(first.get(f"/corrections/{seeded.change_id}/"))
    for word in ("24681357", "19181716", "Notification of change", "C01", "noc_20261123.ach"):
        assert word in told
    listed = text_of(first.get("/corrections/"))
    assert "1 correction waits for a decision" in listed


def test_who_only_reads_is_offered_nothing_and_refused(seeded: Vesterholt, auditor: Client) -> None:
    address = f"/corrections/{seeded.change_id}/"
    told = text_of(auditor.get(address))
    assert "may not decide on bank details" in told
    assert "Accept the new account" not in told
    answer = auditor.post(f"{address}accept/", {"iban": NEW_IBAN, "reason": "because"})
    assert answer.status_code == 409
    assert state_of(seeded, seeded.change_id) == "proposed"


def test_nobody_decides_on_what_he_proposed(seeded: Vesterholt, first: Client) -> None:
    own = proposed(seeded, by=seeded.first.id, iban=NEW_IBAN)
    told = text_of(first.get(f"/corrections/{own}/"))
    assert "proposed this change; somebody else decides" in told
    sent = {"reason": "mine"}
    assert first.post(f"/corrections/{own}/refuse/", sent).status_code == 409
    assert state_of(seeded, own) == "proposed"
    other = entered(seeded.email(seeded.second.name), seeded.password)
    assert other.post(f"/corrections/{own}/refuse/", sent).status_code == 302
    assert state_of(seeded, own) == "refused"


def test_a_wrong_iban_is_said_and_what_was_written_stays(seeded: Vesterholt, first: Client) -> None:
    sent = {"iban": "NL00INGB0001234567", "reason": "rang Ms Tan"}
    answer = first.post(f"/corrections/{seeded.change_id}/accept/", sent)
    assert answer.status_code == 400
    assert "rang Ms Tan" in text_of(answer)
    assert state_of(seeded, seeded.change_id) == "proposed"


def test_a_name_that_is_corrected_suggests_the_account_of_today(
    seeded: Vesterholt, first: Client
) -> None:
    change_id = proposed(seeded, name="NEW NAME INC")
    with tenant(seeded.tenant_id):
        found = payee_change_listing.story(change_id)
    assert found is not None
    assert found.account is not None
    assert f'value="{found.account.iban}"' in text_of(first.get(f"/corrections/{change_id}/"))


def test_accepting_makes_a_new_account_and_shows_the_stop_that_stays(
    seeded: Vesterholt, first: Client
) -> None:
    job = job_for(seeded.tenant_id)
    with tenant(seeded.tenant_id):
        before = payee_change_listing.story(seeded.change_id)
        assert before is not None
        nostro = Member(id="nostro", name="nostro", roles=frozenset(), is_person=False)
        freezes.close_gate()
        why = "Payment came back: AC04."
        subject = before.change.payee_id
        freezing.set_stop(job, nostro, FreezeScope.PAYEE, subject, FreezeCause.RETURN, why)
    assert "stopped because money came back" in text_of(first.get("/corrections/"))
    sent = {"iban": NEW_IBAN, "reason": "rang Ms Tan on the number of last year"}
    done = first.post(f"/corrections/{seeded.change_id}/accept/", sent, follow=True)
    told = text_of(done)
    assert "Accepted. The next payment" in told
    assert "rang Ms Tan on the number of last year" in told
    assert why in told
    assert "two people do" in told
    with tenant(seeded.tenant_id):
        number = before.change.payee_number
        assert parties.current_payee_accounts([number])[number].iban == NEW_IBAN
        (case,) = case_listing.cases(case_listing.CaseFilter(q=number)).rows
        assert case.state.value == "resolved"
    again = first.post(f"/corrections/{seeded.change_id}/accept/", sent)
    assert again.status_code == 409


def test_a_correction_through_the_api_is_read_by_keys_and_decided_by_people(
    seeded: Vesterholt,
) -> None:
    key = door.key(seeded, door.EVERYTHING)  # type: ignore[arg-type]
    mine = door.key(seeded, door.EVERYTHING, UUID(seeded.second.id))  # type: ignore[arg-type]
    change_id = proposed(seeded, account="777", bank_code="091000019")
    address = f"/v1/payee-changes/{change_id}"
    told = door.get(key, "/v1/payee-changes?state=proposed").json()["items"]
    assert str(change_id) in {one["id"] for one in told}
    story = door.get(key, address).json()
    assert (story["change"]["before"]["account"], story["change"]["after"]["account"]) == (
        "24681357",
        "777",
    )
    body = {"iban": NEW_IBAN, "reason": "rang them"}
    door.is_problem(door.post(key, f"{address}/accept", body), 403, "person_needed")
    done = door.post(mine, f"{address}/accept", body)
    assert done.status_code == 200, done.content
    assert (done.json()["change"]["state"], done.json()["paid_to"]) == ("accepted", NEW_IBAN)
    told = door.post(mine, f"{address}/refuse", {"text": "late"})
    door.is_problem(told, 409, "change_decided")
    door.is_problem(door.get(key, f"/v1/payee-changes/{uuid4()}"), 404, "not_found")
    door.is_problem(door.get(key, "/v1/payee-changes?state=x"), 422, "state_unknown")


def kinds_about(seeded: Vesterholt, subject: str) -> list[str]:
    with tenant(seeded.tenant_id):
        return [event.type for event in events.about([UUID(subject)])]


def test_a_saved_filter_is_the_same_in_console_and_api(seeded: Vesterholt, first: Client) -> None:
    mine = door.key(seeded, door.EVERYTHING, UUID(seeded.first.id))  # type: ignore[arg-type]
    query = "state=unknown&currency=USD&least=1%2C000.00&case=open"
    first.post("/payments/views/", {"name": "Lost dollars", "query": query})
    (kept,) = door.get(mine, "/v1/saved-filters").json()["items"]
    assert kept["filters"] == {
        "outcome_unknown": "true",
        "currency": "USD",
        "amount_from": "1000.00",
        "has_open_case": "true",
    }
    assert kinds_about(seeded, kept["id"]) == ["saved_filter.kept"]
    sent = {"state": "held", "currency": "EUR", "requested_from": "2026-11-01"}
    body = {"name": "Held euros", "shared": True, "filters": sent}
    made = door.post(mine, "/v1/saved-filters", body)
    assert made.status_code == 201, made.content
    assert made.json()["filters"] == sent
    page = text_of(first.get("/payments/"))
    assert "?state=held&amp;currency=EUR&amp;from=2026-11-01" in page
    gone = _delete(mine, made.json()["id"])
    assert gone.status_code == 200, gone.content
    assert kinds_about(seeded, made.json()["id"])[-1] == "saved_filter.forgotten"
    door.is_problem(_delete(mine, made.json()["id"]), 404, "not_found")
    assert [one["name"] for one in door.get(mine, "/v1/saved-filters").json()["items"]] == [
        "Lost dollars"
    ]


def test_a_key_sees_the_shared_filters_and_keeps_none(seeded: Vesterholt, auditor: Client) -> None:
    key = door.key(seeded, door.EVERYTHING)  # type: ignore[arg-type]
    assert door.get(key, "/v1/saved-filters").json()["items"] == []
    body = {"name": "Mine", "filters": {"q": "x"}}
    door.is_problem(door.post(key, "/v1/saved-filters", body), 403, "person_needed")
    answer = auditor.post(
        "/v1/saved-filters",
        json.dumps({**body, "shared": True}),
        "application/json",
        headers={"Idempotency-Key": "a"},
    )
    door.is_problem(answer, 403, "reads_only")


def _delete(token: str, filter_id: str) -> Any:
    address = f"/v1/saved-filters/{filter_id}"
    return door.call(token, "DELETE", address, Idempotency_Key=str(uuid4()))
