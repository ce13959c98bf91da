"""Telling the systems that asked for payments what became of them: one file, each news once.

What a source was told stands on the order. As long as that is not where the order stands, it is
news: a sweep finds it, so nothing that wakes us can be lost. File, bytes kept and what was told are
one transaction; the file then leaves as a dispatch of its own, asked about when in doubt.
"""

from __future__ import annotations

from uuid import UUID

from nostro.ports import TakesStatuses
from nostro.storage import events, parties, source_status, submissions
from nostro.storage.parties import ConnectionRow
from nostro.storage.tenancy import tenant
from nostro.workflows.channel import open_channel
from nostro.workflows.context import Acting
from nostro.workflows.erp_file import erp_file
from nostro.workflows.wake import wake

LINES_MAX = 5000  # In one file.


def tell(acting: Acting, connection_id: UUID) -> list[UUID]:
    """Put all news of one source into files for its connection; returns their submissions.

    Nothing when the connection takes none. Safe to call at any time, from any number of workers.
    """
    made: list[UUID] = []
    while True:
        with tenant(acting.tenant_id):
            submission_id = _next_file(acting, connection_id)
        if submission_id is None:
            return made
        made.append(submission_id)


def _next_file(acting: Acting, connection_id: UUID) -> UUID | None:
    channel = open_channel(acting, connection_id)
    form = channel.status_format() if isinstance(channel, TakesStatuses) else ""
    if not form:
        return None
    row = parties.connection(connection_id)
    others = {_source(other) for other in parties.connections()} - {_source(row)}
    news = source_status.lock_untold(_source(row), others, LINES_MAX)
    if not news:
        return None
    file = erp_file(
        acting, connection_id, submissions.STATUSES, "STA", form, [one.status for one in news]
    )
    submissions.insert(file, acting.world.clock.now())
    source_status.mark_told(news)
    events.record(
        [
            acting.event(
                "submission.built",
                "submission",
                file.id,
                message_id=file.message_id,
                purpose=submissions.STATUSES,
                payments=len(news),
                evidence_id=str(file.evidence_id),
            )
        ]
    )
    wake("attend_submission", tenant_id=acting.tenant_id, submission_id=file.id)
    return file.id


def _source(row: ConnectionRow) -> str:
    """The source that a connection speaks for; "" for every one without a connection of its own."""
    return str(row.config.get("source", ""))
