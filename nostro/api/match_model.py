"""How sure the matcher is here: what it was fitted on, and what it says of each class."""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Router

from nostro.api.callers import allowed, in_one_customer
from nostro.api.told import Listed
from nostro.api.told_match_model import EvidenceClass, MatchModel, told_model
from nostro.app import world
from nostro.storage.keys import Scope
from nostro.storage.paging import LIMIT_DEFAULT, checked_limit, key_of, page_of
from nostro.workflows import match_refitting

_LIST = "match_classes"
router = Router(tags=["matches"])
router.add_decorator(in_one_customer, mode="operation")


@router.get("/match-model", response=MatchModel, summary="How sure the matcher is, and since when")
def read_match_model(request: HttpRequest) -> MatchModel:
    acting = allowed(request, Scope.STATEMENTS_READ).acting()
    return told_model(match_refitting.how_sure(acting), world().clock.now())


@router.get(
    "/match-model/classes",
    response=Listed[EvidenceClass],
    summary="Every class of evidence that was judged, and whether it counts by itself",
)
def list_evidence_classes(
    request: HttpRequest, limit: int = LIMIT_DEFAULT, cursor: str = ""
) -> Listed[EvidenceClass]:
    acting = allowed(request, Scope.STATEMENTS_READ).acting()
    size = checked_limit(limit)
    (after,) = key_of(_LIST, cursor, lambda name: (name,)) if cursor else ("",)
    found = [one for one in match_refitting.how_sure(acting).classes if one.evidence_class > after]
    page = page_of(_LIST, found[: size + 1], size, lambda one: (one.evidence_class,))
    items = [EvidenceClass.model_validate(one) for one in page.rows]
    return Listed[EvidenceClass](items=items, next=page.next or None)
