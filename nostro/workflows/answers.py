"""What banks send back: collected, kept, then understood. Status reports move attempts by rank.

1. Every message is kept and the cursor moved in one transaction; understanding it comes after.
2. Facts are stored once by identity; the lower level wins (transaction over batch over group).
3. Facts of one kind move their attempts as one set; a word we do not know moves nothing.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from uuid import UUID

import msgspec
import structlog

from nostro import formats
from nostro.domain.attempt import AttemptMove, Verdict
from nostro.domain.bank_status import StatusReport, TransactionStatus, move_of
from nostro.domain.case import CaseKind
from nostro.domain.errors import Invalid, NostroError
from nostro.domain.statement import Statement
from nostro.domain.submission import SUBMISSION, SubmissionMove, SubmissionState
from nostro.formats import HEAD_BYTES, Profile
from nostro.formats.iso20022 import message_of
from nostro.ports import DeliversMessages, Incoming
from nostro.storage import cases, events, evidence, parties, submissions
from nostro.storage.cases import NewCase
from nostro.storage.submissions import AttemptRow, NewFact, SubmissionRow
from nostro.storage.tenancy import tenant
from nostro.workflows import arrival, statement_ingestion
from nostro.workflows.channel import open_channel
from nostro.workflows.context import Acting
from nostro.workflows.moves import CASE_DUE_IN, move_attempts, move_submission
from nostro.workflows.wake import wake

log = structlog.get_logger()
BANK_MESSAGES = frozenset({"pain_002", "camt_053"})
# What they say comes again on the statement of the day; until they are read they open no case.
KEPT_ONLY = frozenset({"camt.052", "camt.054"})


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """One status for one attempt, at whatever level the bank said it."""

    attempt: AttemptRow
    status: str
    reason: str
    text: str


def collect(acting: Acting, connection_id: UUID) -> int:
    """Fetch everything new from one connection; returns how many messages were kept."""
    with tenant(acting.tenant_id):
        channel = open_channel(acting, connection_id)
        cursor = parties.connection(connection_id).cursor
    if not isinstance(channel, DeliversMessages):
        return 0
    count = 0
    for incoming, moved in channel.collect(cursor):
        _keep(acting, connection_id, incoming, moved)
        count += 1
    return count


def _keep(acting: Acting, connection_id: UUID, incoming: Incoming, cursor: str) -> None:
    """Bytes, cursor and the wake-up to understand them: one transaction."""
    now, ids = acting.world.clock.now(), acting.world.ids
    with tenant(acting.tenant_id):
        kept = evidence.keep(
            ids.new(),
            incoming.content,
            name=incoming.name,
            media_type=incoming.media_type,
            direction="in",
            now=now,
        )
        parties.move_cursor(connection_id, cursor, now)
        events.record(
            [
                acting.event(
                    "message.received",
                    "connection",
                    connection_id,
                    name=incoming.name,
                    evidence_id=str(kept),
                    bytes=len(incoming.content),
                )
            ]
        )
        wake(
            "understand_message",
            tenant_id=acting.tenant_id,
            connection_id=connection_id,
            evidence_id=kept,
        )


def understand(acting: Acting, connection_id: UUID, evidence_id: UUID) -> str:
    """Read one kept message and act on it; returns what it was. Repeating it changes nothing."""
    with tenant(acting.tenant_id):
        content = evidence.read(evidence_id)
        name, _, _ = evidence.describe(evidence_id)
    if (message := message_of(content[:HEAD_BYTES])) in KEPT_ONLY:
        log.info("message_kept_only", message=message, evidence_id=str(evidence_id))
        return message
    try:
        form = formats.identify(content)
        items = list(formats.reader(form)(io.BytesIO(content), Profile()))
    except NostroError as error:
        _unreadable(acting, evidence_id, name, error)
        return "unreadable"
    for number, item in enumerate(items, start=1):
        try:
            _act_on(acting, connection_id, evidence_id, item)
        except NostroError as error:
            _unreadable(acting, evidence_id, name, error, f"/{number}")
    return form.name


def _act_on(acting: Acting, connection_id: UUID, evidence_id: UUID, item: object) -> None:
    if isinstance(item, StatusReport):
        apply_status_report(acting, connection_id, evidence_id, item)
    elif isinstance(item, Statement):
        statement_ingestion.ingest(acting, evidence_id, item)
    else:
        raise _not_from_a_bank(type(item).__name__)


def _unreadable(
    acting: Acting, evidence_id: UUID, name: str, error: NostroError, part: str = ""
) -> None:
    """A message we cannot use is a Case, never a silence; it can be read again after a fix."""
    log.warning("message_unreadable", name=name, code=error.code, evidence_id=str(evidence_id))
    now = acting.world.clock.now()
    with tenant(acting.tenant_id):
        cases.open_all(
            [
                NewCase(
                    id=acting.world.ids.new(),
                    kind=CaseKind.STATEMENT,
                    natural_key=f"unreadable/{evidence_id}{part}",
                    sentence=f"{name}: {error.happened}"
                    + (f" ({error.location})" if error.location else ""),
                    can_do=error.can_do or "The original is kept; ask the bank what it is.",
                    due_at=now + CASE_DUE_IN,
                )
            ],
            now,
        )


def apply_status_report(
    acting: Acting, connection_id: UUID, evidence_id: UUID, report: StatusReport
) -> dict[Verdict, int]:
    """Apply one pain.002; returns how many facts were applied, kept or contradicted something."""
    counts = dict.fromkeys(Verdict, 0)
    with tenant(acting.tenant_id):
        found = submissions.by_message_id(report.original_message_id)
        ours = found and found.connection_id == connection_id  # No bank speaks for another one.
        row = submissions.lock(found.id) if found and ours else None
        if row is None:
            _unknown_message(acting, report)
            return counts
        attempts = submissions.attempts_by_end_to_end_id(row.id)
        _apply_group(acting, row, report, bool(attempts))
        words = list(_words(report, attempts.values()))
        fresh = _store_facts(acting, connection_id, evidence_id, report, row, words)
        for verdict in _apply(acting, row, fresh).values():
            counts[verdict] += 1
        _strangers(acting, report, row, set(attempts))
    return counts


def _apply(acting: Acting, row: SubmissionRow, fresh: dict[UUID, Word]) -> dict[UUID, Verdict]:
    """Move the attempts by the new words, one set per word; returns what each fact did."""
    groups: dict[tuple[AttemptMove, str, str], dict[UUID, UUID]] = {}
    for fact_id, word in fresh.items():
        if step := move_of(word.status, word.reason):
            group = groups.setdefault((step, word.reason, word.text), {})
            group[word.attempt.id] = fact_id
    did: dict[UUID, Verdict] = {}
    for (step, reason, text), fact_of in groups.items():
        verdicts = move_attempts(acting, list(fact_of), step, reason=reason, text=text)
        did |= {fact_of[attempt_id]: verdict for attempt_id, verdict in verdicts.items()}
        doubted = [a for a, verdict in verdicts.items() if verdict is Verdict.APPLIED]
        if step is AttemptMove.DOUBT and doubted:
            _duplicate(acting, row, reason, len(doubted))
    submissions.set_verdicts({fact_id: verdict.value for fact_id, verdict in did.items()})
    return did


def _apply_group(
    acting: Acting, row: SubmissionRow, report: StatusReport, has_attempts: bool
) -> None:
    """The file-level answer moves the submission; lines are moved by their own words."""
    status = report.group_status
    if not status and not report.transactions and not report.batches:
        return
    said = move_of(status, report.group_reason)
    if said is AttemptMove.DOUBT:
        return
    whole_refusal = said is AttemptMove.REJECT and not report.transactions and has_attempts
    step = SubmissionMove.REFUSE if whole_refusal else SubmissionMove.ACKNOWLEDGE
    if SUBMISSION.allows(row.state, step):
        move_submission(
            acting, row, step, reason=report.group_reason, text=report.group_reason_text
        )
        submissions.update(row.id, next_action_at=None)
    elif step is SubmissionMove.REFUSE and row.state is not SubmissionState.REFUSED:
        log.warning("late_refusal_kept", message_id=row.message_id)


def _words(report: StatusReport, attempts: Iterable[AttemptRow]) -> Iterable[Word]:
    """What the report says of each attempt: its own line, else its batch, else the group.

    PART says only that lines differ, and lines that are not named stay where they are.
    """
    lines = {line.original_end_to_end_id: line for line in report.transactions}
    batches = {batch.original_payment_information_id: batch for batch in report.batches}
    for attempt in attempts:
        line = lines.get(attempt.end_to_end_id)
        batch = batches.get(attempt.payment_information_id)
        if line and line.status:
            yield _word(attempt, line.status, line)
        elif batch and batch.status:
            yield Word(
                attempt=attempt,
                status=batch.status,
                reason=batch.reason,
                text=batch.reason_text,
            )
        elif report.group_status:
            yield Word(
                attempt=attempt,
                status=report.group_status,
                reason=report.group_reason,
                text=report.group_reason_text,
            )


def _word(attempt: AttemptRow, status: str, line: TransactionStatus) -> Word:
    return Word(attempt=attempt, status=status, reason=line.reason, text=line.reason_text)


def _store_facts(
    acting: Acting,
    connection_id: UUID,
    evidence_id: UUID,
    report: StatusReport,
    row: SubmissionRow,
    words: list[Word],
) -> dict[UUID, Word]:
    """Keep every word once; returns the new ones by the id of their fact (lifecycle rule 4)."""
    identities = {
        "|".join([report.message_id, w.attempt.end_to_end_id, w.status, w.reason]): w for w in words
    }
    known = submissions.known_facts(connection_id, list(identities))
    fresh = {
        acting.world.ids.new(): (identity, word)
        for identity, word in identities.items()
        if identity not in known
    }
    submissions.insert_facts(
        [
            NewFact(
                id=fact_id,
                connection_id=connection_id,
                evidence_id=evidence_id,
                identity=identity,
                message_id=report.message_id,
                original_message_id=report.original_message_id,
                end_to_end_id=word.attempt.end_to_end_id,
                status=word.status,
                reason=word.reason,
                reason_text=word.text,
                attempt_id=word.attempt.id,
                submission_id=row.id,
                verdict="unfamiliar",
            )
            for fact_id, (identity, word) in fresh.items()
        ],
        acting.world.clock.now(),
    )
    return {fact_id: word for fact_id, (_, word) in fresh.items()}


def _strangers(acting: Acting, report: StatusReport, row: SubmissionRow, known: set[str]) -> None:
    """Lines about payments that are not in this file: whose they are is a person's question."""
    named = {line.original_end_to_end_id for line in report.transactions}
    strange = sorted(named - known)
    if not strange:
        return
    sentence = (
        f"The bank's report {report.message_id} on file {row.message_id} names"
        f" {len(strange)} payments that are not in it, e.g. {strange[0] or '(no EndToEndId)'}."
    )
    _contradiction(acting, f"strangers/{row.id}/{report.message_id}", sentence, row.id)


