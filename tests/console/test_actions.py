"""What people do to payments, files, cases and stops: the happy way, the refused one, the rights.

The rows are those of the Monday morning; what a person presses is asked as his browser asks it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from nostro.app import world
from nostro.domain.attempt import AttemptState
from nostro.domain.case import CaseKind
from nostro.domain.freeze import FreezeScope
from nostro.domain.order import OrderState
from nostro.domain.party import Role
from nostro.storage import freezes, listing, people, saved_views
from nostro.storage.case_listing import CaseFilter, cases
from nostro.storage.operator_evidence import of_submission
from nostro.storage.pages.submission import file_page
from nostro.storage.payment_links import links
from nostro.storage.payment_search import Wanted, payments
from nostro.storage.tenancy import tenant
from tests import seed as leaks
from tests.api import door
from tests.console.seed import Vesterholt

WHY = {"reason": "CUST", "text": "Ordered twice by mistake", "confirmed": "yes"}


@pytest.fixture(scope="module")
def treasurer(seeded: Vesterholt) -> Client:
    return colleague(seeded, [Role.TREASURER], "Tess Treasurer")


@pytest.fixture(scope="module")
def maker(seeded: Vesterholt) -> Client:
    return colleague(seeded, [Role.MAKER], "Mara Maker")


@pytest.fixture(scope="module")
def auditor(seeded: Vesterholt) -> Client:
    return colleague(seeded, [Role.AUDITOR], "Aud Auditor")


@pytest.fixture(scope="module")
def first(seeded: Vesterholt) -> Client:
    return entered(seeded.email(seeded.first.name), seeded.password)


@pytest.fixture(scope="module")
def second(seeded: Vesterholt) -> Client:
    return entered(seeded.email(seeded.second.name), seeded.password)


@pytest.fixture(scope="module")
def stranger(seeded: Vesterholt) -> Client:
    """A browser of somebody who works for another customer."""
    other = leaks.customer("STRANGE", payments=1)
    person = door.person([other], [Role.TREASURER, Role.MAKER])
    return entered(f"{person}@example.com", door.PASSWORD)


def colleague(seeded: Vesterholt, roles: Iterable[Role], name: str) -> Client:
    person_id = world().ids.new()
    people.create_person(
        person_id,
        email=f"{person_id}@example.com",
        name=name,
        password=door.PASSWORD,
        now=world().clock.now(),
    )
    with tenant(seeded.tenant_id):
        people.grant(world().ids.new(), person_id, roles)
    return entered(f"{person_id}@example.com", door.PASSWORD)


def entered(email: str, password: str) -> Client:
    client = door.browser()
    assert client.login(email=email, password=password)
    return client


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


def in_state(seeded: Vesterholt, state: OrderState) -> list[UUID]:
    with tenant(seeded.tenant_id):
        return [row.id for row in payments(Wanted(state=state.value), limit=100).rows]


def state_of(seeded: Vesterholt, order_id: UUID) -> OrderState:
    with tenant(seeded.tenant_id):
        row = listing.payment(order_id)
    assert row is not None
    return row.state


def case_of(seeded: Vesterholt, kind: CaseKind) -> UUID:
    with tenant(seeded.tenant_id):
        return cases(CaseFilter(kinds=(kind,)), limit=1).rows[0].id


# Taking back.


def test_what_becomes_of_each_is_shown_before_anything_is_done(
    seeded: Vesterholt, first: Client
) -> None:
    waiting = in_state(seeded, OrderState.AWAITING_APPROVAL)[0]
    chosen = [waiting, seeded.order_ids["unknown"], seeded.order_ids["rejected"]]
    told = text_of(first.post("/payments/take-back/", {"chosen": chosen}))
    for word in ("Cancelled at once", "Bank is asked for it", "Nothing to take back"):
        assert word in told
    assert state_of(seeded, waiting) is OrderState.AWAITING_APPROVAL


def test_what_has_not_left_is_cancelled_and_what_has_left_is_a_case(
    seeded: Vesterholt, first: Client
) -> None:
    waiting = in_state(seeded, OrderState.AWAITING_APPROVAL)[0]
    gone = seeded.order_ids["unknown"]
    told = text_of(first.post("/payments/take-back/", {"chosen": [waiting, gone], **WHY}))
    assert "1 cancelled, 1 asked back from the bank" in told
    assert state_of(seeded, waiting) is OrderState.CANCELLED
    recall = case_of(seeded, CaseKind.RECALL)
    page = text_of(first.get(f"/cases/{recall}/"))
    assert "Bank&#x27;s term" in page or "Bank's term" in page
    assert "We changed our mind" in page
    letter = first.get(f"/cases/{recall}/letter/")
    assert letter.content.startswith(b"%PDF")


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"reason": ""}, "No reason was chosen"),
        ({"text": " "}, "A reason of 1 to"),
        ({"reason": "FRAD", "purpose": "reroute"}, "cannot be sent again another way"),
    ],
)
def test_a_reason_that_banks_cannot_use_cancels_nothing(
    seeded: Vesterholt, first: Client, sent: dict[str, str], told: str
) -> None:
    waiting = in_state(seeded, OrderState.AWAITING_APPROVAL)[0]
    answer = first.post("/payments/take-back/", {"chosen": [waiting], **WHY, **sent})
    assert answer.status_code in (400, 409)
    assert told in text_of(answer)
    assert state_of(seeded, waiting) is OrderState.AWAITING_APPROVAL


def test_nothing_chosen_is_answered_in_words(first: Client) -> None:
    answer = first.post("/payments/take-back/", {})
    assert answer.status_code == 400
    assert "tick the payments" in text_of(answer)


def test_an_auditor_takes_nothing_back_and_is_not_asked(
    seeded: Vesterholt, auditor: Client
) -> None:
    waiting = in_state(seeded, OrderState.AWAITING_APPROVAL)[0]
    assert 'name="chosen"' not in text_of(auditor.get("/payments/"))
    assert 'name="chosen"' not in text_of(auditor.get(f"/payments/{waiting}/"))
    answer = auditor.post("/payments/take-back/", {"chosen": [waiting], **WHY})
    assert answer.status_code == 409
    assert state_of(seeded, waiting) is OrderState.AWAITING_APPROVAL


# Holding, and making again.


def test_a_hold_keeps_a_payment_and_says_who_wanted_it(seeded: Vesterholt, maker: Client) -> None:
    waiting = in_state(seeded, OrderState.AWAITING_APPROVAL)[0]
    assert "Hold 1" in text_of(maker.post("/payments/hold/", {"chosen": [waiting]}))
    sent = {"chosen": [waiting], "reason": "Ring the payee first", "confirmed": "yes"}
    assert maker.post("/payments/hold/", sent).status_code == 302
    assert state_of(seeded, waiting) is OrderState.HELD
    assert "Ring the payee first" in text_of(maker.get(f"/payments/{waiting}/"))


def test_what_has_left_cannot_be_held(seeded: Vesterholt, maker: Client) -> None:
    chosen = [seeded.order_ids["settled"]]
    assert "Nothing left to hold" in text_of(maker.post("/payments/hold/", {"chosen": chosen}))
    sent = {"chosen": chosen, "reason": "Too late", "confirmed": "yes"}
    assert maker.post("/payments/hold/", sent).status_code in (302, 400, 409)
    assert state_of(seeded, seeded.order_ids["settled"]) is OrderState.SETTLED


def test_a_rejected_payment_is_made_again_once(seeded: Vesterholt, maker: Client) -> None:
    old = seeded.order_ids["rejected"]
    sent = {"text": "The payee gave another account", "iban": leaks.IBANS[1]}
    wrong = maker.post(f"/payments/{old}/again/", {**sent, "iban": "NL00BAD"})
    assert wrong.status_code == 400
    made = maker.post(f"/payments/{old}/again/", sent)
    assert made.status_code == 302
    with tenant(seeded.tenant_id):
        replaced_by = links(old).replaced_by
    assert replaced_by is not None
    assert made["Location"] == f"/payments/{replaced_by.id}/"
    assert f'Made again as <a class="link id" href="/payments/{replaced_by.id}/">' in text_of(
        maker.get(f"/payments/{old}/")
    )
    assert "This payment replaces" in text_of(maker.get(made["Location"]))
    again = maker.post(f"/payments/{old}/again/", sent)
    assert again.status_code == 409
    assert "was replaced by" in text_of(again)


def test_only_makers_make_again(seeded: Vesterholt, second: Client) -> None:
    page = f"/payments/{seeded.order_ids['rejected']}/"
    assert "Make again" not in text_of(second.get(page))
    assert second.post(f"{page}again/", {"text": "Please"}).status_code == 409


# What people learned at the bank.


def test_evidence_that_frees_a_payment_needs_a_second_person(
    seeded: Vesterholt, first: Client, second: Client, auditor: Client
) -> None:
    file_id = seeded.file_ids["Werke US dollar account"]
    with tenant(seeded.tenant_id):
        stated = of_submission(file_id)[0].stated.id
    at = f"/files/{file_id}/said/{stated}"
    assert f"{at}/confirm/" not in text_of(first.get(f"/files/{file_id}/"))
    assert f"{at}/confirm/" not in text_of(auditor.get(f"/files/{file_id}/"))
    assert f"{at}/confirm/" in text_of(second.get(f"/files/{file_id}/"))
    assert first.post(f"{at}/confirm/").status_code == 409
    assert auditor.post(f"{at}/confirm/").status_code == 409
    assert second.post(f"{at}/refuse/", {"reason": ""}).status_code == 400
    assert second.post(f"{at}/refuse/", {"reason": "She looked at Thursday"}).status_code == 302
    with tenant(seeded.tenant_id):
        assert of_submission(file_id)[0].state == "refused"
    assert "She looked at Thursday" in text_of(first.get(f"/files/{file_id}/"))
    assert second.post(f"{at}/confirm/").status_code == 409


def test_evidence_counts_at_once_when_nothing_can_be_paid_twice(
    seeded: Vesterholt, first: Client
) -> None:
    file_id = seeded.file_ids["Werke US dollar account"]
    sent = {
        "kind": "bank_has_it",
        "told_by": "Mr Lund",
        "text": "It is in their queue",
        "attachment": SimpleUploadedFile("mail.eml", b"It is here.", "message/rfc822"),
    }
    bare = first.post(f"/files/{file_id}/said/", {"kind": "", "told_by": "x", "text": "y"})
    assert bare.status_code == 400
    assert "What the bank said was not chosen" in text_of(bare)
    unnamed = first.post(f"/files/{file_id}/said/", {**sent, "told_by": " ", "attachment": ""})
    assert "Who said it at the bank is missing" in text_of(unnamed)
    assert first.post(f"/files/{file_id}/said/", sent).status_code == 302
    with tenant(seeded.tenant_id):
        told = file_page(file_id)
        stated = of_submission(file_id)[-1]
    assert told is not None
    assert AttemptState.UNKNOWN not in told.counts
    assert first.get(f"/evidence/{stated.attachment_id}/").content == b"It is here."


def test_the_bank_letter_is_a_pdf(seeded: Vesterholt, auditor: Client) -> None:
    answer = auditor.get(f"/files/{seeded.file_ids['Werke operating account']}/letter/")
    assert answer.content.startswith(b"%PDF")
    assert "attachment" in answer["Content-Disposition"]


def test_advice_to_the_payee_of_a_settled_payment(seeded: Vesterholt, auditor: Client) -> None:
    page = f"/payments/{seeded.order_ids['settled']}/"
    assert f"{page}remittance-advice/pdf/" in auditor.get(page).content.decode()
    answer = auditor.get(f"{page}remittance-advice/pdf/")
    assert answer.content.startswith(b"%PDF")
    assert "attachment" in answer["Content-Disposition"]
    whole = auditor.get(f"{page}remittance-advice/text/?day=")
    assert b"Remittance advice: " in whole.content
    assert auditor.get(f"{page}remittance-advice/word/").status_code == 404
    waiting = f"/payments/{seeded.order_ids['waiting']}/"
    assert "remittance-advice" not in auditor.get(waiting).content.decode()
    refused = auditor.get(f"{waiting}remittance-advice/pdf/")
    assert refused.status_code == 409
    assert "no bank has said that it is executed" in text_of(refused)


# Cases.


def test_a_case_is_taken_noted_resolved_and_opened_again(seeded: Vesterholt, first: Client) -> None:
    case_id = case_of(seeded, CaseKind.STATEMENT)
    for deed, sent in (
        ("take", {}),
        ("note", {"text": "Asked the bank by mail"}),
        ("due", {"text": "They need two days", "due": "2026-11-25T12:00"}),
        ("resolve", {"text": "The corrected statement came"}),
    ):
        assert first.post(f"/cases/{case_id}/{deed}/", sent).status_code == 302, deed
    page = text_of(first.get(f"/cases/{case_id}/"))
    for word in (
        seeded.first.name,
        "Asked the bank by mail",
        "2026-11-25 12:00 UTC",
        "The corrected statement came",
        "Open again",
    ):
        assert word in page
    assert str(case_id) not in text_of(first.get("/cases/"))
    assert str(case_id) in text_of(first.get("/cases/?state=resolved"))
    assert first.post(f"/cases/{case_id}/resolve/", {"text": "Twice"}).status_code == 409
    assert first.post(f"/cases/{case_id}/reopen/", {"text": "Wrong one"}).status_code == 302
    assert str(case_id) in text_of(first.get("/cases/?owner=mine"))


@pytest.mark.parametrize(
    ("deed", "sent"),
    [("note", {"text": " "}), ("due", {"text": "Why not", "due": "soon"}), ("resolve", {})],
)
def test_case_work_without_words_changes_nothing(
    seeded: Vesterholt, first: Client, deed: str, sent: dict[str, str]
) -> None:
    case_id = case_of(seeded, CaseKind.STATEMENT)
    answer = first.post(f"/cases/{case_id}/{deed}/", sent)
    assert answer.status_code == 400
    assert 'role="alert"' in text_of(answer)


def test_an_auditor_reads_cases_only(seeded: Vesterholt, auditor: Client) -> None:
    case_id = case_of(seeded, CaseKind.STATEMENT)
    assert "change nothing" in text_of(auditor.get(f"/cases/{case_id}/"))
    assert auditor.post(f"/cases/{case_id}/take/").status_code == 409
    assert auditor.post(f"/cases/{case_id}/nonsense/").status_code == 404


# The stop button.


def test_a_stop_is_said_everywhere_and_two_others_lift_it(
    seeded: Vesterholt, treasurer: Client, first: Client, second: Client, auditor: Client
) -> None:
    subject = str(seeded.tenant_id)
    sent = {"scope": "customer", "subject": subject, "reason": "A strange login"}
    assert treasurer.post("/stops/set/", {**sent, "reason": ""}).status_code == 400
    assert treasurer.post("/stops/set/", sent).status_code == 302
    assert "stopped already" in text_of(treasurer.post("/stops/set/", sent))
    for address in ("/", "/payments/", "/cases/", "/cash/"):
        told = text_of(auditor.get(address))
        assert "Stopped: all payments" in told
        assert "A strange login" in told
    with tenant(seeded.tenant_id):
        (stop,) = freezes.in_force()
    lift = f"/stops/{stop.freeze.id}/lift/"
    assert treasurer.post(lift, {"reason": "Mine"}).status_code == 409
    assert first.post(lift, {"reason": "IT looked"}).status_code == 302
    assert f"{seeded.first.name} agreed to lift it" in text_of(auditor.get("/"))
    assert "IT looked" in text_of(second.get(lift))
    assert first.post(lift, {"reason": "Again"}).status_code == 409
    assert second.post(lift, {"reason": "All is well"}).status_code == 302
    assert "Stopped: all payments" not in text_of(auditor.get("/"))
    assert first.get(lift).status_code == 404


def test_makers_and_auditors_neither_stop_nor_lift(
    seeded: Vesterholt, maker: Client, auditor: Client, first: Client, second: Client
) -> None:
    account = listed_account(seeded)
    sent = {"scope": "account", "subject": account, "reason": "Wrong balance"}
    for client in (maker, auditor):
        told = text_of(client.get("/stops/"))
        assert 'aria-label="Stop payments"' not in told
        assert "Stop something now" not in told
        assert client.post("/stops/set/", sent).status_code == 409
    assert "Wrong balance" not in text_of(first.get("/stops/"))
    chosen = text_of(first.get(f"/stops/?scope=account&subject={account}"))
    assert "Stop it now" in chosen
    assert first.post("/stops/set/", sent).status_code == 302
    with tenant(seeded.tenant_id):
        (stop,) = freezes.in_force()
    assert stop.freeze.scope is FreezeScope.ACCOUNT
    lift = f"/stops/{stop.freeze.id}/lift/"
    assert lift in text_of(second.get("/stops/"))
    assert "Agree to lift it" not in text_of(maker.get("/stops/"))
    assert "Agree to lift it" not in text_of(maker.get(lift))
    assert maker.post(lift, {"reason": "Please"}).status_code == 409


def listed_account(seeded: Vesterholt) -> str:
    with tenant(seeded.tenant_id):
        return str(listing.accounts(limit=1).rows[0].id)


# Saved filters.


def test_a_filter_is_kept_for_oneself_or_for_everybody(
    seeded: Vesterholt, first: Client, second: Client, auditor: Client
) -> None:
    query = "state=held&currency=EUR&next=https://elsewhere.example/"
    kept = first.post("/payments/views/", {"name": "Held euros", "query": query})
    assert kept["Location"] == "/payments/?state=held&currency=EUR"
    first.post("/payments/views/", {"name": "All dollars", "query": "currency=USD", "shared": "1"})
    assert "Held euros" in text_of(first.get("/payments/"))
    seen = text_of(second.get("/payments/"))
    assert "Held euros" not in seen
    assert "All dollars" in seen
    with tenant(seeded.tenant_id):
        mine = {row.name: row.id for row in saved_views.seen_by("payments", seeded.first.id)}
    assert second.post(f"/payments/views/{mine['Held euros']}/forget/").status_code == 404
    shared = {"name": "Mine", "query": "q=x", "shared": "1"}
    assert auditor.post("/payments/views/", shared).status_code == 409
    assert auditor.post(f"/payments/views/{mine['All dollars']}/forget/").status_code == 409
    assert first.post(f"/payments/views/{mine['All dollars']}/forget/").status_code == 302
    assert "All dollars" not in text_of(second.get("/payments/"))
    unnamed = first.post("/payments/views/", {"name": "", "query": "q=x"}, follow=True)
    assert "needs a name" in text_of(unnamed)


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("least=10000", "choose one"),
        ("currency=EUR&least=1,000,000,000", "No payment is like that"),
        ("case=open", "Payments found"),
        ("from=2026-11-01&to=2026-11-30", "Payments found"),
        ("payee=nobody", "No payment is like that"),
    ],
)
def test_filters_narrow_the_list(first: Client, query: str, told: str) -> None:
    assert told in text_of(first.get(f"/payments/?{query}"))


@pytest.mark.parametrize("query", ["account=x", "from=yesterday", "currency=EUR&least=ten"])
def test_a_filter_that_cannot_be_is_answered_in_words(first: Client, query: str) -> None:
    answer = first.get(f"/payments/?{query}")
    assert answer.status_code == 400
    assert "is not a value of the filter" in text_of(answer)


# The wall, and the work of the database.


def test_another_customer_sees_and_moves_nothing(seeded: Vesterholt, stranger: Client) -> None:
    file_id = seeded.file_ids["Werke operating account"]
    case_id = case_of(seeded, CaseKind.STATEMENT)
    for address in (
        f"/files/{file_id}/",
        f"/files/{file_id}/letter/",
        f"/cases/{case_id}/",
        f"/cases/{case_id}/letter/",
        f"/payments/{seeded.order_ids['rejected']}/again/",
        f"/stops/?scope=account&subject={listed_account(seeded)}",
    ):
        assert stranger.get(address).status_code == 404, address
    waiting = in_state(seeded, OrderState.AWAITING_APPROVAL)[0]
    taken = stranger.post("/payments/take-back/", {"chosen": [waiting], **WHY})
    assert taken.status_code == 409
    assert state_of(seeded, waiting) is OrderState.AWAITING_APPROVAL
    assert stranger.post(f"/cases/{case_id}/note/", {"text": "Hello"}).status_code in (404, 409)
    said = {"kind": "bank_has_it", "told_by": "x", "text": "y"}
    assert stranger.post(f"/files/{file_id}/said/", said).status_code in (404, 409)
    for address in ("/payments/", "/files/", "/cases/", "/stops/"):
        told = text_of(stranger.get(address))
        assert "VESTERHOLT-" not in told
        assert "Werke" not in told


@pytest.mark.parametrize("address", ["/payments/", "/cases/", "/files/", "/stops/"])
def test_a_long_list_asks_the_database_as_often_as_a_short_one(
    database: str, demo_clock: None, address: str
) -> None:
    counts = []
    for size in (2, 24):
        one = leaks.customer(f"Q{size}{address.strip('/')[:4].upper()}", payments=size)
        person = door.person([one], [Role.APPROVER])
        client = entered(f"{person}@example.com", door.PASSWORD)
        client.get(address)
        with CaptureQueriesContext(connections["default"]) as asked:
            assert client.get(address).status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1]
    assert counts[0] <= 40
