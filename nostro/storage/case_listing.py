"""Cases by what people and programs look for, the most urgent first, and one with its story."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

from django.db.models import Q

from nostro.domain.case import CaseKind, CaseState
from nostro.domain.errors import Invalid
from nostro.storage import models
from nostro.storage.cases import CaseRow, case_of
from nostro.storage.listing import plain
from nostro.storage.paging import LIMIT_DEFAULT, Page, checked_limit, key_of, page_of


def cases(
    *,
    kind: str = "",
    state: str = "",
    stage: str = "",
    owner: str = "",
    due_before: datetime | None = None,
    order: UUID | None = None,
    submission: UUID | None = None,
    limit: int = LIMIT_DEFAULT,
    cursor: str = "",
) -> Page[CaseRow]:
    """Cases by their due time. `kind` and `state` may name several with commas between; `owner` is
    a role or a person's id."""
    size = checked_limit(limit)
    asked = {
        "kind__in": _known(kind, CaseKind, "kind") if kind else None,
        "state__in": _known(state, CaseState, "state") if state else None,
        "stage": plain(stage, "stage"),
        "owner": plain(owner, "owner"),
        "due_at__lt": due_before,
        "order_id": order,
        "submission_id": submission,
    }
    found = models.Case.objects.filter(
        **{name: value for name, value in asked.items() if value not in (None, "")}
    )
    if cursor:
        due, last = key_of("cases", cursor, _time_and_id)
        found = found.filter(Q(due_at__gt=due) | Q(due_at=due, id__gt=last))
    rows = [case_of(row) for row in found.order_by("due_at", "id")[: size + 1]]
    return page_of("cases", rows, size, lambda row: (row.due_at.isoformat(), str(row.id)))


def case(case_id: UUID) -> CaseRow | None:
    """One case; None when this customer has no such case."""
    row = models.Case.objects.filter(id=case_id).first()
    return case_of(row) if row else None


def _time_and_id(time: str, key: str) -> tuple[datetime, UUID]:
    return datetime.fromisoformat(time).astimezone(UTC), UUID(key)


def _known(text: str, words: Iterable[str], field: str) -> list[str]:
    wanted, known = [part.strip() for part in text.split(",")], list(words)
    unknown = [part for part in wanted if part not in known]
    if unknown:
        raise Invalid(
            f"{field}_unknown",
            f"{unknown[0][:40]!r} is not a {field} of a case.",
            can_do=f"Use one of: {', '.join(known)}.",
            field=field,
        )
    return wanted
