"""A confidential run lives its whole life full of canaries: nobody who is not cleared is told one.

Addresses come from the URL resolver and ids from the database's own catalogue, so that a new page
or operation cannot be forgotten. Who is cleared is told the canaries: so the test can fail.
"""

from __future__ import annotations

import csv
import io
import json
import logging
import zipfile
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import msgspec
import pytest
from django.test import Client
from django.urls import reverse

from nostro.cli import payment_list, payment_trace
from nostro.domain.case import CaseKind
from nostro.domain.errors import NostroError
from nostro.domain.party import Grant, Member, Role
from nostro.domain.policies.recall import RecallReason
from nostro.storage import events, models, people, webhooks
from nostro.storage.keys import Scope
from nostro.storage.tenancy import Sight, seeing, tenant
from nostro.workflows import (
    answers,
    approval,
    audit_binder,
    cancelling,
    case_work,
    dispatch,
    payment_intake,
)
from nostro.workflows import webhooks as telling
from tests.api import door
from tests.security import two_customers
from tests.security.test_other_customers_ids import addresses
from tests.workflows.bank_words import Booking, camt_053, pain_002
from tests.workflows.company import FRIDAY, PROFILE, Company, iban, scripted_connector

NAMES = ("Zyxkanar Eins", "Zyxkanar Zwei", "Zyxkanar Drei")
AMOUNTS = ("812345.67", "712345.68", "612345.69")
TOTAL = "2,137,037.04"
ROLES = tuple(Role)
REFUSED = ("payment_came_back", "never_executed")  # To who is cleared: no advice, and why.


class Life(msgspec.Struct):
    """What happened, who looks at it, and what nobody else may be told."""

    company: Company
    ids: list[UUID]
    canaries: tuple[str, ...]
    logged: list[str]
    cleared: UUID
    everything: UUID
    roles: dict[Role, UUID]


class _Kept(logging.Handler):
    def __init__(self, into: list[str]) -> None:
        super().__init__(logging.DEBUG)
        self._into = into

    def emit(self, record: logging.LogRecord) -> None:
        self._into.append(f"{record.getMessage()} {record.args!r} {record.exc_text or ''}")


@pytest.fixture(scope="module")
def life(database: str) -> Iterator[Life]:
    logged: list[str] = []
    kept = _Kept(logged)
    logging.getLogger().addHandler(kept)
    with scripted_connector():
        yield _lived(Company(), logged)
    logging.getLogger().removeHandler(kept)


def _lived(company: Company, logged: list[str]) -> Life:
    accounts = [iban(company.seed + 500 + number) for number in range(3)]
    rows = [
        {"VENDOR": f"K{n}", "VENDOR_NAME": NAMES[n], "IBAN": accounts[n], "AMOUNT": AMOUNTS[n],
         "INVOICES": f"KANARTEXT-{n}"}
        for n in range(3)
    ]  # fmt: skip
    with tenant(company.tenant_id):
        for number, account in enumerate(accounts):
            company.add_payee(f"K{number}", account)
    content = company.run_file(*rows)
    receipt = payment_intake.receive_run(
        company.acting(), "hr", "payroll.csv", content, PROFILE, confidential=True
    )
    ids = [line.order_id for line in receipt.lines if line.order_id]
    first, second = (_cleared(company, name) for name in ("Pia Payroll", "Per Payroll"))
    _paid(company, ids, (first, second))
    with tenant(company.tenant_id):
        while events.seal(company.tenant_id, FRIDAY):
            pass
    every = {role: door.person([_seeded(company)], [role], f"Only {role}") for role in ROLES}
    flat = [text.replace(".", "") for text in AMOUNTS]
    grouped = [f"{text[:3]},{text[3:]}" for text in AMOUNTS]
    return Life(
        company=company,
        ids=ids,
        canaries=(*NAMES, *accounts, *AMOUNTS, *flat, *grouped, "KANARTEXT"),
        logged=logged,
        cleared=_signing_in(company, Grant(role=Role.TREASURER, cleared=True)),
        everything=door.person([_seeded(company)], ROLES, "Everything but cleared"),
        roles=every,
    )


def _seeded(company: Company) -> Any:
    """The company as the callers of /v1 know a customer: by its id."""
    return company


def _cleared(company: Company, name: str) -> Member:
    grants = (Grant(role=Role.TREASURER, cleared=True),)
    roles = frozenset({Role.TREASURER})
    made = Member(id=str(company.world.ids.new()), name=name, roles=roles, grants=grants)
    with tenant(company.tenant_id):
        company.employ(made)
        people.grant_reaching(company.world.ids.new(), UUID(made.id), grants)
    return made


