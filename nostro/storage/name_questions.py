"""Questions to payees' banks about names, as stored; they move in workflows only."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from nostro.domain.name_question import QuestionState
from nostro.domain.order import OrderState
from nostro.domain.policies.payee_verification import Unanswered
from nostro.storage import bulk, models, orders
from nostro.storage.tenancy import current


class QuestionRow(msgspec.Struct, frozen=True, kw_only=True):
    """One question: is this account in this name?"""

    id: UUID
    account_id: UUID
    name: str
    name_key: str
    confidential: bool
    state: QuestionState
    state_since: datetime
    tries: int
    problem: str
    next_action_at: datetime | None

    @property
    def key(self) -> tuple[UUID, str, bool]:
        """There is one question for each of these."""
        return self.account_id, self.name_key, self.confidential

    def unanswered(self) -> Unanswered:
        return Unanswered(
            account_id=str(self.account_id),
            name_asked=self.name,
            state=self.state,
            ended_at=self.state_since,
            confidential=self.confidential,
        )


_COLUMNS = QuestionRow.__struct_fields__


def _rows(found: Any) -> list[QuestionRow]:
    return [
        QuestionRow(**{**row, "state": QuestionState(row["state"])})
        for row in found.values(*_COLUMNS)
    ]


def insert(rows: Iterable[QuestionRow]) -> None:
    """Keep new questions; one that is there already is passed over."""
    tenant_id = current()
    told = ({**msgspec.structs.asdict(row), "tenant_id": tenant_id} for row in rows)
    bulk.insert(models.NameQuestion, ({**row, "state": row["state"].value} for row in told))


def which_are_stored(ids: Collection[UUID]) -> frozenset[UUID]:
    """Those of these ids under which a question is stored."""
    rows = models.NameQuestion.objects.filter(bulk.one_of("id", ids))
    return frozenset(rows.values_list("id", flat=True))


def about(account_ids: Collection[UUID]) -> list[QuestionRow]:
    """Every question about these versions of accounts."""
    return _rows(models.NameQuestion.objects.filter(bulk.one_of("account_id", account_ids)))


def lock(ids: Collection[UUID]) -> list[QuestionRow]:
    """Lock questions, in the order of their ids."""
    rows = models.NameQuestion.objects.select_for_update(no_key=True)
    return _rows(rows.filter(bulk.one_of("id", ids)).order_by("id"))


def lock_about(account_id: UUID, name_key: str) -> list[QuestionRow]:
    """The questions about this account in this name, locked."""
    rows = models.NameQuestion.objects.select_for_update(no_key=True)
    return _rows(rows.filter(account_id=account_id, name_key=name_key).order_by("id"))


def take_due(until: datetime, taken_until: datetime, limit: int) -> list[QuestionRow]:
    """Questions that are due, for whoever asks first; nobody else takes them before then."""
    rows = models.NameQuestion.objects.select_for_update(no_key=True, skip_locked=True)
    due = rows.filter(state=QuestionState.WAITING, next_action_at__lte=until)
    found = _rows(due.order_by("next_action_at", "id")[:limit])
    update([row.id for row in found], next_action_at=taken_until)
    return found


def update(ids: Collection[UUID], **changes: Any) -> None:
    models.NameQuestion.objects.filter(bulk.one_of("id", list(ids))).update(**changes)


def accounts_of_payee(payee_id: UUID) -> list[UUID]:
    found = models.PayeeAccount.objects.filter(payee_id=payee_id)
    return list(found.values_list("id", flat=True))


def look_again(account_ids: Sequence[UUID], now: datetime, before: datetime) -> bool:
    """Look now at the payments to these accounts that were to be looked at before then; whether
    there are any."""
    waiting = models.Order.objects.filter(
        bulk.one_of("payee_account_id", account_ids),
        state=OrderState.SCHEDULED,
        next_action_at__gt=now,
        next_action_at__lte=before,
    )
    ids = list(waiting.values_list("id", flat=True))
    orders.lock_only(ids)
    orders.act_at(ids, now)
    return bool(ids)
