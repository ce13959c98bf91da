"""Customers with something of every kind, so that an id of each kind can be tried on each address.

Every text of a customer holds its code: where another customer's answer holds it, something leaked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db import connections

from nostro.app import world
from nostro.domain.case import CaseKind
from nostro.domain.change_request import RequestState
from nostro.domain.event import Actor
from nostro.domain.match import Adjustment, AdjustmentKind, MatchState, ProposalStatus
from nostro.domain.match import Proposal as MatchProposal
from nostro.domain.money import Money
from nostro.domain.netting import Proposal, Reduced, Used
from nostro.domain.operator_evidence import EvidenceKind, OperatorEvidence
from nostro.domain.party import Role
from nostro.domain.problem import NOWHERE
from nostro.domain.statement import Entry
from nostro.domain.statement_identity import announced
from nostro.storage import (
    callbacks,
    case_listing,
    cases,
    change_requests,
    check_exceptions,
    credit_notes,
    events,
    invitations,
    matches,
    nettings,
    operator_evidence,
    payee_changes,
    pending,
    statement_files,
    statements,
    step_ups,
    submission_listing,
)
from nostro.storage.cases import NewCase
from nostro.storage.change_requests import RequestRow
from nostro.storage.keys import Scope
from nostro.storage.matches import MatchRow
from nostro.storage.payee_changes import NewChange
from nostro.storage.statement_files import StatementFileRow
from nostro.storage.tenancy import tenant
from tests import seed
from tests.api import door
from tests.api.test_reading import file

_IS = "SELECT {} FROM {} WHERE tenant_id = %s"
_HIS = "SELECT id FROM {} WHERE user_id IN (SELECT person_id FROM membership WHERE tenant_id = %s)"

# What a part of an address names: the question for a customer's rows of that kind. A part that is
# not here fails a test; `customer` makes a row of each.
NAMED: Final[Mapping[str, str]] = {
    "callback_name": _IS.format("callback_name", "connection") + " AND callback_name <> ''",
    "case_id": _IS.format("id", "case_file"),
    "check_id": _IS.format("id", "issued_check"),
    "change_id": _IS.format("id", "payee_change"),
    "debtor_id": _IS.format("id", "debtor"),
    "event_id": _IS.format("id", "event"),
    "exception_id": _IS.format("id", "check_exception"),
    "evidence_id": _IS.format("id", "evidence"),
    "file_id": _IS.format("id", "statement_file"),
    "filter_id": _IS.format("id", "saved_view"),
    "hold_id": _IS.format("id", "hold"),
    "invitation_id": _IS.format("id", "invitation"),
    "item_id": _IS.format("id", "open_item"),
    "key_id": _IS.format("id", "api_key"),
    "match_id": _IS.format("id", "match"),
    "netting_id": _IS.format("id", "netting"),
    "note_id": _IS.format("id", "credit_note"),
    "order_id": _IS.format("id", "payment_order"),
    "payment_id": _IS.format("id", "payment_order"),
    "payee_id": _IS.format("id", "payee"),
    "person_id": _IS.format("person_id", "membership"),
    "pending_id": _IS.format("id", "pending_transaction"),
    "pk": _HIS.format("mfa_authenticator"),
    "proposal_id": _IS.format("id", "match_proposal"),
    "request_id": _IS.format("id", "change_request"),
    "sign_in_id": _HIS.format("usersessions_usersession"),
    "stated_id": _IS.format("id", "operator_evidence"),
    "statement_id": _IS.format("id", "statement"),
    "step_up_id": _IS.format("id", "step_up"),
    "stop_id": _IS.format("id", "payment_freeze"),
    "submission_id": _IS.format("id", "submission"),
    "transaction_id": _IS.format("id", "bank_transaction"),
    "view_id": _IS.format("id", "saved_view"),
    "webhook_id": _IS.format("id", "webhook_endpoint"),
}
# Parts that are no ids of ours, and why nobody can take another's.
NO_ID: Final[Mapping[str, str]] = {
    "token": "whoever holds the link of an invitation may use it: only its hash is kept",
}
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def customer(code: str, iban: str) -> seed.Seeded:
    """A customer with something of every kind that an address can name (see `NAMED`)."""
    made = seed.customer(code, payments=2, iban=iban)
    file(made)
    door.payee(made, f"V-{code}")
    with tenant(made.tenant_id):
        (sent,) = submission_listing.submissions(submission_listing.FileFilter()).rows
        _recall(made, sent.id)
        _correction(made)
        _stated(made, sent.id)
        _presented(made)
        _credit(made)
        _matched(made)
        _long_file(made)
        _announced(made)
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


def _announced(made: seed.Seeded) -> None:
    """An entry that its bank announced."""
    (evidence_id, *_) = ids_in("evidence", made.tenant_id)
    (account_id, *_) = ids_in("account", made.tenant_id)
    entry = Entry(
        amount=Money(7_00, "EUR"), status="PDNG", booked=None, value=seed.TODAY,
        bank_reference=f"{made.code}-ref", entry_reference="", transaction_code="",
        proprietary_code="", reversal=False, text=f"{made.code} announced", details=(),
        location=NOWHERE,
    )  # fmt: skip
    pending.insert(
        announced([(1, entry)]), [door.new()], account_id, evidence_id, "intraday", seed.NOW
    )


def _long_file(made: seed.Seeded) -> None:
    (evidence_id, *_) = ids_in("evidence", made.tenant_id)
    row = StatementFileRow(
        id=door.new(), evidence_id=evidence_id, connection_id=None, statement_id=None,
        format_profile=made.code, state="done", received_at=seed.NOW,
    )  # fmt: skip
    statement_files.insert(row, seed.NOW)
    statement_files.update(row.id, next_action_at=None)


def _stated(made: seed.Seeded, submission_id: UUID) -> None:
    row = OperatorEvidence(
        id=str(door.new()), kind=EvidenceKind.BANK_NEVER_HAD_IT, submission_id=str(submission_id),
        attempt_id="", told_by=f"Ms {made.code}", text=f"{made.code} rang.",
        stated_by=str(door.new()), stated_at=seed.NOW,
    )  # fmt: skip
    operator_evidence.insert(row, f"Somebody of {made.code}", None, seed.NOW)


def _change(made: seed.Seeded, person_id: UUID) -> RequestRow:
    return RequestRow(
        id=door.new(), kind="membership", subject_id=person_id, subject=f"Ada of {made.code}",
        wanted={"person": f"{made.code}@example.com", "grants": []}, before={}, after={},
        reason=f"{made.code} grows", state=RequestState.ASKED, needed=1, asked_by=str(person_id),
        asked_by_kind="person", asked_by_name=f"Ada of {made.code}", asked_for=(),
        asked_at=seed.NOW, expires_at=world().clock.now() + timedelta(days=1),
    )  # fmt: skip


def _belongs_to(made: seed.Seeded, person_id: UUID) -> None:
    """What waits for a person of the customer, and what he signs in by."""
    now = world().clock.now()
    with tenant(made.tenant_id):
        change_requests.insert(_change(made, person_id))
        step_ups.open_one(door.new(), person_id, "0" * 64, made.order_ids, made.code, now)
        callbacks.open_door(f"Bank of {made.code}")
        invitations.add(
            door.new(), email=f"{made.code}@example.com", name=f"New of {made.code}", grants=[],
            token=made.code, by=Actor(kind="person", id=str(person_id), name=made.code), now=now,
            expires_at=now + timedelta(days=1),
        )  # fmt: skip
    passkey = {"name": f"Laptop of {made.code}", "credential": {}}
    Authenticator.objects.create(
        user_id=person_id, type=Authenticator.Type.WEBAUTHN, data=passkey, created_at=now
    )
    UserSession.objects.create(
        user_id=person_id, ip="192.0.2.1", user_agent=made.code, session_key=f"of-{made.code}"
    )


def _asked_for(made: seed.Seeded) -> None:
    """What a person of the customer makes himself."""
    person_id = door.person([made], tuple(Role), made.code)
    _belongs_to(made, person_id)
    token = door.key(made, tuple(Scope), person_id=person_id)
    (payee_id,) = ids_in("payee", made.tenant_id)
    reason = f"{made.code} is careful"
    bodies = {
        "/v1/stops": {"scope": "payee", "subject_id": str(payee_id), "reason": reason},
        "/v1/webhooks": {"url": f"https://{made.code.lower()}.example/told"},
    }
    bodies["/v1/checks"] = _checks(made)
    for name in (f"Of {made.code}", f"Everything of {made.code}"):  # One is forgotten by each door.
        shared = {"name": name, "filters": {}, "shared": True}
        assert door.post(token, "/v1/saved-filters", shared).status_code == 201
    for path, body in bodies.items():
        answer = door.post(token, path, body)
        assert answer.status_code == 201, (path, answer.content)
    told = door.post(token, "/v1/open-items", _owed(made))
    assert told.status_code == 200, told.content
    owing = {"number": made.code, "name": f"Customer of {made.code}"}
    told = door.post(token, "/v1/customers", {"entity": f"E-{made.code}", "customers": [owing]})
    assert told.status_code == 200, told.content


def _owed(made: seed.Seeded) -> dict[str, Any]:
    item = {
        "document": f"RE-{made.code}", "customer_number": made.code, "open_amount": "1.00",
        "currency": "EUR", "due_date": "2026-12-01", "customer_name": f"Customer of {made.code}",
    }  # fmt: skip
    return {"entity": f"E-{made.code}", "items": [item]}


def _checks(made: seed.Seeded) -> dict[str, Any]:
    """A check to somebody whose name holds the customer's code."""
    told = door.check(made)
    told["checks"][0]["payee"] = [f"Payee of {made.code}"]
    return told


