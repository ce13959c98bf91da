"""Payees are told by themselves once they are paid, by rules, once, and never before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from nostro.domain.advice_notice import LASTS, NoticeState
from nostro.domain.errors import Refused
from nostro.domain.party import Role
from nostro.domain.policies.advising import AdviceWay, Moment, Together
from nostro.ops import sealing
from nostro.storage import advice_notices, evidence, models, payee_traces, personal_data
from nostro.storage.tenancy import looking, tenant
from nostro.workflows.advice_again import send_again
from nostro.workflows.tick import tick
from tests.mail_server import MailServer, Taken, mail_server
from tests.workflows.booking_words import Sent
from tests.workflows.company import FRIDAY, Company
from tests.workflows.post import ADDRESS, Post
from tests.workflows.test_confidential import cleared


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MailServer]:
    with mail_server(tmp_path) as running:
        yield running


def text_of(taken: Taken) -> str:
    body = taken.message.get_body(("plain",))
    assert body
    return str(body.get_content())


def names_in(taken: Taken) -> list[str | None]:
    return [part.get_filename() for part in taken.message.iter_attachments()]


# When.


def test_told_once_the_bank_has_executed_and_not_before(
    company: Company, server: MailServer
) -> None:
    post = Post(company, server, formats=("pdf", "x12_820"))
    sent = Sent(company)
    post.run()
    assert (server.taken, post.states) == ([], [])
    sent.hears(sent.report((0, "ACCP", "")))
    assert post.run() == 0
    sent.hears(sent.report((0, "ACSC", ""), message_id="S2"))
    assert post.run() == 1
    (taken,) = server.taken
    assert taken.recipients == [ADDRESS]
    number = company.orders(sent.ids)[0].number
    assert number in text_of(taken)
    assert "100.00 EUR" in str(taken.message["Subject"])
    stem = f"remittance-advice-{number}"
    assert names_in(taken) == [f"{stem}.pdf", f"{stem}.edi"]
    sent.hears(sent.camt("053", sent.debit(0)))  # Settled: he knows already.
    assert post.run() == 0
    assert len(server.taken) == 1
    assert [one["address"] for one in post.told("advice_sent")] == [ADDRESS]


def test_a_rail_that_never_confirms_is_told_by_the_statement(
    company: Company, server: MailServer
) -> None:
    post = Post(company, server)
    sent = Sent(company)
    sent.hears(sent.camt("053", sent.debit(0)))
    assert (post.run(), len(server.taken)) == (1, 1)
    assert company.states(sent.ids)[0] == "settled"


def test_told_once_settled_where_the_rule_says_so(company: Company, server: MailServer) -> None:
    post = Post(company, server, moment=Moment.SETTLED)
    sent = Sent(company)
    sent.hears(sent.report((0, "ACSC", "")))
    assert post.run() == 0
    sent.hears(sent.camt("053", sent.debit(0)))
    assert (post.run(), len(server.taken)) == (1, 1)


def test_what_was_paid_before_there_were_rules_is_nobodys_news(
    company: Company, server: MailServer
) -> None:
    before = Sent(company)
    before.hears(before.report((0, "ACSC", "")))
    company.clock.advance(hours=1)
    post = Post(company, server)
    assert post.run() == 0
    after = Sent(company, prefix="Q")
    after.hears(after.report((0, "ACSC", "")))
    assert (post.run(), len(server.taken)) == (1, 1)


def test_who_falls_under_no_rule_is_told_nothing(company: Company, server: MailServer) -> None:
    post = Post(company, server, when='payee == "V2"')
    post.lives("V2", "v2@payee.example")
    one, two = Sent(company), Sent(company, prefix="Q", payee="V2")
    for sent in (one, two):
        sent.hears(sent.report((0, "ACSC", ""), (1, "ACSC", "")))
    assert post.run() == 2
    assert {to for taken in server.taken for to in taken.recipients} == {"v2@payee.example"}


def test_one_mail_for_all_payments_of_a_day(company: Company, server: MailServer) -> None:
    """What becomes known before the day ends, on the customer's clock, is in one mail."""
    zone = {"day_ends": "18:00", "time_zone": "Europe/Berlin"}
    post = Post(company, server, together=Together.DAY, **zone)
    one, two = Sent(company), Sent(company, 1, prefix="Q")
    one.hears(one.report((0, "ACSC", ""), (1, "ACSC", "")))
    assert post.run() == 0
    company.clock.advance(hours=2)
    two.hears(two.report((0, "ACSC", "")))
    assert post.run() == 0
    assert post.states == ["waiting"]
    due = FRIDAY.replace(hour=17)  # 18:00 in Berlin, in winter.
    assert post.rows()[0].next_action_at == due
    post.later(seconds=(due - company.clock.now()).total_seconds())
    (taken,) = server.taken
    assert "in 3 payments" in text_of(taken)
    three = Sent(company, 1, prefix="R")
    three.hears(three.report((0, "ACSC", "")))
    assert post.run() == 0  # After the end of the day: the next one's.
    assert post.rows()[1].next_action_at == due + timedelta(days=1)


