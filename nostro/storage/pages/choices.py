"""What a person may choose from in filters and forms: accounts, banks, entities, runs."""

from __future__ import annotations

from uuid import UUID

import msgspec

from nostro.domain.local_account import spelled
from nostro.storage import models

RUNS_SHOWN = 30
PAYEES_SHOWN = 12


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to choose: its id, its name, and what tells it from others of that name."""

    id: UUID
    name: str
    detail: str = ""


def accounts() -> list[Choice]:
    """The customer's own accounts."""
    rows = models.Account.objects.order_by("name", "id")
    return [
        Choice(id=key, name=name, detail=spelled(local) if local else iban)
        for key, name, iban, local in rows.values_list("id", "name", "iban", "local_account")
    ]


def banks() -> list[Choice]:
    """The connections that reach a bank where the customer has an account."""
    used = models.Account.objects.values("connection_id")
    rows = models.Connection.objects.filter(id__in=used).order_by("name", "id")
    return [Choice(id=key, name=name) for key, name in rows.values_list("id", "name")]


def entities() -> list[Choice]:
    rows = models.LegalEntity.objects.order_by("code").values_list("id", "name", "code")
    return [Choice(id=key, name=name, detail=code) for key, name, code in rows]


def runs(chosen: UUID | None = None) -> list[Choice]:
    """The newest payment runs, and the chosen one wherever it is."""
    rows = models.PaymentRun.objects.order_by("-id").values_list("id", "reference", "source")
    found = list(rows[:RUNS_SHOWN])
    if chosen and chosen not in {key for key, _, _ in found}:
        found += rows.filter(id=chosen)
    return [Choice(id=key, name=reference, detail=source) for key, reference, source in found]


def payees(q: str) -> list[Choice]:
    """Payees by whole number or part of the name, the first PAYEES_SHOWN."""
    found = models.Payee.objects.filter(name__icontains=q) | models.Payee.objects.filter(number=q)
    rows = found.order_by("name", "id").values_list("id", "name", "number")[:PAYEES_SHOWN]
    return [Choice(id=key, name=name, detail=number) for key, name, number in rows]
