"""Where a payment is and how it came there: the story of an order out of the one log."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime
from uuid import UUID

import msgspec
from django.db.models import Count

from nostro.domain.attempt import FREES_THE_ORDER
from nostro.domain.event import Event
from nostro.domain.money import Money
from nostro.domain.policies import confidential as policy
from nostro.domain.submission import SubmissionState
from nostro.storage import events, models
from nostro.storage.dossier import HoldRow, holds


class SubmissionSent(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    message_id: str
    file_name: str
    state: str
    line_count: int
    totals: dict[str, int]
    evidence_id: UUID


class AttemptSeen(msgspec.Struct, frozen=True, kw_only=True):
    state: str
    reason: str
    reason_text: str


class BatchSent(msgspec.Struct, frozen=True, kw_only=True):
    """One PmtInf of ours with what the bank should book for it."""

    message_id: str
    payment_information_id: str
    execution_date: date
    count: int
    total: Money


class JournalCount(msgspec.Struct, frozen=True, kw_only=True):
    event: str
    owner: str
    action: str
    count: int


class TraceLine(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened, in words, with who did it."""

    at: datetime
    words: str
    who: str
    event: Event


def orders_of_run(source: str, reference: str) -> list[UUID]:
    rows = models.Order.objects.filter(run__source=source, run__reference=reference)
    return list(rows.order_by("number").values_list("id", flat=True))


def open_holds(order_id: UUID) -> list[HoldRow]:
    """The holds that nobody has left yet."""
    return [hold for hold in holds(order_id) if hold.closed_at is None]


def submissions_of(purpose: str) -> list[SubmissionSent]:
    return [
        SubmissionSent(
            id=row.id,
            message_id=row.message_id,
            file_name=row.file_name,
            state=row.state,
            line_count=row.line_count,
            totals=row.totals,
            evidence_id=row.evidence_id,
        )
        for row in models.Submission.objects.filter(purpose=purpose).order_by("created_at", "id")
    ]


def still_leaving() -> int:
    """Submissions whose outcome is not known yet."""
    open_states = [
        state.value
        for state in (
            SubmissionState.BUILT,
            SubmissionState.SIGNED,
            SubmissionState.DISPATCHING,
            SubmissionState.UNKNOWN,
            SubmissionState.NOT_DELIVERED,
        )
    ]
    return models.Submission.objects.filter(state__in=open_states).count()


def attempt_counts(exclude_account: str = "") -> dict[str, int]:
    """How many attempts are in each state, without those of one account."""
    rows = models.Attempt.objects.exclude(order__account__iban=exclude_account)
    return dict(rows.values_list("state").annotate(count=Count("id")))


def last_attempt(order_id: UUID) -> AttemptSeen | None:
    row = models.Attempt.objects.filter(order_id=order_id).order_by("-id").first()
    if row is None:
        return None
    return AttemptSeen(state=row.state, reason=row.reason, reason_text=row.reason_text)


def match_counts(statement_id: UUID) -> dict[str, int]:
    rows = models.BankTransaction.objects.filter(statement_id=statement_id)
    return dict(Counter(rows.values_list("match_state", flat=True)))


def batches_of_account(iban: str) -> list[BatchSent]:
    """What we sent from one account, by PmtInf, without what was rejected."""
    rows = (
        models.Attempt.objects.filter(order__account__iban=iban)
        .exclude(state__in=[state.value for state in FREES_THE_ORDER])
        .select_related("order", "submission")
        .order_by("id")
    )
    grouped: dict[str, list[models.Attempt]] = {}
    for row in rows:
        grouped.setdefault(row.payment_information_id, []).append(row)
    return [
        BatchSent(
            message_id=members[0].submission.message_id,
            payment_information_id=key,
            execution_date=members[0].execution_date,
            count=len(members),
            total=Money(
                sum(member.order.amount_minor for member in members), members[0].order.currency
            ),
        )
        for key, members in grouped.items()
    ]


