"""One payee's data: all of it in the export, none of it after an erasure, the chain whole."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from django.db import connections

from nostro import verifier
from nostro.cli import privacy
from nostro.domain.errors import NostroError
from nostro.domain.order import OrderState
from nostro.domain.party import Grant, PostalAddress, Role
from nostro.ops import audit_archive, checkpoints, sealing
from nostro.ops.secrets import FileSecrets
from nostro.storage import (
    evidence,
    evidence_keys,
    idempotency,
    models,
    payee_traces,
    people,
    personal_data,
)
from nostro.storage.idempotency import Answer
from nostro.storage.payee_traces import ERASURE
from nostro.storage.tenancy import tenant
from nostro.storage.texts import ERASED
from nostro.workflows import (
    answers,
    approval,
    change_requests,
    dispatch,
    restoring,
    retention,
    saved_filters,
    webhook_endpoints,
)
from nostro.workflows import personal_data as work
from nostro.workflows.webhooks import attend
from tests.workflows.bank_words import Booking, camt_053
from tests.workflows.company import Company, iban
from tests.workflows.test_statements import Books

NAME = "Kanarienvogel-Zeisig"
TEXT = "Kanarientext 4711"
STREET = "Kanarienweg"


class Story:
    """A payee who was told of in every way that there is, and paid."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self.iban, self.second = iban(company.seed + 500), iban(company.seed + 501)
        self.clerk = company._member("Cora Clerk", frozenset({Role.MAKER}))
        with tenant(company.tenant_id):
            company.employ(self.clerk)
        self.canaries = [NAME, TEXT, STREET, self.iban, self.second]
        company.payees["V9"] = self.iban

    def changed(self, kind: str, **wanted: Any) -> None:
        """Asked for by the clerk; agreed to by Cy."""
        acting = self.company.acting(self.clerk)
        self.agree(change_requests.ask(acting, self.clerk, kind, wanted, f"{NAME} asked"))

    def agree(self, request_id: UUID) -> None:
        cy = self.company.cy
        change_requests.agree(self.company.acting(cy), cy, request_id, "checked")

    def is_paid(self) -> None:
        """Approved, sent, booked with his name, searched for, and then with another account."""
        self.changed("payee", number="V9", name=NAME, iban=self.iban)
        address = PostalAddress(street=STREET, town="Utrecht", country="NL")
        more: dict[str, Any] = {"payee_name": NAME, "payee_address": address, "remittance": TEXT}
        books = Books(self.company, 2, payee="V9", **more)
        books.reports((0, "ACCP", ""), (1, "ACSC", ""))
        books.statement(
            Booking(minor=-100_00, end_to_end_id=books.keys[0], party=NAME, party_iban=self.iban),
            Booking(minor=-100_01, end_to_end_id=books.keys[1], party=NAME, text=TEXT),
            Booking(minor=5_00, party=NAME, party_iban=self.iban, text=TEXT),
        )
        assert set(books.states) == {OrderState.SETTLED}
        self.is_named_beside()
        self.changed("payee_account", number="V9", iban=self.second, document=TEXT)
        self.changed("payee_details", number="V9", street=STREET, email=f"{NAME}@payee.example")
        self.is_called()

    def is_called(self) -> None:
        company, ann = self.company, self.company.ann
        company.clock.advance(minutes=1)
        call = {
            "number": "V9", "spoke_with": NAME, "number_called": TEXT, "said": STREET,
            "number_source": "contract", "called_at": company.clock.now().isoformat(),
        }  # fmt: skip
        acting = company.acting(ann)
        self.agree(change_requests.ask(acting, ann, "payee_call_back", call, f"rang {NAME}"))

    def is_named_beside(self) -> None:
        """In a search, a request of a program, a case that points at nothing of his, a webhook."""
        company, acting = self.company, self.company.acting()
        saved_filters.keep(acting, company.maker, NAME, "q=Kanarienvogel-Zeisig", shared=False)
        webhook_endpoints.register(acting, "https://erp.example/told")
        body = {"payments": [{"payee": {"number": "V9", "name": NAME, "iban": self.iban}}]}
        with tenant(company.tenant_id):
            told = Answer(status=201, body={"payments": [{"number": "PAY-1"}]})
            idempotency.once("payments", "k1", body, lambda: told, now=company.clock.now())
            models.Case.objects.create(
                id=company.world.ids.new(), tenant_id=company.tenant_id, kind="contradiction",
                state="resolved", natural_key=f"odd/{self.iban}", sentence=f"Odd: {self.iban}",
                can_do="Look.", due_at=company.clock.now(), opened_at=company.clock.now(),
            )  # fmt: skip

    def is_booked_with_somebody(self) -> None:
        """One of his booked lines is a batch that pays somebody else, too."""
        with tenant(self.company.tenant_id):
            line = models.BankTransaction.objects.filter(counterparty_name=NAME).first()
            assert line
            line.details.append(
                {
                    **line.details[0],
                    "counterparty_name": "Somebody Else",
                    "counterparty_iban": "",
                    "end_to_end_id": "",
                    "remittance": [],
                }
            )
            line.save()

    def may_be_erased(self) -> None:
        retention.set_retention(self.company.job, 0, "none is needed")
        self.company.clock.advance(days=366)

    def erased(self) -> None:
        acting, wanted = self.company.acting(self.clerk), {"number": "V9"}
        self.agree(change_requests.ask(acting, self.clerk, ERASURE, wanted, "to be forgotten"))

    def everything(self) -> str:
        """Each row of this customer in each table, and each file that can still be read."""
        tenant_id, told = self.company.tenant_id, []
        with connections["owner"].cursor() as cursor:
            cursor.execute(
                "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
                " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')"
                " AND NOT c.relispartition AND a.attname = 'tenant_id'"
            )
            for (table,) in cursor.fetchall():
                cursor.execute(f'SELECT t::text FROM "{table}" t WHERE tenant_id = %s', [tenant_id])
                told += [row for (row,) in cursor.fetchall()]
            for table in ("procrastinate_jobs", "shared_note"):
                cursor.execute(f'SELECT t::text FROM "{table}" t')
                told += [row for (row,) in cursor.fetchall()]
        with tenant(tenant_id):
            for evidence_id in models.Evidence.objects.values_list("id", flat=True):
                if not evidence_keys.erased(evidence_id):
                    told.append(evidence.read(evidence_id).decode(errors="replace"))
        return "\n".join(told)

    def left(self, text: str) -> list[str]:
        return [canary for canary in self.canaries if canary in text]


