"""What is stored about a payee: shown row by row, and made to speak of nobody.

Rows that are his lose every word about him. Of others only what names an account that is his alone.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from typing import Any, Final
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db.models import Field, JSONField, Model, Q, TextField, UniqueConstraint
from django.db.models.functions import Cast

from nostro.storage import models
from nostro.storage.models.tenant import TenantModel
from nostro.storage.payee_traces import BY_ACCOUNT, PayeeTraces
from nostro.storage.texts import ERASED, emptied, mentions, without

# The columns that are overwritten in each row that belongs to a payee; the others hold numbers,
# dates, states, and references that say nothing without them.
OVERWRITTEN: Final[Mapping[type[TenantModel], tuple[str, ...]]] = {
    models.Payee: ("name",),
    models.PayeeAccount: ("iban", "local_account", "bic", "source_detail", "document"),
    models.PayeeDetails: ("name", "address", "email", "source_detail", "document"),
    models.PayeeVerification: ("name_asked", "name_told"),
    models.NameQuestion: ("name", "name_key", "problem"),
    models.PayeeConfirmation: ("code", "spoke_with", "number_called", "said"),
    models.Order: (
        *("creditor_name", "creditor_address", "creditor_iban", "creditor_account"),
        *("creditor_bic", "remittance", "creditor_reference", "invoices", "source_changes"),
    ),
    models.Attempt: ("reason_text",),
    models.Hold: ("sentence", "evidence", "reason"),
    models.RunLine: ("sentence", "raw"),
    models.Fact: ("reason_text",),
    models.Case: ("sentence", "can_do", "reason", "outcome"),
    models.OperatorEvidence: ("told_by", "text"),
    models.PayeeChange: ("before", "after", "text"),
    models.ChangeRequest: ("subject", "wanted", "before", "after", "reason", "ended_reason"),
    models.ChangeAgreement: ("reason",),
    models.PolicyVersion: ("reason",),
    models.Freeze: ("reason",),
    models.FreezeLift: ("reason",),
    models.BankTransaction: ("counterparty_name", "counterparty_iban", "remittance"),
    models.PendingTransaction: ("counterparty_name", "counterparty_iban", "remittance"),
    models.Match: ("evidence", "undo_reason"),
    models.MatchProposal: ("evidence", "refuse_reason"),
    models.JournalEvent: ("text",),
    models.JournalLine: ("text",),
    models.ScreeningClearance: ("reason",),
    models.AdviceNotice: ("address", "said", "reason"),
    models.IssuedCheck: ("payee", "reason"),
    models.CreditNote: ("document", "reason"),
    models.Netting: ("told_to", "reason"),
    models.CheckException: ("payee", "differences", "reason", "bank_reason"),
}
# Digests that anybody can make who guesses what was digested.
GUESSABLE: Final[Mapping[type[TenantModel], tuple[str, ...]]] = {
    models.Order: ("approval_digest",),
    models.Attempt: ("approval_digest",),
    models.Approval: ("digest",),
    models.BankTransaction: ("dedupe_digest",),
    models.PendingTransaction: ("dedupe_digest",),
    models.ScreeningClearance: ("payee_digest",),
}
# Read back by its kinds and currencies, which emptied texts are not: it goes as a whole.
WHOLE: Final = frozenset({(models.Hold, "evidence")})
LISTED: Final = "details"  # Of a booked line: what it consists of, maybe other people's payments.


# What there is, for the person to see.


def rows_of(traces: PayeeTraces) -> Iterator[tuple[str, list[Any]]]:
    """Each table with its rows about the payee, every column, oldest first."""
    for model in _tenant_models():
        if ids := traces.of(model):
            rows = list(model._default_manager.filter(id__in=ids).order_by("id").values())
            yield model._meta.db_table, _his_details(rows, traces)
    if traces.requests:
        asked = models.Idempotency.objects.filter(key__in=traces.requests).order_by("key")
        names = ("key", "body", "status", "answer", "answered_at")
        yield "idempotency", [_his_lines(row, traces) for row in asked.values(*names)]
    if traces.views:
        kept = models.SavedView.objects.filter(id__in=traces.views).order_by("id")
        yield "saved_view", list(kept.values("id", "page", "name", "query", "created_at"))


def _his_details(rows: list[Any], traces: PayeeTraces) -> list[Any]:
    """The rows; of one that lists several payments, such as a booked batch, only his."""
    orders = models.Order.objects.filter(id__in=traces.of(models.Order))
    keys = orders.exclude(end_to_end_id="").values_list("end_to_end_id", flat=True)
    words = (*traces.needles, *keys)
    for row in rows:
        listed = row.get(LISTED)
        if isinstance(listed, list) and len(listed) > 1:
            row[LISTED] = [one for one in listed if mentions(one, words)]
    return rows


def _his_lines(value: Any, traces: PayeeTraces) -> Any:
    """The same value; of the objects that it lists only those about him: others are paid, too."""
    if isinstance(value, list):
        found = [one for one in value if not isinstance(one, dict) or traces.concerns(one)]
        return [_his_lines(one, traces) for one in found]
    if isinstance(value, dict):
        return {key: _his_lines(one, traces) for key, one in value.items()}
    return value


def files_of(ids: Collection[UUID]) -> list[dict[str, Any]]:
    """These files by name, when and which way they went; no digests, which are keyed."""
    names = ("id", "name", "media_type", "direction", "recorded_at", "size_bytes")
    return list(models.Evidence.objects.filter(id__in=ids).order_by("id").values(*names))


def named_elsewhere(words: Iterable[str]) -> dict[str, int]:
    """In how many rows of each table these words still stand, whatever the row is about."""
    wanted = [word for word in words if word and word != ERASED]
    found = {}
    for model in _tenant_models() if wanted else ():
        told, named = _texts(model), Q()
        for column in told:
            for word in wanted:
                named |= Q(**{f"{column}__contains": word})
        if told and (count := model._default_manager.annotate(**told).filter(named).count()):
            found[model._meta.db_table] = count
    return found


# What becomes of it.


def overwrite(traces: PayeeTraces, salt: bytes) -> dict[str, int]:
    """Make his rows speak of nobody; how many of each table were changed.

    `salt` is made for this and forgotten: what was equal stays equal, and cannot be guessed.
    """
    changed = {}
    for model in _tenant_models():
        count = sum(_overwrite_row(model, row, traces, salt) for row in _rows(model, traces))
        if count:
            changed[model._meta.db_table] = count
    return changed | _overwrite_requests(traces) | _forget_views(traces)


def _rows(model: type[TenantModel], traces: PayeeTraces) -> list[dict[str, Any]]:
    told, named = _texts(model), Q(id__in=traces.of(model))
    for column in told:
        for iban in traces.ibans:
            named |= Q(**{f"{column}__contains": iban})
    names = ("id", *(name.removeprefix("text_of_") for name in told))
    return list(model._default_manager.annotate(**told).filter(named).order_by("id").values(*names))


def _overwrite_row(
    model: type[TenantModel], row: dict[str, Any], traces: PayeeTraces, salt: bytes
) -> int:
    row_id = row.pop("id")
    his = row_id in traces.of(model)
    always = OVERWRITTEN.get(model, ()) if his else ()
    digests = GUESSABLE.get(model, ()) if his else ()
    after = {}
    for column, value in row.items():
        if column in digests and value:
            after[column] = salted(salt, value)
        elif column in always or (his and _is_account(value)):
            after[column] = _emptied(model, column, value)
        elif his and column == LISTED:
            after[column] = without(value, traces.needles)
        elif mentions(value, traces.ibans):
            unique = column in _unique(model)
            after[column] = f"{ERASED}:{row_id}" if unique else _emptied(model, column, value)
    after = {column: value for column, value in after.items() if value != row[column]}
    return model._default_manager.filter(id=row_id).update(**after) if after else 0


def _emptied(model: type[TenantModel], column: str, value: Any) -> Any:
    return [] if (model, column) in WHOLE else emptied(value)


def _is_account(value: Any) -> bool:
    """Whether it stands for a payee whom payments name by his account."""
    return isinstance(value, str) and value.startswith(BY_ACCOUNT)


def _overwrite_requests(traces: PayeeTraces) -> dict[str, int]:
    """The answer stays, the request is no longer known: the same key is refused from now on."""
    for key in traces.requests:
        row = models.Idempotency.objects.filter(key=key)
        told = row.values("body", "answer").get()
        left = {column: _without_him(value, traces) for column, value in told.items()}
        row.update(**left, body_digest=ERASED)
    return {"idempotency": len(traces.requests)} if traces.requests else {}


def _without_him(value: Any, traces: PayeeTraces) -> Any:
    return without(_without_his(value, traces), traces.needles)


def _without_his(value: Any, traces: PayeeTraces, *, his: bool = False) -> Any:
    """The same value, with each object emptied that is about him; those that it lists, one by
    one."""
    if isinstance(value, list):
        return [_without_his(one, traces, his=his and not isinstance(one, dict)) for one in value]
    if isinstance(value, dict):
        his = his or traces.is_about(value)
        return {key: _without_his(one, traces, his=his) for key, one in value.items()}
    return emptied(value) if his else value


def _forget_views(traces: PayeeTraces) -> dict[str, int]:
    if not traces.views:
        return {}
    models.SavedView.objects.filter(id__in=traces.views).delete()
    return {"saved_view": len(traces.views)}


def salted(salt: bytes, digest: str) -> str:
    """A digest that says as much as before of what is equal, and nothing of what was digested."""
    return hmac.digest(salt, digest.encode(), "sha256").hex()


# The columns of the tables.


@cache
def _tenant_models() -> tuple[type[TenantModel], ...]:
    found = (getattr(models, name) for name in models.__all__)
    mine = [one for one in found if issubclass(one, TenantModel)]
    return tuple(sorted(mine, key=lambda one: str(one._meta.db_table)))


def _texts(model: type[TenantModel]) -> dict[str, Cast]:
    return {f"text_of_{one.name}": Cast(one.name, TextField()) for one in _columns(model)}


@cache
def _columns(model: type[Model]) -> tuple[Field[Any, Any], ...]:
    """The columns of a table that can hold words."""
    fields = model._meta.get_fields()
    return tuple(one for one in fields if isinstance(one, TextField | JSONField | ArrayField))


@cache
def _unique(model: type[Model]) -> frozenset[str]:
    rules = model._meta.constraints
    return frozenset(f for one in rules if isinstance(one, UniqueConstraint) for f in one.fields)
