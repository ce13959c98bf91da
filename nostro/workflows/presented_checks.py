"""Checks that a bank presents and asks about: held against the register, with the clock they have.

1. Each is kept once, with every difference from the register in words.
2. Until when it must be decided, and what happens when nobody does, is by the terms with the bank.
3. What is of no account with positive pay here is a Case.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from nostro.domain.case import CaseKind
from nostro.domain.check_exception import (
    Decision,
    Difference,
    ExceptionState,
    PresentedCheck,
    PresentedChecks,
    Why,
)
from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.party import Account
from nostro.domain.policies import positive_pay
from nostro.domain.policies.check_differences import Ours, differences
from nostro.domain.policies.positive_pay import AccountTerms, PositivePayTerms
from nostro.storage import check_exceptions, checks, events, parties, policies
from nostro.storage.checks import CheckRow
from nostro.storage.tenancy import tenant
from nostro.workflows.case_work import new_case, open_cases
from nostro.workflows.context import Acting


def take_in(acting: Acting, connection_id: UUID, evidence_id: UUID, told: PresentedChecks) -> int:
    """Keep what a bank asks; returns how many were new. The same file again changes nothing.

    Raises Invalid for a file that asks nothing: one of decisions.
    """
    if any(one.decision is not None for one in told.checks):
        raise Invalid(
            "check_decisions_not_asked_for",
            "This is a file of decisions, which we send and do not receive.",
            "The original is kept; nothing was done with it.",
            "Find out who put it there.",
        )
    new = 0
    with tenant(acting.tenant_id):
        terms = policies.in_force(PositivePayTerms, acting.world.clock.now())
        by_number: dict[str, list[PresentedCheck]] = {}
        for one in told.checks:
            by_number.setdefault(one.account, []).append(one)
        for number, presented in by_number.items():
            account, agreed = _ours(terms.numbered(number), connection_id)
            if account is None or agreed is None:
                _strange(acting, evidence_id, number, presented)
            else:
                new += _keep(acting, account, agreed, evidence_id, presented)
    return new


def _ours(
    terms: AccountTerms | None, connection_id: UUID
) -> tuple[Account | None, AccountTerms | None]:
    """The account and its terms, if it is reached over this connection: no bank speaks for
    another one."""
    if terms is None:
        return None, None
    rows = [one for one in parties.accounts() if one.id == terms.account_id]
    mine = [one for one in rows if one.connection_id == str(connection_id)]
    return (mine[0], terms) if mine else (None, None)


def _keep(
    acting: Acting,
    account: Account,
    terms: AccountTerms,
    evidence_id: UUID,
    presented: Sequence[PresentedCheck],
) -> int:
    account_id, now = UUID(account.id), acting.world.clock.now()
    told = {_identity(one): one for one in presented}
    for known in check_exceptions.known(account_id, told):
        del told[known]
    numbers = {one.check_number for one in told.values()}
    register = {row.number: row for row in checks.named(account_id, numbers)}
    deadline = positive_pay.decide_by(
        terms, now, lambda day: acting.world.calendar.next_bank_day(day, account.currency)
    )
    same = {
        "account_id": account_id,
        "connection_id": UUID(account.connection_id),
        "evidence_id": evidence_id,
        "state": ExceptionState.OPEN.value,
        "state_since": now,
        "received_at": now,
        "decide_by": deadline,
        "time_zone": terms.time_zone,
        "if_nobody": terms.if_nobody.value,
        "next_action_at": max(now, positive_pay.warn_at(deadline)),
    }
    rows = [
        {"id": acting.world.ids.new(), "identity": identity, **same}
        | _columns(register.get(one.check_number), one, terms)
        for identity, one in told.items()
    ]
    check_exceptions.insert(rows)
    _tell(acting, rows, deadline, terms)
    return len(rows)


def _columns(row: CheckRow | None, one: PresentedCheck, terms: AccountTerms) -> dict[str, Any]:
    """What the bank says of one check, and how that differs from the register."""
    unlike = _found(row, one, terms)
    return {
        "issued_id": row.id if row else None,
        "number": one.check_number,
        "amount_minor": one.amount.minor,
        "currency": one.amount.currency,
        "payee": list(one.payee),
        "presented_on": one.presented,
        "issued_on": one.issued,
        "bank_reference": one.bank_reference,
        "bank_reason": one.reason,
        "why": _why(one, unlike).value,
        "differences": [msgspec.to_builtins(each) for each in unlike],
    }


def _tell(
    acting: Acting, rows: Sequence[dict[str, Any]], deadline: datetime, terms: AccountTerms
) -> None:
    own = [
        {
            "number": row["number"],
            "amount": str(Money(row["amount_minor"], row["currency"])),
            "why": row["why"],
        }
        for row in rows
    ]
    said = {"decide_by": deadline.isoformat(), "if_nobody": terms.if_nobody.value}
    ids = [row["id"] for row in rows]
    events.record_alike(
        acting.alike("check_exception.received", "check_exception", ids, own, **said)
    )


def _found(row: CheckRow | None, one: PresentedCheck, terms: AccountTerms) -> list[Difference]:
    if row is None:
        return differences(None, one, terms)
    ours = Ours(
        number=row.number,
        amount=row.amount,
        payee=row.payee,
        issued_on=row.issued_on,
        state=row.state,
        reason=row.reason,
        paid_on=row.paid_on,
    )
    return differences(ours, one, terms)


def _why(one: PresentedCheck, unlike: Sequence[Difference]) -> Why:
    """The bank's reason; where that is its own, the gravest that we find."""
    if one.why is not Why.OTHER or not unlike:
        return one.why
    return unlike[0].why


def _identity(one: PresentedCheck) -> str:
    """One presentment, however often the bank tells it."""
    return f"{one.presented}/{one.check_number}/{one.amount}/{one.bank_reference}"


def _strange(
    acting: Acting, evidence_id: UUID, number: str, presented: Sequence[PresentedCheck]
) -> None:
    told = new_case(
        acting,
        CaseKind.CHECK,
        f"checks-not-ours/{evidence_id}/{number}",
        f"The bank asks about {len(presented)} checks of account {number}, which has no positive"
        " pay over this connection.",
        "Decide on them at the bank today; then agree on terms for the account, or tell the bank.",
    )
    open_cases(acting, [told])


def default_words(decision: Decision) -> str:
    """What the bank does by itself."""
    return "pays it" if decision is Decision.PAY else "returns it"
