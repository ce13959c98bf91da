"""The ways that a payment could take, for programs: each with its day, cut-off, cost and reason."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest
from ninja import Router

from nostro.api.asked import NewPayment
from nostro.api.callers import allowed, in_one_customer
from nostro.api.payments import SOURCE, request_of
from nostro.api.told_routes import Routes
from nostro.storage import confidential
from nostro.storage.keys import Scope
from nostro.workflows import route_options

router = Router(tags=["payments"])
router.add_decorator(in_one_customer, mode="operation")


@router.get(
    "/payments/{uuid:payment_id}/routes",
    response=Routes,
    summary="Every way that a payment could take now, and why it takes its own",
)
def read_routes(request: HttpRequest, payment_id: UUID) -> Routes:
    caller = allowed(request, Scope.PAYMENTS_READ)
    confidential.check_visible(payment_id)
    found = route_options.of_payment(caller.acting(), payment_id)
    if found is None:
        raise Http404
    return Routes.model_validate(found)


@router.post(
    "/routes", response=Routes, summary="Which way a payment would take; nothing is stored"
)
def try_routes(request: HttpRequest, body: NewPayment) -> Routes:
    caller = allowed(request, Scope.PAYMENTS_READ)
    found = route_options.of_request(caller.acting(), request_of(body, ""), SOURCE)
    return Routes.model_validate(found)
