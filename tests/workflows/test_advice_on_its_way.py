"""Notices to payees while something changes: the address, the money, who asks, what is away."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.conf import settings
from django.db import connections

from nostro.domain.errors import Refused
from nostro.domain.policies.advising import Together
from nostro.ops import sealing
from nostro.storage import evidence_objects, models
from nostro.storage.tenancy import tenant
from nostro.workflows import advice_notices, advice_planning, evidence_moving
from nostro.workflows.advice_again import send_again
from tests.mail_server import MailServer
from tests.object_store import emulated_store
from tests.workflows.booking_words import Sent
from tests.workflows.company import Company
from tests.workflows.post import ADDRESS, Post
from tests.workflows.test_advice_notices import again, server, text_of
from tests.workflows.test_reach import entity_of, narrowed
from tests.workflows.waiting import until_blocked

__all__ = ["server"]
NEW = "new@v1.example"


def paid(company: Company, count: int = 1) -> Sent:
    sent = Sent(company, count)
    sent.hears(sent.report(*((n, "ACSC", "") for n in range(count))))
    return sent


# Where it goes.


def test_what_surely_nobody_has_goes_to_the_address_of_now(
    company: Company, server: MailServer
) -> None:
    post = Post(company, server)
    server.at_rcpt = ["451 greylisted"]
    sent = paid(company)
    post.run()
    assert post.rows()[0].address == ADDRESS
    post.lives("V1", NEW)
    post.later(minutes=2)
    (taken,) = server.taken
    assert (taken.recipients, taken.message["To"]) == ([NEW], NEW)
    assert post.told("advice_sent")[0]["address"] == NEW
    post.lives("V1", "newer@v1.example")
    sent.hears(sent.camt("053", sent.debit(0), sent.back(0)))
    post.run()
    assert post.last().recipients == [NEW], "a correction follows its advice"


def test_what_somebody_may_have_goes_as_it_was(company: Company, server: MailServer) -> None:
    post = Post(company, server)
    server.at_data = ["cut"]
    paid(company)
    post.run()
    post.lives("V1", NEW)
    post.later(minutes=2)
    assert [taken.recipients for taken in server.taken] == [[ADDRESS], [ADDRESS]]
    assert len({taken.content for taken in server.taken}) == 1


# What is corrected.


def returned_while_it_leaves(post: Post, count: int = 1) -> Any:
    """An advice is being sent, and the first of its payments comes back; its correction waits."""
    sent, job = paid(post.company, count), post.company.job
    _plan(post)
    post.company.clock.advance(hours=24)
    taken = advice_notices._take(job)
    sent.hears(sent.camt("053", *(sent.debit(n) for n in range(count)), sent.back(0)))
    _plan(post)
    assert post.states == ["sending", "waiting"]
    return taken


def _plan(post: Post) -> None:
    sealing.seal_all(post.company.clock.now())
    while advice_planning.plan(post.company.job) >= 0:
        pass


@pytest.mark.parametrize(
    ("answer", "ended"), [("550 no such person", "not_sent"), ("451 not now", "dropped")]
)
def test_nobody_is_told_that_an_advice_no_longer_holds_which_he_never_had(
    company: Company, server: MailServer, answer: str, ended: str
) -> None:
    post = Post(company, server, together=Together.DAY)
    server.at_rcpt = [answer]
    advice_notices._tell(company.job, returned_while_it_leaves(post))
    for _ in range(4):
        post.later(minutes=2)
    assert (post.states, server.taken) == ([ended, "dropped"], [])


def test_what_was_taken_out_before_it_was_sent_is_not_corrected(
    company: Company, server: MailServer
) -> None:
    post = Post(company, server, together=Together.DAY)
    server.at_rcpt = ["451 not now"]
    advice_notices._tell(company.job, returned_while_it_leaves(post, 2))
    for _ in range(4):
        post.later(minutes=2)
    (taken,) = server.taken
    assert "no longer holds" not in text_of(taken)
    assert post.states == ["sent", "dropped"]


def test_what_left_in_that_moment_is_corrected(company: Company, server: MailServer) -> None:
    post = Post(company, server, together=Together.DAY)
    advice_notices._tell(company.job, returned_while_it_leaves(post))
    post.later(minutes=2)
    assert (post.states, len(server.taken)) == (["sent", "sent"], 2)


# What is away for now.


def test_bytes_that_cannot_be_read_for_now_go_later(
    company: Company, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = Post(company, server)
    server.at_rcpt = ["451 greylisted"]
    paid(company)
    post.run()
    with emulated_store() as emulator:
        store = emulator.store(emulator.bucket(locked=False))
        monkeypatch.setattr(settings, "EVIDENCE_STORE", lambda: store)
        kept = post.rows()[0].evidence_id
        assert kept
        evidence_moving.move(company.job, kept, evidence_objects.S3)
        emulator.stop()
        try:
            post.later(minutes=2)
            (row,) = post.rows()
            assert (row.state, row.tries, row.doubts) == ("waiting", 2, 0)
            assert post.told("advice_not_sent") == []
        finally:
            emulator.start()
        post.later(minutes=10)
    assert (post.states, len(server.taken)) == (["sent"], 1)


# Who asks for it again.


def test_two_who_ask_at_once_have_him_told_once(company: Company, server: MailServer) -> None:
    post = Post(company, server)
    sent = paid(company)
    post.run()
    outcomes: list[str] = []

    def ask() -> None:
        try:
            again(company, sent.ids[0])
            outcomes.append("")
        except Refused as error:
            outcomes.append(error.code)
        finally:
            connections.close_all()

    both = [threading.Thread(target=ask) for _ in range(2)]
    with tenant(company.tenant_id):
        models.AdviceNotice.objects.select_for_update().get(id=post.rows()[0].id)
        for one in both:
            one.start()
        until_blocked(2)
    for one in both:
        one.join()
    assert sorted(outcomes) == ["", "advice_on_its_way"]
    post.run()
    assert (len(server.taken), len(post.rows())) == (2, 2)


def test_who_asks_must_reach_the_payment(company: Company, server: MailServer) -> None:
    post = Post(company, server)
    sent = paid(company)
    post.run()
    nell = narrowed(company, entity_id=entity_of(company, "NL"))
    with pytest.raises(Refused) as caught:
        send_again(company.acting(nell), nell, sent.ids[0], "He says it never came.")
    assert caught.value.code == "beyond_grant"
    assert len(post.rows()) == 1
    dee = narrowed(company, entity_id=entity_of(company, "DE"))
    send_again(company.acting(dee), dee, sent.ids[0], "He says it never came.")
    assert len(post.rows()) == 2
