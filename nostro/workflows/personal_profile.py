"""The data of somebody who works here: handed to him, and his profile erased when he has left.

What he did stands in the log and in the payments under his name for as long as these are kept: who
approved what has to be told. His address, ways to sign in, sessions and searches need not be kept.
"""

from __future__ import annotations

import hashlib
from typing import Any, BinaryIO
from uuid import UUID

import msgspec

from nostro.domain.errors import Refused
from nostro.storage import events, partners, people, person_profiles
from nostro.storage.tenancy import tenant
from nostro.workflows.case_work import checked_reason
from nostro.workflows.context import Acting


def person_here(email: str) -> UUID:
    """Who has worked here under this address; inside a unit of work. Raises Refused."""
    found = people.person_of_email(email)
    if found is None or not person_profiles.worked_here(found):
        raise Refused(
            "person_unknown",
            f"Nobody who works or worked here signs in as {email[:100]}.",
            "Nothing was done.",
            "Give the address that he signs in with.",
            field="person",
        )
    return found


def export(acting: Acting, email: str, reason: str, out: BinaryIO) -> str:
    """Write all that is held about him as JSON, and before it the event that it was; returns its
    SHA-256, which the log has as well."""
    words = checked_reason(reason)
    with tenant(acting.tenant_id):
        person_id = person_here(email)
        told = person_profiles.told(person_id, acting.world.clock.now())
        content = msgspec.json.format(msgspec.json.encode(told), indent=1)
        digest = hashlib.sha256(content).hexdigest()
        data = {"reason": words, "sha256": digest}
        events.record([acting.event("person.revealed", "person", person_id, **data)])
        out.write(content)
    return digest


def must_have_left(person_id: UUID) -> None:
    """Raise Refused for somebody who can still work for a customer or a partner."""
    if people.memberships(person_id) or partners.partner_of(person_id):
        raise Refused(
            "person_works_here",
            "He can still sign in and work.",
            "Nothing was erased.",
            "First end all that he may do; then ask again.",
            field="person",
        )


def erase(acting: Acting, person_id: UUID, reason: str, **told: Any) -> None:
    """Erase his profile, inside the open unit of work."""
    rows = person_profiles.erase(person_id)
    data = {"rows": rows, "reason": reason, **told}
    events.record([acting.event("person.erased", "person", person_id, **data)])
