"""Messages received from banks that still have to be understood; each stays due until it was."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from nostro.storage.models import BankMessage
from nostro.storage.tenancy import current


def insert(message_id: UUID, connection_id: UUID, evidence_id: UUID, now: datetime) -> bool:
    """Remember that these bytes came over this connection, due at once; False when they had."""
    _, created = BankMessage.objects.get_or_create(
        tenant_id=current(),
        connection_id=connection_id,
        evidence_id=evidence_id,
        defaults={"id": message_id, "received_at": now, "next_action_at": now},
    )
    return created


def count_try(connection_id: UUID, evidence_id: UUID, again_at: datetime) -> int:
    """Count one try and make the next one due; returns how many there were, 0 if not received."""
    row = (
        BankMessage.objects.select_for_update()
        .filter(connection_id=connection_id, evidence_id=evidence_id)
        .first()
    )
    if row is None:
        return 0  # Carried in by hand: nobody tries again by himself.
    row.tries += 1
    row.next_action_at = again_at
    row.save(update_fields=["tries", "next_action_at"])
    return row.tries


def done(connection_id: UUID, evidence_id: UUID) -> None:
    """Understood, or given up: not due any more."""
    BankMessage.objects.filter(connection_id=connection_id, evidence_id=evidence_id).update(
        next_action_at=None, tries=0
    )


def identity_of(message_id: UUID) -> tuple[UUID, UUID]:
    """The connection and the evidence of a message."""
    row = BankMessage.objects.values_list("connection_id", "evidence_id").get(id=message_id)
    return row[0], row[1]
