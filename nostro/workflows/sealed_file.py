"""A frozen file as its bank wants it: signed and encrypted once, and kept, so that every try sends
the same bytes."""

from __future__ import annotations

from nostro.domain.submission import SubmissionMove
from nostro.ports import Outgoing, SealsFiles
from nostro.storage import evidence, submissions
from nostro.storage.submissions import SubmissionRow
from nostro.workflows.context import Acting
from nostro.workflows.moves import move_submission


def seal(acting: Acting, row: SubmissionRow, content: bytes, channel: object) -> None:
    """Seal a stored file's bytes if the channel seals; else they travel as they are."""
    if not isinstance(channel, SealsFiles):
        return
    sealed = channel.seal(
        Outgoing(
            message_id=row.message_id,
            file_name=row.file_name,
            media_type=row.media_type,
            content=content,
        )
    )
    kept = evidence.keep(
        acting.world.ids.new(),
        sealed.content,
        name=sealed.file_name,
        media_type=sealed.media_type,
        direction="out",
        now=acting.world.clock.now(),
    )
    submissions.update(
        row.id,
        sealed_evidence_id=kept,
        file_name=sealed.file_name,
        media_type=sealed.media_type,
    )
    move_submission(acting, row, SubmissionMove.SIGN)
