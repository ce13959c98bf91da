"""How far a customer's chain is: sealed, signed, exported, found whole. And one entry's place."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec
from django.db.models import Count, Max, Q

from nostro.domain import audit_chain
from nostro.domain.audit_chain import Tree
from nostro.domain.audit_statement import Checkpoint, Signed, read
from nostro.domain.event import Event
from nostro.storage import audit_trail, models
from nostro.storage.listing import seal_lag
from nostro.storage.rows import SealLag

VERIFIED = "audit.verified"
VERIFICATION_ASKED = "audit.verification_asked"


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A signed checkpoint, and since when every place outside the database has it."""

    signed: Signed
    checkpoint: Checkpoint
    exported_at: datetime | None


class SealBatchRow(msgspec.Struct, frozen=True, kw_only=True):
    """The tree as it stood after some entries were sealed together, the first of them `first`."""

    first: int
    position: int
    entries: int
    root: str
    sealed_at: datetime


class ChainPage(msgspec.Struct, frozen=True, kw_only=True):
    """`position`, `head` and `sealed_at` are of the last entry; 0, "" and None before there is one.

    `verified` is what the last look found, `asked` when somebody asked for one, `unexported` how
    many statements have not left the database yet.
    """

    position: int
    head: str
    sealed_at: datetime | None
    lag: SealLag
    checkpoint: Kept | None
    unexported: int
    statements: int
    verified: Event | None
    asked: Event | None

    @property
    def unsigned(self) -> int:
        """How many sealed entries no checkpoint covers yet."""
        return self.position - (self.checkpoint.checkpoint.position if self.checkpoint else 0)

    @property
    def being_verified(self) -> bool:
        """Somebody asked for a look, and it has not ended yet."""
        if self.asked is None:
            return False
        return self.verified is None or self.verified.occurred_at < self.asked.occurred_at


def chain_page(customer_id: UUID) -> ChainPage:
    seals = models.EventSeal.objects.order_by("-position")
    position, head, sealed_at = seals.values_list("position", "hash", "sealed_at").first() or (
        0,
        "",
        None,
    )
    counted = models.AuditStatement.objects.aggregate(
        all=Count("number"), waiting=Count("number", filter=Q(exported_at=None))
    )
    return ChainPage(
        position=position,
        head=head,
        sealed_at=sealed_at,
        lag=seal_lag(),
        checkpoint=checkpoint_from(0, newest=True),
        unexported=counted["waiting"],
        statements=counted["all"],
        verified=last_verified(customer_id),
        asked=audit_trail.newest(customer_id, VERIFICATION_ASKED),
    )


def last_verified(customer_id: UUID) -> Event | None:
    """The event that says what the last look at this customer's chain found."""
    return audit_trail.newest(customer_id, VERIFIED)


def checkpoint_from(position: int, *, newest: bool = False) -> Kept | None:
    """The first checkpoint that covers a position, or the newest one; None when there is none."""
    found = models.AuditStatement.objects.filter(kind="checkpoint", position__gte=position)
    row = found.order_by("-number" if newest else "number").values().first()
    if row is None:
        return None
    signed = Signed(number=row["number"], statement=row["statement"], signature=row["signature"])
    told = read(signed.statement)
    if not isinstance(told, Checkpoint):
        return None
    return Kept(signed=signed, checkpoint=told, exported_at=row["exported_at"])


def batch_of(position: int) -> SealBatchRow | None:
    """The batch in which the entry at a position was sealed; None before there were batches."""
    batches = models.SealBatch.objects
    row = batches.filter(position__gte=position).order_by("position").values().first()
    if row is None:
        return None
    before = batches.filter(position__lt=position).aggregate(last=Max("position"))["last"]
    return SealBatchRow(
        first=(before or 0) + 1,
        position=row["position"],
        entries=row["entries"],
        root=row["root"],
        sealed_at=row["sealed_at"],
    )


class Neighbours(msgspec.Struct, frozen=True, kw_only=True):
    """The entries beside one, each as position and hash; None at an end of the chain."""

    before: tuple[int, str] | None
    after: tuple[int, str] | None


def neighbours(position: int) -> Neighbours:
    seals = models.EventSeal.objects.values_list("position", "hash")
    return Neighbours(
        before=seals.filter(position__lt=position).order_by("-position").first(),
        after=seals.filter(position__gt=position).order_by("position").first(),
    )


def leaves_to(position: int, until: int, most: int) -> tuple[Tree, list[bytes]] | None:
    """The tree as it was written down before a position, and the hashes of the entries that follow
    up to `until`; None when those are more than `most`."""
    row = models.SealBatch.objects.filter(position__lt=position).order_by("-position").first()
    tree = audit_chain.tree_of(row.entries, row.peaks) if row else Tree()
    seals = models.EventSeal.objects.filter(
        position__gt=row.position if row else 0, position__lte=until
    )
    found = list(seals.order_by("position").values_list("hash", flat=True)[: most + 1])
    return (tree, [bytes.fromhex(one) for one in found]) if len(found) <= most else None
