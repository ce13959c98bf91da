"""What only the REST partner can do: take recalls, and call us. Our bank simulator, not a bank."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from django.core.wsgi import get_wsgi_application
from django.db import connections

from nostro.app import world
from nostro.domain.policies.recall import RecallReason
from nostro.simulator.doors.callbacks import Callbacks
from nostro.simulator.script import Script
from nostro.storage import callbacks, models
from nostro.storage.tenancy import tenant
from nostro.workflows import cancelling
from nostro.workflows.cancelling import Wish
from tests.end_to_end.partners import CALLBACK_SECRET, CLIENT, Paid, SimulatedBank, by_rest
from tests.end_to_end.story import Story
from tests.workflows.company import scripted_connector

WISH = Wish(reason=RecallReason.CUSTOMER, text="ordered twice by phone")
FORGED = "whsec_" + base64.b64encode(b"somebody else, 24 bytes.").decode()


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[SimulatedBank]:
    with by_rest(tmp_path) as simulated:
        yield simulated


@pytest.fixture
def story(database: str, bank: SimulatedBank) -> Iterator[Story]:
    with scripted_connector():
        yield Story(bank)


def test_a_bank_that_calls_what_it_pays_a_duplicate(story: Story, bank: SimulatedBank) -> None:
    ids = story.pay("V1", "V2")
    submission_id = story.release()
    message_id = story.company.submission(submission_id).message_id
    bank.desk.follow(Script(files={message_id: "duplicate_reason"}))
    assert story.attend(submission_id) == "delivered"
    story.hear()
    assert story.duplicate_was_told(submission_id)
    story.end_days()
    assert story.states(ids) == ["settled", "settled"]
    assert story.kinds() == ["enquiry"]


# ---- Recalls


def ask_back(story: Story, order_id: UUID) -> models.Case:
    """Ask for a payment that has left, and hand the request over; the recall's case."""
    company = story.company
    found = cancelling.take_back(company.acting(), company.maker, [order_id], WISH)
    case = case_of(story, found.recalled[order_id])
    assert case.request_id
    assert story.attend(case.request_id) == "delivered"
    return case


def case_of(story: Story, case_id: UUID) -> models.Case:
    with tenant(story.company.tenant_id):
        return models.Case.objects.get(id=case_id)


def test_a_recall_before_the_booking_cancels_the_payment(story: Story, bank: SimulatedBank) -> None:
    ids = story.pay("V1", "V2")
    story.send()
    ask_back(story, ids[0])
    assert "camt_029" in story.hear()
    assert story.states(ids) == ["cancelled", "executed"]
    story.end_days()
    assert story.states(ids) == ["cancelled", "settled"]
    assert bank.books() == {story.keys(ids)[1]: Paid(story.amounts(ids)[1], 1)}
    assert story.kinds() == ["recall"]


def test_a_recall_that_the_payee_refuses_leaves_the_payment_paid(
    story: Story, bank: SimulatedBank
) -> None:
    ids = story.pay("V1")
    story.send()
    story.hear()
    bank.desk.become("refuses_recalls:refused")
    case = ask_back(story, ids[0])
    assert "camt_029" in story.hear()
    told = case_of(story, case.id)
    assert (told.stage, told.resolved_at) == ("refused", None), "a person decides what next"
    story.end_days()
    assert story.states(ids) == ["settled"]
    assert bank.books() == {story.keys(ids)[0]: Paid(story.amounts(ids)[0], 1)}


def test_money_that_comes_back_after_a_recall_makes_the_payment_recalled(
    story: Story, bank: SimulatedBank
) -> None:
    ids = story.pay("V1")
    story.send()
    story.hear()
    story.end_days()
    assert story.states(ids) == ["settled"]
    case = ask_back(story, ids[0])
    story.hear()
    assert case_of(story, case.id).stage == "pending"
    assert story.states(ids) == ["settled"], "until the money is back"
    story.end_days(4)
    assert story.states(ids) == ["recalled"]
    told = case_of(story, case.id)
    assert (told.stage, told.state) == ("accepted", "resolved")
    assert story.stated() == {story.keys(ids)[0]: 0}
    events = [event for event, _ in story.journals()]
    assert events == ["payment_returned", "payment_settled", "return_booked"]


# ---- Calls


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Tests look at what was kept, not at a log."""


@contextmanager
def our_door() -> Iterator[str]:
    """Our web application on loopback, as a bank reaches it; yields its address."""
    inner = get_wsgi_application()

    def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        try:
            answer = inner(environ, start)
            return [b"".join(answer)]
        finally:
            connections.close_all()

    with make_server("127.0.0.1", 0, application, handler_class=_Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def kept(story: Story) -> int:
    with tenant(story.company.tenant_id):
        return models.BankMessage.objects.count()


def test_what_the_bank_calls_is_verified_kept_and_understood(
    story: Story, bank: SimulatedBank
) -> None:
    """No mailbox is read: pain.002, camt.054 and camt.053 come by signed calls alone."""
    with tenant(story.company.tenant_id):
        name = callbacks.open_door("Bank")
    # Our web application has ports of its own: it looks into the secrets of the installation.
    for word, value in (("callback_secret", CALLBACK_SECRET), ("client_secret", CLIENT[1])):
        with tenant(story.company.tenant_id):
            world().secrets.write(f"connection.{story.company.bank_id}.{word}", value)
    ids = story.pay("V1", "V2")
    story.send()
    bank.carry()
    with our_door() as url:
        address = f"{url}/v1/callbacks/{name}"
        assert not Callbacks(bank.desk, address, FORGED).call()
        assert kept(story) == 0, "not surely the bank's"
        calls = Callbacks(bank.desk, address, CALLBACK_SECRET)
        assert calls.call()
        assert {"pain_002", "camt_054"} == set(story.understand())
        assert story.states(ids) == ["executed", "executed"]
        bank.end_days(1)
        assert calls.call()
        assert story.understand() == ["camt_053"]
    assert story.states(ids) == ["settled", "settled"]
    assert story.verdicts() == ["closes"]
    count = kept(story)
    story.hear()
    assert kept(story) == count, "the mailbox has the same messages, kept once"
    assert story.kinds() == []
