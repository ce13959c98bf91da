"""What banks send: collected, kept, then understood; nothing received is lost or acted on twice.

1. Every message is kept and the cursor moved in one transaction; understanding it comes after.
2. A kept message stays due until it was understood; what cannot be becomes a Case.
"""

from __future__ import annotations

import io
from datetime import timedelta
from uuid import UUID

import structlog

from nostro import formats
from nostro.domain.bank_status import StatusReport
from nostro.domain.case import CaseKind
from nostro.domain.errors import Invalid, NostroError, Refused
from nostro.domain.problem import Problem
from nostro.domain.statement import ReportKind, Statement
from nostro.formats import HEAD_BYTES, Profile
from nostro.formats.iso20022.xml.messages import message_of
from nostro.ports import DeliversMessages, Incoming
from nostro.storage import cases, events, evidence, messages, parties
from nostro.storage.cases import NewCase
from nostro.storage.tenancy import tenant
from nostro.workflows import arrival, statement_ingestion
from nostro.workflows.channel import open_channel
from nostro.workflows.context import Acting
from nostro.workflows.moves import CASE_DUE_IN
from nostro.workflows.status_reports import apply_status_report
from nostro.workflows.wake import wake

log = structlog.get_logger()
RETRY_AFTER = timedelta(minutes=2)
TRIES_MAX = 8
BANK_MESSAGES = frozenset({"pain_002", "camt_053"})
# What they say comes again on the statement of the day; until they are read they open no case.
KEPT_ONLY = frozenset({"camt.052", "camt.054"})


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


def take_in(acting: Acting, connection_id: UUID, incoming: Incoming) -> str:
    """One message that the bank gave when it was asked: kept, then understood like any other."""
    return understand(acting, connection_id, _keep(acting, connection_id, incoming))


def _keep(
    acting: Acting, connection_id: UUID, incoming: Incoming, cursor: str | None = None
) -> UUID:
    """Bytes, cursor (of a mailbox) and the wake-up to understand them: one transaction."""
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
        messages.insert(ids.new(), connection_id, kept, now)
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


def _understand(acting: Acting, connection_id: UUID, evidence_id: UUID) -> str:
    with tenant(acting.tenant_id):
        content = evidence.read(evidence_id)
        name, _, _ = evidence.describe(evidence_id)
    if (message := message_of(content[:HEAD_BYTES])) in KEPT_ONLY:
        log.info("message_kept_only", message=message, evidence_id=str(evidence_id))
        return message
    try:
        form = formats.identify(content)
        items = list(formats.documents(form, io.BytesIO(content), Profile()))
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
    elif isinstance(item, Statement) and item.kind is not ReportKind.PREVIOUS_DAY:
        log.info("message_kept_only", message=item.kind.value, evidence_id=str(evidence_id))
    elif isinstance(item, Statement):
        statement_ingestion.ingest(acting, evidence_id, item, connection_id=connection_id)
    elif isinstance(item, Problem):  # A warning about the file; errors never get this far.
        log.warning("message_odd", code=item.code, evidence_id=str(evidence_id))
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
