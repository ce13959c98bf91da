"""Connections that a person must mend: files wait, one case for each connection says what to do.

A wrong secret, an expired certificate, another host key, settings that do not go together, a
connector that takes no such files: nothing left, nothing is refused, and nothing counts as a try.
What cannot be collected by a connection stands in the same case.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from uuid import UUID

import structlog

from nostro.domain.case import CaseKind, CaseMove
from nostro.domain.errors import ConnectionUnfit, NostroError
from nostro.domain.policies import dispatching
from nostro.storage import cases, events, parties, submissions
from nostro.storage.cases import CaseRow
from nostro.storage.tenancy import tenant
from nostro.workflows import case_work
from nostro.workflows.channel import open_channel
from nostro.workflows.context import Acting

log = structlog.get_logger()
_CAN_DO = "Correct the settings and the secrets of the connection."


class Use(StrEnum):
    """What a connection is for; each may be out of order alone, and works again by itself."""

    SENDING = "sending"
    COLLECTING = "collecting"


_THEREFORE = {
    Use.SENDING: "What is to be sent by it waits; nothing of it left.",
    Use.COLLECTING: "What the other side has for us is not fetched; statements and answers are"
    " missing.",
}


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
        tell(acting, row.connection_id, Use.SENDING, failure)


def tell(acting: Acting, connection_id: UUID, use: Use, failure: NostroError) -> None:
    """One case for the connection, opened again if it was closed; it tells the newest cause."""
    key = _key(connection_id)
    known = cases.lock_by_key(CaseKind.CONNECTION, key)
    details = {**(_broken(known) if known else {}), use.value: failure.happened}
    case = case_work.new_case(
        acting,
        CaseKind.CONNECTION,
        key,
        _sentence(connection_id, details),
        f"{failure.can_do or _CAN_DO} We try again by ourselves, at least each hour.",
        details=details,
    )
    case_work.open_again(acting, case)
    row = cases.lock_by_key(CaseKind.CONNECTION, key)
    if row is None or row.details == details:
        return
    cases.update(row.id, sentence=case.sentence, can_do=case.can_do, details=details)
    if known and known.resolved_at is None:
        _note(acting, row, case.sentence)


def mended(acting: Acting, connection_id: UUID, use: Use, outcome: str) -> None:
    """It works again in one way: `outcome` says how that was seen. When it does in every way, what
    was wrong with it is over."""
    known = cases.lock_by_key(CaseKind.CONNECTION, _key(connection_id))
    if known is None or use.value not in _broken(known):
        return
    left = {other: why for other, why in _broken(known).items() if other != use.value}
    if left:
        cases.update(known.id, sentence=_sentence(connection_id, left), details=left)
        _note(acting, known, outcome)
        return
    cases.update(known.id, details={})
    case_work.move(acting, known, CaseMove.RESOLVE, outcome=outcome)


def _broken(known: CaseRow) -> dict[str, str]:
    """Which uses do not work by an open case, and why; older cases were about sending alone."""
    if known.resolved_at is not None:
        return {}
    return known.details or {Use.SENDING.value: known.sentence}


def _sentence(connection_id: UUID, details: Mapping[str, str]) -> str:
    """What is wrong, once, and what it keeps from being done."""
    name = parties.connection(connection_id).name
    broken = [use for use in Use if use.value in details]
    why = dict.fromkeys(details[use.value] for use in broken)
    said = " ".join([*why, *(_THEREFORE[use] for use in broken)])
    return f"{name} cannot be used until somebody mends it: {said}"


def _note(acting: Acting, known: CaseRow, text: str) -> None:
    told = {"case": known.kind.value, "text": text}
    events.record([acting.event("case.noted", "case", known.id, **told)])


def _key(connection_id: UUID) -> str:
    """Of both uses; so named since there was only one."""
    return f"sending/{connection_id}"
