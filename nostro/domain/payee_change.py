"""A change of a payee's bank details is proposed by somebody and decided by somebody else."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from nostro.domain import duties
from nostro.domain.errors import Refused
from nostro.domain.machine import Machine, table
from nostro.domain.party import Action, Member

FROM_PAYMENTS = "payments"  # The origin of what came with payments; it stops none to the account.


class ChangeState(StrEnum):
    PROPOSED = "proposed"  # What a bank corrects: nothing is paid to him until it is decided.
    ACCEPTED = "accepted"
    REFUSED = "refused"


class ChangeMove(StrEnum):
    ACCEPT = "accept"
    REFUSE = "refuse"


_S, _M = ChangeState, ChangeMove

PAYEE_CHANGE: Machine[ChangeState, ChangeMove] = Machine(
    "change of a payee's account",
    _S.PROPOSED,
    table(
        ChangeState,
        [
            ((_S.PROPOSED,), _M.ACCEPT, _S.ACCEPTED),
            ((_S.PROPOSED,), _M.REFUSE, _S.REFUSED),
        ],
    ),
)


class AccountDetails(msgspec.Struct, frozen=True, kw_only=True):
    """Where a payee is paid: an IBAN, or an account number with its bank's code, and a BIC."""

    iban: str = ""
    account: str = ""
    bank_code: str = ""
    bic: str = ""


def may_decide(member: Member, proposed_by: str) -> None:
    """Raise Refused unless this member may decide on a change that another proposed."""
    if not member.is_person or not duties.may(member, Action.DECIDE_PAYEES):
        raise _refused("not_an_approver", f"{member.name} may not decide on bank details.")
    if member.id == proposed_by:
        raise _refused("own_change", f"{member.name} proposed this change; somebody else decides.")


def _refused(code: str, happened: str) -> Refused:
    return Refused(code, happened, "The payee is unchanged.", "Ask another approver.")
