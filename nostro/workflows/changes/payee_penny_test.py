"""A payee's account confirmed by the code of a small payment, as the payee told it.

Who tells the code here neither asked for the account nor began the test; somebody else agrees.
"""

from __future__ import annotations

import hmac
from uuid import UUID

import msgspec

from nostro.domain.errors import Refused
from nostro.domain.order import OrderState
from nostro.domain.party import Action
from nostro.domain.payee import ConfirmationMethod
from nostro.domain.policies.touching import Touch
from nostro.storage import events, payees
from nostro.storage.payees import AccountVersion, PennyTest
from nostro.workflows.changes import Change, Done, Kind
from nostro.workflows.changes.payee_call_back import before_and_after, unconfirmed
from nostro.workflows.context import Acting

_PAID = (OrderState.EXECUTED, OrderState.SETTLED)


class WantedPennyTest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The code as the payee told it, and who of his told it."""

    number: str
    code: str
    spoke_with: str


def _look(acting: Acting, wanted: WantedPennyTest, _: UUID) -> Change:
    account, test = _tested(acting, wanted)
    told = {"spoke_with": wanted.spoke_with.strip(), "code_of": test.payment}
    before, after = before_and_after(account, told)
    return Change(
        subject_id=account.payee_id,
        subject=f"{account.payee_name} ({wanted.number})",
        before=before,
        after=after,
        beneficiaries=tuple(sorted({*account.editors, test.done_by})),
    )


def _tested(acting: Acting, wanted: WantedPennyTest) -> tuple[AccountVersion, PennyTest]:
    account = unconfirmed(acting, wanted.number)
    tests = [one for one in payees.penny_tests(account.id) if one.state in _PAID]
    if not tests:
        raise _refused(
            "penny_test_not_paid",
            f"No penny test of the account of {account.payee_name} was executed by the bank.",
            "Begin one, or wait until its payment is executed.",
        )
    if any(one.done_by == acting.actor.id for one in tests):
        raise _refused(
            "own_change",
            f"{acting.actor.name} began the test; somebody else tells the code.",
            "Have a colleague ask the payee.",
        )
    told = wanted.code.strip().encode()
    found = [one for one in tests if hmac.compare_digest(one.code.encode(), told)]
    if not found or not wanted.spoke_with.strip():
        raise _refused(
            "penny_code_differs",
            "That is not the code of the payment, or nobody is named who told it.",
            "Ask the payee again what the text of the payment says.",
        )
    return account, found[0]


def _apply(acting: Acting, wanted: WantedPennyTest, change: Change, done: Done) -> None:
    asker = msgspec.structs.replace(acting.actor, id=done.asked_by, name=done.asked_by_name)
    account, test = _tested(msgspec.structs.replace(acting, actor=asker), wanted)
    payees.confirm_by_code(
        test.id,
        account.id,
        spoke_with=wanted.spoke_with.strip(),
        agreed_by=f"{done.asked_by_name} and {acting.actor.name}",
        now=acting.world.clock.now(),
    )
    told = {
        "number": wanted.number,
        "version": account.version,
        "method": ConfirmationMethod.PENNY_TEST.value,
        "before": change.before,
        "after": change.after,
        "asked_by": done.asked_by_name,
        "agreed_by": acting.actor.name,
    }
    events.record([acting.event("payee.confirmed", "payee", account.payee_id, **told)])


def _refused(code: str, happened: str, can_do: str) -> Refused:
    return Refused(code, happened, "The payee is unchanged.", can_do)


KIND = Kind(
    name="payee_penny_test",
    title="A payee's account confirmed by a penny test",
    wanted=WantedPennyTest,
    asks=(Action.PROPOSE_PAYEES, Action.DECIDE_PAYEES),
    decides=Action.DECIDE_PAYEES,
    look=_look,
    apply=_apply,
    touches=Touch.CONFIRMATION,
)
