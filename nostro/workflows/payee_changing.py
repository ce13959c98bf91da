"""Deciding on a proposed change of a payee's bank details: never by the one who proposed it.

Until it is decided nothing is paid to the payee. Accepted, the payee has a new version of its
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
from nostro.domain.party import Member, PayeeAccount
from nostro.domain.payee_change import ChangeState
from nostro.storage import cases, events, freezes, parties, payee_changes
from nostro.storage.payee_changes import ChangeRow
from nostro.storage.tenancy import tenant
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
        now, ids = acting.world.clock.now(), acting.world.ids
        current = parties.current_payee_accounts([change.payee_number]).get(change.payee_number)
        parties.add_payee_account(
            PayeeAccount(
                id=str(ids.new()),
                payee_id=str(change.payee_id),
                payee_number=change.payee_number,
                payee_name=change.payee_name,
                version=current.version + 1 if current else 1,
                iban=number,
                bic=bank,
                valid_from=now,
                changed_by=member.name,
                confirmed=False,
            ),
            UUID(member.id),
        )
        _decide(acting, member, change, ChangeState.ACCEPTED, told)


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
