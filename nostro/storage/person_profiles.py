"""What is stored about somebody who signs in: shown to him, and erased once he works for nobody.

The profile is above customers; the rest is what the current customer holds.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password

from nostro.storage import models, sign_ins
from nostro.storage.texts import ERASED, emptied


def told(person_id: UUID, now: datetime) -> dict[str, Any]:
    """Profile, ways to sign in, and what he is and did here, table by table; no secret."""
    person = {"person_id": person_id}
    acted = {"actor__id": str(person_id)}
    profile = models.Person.objects.filter(id=person_id)
    found = {
        "person": profile.values("id", "email", "name", "is_active", "joined_at", "last_login"),
        "identities": models.FederatedIdentity.objects.filter(**person).values(
            "issuer", "subject", "since"
        ),
        "memberships": models.Membership.objects.filter(**person).values("grants", "active"),
        "invitations": models.Invitation.objects.filter(**person).values(
            "email", "name", "grants", "invited_at", "ended_at"
        ),
        "saved_views": models.SavedView.objects.filter(person_id=str(person_id)).values(
            "page", "name", "query", "created_at"
        ),
        "api_keys": models.ApiKey.objects.filter(owner_id=person_id).values(
            "prefix", "name", "created_at", "expires_at", "revoked_at", "last_used_at"
        ),
        "approvals": models.Approval.objects.filter(person_id=str(person_id)).values(
            "order__number", "person_name", "approved_at", "voided_at"
        ),
        "payments_made": models.Order.objects.filter(maker_id=str(person_id)).values(
            "number", "maker_name", "created_at"
        ),
        # What he did to others, without what it says of them.
        "events": models.Event.objects.filter(**acted).values(
            "id", "occurred_at", "type", "subject_kind", "subject_id", "source_address"
        ),
        "events_about_him": models.Event.objects.filter(subject_id=person_id).values(
            "id", "occurred_at", "type", "actor", "data"
        ),
    }
    rows: dict[str, Any] = {name: list(part) for name, part in found.items()}
    addresses = EmailAddress.objects.filter(user_id=person_id)
    rows["addresses"] = list(addresses.values("email", "verified", "primary"))
    rows["second_factors"] = sign_ins.factors(person_id)
    rows["signed_in"] = sign_ins.sign_ins(person_id, "", now)
    return rows


def worked_here(person_id: UUID) -> bool:
    """Whether he ever worked for the current customer."""
    return models.Membership.objects.filter(person_id=person_id).exists()


def is_erased(person_id: UUID) -> bool:
    return models.Person.objects.filter(id=person_id, email=_nobody(person_id)).exists()


def erase(person_id: UUID) -> dict[str, int]:
    """Nobody signs in as him any more, and his profile names nobody; how many rows of what."""
    sign_ins.forget_factors(person_id)
    ended = sign_ins.end_others(person_id)
    addresses, _ = EmailAddress.objects.filter(user_id=person_id).delete()
    views, _ = models.SavedView.objects.filter(person_id=str(person_id)).delete()
    for identity in models.FederatedIdentity.objects.filter(person_id=person_id):
        gone = f"{ERASED}:{identity.id}"
        models.FederatedIdentity.objects.filter(id=identity.id).update(subject=gone)
    invited = models.Invitation.objects.filter(person_id=person_id)
    asked = models.ChangeRequest.objects.filter(subject_id=person_id)
    for row in asked:
        asked.filter(id=row.id).update(subject=ERASED, wanted=emptied(row.wanted))
    profile = models.Person.objects.filter(id=person_id)
    return {
        "person": profile.update(
            email=_nobody(person_id), name=ERASED, password=make_password(None), is_active=False
        ),
        "sessions": ended,
        "addresses": addresses,
        "saved_views": views,
        "invitations": invited.update(email=_nobody(person_id), name=ERASED),
    }


def _nobody(person_id: UUID) -> str:
    """An address that can never be anybody's (RFC 2606, section 2)."""
    return f"{person_id}@{ERASED}.invalid"
