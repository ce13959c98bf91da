"""A payee that is new: who he is, and the account that he is paid to."""

from __future__ import annotations

from uuid import UUID

import msgspec

from nostro.domain import identifier
from nostro.domain.errors import Invalid, Refused
from nostro.domain.party import Action
from nostro.storage import events, parties
from nostro.workflows.changes import Change, Done, Kind
from nostro.workflows.changes.payee_account import account_of, add_version, also_of
from nostro.workflows.context import Acting


class WantedPayee(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`number` is the customer's own number of the payee, as payments name him. The account is an
    IBAN, or one without as nostro.domain.local_account writes it."""

    number: str
    name: str
    iban: str = ""
    bic: str = ""
    account: str = ""


def _look(acting: Acting, wanted: WantedPayee, request_id: UUID) -> Change:
    if not wanted.number.strip() or not wanted.name.strip():
        raise Invalid(
            "payee_incomplete",
            "A payee has a number and a name.",
            "Nothing was asked for.",
            "Give both.",
            field="wanted",
        )
    if parties.payee_named(wanted.number) is not None:
        raise Refused(
            "payee_number_taken",
            f"There is a payee {wanted.number} already.",
            "Nothing was asked for.",
            "Ask for a change of its account instead.",
        )
    account = account_of(wanted.iban, wanted.account)
    after = {"number": wanted.number, "name": wanted.name, **account}
    after |= {"bic": identifier.bic(wanted.bic)} if wanted.bic else {}
    return Change(
        subject_id=request_id,
        subject=f"{wanted.name} ({wanted.number})",
        before={},
        after=after | also_of(account, wanted.number),
    )


def _apply(acting: Acting, wanted: WantedPayee, change: Change, done: Done) -> None:
    parties.add_payee(done.request_id, wanted.number, wanted.name)
    add_version(acting, done, done.request_id, change.after, version=1)
    told = {"before": change.before, "after": change.after, "request": str(done.request_id)}
    events.record([acting.event("payee_change.payee_added", "payee", done.request_id, **told)])


KIND = Kind(
    name="payee",
    title="A new payee",
    wanted=WantedPayee,
    asks=(Action.PROPOSE_PAYEES,),
    decides=Action.DECIDE_PAYEES,
    look=_look,
    apply=_apply,
)
