"""The secrets that webhooks are signed with: made by us, shown once, two of them at a rotation."""

from __future__ import annotations

import base64
import secrets
from datetime import datetime
from uuid import UUID

import msgspec

from nostro.domain.webhook import ROTATION_LASTS
from nostro.workflows.context import Acting

SECRET_BYTES = 32


class Keys(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of one address: its secret, and the one before, which signs until then."""

    secret: str
    previous: str = ""
    previous_until: datetime | None = None


def make(acting: Acting, endpoint_id: UUID) -> str:
    """A new secret for an address, `whsec_...`; the one before signs on for a day."""
    now = acting.world.clock.now()
    made = f"whsec_{base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}"
    name = _name(endpoint_id)
    keys = Keys(secret=made)
    if acting.world.secrets.knows(name):
        before = _read(acting, endpoint_id).secret
        keys = Keys(secret=made, previous=before, previous_until=now + ROTATION_LASTS)
    acting.world.secrets.write(name, msgspec.json.encode(keys).decode())
    return made


def signing(acting: Acting, endpoint_id: UUID) -> tuple[str, ...]:
    """The secrets that sign now, the newest first. Raises Refused when there is none."""
    keys = _read(acting, endpoint_id)
    old = keys.previous_until is not None and acting.world.clock.now() < keys.previous_until
    return (keys.secret, keys.previous) if old else (keys.secret,)


def _read(acting: Acting, endpoint_id: UUID) -> Keys:
    return msgspec.json.decode(acting.world.secrets.read(_name(endpoint_id)), type=Keys)


def _name(endpoint_id: UUID) -> str:
    return f"webhook.{endpoint_id}"
