"""What comes back over ACH: returned entries, quarrels about returns, corrected bank details.

Nacha Operating Rules, appendices four and five. A return is money that came back, like any other;
a notification of change proposes other bank details and stops the next payment to that payee.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import msgspec

from nostro.domain.ach_return import NotificationOfChange, ReturnedEntry, ReturnStage
from nostro.domain.attempt import Verdict
from nostro.domain.canonical import digest
from nostro.domain.case import CaseKind
from nostro.domain.money import Money
from nostro.domain.payee_change import AccountDetails
from nostro.domain.payment_return import says_account_is_bad
from nostro.storage import cases, freezes, parties, payee_changes, submissions
from nostro.storage.cases import CaseRow
from nostro.storage.facts import NamedPayment, PaymentKeys
from nostro.storage.payee_changes import NewChange
from nostro.storage.submissions import NewFact
from nostro.storage.tenancy import tenant
from nostro.workflows import reversing
from nostro.workflows.booked_lines import RETURNED
from nostro.workflows.case_work import about, new_case, open_cases
from nostro.workflows.context import Acting
from nostro.workflows.lock_order import lock_named
from nostro.workflows.payment_returns import Returned, adopt_quarrels, apply_returns, return_key

Answer = ReturnedEntry | NotificationOfChange

RETURN, CORRECTION = "nacha_return", "nacha_correction"
BANKING_DAYS = 6  # Nacha Operating Rules, section 2.12.1: or before the next entry.
_ORIGIN = "nacha_noc"


def apply_ach_answers(
    acting: Acting, connection_id: UUID, evidence_id: UUID, answers: Sequence[Answer]
) -> None:
    """Apply all returned entries and corrections of one file, each once."""
    with tenant(acting.tenant_id):
        if any(map(_may_stop_payee, answers)):
            freezes.close_gate()
        undone = cases.reversals_of_traces({answer.original_trace for answer in answers} - {""})
        found = _named(connection_id, answers, undone)
        fresh = _store(acting, connection_id, evidence_id, found)
        for answer, _, _ in fresh:
            if case := _reversal_of(answer, undone):
                text = answer.addenda_information if isinstance(answer, ReturnedEntry) else ""
                reversing.entry_returned(acting, case.id, _reason(answer), text)
        nameless = [answer for answer, payment, _ in fresh if payment is None]
        _strange(acting, evidence_id, [a for a in nameless if not _reversal_of(a, undone)])
        ours = [(a, payment, fact_id) for a, payment, fact_id in fresh if payment]
        _returns(acting, ours)
        for answer, payment, _ in ours:
            if isinstance(answer, NotificationOfChange):
                _correct(acting, answer, payment)
            elif answer.stage is not ReturnStage.RETURNED:
                _quarrel(acting, answer, payment)
        adopt_quarrels([payment.order_id for _, payment, _ in ours])


def _may_stop_payee(answer: Answer) -> bool:
    """Then whatever has not begun to leave to its payee waits, so the gate of stops is closed
    before anything else is locked: by a correction until it is decided, by a bad account."""
    return isinstance(answer, NotificationOfChange) or says_account_is_bad(answer.reason)


def _reversal_of(answer: Answer, undone: Mapping[str, CaseRow]) -> CaseRow | None:
    """The case of our reversal whose entry is returned: it carries its payment's own id, but that
    it is returned says that the payment's money does not come back."""
    return undone.get(answer.original_trace) if isinstance(answer, ReturnedEntry) else None


def _named(
    connection_id: UUID, answers: Sequence[Answer], undone: Mapping[str, CaseRow]
) -> list[tuple[Answer, NamedPayment | None]]:
    """Our payment of each: by the trace number that we sent, else by the individual id."""
    ids = {answer.entry.end_to_end_id for answer in answers} - {""}
    traces = {answer.original_trace for answer in answers} - {""}
    keys = PaymentKeys(end_to_end_ids=frozenset(ids), rail_references=frozenset(ids | traces))
    by_key: dict[str, NamedPayment] = {}
    reversed_too = {case.order_id for case in undone.values() if case.order_id}
    for payment in lock_named(keys, connection_id=connection_id, besides=reversed_too):
        by_key.setdefault(payment.end_to_end_id, payment)
        if payment.rail_reference:
            by_key[payment.rail_reference] = payment
    found: list[tuple[Answer, NamedPayment | None]] = []
    for answer in answers:
        named = by_key.get(answer.original_trace) or by_key.get(answer.entry.end_to_end_id)
        same = named is not None and named.amount.currency == answer.entry.amount.currency
        found.append((answer, named if same and not _reversal_of(answer, undone) else None))
    return found


