"""A kept statement read anew, for programs: first what would change, then the change."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from ninja import Router

from nostro.api.asked_matches import WhyWrong
from nostro.api.callers import allowed, in_one_customer
from nostro.api.repeating import IdempotencyKey, answered_once
from nostro.api.told_reread import RereadStatement, told_reread
from nostro.app import world
from nostro.domain.party import Role
from nostro.storage import statements
from nostro.storage.keys import Scope
from nostro.workflows import statement_rereading

router = Router(tags=["cash"])
router.add_decorator(in_one_customer, mode="operation")


@router.get(
    "/statements/{uuid:statement_id}/reread",
    response=RereadStatement,
    summary="What reading a statement anew would change; nothing is written",
)
def try_reread(request: HttpRequest, statement_id: UUID) -> RereadStatement:
    caller = allowed(request, Scope.STATEMENTS_READ)
    _known(statement_id)
    told = statement_rereading.read_anew(caller.acting(), statement_id)
    return told_reread(told.difference, world().clock.now(), applied=False)


@router.post(
    "/statements/{uuid:statement_id}/reread",
    response=RereadStatement,
    summary="Read a statement anew with a reason: lines keep their ids and their matches",
)
def apply_reread(
    request: HttpRequest,
    response: HttpResponse,
    statement_id: UUID,
    body: WhyWrong,
    key: IdempotencyKey,
) -> RereadStatement:
    caller = allowed(request, Scope.MATCHES_WRITE)
    _known(statement_id)

    def work_done() -> RereadStatement:
        member = caller.as_member(Role.RECONCILER)
        found = statement_rereading.apply(caller.acting(), member, statement_id, body.reason)
        return told_reread(found, world().clock.now(), applied=True)

    answer = answered_once(request, response, key, work_done)
    return RereadStatement.model_validate(answer.body)


def _known(statement_id: UUID) -> None:
    if statements.head(statement_id) is None:
        raise Http404