def journal_counts() -> list[JournalCount]:
    rows = models.JournalEvent.objects.values("event", "owner", "action")
    return [
        JournalCount(
            event=row["event"], owner=row["owner"], action=row["action"], count=row["count"]
        )
        for row in rows.annotate(count=Count("id")).order_by("event")
    ]


def subjects_of(order_id: UUID) -> list[UUID]:
    """Everything whose events belong to the story of one order."""
    order = models.Order.objects.filter(id=order_id).values_list("run_id", flat=True)
    attempts = models.Attempt.objects.filter(order_id=order_id)
    matched = models.Allocation.objects.filter(order_id=order_id).values_list(
        "match__transaction_id", "match__transaction__statement_id"
    )
    proposed = models.MatchProposal.objects.filter(order_id=order_id).values_list(
        "transaction_id", "transaction__statement_id"
    )
    journals = models.JournalEvent.objects.filter(order_id=order_id)
    cases = models.Case.objects.filter(order_id=order_id)
    found: list[UUID | None] = [
        order_id,
        *order,
        *attempts.values_list("id", flat=True),
        *attempts.values_list("submission_id", flat=True),
        *(subject for pair in (*matched, *proposed) for subject in pair),
        *cases.values_list("id", flat=True),
        *journals.values_list("id", flat=True),
        *journals.exclude(posting=None).values_list("posting_id", flat=True),
    ]
    return [subject for subject in found if subject is not None]


def trace(order_id: UUID) -> list[TraceLine]:
    """The story of one order, oldest first, in words; the run that brought it before all."""
    found = sorted(events.about(subjects_of(order_id)), key=lambda one: one.type != "run.received")
    return [line_of(event) for event in found]


def line_of(event: Event) -> TraceLine:
    return TraceLine(at=event.occurred_at, words=words(event), who=event.actor.name, event=event)