def _store(
    acting: Acting,
    connection_id: UUID,
    evidence_id: UUID,
    found: Sequence[tuple[Answer, NamedPayment | None]],
) -> list[tuple[Answer, NamedPayment | None, UUID]]:
    """Keep each answer once; returns the new ones with the id of their fact."""
    by_identity = {_identity(answer): (answer, payment) for answer, payment in found}
    known = submissions.known_facts(connection_id, list(by_identity))
    fresh = {
        identity: (answer, payment, acting.world.ids.new())
        for identity, (answer, payment) in by_identity.items()
        if identity not in known
    }
    rows = [
        _fact(connection_id, evidence_id, identity, answer, payment, fact_id)
        for identity, (answer, payment, fact_id) in fresh.items()
    ]
    submissions.insert_facts(rows, acting.world.clock.now())
    return list(fresh.values())


def _identity(answer: Answer) -> str:
    entry = answer.entry
    told = [answer.original_trace, answer.addenda_trace, entry.rail_reference]
    told += [entry.end_to_end_id, _reason(answer), str(entry.amount)]
    if isinstance(answer, NotificationOfChange):
        told.append(answer.corrected_data)
    return f"nacha|{digest(told)}"


def _reason(answer: Answer) -> str:
    if isinstance(answer, NotificationOfChange):
        return answer.refusal_code or answer.change_code
    return answer.reason


def _fact(
    connection_id: UUID,
    evidence_id: UUID,
    identity: str,
    answer: Answer,
    payment: NamedPayment | None,
    fact_id: UUID,
) -> NewFact:
    came_back = isinstance(answer, ReturnedEntry) and answer.stage is ReturnStage.RETURNED
    if isinstance(answer, NotificationOfChange):
        kind, text = CORRECTION, answer.corrected_data
    else:
        kind, text = RETURN, answer.addenda_information
    return NewFact(
        id=fact_id,
        connection_id=connection_id,
        evidence_id=evidence_id,
        identity=identity,
        message_id=answer.addenda_trace,
        original_message_id=answer.original_trace,
        end_to_end_id=payment.end_to_end_id if payment else answer.entry.end_to_end_id,
        status=RETURNED if came_back else _reason(answer),
        reason=_reason(answer),
        reason_text=text,
        attempt_id=payment.attempt_id if payment else None,
        submission_id=payment.submission_id if payment else None,
        verdict=Verdict.KEPT.value,
        kind=kind,
        amount_minor=answer.entry.amount.minor if came_back else None,
        currency=answer.entry.amount.currency if came_back else "",
    )


def _returns(acting: Acting, ours: Sequence[tuple[Answer, NamedPayment, UUID]]) -> None:
    apply_returns(
        acting,
        [
            Returned(
                fact_id=fact_id,
                attempt_id=payment.attempt_id,
                charges=Money(0, payment.amount.currency),
                reason=answer.reason,
                text=answer.addenda_information,
            )
            for answer, payment, fact_id in ours
            if isinstance(answer, ReturnedEntry) and answer.stage is ReturnStage.RETURNED
        ],
    )


def _quarrel(acting: Acting, answer: ReturnedEntry, payment: NamedPayment) -> None:
    """A return that is dishonored or contested: a case below the return's own."""
    word = "dishonored" if answer.stage is ReturnStage.DISHONORED else "contested"
    _open(
        acting,
        CaseKind.RETURN,
        f"{return_key(payment.attempt_id)}/{answer.reason}/{answer.addenda_trace}",
        f"The return of payment {payment.number} was {word} ({answer.reason}"
        f"{': ' + answer.addenda_information if answer.addenda_information else ''}).",
        "Agree with the bank whose the money is; the payment was not changed.",
        payment,
        reason=answer.reason,
    )


