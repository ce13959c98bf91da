"""What banks answer: applied once, by rank, in any order; what cannot be true is a Case."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from uuid import UUID

import pytest

from nostro.domain.errors import InDoubt, Invalid, Unavailable
from nostro.domain.order import OrderState
from nostro.ports import Incoming
from nostro.storage import models, parties
from nostro.storage.tenancy import tenant
from nostro.workflows import answers, dispatch
from tests.workflows.bank_words import pain_002
from tests.workflows.company import Company


class Sent:
    """One file of some payments that has left, and what the bank says of it."""

    def __init__(self, company: Company, count: int = 3) -> None:
        self.company = company
        self.submission_id, self.ids = company.send(count)
        self.message_id = company.bank.received[-1].message_id
        self.keys = [row.instruction.end_to_end_id for row in company.orders(self.ids)]

    def hears(self, content: bytes) -> str:
        return answers.receive_message(self.company.job, self.company.bank_id, "b.xml", content)

    def report(
        self, *lines: tuple[int, str, str], message_id: str = "S1", group: str = ""
    ) -> bytes:
        told = [(self.keys[number], word, code) for number, word, code in lines]
        return pain_002(self.message_id, lines=told, message_id=message_id, group=group)

    @property
    def attempts(self) -> list[str]:
        return self.company.attempts(self.ids)

    @property
    def state(self) -> str:
        return self.company.submission(self.submission_id).state

    def facts(self) -> list[tuple[str, str]]:
        with tenant(self.company.tenant_id):
            rows = models.Fact.objects.order_by("id")
            return [(row.status, row.verdict) for row in rows]


@pytest.fixture
def sent(company: Company) -> Sent:
    return Sent(company)


def test_accepted_and_rejected_line_by_line(sent: Sent) -> None:
    assert sent.hears(sent.report((0, "ACCP", ""), (1, "RJCT", "AC04"))) == "pain_002"
    assert sent.attempts == ["accepted", "rejected", "received"]
    assert sent.state == "acknowledged"
    assert sent.company.states(sent.ids) == [
        OrderState.IN_FLIGHT, OrderState.REJECTED, OrderState.IN_FLIGHT,
    ]  # fmt: skip
    ((kind, sentence),) = sent.company.cases()
    assert kind == "rejection"
    assert "AC04" in sentence
    assert sent.facts() == [("ACCP", "applied"), ("RJCT", "applied")]


def test_part_is_only_a_hint(sent: Sent) -> None:
    sent.hears(sent.report((1, "RJCT", "AC01"), group="PART"))
    assert sent.attempts == ["received", "rejected", "received"], "who is not named stays"


def test_a_group_that_is_accepted_is_so_for_all(sent: Sent) -> None:
    sent.hears(pain_002(sent.message_id, group="ACCP"))
    assert sent.attempts == ["accepted"] * 3


def test_a_group_that_is_rejected_is_so_for_all(sent: Sent) -> None:
    sent.hears(pain_002(sent.message_id, group="RJCT", group_reason="AM10"))
    assert sent.attempts == ["rejected"] * 3
    assert sent.state == "refused"
    assert sent.company.states(sent.ids) == [OrderState.REJECTED] * 3
    assert len(sent.company.cases()) == 3
    with tenant(sent.company.tenant_id):
        made = list(models.JournalEvent.objects.values_list("owner", "action"))
    assert made == [("erp", "reset_and_reverse")] * 3, "once each"


def test_a_batch_is_rejected_and_the_other_is_not(company: Company) -> None:
    later = company.clock.now().date().replace(day=24)
    ids = company.ask(company.request("P1"), company.request("P2", requested_date=later))
    company.approve(ids)
    (submission_id,) = company.release()
    dispatch.attend(company.job, submission_id)
    message_id = company.bank.received[0].message_id
    content = pain_002(message_id, group="PART", batches=[(f"{message_id}-2", "RJCT", "DT01")])
    answers.receive_message(company.job, company.bank_id, "b.xml", content)
    assert company.attempts(ids) == ["received", "rejected"]


@pytest.mark.parametrize("level", ["group", "line"])
def test_duplicate_is_a_doubt_and_a_case_and_disturbs_nothing_accepted(
    sent: Sent, level: str
) -> None:
    sent.hears(sent.report((0, "ACCP", "")))
    if level == "group":
        sent.hears(pain_002(sent.message_id, group="RJCT", group_reason="DUPL", message_id="S2"))
        doubted = ["accepted", "unknown", "unknown"]
    else:
        sent.hears(sent.report((0, "RJCT", "AM05"), (1, "RJCT", "AM05"), message_id="S2"))
        doubted = ["accepted", "unknown", "received"]
    assert sent.attempts == doubted
    assert sent.company.states(sent.ids) == [OrderState.IN_FLIGHT] * 3
    ((kind, sentence),) = sent.company.cases()
    assert kind == "enquiry"
    assert sent.message_id in sentence
    assert len(sent.company.bank.received) == 1


def test_the_same_report_again_changes_nothing(sent: Sent) -> None:
    report = sent.report((0, "ACCP", ""), (1, "RJCT", "AC04"))
    sent.hears(report)
    before = len(sent.company.events("attempt.moved")), sent.facts(), sent.company.cases()
    sent.hears(report)
    sent.hears(report.replace(b"10:00:00", b"11:00:00"))
    assert (
        len(sent.company.events("attempt.moved")), sent.facts(), sent.company.cases()
    ) == before  # fmt: skip


@pytest.mark.parametrize("order", permutations(["ACTC", "ACSP", "ACSC"]), ids="-".join)
def test_words_in_any_order_end_the_same(sent: Sent, order: tuple[str, ...]) -> None:
    for number, word in enumerate(order):
        sent.hears(sent.report((0, word, ""), message_id=f"S{number}"))
    assert sent.attempts[0] == "executed"
    assert sent.company.states(sent.ids)[0] == OrderState.EXECUTED
    assert sent.company.cases() == []
    assert [word for word, _ in sent.facts()] == list(order), "all are kept"


def test_two_ends_contradict(sent: Sent) -> None:
    sent.hears(sent.report((0, "ACSC", "")))
    sent.hears(sent.report((0, "RJCT", "AC04"), message_id="S2"))
    assert sent.attempts[0] == "executed"
    assert [kind for kind, _ in sent.company.cases()] == ["contradiction"]
    assert sent.facts()[-1] == ("RJCT", "contradicts")


def test_an_unfamiliar_word_is_no_news(sent: Sent) -> None:
    sent.hears(sent.report((0, "XYZZ", "")))
    assert sent.attempts == ["received"] * 3
    assert sent.facts() == [("XYZZ", "unfamiliar")]


def test_a_report_on_a_message_that_we_never_sent_is_a_case(sent: Sent) -> None:
    sent.hears(pain_002("NOT-OURS", group="ACCP"))
    assert sent.attempts == ["delivered"] * 3
    ((kind, sentence),) = sent.company.cases()
    assert kind == "contradiction"
    assert "NOT-OURS" in sentence


def test_no_bank_speaks_for_another(sent: Sent) -> None:
    company = sent.company
    content = pain_002(sent.message_id, group="RJCT", group_reason="AC04")
    answers.receive_message(company.job, company.erp_id, "b.xml", content)
    assert sent.attempts == ["delivered"] * 3
    assert [kind for kind, _ in company.cases()] == ["contradiction"]


def test_a_line_about_a_payment_that_is_not_in_the_file_is_a_case(sent: Sent) -> None:
    lines = [(sent.keys[0], "ACCP", ""), ("STRANGE", "RJCT", "AC04")]
    sent.hears(pain_002(sent.message_id, lines=lines))
    assert sent.attempts == ["accepted", "received", "received"]
    ((kind, sentence),) = sent.company.cases()
    assert kind == "contradiction"
    assert "STRANGE" in sentence


def test_a_line_that_cannot_be_read_is_a_case_and_the_others_count(sent: Sent) -> None:
    keys = [(sent.keys[0], "ACCP", ""), ("", "RJCT", "AC04")]
    sent.hears(pain_002(sent.message_id, lines=keys))
    assert sent.attempts[0] == "accepted"
    assert any("cannot be used" in sentence for _, sentence in sent.company.cases())


def test_an_answer_ends_a_doubt(company: Company) -> None:
    company.bank.outcomes = [InDoubt("cut", "Lost.")]
    sent = Sent(company, 2)
    assert sent.attempts == ["unknown"] * 2
    sent.hears(sent.report((0, "ACCP", "")))
    assert sent.attempts == ["accepted", "received"]
    assert sent.state == "acknowledged"
    due = company.submission(sent.submission_id).next_action_at
    assert due == company.clock.now(), "what is left to wait for is decided at once"
    assert dispatch.attend(company.job, sent.submission_id) is None
    assert len(company.bank.received) == 1


def test_an_answer_to_a_file_that_we_thought_not_delivered_stops_the_retry(
    company: Company,
) -> None:
    company.bank.outcomes = [Unavailable("down", "Down.")]
    sent = Sent(company, 1)
    sent.hears(sent.report((0, "ACCP", "")))
    assert sent.attempts == ["accepted"]
    assert dispatch.attend(company.job, sent.submission_id) is None
    assert len(company.bank.received) == 1


@pytest.mark.parametrize(
    "content",
    [
        b"no message at all",
        b"<D xmlns='urn:iso:std:iso:20022:tech:xsd:pain.002.001.10'><Cst",
    ],
    ids=["odd", "cut"],
)
def test_a_message_that_cannot_be_read_is_a_case(company: Company, content: bytes) -> None:
    company.bank.says(content, "odd.xml")
    assert answers.collect(company.job, company.bank_id) == 1
    assert understand_all(company) == ["unreadable"]
    assert understand_all(company) == ["unreadable"], "reading it again opens no second case"
    ((kind, sentence),) = company.cases()
    assert kind == "statement"
    assert sentence.startswith("odd.xml: ")
    assert company.evidence("odd.xml") == [content]


def test_a_report_during_the_day_is_kept_and_not_booked(company: Company) -> None:
    """The statement of the day says it again, in other words: booking both would be twice."""
    company.bank.says(
        b":20:VMK1\n:25:DE89370400440532013000\n:28C:77/1\n:34F:EUR0,\n:13D:2611201415+0100\n"
        b":61:2611200001CR250,00NTRFNONREF//B1\n:90C:1EUR250,00\n-\n"
    )
    answers.collect(company.job, company.bank_id)
    assert understand_all(company) == ["mt942"]
    assert company.cases() == []
    with tenant(company.tenant_id):
        assert not models.Statement.objects.exists()


@pytest.mark.parametrize("content", ["run", b"odd"], ids=["a payment run", "odd"])
def test_what_no_bank_sends_is_refused_at_the_door_and_kept(
    company: Company, content: bytes | str
) -> None:
    told = company.run_file({}) if content == "run" else content
    assert isinstance(told, bytes)
    with pytest.raises(Invalid) as caught:
        answers.receive_message(company.job, company.bank_id, "x", told)
    assert caught.value.code in {"not_a_bank_message", "unknown_file_type"}
    assert caught.value.can_do
    assert company.evidence("x") == [told]


def understand_all(company: Company) -> list[str]:
    with tenant(company.tenant_id):
        kept = [
            UUID(row["evidence_id"])
            for row in models.Event.objects.filter(type="message.received")
            .order_by("occurred_at", "id")
            .values_list("data", flat=True)
        ]
    return [answers.understand(company.job, company.bank_id, one) for one in dict.fromkeys(kept)]


def test_collecting_goes_on_where_it_was_interrupted(company: Company) -> None:
    """The line breaks after two of four messages: those are kept, the rest comes next time."""
    sent = Sent(company)
    for number in range(3):
        company.bank.says(sent.report((number, "ACCP", ""), message_id=f"S{number}"), f"{number}")
    whole, collect = company.bank.messages, company.bank.collect

    def breaks(cursor: str) -> Iterator[tuple[Incoming, str]]:
        for number, found in enumerate(collect(cursor)):
            if number == 2:
                raise Unavailable("line_cut", "The line was cut.")
            yield found

    company.bank.collect = breaks  # type: ignore[method-assign]
    with pytest.raises(Unavailable):
        answers.collect(company.job, company.bank_id)
    company.bank.collect = collect  # type: ignore[method-assign]
    assert answers.collect(company.job, company.bank_id) == 1
    assert answers.collect(company.job, company.bank_id) == 0
    assert len(company.events("message.received")) == len(whole) == 3
    assert understand_all(company) == ["pain_002"] * 3
    assert sent.attempts == ["accepted"] * 3
    with tenant(company.tenant_id):
        assert parties.connection(company.bank_id).cursor == "3"
        models.Connection.objects.filter(id=company.bank_id).update(cursor="")
    assert answers.collect(company.job, company.bank_id) == 3, "all again, after a restore"
    assert understand_all(company) == ["pain_002"] * 3
    assert sent.attempts == ["accepted"] * 3
    assert len(sent.facts()) == 3
