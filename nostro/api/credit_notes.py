"""Credit notes of suppliers for programs: give, find, withdraw. They are never paid."""

from __future__ import annotations

from http import HTTPStatus
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from ninja import Router, Status

from nostro.api.asked_netting import NewCreditNotes, Withdrawn
from nostro.api.callers import Caller, allowed, in_one_customer
from nostro.api.repeating import IdempotencyKey, answered_once
from nostro.api.told import Listed
from nostro.api.told_netting import CreditNote, CreditNotesKept
from nostro.domain.credit_note import CreditNoteState, NewCreditNote
from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.party import Role
from nostro.storage import credit_notes
from nostro.storage.credit_notes import CreditNoteRow
from nostro.storage.keys import Scope
from nostro.storage.listing import plain
from nostro.storage.paging import LIMIT_DEFAULT
from nostro.workflows import credit_notes as work

SOURCE = "api"  # As of payments: one source for all keys.
router = Router(tags=["credit notes"])
router.add_decorator(in_one_customer, mode="operation")


@router.get("/credit-notes", response=Listed[CreditNote], summary="Credit notes, the newest first")
def list_credit_notes(
    request: HttpRequest,
    state: str = "",
    payee: str = "",
    limit: int = LIMIT_DEFAULT,
    cursor: str = "",
) -> Listed[CreditNote]:
    allowed(request, Scope.PAYMENTS_READ)
    page = credit_notes.credit_notes(
        state=_state(state), payee=plain(payee, "payee"), limit=limit, cursor=cursor
    )
    items = [CreditNote.model_validate(row) for row in page.rows]
    return Listed[CreditNote](items=items, next=page.next or None)


@router.post(
    "/credit-notes",
    response={201: CreditNotesKept},
    summary="Give credit notes of suppliers, all or none; none of them is ever paid",
)
def create_credit_notes(
    request: HttpRequest, response: HttpResponse, body: NewCreditNotes, key: IdempotencyKey
) -> Status[CreditNotesKept]:
    caller = allowed(request, Scope.PAYMENTS_WRITE)
    answer = answered_once(request, response, key, lambda: _keep(caller, body), HTTPStatus.CREATED)
    return Status(answer.status, CreditNotesKept.model_validate(answer.body))


@router.get("/credit-notes/{uuid:note_id}", response=CreditNote, summary="One credit note")
def read_credit_note(request: HttpRequest, note_id: UUID) -> CreditNote:
    allowed(request, Scope.PAYMENTS_READ)
    return CreditNote.model_validate(_known(note_id))


@router.post(
    "/credit-notes/{uuid:note_id}/withdraw",
    response=CreditNote,
    summary="Say that a credit note counts no more",
)
def withdraw_credit_note(
    request: HttpRequest, response: HttpResponse, note_id: UUID, body: Withdrawn,
    key: IdempotencyKey,
) -> CreditNote:  # fmt: skip
    caller = allowed(request, Scope.PAYMENTS_WRITE)
    _known(note_id)

    def withdraw() -> CreditNote:
        work.withdraw(caller.acting(), caller.as_member(Role.MAKER), note_id, body.reason)
        return CreditNote.model_validate(_known(note_id))

    answer = answered_once(request, response, key, withdraw)
    return CreditNote.model_validate(answer.body, by_name=True)


def _keep(caller: Caller, asked: NewCreditNotes) -> CreditNotesKept:
    wanted = [
        NewCreditNote(
            reference=one.reference,
            document=one.document,
            entity_code=one.entity,
            payee_number=one.payee_number,
            amount=Money.parse(one.amount.value, one.amount.currency),
            issued_on=one.issued_on,
        )
        for one in asked.credit_notes
    ]
    ids = work.give(caller.acting(), caller.as_member(Role.MAKER), SOURCE, wanted)
    return CreditNotesKept(credit_notes=ids)


def _known(note_id: UUID) -> CreditNoteRow:
    found = credit_notes.credit_note(note_id)
    if found is None:
        raise Http404
    return found


def _state(text: str) -> CreditNoteState | None:
    if text and text not in set(CreditNoteState):
        raise Invalid(
            "state_unknown",
            f"{text[:40]!r} is not a state of a credit note.",
            can_do=f"Use one of: {', '.join(CreditNoteState)}.",
            field="state",
        )
    return CreditNoteState(text) if text else None
