"""Customers with something of every kind, so that an id of each kind can be tried on each address.

Every text of a customer holds its code: where another customer's answer holds it, something leaked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connections

from nostro.domain.case import CaseKind
from nostro.domain.operator_evidence import EvidenceKind, OperatorEvidence
from nostro.domain.party import Role
from nostro.storage import (
    case_listing,
    cases,
    events,
    operator_evidence,
    payee_changes,
    submission_listing,
)
from nostro.storage.cases import NewCase
from nostro.storage.keys import Scope
from nostro.storage.payee_changes import NewChange
from nostro.storage.tenancy import tenant
from tests import seed
from tests.api import door
from tests.api.test_reading import file

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def customer(code: str, iban: str) -> seed.Seeded:
    """A customer with a payment, file, case, correction, statement, stop, saved filter, webhook."""
    made = seed.customer(code, payments=2, iban=iban)
    file(made)
    door.payee(made, f"V-{code}")
    with tenant(made.tenant_id):
        (sent,) = submission_listing.submissions(submission_listing.FileFilter()).rows
        _recall(made, sent.id)
        _correction(made)
        _stated(made, sent.id)
    _asked_for(made)
    events.seal(made.tenant_id, seed.NOW)
    return made


def _recall(made: seed.Seeded, submission_id: UUID) -> None:
    case = NewCase(
        id=door.new(), kind=CaseKind.RECALL, natural_key=f"{made.code}-recall",
        sentence=f"{made.code} wants its payment back.", can_do=f"{made.code} waits.",
        due_at=seed.NOW + timedelta(days=1), order_id=made.order_ids[-1],
        submission_id=submission_id,
    )  # fmt: skip
    cases.open_all([case], seed.NOW)


def _correction(made: seed.Seeded) -> None:
    (payee_id,) = ids_in("payee", made.tenant_id)
    case_id = case_listing.cases(case_listing.CaseFilter()).rows[0].id
    account = {"account": f"{made.code}1", "bank_code": "091000019", "iban": seed.IBANS[1]}
    change = NewChange(
        id=door.new(), payee_id=payee_id, origin="nacha_noc", before=account,
        after=account | {"account": f"{made.code}2"}, code="C01", text=f"{made.code} moved",
        case_id=case_id, proposed_by="seed", natural_key=f"{made.code}-noc",
    )  # fmt: skip
    payee_changes.propose(change, seed.NOW)


def _stated(made: seed.Seeded, submission_id: UUID) -> None:
    row = OperatorEvidence(
        id=str(door.new()), kind=EvidenceKind.BANK_NEVER_HAD_IT, submission_id=str(submission_id),
        attempt_id="", told_by=f"Ms {made.code}", text=f"{made.code} rang.",
        stated_by=str(door.new()), stated_at=seed.NOW,
    )  # fmt: skip
    operator_evidence.insert(row, f"Somebody of {made.code}", None, seed.NOW)


def _asked_for(made: seed.Seeded) -> None:
    """What a person of the customer makes himself."""
    token = door.key(made, tuple(Scope), person_id=door.person([made], tuple(Role), made.code))
    (payee_id,) = ids_in("payee", made.tenant_id)
    reason = f"{made.code} is careful"
    bodies = {
        "/v1/stops": {"scope": "payee", "subject_id": str(payee_id), "reason": reason},
        "/v1/webhooks": {"url": f"https://{made.code.lower()}.example/told"},
    }
    for name in (f"Of {made.code}", f"Everything of {made.code}"):  # One is forgotten by each door.
        shared = {"name": name, "filters": {}, "shared": True}
        assert door.post(token, "/v1/saved-filters", shared).status_code == 201
    for path, body in bodies.items():
        answer = door.post(token, path, body)
        assert answer.status_code == 201, (path, answer.content)


def rows_of(text: str, *given: UUID) -> list[tuple[Any, ...]]:
    """What the owner of the tables sees: everything."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(text, given)
        return list(cursor.fetchall())


def tables() -> dict[str, list[str]]:
    """Every table with rows of customers, and which of its columns hold ids."""
    found = rows_of(
        "SELECT c.relname, array_agg(b.attname ORDER BY b.attname)"
        " FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'"
        " JOIN pg_attribute b ON b.attrelid = c.oid AND b.atttypid = 'uuid'::regtype"
        " AND NOT b.attisdropped"
        " WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition GROUP BY 1 ORDER BY 1"
    )
    return {name: list(columns) for name, columns in found}


def ids_in(table: str, tenant_id: UUID, column: str = "id") -> list[UUID]:
    found = rows_of(
        f"SELECT DISTINCT {column} FROM {table} WHERE tenant_id = %s AND {column} IS NOT NULL",
        tenant_id,
    )
    return sorted(one for (one,) in found)


def own_ids(made: seed.Seeded) -> set[str]:
    """Every id that stands anywhere in the rows of a customer, whatever it names."""
    return {
        str(one)
        for table, columns in tables().items()
        for column in columns
        for one in ids_in(table, made.tenant_id, column)
    }


def told_apart(one: seed.Seeded, other: seed.Seeded) -> set[str]:
    """What may stand in answers to `one` alone: its ids, without those that both know."""
    return own_ids(one) - own_ids(other)


def ids_inside(text: str) -> Iterator[str]:
    return (found[0] for found in _ID.finditer(text))


def without_ids(path: str) -> str:
    """The address as the description has it, whatever the names of its parts."""
    return _ID.sub("{id}", path)


def fingerprint(made: seed.Seeded) -> dict[str, str]:
    """A digest of all rows of a customer, table by table."""
    return {
        table: rows_of(
            f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), ''))"
            f" FROM {table} t WHERE tenant_id = %s",
            made.tenant_id,
        )[0][0]
        for table in tables()
    }