def _presented(made: seed.Seeded) -> None:
    """A check that the customer's bank asks about."""
    (evidence_id, *_) = ids_in("evidence", made.tenant_id)
    row = {
        "id": door.new(), "account_id": made.account_id, "connection_id": made.connection_id,
        "evidence_id": evidence_id, "identity": f"{made.code}-1", "issued_id": None,
        "number": "1900", "amount_minor": 500, "currency": "EUR", "payee": [f"Of {made.code}"],
        "presented_on": seed.TODAY, "issued_on": None, "bank_reference": f"{made.code}-R",
        "bank_reason": f"{made.code} asks", "why": "not_issued", "differences": [],
        "state": "open", "state_since": seed.NOW, "received_at": seed.NOW,
        "decide_by": world().clock.now() + timedelta(hours=5), "time_zone": "America/New_York",
        "if_nobody": "return", "next_action_at": None,
    }  # fmt: skip
    check_exceptions.insert([row])


def _matched(made: seed.Seeded) -> None:
    """A line that a person put on account, and a way to explain it that was proposed before."""
    (line_id, *_) = ids_in("bank_transaction", made.tenant_id)
    kept = Money(100, "EUR")
    told = MatchProposal(
        transaction_id=str(line_id), allocations=(), rule="person", evidence_class="person",
        adjustments=(
            Adjustment(kind=AdjustmentKind.ON_ACCOUNT, amount=kept, customer_number=made.code),
        ),
        probability_millionths=500_000, status=ProposalStatus.SUGGEST,
        evidence=(f"{made.code} said so",),
    )  # fmt: skip
    matches.propose([told], door.new, seed.NOW)
    row = MatchRow(
        id=door.new(), state=MatchState.MATCHED, proposal=told, decided_by=f"Ada of {made.code}",
        by_person=True,
    )  # fmt: skip
    matches.insert([row], door.new, seed.NOW)
    statements.set_match_state([line_id], MatchState.MATCHED)


