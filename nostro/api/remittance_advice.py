"""Remittance advice for programs: what the payee of an executed payment is told, as a file."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from ninja import Router
from ninja.params.functions import Query

from nostro.api.callers import allowed, in_one_customer
from nostro.api.submissions import bytes_of
from nostro.storage import listing
from nostro.storage.keys import Scope
from nostro.workflows import remittance_advice
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
