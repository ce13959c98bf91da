"""Where a payee is paid: a new version of its account, the old ones stay as they were.

Who asked and who agreed cannot approve payments to it. Corrections that a bank sends, and accounts
that an ERP's payments bring, are decided in nostro.workflows.payee_changing instead: there the
decider checks and completes what was told, which is often no whole account.
"""

from __future__ import annotations

from uuid import UUID

import msgspec

from nostro.domain import identifier
from nostro.domain.errors import Refused
from nostro.domain.party import Action
from nostro.domain.policies.touching import Touch
from nostro.storage import parties
from nostro.workflows import payee_versions as versions
from nostro.workflows.changes import Change, Done, Kind
from nostro.workflows.context import Acting


class WantedPayeeAccount(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`number` is the payee's; the account is a whole IBAN, or one without an IBAN as
    nostro.domain.local_account writes it ("USABA:021000021:123456789"). `document` proves it: the
    id of a kept file, or what a letter is called."""

    number: str
    iban: str = ""
    bic: str = ""
    account: str = ""
    document: str = ""


def known(number: str) -> tuple[UUID, str]:
    """The id and the name of the payee of this number; raises Refused when there is none."""
    payee = parties.payee_named(number)
    if payee is None:
        raise Refused(
            "payee_unknown",
            f"There is no payee {number[:60]}.",
            "Nothing was asked for.",
            "Ask for a new payee instead.",
        )
    return payee


def _look(acting: Acting, wanted: WantedPayeeAccount, _: UUID) -> Change:
    payee_id, name = known(wanted.number)
    current = parties.current_payee_accounts([wanted.number]).get(wanted.number)
    account = versions.named_account(wanted.iban, wanted.account)
    after = {**account, "bic": identifier.bic(wanted.bic) if wanted.bic else ""}
    before = versions.kept_account(current) if current else {}
    versions.checked_proof(wanted.document)
    proof = {"document": wanted.document} if wanted.document else {}
    return Change(
        subject_id=payee_id,
        subject=f"{name} ({wanted.number})",
        before=before,
        after=after
        if before == after
        else after | versions.also_of(account, wanted.number) | proof,
    )


def _apply(acting: Acting, wanted: WantedPayeeAccount, change: Change, done: Done) -> None:
    _, name = known(wanted.number)
    account = versions.named_account(wanted.iban, wanted.account)
    origin = versions.by_request(acting, done, wanted.document)
    new = versions.account_of(acting, done, account, wanted.bic, origin)
    versions.add_account(acting, change.subject_id, wanted.number, name, new)


KIND = Kind(
    name="payee_account",
    title="Where a payee is paid",
    wanted=WantedPayeeAccount,
    asks=(Action.PROPOSE_PAYEES,),
    decides=Action.DECIDE_PAYEES,
    look=_look,
    apply=_apply,
    touches=Touch.ACCOUNT,
)
