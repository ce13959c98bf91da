"""Payments for programs: hand them in once, list them, follow each one, approve as a person."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http import HTTPStatus
from uuid import UUID

import msgspec
from django.http import Http404, HttpRequest, HttpResponse
from ninja import Router, Status
from ninja.params.functions import Body, Query

from nostro.api.asked import (
    NewApproval,
    NewLocalAccount,
    NewPayment,
    NewPaymentOrPayments,
    NewPayments,
)
from nostro.api.asked_actions import PaymentFilters, PaymentPage
from nostro.api.callers import Caller, allowed, in_one_customer
from nostro.api.reading import sent_body
from nostro.api.repeating import IdempotencyKey, answered_once
from nostro.api.told import Listed, Payment, PaymentCreated, PaymentsCreated
from nostro.api.told_payments import (
    ConfidentialRun,
    ConfidentialRuns,
    Funnel,
    PaymentStory,
    StateTotal,
)
from nostro.app import world
from nostro.domain import identifier
from nostro.domain.errors import Invalid
from nostro.domain.local_account import made
from nostro.domain.money import Money
from nostro.domain.party import PostalAddress, Role
from nostro.domain.payment import PaymentRequest, Rail, Wishes
from nostro.storage import confidential, listing, payment_search
from nostro.storage.dossier import dossier
from nostro.storage.idempotency import Answer, once
from nostro.storage.keys import Scope
from nostro.storage.payment_links import links
from nostro.storage.payment_search import Wanted
from nostro.workflows.approval import approve, selection_digest
from nostro.workflows.payment_intake import NotTaken, take_payments
from nostro.workflows.planning import plan_of
from nostro.workflows.whereabouts import place

SOURCE = "api"  # One source for all keys: a reference stays used when a key is replaced.
_BODY = Body(...)
_QUERY = Query(...)
router = Router(tags=["payments"])
router.add_decorator(in_one_customer, mode="operation")


@router.post(
    "/payments",
    response={201: PaymentCreated | PaymentsCreated},
    summary="Hand in one payment, or several as {payments: [...]}; all or none",
)
def create_payment(
    request: HttpRequest,
    response: HttpResponse,
    idempotency_key: IdempotencyKey,
    body: NewPaymentOrPayments = _BODY,
) -> Status[PaymentCreated | PaymentsCreated]:
    caller = allowed(request, Scope.PAYMENTS_WRITE)
    answer = once(
        "POST /v1/payments",
        idempotency_key,
        sent_body(request),
        lambda: _create(caller, body),
        now=world().clock.now(),
    )
    if answer.repeated:
        response["Idempotency-Replayed"] = "true"
    if isinstance(body, NewPayment):
        response["Location"] = f"/v1/payments/{answer.body['id']}"
        return Status(answer.status, PaymentCreated.model_validate(answer.body, by_name=True))
    return Status(answer.status, PaymentsCreated.model_validate(answer.body, by_name=True))


@router.get("/payments", response=Listed[Payment], summary="Find payments, newest first")
def list_payments(request: HttpRequest, asked: PaymentPage = _QUERY) -> Listed[Payment]:
    allowed(request, Scope.PAYMENTS_READ)
    page = payment_search.payments(
        _wanted(asked), sort=asked.sort, limit=asked.limit, cursor=asked.cursor
    )
    items = [Payment.model_validate(row) for row in page.rows]
    return Listed[Payment](items=items, next=page.next or None)


@router.get("/payments/funnel", response=Funnel, summary="How many payments are in which state")
def read_funnel(request: HttpRequest, asked: PaymentFilters = _QUERY) -> Funnel:
    allowed(request, Scope.PAYMENTS_READ)
    found = payment_search.funnel(_wanted(asked))
    return Funnel(states=[StateTotal.model_validate(row) for row in found])


@router.get(
    "/payments/confidential",
    response=ConfidentialRuns,
    summary="Confidential runs: how many payments, their totals, how they stand; for everybody",
)
def list_confidential_runs(request: HttpRequest) -> ConfidentialRuns:
    allowed(request, Scope.PAYMENTS_READ)
    told = confidential.totals(world().clock.now())
    found = [ConfidentialRun.model_validate(row) for row in told]
    return ConfidentialRuns(runs=found)


@router.get(
    "/payments/{uuid:payment_id}", response=PaymentStory, summary="One payment with its story"
)
def read_payment(request: HttpRequest, payment_id: UUID) -> PaymentStory:
    allowed(request, Scope.PAYMENTS_READ)
    return story(payment_id)


def story(payment_id: UUID) -> PaymentStory:
    """The payment with its story; raises Http404 when this customer has no such payment."""
    confidential.check_visible(payment_id)
    found = dossier(payment_id)
    if found is None:
        raise Http404
    linked = links(payment_id)
    whole = {name: getattr(found, name) for name in found.__struct_fields__}
    tied = {name: getattr(linked, name) for name in linked.__struct_fields__}
    placed = {"place": place(found, linked), "plan": plan_of(world(), payment_id)}
    return PaymentStory.model_validate({**whole, **tied, **placed})


@router.post(
    "/payments/{uuid:payment_id}/approve",
    response=Payment,
    summary="Approve as a person: with a session or a personal token, never with a key",
)
def approve_payment(
    request: HttpRequest,
    response: HttpResponse,
    payment_id: UUID,
    body: NewApproval,
    key: IdempotencyKey,
) -> Payment:
    caller = allowed(request, Scope.PAYMENTS_APPROVE)

    def agree() -> Payment:
        if listing.payment(payment_id) is None or caller.member is None:
            raise Http404
        seen = selection_digest({str(payment_id): body.digest})
        approve(caller.acting(), caller.member, [payment_id], seen)
        return Payment.model_validate(listing.payment(payment_id))

    answer = answered_once(request, response, key, agree, by=caller.actor.id)
    return Payment.model_validate(answer.body, by_name=True)


def _wanted(asked: PaymentFilters) -> Wanted:
    """What is looked for, amounts in the minor units of their currency."""
    fields = set(PaymentFilters.model_fields) - {"amount_from", "amount_to", "currency"}
    currency = asked.currency or ""
    return Wanted(
        **{name: getattr(asked, name) for name in fields},
        currency=currency,
        amount_from=_minor(asked.amount_from, currency, "amount_from"),
        amount_to=_minor(asked.amount_to, currency, "amount_to"),
    )


def _minor(text: str | None, currency: str, field: str) -> int | None:
    if text is None or not currency:
        return None if text is None else 0  # Refused for want of a currency, whatever the amount.
    try:
        return Money.parse(text, currency).minor
    except Invalid as error:
        error.field = field
        raise


def _create(caller: Caller, body: NewPayment | NewPayments) -> Answer:
    if isinstance(body, NewPayment):
        (made,) = _take(caller, [request_of(body, "")], lambda _place: "")
        return Answer(status=HTTPStatus.CREATED, body=made.model_dump(mode="json"))
    asked = [request_of(one, _at(place)) for place, one in enumerate(body.payments)]
    all_made = PaymentsCreated(payments=_take(caller, asked, _at))
    return Answer(status=HTTPStatus.CREATED, body=all_made.model_dump(mode="json"))


def _at(place: int) -> str:
    return f"payments[{place}]."


def _take(
    caller: Caller, asked: Sequence[PaymentRequest], at: Callable[[int], str]
) -> list[PaymentCreated]:
    """The payments as taken; raises NotTaken naming the field as it was sent."""
    try:
        member = caller.as_member(Role.MAKER)
        taken = take_payments(caller.acting(), SOURCE, asked, member)
    except NotTaken as error:
        field = _FIELD_OF_CODE.get(error.code) or _as_sent(error.field, asked[error.place])
        error.field = (at(error.place) + field).rstrip(".")
        raise
    return [
        PaymentCreated(
            id=order.id,
            number=order.number,
            source_reference=order.source_reference,
            state=order.state,
            end_to_end_id=order.instruction.end_to_end_id,
            approval_digest=order.approval_digest,
            held_for=[finding.sentence for finding in findings],
            held_for_codes=[finding.code for finding in findings],
        )
        for order, findings in taken
    ]


def _as_sent(field: str, asked: PaymentRequest) -> str:
    """The field of the request from which one of the instruction was made."""
    if field == "remittance" and not asked.remittance:
        return "invoices"
    name, dot, part = field.partition(".")
    return _FIELDS.get(name, name) + dot + part


# What the core calls a field, in the words of the request.
_FIELDS = {
    "amount": "amount.value",
    "currency": "amount.currency",
    "creditor_iban": "payee.iban",
    "creditor_account": "payee.account",
    "bic": "payee.bic",
    "creditor_bic": "payee.bic",
    "creditor_name": "payee.name",
    "creditor_address": "payee.address",
}


# What a check found wrong, as the field of the request that says it.
_FIELD_OF_CODE = {
    "repeated": "reference",
    "reference_reused": "reference",
    "reference_slashes": "end_to_end_id",
    "entity_unknown": "entity",
    "no_account": "amount.currency",
    "no_rail_fits": "rail",
    "payee_without_account": "payee",
    "no_check_account": "rail",
    "check_confidential": "rail",
    "amount_not_positive": "amount.value",
    "amount_too_large": "amount.value",
    "sepa_needs_euro": "amount.currency",
    "date_too_far": "requested_date",
    "date_too_old": "requested_date",
    "address_incomplete": "payee.address",
    "invalid_country": "payee.address.country",
    "invalid_iban": "payee.iban",
    "invalid_local_account": "payee.account",
    "invalid_bic": "payee.bic",
    "invalid_creditor_reference": "creditor_reference",
    "remittance_twice": "remittance",
}


def request_of(asked: NewPayment, at: str) -> PaymentRequest:
    """The payment as the core takes it; raises Invalid naming the field as it was sent."""
    try:
        return _plain_request(asked)
    except Invalid as error:
        error.field = at + _FIELDS.get(error.field, error.field)
        raise


def _plain_request(asked: NewPayment) -> PaymentRequest:
    payee = asked.payee
    if asked.creditor_reference and not identifier.is_creditor_reference(asked.creditor_reference):
        raise Invalid(
            "creditor_reference_invalid",
            f"{asked.creditor_reference!r} is not an RF creditor reference.",
            can_do="Correct it, or send it as remittance text.",
            field="creditor_reference",
        )
    return PaymentRequest(
        source_reference=asked.reference,
        entity_code=asked.entity,
        amount=Money.parse(asked.amount.value, asked.amount.currency),
        payee_number=payee.number,
        payee_name=payee.name,
        payee_address=msgspec.convert(payee.address.model_dump(), PostalAddress),
        creditor_iban=identifier.iban(payee.iban) if _needs_iban(asked) else "",
        creditor_account=_local(payee.account),
        creditor_bic=identifier.bic(payee.bic) if payee.bic else "",
        requested_date=asked.requested_date,
        invoices=tuple(asked.invoices),
        remittance=asked.remittance,
        creditor_reference=identifier.compact(asked.creditor_reference),
        end_to_end_id=asked.end_to_end_id,
        approved_by=asked.approved_by,
        confidential=asked.confidential,
        rail=asked.rail,
        to_person=payee.is_person,
        wishes=_wishes(asked),
    )


def _wishes(asked: NewPayment) -> Wishes | None:
    wishes = Wishes(
        urgency=asked.urgency, purpose=asked.purpose, category_purpose=asked.category_purpose
    )
    return None if wishes == Wishes() else wishes


def _needs_iban(asked: NewPayment) -> bool:
    """Whoever gives no other account means an IBAN, but for a cheque."""
    without = asked.payee.account is not None or asked.rail is Rail.CHECK
    return bool(asked.payee.iban) or not without


def _local(account: NewLocalAccount | None) -> str:
    if account is None:
        return ""
    return str(made(account.scheme, account.bank_code, account.number, account.kind))
