"""What the tests of sending share: a frozen file, a worker, and the time until its turn."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from procrastinate.contrib.django.models import ProcrastinateJob

from nostro.domain.errors import InDoubt, Refused, Unavailable
from nostro.workflows import dispatch
from nostro.workflows.tick import tick
from tests.workflows.company import Company, ScriptedBank

MONDAY_NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DOWN = Unavailable("bank_down", "The bank cannot be reached.")
LOST = InDoubt("cut", "The connection was lost after the bytes had left.")
NO = Refused("not_this", "The bank refuses the file.")


class RepeatingBank(ScriptedBank):
    """Promises by contract that the same bytes count once within a day."""

    def repeatable_for(self) -> timedelta:
        return timedelta(days=1)


def frozen(company: Company, count: int = 1) -> tuple[UUID, list[UUID]]:
    """One file ready to leave."""
    ids = company.pay(count)
    (submission_id,) = company.release()
    return submission_id, ids


def attend(company: Company, submission_id: UUID) -> str | None:
    return dispatch.attend(company.job, submission_id)


def later(company: Company, submission_id: UUID) -> str | None:
    """When its timer has come, the tick wakes it."""
    due = company.submission(submission_id).next_action_at
    assert due is not None
    company.clock.advance(seconds=max((due - company.clock.now()).total_seconds(), 0))
    ticked = tick(company.clock.now())
    assert ticked
    woken = ProcrastinateJob.objects.filter(
        task_name="attend_submission", args__submission_id=str(submission_id)
    )
    assert woken.exists()
    return attend(company, submission_id)