@pytest.fixture
def story(company: Company) -> Story:
    return Story(company)


def refusal(act: Callable[[], object]) -> NostroError:
    with pytest.raises(NostroError) as caught:
        act()
    return caught.value


def exported(company: Company, **more: Any) -> zipfile.ZipFile:
    out = io.BytesIO()
    work.export(company.job, "V9", "he asked for it", out, **more)
    return zipfile.ZipFile(out)


def test_everything_is_exported_and_nothing_is_left_after_an_erasure(story: Story) -> None:
    company, other = story.company, Company()
    with tenant(other.tenant_id):
        other.add_payee("V9", story.iban)
    story.is_paid()
    assert story.left(story.everything()) == story.canaries
    story.is_booked_with_somebody()
    with tenant(company.tenant_id):
        models.Evidence.objects.filter(name="b.xml").update(name="..\\..\\start\\b.bat")
    archive = exported(company, with_files=True)
    person = archive.read("person.json").decode()
    assert story.left(person) == story.canaries
    assert "Somebody Else" not in person
    told = json.loads(person)
    assert {row["amount_minor"] for row in told["rows"]["payment_order"]} == {100_00, 100_01}
    assert [row["version"] for row in told["rows"]["payee_account"]] == [1, 2]
    assert len(archive.namelist()) == 1 + len(told["files"]) > 3
    names = {f"files/{row['id']}.xml" for row in told["files"]}
    assert set(archive.namelist()) == {"person.json", *names}, "never what others named them"
    assert exported(company).namelist() == ["person.json"]
    story.may_be_erased()
    sealing.seal_all(company.clock.now())
    attend(company.job)  # Deliveries wait for the program that is to be told.
    story.erased()
    after = story.everything()
    assert story.left(after) == []
    assert "V9" in after, "his number stays"
    sealing.seal_all(company.clock.now())
    found = sealing.verify(company.tenant_id)
    assert (found.whole, found.why) == (True, "")
    assert found.erased > 20
    (event,) = company.events("payee.erased")
    assert (event["files"], event["named_elsewhere"]) == (len(told["files"]), {})
    with tenant(other.tenant_id):
        kept = models.PayeeAccount.objects.get(payee__number="V9")
        assert (kept.iban, kept.payee.name) == (story.iban, "Payee V9")


