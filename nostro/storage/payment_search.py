"""Payments by what people and programs look for: filters, an order, pages, and the funnel."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum

from nostro.domain.attempt import AttemptState
from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.order import OrderState
from nostro.storage import bulk, models
from nostro.storage.listing import payments_of, plain
from nostro.storage.paging import LIMIT_DEFAULT, Page, checked_limit, key_of, page_of
from nostro.storage.rows import PaymentRow, SourceTotal, StateTotal

_OF_PAYEES: Final = "payments of payees"


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which payments; "" and None ask for nothing.

    `state`: one, or several with commas between. `payee`: the source's number of the payee. `q`:
    part of a payee's name, or a whole number, reference, invoice, IBAN or UETR. Days are those that
    were asked for, amounts minor units of `currency`, `updated_since` the last change of state.
    `paid_to`: with `payee`, also what goes to one of these accounts, whatever a source calls him.
    `connection`: sent through it, or not sent yet and leaving by it now. `outcome_unknown`: only
    those of which we do not know whether their bank has them. `among`: only these ids.
    """

    state: str = ""
    q: str = ""
    among: tuple[UUID, ...] | None = None
    entity: str = ""
    account: UUID | None = None
    connection: UUID | None = None
    payee: str = ""
    paid_to: tuple[str, ...] = ()
    currency: str = ""
    requested_from: date | None = None
    requested_to: date | None = None
    amount_from: int | None = None
    amount_to: int | None = None
    run: UUID | None = None
    has_open_case: bool | None = None
    outcome_unknown: bool = False
    updated_since: datetime | None = None


class _Sort(msgspec.Struct, frozen=True, kw_only=True):
    """Rows by one column and then by id, up or down."""

    column: str
    down: bool
    reads: Callable[[str], Any]
    value: Callable[[PaymentRow], str]


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


SORTS: Final[Mapping[str, _Sort]] = {
    word if not down else f"-{word}": _Sort(column=column, down=down, reads=reads, value=value)
    for word, column, reads, value in (
        ("created", "id", UUID, lambda row: str(row.id)),
        ("requested", "requested_date", date.fromisoformat, lambda row: str(row.requested_date)),
        ("amount", "amount_minor", int, lambda row: str(row.amount.minor)),
        ("updated", "state_since", _time, lambda row: row.state_since.isoformat()),
    )
    for down in (False, True)
}
NEWEST: Final = "-created"
EVERY: Final = Wanted()
FOUND_MAX: Final = 2000
SOURCES_MAX: Final = 500


def payments(
    wanted: Wanted = EVERY, *, sort: str = NEWEST, limit: int = LIMIT_DEFAULT, cursor: str = ""
) -> Page[PaymentRow]:
    """The payments wanted, in the order wanted; a cursor belongs to one order.

    Raises Invalid for what cannot be asked, such as amounts without a currency.
    """
    size, by = checked_limit(limit), _sort(sort)
    if by.column == "amount_minor":
        _need_currency(wanted, "sort")
    found = _found(wanted)
    name = "payments" if sort == NEWEST else f"payments {sort}"
    if cursor:
        value, last = key_of(name, cursor, lambda text, key: (by.reads(text), UUID(key)))
        found = found.filter(_after(by, value, last))
    sign = "-" if by.down else ""
    # Ids first: what is sorted, perhaps all there are, is narrow and joined to nothing.
    ids = found.order_by(f"{sign}{by.column}", f"{sign}id").values_list("id", flat=True)
    rows = list(payments_of(list(ids[: size + 1])))
    return page_of(name, rows, size, lambda row: (by.value(row), str(row.id)))