def test_nobody_knows_his_address(company: Company, server: MailServer) -> None:
    post = Post(company, server)
    sent = Sent(company, payee="V3")
    sent.hears(sent.report((0, "ACSC", "")))
    post.run()
    assert (post.states, server.tried) == (["no_address"], 0)
    (told,) = post.told("advice_not_sent")
    assert "address" in told["why"]


# What may go wrong.


def test_refused_recipients_are_a_case_and_the_others_are_told(
    company: Company, server: MailServer
) -> None:
    post = Post(company, server)
    server.at_rcpt = ["550 no such person"]
    sent = Sent(company)
    sent.hears(sent.report((0, "ACSC", ""), (1, "ACSC", "")))
    post.run()
    assert sorted(post.states) == ["not_sent", "sent"]
    (case,) = [words for kind, words in company.cases() if kind == "connection"]
    assert "550 no such person" in case
    post.later(days=1)
    assert len(server.taken) == 1


def test_put_off_and_tried_again_the_same_bytes(company: Company, server: MailServer) -> None:
    post = Post(company, server)
    server.at_rcpt = ["451 greylisted"]
    server.at_data = ["452 full"]
    sent = Sent(company, 1)
    sent.hears(sent.report((0, "ACSC", "")))
    post.run()
    assert (post.states, server.tried) == (["waiting"], 0)
    assert post.later(seconds=30) == 0
    post.later(minutes=2)
    assert (post.states, server.tried) == (["waiting"], 1)
    post.later(hours=1)
    assert (post.states, len(server.taken)) == (["sent"], 1)
    assert [one["tries"] for one in post.told("advice_sent")] == [3]
    assert len(company.evidence(f"{post.rows()[0].message_id}.eml")) == 1


@pytest.mark.parametrize("how", ["cut", "lose"])
def test_nobody_knows_whether_he_has_it(company: Company, server: MailServer, how: str) -> None:
    """The line breaks after the last byte: the same message goes again, known as the same."""
    post = Post(company, server)
    server.at_data = [how]
    sent = Sent(company, 1)
    sent.hears(sent.report((0, "ACSC", "")))
    post.run()
    assert (post.states, [row.doubts for row in post.rows()]) == (["waiting"], [1])
    post.later(minutes=2)
    assert post.states == ["sent"]
    assert len(server.taken) == (2 if how == "cut" else 1)
    assert len({taken.content for taken in server.taken}) == 1
    assert post.told("advice_sent")[0]["doubts"] == 1


def test_given_up_after_days(company: Company, server: MailServer) -> None:
    post = Post(company, server)
    server.at_rcpt = ["451 not now"] * 100
    sent = Sent(company, 1)
    sent.hears(sent.report((0, "ACSC", "")))
    post.run()
    began = company.clock.now()
    while post.states == ["waiting"]:
        assert post.later(minutes=30) <= 1
    assert company.clock.now() - began >= LASTS
    assert (post.states, server.taken) == (["not_sent"], [])
    assert "451 not now" in company.cases()[-1][1]


def test_a_connection_that_fails_is_tried_with_one(company: Company, server: MailServer) -> None:
    post = Post(company, server)
    server.at_data = ["421 going down"]
    sent = Sent(company, 3)
    sent.hears(sent.report(*((n, "ACSC", "") for n in range(3))))
    assert (post.run(), server.tried) == (1, 1)
    assert post.later(minutes=10) == 3
    assert len(server.taken) == 3


# The money came back.


def test_returned_before_anybody_was_told(company: Company, server: MailServer) -> None:
    post = Post(company, server, together=Together.DAY)
    sent = Sent(company)
    sent.hears(sent.report((0, "ACSC", ""), (1, "ACSC", "")))
    post.run()
    sent.hears(sent.camt("053", sent.debit(0), sent.debit(1), sent.back(0)))
    post.run()
    post.later(hours=12)
    (taken,) = server.taken
    kept, gone = company.orders([sent.ids[1], sent.ids[0]])
    assert kept.number in text_of(taken)
    assert gone.number not in text_of(taken)
    assert post.states == ["sent"]
    assert len(post.told("advice_dropped")) == 1


