"""Which word of a status report is about which payment: by level, and by any of our ids.

The lower level wins (transaction over batch over group). Payments are named by their EndToEndId,
else by UETR, instruction id, or a batch of one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

import msgspec

from nostro.domain.bank_status import StatusReport, TransactionStatus
from nostro.storage import facts, submissions
from nostro.storage.facts import PaymentKeys
from nostro.storage.submissions import AttemptRow
from nostro.workflows.booked_lines import known, uuid_of

UNLISTED = "unlisted"  # The status of a fact: by its profile, the bank names refusals only.
_PART = "PART"  # ISO 20022: some of them were accepted; which ones, the lines say.
NO_MESSAGE = "(none)"
CHANGED = "ACWC"  # ISO 20022: accepted with a change.


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """One status for one attempt, at whatever level the bank said it."""

    attempt: AttemptRow
    status: str
    reason: str
    text: str
    line: TransactionStatus | None = None


def words_of(
    report: StatusReport,
    attempts: Iterable[AttemptRow],
    lines: Mapping[UUID, TransactionStatus],
) -> Iterable[Word]:
    """What the report says of each attempt: its own line, else its batch, else the group.

    PART says only that lines differ, and lines that are not named stay where they are, unless the
    bank's profile says that it names refusals only.
    """
    batches = {batch.original_payment_information_id: batch for batch in report.batches}
    by_group = (report.group_status, report.group_reason, report.group_reason_text)
    for attempt in attempts:
        line = lines.get(attempt.id)
        if line and line.status:
            yield Word(
                attempt=attempt,
                status=line.status,
                reason=line.reason,
                text=line.reason_text,
                line=line,
            )
            continue
        batch = batches.get(attempt.payment_information_id)
        by_batch = (batch.status, batch.reason, batch.reason_text) if batch else ("", "", "")
        status, reason, text = by_batch if by_batch[0] else by_group
        if status in ("", _PART) and report.unlisted:
            status, reason, text = UNLISTED, "", "The bank names refusals only."
        if status:
            yield Word(attempt=attempt, status=status, reason=reason, text=text)


def name_lines(
    report: StatusReport, attempts: Sequence[AttemptRow]
) -> tuple[dict[UUID, TransactionStatus], list[TransactionStatus]]:
    """Which line speaks of which attempt, and the lines that speak of none of them."""
    by_id = {attempt.end_to_end_id: attempt for attempt in attempts}
    by_uetr = {str(attempt.uetr): attempt for attempt in attempts}
    by_rail = {attempt.rail_reference: attempt for attempt in attempts if attempt.rail_reference}
    members: dict[str, list[AttemptRow]] = {}
    for member in attempts:
        members.setdefault(member.payment_information_id, []).append(member)
    named: dict[UUID, TransactionStatus] = {}
    strange: list[TransactionStatus] = []
    for line in report.transactions:
        own, instruction = known(line.original_end_to_end_id), known(line.original_instruction_id)
        alone = members.get(line.original_payment_information_id, [])
        attempt: AttemptRow | None = (
            by_id.get(own)
            or by_uetr.get(line.original_uetr.lower())
            or by_id.get(instruction)
            or by_rail.get(instruction)
        )
        if attempt is None and not own and len(alone) == 1:
            attempt = alone[0]
        if attempt is None:
            strange.append(line)
        else:
            named[attempt.id] = line
    return named, strange


def by_file(connection_id: UUID, report: StatusReport) -> list[StatusReport]:
    """A report that names no message of ours, as one report for each file that its lines name.

    Nothing but the lines counts then. Lines that name no payment of ours stay with a report that
    names no message, which is a Case.
    """
    ids = {known(line.original_end_to_end_id) for line in report.transactions}
    ids |= {known(line.original_instruction_id) for line in report.transactions}
    keys = PaymentKeys(
        end_to_end_ids=frozenset(ids - {""}),
        uetrs=frozenset(filter(None, (uuid_of(t.original_uetr) for t in report.transactions))),
        rail_references=frozenset(ids - {""}),
        batches=frozenset(
            filter(None, (t.original_payment_information_id for t in report.transactions))
        ),
    )
    files = sorted({one.submission_id for one in facts.named(keys, connection_id=connection_id)})
    left = list(report.transactions)
    parts: list[StatusReport] = []
    for row in submissions.load(files):
        alone = msgspec.structs.replace(
            report,
            original_message_id=row.message_id,
            batches=(),
            group_status="",
            transactions=tuple(left),
            problems=(),
            unlisted="",
        )
        attempts = list(submissions.attempts_by_end_to_end_id(row.id).values())
        lines, left = name_lines(alone, attempts)
        parts.append(msgspec.structs.replace(alone, transactions=tuple(lines.values())))
    if left or not parts:
        nameless = msgspec.structs.replace(report, transactions=tuple(left))
        parts.append(msgspec.structs.replace(nameless, original_message_id=NO_MESSAGE))
    return parts


def difference(word: Word) -> str:
    """What the bank says that it changed, in words."""
    line, told = word.line, [" ".join(filter(None, (word.reason, word.text)))]
    if line and line.settlement_amount:
        told.append(f"it settles {line.settlement_amount}")
        told.append(f"we asked for {line.original_amount}" if line.original_amount else "")
    if line and line.settlement_date and line.settlement_date != word.attempt.execution_date:
        told.append(f"on {line.settlement_date}, not on {word.attempt.execution_date}")
    return ", ".join(filter(None, told)) or "it does not say which"