def of_payees(
    numbers: Collection[str],
    states: Collection[OrderState],
    *,
    limit: int = LIMIT_DEFAULT,
    cursor: str = "",
) -> Page[PaymentRow]:
    """The payments to these payees in these states, the newest first."""
    size = checked_limit(limit)
    wanted = [state.value for state in states]
    found = models.Order.objects.filter(bulk.one_of("payee_number", numbers), state__in=wanted)
    if cursor:
        found = found.filter(id__lt=key_of(_OF_PAYEES, cursor, lambda text: (UUID(text),))[0])
    ids = list(found.order_by("-id").values_list("id", flat=True)[: size + 1])
    rows = list(payments_of(ids))
    return page_of(_OF_PAYEES, rows, size, lambda row: (str(row.id),))


def looked_up(wanted: Wanted) -> Wanted:
    """The same payments, with the text looked for once: for a page that asks several things.

    Where very many have it, each question finds some of them soon, and it is left as it is.
    """
    if not wanted.q:
        return wanted
    found = models.Order.objects.filter(_searched(wanted.q)).values_list("id", flat=True)
    ids = tuple(found[: FOUND_MAX + 1])
    if len(ids) > FOUND_MAX:
        return wanted
    return msgspec.structs.replace(wanted, q="", among=ids)


def funnel(wanted: Wanted = EVERY) -> tuple[StateTotal, ...]:
    """How many of the payments wanted are in which state, and their sums by currency."""
    found = (
        _found(wanted)
        .values("state", "currency")
        .annotate(count=Count("*"), minor=Sum("amount_minor"))
        .order_by("state", "currency")
    )
    return tuple(
        StateTotal(
            state=OrderState(row["state"]),
            count=row["count"],
            total=Money(int(row["minor"]), row["currency"]),
        )
        for row in found
    )


def by_source(wanted: Wanted = EVERY) -> tuple[SourceTotal, ...]:
    """How many of the payments wanted came from where and for whom, and their sums by currency."""
    found = (
        _found(wanted)
        .values("source", "entity__code", "payee_number", "currency")
        .annotate(count=Count("*"), minor=Sum("amount_minor"))
        .order_by("source", "entity__code", "payee_number", "currency")
    )
    return tuple(
        SourceTotal(
            source=row["source"],
            entity_code=row["entity__code"],
            payee_number=row["payee_number"],
            count=row["count"],
            total=Money(int(row["minor"]), row["currency"]),
        )
        for row in found[:SOURCES_MAX]
    )


def id_of(text: str) -> UUID | None:
    """The payment that a person means: its id, its number or its end-to-end id."""
    found = models.Order.objects.order_by("-id")
    try:
        named = found.filter(id=UUID(text))
    except ValueError:
        named = found.filter(
            Q(number__in=[plain(text, "number"), text.upper()]) | Q(end_to_end_id=text)
        )
    return named.values_list("id", flat=True).first()


def _found(wanted: Wanted) -> QuerySet[models.Order]:
    found = models.Order.objects.filter(**_columns(wanted))
    if wanted.q:
        found = found.filter(_searched(wanted.q))
    if wanted.among is not None:
        found = found.filter(bulk.one_of("id", wanted.among))
    if wanted.paid_to:
        found = found.filter(_paid_to(wanted.payee, wanted.paid_to))
    if wanted.connection:
        found = found.filter(_through(wanted.connection))
    if wanted.has_open_case is not None:
        cases = models.Case.objects.filter(order_id=OuterRef("id"), resolved_at__isnull=True)
        found = found.filter(Exists(cases) if wanted.has_open_case else ~Exists(cases))
    if wanted.outcome_unknown:
        attempts = models.Attempt.objects.filter(order_id=OuterRef("id"))
        found = found.filter(Exists(attempts.filter(state=AttemptState.UNKNOWN.value)))
    return found


def _paid_to(number: str, accounts: Sequence[str]) -> Q:
    """To a payee by his number, or to an account of his by whatever number."""
    to_account = Q(creditor_iban__in=accounts) | Q(creditor_account__in=accounts)
    return to_account | Q(payee_number=plain(number, "payee"))