def test_nothing_is_left_to_tell(company: Company, server: MailServer) -> None:
    post = Post(company, server, together=Together.DAY)
    sent = Sent(company, 1)
    sent.hears(sent.report((0, "ACSC", "")))
    post.run()
    sent.hears(sent.camt("053", sent.debit(0), sent.back(0)))
    post.run()
    assert post.states == ["dropped"]
    post.later(hours=12)
    assert server.taken == []


@pytest.mark.parametrize("whole", [True, False])
def test_returned_after_he_was_told(company: Company, server: MailServer, whole: bool) -> None:
    post = Post(company, server)
    sent = Sent(company, 1)
    sent.hears(sent.report((0, "ACSC", "")))
    post.run()
    sent.hears(sent.camt("053", sent.debit(0), sent.back(0, 0 if whole else 40_00)))
    post.run()
    advice, correction = server.taken
    assert correction.recipients == [ADDRESS]
    assert correction.message["In-Reply-To"] == advice.message["Message-ID"]
    told = " ".join(text_of(correction).split())
    assert "no longer holds" in told
    assert ("40.00 EUR of it" in told) is not whole
    assert post.states == ["sent", "sent"]
    assert post.later(days=1) == 0


def test_returned_while_nobody_knew_whether_he_was_told(
    company: Company, server: MailServer
) -> None:
    """The same message goes again, so that it is known as the same; its correction after it."""
    post = Post(company, server)
    server.at_data = ["cut"]
    sent = Sent(company, 1)
    sent.hears(sent.report((0, "ACSC", "")))
    post.run()
    sent.hears(sent.camt("053", sent.debit(0), sent.back(0)))
    post.run()
    for _ in range(4):
        post.later(minutes=2)
    first, again, correction = server.taken
    assert first.content == again.content
    assert correction.message["In-Reply-To"] == again.message["Message-ID"]


# By file.


def test_by_file(company: Company, server: MailServer, tmp_path: Path) -> None:
    folder = tmp_path / "portal"
    folder.mkdir()
    post = Post(company, server)
    portal = post.connection("portal", "advice_folder", {"folder": str(folder)})
    company.clock.advance(minutes=1)
    post.rule(way=AdviceWay.FILE, connection_id=str(portal), formats=("text", "x12_820"))
    sent = Sent(company, 1, payee="V4")  # Nobody has to know his address.
    sent.hears(sent.report((0, "ACSC", "")))
    post.run()
    (row,) = post.rows()
    assert row.state == "sent"
    assert sorted(path.name for path in folder.iterdir()) == [
        f"{row.message_id}.edi", f"{row.message_id}.txt",
    ]  # fmt: skip
    assert b"ST*820" in (folder / f"{row.message_id}.edi").read_bytes()
    sent.hears(sent.camt("053", sent.debit(0), sent.back(0)))
    post.run()
    texts = [path.read_text() for path in folder.glob("*.txt")]
    assert sum("no longer holds" in text for text in texts) == 1
    assert server.tried == 0


# Who may know, and what wakes it.


def test_confidential_notices_are_hidden_and_never_with_others(
    company: Company, server: MailServer
) -> None:
    post = Post(company, server, together=Together.DAY)
    company.ann = cleared(company, "Clea Cleared", Role.APPROVER)
    company.bob = cleared(company, "Cole Cleared", Role.APPROVER)
    open_one = Sent(company, 1)
    hidden = Sent(company, 1, prefix="Q", confidential=True)
    for sent in (open_one, hidden):
        sent.hears(sent.report((0, "ACSC", "")))
    post.run()
    post.later(hours=12)
    assert len(server.taken) == 2
    with looking(company.tenant_id, cleared=False):
        assert len(advice_notices.about_payee("V1").rows) == 1
        assert advice_notices.about_payment(hidden.ids[0]).rows == ()
        assert models.AdvisedPayment.objects.count() == 1
    with looking(company.tenant_id, cleared=True):
        assert len(advice_notices.about_payee("V1").rows) == 2
        row = advice_notices.about_payment(hidden.ids[0]).rows[0].notice
        assert row.evidence_id
        kept = models.Evidence.objects.get(id=row.evidence_id)
    assert kept.confidential


