"""Deciding on a proposed change of a payee's bank details: never by the one who proposed it.

Until what a bank corrects is decided nothing is paid to the payee; where payments brought another
account only these wait. Accepted, the payee has a new version of its
account, for which its next payment is held like for any changed one; a file to the old one that
waits is looked at again before it leaves (waiting_files), and stays. Refused, the old one stands.
"""

from __future__ import annotations

from uuid import UUID

import msgspec

from nostro.domain import identifier
from nostro.domain import payee_change as policy
from nostro.domain.case import CASE, CaseMove
from nostro.domain.errors import Refused
from nostro.domain.party import Member
from nostro.domain.payee import VersionOrigin, VersionSource
from nostro.domain.payee_change import ChangeState
from nostro.storage import cases, events, freezes, payee_changes
from nostro.storage.payee_changes import ChangeRow
from nostro.storage.tenancy import tenant
from nostro.workflows import payee_versions
from nostro.workflows.case_work import checked_reason, move
from nostro.workflows.context import Acting
from nostro.workflows.wake import wake


class NewAccount(msgspec.Struct, frozen=True, kw_only=True):
    """Where the payee is to be paid from now on, as the one who decides has checked it."""

    iban: str
    bic: str = ""


def accept(
    acting: Acting, member: Member, change_id: UUID, account: NewAccount, reason: str
) -> None:
    """Give the payee a new version of its account. Raises Refused, or Invalid for a wrong IBAN."""
    told = checked_reason(reason)
    number, bank = identifier.iban(account.iban), account.bic and identifier.bic(account.bic)
    with tenant(acting.tenant_id):
        freezes.close_gate()  # No file to the old account begins to leave meanwhile.
        change = _decidable(member, change_id)
        new = payee_versions.NewAccount(
            iban=number,
            bic=bank,
            origin=_origin(change, member, told),
            by=member.name,
            person=UUID(member.id),
        )
        payee_versions.add_account(
            acting, change.payee_id, change.payee_number, change.payee_name, new
        )
        _decide(acting, member, change, ChangeState.ACCEPTED, told)


def _origin(change: ChangeRow, member: Member, reason: str) -> VersionOrigin:
    """Where the version comes from: who told it, in which file, and who checked it."""
    from_payments = change.origin == policy.FROM_PAYMENTS
    return VersionOrigin(
        source=VersionSource.ERP if from_payments else VersionSource.BANK,
        detail=" ".join(part for part in (change.code, change.text) if part),
        evidence_id=str(payee_changes.file_of(change) or ""),
        document=reason,
        agreed_by=member.name,
    )


def refuse(acting: Acting, member: Member, change_id: UUID, reason: str) -> None:
    """Leave the payee's account as it is."""
    told = checked_reason(reason)
    with tenant(acting.tenant_id):
        _decide(acting, member, _decidable(member, change_id), ChangeState.REFUSED, told)


def _decidable(member: Member, change_id: UUID) -> ChangeRow:
    change = payee_changes.lock_proposed(change_id)
    if change is None:
        raise Refused(
            "change_decided",
            "This change is not waiting for anybody.",
            can_do="Reload the page; somebody may have decided on it.",
        )
    policy.may_decide(member, change.proposed_by)
    return change


def _decide(
    acting: Acting, member: Member, change: ChangeRow, state: ChangeState, reason: str
) -> None:
    payee_changes.decide(change.id, state, member.id, member.name, acting.world.clock.now())
    told = {"state_after": state.value, "reason": reason, "payee": change.payee_number}
    decided = acting.event("payee_change.decided", "payee", change.payee_id, **told)
    events.record([decided])
    case = cases.lock(change.case_id) if change.case_id else None
    if case and CASE.allows(case.state, CaseMove.RESOLVE):
        move(acting, case, CaseMove.RESOLVE, outcome=f"The change was {state.value}: {reason}")
    wake("release_payments", tenant_id=acting.tenant_id)
