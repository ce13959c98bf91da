"""Statements for programs: brought, listed, read, and their original bytes taken out."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from uuid import UUID

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from ninja import Router, Status
from ninja.params.functions import Query

from nostro.api.asked_statements import TransactionPage
from nostro.api.callers import allowed, in_one_customer, opens_its_own_unit
from nostro.api.repeating import IdempotencyKey, answered_before, answered_once
from nostro.api.submissions import bytes_of
from nostro.api.told import Listed, Statement, Transaction
from nostro.api.told_statements import (
    Expectation,
    ExpectedStatements,
    StatementFile,
    StatementsTaken,
)
from nostro.api.uploads import FILE_BODY, sent_file
from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.storage import evidence, listing, statement_files, statements, transaction_listing
from nostro.storage.keys import Scope
from nostro.storage.paging import LIMIT_DEFAULT
from nostro.storage.transaction_listing import LinesWanted
from nostro.workflows import expected_statements, statement_intake
from nostro.workflows.expected_statements import Standing
from nostro.workflows.revealing import looking_at, reveal_file

_ONE = "/statements/{uuid:statement_id}"
_QUERY = Query(...)
router = Router(tags=["cash"])
router.add_decorator(in_one_customer, mode="operation")


@router.post(
    "/statements",
    response={HTTPStatus.OK: StatementsTaken, HTTPStatus.ACCEPTED: StatementsTaken},
    summary="Bring a file of statements, packed or not; a long one is taken in after the answer",
    openapi_extra=FILE_BODY,
)
@opens_its_own_unit
def bring_statements(
    request: HttpRequest, response: HttpResponse, key: IdempotencyKey, name: str = ""
) -> Status[StatementsTaken]:
    """`name` is what you call the file. The same file again changes nothing."""
    caller = allowed(request, Scope.STATEMENTS_WRITE)
    acting = caller.acting()
    with sent_file(request, name or "statements") as sent:
        with looking_at(acting, cleared=caller.cleared):
            answer = answered_before(request, response, key)
        if answer is None:
            taken = statement_intake.take_file(acting, sent.name, sent.stream, later=True)
            told = StatementsTaken.model_validate(taken)
            status = HTTPStatus.ACCEPTED if taken.waiting else HTTPStatus.OK
            with looking_at(acting, cleared=caller.cleared):
                answer = answered_once(request, response, key, lambda: told, status)
    return Status(answer.status, StatementsTaken.model_validate(answer.body, by_name=True))


@router.get("/statements", response=Listed[Statement], summary="Statements, newest first")
def list_statements(
    request: HttpRequest,
    account: UUID | None = None,
    limit: int = LIMIT_DEFAULT,
    cursor: str = "",
) -> Listed[Statement]:
    allowed(request, Scope.STATEMENTS_READ)
    page = listing.statements(account=account, limit=limit, cursor=cursor)
    items = [Statement.model_validate(row) for row in page.rows]
    return Listed[Statement](items=items, next=page.next or None)


@router.get(
    "/statements/expected",
    response=Listed[ExpectedStatements],
    summary="Which statements are late or missing, account by account",
)
def list_expected_statements(
    request: HttpRequest, limit: int = LIMIT_DEFAULT, cursor: str = ""
) -> Listed[ExpectedStatements]:
    acting = allowed(request, Scope.STATEMENTS_READ).acting()
    page = listing.accounts(limit=limit, cursor=cursor)
    found = expected_statements.standing(acting, [row.id for row in page.rows])
    at = acting.world.clock.now()
    return Listed[ExpectedStatements](
        items=[_expected(one, at) for one in found], next=page.next or None
    )


@router.get(_ONE, response=Statement, summary="One statement")
def read_statement(request: HttpRequest, statement_id: UUID) -> Statement:
    allowed(request, Scope.STATEMENTS_READ)
    row = listing.statement(statement_id)
    if row is None:
        raise Http404
    return Statement.model_validate(row)


@router.get(
    f"{_ONE}/transactions",
    response=Listed[Transaction],
    summary="The entries of one statement, in the bank's order",
)
def list_transactions(
    request: HttpRequest, statement_id: UUID, limit: int = LIMIT_DEFAULT, cursor: str = ""
) -> Listed[Transaction]:
    allowed(request, Scope.STATEMENTS_READ)
    if listing.statement(statement_id) is None:
        raise Http404
    page = listing.transactions(statement_id, limit=limit, cursor=cursor)
    items = [Transaction.model_validate(row) for row in page.rows]
    return Listed[Transaction](items=items, next=page.next or None)


@router.get(
    f"{_ONE}/content",
    summary="The original bytes of the file that the statement came in",
    openapi_extra=bytes_of("*/*"),
)
def read_statement_content(request: HttpRequest, statement_id: UUID) -> FileResponse:
    caller = allowed(request, Scope.FILES_READ)
    head = statements.look(statement_id)
    if head is None:
        raise Http404
    name, media_type, digest = evidence.describe(head.evidence_id)
    reveal_file(caller.acting(), head.evidence_id, name, digest)
    response = FileResponse(
        evidence.reading(head.evidence_id),
        as_attachment=True,
        filename=name,
        content_type=media_type or "application/octet-stream",
    )
    response["ETag"] = f'"{digest}"'
    return response


@router.get(
    "/statement-files/{uuid:file_id}",
    response=StatementFile,
    summary="How far a long file is taken in",
)
def read_statement_file(request: HttpRequest, file_id: UUID) -> StatementFile:
    allowed(request, Scope.STATEMENTS_READ)
    row = statement_files.find(file_id)
    if row is None:
        raise Http404
    return StatementFile.model_validate(row)


@router.get(
    "/transactions",
    response=Listed[Transaction],
    summary="Booked entries of all statements, those that came last first",
)
def find_transactions(request: HttpRequest, asked: TransactionPage = _QUERY) -> Listed[Transaction]:
    allowed(request, Scope.STATEMENTS_READ)
    page = transaction_listing.lines(_wanted(asked), limit=asked.limit, cursor=asked.cursor)
    items = [Transaction.model_validate(row) for row in page.rows]
    return Listed[Transaction](items=items, next=page.next or None)


@router.get("/transactions/{uuid:transaction_id}", response=Transaction, summary="One entry")
def read_transaction(request: HttpRequest, transaction_id: UUID) -> Transaction:
    allowed(request, Scope.STATEMENTS_READ)
    row = transaction_listing.line(transaction_id)
    if row is None:
        raise Http404
    return Transaction.model_validate(row)


def _expected(one: Standing, at: datetime) -> ExpectedStatements:
    said = one.expected
    return ExpectedStatements(
        account_id=UUID(one.account.id),
        account_name=one.account.name,
        account_iban=one.account.iban,
        expected=Expectation.model_validate(said) if said else None,
        last_day=one.last_day,
        received_at=one.received_at,
        late=list(one.late),
        missing=list(one.missing),
        next_day=one.next_day,
        next_at=one.next_at,
        as_of=at,
    )


def _wanted(asked: TransactionPage) -> LinesWanted:
    """What is looked for, amounts in the minor units of their currency."""
    return LinesWanted(
        account=asked.account,
        booked_from=asked.booked_from,
        booked_until=asked.booked_until,
        currency=asked.currency or "",
        amount_from=_minor(asked.amount_from, asked.currency, "amount_from"),
        amount_to=_minor(asked.amount_to, asked.currency, "amount_to"),
        match_state=asked.match_state,
        q=asked.q,
    )


def _minor(text: str | None, currency: str | None, field: str) -> int | None:
    if text is None:
        return None
    if not currency:
        raise Invalid(
            "currency_missing",
            "An amount was asked for without its currency.",
            can_do="Say in which currency: currency=EUR.",
            field="currency",
        )
    try:
        return Money.parse(text, currency).minor
    except Invalid as error:
        error.field = field
        raise