def _signing_in(company: Company, grant: Grant) -> UUID:
    person_id = door.person([_seeded(company)], [grant.role], "Clara Cleared")
    with tenant(company.tenant_id):
        people.grant_reaching(door.new(), person_id, [grant])
    return person_id


def _paid(company: Company, ids: list[UUID], who: tuple[Member, Member]) -> None:
    """Approved, sent, answered, one rejected, one booked, one asked back: with cases for each."""
    for one in [row for row in company.orders(ids) if row.state.value == "held"]:
        approval.release_hold(company.acting(who[0]), who[0], one.id, "rang HR")
    for member in who:
        approval.approve(company.acting(member), member, ids, company.seen(ids))
    for submission_id in company.release():
        dispatch.attend(company.job, submission_id)
    sent = company.bank.received[-1].message_id
    rows = company.orders(ids)
    keys = [row.instruction.end_to_end_id for row in rows]
    words = [(keys[0], "ACSC", ""), (keys[1], "RJCT", "AC04"), (keys[2], "ACSC", "")]
    _hears(company, pain_002(sent, lines=words))
    booked = Booking(
        minor=-rows[0].instruction.amount.minor,
        end_to_end_id=keys[0],
        reference="B0",
        text="KANARTEXT-0",
        party=NAMES[0],
        party_iban=rows[0].instruction.creditor_iban,
    )
    announced = camt_053(rows[0].route.debtor_iban, [booked])
    for old, new in ((b"camt.053", b"camt.052"), (b"BkToCstmrStmt", b"BkToCstmrAcctRpt"),
                     (b"<Stmt>", b"<Rpt>"), (b"</Stmt>", b"</Rpt>")):  # fmt: skip
        announced = announced.replace(old, new)
    _hears(company, announced)
    _hears(company, camt_053(rows[0].route.debtor_iban, [booked]))
    wish = cancelling.Wish(reason=RecallReason.DUPLICATE, text="paid twice, KANARTEXT")
    cancelling.take_back(company.acting(who[0]), who[0], [ids[2]], wish)


def _hears(company: Company, content: bytes) -> None:
    answers.receive_message(company.job, company.bank_id, "b.xml", content)


def test_the_life_was_full_of_things_to_leak(life: Life) -> None:
    assert [state.value for state in life.company.states(life.ids)][:2] == ["settled", "rejected"]
    kinds = {kind for kind, _ in life.company.cases()}
    assert {CaseKind.REJECTION.value, CaseKind.RECALL.value} <= kinds
    assert two_customers.ids_in("bank_transaction", life.company.tenant_id)
    assert two_customers.ids_in("pending_transaction", life.company.tenant_id)


def _browser(person_id: UUID) -> Client:
    client = door.browser()
    assert client.login(email=f"{person_id}@example.com", password=door.PASSWORD)
    return client


_TABLES = {
    "order_id": ("payment_order",),
    "payment_id": ("payment_order",),
    "case_id": ("case_file",),
    "statement_id": ("statement",),
    "submission_id": ("submission",),
    "evidence_id": ("evidence",),
    "event_id": ("event",),
    "pending_id": ("pending_transaction",),
}


def _paths(life: Life, *, ids: bool = True) -> Iterator[str]:
    """Every address to look at; those with ids with all ids of their kind."""
    for address in addresses():
        if not address.names:
            yield address.path
        for name in address.names[:1] if ids else ():
            found = {
                one
                for table in _TABLES.get(name, ("payee", "connection", "account"))
                for one in two_customers.ids_in(table, life.company.tenant_id)
            }
            for one in sorted(found):
                yield from address.filled(str(one))


def _body(answer: Any) -> str:
    content = answer.getvalue() if answer.streaming else answer.content
    if content.startswith(b"PK"):  # An archive tells nothing unopened.
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            content = b"".join(archive.read(name) for name in archive.namelist())
    return str(content.decode("utf-8", "replace"))


def _leaks(life: Life, where: str, text: str) -> list[tuple[str, str]]:
    return [(where, one) for one in life.canaries if one in text]


def _swept(life: Life, ask: Any, *, ids: bool = True) -> tuple[list[tuple[str, str]], list[str]]:
    """What leaked where, and the addresses that answered."""
    leaked, answered = [], []
    for path in _paths(life, ids=ids):
        answer = ask(path)
        leaked += _leaks(life, path, _body(answer) + str(answer.headers))
        if answer.status_code == 200:
            answered.append(path)
    return leaked, answered


