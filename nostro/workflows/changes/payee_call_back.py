"""A payee's account confirmed by a call: somebody who did not ask for it rang the payee.

It is a change like any other: who made the call asks, somebody else agrees, and who asked for the
account does neither. What is confirmed is one version; a new one has to be confirmed anew.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from nostro.domain.errors import Invalid, Refused
from nostro.domain.party import Action
from nostro.domain.payee import CallBack, ConfirmationMethod, NumberSource
from nostro.domain.policies.touching import Touch
from nostro.storage import events, payees
from nostro.storage.payees import AccountVersion
from nostro.workflows.changes import Change, Done, Kind
from nostro.workflows.changes.payee_account import known
from nostro.workflows.context import Acting

NAME_MAX = 140


class WantedCallBack(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who was spoken with, on which number, where that number comes from, when, and what was
    said."""

    number: str
    spoke_with: str
    number_called: str
    number_source: NumberSource
    called_at: datetime
    said: str


def unconfirmed(acting: Acting, number: str) -> AccountVersion:
    """The account of a payee that waits to be confirmed; raises Refused where there is none, and
    for who asked for it: at the terminal that is known to nobody, so two others agree."""
    known(number)
    account = payees.newest_account(number)
    if account is None:
        raise Refused(
            "payee_without_account",
            f"Payee {number} has no account yet.",
            "Nothing was asked for.",
            "Ask for one first.",
        )
    if acting.actor.id in account.editors:
        raise Refused(
            "own_change",
            f"{acting.actor.name} asked for this account; somebody else makes sure of it.",
            "The payee is unchanged.",
            "Have a colleague call the payee.",
        )
    return account


def before_and_after(
    account: AccountVersion, told: dict[str, str]
) -> tuple[dict[str, object], dict[str, object]]:
    """A version as it is, and as it is once it is confirmed."""
    named = {"iban": account.iban, "version": account.version}
    before = {**named, "confirmed": account.confirmed}
    after = {**named, "confirmed": True}
    return before, after if account.confirmed else after | told


def _look(acting: Acting, wanted: WantedCallBack, _: UUID) -> Change:
    account = unconfirmed(acting, wanted.number)
    call = _call(wanted)
    _check_time(acting, account, call.called_at)
    before, after = before_and_after(
        account,
        {
            "spoke_with": call.spoke_with,
            "number_called": call.number_called,
            "number_source": call.number_source.value.replace("_", " "),
            "called_at": call.called_at.isoformat(timespec="minutes"),
            "said": call.said,
        },
    )
    return Change(
        subject_id=account.payee_id,
        subject=f"{account.payee_name} ({wanted.number})",
        before=before,
        after=after,
        beneficiaries=tuple(sorted(account.editors)),
    )


def _apply(acting: Acting, wanted: WantedCallBack, change: Change, done: Done) -> None:
    account = payees.newest_account(wanted.number)
    if account is None:  # It was there when it was looked at, a moment ago.
        raise AssertionError(wanted.number)
    row = payees.Confirmed(
        id=done.request_id,
        account_id=account.id,
        done_by=done.asked_by,
        done_by_name=done.asked_by_name,
        agreed_by_name=acting.actor.name,
    )
    payees.confirm_by_call(row, _call(wanted), acting.world.clock.now())
    told = {
        "number": wanted.number,
        "version": account.version,
        "method": ConfirmationMethod.CALL_BACK.value,
        "before": change.before,
        "after": change.after,
        "asked_by": done.asked_by_name,
        "agreed_by": acting.actor.name,
    }
    events.record([acting.event("payee.confirmed", "payee", account.payee_id, **told)])


def _call(wanted: WantedCallBack) -> CallBack:
    """What was said on the phone; raises Invalid where somebody could not call again by it."""
    told = {name: getattr(wanted, name).strip() for name in ("spoke_with", "number_called", "said")}
    for name, text in told.items():
        if not text and not (
            name == "number_called" and wanted.number_source is NumberSource.IN_PERSON
        ):
            raise Invalid(
                "call_incomplete",
                f"It is not said: {name.replace('_', ' ')}.",
                "Nothing was asked for.",
                "Say whom you spoke with, on which number, and what was said.",
                field=name,
            )
    if len(told["spoke_with"]) > NAME_MAX or len(told["number_called"]) > NAME_MAX:
        raise Invalid(
            "call_incomplete",
            "The name or the number is too long to be one.",
            "Nothing was asked for.",
            f"Give each in up to {NAME_MAX} characters.",
            field="spoke_with",
        )
    return CallBack(
        spoke_with=told["spoke_with"],
        number_called=told["number_called"],
        number_source=wanted.number_source,
        called_at=wanted.called_at,
        said=told["said"],
    )


def _check_time(acting: Acting, account: AccountVersion, called_at: datetime) -> None:
    now = acting.world.clock.now()
    if called_at.tzinfo is not None and account.asked_at <= called_at <= now:
        return
    raise Invalid(
        "call_time_unfit",
        f"A call at {called_at.isoformat(timespec='minutes')} cannot have been about this account:"
        f" it was asked for at {account.asked_at.isoformat(timespec='minutes')}.",
        "Nothing was asked for.",
        "Say when you called, with the offset from UTC: after the change, and not in the future.",
        field="called_at",
    )


KIND = Kind(
    name="payee_call_back",
    title="A payee's account confirmed by a call",
    wanted=WantedCallBack,
    asks=(Action.PROPOSE_PAYEES, Action.DECIDE_PAYEES),
    decides=Action.DECIDE_PAYEES,
    look=_look,
    apply=_apply,
    touches=Touch.CONFIRMATION,
)
