"""Attempts by the orders that they carry: what is live, their worth, and what was asked of them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

from nostro.domain.attempt import FREES_THE_ORDER, AttemptState
from nostro.domain.money import Money
from nostro.storage import models
from nostro.storage.submissions import AttemptRow, attempt_of

_FREE = sorted(state.value for state in FREES_THE_ORDER)


def files_of_orders(order_ids: Collection[UUID]) -> list[UUID]:
    """The submissions that carry a live attempt of these orders."""
    rows = models.Attempt.objects.filter(order_id__in=order_ids).exclude(state__in=_FREE)
    return list(rows.values_list("submission_id", flat=True).distinct())


def live(order_ids: Collection[UUID]) -> list[AttemptRow]:
    """The one live attempt of each order that has one, locked."""
    rows = models.Attempt.objects.select_for_update(no_key=True).filter(order_id__in=order_ids)
    return [attempt_of(row) for row in rows.exclude(state__in=_FREE).order_by("id")]


def by_ids(attempt_ids: Collection[UUID]) -> list[AttemptRow]:
    rows = models.Attempt.objects.filter(id__in=attempt_ids).order_by("id")
    return [attempt_of(row) for row in rows]


def amounts(attempt_ids: Collection[UUID]) -> dict[UUID, Money]:
    """What each attempt pays."""
    rows = models.Attempt.objects.filter(id__in=attempt_ids)
    found = rows.values_list("id", "order__amount_minor", "order__currency")
    return {attempt_id: Money(minor, currency) for attempt_id, minor, currency in found}


def in_doubt_since(attempt_id: UUID) -> datetime | None:
    """Since when the outcome of one attempt is unknown; None when it is not."""
    rows = models.Attempt.objects.filter(id=attempt_id, state=AttemptState.UNKNOWN.value)
    return rows.values_list("state_since", flat=True).first()


def any_asked_back(submission_id: UUID) -> bool:
    """Is a payment of this file being asked back from the bank?"""
    rows = models.Attempt.objects.filter(submission_id=submission_id)
    return rows.exclude(cancel_purpose="").exclude(state__in=_FREE).exists()


def set_cancel_purpose(attempt_ids: Collection[UUID], purpose: str) -> None:
    """What is to become of these payments when the bank cancels them; fixed with the request."""
    models.Attempt.objects.filter(id__in=attempt_ids).update(cancel_purpose=purpose)


def by_rail(attempt_ids: Collection[UUID]) -> dict[str, list[UUID]]:
    """The attempts by the rail that their orders were approved for."""
    found: dict[str, list[UUID]] = {}
    rows = models.Attempt.objects.filter(id__in=attempt_ids).order_by("id")
    for attempt_id, rail in rows.values_list("id", "order__route__rail"):
        found.setdefault(rail or "", []).append(attempt_id)
    return found


def set_finality(attempt_ids: Collection[UUID], until: date) -> None:
    models.Attempt.objects.filter(id__in=attempt_ids).update(finality_until=until)


def days_by_rail(submission_id: UUID) -> list[tuple[date, str, str]]:
    """On which days payments of a file are executed, by which rail and in which currency."""
    rows = models.Attempt.objects.filter(submission_id=submission_id)
    found = rows.values_list("execution_date", "order__route__rail", "order__currency").distinct()
    return [(day, rail or "", currency) for day, rail, currency in found]


def days_of_orders(submission_id: UUID) -> dict[UUID, date]:
    """On which day each order in a file is to be executed, by the file."""
    rows = models.Attempt.objects.filter(submission_id=submission_id)
    return dict(rows.values_list("order_id", "execution_date"))