def _credit(made: seed.Seeded) -> None:
    """A credit note, and a proposal to net it."""
    (entity_id, *_) = ids_in("legal_entity", made.tenant_id)
    row = {
        "id": door.new(), "source": f"{made.code}-erp", "reference": f"{made.code}-C1",
        "document": f"{made.code} CN", "entity_id": entity_id, "payee_number": f"V-{made.code}",
        "amount_minor": 500, "left_minor": 500, "currency": "EUR", "issued_on": None,
        "run_id": None, "line": 0, "state": "open", "state_since": seed.NOW,
        "received_at": seed.NOW, "maker_id": f"{made.code}-erp", "maker_name": f"{made.code} erp",
    }  # fmt: skip
    credit_notes.insert([row])
    paid = Reduced(
        order_id=str(made.order_ids[0]), number=f"{made.code}-P", source=f"{made.code}-erp",
        reference=f"{made.code}-1", day=seed.TODAY, minor=900, less=500,
    )  # fmt: skip
    used = Used(
        note_id=str(row["id"]), source=f"{made.code}-erp", reference=f"{made.code}-C1", minor=500,
        used=500,
    )  # fmt: skip
    proposal = Proposal(
        entity_id=str(entity_id), payee_number=f"V-{made.code}", currency="EUR", payments=(paid,),
        notes=(used,),
    )  # fmt: skip
    name = f"Ada of {made.code}"
    nettings.insert(door.new(), proposal, seed.NOW, by=name, by_name=name)


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


def named(part: str, made: seed.Seeded) -> list[str]:
    """What of this customer a part of an address can name, the oldest first."""
    return [str(one) for one in sorted(one for (one,) in rows_of(NAMED[part], made.tenant_id))]


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
    """A digest of all rows of a customer and of what its people sign in by, table by table."""
    above = {
        table: rows_of(
            f"SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} t"
            f" WHERE id IN ({_HIS.format(table)})",
            made.tenant_id,
        )[0][1]
        for table in ("mfa_authenticator", "usersessions_usersession")
    }
    return above | {
        table: rows_of(
            f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), ''))"
            f" FROM {table} t WHERE tenant_id = %s",
            made.tenant_id,
        )[0][0]
        for table in tables()
    }
