"""One payment in other words: changed before it leaves, or made again after it ended unpaid."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from nostro.console import possible
from nostro.console.acting import then, tried
from nostro.console.visiting import Visit, show, signed_in, status_of
from nostro.domain import identifier
from nostro.domain.errors import Invalid, NostroError
from nostro.domain.money import Money
from nostro.domain.policies.editing import THE_SOURCES_OWN
from nostro.storage import orders
from nostro.storage.listing import payment
from nostro.workflows import editing, reissue
from nostro.workflows.correction import Correction


@require_http_methods(["GET", "POST"])
@signed_in
def make_again(request: HttpRequest, visit: Visit, order_id: UUID) -> HttpResponse:
    """Make a payment in place of one that ended unpaid; it is checked and approved anew."""
    made: list[UUID] = []

    def work() -> None:
        wanted = _correction(request)
        made.append(
            reissue.reissue(visit.acting(), visit.member, order_id, wanted, _reason(request))
        )

    result = tried(work) if request.method == "POST" else None
    if result and result.done:
        said = "The new payment is made. Two people approve it like any other."
        return then(request, reverse("payment", args=[made[0]]), said)
    return _form(request, visit, order_id, "make_again.html", result.error if result else None)


@require_http_methods(["GET", "POST"])
@signed_in
def change(request: HttpRequest, visit: Visit, order_id: UUID) -> HttpResponse:
    """Change a payment that has not begun to leave; it is checked and approved anew."""

    def work() -> None:
        with visit.looking():
            row = payment(order_id)
        if row is None:
            raise Http404
        wanted = _correction(request, row.amount.currency)
        editing.edit(visit.acting(), visit.member, order_id, wanted, _reason(request))

    result = tried(work) if request.method == "POST" else None
    if result and result.done:
        said = "The payment is changed. Whoever approves it now sees both."
        return then(request, reverse("payment", args=[order_id]), said)
    return _form(request, visit, order_id, "payment_change.html", result.error if result else None)


def _form(
    request: HttpRequest, visit: Visit, order_id: UUID, template: str, error: NostroError | None
) -> HttpResponse:
    with visit.looking():
        row = payment(order_id)
        if row is None:
            raise Http404
        (order,) = orders.load([order_id])
        told = {
            "payment": row,
            "values": request.POST,
            "error": error,
            "may": possible.with_payment(visit.member, row.state, None),
            "fixed": THE_SOURCES_OWN if order.run_id else (),
        }
        return show(request, visit, template, told, status=status_of(error) if error else 200)


def _reason(request: HttpRequest) -> str:
    return request.POST.get("text", "")


def _correction(request: HttpRequest, currency: str = "") -> Correction:
    """What was written into the form; an empty field stays as it was."""
    fields = ("name", "iban", "remittance", "amount", "day")
    told = {name: request.POST.get(name, "").strip() for name in fields}
    return Correction(
        payee_name=told["name"] or None,
        creditor_iban=identifier.iban(told["iban"]) if told["iban"] else None,
        remittance=told["remittance"] or None,
        amount=Money.parse(told["amount"], currency) if told["amount"] and currency else None,
        requested_date=_day(told["day"]) if told["day"] else None,
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Invalid(
            "date_unreadable",
            f"{text[:20]!r} is no day.",
            "Nothing was changed.",
            "Write it like 2026-11-30.",
            field="day",
        ) from error
