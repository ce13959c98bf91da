"""Verification of Payee before a payment leaves: the bank is asked, its answer is kept, and what
the policy says of that answer holds payments.

1. Asking happens outside any unit of work: a bank may be slow. Nothing moves by it.
2. The answer is kept as it came, with the name that was asked, for the version of the account.
3. Open payments to this account and name are held when the policy says so; a person releases them,
   or has the name corrected, which voids their approvals and has them approved again.
4. Payments that come in later are held against the answer as long as it is believed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import msgspec

from nostro import connectors
from nostro.domain.errors import Refused
from nostro.domain.party import PayeeAccount
from nostro.domain.policies.payee_verification import NameAnswer, Verified
from nostro.ports import NameAsked, NameTold, VerifiesPayees
from nostro.storage import events, evidence, parties, payee_verifications
from nostro.storage.payee_verifications import NewAnswer
from nostro.storage.tenancy import tenant
from nostro.workflows import name_moves
from nostro.workflows.channel import open_channel
from nostro.workflows.context import Acting
from nostro.workflows.name_holds import hold_for


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """Who is asked."""

    connection_id: UUID
    channel: VerifiesPayees


def ask(acting: Acting, number: str, name: str = "") -> Verified:
    """Ask whether the payee's account is in his name, or in the one given; keep the answer.

    Raises Refused where the payee has no account or no connection can ask; whatever the bank's
    connection raises when it cannot be reached: then nothing is known, and nothing changes.
    """
    with tenant(acting.tenant_id):
        account = _account_of(number)
        asking = who_is_asked(acting)
    asked = NameAsked(iban=account.iban, bic=account.bic, name=name.strip() or account.payee_name)
    told = asking.channel.verify_payee(asked)
    with tenant(acting.tenant_id):
        one = as_told(acting, account, asked.name, told)
        hold_for(acting, account, one)
        name_moves.answered(acting, account, one)
        keep(acting, asking, account, one, told)
        return one


def can_ask(connections: Iterable[tuple[str, dict[str, Any]]]) -> bool:
    """Whether one of these connections, told by connector and settings, can ask banks."""
    return any(connectors.verification_told(name, config) for name, config in connections)


def who_is_asked(acting: Acting) -> Asking:
    """The connection that asks, opened without I/O; raises Refused when there is none."""
    for row in parties.connections():
        channel = open_channel(acting, row.id)
        if isinstance(channel, VerifiesPayees):
            return Asking(connection_id=row.id, channel=channel)
    raise Refused(
        "nobody_verifies",
        "No connection can ask banks whose account it is.",
        "The bank was not asked.",
        "Set payee_path on the connection of a bank that offers Verification of Payee.",
    )


def _account_of(number: str) -> PayeeAccount:
    account = parties.current_payee_accounts([number]).get(number)
    if account is None or not account.iban:
        raise Refused(
            "payee_without_account",
            f"Payee {number[:60]} has no account with an IBAN that could be asked about.",
            "The bank was not asked.",
            "Ask for an account first.",
        )
    return account


def as_told(
    acting: Acting, account: PayeeAccount, name: str, told: NameTold, *, confidential: bool = False
) -> Verified:
    """The answer in our words, now. Raises ValueError for one that is none of the scheme's."""
    return Verified(
        account_id=account.id,
        name_asked=name,
        answer=NameAnswer(told.answer),
        name_told=told.name,
        asked_at=acting.world.clock.now(),
        confidential=confidential,
    )


def keep(
    acting: Acting,
    asking: Asking,
    account: PayeeAccount,
    one: Verified,
    told: NameTold,
    about: tuple[str, UUID] | None = None,
) -> None:
    """Keep an answer as it came, and tell of it in the log as being `about` that: the payee, where
    nothing else is said. Inside a unit of work."""
    ids = acting.world.ids
    row_id, new_id = ids.new(), ids.new()
    kept = evidence.keep(
        new_id,
        told.content,
        name=f"verification-{row_id}.json",
        media_type=told.media_type,
        direction="in",
        now=one.asked_at,
    )
    if one.confidential and kept == new_id and one.name_told:
        evidence.hide(kept)  # What tells no name is alike for many.
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
    kind, subject = about or ("payee", UUID(account.payee_id))
    events.record([acting.event("payee.verified", kind, subject, **said)])