def _through(connection: UUID) -> Q:
    """Payments sent through this connection, and those not sent yet whose account it reaches.

    An account may be moved to another connection; then each payment stays where it was sent.
    """
    here = list(
        models.Account.objects.filter(connection_id=connection).values_list("id", flat=True)
    )
    of_here = Q(account_id__in=here)
    files = models.Submission.objects.filter(account__isnull=False)
    elsewhere = files.filter(Q(connection_id=connection) | of_here)
    if not elsewhere.exclude(connection_id=F("account__connection_id")).exists():
        return of_here
    sent = models.Attempt.objects.filter(order_id=OuterRef("id"))
    through = Exists(sent.filter(submission__connection_id=connection))
    return Q(through) | Q(of_here, ~Exists(sent))


def _columns(wanted: Wanted) -> dict[str, Any]:
    """What is asked of single columns; only what was asked."""
    if wanted.amount_from is not None or wanted.amount_to is not None:
        _need_currency(wanted, "currency")
    asked = {
        "state__in": _states(wanted.state) if wanted.state else None,
        "entity__code": plain(wanted.entity, "entity"),
        "account_id": wanted.account,
        "payee_number": None if wanted.paid_to else plain(wanted.payee, "payee"),
        "currency": plain(wanted.currency, "currency"),
        "requested_date__gte": wanted.requested_from,
        "requested_date__lte": wanted.requested_to,
        "amount_minor__gte": wanted.amount_from,
        "amount_minor__lte": wanted.amount_to,
        "run_id": wanted.run,
        "state_since__gte": wanted.updated_since,
    }
    return {name: value for name, value in asked.items() if value not in (None, "")}


def _sort(word: str) -> _Sort:
    if word in SORTS:
        return SORTS[word]
    raise Invalid(
        "sort_unknown",
        f"{word[:40]!r} is not an order of payments.",
        can_do=f"Use one of: {', '.join(SORTS)}.",
        field="sort",
    )


def _need_currency(wanted: Wanted, field: str) -> None:
    if not wanted.currency:
        raise Invalid(
            "currency_missing",
            "Amounts of different currencies cannot be compared.",
            can_do="Ask for one currency as well.",
            field=field,
        )


def _after(by: _Sort, value: Any, last: UUID) -> Q:
    if by.column == "id":
        return Q(id__lt=last) if by.down else Q(id__gt=last)
    past = "lt" if by.down else "gt"
    return Q(**{f"{by.column}__{past}": value}) | Q(**{by.column: value, f"id__{past}": last})


def _states(text: str) -> list[str]:
    """States of payments as people write them, commas between; raises Invalid."""
    wanted = [part.strip() for part in text.split(",")]
    unknown = [part for part in wanted if part not in set(OrderState)]
    if unknown:
        raise Invalid(
            "state_unknown",
            f"{unknown[0][:40]!r} is not a state of a payment.",
            can_do=f"Use one of: {', '.join(OrderState)}.",
            field="state",
        )
    return wanted


def _searched(q: str) -> Q:
    """What a search for a text means: see `Wanted`. Raises Invalid for an unfit text.

    Names that we gave ourselves belong to one payment, which an index finds; then no other is
    meant. Everything else is looked for in every row: behind the wall no index can serve it.
    """
    whole = plain(q, "q").strip()
    ours = _ours(whole)
    if ours:
        return Q(id__in=ours)
    iban = "".join(whole.split()).upper()
    return (
        Q(creditor_name__icontains=whole)
        | Q(source_reference=whole)
        | Q(payee_number=whole)
        | Q(creditor_iban=iban)
        | Q(creditor_account=iban)
        | Q(invoices__contains=[whole])
    )


def _ours(whole: str) -> list[UUID]:
    """The payment of this UETR, number or end-to-end id."""
    if uetr := _uetr(whole):
        sent = models.Attempt.objects.filter(uetr=uetr)
        return list(sent.values_list("order_id", flat=True))
    named = Q(number__in=[whole, whole.upper()]) | Q(end_to_end_id=whole)
    return list(models.Order.objects.filter(named).values_list("id", flat=True))


def _uetr(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
