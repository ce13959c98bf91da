"""What bookings do to our payments: debit notices, reports of the day, statements, returns.

1. A line that names a payment or a batch of ours is a fact, once for each kind of message.
2. A booked debit of a statement or a notice executes; a pending one accepts; none of them settles:
   that is the statement's own work.
3. What cannot be the booking of the payment that it names is a Case, and moves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

import msgspec

from nostro.domain.attempt import AttemptMove, Verdict
from nostro.domain.canonical import digest
from nostro.domain.case import CaseKind
from nostro.domain.money import Money, total
from nostro.domain.party import Account
from nostro.domain.payment_return import says_account_is_bad
from nostro.domain.statement import Statement
from nostro.storage import facts, freezes, submissions
from nostro.storage.facts import NamedPayment, PaymentKeys
from nostro.storage.submissions import NewFact
from nostro.workflows.batch_bookings import LIVE
from nostro.workflows.booked_lines import (
    BOOKED,
    CREDITED,
    INTRADAY,
    PENDING,
    RETURNED,
    STATEMENT,
    BookedLine,
    Index,
    keys_of,
    lines_of,
    moved,
    pays,
)
from nostro.workflows.case_work import about, new_case, open_cases
from nostro.workflows.context import Acting
from nostro.workflows.lock_order import lock_named
from nostro.workflows.moves import move_attempts
from nostro.workflows.payment_returns import Returned, apply_returns
from nostro.workflows.posting import CashBack

KEY_CHARACTERS = 12  # Of the digest of a line; one payment has few lines.
_MOVES = {BOOKED: AttemptMove.EXECUTE, PENDING: AttemptMove.ACCEPT}


def close_gate_for(statement: Statement) -> None:
    """A return may stop its payee: the gate of stops is closed before anything else is locked."""
    reasons = {d.return_reason for entry in statement.entries for d in entry.details}
    if any(map(says_account_is_bad, reasons)):
        freezes.close_gate()


def apply_bookings(
    acting: Acting,
    evidence_id: UUID,
    statement: Statement,
    account: Account,
    statement_id: UUID | None = None,
) -> None:
    """Facts and moves of every line that names a payment of ours; in a unit of work."""
    lines = lines_of(statement)
    if not lines:
        return
    index = Index(lock_named(_keys(statement, lines), account_id=UUID(account.id)))
    found = [(line, index.of(line)) for line in lines]
    ours = [(line, payment) for line, payment in found if payment]
    whole = [line for line, _ in found if line.batch in index.batches]
    work = _Work(acting, evidence_id, statement, account, statement_id)
    fresh_lines = work.store(ours, [(line, index.batches[line.batch]) for line in whole])
    fresh = [(line, payment) for line, payment in ours if line.identity in fresh_lines]
    facts.remember_bank_references(
        {payment.attempt_id: line.bank_reference for line, payment in reversed(fresh)}
    )
    work.debits([pair for pair in fresh if pair[0].status in _MOVES])
    work.batches(
        [(line, index.batches[line.batch]) for line in whole if line.identity in fresh_lines]
    )
    work.credits([pair for pair in fresh if pair[0].status in (RETURNED, CREDITED)])


def _keys(statement: Statement, lines: Sequence[BookedLine]) -> PaymentKeys:
    """What its lines name, and the batches that they are of: explaining them may move those."""
    named = keys_of(lines)
    batches = {entry.payment_information_id for entry in statement.entries} - {""}
    return msgspec.structs.replace(named, batches=named.batches | batches)


class _Work:
    """The steps of one statement, report or notice."""

    def __init__(
        self,
        acting: Acting,
        evidence_id: UUID,
        statement: Statement,
        account: Account,
        statement_id: UUID | None,
    ) -> None:
        self.acting = acting
        self.evidence_id = evidence_id
        self.statement = statement
        self.connection_id = UUID(account.connection_id)
        self.statement_id = statement_id
        self.fact_of: dict[str, UUID] = {}

    def store(
        self,
        ours: Iterable[tuple[BookedLine, NamedPayment]],
        batches: Iterable[tuple[BookedLine, Sequence[NamedPayment]]],
    ) -> frozenset[str]:
        """Keep each line once; returns the identities of the new ones."""
        rows = [self._fact(line, payment, payment) for line, payment in ours]
        rows += [self._fact(line, None, members[0]) for line, members in batches]
        told = [row.identity for row in rows]
        known = submissions.known_facts(self.connection_id, told)
        fresh = [row for row in rows if row.identity not in known]
        submissions.insert_facts(fresh, self.acting.world.clock.now())
        self.fact_of = {row.identity: row.id for row in fresh}
        return frozenset(self.fact_of)

    def _fact(
        self, line: BookedLine, payment: NamedPayment | None, of_file: NamedPayment
    ) -> NewFact:
        amount = moved(line, payment) if payment else line.amount
        return NewFact(
            id=self.acting.world.ids.new(),
            connection_id=self.connection_id,
            evidence_id=self.evidence_id,
            identity=line.identity,
            message_id=self.statement.message_id or self.statement.statement_id,
            original_message_id=line.batch,
            end_to_end_id=payment.end_to_end_id if payment else "",
            status=line.status,
            reason=line.reason,
            reason_text=line.text,
            attempt_id=payment.attempt_id if payment else None,
            submission_id=of_file.submission_id,
            verdict=Verdict.KEPT.value,
            kind=line.kind,
            amount_minor=amount.minor if amount else None,
            currency=amount.currency if amount else "",
            booked_on=line.day,
        )

    def debits(self, pairs: Sequence[tuple[BookedLine, NamedPayment]]) -> None:
        out = [
            (line, payment) for line, payment in pairs if not _is_credit(line) and not line.reason
        ]
        self._differ([pair for pair in out if pair[0].amount and not pays(*pair)])
        exact = [pair for pair in out if pays(*pair)]
        for step in (AttemptMove.EXECUTE, AttemptMove.ACCEPT):
            moving = [pair for pair in exact if _move_of(pair[0]) is step]
            self._move(moving, step)
        self._twice({payment.attempt_id: payment for line, payment in out if line.status == BOOKED})

    def _move(self, pairs: Sequence[tuple[BookedLine, NamedPayment]], step: AttemptMove) -> None:
        if not pairs:
            return
        reason = pairs[0][0].status
        ids = [payment.attempt_id for _, payment in pairs]
        verdicts = move_attempts(self.acting, ids, step, reason=reason)
        did = {
            self.fact_of[line.identity]: verdicts[payment.attempt_id].value
            for line, payment in pairs
        }
        submissions.set_verdicts(did)

    def batches(self, pairs: Sequence[tuple[BookedLine, Sequence[NamedPayment]]]) -> None:
        """One booking for a whole batch moves its live payments when it is exactly their sum."""
        for line, members in pairs:
            if _is_credit(line) or line.amount is None:
                self._batch_credit(line, members[0])
                continue
            live = [payment for payment in members if payment.state in LIVE]
            sums = total(payment.amount for payment in live)
            if sums in (total([-line.amount]), total([-line.amount - line.charges])):
                step = _move_of(line)
                moving = [(line, payment) for payment in live]
                if step:
                    self._move(moving, step)
            elif line.status == BOOKED and self.statement_id is None:
                self._batch_differs(line, live)
        self._batches_twice([line for line, _ in pairs if line.status == BOOKED])

    def credits(self, pairs: Sequence[tuple[BookedLine, NamedPayment]]) -> None:
        strange = [
            (line, payment)
            for line, payment in pairs
            if line.status == CREDITED or moved(line, payment) is None
        ]
        self._open(
            CaseKind.DIFFERENCE,
            [
                (
                    f"credit/{payment.attempt_id}",
                    f"The bank booked {line.amount} to us with the id of our payment"
                    f" {payment.number}, not as a return in the currency of the payment.",
                    "Ask the bank what this money is; the payment was not changed.",
                    payment,
                )
                for line, payment in strange
            ],
        )
        back = [
            Returned(
                fact_id=self.fact_of[line.identity],
                attempt_id=payment.attempt_id,
                charges=line.charges,
                reason=line.reason,
                text=line.text,
                cash=_cash_back(line, payment),
            )
            for line, payment in pairs
            if line.status == RETURNED and line.kind != INTRADAY and moved(line, payment)
        ]
        apply_returns(self.acting, back, self.statement_id)

    # What a person must look at.

    def _differ(self, pairs: Sequence[tuple[BookedLine, NamedPayment]]) -> None:
        self._open(
            CaseKind.DIFFERENCE,
            [
                (
                    f"amount/{payment.attempt_id}",
                    f"The bank booked {line.amount} for payment {payment.number}"
                    f" ({payment.end_to_end_id}); we paid {payment.amount}, and no charges that it"
                    " itemises explain it.",
                    "Compare it with the bank; nothing was settled by this line.",
                    payment,
                )
                for line, payment in pairs
                if line.status == BOOKED
            ],
        )

    def _twice(self, booked: dict[UUID, NamedPayment]) -> None:
        """Two bookings of one payment: the bank may have paid it twice."""
        if not booked:
            return
        told: dict[tuple[UUID | None, str], list[Money]] = {}
        for fact in facts.bookings(list(booked), BOOKED):
            if fact.amount.minor < 0:
                told.setdefault((fact.attempt_id, fact.kind), []).append(fact.amount)
        doubled = {key[0]: amounts for key, amounts in told.items() if len(amounts) > 1}
        self._open(
            CaseKind.CONTRADICTION,
            [
                (
                    f"booked-twice/{attempt_id}",
                    f"POSSIBLE DOUBLE PAYMENT: the bank booked payment"
                    f" {booked[attempt_id].number} ({booked[attempt_id].end_to_end_id})"
                    f" {len(amounts)} times, {', '.join(map(str, amounts))}. We sent it once; one"
                    " was booked before the other.",
                    "Ring the bank now and claim the second one back; the payment counts once.",
                    booked[attempt_id],
                )
                for attempt_id, amounts in doubled.items()
                if attempt_id
            ],
        )

    def _batches_twice(self, lines: Sequence[BookedLine]) -> None:
        batches = {line.batch for line in lines}
        if not batches:
            return
        told: dict[tuple[str, str], int] = {}
        for fact in facts.batch_bookings(batches, BOOKED):
            if fact.amount.minor < 0:
                key = (fact.original_message_id, fact.kind)
                told[key] = told.get(key, 0) + 1
        doubled = sorted({batch for (batch, _), count in told.items() if count > 1})
        self._open(
            CaseKind.CONTRADICTION,
            [
                (
                    f"batch-twice/{batch}",
                    f"POSSIBLE DOUBLE PAYMENT: the bank booked the whole batch {batch} more than"
                    " once. We sent it once.",
                    "Ring the bank now and claim the second one back; its payments count once.",
                    None,
                )
                for batch in doubled
            ],
        )

    def _batch_differs(self, line: BookedLine, live: Sequence[NamedPayment]) -> None:
        sums = ", ".join(map(str, total(payment.amount for payment in live).values()))
        sentence = (
            f"The bank booked {line.amount} for batch {line.batch}, but its payments that are not"
            f" rejected add up to {sums or 'nothing'}."
        )
        can_do = "Compare it with the bank; no payment was moved by this line."
        # Of one payment it tells the amount: it is about that payment then, and hidden with it.
        only = live[0] if len(live) == 1 else None
        self._open(CaseKind.DIFFERENCE, [(f"batch-amount/{line.identity}", sentence, can_do, only)])

    def _batch_credit(self, line: BookedLine, member: NamedPayment) -> None:
        """Money back for a batch, without saying for which of its payments."""
        sentence = (
            f"The bank booked {line.amount} back for batch {line.batch}, not saying for what."
        )
        can_do = "Ask the bank which payments came back; no payment was moved by this line."
        told = new_case(
            self.acting,
            CaseKind.RETURN,
            f"batch/{line.identity}",
            sentence,
            can_do,
            submission_id=member.submission_id,
            statement_id=self.statement_id,
            amount=line.amount,
            reason=line.reason,
        )
        open_cases(self.acting, [told])

    def _open(
        self, kind: CaseKind, told: Sequence[tuple[str, str, str, NamedPayment | None]]
    ) -> None:
        open_cases(
            self.acting,
            [
                new_case(
                    self.acting,
                    kind,
                    key,
                    sentence,
                    can_do,
                    **about(payment),
                    statement_id=self.statement_id,
                )
                for key, sentence, can_do, payment in told
            ],
        )


def _cash_back(line: BookedLine, payment: NamedPayment) -> CashBack | None:
    """The money of a return as a statement books it; a notice of it is no cash evidence."""
    amount = moved(line, payment)
    if line.kind != STATEMENT or amount is None or line.day is None:
        return None
    return CashBack(
        order_id=payment.order_id,
        key=digest([line.identity])[:KEY_CHARACTERS],
        booked=line.day,
        amount=amount,
        charges=line.charges,
    )


def _is_credit(line: BookedLine) -> bool:
    return line.amount is not None and line.amount.minor > 0


def _move_of(line: BookedLine) -> AttemptMove | None:
    """Only a booking outside the reports of the day proves that the money has left."""
    if line.status == BOOKED and line.kind == INTRADAY:
        return AttemptMove.ACCEPT
    return _MOVES.get(line.status)
