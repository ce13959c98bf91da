"""What programs may do about payments that exist: hold, take back, make again, never approve."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from uuid import UUID

import msgspec
from django.http import Http404, HttpRequest, HttpResponse
from ninja import Router, Status

from nostro.api.asked_actions import (
    NewCancellation,
    NewCancellations,
    NewEdit,
    NewHold,
    NewReissue,
)
from nostro.api.callers import Caller, allowed, in_one_customer
from nostro.api.payments import story
from nostro.api.repeating import IdempotencyKey, answered_once
from nostro.api.told_cases import TakenBack, TakenBackOne, Taking
from nostro.api.told_payments import PaymentStory
from nostro.domain import identifier
from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.party import PostalAddress, Role
from nostro.storage import listing
from nostro.storage.keys import Scope
from nostro.workflows import cancelling
from nostro.workflows.cancelling import Wish
from nostro.workflows.correction import Correction
from nostro.workflows.editing import edit
from nostro.workflows.holding import place_hold
from nostro.workflows.reissue import reissue

CANCELLED = "It had not left: it is cancelled for good."
RECALLED = "It has left: the bank is asked for it. The case tells the answer."
router = Router(tags=["payments"])
router.add_decorator(in_one_customer, mode="operation")


@router.post(
    "/payments/{uuid:payment_id}/hold",
    response=PaymentStory,
    summary="Hold a payment before it leaves; approvals are void, a person releases it",
)
def hold_payment(
    request: HttpRequest,
    response: HttpResponse,
    payment_id: UUID,
    body: NewHold,
    key: IdempotencyKey,
) -> PaymentStory:
    caller = allowed(request, Scope.PAYMENTS_CANCEL)

    _known([payment_id])

    def hold() -> PaymentStory:
        place_hold(caller.acting(), caller.as_member(Role.MAKER), [payment_id], body.reason)
        return story(payment_id)

    answer = answered_once(request, response, key, hold)
    return PaymentStory.model_validate(answer.body, by_name=True)


@router.post(
    "/payments/{uuid:payment_id}/cancel",
    response=TakenBackOne,
    summary="Take a payment back: cancelled before it leaves, recalled from the bank afterwards",
)
def cancel_payment(
    request: HttpRequest,
    response: HttpResponse,
    payment_id: UUID,
    body: NewCancellation,
    key: IdempotencyKey,
) -> TakenBackOne:
    caller = allowed(request, Scope.PAYMENTS_CANCEL)
    _known([payment_id])
    answer = answered_once(
        request, response, key, lambda: _take_back(caller, [payment_id], body)[0]
    )
    return TakenBackOne.model_validate(answer.body)


@router.post(
    "/payments/cancel",
    response=TakenBack,
    summary="Take several payments back; each has its own outcome",
)
def cancel_payments(
    request: HttpRequest, response: HttpResponse, body: NewCancellations, key: IdempotencyKey
) -> TakenBack:
    caller = allowed(request, Scope.PAYMENTS_CANCEL)
    asked = list(dict.fromkeys(body.payments))
    _known(asked)
    answer = answered_once(
        request, response, key, lambda: TakenBack(payments=_take_back(caller, asked, body))
    )
    return TakenBack.model_validate(answer.body)


@router.post(
    "/payments/{uuid:payment_id}/reissue",
    response={201: PaymentStory},
    summary="Make a payment in place of one that ended unpaid; it is approved anew",
)
def reissue_payment(
    request: HttpRequest,
    response: HttpResponse,
    payment_id: UUID,
    body: NewReissue,
    key: IdempotencyKey,
) -> Status[PaymentStory]:
    caller = allowed(request, Scope.PAYMENTS_WRITE)

    _known([payment_id])

    def again() -> PaymentStory:
        member = caller.as_member(Role.MAKER)
        made = reissue(caller.acting(), member, payment_id, _correction(body), body.reason)
        return story(made)

    answer = answered_once(request, response, key, again, HTTPStatus.CREATED)
    response["Location"] = f"/v1/payments/{answer.body['payment']['id']}"
    return Status(answer.status, PaymentStory.model_validate(answer.body, by_name=True))


@router.post(
    "/payments/{uuid:payment_id}/edit",
    response=PaymentStory,
    summary="Change a payment before it leaves; it is checked and approved anew",
)
def edit_payment(
    request: HttpRequest,
    response: HttpResponse,
    payment_id: UUID,
    body: NewEdit,
    key: IdempotencyKey,
) -> PaymentStory:
    caller = allowed(request, Scope.PAYMENTS_WRITE)

    _known([payment_id])

    def change() -> PaymentStory:
        member = caller.as_member(Role.MAKER)
        edit(caller.acting(), member, payment_id, _correction(body), body.reason)
        return story(payment_id)

    answer = answered_once(request, response, key, change)
    return PaymentStory.model_validate(answer.body, by_name=True)


def _known(payment_ids: Sequence[UUID]) -> None:
    """Asked before an answer is given again, too: who may not see these payments gets none."""
    if len(listing.payments_of(payment_ids)) != len(payment_ids):
        raise Http404


def _take_back(
    caller: Caller, payment_ids: list[UUID], asked: NewCancellation
) -> list[TakenBackOne]:
    """What became of each, in the order asked."""
    wish = Wish(reason=asked.reason, text=asked.text)
    done = cancelling.take_back(caller.acting(), caller.as_member(Role.MAKER), payment_ids, wish)
    why_not = {row.order_id: row.sentence for row in done.not_taken}
    return [_outcome(one, done, why_not.get(one, "")) for one in payment_ids]


def _outcome(payment_id: UUID, done: cancelling.TakenBack, why_not: str) -> TakenBackOne:
    if payment_id in done.cancelled:
        outcome, sentence = Taking.CANCELLED, CANCELLED
    elif payment_id in done.recalled:
        outcome, sentence = Taking.RECALLED, RECALLED
    else:
        outcome, sentence = Taking.NOT_TAKEN, why_not
    return TakenBackOne(
        payment_id=payment_id,
        outcome=outcome,
        case_id=done.recalled.get(payment_id),
        sentence=sentence,
    )


def _correction(asked: NewReissue | NewEdit) -> Correction:
    """What is different, as the core takes it; raises Invalid naming the field as it was sent."""
    payee, at = asked.payee, "amount.value"
    try:
        amount = Money.parse(asked.amount.value, asked.amount.currency) if asked.amount else None
        at = "payee.iban"
        iban = identifier.iban(payee.iban) if payee.iban else None
        at = "payee.bic"
        bic = identifier.bic(payee.bic) if payee.bic else payee.bic
        at = "debit_iban"
        debit = identifier.iban(asked.debit_iban) if asked.debit_iban else None
    except Invalid as error:
        error.field = at
        raise
    address = payee.address
    return Correction(
        source_reference=asked.reference if isinstance(asked, NewReissue) else "",
        amount=amount,
        payee_name=payee.name,
        payee_address=msgspec.convert(address.model_dump(), PostalAddress) if address else None,
        creditor_iban=iban,
        creditor_bic=bic,
        requested_date=asked.requested_date,
        remittance=asked.remittance,
        creditor_reference=asked.creditor_reference,
        debit_iban=debit,
    )
