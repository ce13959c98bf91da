"""What banks send: collected, kept, then understood; nothing received is lost or acted on twice.

1. Every message is kept and the cursor moved in one transaction; understanding it comes after.
2. A kept message stays due until it was understood; what cannot be becomes a Case.
3. What is sealed is opened first, and kept opened too; what is not surely the bank's is a Case.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

import structlog

from nostro import formats
from nostro.domain.ach_return import NotificationOfChange, ReturnedEntry
from nostro.domain.bank_status import StatusReport
from nostro.domain.cancellation import CancellationAnswer
from nostro.domain.case import CaseKind
from nostro.domain.check_exception import PresentedCheck, PresentedChecks
from nostro.domain.errors import ConnectionUnfit, Invalid, NostroError, Refused
from nostro.domain.payment_file import PaymentFile
from nostro.domain.problem import Problem
from nostro.domain.statement import ReportKind, Statement
from nostro.domain.transport_acknowledgement import TransportAcknowledgement
from nostro.ports import DeliversMessages, Incoming, SealsFiles, TakesCallbacks
from nostro.storage import events, evidence, messages, parties
from nostro.storage.tenancy import tenant
from nostro.workflows import (
    arrival,
    large_messages,
    presented_checks,
    recovering,
    statement_ingestion,
    unfit_connections,
)
from nostro.workflows.ach_answers import apply_ach_answers
from nostro.workflows.cancellation_answers import apply_cancellation_answer
from nostro.workflows.case_work import new_case, open_cases
from nostro.workflows.channel import open_channel, profile_of
from nostro.workflows.context import Acting
from nostro.workflows.file_acknowledgements import apply_acknowledgement
from nostro.workflows.intraday_reports import take_report
from nostro.workflows.statement_intake import LONG_BYTES
from nostro.workflows.status_reports import apply_status_report
from nostro.workflows.unfit_connections import Use
from nostro.workflows.wake import wake

log = structlog.get_logger()
RETRY_AFTER = timedelta(minutes=2)
TRIES_MAX = 8
UNKNOWN_TYPE = "unknown_file_type"
# What banks tell each other of a return; some pass it on. That the money is back is told by the
# credit notice and the statement, so this is kept as evidence and is nobody's case.
_INTERBANK_RETURN = b"urn:iso:std:iso:20022:tech:xsd:pacs.004."
BANK_MESSAGES = frozenset(
    {
        *("pain_002", "camt_029", "camt_052", "camt_053", "camt_054"),
        *("mt940", "mt942", "bai2", "nacha"),
        *("x12_997", "edifact_contrl", "check_exceptions"),
    }
)


def collect(acting: Acting, connection_id: UUID) -> int:
    """Fetch everything new from one connection; returns how many messages were kept.

    Raises what the connection raises. What will not pass before a person mends it is a case, which
    is closed by the first time that it works again.
    """
    try:
        count = _collect(acting, connection_id)
    except (ConnectionUnfit, Invalid, Refused) as failure:
        with tenant(acting.tenant_id):
            unfit_connections.tell(acting, connection_id, Use.COLLECTING, failure)
        raise
    with tenant(acting.tenant_id):
        outcome = "It was asked for what it has, and answered."
        unfit_connections.mended(acting, connection_id, Use.COLLECTING, outcome)
    return count


def _collect(acting: Acting, connection_id: UUID) -> int:
    with tenant(acting.tenant_id):
        channel = unfit_connections.fit_channel(acting, connection_id)
        cursor = parties.connection(connection_id).cursor
    if not isinstance(channel, DeliversMessages):
        return 0
    count = 0
    for incoming, moved in channel.collect(cursor):
        _keep(acting, connection_id, incoming, moved)
        count += 1
    return count


def take_in(acting: Acting, connection_id: UUID, incoming: Incoming) -> str:
    """One message that the bank gave when it was asked: kept, then understood like any other."""
    return understand(acting, connection_id, _keep(acting, connection_id, incoming))


def _keep(
    acting: Acting, connection_id: UUID, incoming: Incoming, cursor: str | None = None
) -> UUID:
    """Bytes, cursor (of a mailbox) and the wake-up to understand them: one transaction."""
    acting.world.space.check()  # Else the message stays at the bank.
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
        if cursor is not None:
            parties.move_cursor(connection_id, cursor, now)
        if not messages.insert(ids.new(), connection_id, kept, now):
            return kept  # The same bytes again: they are understood already, or due to be.
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
    return kept


def understand(acting: Acting, connection_id: UUID, evidence_id: UUID) -> str:
    """Read one kept message and act on it; returns what it was. Repeating it changes nothing.

    The message stays due until this has returned: a crash or a defect brings it back, and after
    TRIES_MAX it becomes a Case.
    """
    if not _claim(acting, connection_id, evidence_id):
        return "given_up"
    word = _understand(acting, connection_id, evidence_id)
    with tenant(acting.tenant_id):
        messages.done(connection_id, evidence_id)
    return word


def receive_callback(
    acting: Acting, connection_id: UUID, headers: Mapping[str, str], body: bytes
) -> UUID:
    """Take a call of the bank: checked by the channel, kept, due to be understood at once.

    Returns where it is kept; the same call again is kept once. Raises Refused when the connection
    takes no calls, or this one is not surely the bank's: then nothing of it is kept.
    """
    with tenant(acting.tenant_id):
        channel = open_channel(acting, connection_id)
    if not isinstance(channel, TakesCallbacks):
        raise Refused(
            "connection_takes_no_calls",
            "This connection is not called by its bank.",
            "The call was not taken.",
            "Use a connection whose bank calls us, or collect its messages.",
        )
    lower = {name.lower(): value for name, value in headers.items()}
    return _keep(acting, connection_id, channel.receive(lower, body))


def _claim(acting: Acting, connection_id: UUID, evidence_id: UUID) -> bool:
    """Count the try and say when the next one is due; False when there were enough of them."""
    now = acting.world.clock.now()
    with tenant(acting.tenant_id):
        tries = messages.count_try(connection_id, evidence_id, now + RETRY_AFTER)
        if tries <= TRIES_MAX:
            return True
        messages.done(connection_id, evidence_id)
        name, _, _ = evidence.describe(evidence_id)
    _unreadable(
        acting,
        evidence_id,
        name,
        Refused(
            "message_not_understood",
            f"Acting on this message failed {TRIES_MAX} times.",
            "The original is kept.",
            "Look at the worker's log, then read the message in again.",
        ),
    )
    return False


def _understand(
    acting: Acting, connection_id: UUID, evidence_id: UUID, *, by_hand: bool = False
) -> str:
    with tenant(acting.tenant_id):
        name, size = evidence.sized(evidence_id)
        content = b"" if size > LONG_BYTES else evidence.read(evidence_id)
    if size > LONG_BYTES:
        given = "" if by_hand else large_messages.given_on(acting, connection_id, evidence_id)
        if given:
            return given
        with tenant(acting.tenant_id):
            content = evidence.read(evidence_id)
    if not by_hand and large_messages.is_archive(acting, connection_id, content):
        return _unpack(acting, connection_id, evidence_id, name, content)
    return _read_whole(acting, connection_id, evidence_id, name, content, by_hand=by_hand)


def _read_whole(
    acting: Acting,
    connection_id: UUID,
    evidence_id: UUID,
    name: str,
    content: bytes,
    *,
    by_hand: bool,
) -> str:
    try:
        if not by_hand:
            evidence_id, content = _opened(acting, connection_id, evidence_id, name, content)
    except NostroError as error:  # Perhaps somebody else's: more than a file that is odd.
        _unreadable(acting, evidence_id, name, error, kind=CaseKind.CONTRADICTION)
        return "unreadable"
    try:
        form = formats.identify(content)
        with tenant(acting.tenant_id):
            profile = profile_of(connection_id, form.name)
        items = list(formats.documents(form, io.BytesIO(content), profile))
    except NostroError as error:
        if error.code == UNKNOWN_TYPE and _INTERBANK_RETURN in content[: formats.HEAD_BYTES]:
            log.info("interbank_return_kept", name=name, evidence_id=str(evidence_id))
            return "pacs_004"
        _unreadable(acting, evidence_id, name, error)
        return "unreadable"
    for number, item in enumerate(_together(items), start=1):
        try:
            _act_on(acting, connection_id, evidence_id, item)
        except NostroError as error:
            _unreadable(acting, evidence_id, name, error, f"/{number}")
    return form.name


def _unpack(
    acting: Acting, connection_id: UUID, evidence_id: UUID, name: str, content: bytes
) -> str:
    """Every file of an archive becomes a message of the same bank, due to be understood."""
    try:
        for incoming in large_messages.files_in(acting, name, content):
            _keep(acting, connection_id, incoming)
    except Invalid as error:
        _unreadable(acting, evidence_id, name, error)
        return "unreadable"
    return "packed"


def _opened(
    acting: Acting, connection_id: UUID, evidence_id: UUID, name: str, content: bytes
) -> tuple[UUID, bytes]:
    """What came sealed, opened and kept beside what came; raises Refused when it is not surely the
    bank's."""
    with tenant(acting.tenant_id):
        channel = open_channel(acting, connection_id)
    if not isinstance(channel, SealsFiles):
        return evidence_id, content
    clear = channel.unseal(content)
    now, new_id = acting.world.clock.now(), acting.world.ids.new()
    with tenant(acting.tenant_id):
        kept = evidence.keep(
            new_id, clear, name=f"{name} (opened)", media_type="", direction="in", now=now
        )
        if kept != new_id:
            return kept, clear  # Opened before.
        told = {"sealed_evidence_id": str(evidence_id), "evidence_id": str(kept)}
        events.record([acting.event("message.opened", "connection", connection_id, **told)])
    return kept, clear