def _correct(acting: Acting, answer: NotificationOfChange, payment: NamedPayment) -> None:
    """Propose the corrected details; until two people agree, nothing more goes to this payee."""
    if answer.refusal_code:
        _open(
            acting,
            CaseKind.CORRECTION,
            f"refused/{payment.attempt_id}/{answer.addenda_trace}",
            f"A correction ({answer.change_code}) of payment {payment.number} was refused"
            f" ({answer.refusal_code}).",
            "Ask the bank which details are right.",
            payment,
            reason=answer.refusal_code,
        )
        return
    key = f"noc/{payment.payee_number}/{digest([answer.change_code, answer.corrected_data])}"
    known = payment.payee_id is not None
    stop = "Nothing more is paid to this payee until it is decided."
    unknown = "It is not in the master data, so nothing is stopped by this."
    _open(
        acting,
        CaseKind.CORRECTION,
        key,
        f"The bank corrects the details of payee {payment.payee_number}"
        f" ({answer.change_code}: {' '.join(answer.corrected_data.split())}), after payment"
        f" {payment.number}. {stop if known else unknown}",
        "Check it with the payee, then accept or refuse the proposed change."
        if known
        else "Check it with the payee, and correct the system that its payments come from.",
        payment,
        reason=answer.change_code,
    )
    _propose(acting, answer, payment, key)


def _propose(acting: Acting, answer: NotificationOfChange, payment: NamedPayment, key: str) -> None:
    case = cases.lock_by_key(CaseKind.CORRECTION, key)
    if payment.payee_id is None or case is None:
        return
    known = parties.current_payee_accounts([payment.payee_number]).get(payment.payee_number)
    entry = answer.entry
    before = AccountDetails(
        iban=known.iban if known else "",
        bic=known.bic if known else "",
        account=entry.counterparty_account.number,
        bank_code=entry.counterparty_agent.member_id,
    )
    after = msgspec.structs.replace(
        before,
        account=answer.account_number or before.account,
        bank_code=answer.routing_number or before.bank_code,
    )
    more = {
        "transaction_code": answer.transaction_code,
        "name": answer.name,
        "identification": answer.identification,
    }
    change = NewChange(
        id=acting.world.ids.new(),
        payee_id=payment.payee_id,
        origin=_ORIGIN,
        before=msgspec.to_builtins(before),
        after=msgspec.to_builtins(after) | {name: text for name, text in more.items() if text},
        code=answer.change_code,
        text=answer.corrected_data,
        case_id=case.id,
        proposed_by=acting.actor.id,
        natural_key=key,
    )
    payee_changes.propose(change, acting.world.clock.now())


def _strange(acting: Acting, evidence_id: UUID, answers: Sequence[Answer]) -> None:
    """Returns and corrections of entries that we did not send over this connection."""
    if not answers:
        return
    first = answers[0]
    named = first.entry.end_to_end_id or first.original_trace
    _open(
        acting,
        CaseKind.CONTRADICTION,
        f"unknown-ach/{digest(sorted(map(_identity, answers)))}",
        f"The bank returns or corrects {len(answers)} entries that we never sent to it, e.g."
        f" {named} ({_reason(first)}).",
        "Ask the bank whose payments it means; by this nothing was changed.",
        None,
    )


def _open(
    acting: Acting,
    kind: CaseKind,
    key: str,
    sentence: str,
    can_do: str,
    payment: NamedPayment | None,
    *,
    reason: str = "",
) -> None:
    more: dict[str, Any] = {"due_at": _due(acting)} if kind is CaseKind.CORRECTION else {}
    told = new_case(acting, kind, key, sentence, can_do, **about(payment), reason=reason, **more)
    open_cases(acting, [told])


def _due(acting: Acting) -> datetime:
    """The end of the sixth banking day from now."""
    day: date = acting.world.clock.now().date()
    for _ in range(BANKING_DAYS):
        day = acting.world.calendar.next_bank_day(day + timedelta(days=1), "USD")
    return datetime.combine(day, time(23, 59), UTC)
