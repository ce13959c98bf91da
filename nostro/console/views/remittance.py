"""The advice to a payee that he is paid, for a person who sends it himself."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from nostro.console.visiting import Visit, page
from nostro.storage import listing
from nostro.workflows import remittance_advice
from nostro.workflows.remittance_advice import AdviceFormat


@require_safe
@page
def advice(request: HttpRequest, visit: Visit, order_id: UUID, form: str) -> HttpResponse:
    """One payment's advice as PDF, text or X12 820."""
    if listing.payment(order_id) is None or form not in set(AdviceFormat):
        raise Http404
    whole_day = "day" in request.GET
    made = remittance_advice.of_payment(
        visit.acting(), order_id, AdviceFormat(form), whole_day=whole_day
    )
    response = HttpResponse(made.content, content_type=made.media_type)
    response["Content-Disposition"] = content_disposition_header(True, made.name) or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response
