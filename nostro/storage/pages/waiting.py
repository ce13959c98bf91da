"""All payments that wait for approval: how they group, one page of them, and a whole choice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from nostro.domain import duties
from nostro.domain.errors import Invalid
from nostro.domain.order import OrderState
from nostro.domain.party import Action, Member
from nostro.domain.policies.approval_steps import Waits
from nostro.storage import approval_rules, models, queries
from nostro.storage.paging import checked_limit, cursor_of, key_of
from nostro.storage.tenancy import current

TIMES_USUAL: Final = 2  # Above so many times what the payee got before, an amount is unusual.
CHANGED_WITHIN: Final = timedelta(days=30)  # For so long an account counts as changed of late.
_NAME: Final = "approvals"


class GroupKey(msgspec.Struct, frozen=True, kw_only=True):
    """Payments of one run, from one account, by one rail, for one day; "" is no rail yet."""

    run_id: UUID | None
    account_id: UUID | None
    rail: str
    day: date

    def __str__(self) -> str:
        return f"{self.run_id or ''}_{self.account_id or ''}_{self.rail}_{self.day}"

    @classmethod
    def read(cls, text: str) -> GroupKey:
        """The key that `str` wrote; raises Invalid for anything else."""
        try:
            run, account, rest = text.split("_", 2)
            rail, _, day = rest.rpartition("_")
            return cls(
                run_id=UUID(run) if run else None,
                account_id=UUID(account) if account else None,
                rail=rail,
                day=date.fromisoformat(day),
            )
        except ValueError as error:
            raise Invalid(
                "group_unknown",
                "This is not a group of payments that wait.",
                can_do="Open the approvals again and choose a group there.",
                field="group",
            ) from error


class WaitingFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which of them: of one group, only unusual ones (True), only usual ones (False)."""

    group: GroupKey | None = None
    unusual: bool | None = None


class Reader(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, and when: what is his to approve, and what changed of late, hang on it."""

    member: Member
    now: datetime

    @property
    def reaches(self) -> str:
        """How far what he may approve reaches, as JSON: one object for each grant."""
        found = [
            {
                "entity_id": grant.entity_id or None,
                "account_id": grant.account_id or None,
                "currency": grant.up_to.currency if grant.up_to else None,
                "minor": grant.up_to.minor if grant.up_to else None,
                "in_place_of": grant.on_behalf_of or self.member.id,
                "role": grant.role,
            }
            for grant in self.member.held
            if self.member.is_person and Action.APPROVE_PAYMENTS in duties.allowed_by(grant)
        ]
        return msgspec.json.encode(found).decode()


class GroupSum(msgspec.Struct, frozen=True, kw_only=True):
    """Payments alike in everything said here. `mine`: this person may approve them: a grant of
    his reaches them, and he had no say in them yet. `completes`: one
    approval is missing."""

    run_id: UUID | None
    account_id: UUID | None
    rail: str
    day: date
    currency: str
    unusual: bool
    mine: bool
    count: int
    minor: int
    completes: int

    @property
    def key(self) -> GroupKey:
        return GroupKey(
            run_id=self.run_id, account_id=self.account_id, rail=self.rail, day=self.day
        )


class OnPage(msgspec.Struct, frozen=True, kw_only=True):
    """One payment of the page: the reader's own first, of them the unusual first."""

    id: UUID
    mine: bool
    unusual: bool


class WaitingPayments(msgspec.Struct, frozen=True, kw_only=True):
    """`groups` tell of all that wait, whatever the filter; `rows` are one page of the filter.

    `digests`: order id -> approval digest of everything in the filter that is the reader's to
    approve; empty unless the whole was asked for.
    """

    groups: tuple[GroupSum, ...]
    rows: tuple[OnPage, ...]
    next: str
    digests: Mapping[str, str]

    def within(self, wanted: WaitingFilter) -> list[GroupSum]:
        """Those sums that the filter leaves."""
        return [
            one
            for one in self.groups
            if wanted.unusual in (None, one.unusual) and wanted.group in (None, one.key)
        ]


def waiting_payments(
    reader: Reader,
    wanted: WaitingFilter,
    *,
    limit: int,
    cursor: str = "",
    whole: bool = False,
) -> WaitingPayments:
    """Everything that the approvals page says of what waits, as it is at one moment."""
    size, group = checked_limit(limit), wanted.group
    others, usual, last = key_of(_NAME, cursor, _place) if cursor else (None, None, None)
    (told,) = queries.rows(
        "waiting_payments",
        tenant_id=current(),
        person_id=reader.member.id,
        reaches=reader.reaches,
        turns=_turns(),
        now=reader.now,
        changed_since=reader.now - CHANGED_WITHIN,
        times_usual=TIMES_USUAL,
        unusual=wanted.unusual,
        run_id=group.run_id if group else None,
        account_id=group.account_id if group else None,
        rail=group.rail if group else None,
        day=group.day if group else None,
        after=last,
        after_others=others,
        after_usual=usual,
        size=size + 1,
        whole=whole,
    )
    rows = msgspec.json.decode(told["page"], type=tuple[OnPage, ...])
    return WaitingPayments(
        groups=msgspec.json.decode(told["groups"], type=tuple[GroupSum, ...]),
        rows=rows[:size],
        next=_cursor_after(rows[size - 1]) if len(rows) > size else "",
        digests=msgspec.json.decode(told["digests"], type=dict[str, str]),
    )


def _turns() -> str:
    """The steps that what waits is open for, as JSON: who may take each; empty is anybody."""
    waiting = models.Order.objects.filter(state=OrderState.AWAITING_APPROVAL.value)
    pairs = list(waiting.values_list("policy_version", "waits_for").distinct())
    rules = approval_rules.of_all({version for version, _ in pairs})
    found = [
        {
            "policy_version": version,
            "waits_for": text,
            "roles": list(step.roles) or None,
            "people": list(step.people) or None,
        }
        for version, text in pairs
        if (waits := Waits.read(text))
        for step in rules[version].open_steps(waits)
    ]
    return msgspec.json.encode(found).decode()


def names_of(groups: Mapping[GroupKey, Any]) -> Callable[[GroupKey], tuple[str, str]]:
    """For each of these groups the names of its account and of its run, "" where there is none."""
    accounts = dict(models.Account.objects.values_list("id", "name"))
    wanted = {key.run_id for key in groups if key.run_id}
    found = models.PaymentRun.objects.filter(id__in=wanted).values_list("id", "reference")
    runs = dict(found)
    return lambda key: (
        accounts.get(key.account_id, "") if key.account_id else "",
        runs.get(key.run_id, "") if key.run_id else "",
    )


def _cursor_after(row: OnPage) -> str:
    return cursor_of(_NAME, str(int(not row.mine)), str(int(not row.unusual)), str(row.id))


def _place(others: str, usual: str, last: str) -> tuple[bool, bool, UUID]:
    return bool(int(others)), bool(int(usual)), UUID(last)
