"""Connections that a person must mend: files wait, one case for each connection says what to do.

A wrong secret, an expired certificate, another host key, settings that do not go together, a
connector that takes no such files: nothing left, nothing is refused, and nothing counts as a try.
"""

from __future__ import annotations

from uuid import UUID

import structlog

from nostro.domain.case import CaseKind, CaseMove, due_in
from nostro.domain.errors import ConnectionUnfit, NostroError
from nostro.domain.policies import dispatching
from nostro.storage import cases, events, parties, submissions
from nostro.storage.cases import CaseRow, NewCase
from nostro.storage.submissions import SubmissionRow
from nostro.storage.tenancy import tenant
from nostro.workflows import case_work
from nostro.workflows.channel import open_channel
from nostro.workflows.context import Acting

log = structlog.get_logger()
_CAN_DO = "Correct the settings and the secrets of the connection."


def fit_channel(acting: Acting, connection_id: UUID) -> object:
    """The connection, opened without I/O, inside a unit of work; raises ConnectionUnfit when its
    connector is gone, its settings are wrong or a secret is missing."""
    try:
        return open_channel(acting, connection_id)
    except NostroError as failure:
        raise ConnectionUnfit(
            failure.code, failure.happened, "Nothing left; it waits.", failure.can_do
        ) from failure


def put_off(acting: Acting, submission_id: UUID, failure: ConnectionUnfit) -> None:
    """The file waits for its connection, as it is, and the connection has its case."""
    log.error("connection_unfit", submission_id=str(submission_id), code=failure.code)
    with tenant(acting.tenant_id):
        row = submissions.lock(submission_id)
        if row is None:
            return
        again_at = dispatching.unfit_again_at(row, acting.world.clock.now())
        submissions.update(row.id, next_action_at=again_at)
        tell(acting, row, failure)


def tell(acting: Acting, row: SubmissionRow, failure: ConnectionUnfit) -> None:
    """One case for the connection, opened again if it was closed; it tells the newest cause."""
    name = parties.connection(row.connection_id).name
    now, key = acting.world.clock.now(), _key(row.connection_id)
    case = NewCase(
        id=acting.world.ids.new(),
        kind=CaseKind.CONNECTION,
        natural_key=key,
        sentence=f"{name} cannot be used until somebody mends it: {failure.happened}"
        " What is to be sent by it waits; nothing of it left.",
        can_do=f"{failure.can_do or _CAN_DO} We try again by ourselves, at least each hour.",
        due_at=now + due_in(CaseKind.CONNECTION),
    )
    case_work.open_again(acting, case)
    known = cases.lock_by_key(CaseKind.CONNECTION, key)
    if known and known.sentence != case.sentence:
        cases.update(known.id, sentence=case.sentence, can_do=case.can_do)
        _note(acting, known, case.sentence)


def mended(acting: Acting, row: SubmissionRow) -> None:
    """A file went out by the connection: what was wrong with it is over."""
    known = cases.lock_by_key(CaseKind.CONNECTION, _key(row.connection_id))
    if known and known.resolved_at is None:
        outcome = f"{row.message_id} was taken by the other side."
        case_work.move(acting, known, CaseMove.RESOLVE, outcome=outcome)


def _note(acting: Acting, known: CaseRow, text: str) -> None:
    told = {"case": known.kind.value, "text": text}
    events.record([acting.event("case.noted", "case", known.id, **told)])


def _key(connection_id: UUID) -> str:
    return f"sending/{connection_id}"
