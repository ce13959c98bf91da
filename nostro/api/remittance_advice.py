"""Remittance advice for programs: what the payee of an executed payment is told, as a file."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from ninja import Router
from ninja.params.functions import Query

from nostro.api.asked_actions import NewAdvice
from nostro.api.callers import allowed, in_one_customer
from nostro.api.repeating import IdempotencyKey, answered_once
from nostro.api.submissions import bytes_of
from nostro.api.told import Listed
from nostro.api.told_advice import AdviceAsked, AdviceNotice, told_notice
from nostro.app import world
from nostro.domain.party import Role
from nostro.storage import advice_notices, listing, payee_listing
from nostro.storage.keys import Scope
from nostro.storage.paging import LIMIT_DEFAULT
from nostro.workflows import advice_again, remittance_advice
from nostro.workflows.remittance_advice import AdviceFormat

_FORMAT = Query(AdviceFormat.TEXT, alias="format", description="How the advice is written")
_WHOLE_DAY = Query(
    False, description="With all that the same entity paid the same payee on the same day"
)
router = Router(tags=["payments"])
router.add_decorator(in_one_customer, mode="operation")


@router.get(
    "/payments/{uuid:payment_id}/remittance-advice",
    summary="What the payee is told once he is paid, as text, PDF or X12 820; not before",
    openapi_extra=bytes_of("*/*"),
)
def read_remittance_advice(
    request: HttpRequest,
    payment_id: UUID,
    form: AdviceFormat = _FORMAT,
    whole_day: bool = _WHOLE_DAY,
) -> HttpResponse:
    caller = allowed(request, Scope.FILES_READ)
    if listing.payment(payment_id) is None:
        raise Http404
    made = remittance_advice.of_payment(caller.acting(), payment_id, form, whole_day=whole_day)
    disposition = f'attachment; filename="{made.name}"'
    return HttpResponse(
        made.content,
        content_type=made.media_type,
        headers={"Content-Disposition": disposition, "X-Content-Type-Options": "nosniff"},
    )


@router.get(
    "/payments/{uuid:payment_id}/remittance-advice/notices",
    response=Listed[AdviceNotice],
    summary="What the payee was told of one payment, or is to be told, and how that stands",
)
def list_notices_of_payment(
    request: HttpRequest, payment_id: UUID, limit: int = LIMIT_DEFAULT, cursor: str = ""
) -> Listed[AdviceNotice]:
    allowed(request, Scope.PAYMENTS_READ)
    if listing.payment(payment_id) is None:
        raise Http404
    page = advice_notices.about_payment(payment_id, limit=limit, cursor=cursor)
    items = [told_notice(one) for one in page.rows]
    return Listed[AdviceNotice](items=items, next=page.next or None)


@router.get(
    "/payees/{uuid:payee_id}/remittance-advice/notices",
    response=Listed[AdviceNotice],
    summary="What one payee was told of all his payments, or is to be told, newest first",
)
def list_notices_of_payee(
    request: HttpRequest, payee_id: UUID, limit: int = LIMIT_DEFAULT, cursor: str = ""
) -> Listed[AdviceNotice]:
    allowed(request, Scope.PAYMENTS_READ)
    row = payee_listing.payee(payee_id, world().clock.now())
    if row is None:
        raise Http404
    page = advice_notices.about_payee(row.number, limit=limit, cursor=cursor)
    items = [told_notice(one) for one in page.rows]
    return Listed[AdviceNotice](items=items, next=page.next or None)


@router.post(
    "/payments/{uuid:payment_id}/remittance-advice/send",
    response=AdviceAsked,
    summary="Tell the payee of one payment again, or at last, by today's rules and address",
)
def send_remittance_advice(
    request: HttpRequest,
    response: HttpResponse,
    payment_id: UUID,
    body: NewAdvice,
    key: IdempotencyKey,
) -> AdviceAsked:
    caller = allowed(request, Scope.CASES_WRITE)
    if listing.payment(payment_id) is None:
        raise Http404

    def send() -> AdviceAsked:
        member = caller.as_member(Role.RECONCILER)
        sent = advice_again.send_again(caller.acting(), member, payment_id, body.reason)
        return AdviceAsked(notice_id=sent)

    answer = answered_once(request, response, key, send)
    return AdviceAsked.model_validate(answer.body)
