"""Where a payee is paid: a new version of its account, the old ones stay as they were.

Who asked and who agreed cannot approve payments to it. Corrections that a bank sends are decided
in nostro.workflows.payee_changing instead: there the decider checks and completes what the bank
wrote, which is often no whole account, so there is nothing yet to hold an agreement against.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec

from nostro.domain import identifier
from nostro.domain.errors import Invalid, Refused
from nostro.domain.local_account import local_account
from nostro.domain.party import Action, PayeeAccount
from nostro.storage import events, freezes, parties
from nostro.workflows.changes import Change, Done, Kind
from nostro.workflows.context import Acting
from nostro.workflows.wake import wake


class WantedPayeeAccount(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`number` is the payee's; the account is a whole IBAN, or one without an IBAN as
    nostro.domain.local_account writes it ("USABA:021000021:123456789")."""

    number: str
    iban: str = ""
    bic: str = ""
    account: str = ""


def account_of(iban: str, local: str) -> dict[str, str]:
    """The one of the two that names the account, as it is kept; raises Invalid."""
    if local and not iban:
        return {"account": local_account(local)}
    if local:
        raise Invalid(
            "invalid_local_account",
            "There is an IBAN and another account number.",
            "Nothing was asked for.",
            "Keep one of them.",
            field="account",
        )
    return {"iban": identifier.iban(iban)}


def also_of(account: Mapping[str, str], number: str) -> dict[str, str]:
    """Another payee of the same account: whoever agrees should know."""
    named = account.get("iban") or account.get("account", "")
    other = parties.payee_numbers_of_accounts([named]).get(named, number)
    return {} if other == number else {"also_the_account_of": other}


def add_version(
    acting: Acting, done: Done, payee_id: UUID, after: dict[str, Any], *, version: int
) -> None:
    """Store a version of an account. Its id is the request's: so its editors are known."""
    freezes.close_gate()  # No file to the old account begins to leave meanwhile.
    row = PayeeAccount(
        id=str(done.request_id),
        payee_id=str(payee_id),
        payee_number=str(after.get("number", "")),
        payee_name=str(after.get("name", "")),
        version=version,
        iban=after.get("iban", ""),
        local_account=after.get("account", ""),
        bic=after.get("bic", ""),
        valid_from=acting.world.clock.now(),
        changed_by=f"{done.asked_by_name} and {acting.actor.name}",
        confirmed=False,
    )
    parties.add_payee_account(row, _person(done.asked_by))
    wake("release_payments", tenant_id=acting.tenant_id)


def _look(acting: Acting, wanted: WantedPayeeAccount, _: UUID) -> Change:
    payee = parties.payee_named(wanted.number)
    if payee is None:
        raise Refused(
            "payee_unknown",
            f"There is no payee {wanted.number[:60]}.",
            "Nothing was asked for.",
            "Ask for a new payee instead.",
        )
    payee_id, name = payee
    current = parties.current_payee_accounts([wanted.number]).get(wanted.number)
    account = account_of(wanted.iban, wanted.account)
    after = {**account, "bic": identifier.bic(wanted.bic) if wanted.bic else ""}
    before = _kept(current) if current else {}
    return Change(
        subject_id=payee_id,
        subject=f"{name} ({wanted.number})",
        before=before,
        after=after if before == after else after | also_of(account, wanted.number),
    )


def _kept(current: PayeeAccount) -> dict[str, str]:
    named = {"iban": current.iban} if current.iban else {"account": current.local_account}
    return {**named, "bic": current.bic}


def _apply(acting: Acting, wanted: WantedPayeeAccount, change: Change, done: Done) -> None:
    current = parties.current_payee_accounts([wanted.number]).get(wanted.number)
    version = current.version + 1 if current else 1
    add_version(acting, done, change.subject_id, change.after, version=version)
    told = {"before": change.before, "after": change.after, "request": str(done.request_id)}
    event = acting.event("payee_change.account_changed", "payee", change.subject_id, **told)
    events.record([event])


def _person(text: str) -> UUID | None:
    """Who asked, where that was a person."""
    try:
        return UUID(text)
    except ValueError:
        return None


KIND = Kind(
    name="payee_account",
    title="Where a payee is paid",
    wanted=WantedPayeeAccount,
    asks=(Action.PROPOSE_PAYEES,),
    decides=Action.DECIDE_PAYEES,
    look=_look,
    apply=_apply,
)
