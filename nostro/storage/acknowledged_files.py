"""The files of ours that an acknowledgement may be about: by their references, or by their kind."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from nostro.storage import models, submissions
from nostro.storage.submissions import StoredSubmission


def named(connection_id: UUID, references: Collection[str]) -> list[StoredSubmission]:
    """Those sent there that go by one of these: message id, file name, or the bank's reference."""
    wanted = [reference for reference in references if reference]
    by = Q(message_id__in=wanted) | Q(bank_reference__in=wanted) | Q(file_name__in=wanted)
    rows = models.Submission.objects.filter(by, connection_id=connection_id)
    return submissions.load(rows.values_list("id", flat=True))


def of_kind(
    connection_id: UUID, media_types: Collection[str], since: datetime
) -> list[StoredSubmission]:
    """Those of these kinds that were first sent there since then, the oldest first."""
    rows = models.Submission.objects.filter(
        connection_id=connection_id, media_type__in=media_types, dispatched_at__gte=since
    )
    return submissions.load(rows.values_list("id", flat=True))