def test_the_outsiders_verifier_finds_the_log_whole(story: Story, tmp_path: Path) -> None:
    story.is_paid()
    story.may_be_erased()
    story.erased()
    now, secrets = story.company.clock.now(), FileSecrets(tmp_path / "keys")
    sealing.seal_all(now)
    checkpoints.make(story.company.tenant_id, secrets, now)
    out = io.BytesIO()
    audit_archive.write(story.company.tenant_id, out, now)
    out.seek(0)
    found = verifier.verify(out, checkpoints.public_key(secrets), [])
    assert (found.first, found.why) == (0, "")
    assert story.left(out.getvalue().decode()) == []


def test_events_that_no_seal_has_reached_are_sealed_and_erased(story: Story) -> None:
    """The story is erased within one breath: nothing of it was sealed before."""
    story.changed("payee", number="V9", name=NAME, iban=story.iban)
    story.erased()
    assert story.left(story.everything()) == []
    sealing.seal_all(story.company.clock.now())
    assert sealing.verify(story.company.tenant_id).whole


def test_refused_with_the_date_while_it_must_be_kept(story: Story) -> None:
    company = story.company
    story.is_paid()
    until = f"until {company.clock.now().year + 10}-12-31"
    told = refusal(story.erased)
    assert told.code == "person_must_be_kept"
    assert until in told.happened
    assert until in work.held(company.job, "V9").why_not
    story.may_be_erased()
    retention.place_hold(company.job, "Audit", "tax audit")
    assert "Audit forbids it until it is lifted" in refusal(story.erased).happened
    retention.lift_hold(company.job, "Audit", "is over")
    assert work.held(company.job, "V9").why_not == ""
    (late,) = company.ask(company.request("late", payee="V9", payee_name=NAME))
    (number,) = (row.number for row in company.orders([late]))
    assert number in refusal(story.erased).happened
    assert story.left(story.everything()) == story.canaries


def test_a_file_that_pays_others_too_is_kept_for_as_long_as_theirs_must_be(story: Story) -> None:
    """Of the two payments that left in one file the second is hers: under way, then newer."""
    company = story.company
    story.is_paid()
    story.may_be_erased()
    assert work.held(company.job, "V9").why_not == ""

    def hers(**changed: Any) -> None:
        with tenant(company.tenant_id):
            models.Order.objects.filter(id=her_id).update(**changed)

    with tenant(company.tenant_id):
        her_id = models.Order.objects.get(amount_minor=100_01).id
    hers(payee_number="V1", state=OrderState.IN_FLIGHT)
    (her,) = company.orders([her_id])
    assert her.number in refusal(story.erased).happened
    hers(state=OrderState.SETTLED, state_since=company.clock.now())
    assert f"must be kept until {company.clock.now().year}-12-31" in refusal(story.erased).happened
    company.clock.advance(days=366)
    assert work.held(company.job, "V9").why_not == ""


def test_an_account_that_is_somebody_elses_too_stays_his(story: Story) -> None:
    """Husband and wife: what is known of the one by the account alone is not the other's."""
    company = story.company
    story.changed("payee", number="V9", name=NAME, iban=story.iban)
    with tenant(company.tenant_id):
        company.add_payee("V10", story.iban)
    story.erased()
    assert NAME not in story.everything()
    with tenant(company.tenant_id):
        kept = models.PayeeAccount.objects.get(payee__number="V10")
        gone = models.PayeeAccount.objects.get(payee__number="V9")
    assert (kept.iban, gone.iban) == (story.iban, ERASED)


