"""While a restored database asks its banks: what they name had left, whatever the backup thinks.

A message that names a payment of ours which, as far as we know, has not left, proves that it has:
its file is rebuilt from what the bank says, then the bank's word is applied as any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

import msgspec
import structlog

from nostro.domain.attempt import AttemptMove, AttemptState
from nostro.domain.bank_status import StatusReport
from nostro.domain.case import CaseKind
from nostro.domain.errors import Refused
from nostro.domain.money import Money, total
from nostro.domain.order import OrderMove
from nostro.domain.statement import Entry, EntryStatus, Statement
from nostro.domain.submission import SubmissionMove, SubmissionState
from nostro.storage import cases, events, parties, restoring, submissions
from nostro.storage.cases import NewCase
from nostro.storage.restoring import REVIEW, RestoreStop, WaitingPayment
from nostro.storage.submissions import AttemptRow, SubmissionRow
from nostro.storage.tenancy import tenant
from nostro.workflows.after_restore import RESTORE, named_few
from nostro.workflows.booked_lines import known, uuid_of
from nostro.workflows.context import Acting
from nostro.workflows.lock_order import lock
from nostro.workflows.moves import CASE_DUE_IN, move_attempts, move_orders, move_submission

log = structlog.get_logger()

NO_MESSAGE = "NOTPROVIDED"  # ISO 20022: the bank names no message of ours.


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """One payment as a bank's message names it; `message_id` is of the file, "" if it is silent."""

    end_to_end_id: str
    message_id: str
    batch: str
    uetr: str
    iban: str
    amount: Money | None


def remember(acting: Acting, connection_id: UUID, evidence_id: UUID, item: object) -> object:
    """What a bank's message proves to have left is made known, before the message is acted on.

    Only while a restore keeps this connection stopped. Returns the message to act on: the same,
    but without the name of its file where its payments were found under another name.
    """
    if not isinstance(item, StatusReport | Statement):
        return item
    with tenant(acting.tenant_id):
        stop = restoring.stop_of(connection_id)
        if stop is None:
            return item
        if isinstance(item, Statement):
            moved = _moved(item, stop)
            _recover(acting, stop, evidence_id, [n for entry in moved for n in _of_entry(entry)])
            _strange_batches(acting, moved)
            return item
        found = _of_report(item)
        _recover(acting, stop, evidence_id, found)
        _tell_forgotten(acting, stop, found)
        return _as_named(item)


def _of_report(report: StatusReport) -> list[Named]:
    return [
        Named(
            end_to_end_id=known(line.original_end_to_end_id),
            message_id=known(report.original_message_id),
            batch=known(line.original_payment_information_id),
            uetr=line.original_uetr,
            iban=line.original_creditor_account,
            amount=line.original_amount,
        )
        for line in report.transactions
        if known(line.original_end_to_end_id)
    ]


def _moved(statement: Statement, stop: RestoreStop) -> list[Entry]:
    """What moved, or will, on an account that this bank keeps for us."""
    ours = {account.iban for account in parties.accounts()
            if account.connection_id == str(stop.connection_id)}  # fmt: skip
    if statement.account not in ours:
        return []
    return [entry for entry in statement.entries if entry.status != EntryStatus.INFO]


def _of_entry(entry: Entry) -> Iterable[Named]:
    """The debits, and the returns, that name a payment."""
    for detail in entry.details:
        own = known(detail.end_to_end_id)
        out = (detail.amount or entry.amount).minor < 0
        if not own or not (out or detail.return_reason or entry.reversal):
            continue
        batch = known(detail.payment_information_id) or known(entry.payment_information_id)
        yield Named(
            end_to_end_id=own,
            message_id=known(detail.message_id) or batch.rpartition("-")[0],
            batch=batch,
            uetr=detail.uetr,
            iban=detail.counterparty_iban,
            amount=detail.amount,
        )