def test_no_page_and_no_operation_tells_who_is_not_cleared(life: Life) -> None:
    pages = _browser(life.everything)
    token = door.key(_seeded(life.company), tuple(Scope), person_id=life.everything)

    def ask(path: str) -> Any:
        return door.get(token, path) if path.startswith("/v1/") else pages.get(path)

    leaked, answered = _swept(life, ask)
    assert leaked == []
    assert len(answered) > 60, answered
    totals = door.get(token, "/v1/payments/confidential").json()["runs"]
    assert [(run["count"], run["totals"]) for run in totals] == [
        (3, [{"value": TOTAL.replace(",", ""), "currency": "EUR"}])
    ]
    assert TOTAL in _body(pages.get("/payments/"))


def test_no_program_is_told_but_one_that_is_cleared(life: Life) -> None:
    scopes = [one for one in door.EVERYTHING if one is not Scope.CONFIDENTIAL_READ]
    token = door.key(_seeded(life.company), scopes)
    leaked, answered = _swept(
        life, lambda path: door.get(token, path if path.startswith("/v1/") else "/v1/payments")
    )
    assert (leaked, len(answered) > 30) == ([], True)
    token = door.key(_seeded(life.company), door.EVERYTHING)
    assert NAMES[0] in _body(door.get(token, "/v1/payments"))


@pytest.mark.parametrize("role", ROLES)
def test_no_list_tells_any_role(life: Life, role: Role) -> None:
    pages = _browser(life.roles[role])
    leaked, _ = _swept(life, lambda path: pages.get(path), ids=False)
    assert leaked == []


def test_letters_about_such_files_are_for_who_is_cleared(life: Life) -> None:
    hidden = door.key(_seeded(life.company), tuple(Scope), person_id=life.everything)
    shown = door.key(_seeded(life.company), tuple(Scope), person_id=life.cleared)
    with tenant(life.company.tenant_id):
        files = models.Attempt.objects.filter(order_id__in=life.ids).values("submission_id")
        sent = {str(row["submission_id"]) for row in files}
        recalls = models.Case.objects.filter(kind=CaseKind.RECALL.value).values_list(
            "id", flat=True
        )
        asked_back = [str(one) for one in recalls]
    assert sent
    assert asked_back
    pages, own = _browser(life.everything), _browser(life.cleared)
    for one in sent:
        door.is_problem(door.get(hidden, f"/v1/submissions/{one}/letter"), 403, "not_cleared")
        assert door.get(shown, f"/v1/submissions/{one}/letter").status_code == 200
    for one in asked_back:
        assert door.get(hidden, f"/v1/cases/{one}/letter").status_code == 404
        assert door.get(shown, f"/v1/cases/{one}/letter").status_code == 200
    assert pages.get(reverse("submission_letter", args=[min(sent)])).status_code == 403
    assert own.get(reverse("submission_letter", args=[min(sent)])).status_code == 200


def test_advice_to_a_payee_is_for_who_is_cleared(life: Life) -> None:
    hidden = door.key(_seeded(life.company), tuple(Scope), person_id=life.everything)
    shown = door.key(_seeded(life.company), tuple(Scope), person_id=life.cleared)
    pages, own = _browser(life.everything), _browser(life.cleared)
    codes = set()
    for one in life.ids:
        path = f"/v1/payments/{one}/remittance-advice?format=text"
        assert door.get(hidden, path).status_code == 404
        told = door.get(shown, path)
        codes.add(told.status_code)
        assert told.status_code == 200 or told.json()["code"] in REFUSED
        page = reverse("remittance_advice", args=[one, "text"])
        assert pages.get(page).status_code == 404
        assert own.get(page).status_code == told.status_code
    assert codes


def test_the_whole_log_is_for_who_is_cleared(life: Life) -> None:
    refused = _browser(life.everything).post("/audit/export/")
    assert (refused.status_code, _leaks(life, "", _body(refused))) == (403, [])
    assert "not cleared for confidential payments" in _body(refused)


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.APPROVER])
def test_who_opens_one_is_told_why_he_sees_nothing(life: Life, role: Role) -> None:
    pages = _browser(life.roles[role])
    answer = pages.get(f"/payments/{life.ids[0]}/")
    assert answer.status_code == 403
    assert "not cleared for confidential payments" in _body(answer)
    token = door.key(_seeded(life.company), door.READS, person_id=life.roles[role])
    door.is_problem(door.get(token, f"/v1/payments/{life.ids[0]}"), 403, "not_cleared")


def test_searching_and_filtering_by_what_is_hidden_finds_nothing(life: Life) -> None:
    hidden = door.key(_seeded(life.company), tuple(Scope), person_id=life.everything)
    shown = door.key(_seeded(life.company), tuple(Scope), person_id=life.cleared)
    row = life.company.orders(life.ids[:1])[0]
    for query in (
        f"q={NAMES[0]}",
        f"q={row.instruction.creditor_iban}",
        f"q={row.number}",
        f"amount_from={AMOUNTS[0]}&amount_to={AMOUNTS[0]}&currency=EUR",
        f"payee={row.payee_number}",
    ):
        assert door.get(hidden, f"/v1/payments?{query}").json()["items"] == [], query
        assert door.get(hidden, f"/v1/payments/funnel?{query}").json()["states"] == [], query
        assert len(door.get(shown, f"/v1/payments?{query}").json()["items"]) == 1, query
    assert door.get(hidden, f"/v1/cases?q={NAMES[1]}").json()["items"] == []


