"""The addresses at which banks call: hard to guess, found before a customer is known."""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Callable
from typing import Final
from uuid import UUID

import msgspec

from nostro.domain.errors import Refused
from nostro.storage import models

NAME_BYTES: Final = 32
_NAME = re.compile(r"[A-Za-z0-9_-]{43}\Z", re.ASCII)


class CalledRow(msgspec.Struct, frozen=True, kw_only=True):
    """Whose connection a bank calls."""

    tenant_id: UUID
    connection_id: UUID


def open_door(
    connection_name: str, randomness: Callable[[int], bytes] = secrets.token_bytes
) -> str:
    """Give a connection of this customer a new address; the old one is closed. Returns its name."""
    name = base64.urlsafe_b64encode(randomness(NAME_BYTES)).decode().rstrip("=")
    found = models.Connection.objects.filter(name=connection_name)
    if not found.update(callback_name=name):
        names = models.Connection.objects.order_by("name").values_list("name", flat=True)
        raise Refused(
            "connection_unknown",
            f"There is no connection {connection_name} of this customer.",
            can_do=f"Connections: {', '.join(names) or 'none yet'}.",
        )
    return name


def called(name: str) -> CalledRow | None:
    """The connection with this address, or None; as nostro_ops, before a customer is known."""
    if not _NAME.match(name):
        return None
    found = models.Connection.objects.using("ops").filter(callback_name=name)
    row = found.values_list("tenant_id", "id").first()
    return CalledRow(tenant_id=row[0], connection_id=row[1]) if row else None
