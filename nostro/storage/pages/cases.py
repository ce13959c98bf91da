"""Cases as people work on them: who has how many, and one case with all that it is about."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec
from django.db.models import Count, Q

from nostro.domain.attempt import AttemptState
from nostro.domain.case import CaseKind
from nostro.domain.party import Role
from nostro.domain.policies.payee_verification import NameAnswer
from nostro.storage import case_listing, events, models, payee_changes
from nostro.storage.case_listing import OPEN, CaseLine, lines
from nostro.storage.listing import payment
from nostro.storage.operator_evidence import StatedRow, of_submission
from nostro.storage.pages.submission import FilePage, file_page
from nostro.storage.payee_changes import ChangeRow
from nostro.storage.rows import PaymentRow, build
from nostro.storage.tracing import TraceLine, line_of


class OwnerCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many open cases one owner has, and how many of them are late."""

    owner: str
    name: str
    count: int
    late: int


class AttemptAsked(msgspec.Struct, frozen=True, kw_only=True):
    """The one attempt that a case is about."""

    id: UUID
    state: AttemptState
    uetr: UUID


class NamesChecked(msgspec.Struct, frozen=True, kw_only=True):
    """The name that we pay to, and the one that the bank told, if it did."""

    asked: str
    told: str
    answer: NameAnswer


class CaseView(msgspec.Struct, frozen=True, kw_only=True):
    """One case with everything around it. `file` is the one that the case is about."""

    line: CaseLine
    payment: PaymentRow | None
    attempt: AttemptAsked | None
    file: FilePage | None
    request: FilePage | None
    parent: CaseLine | None
    children: tuple[CaseLine, ...]
    stated: tuple[StatedRow, ...]
    changes: tuple[ChangeRow, ...]
    story: tuple[TraceLine, ...]
    names: NamesChecked | None = None


def owners(now: datetime) -> list[OwnerCount]:
    """Who has how many open cases; people before roles."""
    found = models.Case.objects.filter(state__in=[state.value for state in OPEN])
    rows = found.values("owner", "owner_name").annotate(
        count=Count("id"), late=Count("id", filter=Q(due_at__lt=now))
    )
    told = [
        OwnerCount(
            owner=r["owner"], name=r["owner_name"] or r["owner"], count=r["count"], late=r["late"]
        )
        for r in rows
    ]
    return sorted(told, key=lambda one: (one.owner in set(Role), -one.count, one.name))


def counts_by_kind() -> dict[CaseKind, int]:
    """How many open cases of each kind there are."""
    found = models.Case.objects.filter(state__in=[state.value for state in OPEN])
    counts = found.values_list("kind").annotate(count=Count("id")).order_by("kind")
    return {CaseKind(kind): count for kind, count in counts}


def case(case_id: UUID) -> CaseView | None:
    """One case; None when this customer has no such case."""
    line = case_listing.case(case_id)
    if line is None:
        return None
    return CaseView(
        line=line,
        payment=payment(line.order_id) if line.order_id else None,
        attempt=_attempt(line.attempt_id),
        file=file_page(line.submission_id) if line.submission_id else None,
        request=file_page(line.request_id) if line.request_id else None,
        parent=case_listing.case(line.parent_id) if line.parent_id else None,
        children=tuple(lines(models.Case.objects.filter(parent_id=case_id).order_by("id"), 20)),
        stated=tuple(of_submission(line.submission_id)) if line.submission_id else (),
        changes=tuple(payee_changes.of_case(case_id)),
        story=tuple(line_of(event) for event in events.about([case_id])),
        names=_names(line),
    )


def _names(line: CaseLine) -> NamesChecked | None:
    if line.kind is not CaseKind.PAYEE:
        return None
    said = models.Case.objects.values_list("details", flat=True).get(id=line.id)
    if "answer" not in said:
        return None  # The bank did not say of whom it speaks.
    return NamesChecked(
        asked=said["name_asked"], told=said["name_told"], answer=NameAnswer(said["answer"])
    )


def _attempt(attempt_id: UUID | None) -> AttemptAsked | None:
    if attempt_id is None:
        return None
    row = models.Attempt.objects.filter(id=attempt_id).values("id", "state", "uetr").first()
    return build(AttemptAsked, row) if row else None
