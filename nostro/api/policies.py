"""Policies for programs to read: every kind of rules that is kept version by version."""

from __future__ import annotations

from django.http import Http404, HttpRequest
from ninja import Router

from nostro.api.callers import allowed, in_one_customer
from nostro.api.told import Listed
from nostro.api.told_policies import Policy, PolicyVersion, told_example, told_sheet
from nostro.storage.keys import Scope
from nostro.storage.paging import LIMIT_DEFAULT
from nostro.workflows import policy_book
from nostro.workflows.changes import Kind
from nostro.workflows.context import Acting

_ONE = "/policies/{kind_name}"
router = Router(tags=["policies"])
router.add_decorator(in_one_customer, mode="operation")


@router.get("/policies", response=Listed[Policy], summary="Every kind of rules, as it counts now")
def list_policies(request: HttpRequest) -> Listed[Policy]:
    acting = allowed(request, Scope.ACCESS_READ).acting()
    items = [_policy(acting, kind) for kind in policy_book.kinds()]
    return Listed[Policy](items=items, next=None)


@router.get(_ONE, response=Policy, summary="One kind of rules, with its examples")
def read_policy(request: HttpRequest, kind_name: str) -> Policy:
    acting = allowed(request, Scope.ACCESS_READ).acting()
    return _policy(acting, _named(kind_name))


@router.get(
    f"{_ONE}/versions", response=Listed[PolicyVersion], summary="Its versions, the newest first"
)
def list_policy_versions(
    request: HttpRequest,
    kind_name: str,
    subject: str = "",
    limit: int = LIMIT_DEFAULT,
    cursor: str = "",
) -> Listed[PolicyVersion]:
    acting = allowed(request, Scope.ACCESS_READ).acting()
    kind = _named(kind_name)
    sheet = policy_book.sheet(acting, kind, subject)
    if sheet is None:
        raise Http404
    page = policy_book.turns(kind, sheet.subject.id, limit, cursor)
    items = [PolicyVersion.model_validate(turn.version) for turn in page.rows]
    return Listed[PolicyVersion](items=items, next=page.next or None)


def _named(kind_name: str) -> Kind:
    kind = policy_book.named(kind_name)
    if kind is None:
        raise Http404
    return kind


def _policy(acting: Acting, kind: Kind) -> Policy:
    return Policy(
        kind=kind.name,
        title=kind.title,
        tried_on_payments=kind.dry_run is not None,
        sheets=[told_sheet(one) for one in policy_book.sheets(acting, kind)],
        examples=[told_example(one) for one in policy_book.examples(acting, kind)],
        as_of=acting.world.clock.now(),
    )
