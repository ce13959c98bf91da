"""What the page of positive pay shows besides the checks: the newest files about them."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from nostro.domain.submission import SubmissionState
from nostro.storage import models
from nostro.storage.submissions import OF_CHECKS

FILES_SHOWN: Final = 10


class CheckFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of issued checks or of decisions, and where it is."""

    id: UUID
    message_id: str
    purpose: str
    state: SubmissionState
    state_since: datetime
    line_count: int
    account_name: str


def files(limit: int = FILES_SHOWN) -> list[CheckFile]:
    """The newest files about checks."""
    rows = models.Submission.objects.filter(purpose__in=OF_CHECKS).order_by("-id")
    names = ("id", "message_id", "purpose", "state", "state_since", "line_count", "account__name")
    return [
        CheckFile(
            id=row["id"],
            message_id=row["message_id"],
            purpose=row["purpose"],
            state=SubmissionState(row["state"]),
            state_since=row["state_since"],
            line_count=row["line_count"],
            account_name=row["account__name"] or "",
        )
        for row in rows.values(*names)[:limit]
    ]