def _strange_batches(acting: Acting, moved: Sequence[Entry]) -> None:
    """A debit for a whole batch that we do not know: which payments are in it, nobody has said."""
    sums = {
        known(entry.payment_information_id): entry
        for entry in moved
        if entry.amount.minor < 0 and not any(known(d.end_to_end_id) for d in entry.details)
    }
    strange = set(sums) - {""} - restoring.known_batches(sums)
    now = acting.world.clock.now()
    told = [
        NewCase(
            id=acting.world.ids.new(),
            kind=CaseKind.CONTRADICTION,
            natural_key=f"{restoring.STRANGE}batch/{batch}",
            sentence=f"The bank booked {sums[batch].amount} for batch {batch}, which this restored"
            " database does not know; which payments are in it is not said.",
            can_do="Ask the bank for its payments; take back those of them that wait here.",
            due_at=now + CASE_DUE_IN,
        )
        for batch in sorted(strange)
    ]
    cases.open_all(told, now)


def _as_named(report: StatusReport) -> StatusReport:
    """A report on a file that a booking had made known under another name: its lines count."""
    message_id = known(report.original_message_id)
    if not message_id or submissions.by_message_id(message_id):
        return report
    ids = {known(line.original_end_to_end_id) for line in report.transactions} - {""}
    if not restoring.rebuilt_under_other_name(ids):
        return report
    return msgspec.structs.replace(report, original_message_id=NO_MESSAGE)


# What had left.


def _recover(acting: Acting, stop: RestoreStop, evidence_id: UUID, found: Sequence[Named]) -> None:
    """Rebuild the files of payments that the bank names and that have not left as we know it."""
    by_id = {named.end_to_end_id: named for named in found}
    lock(submissions.ids_of_messages({named.message_id for named in found}), ())
    waiting = restoring.lock_waiting(stop.connection_id, by_id)
    files: dict[str, list[WaitingPayment]] = {}
    for payment in waiting:
        named = by_id[payment.end_to_end_id]
        message_id = named.message_id or f"RESTORED-{payment.number}"
        files.setdefault(message_id, []).append(payment)
    for message_id, payments in sorted(files.items()):
        _rebuild(acting, stop, evidence_id, message_id, payments, by_id)
        log.error("payment_had_left", message_id=message_id, payments=len(payments))
        told = [_told(by_id[one.end_to_end_id], message_id, one) for one in payments]
        _review(acting, stop, told)


def _file_named(stop: RestoreStop, message_id: str) -> SubmissionRow | None:
    """The file of that name, if we remember it; no bank speaks for another one."""
    file = submissions.by_message_id(message_id)
    if file and file.connection_id != stop.connection_id:
        raise Refused(
            "message_of_another_bank",
            f"The bank speaks of {message_id}, which went to another bank.",
            "No payment was changed; the original is kept.",
            "Ask both banks which of them has it.",
        )
    return file


def _rebuild(
    acting: Acting,
    stop: RestoreStop,
    evidence_id: UUID,
    message_id: str,
    payments: Sequence[WaitingPayment],
    by_id: Mapping[str, Named],
) -> None:
    now = acting.world.clock.now()
    text = f"The bank has it in {message_id}."
    ids = [payment.id for payment in payments]
    file = _file_named(stop, message_id)
    move_orders(acting, ids, OrderMove.RECOVER, reason=RESTORE, text=text)
    submission_id = file.id if file else _new_file(acting, stop, evidence_id, message_id, payments)
    attempts = _attempts(acting, submission_id, payments, by_id)
    if submissions.insert_attempts(attempts, now) != len(attempts):
        raise RuntimeError("an order that waited had a live attempt")
    if file is None:
        _has_it(acting, submission_id)
    else:
        added = [attempt.id for attempt in attempts]
        for step in (AttemptMove.DISPATCH, AttemptMove.DELIVER):
            move_attempts(acting, added, step, reason=RESTORE)
    sums = restoring.count_lines(submission_id)
    built = acting.event(
        "submission.rebuilt",
        "submission",
        submission_id,
        message_id=message_id,
        evidence_id=str(evidence_id),
        payments=[payment.number for payment in payments],
        totals=sums,
    )
    events.record([built])