def test_who_is_cleared_sees_it_and_that_is_on_record_once_a_page(life: Life) -> None:
    pages = _browser(life.cleared)
    before = len(life.company.events("person.shown_confidential"))
    listed = _body(pages.get("/payments/"))
    assert all(name in listed for name in NAMES)
    told = life.company.events("person.shown_confidential")[before:]
    assert [(one["count"], len(one["what"])) for one in told] == [(3, 3)]
    assert NAMES[0] in _body(pages.get(f"/payments/{life.ids[0]}/"))
    _, answered = _swept(life, pages.get)
    assert any(path.startswith("/evidence/") for path in answered)


def test_webhooks_never_tell(life: Life) -> None:
    with tenant(life.company.tenant_id):
        last = webhooks.sealed()
        told = webhooks.sealed_at(list(range(1, last + 1)))
    bodies = [telling.message_of(life.company.job, one).body.decode() for one in told.values()]
    assert len(bodies) == last > 20
    assert _leaks(life, "webhook", "\n".join(bodies)) == []
    about = [json.loads(body) for body in bodies if str(life.ids[0]) in body]
    states = [one["data"]["detail"].get("state_after") for one in about]
    assert "settled" in states  # How it stands is told.


def test_exports_logs_and_the_terminal_never_tell(
    life: Life, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    since = FRIDAY.replace(hour=0, minute=0)
    with (tmp_path / "binder.zip").open("w+b") as file:
        audit_binder.bind(life.company.job, since, since.replace(day=28), file)
    told = (tmp_path / "binder.zip").read_bytes()
    assert _leaks(life, "binder", _unpacked(told)) == []
    with zipfile.ZipFile(tmp_path / "binder.zip") as archive:
        totals = csv.DictReader(io.StringIO(archive.read("totals.csv").decode()))
        made = [row for row in totals if row["what"].startswith("payments made")]
    with tenant(life.company.tenant_id), seeing(Sight.OPEN):
        still_told = sum(row.amount_minor for row in models.Order.objects.all())
    assert sum(int(row["minor"]) for row in made) == still_told  # What is left over tells nothing.
    asked = payment_list.Asked(
        q="", customer=life.company.code, state="", payee="", currency="", requested_from="",
        requested_to="", open_case=False,
    )  # fmt: skip
    payment_list.show(asked, "created", 100, "", as_json=True)
    with pytest.raises(NostroError):
        payment_trace.show(life.company.code, life.company.orders(life.ids)[0].number, as_json=True)
    assert _leaks(life, "terminal", "".join(capsys.readouterr())) == []
    assert _leaks(life, "log", "\n".join(life.logged)) == []


def _unpacked(content: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        return "\n".join(packed.read(name).decode() for name in packed.namelist())


def test_cases_of_it_are_worked_on_by_who_is_cleared_only(life: Life) -> None:
    with tenant(life.company.tenant_id):
        case_id = models.Case.objects.filter(kind="rejection").values_list("id", flat=True)[0]
    pages = _browser(life.everything)
    answer = pages.post(f"/cases/{case_id}/note/", {"text": "hello"})
    assert answer.status_code in (403, 404)
    token = door.key(_seeded(life.company), tuple(Scope), person_id=life.everything)
    assert door.post(token, f"/v1/cases/{case_id}/note", {"text": "x"}).status_code == 404
    case_work.note(life.company.job, case_id, "The job may.")


def test_an_answer_is_not_given_again_to_who_is_not_cleared(life: Life) -> None:
    """The last test of this life: it makes a payment more."""
    path, body = f"/v1/payments/{life.ids[1]}/reissue", {"reason": "the account was closed"}
    cleared = door.key(_seeded(life.company), door.EVERYTHING)
    made = door.post(cleared, path, body, "again-1")
    assert (made.status_code, NAMES[1] in _body(made)) == (201, True)
    again = door.post(cleared, path, body, "again-1")
    assert (again.headers["Idempotency-Replayed"], _body(again)) == ("true", _body(made))
    scopes = [one for one in door.EVERYTHING if one is not Scope.CONFIDENTIAL_READ]
    hidden = door.post(door.key(_seeded(life.company), scopes), path, body, "again-1")
    assert (hidden.status_code, _leaks(life, path, _body(hidden))) == (404, [])