def _duplicate(acting: Acting, row: SubmissionRow, reason: str, count: int) -> None:
    """ "Duplicate" may mean that the bank has it: the attempts become unknown and a person asks."""
    now = acting.world.clock.now()
    cases.open_all(
        [
            NewCase(
                id=acting.world.ids.new(),
                kind=CaseKind.ENQUIRY,
                natural_key=f"duplicate/{row.id}",
                sentence=f"The bank calls {count} of {row.line_count} payments of file"
                f" {row.message_id} duplicates ({reason}): it may have them already.",
                can_do="Ask the bank for the original; nothing is sent again.",
                due_at=now + CASE_DUE_IN,
                submission_id=row.id,
            )
        ],
        now,
    )


def _unknown_message(acting: Acting, report: StatusReport) -> None:
    named = report.original_message_id or "(none)"
    sentence = f"The bank reports on message {named}, which we never sent to it."
    _contradiction(acting, f"unknown/{report.message_id}", sentence, None)


def _contradiction(
    acting: Acting, natural_key: str, sentence: str, submission_id: UUID | None
) -> None:
    now = acting.world.clock.now()
    cases.open_all(
        [
            NewCase(
                id=acting.world.ids.new(),
                kind=CaseKind.CONTRADICTION,
                natural_key=natural_key,
                sentence=sentence,
                can_do="Ask the bank whose payments it means; by this nothing was changed.",
                due_at=now + CASE_DUE_IN,
                submission_id=submission_id,
            )
        ],
        now,
    )


def receive_message(acting: Acting, connection_id: UUID, name: str, content: bytes) -> str:
    """Take in one bank message by hand (a file somebody carried): kept, then understood at once."""
    form, kept = arrival.keep(acting, name, content)
    if form.name not in BANK_MESSAGES:
        raise _not_from_a_bank(form.name)
    return understand(acting, connection_id, kept)


def _not_from_a_bank(what: str) -> Invalid:
    return Invalid(
        "not_a_bank_message",
        f"This is not a message that a bank sends ({what}).",
        "The original is kept; nothing was done with it.",
        "Bring a payment run to the payments, a list of open items to the receivables.",
    )