def test_the_tick_wakes_it(company: Company, server: MailServer) -> None:
    post = Post(company, server)
    sent = Sent(company, 1)
    sent.hears(sent.report((0, "ACSC", "")))
    sealing.seal_all(company.clock.now())
    tick(company.clock.now())
    jobs = ProcrastinateJob.objects.filter(task_name="attend_advice")
    mine = [job for job in jobs if job.args["tenant_id"] == str(company.tenant_id)]
    assert len(mine) == 1
    assert post.run() == 1


def test_a_quarantined_customer_tells_nobody(company: Company, server: MailServer) -> None:
    """A restored database has forgotten whom it told."""
    post = Post(company, server)
    sent = Sent(company, 1)
    sent.hears(sent.report((0, "ACSC", "")))
    company.quarantine(True)
    assert post.run() == 0
    company.quarantine(False)
    assert post.later(minutes=11) == 1
    assert post.states == [NoticeState.SENT]


def test_what_was_sent_is_kept_as_it_was(company: Company, server: MailServer) -> None:
    post = Post(company, server)
    sent = Sent(company, 1)
    sent.hears(sent.report((0, "ACSC", "")))
    post.run()
    (row,) = post.rows()
    with tenant(company.tenant_id):
        assert row.evidence_id
        assert evidence.read(row.evidence_id) == post.last().content


def test_an_erased_payee_is_in_no_notice(company: Company, server: MailServer) -> None:
    post = Post(company, server)
    sent = Sent(company, 1)
    sent.hears(sent.report((0, "ACSC", "")))
    post.run()
    (before,) = post.rows()
    with tenant(company.tenant_id):
        traces = payee_traces.traces_of("V1")
        assert traces
        assert before.evidence_id in traces.evidence  # Its key is destroyed with the others.
        assert personal_data.overwrite(traces, b"salt")["advice_notice"] == 1
    (after,) = post.rows()
    assert (before.address, after.address, after.said) == (ADDRESS, "erased", "erased")


# Again, because somebody says so.


def again(company: Company, order_id: UUID, reason: str = "He says it never came.") -> UUID:
    return send_again(company.acting(), company.maker, order_id, reason)


def refused(company: Company, order_id: UUID) -> str:
    with pytest.raises(Refused) as caught:
        again(company, order_id)
    return caught.value.code


def test_sent_again_by_a_person_with_a_reason(company: Company, server: MailServer) -> None:
    post = Post(company, server)
    sent = Sent(company, 2)
    sent.hears(sent.report((0, "ACSC", "")))
    assert refused(company, sent.ids[1]) == "not_executed_yet"
    post.run()
    post.lives("V1", "new@v1.example")
    again(company, sent.ids[0])
    assert refused(company, sent.ids[0]) == "advice_on_its_way"
    post.run()
    first, second = server.taken
    assert (first.recipients, second.recipients) == ([ADDRESS], ["new@v1.example"])
    assert first.message["Message-ID"] != second.message["Message-ID"]
    (told,) = post.told("advice_asked")
    assert told["reason"] == "He says it never came."
    assert [row.asked_by_name for row in post.rows()] == ["", "Mara Maker"]
    sent.hears(sent.camt("053", sent.debit(0), sent.back(0)))
    assert refused(company, sent.ids[0]) == "payment_came_back"
    post.run()
    assert [str(one.message["In-Reply-To"]) for one in server.taken[2:]] == [
        str(first.message["Message-ID"]), str(second.message["Message-ID"]),
    ]  # fmt: skip


def test_told_at_last_once_his_address_is_known(company: Company, server: MailServer) -> None:
    post = Post(company, server)
    sent = Sent(company, 1, payee="V3")
    sent.hears(sent.report((0, "ACSC", "")))
    post.run()
    post.lives("V3", "v3@payee.example")
    again(company, sent.ids[0])
    post.run()
    assert post.states == ["no_address", "sent"]


def test_without_a_rule_there_is_no_way(company: Company, server: MailServer) -> None:
    Post(company, server, when='payee == "V2"')
    sent = Sent(company, 1)
    sent.hears(sent.report((0, "ACSC", "")))
    assert refused(company, sent.ids[0]) == "advice_by_no_rule"
    assert refused(company, company.bank_id) == "payment_unknown"
    company.maker = company._member("Audrey Auditor", frozenset({Role.AUDITOR}))
    assert refused(company, sent.ids[0]) == "not_yours_to_ask"
