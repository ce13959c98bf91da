"""What people call the things that events are about: a payment's number, a file's message id."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from nostro.storage import models

# The kind of subject, where it is stored, and the column that people know it by.
_NAMED: Final[Mapping[str, tuple[Any, str]]] = {
    "account": (models.Account, "name"),
    "api_key": (models.ApiKey, "name"),
    "case": (models.Case, "sentence"),
    "change_request": (models.ChangeRequest, "subject"),
    "check": (models.IssuedCheck, "number"),
    "check_exception": (models.CheckException, "number"),
    "connection": (models.Connection, "name"),
    "credit_note": (models.CreditNote, "reference"),
    "customer": (models.Customer, "name"),
    "entity": (models.LegalEntity, "name"),
    "evidence": (models.Evidence, "name"),
    "intraday_report": (models.IntradayReport, "report_id"),
    "invitation": (models.Invitation, "name"),
    "journal": (models.JournalEvent, "text"),
    "name_question": (models.NameQuestion, "name"),
    "netting": (models.Netting, "payee_number"),
    "order": (models.Order, "number"),
    "payee": (models.Payee, "name"),
    "payee_change": (models.PayeeChange, "payee__name"),
    "person": (models.Membership, "person__name"),
    "run": (models.PaymentRun, "reference"),
    "statement": (models.Statement, "statement_id"),
    "submission": (models.Submission, "message_id"),
    "transaction": (models.BankTransaction, "counterparty_name"),
    "webhook_endpoint": (models.WebhookEndpoint, "url"),
}
_BY: Final = {"person": "person_id", "customer": "tenant_id"}  # Where it is not `id`.


def names_of(subjects: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """The names of subjects, given as kind and id; who has none (any more) is left out."""
    asked: dict[str, set[UUID]] = defaultdict(set)
    for kind, subject_id in subjects:
        if kind in _NAMED:
            asked[kind].add(UUID(subject_id))
    found: dict[tuple[str, str], str] = {}
    for kind, ids in asked.items():
        model, column = _NAMED[kind]
        key = _BY.get(kind, "id")
        rows = model.objects.filter(**{f"{key}__in": ids}).values_list(key, column)
        found |= {(kind, str(row_id)): str(name) for row_id, name in rows if name}
    return found
