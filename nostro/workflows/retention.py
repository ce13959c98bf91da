"""Keeping and erasing evidence: for as long as the law asks, and not a file before.

What is erased loses its own key, so no copy of its pieces can be read any more. That it was there,
who erased it and why stays in the log, whose chain holds no content of it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Final
from uuid import UUID

import msgspec
import structlog
from django.db import transaction

from nostro.domain.errors import Invalid, Refused, Unavailable
from nostro.domain.order import ORDER, OrderState
from nostro.domain.policies.retention import MONTHS_DEFAULT, MONTHS_MAX, kept_until
from nostro.storage import events, evidence_keys, evidence_objects, retention
from nostro.storage.retention import HoldRow
from nostro.storage.tenancy import tenant
from nostro.workflows.context import Acting
from nostro.workflows.erasing import erase_events

log = structlog.get_logger()
ENDED: Final = {OrderState.SETTLED, OrderState.PARTIALLY_RETURNED} | ORDER.ends()
NAMED: Final = 5  # How many payments a refusal names.


def set_retention(acting: Acting, months: int, reason: str) -> None:
    """For how many months evidence is kept after the end of its year. Raises Invalid."""
    told = _checked(reason)
    check_months(months)
    with tenant(acting.tenant_id):
        before = retention.months()
        retention.set_months(months, acting.world.clock.now())
        data = {"before": before, "after": months, "reason": told}
        _record(acting, "customer.retention_changed", acting.tenant_id, **data)


def check_months(months: int, least: int = 0) -> None:
    """Raise Invalid for months that cannot be."""
    if not least <= months <= MONTHS_MAX:
        raise Invalid(
            "retention_months_wrong",
            f"Evidence cannot be kept for {months} months.",
            can_do=f"Give a whole number from {least} to {MONTHS_MAX}; 120 is ten years.",
            field="months",
        )


def _check_to_come(ends_on: date | None, today: date) -> None:
    if ends_on is not None and ends_on <= today:
        raise Invalid(
            "legal_hold_over",
            f"A legal hold until {ends_on:%Y-%m-%d} is over already.",
            "Nothing is held.",
            "Give a day to come, or none: it then lasts until it is lifted.",
            field="until",
        )


def place_hold(
    acting: Acting,
    name: str,
    reason: str,
    *,
    evidence_id: UUID | None = None,
    ends_on: date | None = None,
) -> UUID:
    """Forbid erasing one evidence, or all of them, until a day or until it is lifted.

    Raises Invalid for a day that is over, Refused for a name that was used.
    """
    _check_to_come(ends_on, acting.world.clock.now().date())
    hold = HoldRow(
        id=acting.world.ids.new(),
        name=name,
        reason=_checked(reason),
        evidence_id=evidence_id,
        ends_on=ends_on,
        placed_by=acting.actor.name,
        placed_at=acting.world.clock.now(),
        lifted_at=None,
    )
    with tenant(acting.tenant_id):
        if evidence_id is not None and retention.lock(evidence_id) is None:
            raise _unknown()
        if not retention.place(hold):
            raise Refused(
                "legal_hold_name_taken",
                f"There is or was a legal hold named {name}.",
                can_do="Choose another name.",
                field="name",
            )
        data = {"name": name, "reason": hold.reason, "evidence": str(evidence_id or "")}
        ends = ends_on.isoformat() if ends_on else ""
        _record(acting, "customer.legal_hold_placed", hold.id, ends_on=ends, **data)
    return hold.id


def lift_hold(acting: Acting, name: str, reason: str) -> None:
    """End a legal hold. Raises Refused when there is none of this name."""
    told = _checked(reason)
    with tenant(acting.tenant_id):
        hold = hold_named(name)
        retention.lift(name, acting.world.clock.now())
        _record(acting, "customer.legal_hold_lifted", hold.id, name=name, reason=told)


def hold_named(name: str) -> HoldRow:
    """The hold of this name that is not lifted; inside a unit of work. Raises Refused."""
    there = {row.name: row for row in retention.holds() if row.lifted_at is None}
    if name in there:
        return there[name]
    raise Refused(
        "legal_hold_unknown",
        f"There is no legal hold named {name}.",
        can_do=f"There are: {', '.join(there) or 'none'}.",
    )


def erase_evidence(acting: Acting, evidence_id: UUID, reason: str) -> None:
    """Erase a file for good. Raises Refused, with the date, while retention or a hold runs."""
    told, now = _checked(reason), acting.world.clock.now()
    with tenant(acting.tenant_id):
        row = retention.lock(evidence_id)
        if row is None:
            raise _unknown()
        if evidence_keys.erased(evidence_id):
            return
        if why := must_be_kept([evidence_id], row.recorded_at, now):
            raise _kept(*why)
        if numbers := retention.open_in(evidence_id, ENDED):
            raise _kept(f"payments in it are under way: {named(numbers)}", "when they have ended")
        destroy_evidence(acting, evidence_id, told)


def destroy_evidence(acting: Acting, evidence_id: UUID, reason: str) -> None:
    """Destroy a file whose time is over, inside the open unit of work; its object goes after it.

    Is the store away, or the object locked, it is said in the log: nobody can read it any more,
    and a later sweep deletes it.
    """
    file = evidence_objects.find(evidence_id)
    evidence_keys.destroy(evidence_id, acting.world.clock.now())
    if file is not None and file.kept_in == evidence_objects.S3:
        name = file.name_for(acting.tenant_id)
        transaction.on_commit(lambda: _remove_object(name))
    erase_events(acting, events.ids_about(evidence_id), reason)
    _record(acting, "evidence.erased", evidence_id, reason=reason)


def must_be_kept(
    evidence_ids: Collection[UUID], newest: datetime, now: datetime
) -> tuple[str, str] | None:
    """Why records of which the newest is from then must be kept, and until when; None: they need
    not. Inside the open unit of work."""
    months = retention.months()
    until = kept_until(newest.date(), MONTHS_DEFAULT if months is None else months)
    if now.date() <= until:
        return f"it must be kept until {until:%Y-%m-%d}", f"after {until:%Y-%m-%d}"
    if hold := retention.hold_over(evidence_ids, now.date()):
        ends = f"until {hold.ends_on:%Y-%m-%d}" if hold.ends_on else "until it is lifted"
        return f"the legal hold {hold.name} forbids it {ends}", "when the hold is over"
    return None


def named(numbers: Sequence[str]) -> str:
    """The first of these payments, and how many more there are."""
    more = f" and {len(numbers) - NAMED} more" if len(numbers) > NAMED else ""
    return f"{', '.join(numbers[:NAMED])}{more}"


def _remove_object(name: str) -> None:
    try:
        if not evidence_objects.store().remove(name):
            log.warning("evidence_object_left", object=name, error="It is locked in the bucket.")
    except (Unavailable, Refused) as error:
        log.warning("evidence_object_left", object=name, error=str(error))


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """The files of one year: until when they must be kept, and whether that day is over."""

    year: int
    files: int
    size_bytes: int
    held: int
    until: date
    over: bool


def due(acting: Acting) -> tuple[list[Due], list[HoldRow]]:
    """What is kept, year by year, and the legal holds in force, the newest first."""
    today = acting.world.clock.now().date()
    with tenant(acting.tenant_id):
        told = retention.months()
        months = MONTHS_DEFAULT if told is None else told
        years = [(row, kept_until(date(row.year, 1, 1), months)) for row in retention.years(today)]
        holds = [row for row in retention.holds() if row.lifted_at is None]
    rows = [
        Due(
            year=row.year,
            files=row.files,
            size_bytes=row.size_bytes,
            held=row.held,
            until=until,
            over=today > until,
        )
        for row, until in years
    ]
    return rows, [row for row in holds if row.ends_on is None or row.ends_on >= today]


def _kept(why: str, when: str) -> Refused:
    return Refused(
        "evidence_must_be_kept",
        f"This file cannot be erased: {why}.",
        "Nothing was erased.",
        f"Ask again {when}.",
    )


def _unknown() -> Refused:
    return Refused("evidence_unknown", "There is no such file for this customer.")


def _checked(reason: str) -> str:
    if not reason.strip():
        raise Invalid(
            "reason_missing",
            "No reason was given.",
            can_do="Say why; the log keeps it.",
            field="reason",
        )
    return reason.strip()


def _record(acting: Acting, kind: str, subject: UUID, **data: object) -> None:
    events.record([acting.event(kind, kind.partition(".")[0], subject, **data)])
