"""The register of issued checks as stored; checks move in workflows only."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import BigIntegerField, Count, Max
from django.db.models.functions import Cast

from nostro.domain.check_state import DEAD, UNTOLD, CheckState
from nostro.domain.duties import Touched
from nostro.domain.money import Money
from nostro.domain.order import OPEN_AFTER_CHECK
from nostro.domain.submission import SubmissionState
from nostro.storage import bulk, models
from nostro.storage.paging import LIMIT_DEFAULT, Page, checked_limit, key_of, page_of
from nostro.storage.tenancy import current

# A file whose fate is known: the bank has it, or never will.
_KNOWN = (
    SubmissionState.DELIVERED,
    SubmissionState.ACKNOWLEDGED,
    SubmissionState.REFUSED,
    SubmissionState.ABANDONED,
)
FILE_CHECKS_MAX = 5000  # In one file.


class CheckRow(msgspec.Struct, frozen=True, kw_only=True):
    """One check of the register, with its account."""

    id: UUID
    account_id: UUID
    account_name: str
    entity_id: UUID
    number: str
    amount: Money
    payee: tuple[str, ...]
    payee_number: str
    issued_on: date
    source: str
    order_id: UUID | None
    state: CheckState
    state_since: datetime
    maker_id: str
    maker_name: str
    created_at: datetime
    issue_file_id: UUID | None
    act_file_id: UUID | None
    acted_on: date | None
    acted_by: str
    acted_by_name: str
    reason: str
    not_in_file: str
    paid_on: date | None
    order_state: str | None = None
    act_file_state: str | None = None

    @property
    def unconfirmed(self) -> bool:
        """Whether the bank has the word that it is dead, has not said yes, and its payment is
        open: a file that was put down was not read yet."""
        return (
            self.state in DEAD
            and self.order_state in OPEN_AFTER_CHECK
            and self.act_file_state == SubmissionState.DELIVERED
        )

    def touched(self) -> Touched:
        """What an action on it is about."""
        return Touched(
            entity_id=str(self.entity_id), account_id=str(self.account_id), amount=self.amount
        )


class CheckFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which checks are wanted; what is empty does not narrow. `q`: a number, or part of a payee."""

    states: tuple[CheckState, ...] = ()
    account_id: UUID | None = None
    q: str = ""


_JOINED = {
    "account_name": "account__name",
    "entity_id": "account__entity_id",
    "order_state": "order__state",
    "act_file_state": "act_file__state",
}
_PLAIN = [
    name
    for name in CheckRow.__struct_fields__
    if name not in ("amount", "payee", "state", *_JOINED)
]
_READ = [*_PLAIN, "amount_minor", "currency", "payee", "state", *_JOINED.values()]


def _row(found: dict[str, Any]) -> CheckRow:
    return CheckRow(
        **{name: found[name] for name in _PLAIN},
        **{name: found[path] for name, path in _JOINED.items()},
        amount=Money(found["amount_minor"], found["currency"]),
        payee=tuple(found["payee"]),
        state=CheckState(found["state"]),
    )


def _rows(found: Any) -> list[CheckRow]:
    return [_row(one) for one in found.values(*_READ)]


def insert(rows: Iterable[dict[str, Any]]) -> int:
    """Put checks into the register; one whose number is there already is passed over."""
    tenant_id = current()
    return bulk.insert(models.IssuedCheck, ({**row, "tenant_id": tenant_id} for row in rows))


def checks(wanted: CheckFilter, *, limit: int = LIMIT_DEFAULT, cursor: str = "") -> Page[CheckRow]:
    """Checks, the newest in the register first."""
    size = checked_limit(limit)
    found = _wanted(wanted)
    if cursor:
        (last,) = key_of("checks", cursor, lambda text: (UUID(text),))
        found = found.filter(id__lt=last)
    rows = _rows(found.order_by("-id")[: size + 1])
    return page_of("checks", rows, size, lambda row: (str(row.id),))


def _wanted(wanted: CheckFilter) -> Any:
    found = models.IssuedCheck.objects.all()
    if wanted.states:
        found = found.filter(state__in=[state.value for state in wanted.states])
    if wanted.account_id:
        found = found.filter(account_id=wanted.account_id)
    text = wanted.q.replace("\0", "").strip()
    if text.isascii() and text.isdigit():
        return found.filter(number=text.lstrip("0"))
    return found.filter(payee__0__icontains=text) if text else found


def count_by_state(account_id: UUID | None = None) -> dict[CheckState, int]:
    """How many checks are in which state."""
    found = models.IssuedCheck.objects.all()
    if account_id:
        found = found.filter(account_id=account_id)
    counted = found.values_list("state").annotate(count=Count("id"))
    return {CheckState(state): count for state, count in counted}


def check(check_id: UUID) -> CheckRow | None:
    return next(iter(_rows(models.IssuedCheck.objects.filter(id=check_id))), None)


def lock(check_ids: Collection[UUID]) -> list[CheckRow]:
    """Lock checks, in the order of their ids."""
    rows = models.IssuedCheck.objects.select_for_update(no_key=True, of=("self",))
    return _rows(rows.filter(bulk.one_of("id", check_ids)).order_by("id"))