def _together(items: Sequence[object]) -> list[object]:
    """Documents one by one; all ACH answers of a file are one, their empty batches are none."""
    presented = tuple(item for item in items if isinstance(item, PresentedCheck))
    if presented:
        return [PresentedChecks(presented)]
    ach = tuple(item for item in items if isinstance(item, ReturnedEntry | NotificationOfChange))
    others = [
        item
        for item in items
        if not isinstance(item, ReturnedEntry | NotificationOfChange) and not _is_empty(item)
    ]
    return [ach, *others] if ach else others


def _is_empty(item: object) -> bool:
    return isinstance(item, PaymentFile) and not any(batch.payments for batch in item.batches)


def _act_on(acting: Acting, connection_id: UUID, evidence_id: UUID, item: object) -> None:
    """One document of a message: this is where each kind finds who acts on it."""
    item = recovering.remember(acting, connection_id, evidence_id, item)
    if isinstance(item, StatusReport):
        apply_status_report(acting, connection_id, evidence_id, item)
    elif isinstance(item, Statement) and item.kind is not ReportKind.PREVIOUS_DAY:
        take_report(acting, connection_id, evidence_id, item)
    elif isinstance(item, Statement):
        statement_ingestion.ingest(acting, evidence_id, item, connection_id=connection_id)
    elif isinstance(item, tuple):
        apply_ach_answers(acting, connection_id, evidence_id, item)
    elif isinstance(item, PresentedChecks):
        presented_checks.take_in(acting, connection_id, evidence_id, item)
    elif isinstance(item, CancellationAnswer):
        apply_cancellation_answer(acting, connection_id, evidence_id, item)
    elif isinstance(item, TransportAcknowledgement):
        apply_acknowledgement(acting, connection_id, evidence_id, item)
    elif isinstance(item, Problem):  # A warning about the file; errors never get this far.
        log.warning("message_odd", code=item.code, evidence_id=str(evidence_id))
    else:
        raise _not_from_a_bank(type(item).__name__)