def paid_without_master_data(story: Story, number: str, account: str, **more: Any) -> None:
    """Two payments, booked and settled, to somebody whom no master data knows."""
    story.canaries = [NAME, TEXT, STREET, account]
    address = PostalAddress(street=STREET, town="Utrecht", country="NL")
    told: dict[str, Any] = {"payee_name": NAME, "payee_address": address, "remittance": TEXT}
    company, told = story.company, {**told, "payee": number, "creditor_iban": account, **more}
    ids = company.ask(company.request("S1", 100_00, **told), company.request("S2", **told))
    for order_id in ids:
        approval.release_hold(company.acting(company.cy), company.cy, order_id, "known to HR")
    company.approve(ids)
    (submission_id,) = company.release()
    dispatch.attend(company.job, submission_id)
    rows = company.orders(ids)
    booked = [
        Booking(
            minor=-100_00, end_to_end_id=row.instruction.end_to_end_id, party=NAME,
            party_iban=account, text=TEXT,
        )
        for row in rows
    ]  # fmt: skip
    content = camt_053(rows[0].route.debtor_iban, booked)
    answers.receive_message(company.job, company.bank_id, "b.xml", content)
    assert set(company.states(ids)) == {OrderState.SETTLED}


@pytest.mark.parametrize("by_account", [False, True])
def test_who_is_known_only_from_payments_is_shown_exported_and_erased(
    story: Story, *, by_account: bool
) -> None:
    """Payroll is paid without master data, and a pain.001 names payees by their accounts."""
    company, account = story.company, iban(story.company.seed + 510)
    number = f"iban:{account}" if by_account else "70017"
    paid_without_master_data(story, number, account)
    until = f"until {company.clock.now().year + 10}-12-31"
    typed = f"iban:{account[:4]} {account[4:].lower()}"
    for asked in (number, typed):
        held = work.held(company.job, asked)
        assert (held.rows["payment_order"], "payee" in held.rows) == (2, False)
        assert until in held.why_not
    out = io.BytesIO()
    work.export(company.job, number, "asked for it", out)
    assert story.left(zipfile.ZipFile(out).read("person.json").decode()) == story.canaries
    clerk, wanted = company.acting(story.clerk), {"number": number}

    def erase() -> None:
        story.agree(change_requests.ask(clerk, story.clerk, ERASURE, wanted, "to be forgotten"))

    assert until in refusal(erase).happened
    story.may_be_erased()
    erase()
    assert story.left(story.everything()) == []
    assert refusal(erase).code == ("payee_unknown" if by_account else "person_erased")
    assert refusal(lambda: work.held(company.job, ERASED)).code == "payee_unknown"
    (event,) = company.events("payee.erased")
    assert event["number"] == ("" if by_account else "70017")
    sealing.seal_all(company.clock.now())
    assert sealing.verify(company.tenant_id).whole


def test_what_a_backup_brings_back_of_who_is_known_only_from_payments(story: Story) -> None:
    company, account = story.company, iban(story.company.seed + 511)
    paid_without_master_data(story, "70017", account)
    story.may_be_erased()
    wanted, clerk = {"number": "70017"}, company.acting(story.clerk)
    story.agree(change_requests.ask(clerk, story.clerk, ERASURE, wanted, "to be forgotten"))
    done = [one for one in work.erasures(company.job) if one.what == "payee"]
    with tenant(company.tenant_id):
        models.Order.objects.update(creditor_name=NAME, creditor_iban=account)
    company.clock.advance(days=1)
    restoring.quarantine(company.job, "restored from the backup of tonight")
    assert work.repeat(company.job, done) == work.Repeated(erased=1, kept=[])
    assert story.left(story.everything()) == []