def named(account_id: UUID, numbers: Collection[str], *, locked: bool = False) -> list[CheckRow]:
    """The checks of these numbers of an account."""
    rows = models.IssuedCheck.objects.filter(account_id=account_id)
    if locked:
        rows = rows.select_for_update(no_key=True, of=("self",))
    return _rows(rows.filter(bulk.one_of("number", list(numbers))).order_by("id"))


def free_numbers(account_id: UUID, first: int, last: int, wanted: int) -> list[str]:
    """The next numbers of a range, above every one of it that was ever used; fewer at its end.

    Inside a unit of work that has locked the account: another could draw the same ones.
    """
    found = models.IssuedCheck.objects.filter(account_id=account_id)
    used = found.annotate(value=Cast("number", BigIntegerField()))
    top = used.filter(value__range=(first, last)).aggregate(top=Max("value"))["top"]
    begin = first if top is None else top + 1
    return [str(number) for number in range(begin, min(begin + wanted, last + 1))]


def pays_any(account_id: UUID) -> bool:
    """Whether any payment of the account is paid by a check."""
    of = models.IssuedCheck.objects.filter(account_id=account_id, order_id__isnull=False)
    return bool(of.exists())


def number_of_order(order_id: UUID) -> str:
    """The number of the check that pays an order, "" while none is drawn."""
    found = models.IssuedCheck.objects.filter(order_id=order_id)
    return found.values_list("number", flat=True).first() or ""


def missing_between(account_id: UUID, limit: int) -> list[tuple[int, int]]:
    """The numbers that nobody entered, between the first and the last check of an account, as
    (first missing, last missing)."""
    found = models.IssuedCheck.objects.filter(account_id=account_id)
    numbers = sorted(int(one) for one in found.values_list("number", flat=True))
    gaps = [(before + 1, after - 1) for before, after in pairwise(numbers) if after > before + 1]
    return gaps[:limit]


# What the bank is to be told.


def accounts_to_tell(until: datetime) -> list[UUID]:
    """The accounts of which the bank is to be told something by then."""
    rows = models.IssuedCheck.objects.filter(next_action_at__lte=until)
    return sorted(set(rows.values_list("account_id", flat=True)))


def lock_untold(account_id: UUID) -> list[CheckRow]:
    """The checks of an account that are to go into a file now, locked: new ones, and what is to be
    void or stopped. That waits while nobody knows whether the bank has the file of its issue."""
    rows = models.IssuedCheck.objects.select_for_update(no_key=True, of=("self",), skip_locked=True)
    due = rows.filter(
        account_id=account_id,
        state__in=[state.value for state in UNTOLD],
        next_action_at__isnull=False,
        not_in_file="",
    )
    found = _rows(due.order_by("id")[:FILE_CHECKS_MAX])
    files = {row.issue_file_id for row in found} - {None}
    open_files = set(
        models.Submission.objects.filter(bulk.one_of("id", files))
        .exclude(state__in=[state.value for state in _KNOWN])
        .values_list("id", flat=True)
    )
    return [row for row in found if row.issue_file_id not in open_files]


def in_file(submission_id: UUID) -> list[CheckRow]:
    """The checks that a file tells of, locked."""
    rows = models.IssuedCheck.objects.select_for_update(no_key=True, of=("self",))
    told = rows.filter(issue_file_id=submission_id) | rows.filter(act_file_id=submission_id)
    return _rows(told.order_by("id"))


def of_file(submission_id: UUID) -> list[CheckRow]:
    """The checks that a file tells of, to be looked at."""
    found = models.IssuedCheck.objects
    told = found.filter(issue_file_id=submission_id) | found.filter(act_file_id=submission_id)
    return _rows(told.order_by("id"))


def update(check_ids: Sequence[UUID], **changes: Any) -> None:
    models.IssuedCheck.objects.filter(bulk.one_of("id", check_ids)).update(**changes)


def set_state(check_ids: Sequence[UUID], state: CheckState, now: datetime, **more: Any) -> None:
    """Write a new state; only workflows.check_moves may call this."""
    update(check_ids, state=state.value, state_since=now, **more)


def make_due(now: datetime, account_id: UUID | None = None) -> int:
    """Have the bank told of what it does not know yet: its way of being told may have changed."""
    rows = models.IssuedCheck.objects.filter(state__in=[state.value for state in UNTOLD])
    rows = rows.filter(issue_file__isnull=True) | rows.exclude(state=CheckState.ISSUED).filter(
        act_file__isnull=True
    )
    if account_id:
        rows = rows.filter(account_id=account_id)
    return models.IssuedCheck.objects.filter(id__in=rows.values("id")).update(next_action_at=now)


def lapsing(account_id: UUID, issued_before: date, limit: int) -> list[UUID]:
    """Outstanding checks of an account that were issued before a day."""
    rows = models.IssuedCheck.objects.filter(
        account_id=account_id, state=CheckState.TOLD, issued_on__lt=issued_before
    )
    return list(rows.order_by("id").values_list("id", flat=True)[:limit])
