"""Payment runs as stored: how far their import is, and what became of each of their lines."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import Count, Q, Sum

from nostro.domain.errors import Refused
from nostro.domain.payment_run import RunState
from nostro.storage import bulk, models, queries
from nostro.storage.tenancy import current

PAGE = 2000


class LineOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one line of a run: accepted, held, or refused with its reason."""

    line: int
    outcome: str
    order_id: UUID | None = None
    code: str = ""
    sentence: str = ""
    raw: str = ""


class RunRow(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery of payments.

    `line_count` and `totals` (minor units by currency) are what its file holds, `stated_totals`
    what it says of itself. `lines_done` of its lines are stored. `format_profile` is how to read
    it again; the maker is who delivered it.
    """

    id: UUID
    source: str
    reference: str
    evidence_id: UUID
    received_at: datetime
    line_count: int
    totals: dict[str, int]
    stated_totals: dict[str, Any]
    format_profile: str
    maker_id: str
    maker_name: str
    state: RunState = RunState.IMPORTING
    lines_done: int = 0
    confidential: bool = False


def insert(run: RunRow, due: datetime) -> None:
    """A new run; its import is due to be continued from `due` on if nobody does."""
    told = {name: getattr(run, name) for name in run.__struct_fields__}
    models.PaymentRun.objects.create(
        **{**told, "state": run.state.value}, tenant_id=current(), next_action_at=due
    )


def count_named(source: str, reference: str) -> int:
    """How many runs of a source came under this reference, first and repeated ones.

    Whoever asks is alone with this reference until his unit of work ends.
    """
    queries.run("idempotency_turn", turn=f"run {current()} {source} {reference}")
    again = Q(reference=reference) | Q(reference__startswith=f"{reference} #")
    return models.PaymentRun.objects.filter(again, source=source).count()


def load(run_id: UUID) -> RunRow:
    return _run(models.PaymentRun.objects.filter(id=run_id).first())


def lock(run_id: UUID) -> RunRow:
    """Lock a run: its lines are stored by one importer at a time."""
    return _run(models.PaymentRun.objects.select_for_update(no_key=True).filter(id=run_id).first())


def _run(row: models.PaymentRun | None) -> RunRow:
    if row is None:
        raise Refused("run_unknown", "There is no such payment run for this customer.")
    told = {name: getattr(row, name) for name in RunRow.__struct_fields__}
    return RunRow(**{**told, "state": RunState(row.state)})


def advance(run_id: UUID, lines_done: int, due: datetime) -> None:
    """So many lines are stored; the rest is due to be continued from `due` on if nobody does."""
    models.PaymentRun.objects.filter(id=run_id).update(lines_done=lines_done, next_action_at=due)


def end(run_id: UUID, state: RunState, now: datetime) -> None:
    models.PaymentRun.objects.filter(id=run_id).update(
        state=state.value, finished_at=now, next_action_at=None
    )


def insert_lines(run_id: UUID, new_id: Callable[[], UUID], outcomes: Iterable[LineOutcome]) -> int:
    """Keep what became of lines; returns how many were new."""
    tenant_id = current()
    return bulk.insert(
        models.RunLine,
        (
            {
                "id": new_id(),
                "tenant_id": tenant_id,
                "run_id": run_id,
                "line": outcome.line,
                "outcome": outcome.outcome,
                "order_id": outcome.order_id,
                "code": outcome.code,
                "sentence": outcome.sentence,
                "raw": outcome.raw,
            }
            for outcome in outcomes
        ),
    )


def lines(run_id: UUID, after: int = -1, limit: int = PAGE) -> list[LineOutcome]:
    """A page of outcomes in the order of their lines, those after line `after`."""
    rows = models.RunLine.objects.filter(run_id=run_id, line__gt=after).order_by("line")[:limit]
    return [
        LineOutcome(
            line=row.line,
            outcome=row.outcome,
            order_id=row.order_id,
            code=row.code,
            sentence=row.sentence,
            raw=row.raw,
        )
        for row in rows
    ]


def all_lines(run_id: UUID) -> Iterator[LineOutcome]:
    """Every outcome of a run in the order of its lines, page by page."""
    after = -1
    while page := lines(run_id, after):
        yield from page
        after = page[-1].line


def count_outcomes(run_id: UUID) -> dict[str, int]:
    """How many lines of a run had each outcome."""
    found = models.RunLine.objects.filter(run_id=run_id).values_list("outcome")
    return dict(found.annotate(Count("id")).order_by("outcome"))


def count_reasons(run_id: UUID) -> list[tuple[str, str, int]]:
    """(outcome, code, payments) of the lines that somebody must look at, the most frequent first.
    A payment that is held for several reasons counts for each; a refused line has its first."""
    kept = models.RunLine.objects.filter(run_id=run_id).exclude(code="").exclude(outcome="held")
    told = kept.values_list("outcome", "code").annotate(Count("id"))
    held = models.Hold.objects.filter(order__run_id=run_id).values_list("code")
    for_each = held.annotate(Count("order_id", distinct=True))
    found = [*told, *(("held", code, count) for code, count in for_each)]
    return sorted(found, key=lambda one: (-one[2], one[0], one[1]))


def lines_without_order(run_id: UUID) -> frozenset[int]:
    """The lines of a run that became no payment."""
    found = models.RunLine.objects.filter(run_id=run_id, order=None)
    return frozenset(found.values_list("line", flat=True))


def order_totals(run_id: UUID) -> Mapping[str, int]:
    """The sums of a run's stored payments, in minor units by currency."""
    found = models.Order.objects.filter(run_id=run_id).values_list("currency")
    return dict(found.annotate(Sum("amount_minor")).order_by("currency"))


def unfinished(run_ids: Collection[UUID]) -> list[str]:
    """The references of those of these runs that are not complete."""
    found = models.PaymentRun.objects.filter(id__in=run_ids).exclude(state=RunState.COMPLETE)
    return list(found.order_by("reference").values_list("reference", flat=True))


def order_ids(run_id: UUID) -> list[UUID]:
    return list(models.Order.objects.filter(run_id=run_id).values_list("id", flat=True))
