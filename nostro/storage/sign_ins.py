"""What a person proves himself by, and where he is signed in now: his own, above customers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session

_KINDS = Authenticator.Type


class Passkey(msgspec.Struct, frozen=True, kw_only=True):
    """A key pair on a device of the person; only its public half is here."""

    id: int
    name: str
    added_at: datetime
    last_used_at: datetime | None


class Factors(msgspec.Struct, frozen=True, kw_only=True):
    """All by which a person proves himself, besides a password."""

    passkeys: tuple[Passkey, ...]
    authenticator_added_at: datetime | None = None
    authenticator_last_used_at: datetime | None = None
    codes_made_at: datetime | None = None
    codes_left: int = 0

    @property
    def any(self) -> bool:
        """Whether a password alone does not sign this person in."""
        return bool(self.passkeys) or self.authenticator_added_at is not None


class SignIn(msgspec.Struct, frozen=True, kw_only=True):
    """One browser in which the person is signed in."""

    id: int
    browser: str
    address: str
    since: datetime
    last_seen_at: datetime
    current: bool


def factors(person_id: UUID) -> Factors:
    """What this person has set up; the oldest passkey first."""
    found = list(Authenticator.objects.filter(user_id=person_id).order_by("created_at", "id"))
    authenticator = next((row for row in found if row.type == _KINDS.TOTP), None)
    codes = next((row for row in found if row.type == _KINDS.RECOVERY_CODES), None)
    return Factors(
        passkeys=tuple(
            Passkey(
                id=row.pk,
                name=str(row.data["name"]),
                added_at=row.created_at,
                last_used_at=row.last_used_at,
            )
            for row in found
            if row.type == _KINDS.WEBAUTHN
        ),
        authenticator_added_at=authenticator.created_at if authenticator else None,
        authenticator_last_used_at=authenticator.last_used_at if authenticator else None,
        codes_made_at=codes.created_at if codes else None,
        codes_left=len(RecoveryCodes(codes).get_unused_codes()) if codes else 0,
    )


def sign_ins(person_id: UUID, current_key: str, now: datetime) -> list[SignIn]:
    """Where this person is signed in now, this browser first, then the last seen first.

    `current_key` is the key of the session that asks.
    """
    kept = {row.session_key: row for row in UserSession.objects.filter(user_id=person_id)}
    alive = Session.objects.filter(session_key__in=kept, expire_date__gt=now)
    idle = timedelta(seconds=settings.SESSION_COOKIE_AGE)
    found = [
        SignIn(
            id=kept[key].pk,
            browser=kept[key].user_agent,
            address=kept[key].ip,
            since=kept[key].created_at,
            last_seen_at=expires - idle,  # Every request moves the end of a session.
            current=key == current_key,
        )
        for key, expires in alive.values_list("session_key", "expire_date")
    ]
    return sorted(found, key=lambda one: (not one.current, -one.last_seen_at.timestamp()))


def end(person_id: UUID, sign_in_id: int) -> bool:
    """Sign this person out there, at once; True when he was signed in there."""
    return _end(UserSession.objects.filter(user_id=person_id, id=sign_in_id)) > 0


def end_others(person_id: UUID, current_key: str = "") -> int:
    """Sign this person out everywhere but here; returns where he was."""
    return _end(UserSession.objects.filter(user_id=person_id).exclude(session_key=current_key))


def forget_factors(person_id: UUID) -> None:
    """Passkeys, app and codes of this person count no more."""
    Authenticator.objects.filter(user_id=person_id).delete()


def moved(old_key: str, new_key: str) -> None:
    """A session goes on under another key."""
    UserSession.objects.filter(session_key=old_key).update(session_key=new_key)


def _end(found: Iterable[UserSession]) -> int:
    keys = [row.session_key for row in found]
    ended, _ = Session.objects.filter(session_key__in=keys).delete()
    UserSession.objects.filter(session_key__in=keys).delete()
    return ended
