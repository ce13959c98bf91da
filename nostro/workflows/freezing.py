"""The stop button: a treasurer freezes customer, bank, entity, account or payee at once.

Two other people lift it. What had already left is not called back by it (that is a recall); what
had not left stays, and is due again at once when the stop is lifted.
"""

from __future__ import annotations

from uuid import UUID

from nostro.domain import freeze as policy
from nostro.domain.duties import Touched
from nostro.domain.errors import Refused
from nostro.domain.freeze import Freeze, FreezeCause, FreezeScope
from nostro.domain.party import Member
from nostro.storage import events, freezes, parties, restoring
from nostro.storage.tenancy import tenant
from nostro.workflows import after_restore
from nostro.workflows.case_work import checked_reason
from nostro.workflows.context import Acting
from nostro.workflows.wake import wake


def freeze(
    acting: Acting, member: Member, scope: FreezeScope, subject_id: UUID, reason: str
) -> UUID:
    """Stop everything of one subject now; returns the stop's id.

    When this returns, nothing of the subject that had not begun to leave will leave. Raises Refused
    when the member may not, the subject is unknown, or it is stopped already.
    """
    policy.may_freeze(member)
    told = checked_reason(reason)
    with tenant(acting.tenant_id):
        freezes.close_gate()
        _check_subject(acting, scope, subject_id)
        policy.may_freeze(member, _touched(scope, subject_id))
        return set_stop(acting, member, scope, subject_id, FreezeCause.PERSON, told)


def set_stop(
    acting: Acting,
    member: Member,
    scope: FreezeScope,
    subject_id: UUID,
    cause: FreezeCause,
    reason: str,
) -> UUID:
    """Write a stop inside a unit of work that has closed the gate."""
    stop_id = acting.world.ids.new()
    row = Freeze(
        id=str(stop_id),
        scope=scope,
        subject_id=str(subject_id),
        cause=cause,
        reason=reason,
        frozen_by=member.id,
    )
    freezes.insert(row, member.name, acting.world.clock.now())
    told = {"scope": scope.value, "subject": str(subject_id), "cause": cause.value}
    events.record([acting.event("freeze.set", "freeze", stop_id, **told, reason=reason)])
    return stop_id


def lift(acting: Acting, member: Member, freeze_id: UUID, reason: str) -> bool:
    """Agree to lift a stop; returns True when it was the second agreement and the stop is over.

    Raises Refused when the member set it, has already agreed, or may not, and for the stop of a
    restore as long as something of it is open.
    """
    told = checked_reason(reason)
    now, ids = acting.world.clock.now(), acting.world.ids
    with tenant(acting.tenant_id):
        row = freezes.lock(freeze_id)
        if row is None:
            raise Refused(
                "stop_unknown",
                "This stop is not in force any more.",
                can_do="Reload the page; somebody may have lifted it.",
            )
        policy.may_lift(member, row, _touched(row.scope, UUID(row.subject_id)))
        if row.cause is FreezeCause.RESTORE:
            _check_restore(acting, row)
        freezes.add_lift(ids.new(), freeze_id, member.id, member.name, told, now)
        over = policy.is_lifted(row.lifted_by | {member.id})
        if over:
            freezes.end(freeze_id, now)
            if row.cause is FreezeCause.RESTORE and not restoring.stops_are_left():
                restoring.set_quarantined(on=False)
            wake("release_payments", tenant_id=acting.tenant_id)
        kind = "freeze.lifted" if over else "freeze.lift_agreed"
        events.record([acting.event(kind, "freeze", freeze_id, scope=row.scope.value, reason=told)])
        return over


def _check_restore(acting: Acting, row: Freeze) -> None:
    """The bank has told what left since the backup; what may have been paid waits for a person."""
    still_open = after_restore.may_be_lifted(acting, UUID(row.subject_id))
    if still_open:
        raise Refused(
            "restore_not_finished",
            "It is not yet known what left before the database was restored: "
            + " ".join(still_open),
            "The stop stays; the bank is asked again and again.",
            "Wait for its answers and statements, resolve those cases, or ask the bank what it"
            " has had since the backup and resolve the restore's own case with its answer.",
        )
    after_restore.hold_suspected(acting, UUID(row.subject_id))


def _touched(scope: FreezeScope, subject_id: UUID) -> Touched:
    """How far a grant has to reach for it: a bank or a payee is everybody's, so everywhere."""
    if scope is FreezeScope.ENTITY:
        return Touched(entity_id=str(subject_id))
    if scope is FreezeScope.ACCOUNT:
        of = {row.id: row.legal_entity_id for row in parties.accounts()}
        return Touched(entity_id=of.get(str(subject_id), ""), account_id=str(subject_id))
    return Touched()


def _check_subject(acting: Acting, scope: FreezeScope, subject_id: UUID) -> None:
    known = subject_id == acting.tenant_id
    if scope is not FreezeScope.CUSTOMER:
        known = parties.exists(scope.value, subject_id)
    if not known:
        raise Refused(
            "stop_subject_unknown",
            f"There is no such {scope.value} for this customer.",
            "Nothing was stopped.",
            "Reload the page and choose again.",
        )
    if freezes.is_frozen(scope, subject_id):
        raise Refused(
            "stopped_already",
            f"This {scope.value} is stopped already.",
            "It stays stopped.",
            "Look at the stops in force.",
        )
