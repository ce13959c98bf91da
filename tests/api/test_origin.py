"""Every event of a request says which request it was and where it came from, at both doors."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from django.test import override_settings

from nostro.domain.event import Event
from nostro.domain.party import Role
from nostro.storage import events, evidence, models
from nostro.storage.tenancy import tenant
from tests import seed
from tests.api import door

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE}-00f067aa0ba902b7-01"
BEHIND_A_PROXY = {"SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https")}


@pytest.fixture(scope="module")
def here(database: str) -> seed.Seeded:
    made = seed.customer("ORIGIN", payments=1)
    door.payee(made)
    return made


def about(here: seed.Seeded, subject_id: UUID) -> tuple[Event, ...]:
    with tenant(here.tenant_id):
        return events.about([subject_id])


def asked(here: seed.Seeded, **headers: str) -> set[tuple[str, str]]:
    """Trace and address of all that happened to a payment that a program has handed in."""
    body: dict[str, Any] = door.payment(here)
    token = door.key(here)
    told = door.call(
        token, "POST", "/v1/payments", body, Idempotency_Key=body["reference"], **headers
    )
    assert told.status_code == 201, told.content
    with tenant(here.tenant_id):
        found = models.Order.objects.get(source_reference=body["reference"]).id
    return {(event.origin.trace_id, event.origin.source_address) for event in about(here, found)}


def test_a_program_names_its_trace(here: seed.Seeded) -> None:
    assert asked(here, traceparent=TRACEPARENT) == {(TRACE, "127.0.0.1")}


@pytest.mark.parametrize(
    "given", ["", "nonsense", TRACEPARENT + "-x", f"00-{'0' * 32}-00f067aa0ba902b7-01"]
)
def test_a_request_without_a_trace_gets_one(here: seed.Seeded, given: str) -> None:
    ((trace, _),) = asked(here, traceparent=given)
    assert len(trace) == 32
    assert trace not in (TRACE, "0" * 32)


def test_behind_a_proxy_the_address_is_what_the_proxy_says(here: seed.Seeded) -> None:
    forged = "198.51.100.9, 203.0.113.7"
    with override_settings(**BEHIND_A_PROXY):
        ((_, address),) = asked(here, X_Forwarded_For=forged, X_Forwarded_Proto="https")
    assert address == "203.0.113.7"
    ((_, address),) = asked(here, X_Forwarded_For=forged)
    assert address == "127.0.0.1", "nobody in front: anybody could have written it"


def test_who_takes_a_file_out_is_in_the_log(here: seed.Seeded) -> None:
    with tenant(here.tenant_id):
        kept = evidence.keep(
            door.new(), b"<Document/>", name="camt.xml", media_type="application/xml",
            direction="in", now=seed.NOW,
        )  # fmt: skip
    person = door.person([here], [Role.AUDITOR], "Petra Auditor")
    answer = door.signed_in(person).get(f"/evidence/{kept}/")
    assert (answer.status_code, answer.content) == (200, b"<Document/>")
    (told,) = about(here, kept)
    assert (told.type, told.actor.name) == ("evidence.revealed", "Petra Auditor")
    assert told.data["name"] == "camt.xml"
    assert told.origin.source_address == "127.0.0.1"
    assert told.origin.trace_id
