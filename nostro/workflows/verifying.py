"""Verification of Payee before a payment leaves: the bank is asked, its answer is kept, and what
the policy says of that answer holds payments.

1. Asking happens outside any unit of work: a bank may be slow. Nothing moves by it.
2. The answer is kept as it came, with the name that was asked, for the version of the account.
3. Open payments to this account and name are held when the policy says so; a person releases them,
   or has the name corrected, which voids their approvals and has them approved again.
4. Payments that come in later are held against the answer as long as it is believed.
"""

from __future__ import annotations

from uuid import UUID

import msgspec

from nostro.domain.errors import Refused
from nostro.domain.party import PayeeAccount
from nostro.domain.policies import payee_verification as policy
from nostro.domain.policies.payee_verification import NameAnswer, PayeeVerification, Verified
from nostro.domain.policies.touching import OPEN
from nostro.ports import NameAsked, NameTold, VerifiesPayees
from nostro.storage import (
    events,
    evidence,
    orders,
    parties,
    payee_verifications,
    payment_search,
    policies,
)
from nostro.storage.payee_verifications import NewAnswer
from nostro.storage.payment_search import Wanted
from nostro.storage.tenancy import tenant
from nostro.workflows.channel import open_channel
from nostro.workflows.context import Acting
from nostro.workflows.holding import hold_found

HELD_AT_ONCE = 200


class _Asking(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked, and of whom."""

    connection_id: UUID
    channel: VerifiesPayees
    account: PayeeAccount


def ask(acting: Acting, number: str, name: str = "") -> Verified:
    """Ask whether the payee's account is in his name, or in the one given; keep the answer.

    Raises Refused where the payee has no account or no connection can ask; whatever the bank's
    connection raises when it cannot be reached: then nothing is known, and nothing changes.
    """
    with tenant(acting.tenant_id):
        asking = _asking(acting, number)
    account = asking.account
    asked = NameAsked(iban=account.iban, bic=account.bic, name=name.strip() or account.payee_name)
    told = asking.channel.verify_payee(asked)
    with tenant(acting.tenant_id):
        return _keep(acting, asking, asked, told)


def _asking(acting: Acting, number: str) -> _Asking:
    account = parties.current_payee_accounts([number]).get(number)
    if account is None or not account.iban:
        raise Refused(
            "payee_without_account",
            f"Payee {number[:60]} has no account with an IBAN that could be asked about.",
            "The bank was not asked.",
            "Ask for an account first.",
        )
    for row in parties.connections():
        channel = open_channel(acting, row.id)
        if isinstance(channel, VerifiesPayees):
            return _Asking(connection_id=row.id, channel=channel, account=account)
    raise Refused(
        "nobody_verifies",
        "No connection can ask banks whose account it is.",
        "The bank was not asked.",
        "Set payee_path on the connection of a bank that offers Verification of Payee.",
    )


def _keep(acting: Acting, asking: _Asking, asked: NameAsked, told: NameTold) -> Verified:
    now, ids, account = acting.world.clock.now(), acting.world.ids, asking.account
    row_id = ids.new()
    kept = evidence.keep(
        ids.new(),
        told.content,
        name=f"verification-{row_id}.json",
        media_type=told.media_type,
        direction="in",
        now=now,
    )
    one = Verified(
        account_id=account.id,
        name_asked=asked.name,
        answer=NameAnswer(told.answer),
        name_told=told.name,
        asked_at=now,
    )
    new = NewAnswer(
        id=row_id,
        told=one,
        connection_id=asking.connection_id,
        evidence_id=kept,
        asked_by=acting.actor.name,
    )
    payee_verifications.add_all([new])
    said = {
        "number": account.payee_number,
        "version": account.version,
        "name_asked": one.name_asked,
        "answer": one.answer.value,
        "name_told": one.name_told,
        "evidence_id": str(kept),
    }
    payee_id = UUID(account.payee_id)
    events.record([acting.event("payee.verified", "payee", payee_id, **said)])
    hold_for(acting, account, one)
    return one


def hold_for(acting: Acting, account: PayeeAccount, one: Verified) -> None:
    """Hold the open payments to this account and name, where the policy says so."""
    why = policy.finding(one, policies.in_force(PayeeVerification, acting.world.clock.now()))
    if why is None:
        return
    states = ",".join(state.value for state in OPEN)
    wanted = Wanted(payee=account.payee_number, state=states)
    cursor, ids = "", []
    while True:
        page = payment_search.payments(wanted, limit=HELD_AT_ONCE, cursor=cursor)
        ids += [row.id for row in page.rows if row.creditor_iban == account.iban]
        if not (cursor := page.next):
            break
    named = [row for row in orders.load(ids) if _is_asked(one, row.instruction.creditor_name)]
    hold_found(acting, {row.id: why for row in named})


def _is_asked(one: Verified, name: str) -> bool:
    return policy.same_name(one.name_asked, name)
