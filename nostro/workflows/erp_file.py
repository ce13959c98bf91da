"""What an ERP is told, as a file: written, its bytes kept, ready to be sent once."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from nostro import formats
from nostro.domain.submission import SubmissionState
from nostro.formats import Profile
from nostro.storage import evidence
from nostro.storage.submissions import SubmissionRow
from nostro.workflows.context import Acting


def erp_file(
    acting: Acting,
    connection_id: UUID,
    purpose: str,
    prefix: str,
    form_name: str,
    told: Sequence[object],
) -> SubmissionRow:
    """The file of one purpose for one connection, inside a unit of work; not stored yet."""
    now, ids = acting.world.clock.now(), acting.world.ids
    submission_id = ids.new()
    message_id = f"{prefix}-{now:%Y%m%d}-{submission_id.hex[-12:]}"
    form = formats.find()[form_name]
    name = f"{message_id}.csv"
    content = formats.writer(form)(told, Profile())
    kept = evidence.keep(
        ids.new(), content, name=name, media_type=form.media_type, direction="out", now=now
    )
    return SubmissionRow(
        id=submission_id,
        purpose=purpose,
        state=SubmissionState.BUILT,
        connection_id=connection_id,
        account_id=None,
        message_id=message_id,
        file_name=name,
        media_type=form.media_type,
        evidence_id=kept,
        line_count=len(told),
        totals={},
        next_action_at=now,
    )