def test_who_is_paid_by_number_and_by_account_alone_is_one_payee(company: Company) -> None:
    account = iban(company.seed + 512)
    told: dict[str, Any] = {"creditor_iban": account}
    company.ask(
        company.request("S1", payee="70017", **told),
        company.request("S2", payee=f"iban:{account}", **told),
    )
    for asked in ("70017", f"iban:{account}"):
        assert work.held(company.job, asked).rows["payment_order"] == 2
    company.ask(company.request("S3", payee="70018", **told))
    for asked in ("70017", "70018", f"iban:{account}"):
        assert work.held(company.job, asked).rows["payment_order"] == 1, "it may be either's"


def test_who_is_not_cleared_learns_of_nobody_in_the_payroll(story: Story) -> None:
    """Asking for an erasure tells whether there is such a payee, and until when he is kept."""
    company, account = story.company, iban(story.company.seed + 513)
    told: dict[str, Any] = {"creditor_iban": account, "confidential": True}
    company.ask(company.request("S1", payee="70017", **told))
    clerk = company.acting(story.clerk)

    def asked() -> str:
        wanted = {"number": "70017"}
        ask = change_requests.ask
        return refusal(lambda: ask(clerk, story.clerk, ERASURE, wanted, "curious")).code

    assert asked() == "payee_unknown"
    with tenant(company.tenant_id):
        grants = (Grant(role=Role.MAKER, cleared=True),)
        people.grant_reaching(company.world.ids.new(), UUID(story.clerk.id), grants)
    assert asked() == "person_must_be_kept"


def test_two_people_erase_and_once(story: Story) -> None:
    company = story.company
    story.changed("payee", number="V9", name=NAME, iban=story.iban)
    cy, bob, wanted = company.cy, company.bob, {"number": "V9"}
    request_id = change_requests.ask(company.acting(cy), cy, ERASURE, wanted, "she asked")
    assert refusal(lambda: story.agree(request_id)).code == "own_request"
    assert NAME in story.everything()
    change_requests.agree(company.acting(bob), bob, request_id, "checked")
    assert NAME not in story.everything()
    assert refusal(story.erased).code == "person_erased"
    assert refusal(lambda: work.held(company.job, "V77")).code == "payee_unknown"


def test_a_request_tells_of_him_by_his_number_not_by_one_that_looks_like_it(
    company: Company,
) -> None:
    """Payee 12 is neither building 12 nor payee 112, who are paid in the same request."""
    his, hers = iban(company.seed + 700), iban(company.seed + 701)
    at_12 = {"street": "Mainweg", "building_number": "12"}
    other = {"reference": "R-12", "payee": {"number": "112", "iban": hers, "address": at_12}}
    one = {"payee": {"number": "12", "name": NAME, "iban": "", "address": {"street": STREET}}}
    moved = {"reason": "moved", "payee": {"iban": his, "name": NAME}}
    bodies = {
        "both": {"source": "erp-12", "payments": [other, {**one, "remittance": TEXT}]},
        "hers": {"payments": [other, other]},
        "one": {**one, "remittance": TEXT, "invoices": ["12"]},
        "moved": moved,
        "search": {"name": "mine", "filters": {"payee": "12"}},
    }
    with tenant(company.tenant_id):
        payee_id = company.add_payee("12", his)
        told = Answer(status=201, body={"payments": [{"number": "PAY-12"}]})
        for key, body in bodies.items():
            idempotency.once("do", key, body, lambda: told, now=company.clock.now())
    with tenant(company.tenant_id):
        traces = payee_traces.payee_traces(payee_id)
        assert traces
        assert traces.requests == ("do both", "do moved", "do one", "do search")
        rows = {
            row["key"]: row["body"] for row in dict(personal_data.rows_of(traces))["idempotency"]
        }
        assert rows == {
            "do both": {"source": "erp-12", "payments": [{**one, "remittance": TEXT}]},
            "do moved": moved,
            "do one": bodies["one"],
            "do search": bodies["search"],
        }
        personal_data.overwrite(traces, b"salt")
        kept = dict(models.Idempotency.objects.values_list("key", "body"))
        answers = set(models.Idempotency.objects.values_list("answer__payments__0__number"))
    assert kept["do hers"] == bodies["hers"]
    assert (kept["do both"]["source"], kept["do both"]["payments"][0]) == ("erp-12", other)
    assert answers == {("PAY-12",)}
    left = json.dumps(kept)
    assert [word for word in (NAME, TEXT, STREET, his) if word in left] == []