def _attempts(
    acting: Acting,
    submission_id: UUID,
    payments: Sequence[WaitingPayment],
    by_id: Mapping[str, Named],
) -> list[AttemptRow]:
    return [
        AttemptRow(
            id=acting.world.ids.new(),
            order_id=payment.id,
            submission_id=submission_id,
            state=AttemptState.PREPARED,
            end_to_end_id=payment.end_to_end_id,
            payment_information_id=by_id[payment.end_to_end_id].batch,
            uetr=uuid_of(by_id[payment.end_to_end_id].uetr) or acting.world.ids.new_uetr(),
            execution_date=payment.requested_date,
            approval_digest=payment.approval_digest,
        )
        for payment in payments
    ]


def _new_file(
    acting: Acting,
    stop: RestoreStop,
    evidence_id: UUID,
    message_id: str,
    payments: Sequence[WaitingPayment],
) -> UUID:
    """The file as the bank's message proves it; our own bytes of it are gone with the database."""
    now = acting.world.clock.now()
    sums = total(payment.amount for payment in payments)
    row = SubmissionRow(
        id=acting.world.ids.new(),
        purpose=submissions.PAYMENTS,
        state=SubmissionState.BUILT,
        connection_id=stop.connection_id,
        account_id=payments[0].account_id,
        message_id=message_id,
        file_name="",
        media_type="",
        evidence_id=evidence_id,
        line_count=len(payments),
        totals={currency: money.minor for currency, money in sums.items()},
        tries=1,
    )
    submissions.insert(row, now)
    return row.id


def _has_it(acting: Acting, submission_id: UUID) -> None:
    """The bank has the file; it is followed up from now on, like any other."""
    for step in (SubmissionMove.DISPATCH, SubmissionMove.DELIVER):
        row = submissions.lock(submission_id)
        if row is None:
            raise RuntimeError("a file that was just stored cannot be gone")
        move_submission(acting, row, step, reason=RESTORE)
    submissions.update(submission_id, next_action_at=acting.world.clock.now())


def _tell_forgotten(acting: Acting, stop: RestoreStop, found: Sequence[Named]) -> None:
    """Payments that the backup does not have at all: asked for and sent after it was made."""
    ours = restoring.known_end_to_end_ids({named.end_to_end_id for named in found})
    told = [_told(one, one.message_id, None) for one in found if one.end_to_end_id not in ours]
    _review(acting, stop, told)


def _told(named: Named, message_id: str, payment: WaitingPayment | None) -> dict[str, object]:
    amount = payment.amount if payment else named.amount
    return {
        "number": payment.number if payment else "",
        "end_to_end_id": named.end_to_end_id,
        "message_id": message_id,
        "iban": payment.creditor_number if payment else named.iban,
        "minor": amount.minor if amount else 0,
        "currency": amount.currency if amount else "",
    }


def _review(acting: Acting, stop: RestoreStop, told: Sequence[dict[str, object]]) -> None:
    """One case for each connection and restore, that grows with what is found."""
    earlier = restoring.review_of(stop.id)
    found = list(earlier.details["found"]) if earlier else []
    seen = {(one["end_to_end_id"], one["message_id"]) for one in found}
    found += [one for one in told if (one["end_to_end_id"], one["message_id"]) not in seen]
    if not told or (earlier and len(found) == len(seen)):
        return
    had_left = [str(one["number"]) for one in found if one["number"]]
    strangers = [str(one["end_to_end_id"]) for one in found if not one["number"]]
    sentence = (
        f"The backup had forgotten that payments had left: {named_few(had_left)} are at the bank"
        f" already and were not sent again. It does not have these at all: {named_few(strangers)}."
    )
    if earlier:
        cases.update(earlier.id, sentence=sentence, details={"found": found})
        return
    now = acting.world.clock.now()
    new = NewCase(
        id=acting.world.ids.new(),
        kind=CaseKind.CONTRADICTION,
        natural_key=f"{REVIEW}{stop.id}",
        sentence=sentence,
        can_do="Compare them with the system that asked for them; what it asks for again waits.",
        due_at=now + CASE_DUE_IN,
        details={"found": found},
    )
    cases.open_all([new], now)