def _unreadable(
    acting: Acting,
    evidence_id: UUID,
    name: str,
    error: NostroError,
    part: str = "",
    *,
    kind: CaseKind = CaseKind.STATEMENT,
) -> None:
    """A message we cannot use is a Case, never a silence; it can be read again after a fix."""
    log.warning("message_unreadable", name=name, code=error.code, evidence_id=str(evidence_id))
    where = f" ({error.location})" if error.location else ""
    told = new_case(
        acting,
        kind,
        f"unreadable/{evidence_id}{part}",
        f"{name}: {error.happened}{where}",
        error.can_do or "The original is kept; ask the bank what it is.",
    )
    with tenant(acting.tenant_id):
        open_cases(acting, [told])


def receive_message(acting: Acting, connection_id: UUID, name: str, content: bytes) -> str:
    """Take in one bank message by hand (a file somebody carried): kept, then understood at once."""
    form, kept = arrival.keep(acting, name, content)
    if form.name not in BANK_MESSAGES:
        raise _not_from_a_bank(form.name)
    return _understand(acting, connection_id, kept, by_hand=True)


def _not_from_a_bank(what: str) -> Invalid:
    return Invalid(
        "not_a_bank_message",
        f"This is not a message that a bank sends ({what}).",
        "The original is kept; nothing was done with it.",
        "Bring a payment run to the payments, a list of open items to the receivables.",
    )