def as_the_backup_has_it(story: Story) -> None:
    with tenant(story.company.tenant_id):
        models.Payee.objects.filter(number="V9").update(name=NAME)
        models.PayeeAccount.objects.filter(payee__number="V9").update(iban=story.iban)


def test_what_a_backup_brings_back_is_erased_again(story: Story) -> None:
    company = story.company
    story.changed("payee", number="V9", name=NAME, iban=story.iban)
    story.erased()
    done = work.erasures(company.job)
    assert [one.what for one in done] == ["payee"]
    assert work.repeat(company.job, done) == work.Repeated(erased=0, kept=[]), "it is erased"
    as_the_backup_has_it(story)
    assert work.repeat(Company().job, done) == work.Repeated(erased=0, kept=[]), "another's"
    company.clock.advance(days=1)
    restoring.quarantine(company.job, "restored from the backup of tonight")
    assert work.repeat(company.job, done) == work.Repeated(erased=1, kept=[])
    assert story.left(story.everything()) == []


def test_a_list_of_erasures_erases_nothing_that_the_rules_keep(
    story: Story, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Somebody wrote the list himself: what must be kept stays, and the rest is done."""
    company = story.company
    story.is_paid()
    with tenant(company.tenant_id):
        payee_id = models.Payee.objects.get(number="V9").id
        gone_id = company.add_payee("V10", iban(company.seed + 600))
        (evidence_id, *_) = models.Evidence.objects.values_list("id", flat=True)
    told: dict[str, Any] = {
        "customer_id": company.tenant_id,
        "erased_at": company.clock.now(),
        "reason": "why not",
    }
    done = [
        work.Erasure(what=what, subject_id=subject_id, **told)
        for what, subject_id in (
            ("payee", payee_id), ("evidence", evidence_id), ("payee", gone_id),
        )
    ]  # fmt: skip
    before = story.everything()
    restored = work.repeat(company.job, done)
    assert (restored.erased, len(restored.kept)) == (0, 3)
    assert all("No backup was restored" in why for why in restored.kept)
    assert story.everything() == before
    company.clock.advance(minutes=1)
    restoring.quarantine(company.job, "restored from the backup of tonight")
    listed = tmp_path / "erasures.jsonl"
    listed.write_bytes(b"\n".join(msgspec.json.encode(one) for one in done))
    with pytest.raises(SystemExit) as ended:
        privacy.repeat(str(listed), company.code)
    assert ended.value.code == 1
    out = capsys.readouterr().out
    assert f"{company.code}: 1 erased again." in out
    until = f"must be kept until {company.clock.now().year + 10}-12-31"
    assert f"not erased again: payee {payee_id}: Payee V9 cannot be erased" in out
    assert (
        f"not erased again: evidence {evidence_id}: This file cannot be erased: it {until}" in out
    )
    assert story.left(story.everything()) == story.canaries


# What is not overwritten in a payee's own rows, because it is no word about him: states, codes, our
# own numbers and accounts, colleagues. An account of his alone is overwritten wherever it stands.
NOT_ABOUT_HIM = {
    "advice_notice": "kind state payee_number formats rule message_id asked_by_name",
    "advised_payment": "kind",
    "account": "name iban local_account bic currency ledger_account clearing_account",
    "allocation": "currency",
    "api_key": "prefix secret_hash name scopes networks",
    "approval": "person_id person_name",
    "policy_version": "kind content changed_by",
    "attempt": "state end_to_end_id payment_information_id reason rail_reference "
    "bank_reference cancel_purpose",
    "balance": "code currency",
    "bank_calendar": "terms changed_by reason",
    "bank_transaction": "currency status bank_reference end_to_end_id payment_information_id "
    "transaction_code details match_state",
    "intraday_report": "series report_id content currency",
    "pending_transaction": "series status currency bank_reference end_to_end_id uetr "
    "payment_information_id transaction_code tentative",
    "case_file": "kind state stage natural_key owner owner_name currency details",
    "change_agreement": "person_name acted_for",
    "change_request": "kind state asked_by asked_by_kind asked_by_name asked_for ended_by_name",
    "check_exception": "identity number currency bank_reference why state time_zone if_nobody "
    "decision first_by first_by_name decided_by decided_by_name",
    "connection": "name connector config cursor callback_name",
    "credit_note": "source reference payee_number currency state maker_id maker_name ended_by_name",
    "customer": "name code evidence_kept_in",
    "data_key": "purpose key_id",
    "evidence": "digest media_type name direction",
    "evidence_key": "kept_in",
    "fact": "identity message_id original_message_id end_to_end_id status reason "
    "kind currency verdict",
    "federated_identity": "issuer subject",
    "hold": "code refers_to closed_by",
    "identity_provider": "issuer client_id groups_claim group_roles",
    "invitation": "email name grants token_hash invited_by",
    "issued_check": "number currency payee_number source state maker_id maker_name acted_by "
    "acted_by_name not_in_file",
    "journal_event": "event owner action reference",
    "journal_line": "ledger_account document_currency functional_currency open_item",
    "legal_entity": "code name address functional_currency receivables_account",
    "legal_hold": "name reason placed_by",
    "match": "state rule evidence_class decided_by undone_by",
    "match_model": "content calibration",
    "match_proposal": "rule evidence_class status allocations adjustments refused_by",
    "adjustment": "kind code customer_number currency",
    "membership": "roles grants",
    "open_item": "source document kind customer_number customer_name parent_number currency "
    "payer_iban further_references",
    "open_item_list": "source",
    "debtor": "number name parent_number ibans further_names source",
    "payer_key": "customer_number",
    "netting": "payee_number currency payments notes digest state proposed_by proposed_by_name"
    " decided_by decided_by_name",
    "operator_evidence": "kind state stated_by stated_by_name decided_by decided_by_name",
    "payee": "number",
    "payee_account": "changed_by source asked_by_name agreed_by_name",
    "payee_confirmation": "method number_source done_by done_by_name agreed_by_name",
    "name_question": "state",
    "payee_verification": "answer asked_by_name",
    "payee_details": "changed_by source asked_by_name agreed_by_name",
    "payee_change": "state origin code proposed_by decided_by decided_by_name natural_key",
    "payment_freeze": "scope cause frozen_by frozen_by_name",
    "payment_freeze_lift": "person_id person_name",
    "payment_order": "number state source source_reference payee_number currency roll_rule "
    "end_to_end_id route policy_version waits_for maker_id maker_name changed_by told_source",
    "payment_run": "source reference totals state stated_totals format_profile maker_id maker_name",
    "rate": "base quote source",
    "retention_rule": "kind",
    "run_line": "outcome code",
    "saved_view": "page name query person_id",
    "screening_clearance": "list_code entry_id entry_digest cleared_by",
    "statement_file": "format_profile state",
    "statement": "statement_id kind currency verdict verdict_reason problems content",
    "step_up": "digest orders nonce method signature",
    "stored_secret": "name",
    "submission": "purpose state message_id file_name media_type totals bank_reference last_error",
    "webhook_delivery": "type state last_error",
    "webhook_endpoint": "url description event_types created_by disabled_because",
}


def test_each_column_that_can_hold_words_was_thought_of() -> None:
    """A new column has to be overwritten, or to be told here."""
    for model in personal_data._tenant_models():
        table = model._meta.db_table
        parts = (personal_data.OVERWRITTEN, personal_data.GUESSABLE)
        overwritten = {name for part in parts for name in part.get(model, ())}
        there = {one.name for one in personal_data._columns(model)}
        assert there == overwritten | set(NOT_ABOUT_HIM.get(table, "").split()), table
