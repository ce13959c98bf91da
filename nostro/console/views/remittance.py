"""The advice to a payee that he is paid: taken by a person, or sent again because he says so."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_POST, require_safe

from nostro.console.acting import then, tried
from nostro.console.visiting import Visit, page, signed_in
from nostro.storage import confidential, listing
from nostro.workflows import advice_again, remittance_advice
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


@require_POST
@signed_in
def send_again(request: HttpRequest, visit: Visit, order_id: UUID) -> HttpResponse:
    """Have the payee told again, or at last; the reason stays with the notice."""
    with visit.looking():
        confidential.check_visible(order_id)
        if listing.payment(order_id) is None:
            raise Http404
    address = f"{reverse('payment', args=[order_id])}#notices"
    reason = request.POST.get("reason", "")
    result = tried(lambda: advice_again.send_again(visit.acting(), visit.member, order_id, reason))
    if result.error is not None:
        messages.error(request, f"{result.error.happened} {result.error.can_do}".strip())
        return redirect(address)
    return then(request, address, "The payee is told now.")