_WORDS = {
    "run.received": "Payment run {reference} received as {file}, {lines} lines",
    "order.received": "Payment {source_reference} received as {number}",
    "order.imported": "Taken over from the ERP's history",
    "order.approval_asked_anew": "Put to approvers anew: {rules} took the place of {rules_before}",
    "order.approval_given": "Approval {approvals} of {needed} over digest {digest:.16}",
    "order.placed_in_file": "Placed in file {message_id}, executes {execution_date}",
    "order.kept": "Kept here: its file leaves on {until}, to be executed on {day}",
    "payee.question_put": "The payee's bank is to be asked for the name {name_asked}",
    "payee.question_tried": "Asked for the name {name_asked}: {answer} {text}",
    "payee.question_moved": "Question for the name {name_asked}: {state_after} {answer} {text}",
    "order.advice_planned": "The payee is to be told: {rule}",
    "order.advice_sent": "The payee was told ({notice} {message_id}) {address}",
    "order.advice_not_sent": "The payee was not told ({notice}): {why}",
    "order.advice_dropped": "The payee is not told: the money came back before",
    "order.advice_asked": "The payee is to be told again: {reason}",
    "order.rerouted": "Goes by {way} after {way_before}: {ended} {reason}",
    "order.day_moved": "Executes {day} instead of {wanted}: {why}",
    "check.registered": "Check {number} of {amount} entered",
    "check.moved": "Check {number}: {state_after}. {text}",
    "check.placed_in_file": "Check {number} placed in file {message_id}: {action}",
    "check.left_out": "Check {number} goes into no file: {text}",
    "check.told_again": "Check {number} goes into another file: {text}",
    "check_exception.received": "Check {number} of {amount} was presented: {why}",
    "check_exception.moved": "Presented check {number}: {state_after}. {text}",
    "check_exception.placed_in_file": "Decision on check {number} placed in file {message_id}",
    "credit_note.received": "Credit note {reference} over {amount} received; it is never paid",
    "credit_note.used": "Credit note {reference}: {used} used, {left} left. {text}",
    "credit_note.moved": "Credit note {reference}: {state_after}. {text}",
    "netting.proposed": "Proposed for {payee_number}: pay {net}, {less} of credit notes taken off",
    "netting.moved": "Proposal for {payee_number}: {state_after}. {text}",
    "submission.built": "File {message_id} frozen: bytes and ids are fixed",
    "submission.asked": "The other side was asked about {message_id}: it {answer}",
    "submission.file_acknowledged": "The bank's word on file {message_id} as a file: {verdict}",
    "statement.received": "Statement {bank_statement_id} taken in: {verdict}",
    "intraday_report.received": "Report {report_id} of the day: {lines} lines, {new_lines} new",
    "statement.reread": "Read anew, {changed} lines changed, {added} new, {removed} gone: {reason}",
    "transaction.matched": "Statement line matched: {evidence}",
    "transaction.unmatched": "Statement line open again: {reason}",
    "match.suggested": "Statement line may belong: {evidence}",
    "match.refused": "What was proposed of a line was refused: {reason}",
    "journal.written": "Journal {reference}: {event}, {owner} will {action}",
    "order.recall_asked": "The bank is asked to give it back: {text}",
    "case.taken": "Case taken by {owner}",
    "case.due": "Case due {due_at}: {reason}",
    "case.noted": "Note: {text}",
    "case.moved": "Case {state_after}. {outcome}{text}",
    "case.stage_moved": "{case}: {stage_after}. {text}",
    "evidence.stated": "{told_by} at the bank: {says}. “{text}”",
    "evidence.confirmed": "It counts now what {told_by} at the bank said: {says}",
    "evidence.refused": "Not relied on what {told_by} at the bank said: {reason}",
    "evidence.withdrawn": "Withdrawn by who stated it, what {told_by} at the bank said: {reason}",
    "freeze.set": "Payments of one {scope} stopped: {reason}",
    "freeze.lift_agreed": "First agreement to lift the stop of one {scope}: {reason}",
    "freeze.lifted": "Stop of one {scope} lifted: {reason}",
}
_MOVED = {"order.moved": "Payment", "attempt.moved": "At the bank", "submission.moved": "File"}


_STATES = {"unknown": "outcome unknown", "in_flight": "on its way"}


def _because(reason: str, text: str) -> str:
    """A bank's code stands beside its text; a code of our own is only for programs."""
    shown = "" if text and "_" in reason else reason
    told = " ".join(filter(None, (shown, text.rstrip("."))))
    return f" ({told})" if told else ""


def words(event: Event) -> str:
    """One event as a sentence; an unfamiliar event is named by its type."""
    data = dict(event.data)
    if policy.is_masked(event):
        after = str(data.get("state_after", "")).replace("_", " ")
        return f"{event.type.replace('.', ' ').replace('_', ' ').capitalize()} {after}".strip()
    if event.type == "order.checked":
        found = [finding["sentence"] for finding in data.get("findings", ())]
        return "Checked: " + (" ".join(found) if found else "nothing unusual")
    if event.type in _MOVED:
        who = "File for the ERP" if str(data.get("message_id", "")).startswith("JRN-") else ""
        after = str(data["state_after"])
        told = f"{who or _MOVED[event.type]}: {_STATES.get(after, after.replace('_', ' '))}"
        return told + _because(str(data.get("reason") or ""), str(data.get("text") or ""))
    if isinstance(data.get("evidence"), list):
        data["evidence"] = ", ".join(data["evidence"])
    if data.get("owner") == "erp":
        data["owner"] = "the ERP"
    for key in ("event", "action", "says", "case", "stage_after", "verdict"):
        if key in data:
            data[key] = str(data[key]).replace("_", " ")
    if "due_at" in data:
        data["due_at"] = str(data["due_at"])[:16].replace("T", " ") + " UTC"
    if event.type == "case.stage_moved":
        data["case"] = str(data["case"]).capitalize()
    return _WORDS.get(event.type, event.type).format(**data).strip()
