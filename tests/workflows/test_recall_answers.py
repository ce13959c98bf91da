"""Recalls that end otherwise: asked again, cancelled by a status report, answered as banks do."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from nostro.domain.errors import InDoubt
from nostro.domain.operator_evidence import EvidenceKind
from nostro.domain.order import OrderState
from nostro.domain.policies.recall import CancelPurpose, RecallReason
from nostro.storage import models
from nostro.storage.tenancy import tenant
from nostro.workflows import (
    answers,
    cancelling,
    case_terms,
    case_work,
    dispatch,
    operator_evidence,
)
from nostro.workflows.cancelling import TakenBack, Wish
from nostro.workflows.operator_evidence import Told
from tests.formats.coverage import CORPUS
from tests.workflows.bank_words import pain_002
from tests.workflows.company import Company

WISH = Wish(reason=RecallReason.CUSTOMER, text="ordered twice by phone")
REROUTE = Wish(reason=RecallReason.TECHNICAL, text="lost it", purpose=CancelPurpose.REROUTE)


def take_back(company: Company, ids: list[UUID], wish: Wish = WISH) -> TakenBack:
    return cancelling.take_back(company.acting(), company.maker, ids, wish)


def hears(company: Company, content: bytes) -> str:
    return answers.receive_message(company.job, company.bank_id, "answer.xml", content)


def camt_029(number: int, inside: str, status: str = "") -> bytes:
    """A camt.029 with exactly these details."""
    told = f"<Sts><Conf>{status}</Conf></Sts>" if status else ""
    return f"""<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.029.001.09"><RsltnOfInvstgtn>
    <Assgnmt><Id>A{number}</Id><Assgnr><Agt><FinInstnId><BICFI>MOCKNL2A</BICFI></FinInstnId></Agt>
    </Assgnr><Assgne><Pty><Nm>x</Nm></Pty></Assgne><CreDtTm>2026-11-20T10:00:00</CreDtTm></Assgnmt>
    {told}<CxlDtls>{inside}</CxlDtls></RsltnOfInvstgtn></Document>""".encode()


def group(message_id: str, status: str = "", case_id: str = "") -> str:
    word = f"<GrpCxlSts>{status}</GrpCxlSts>" if status else ""
    creator = "<Cretr><Pty><Nm>x</Nm></Pty></Cretr>"
    case = f"<RslvdCase><Id>{case_id}</Id>{creator}</RslvdCase>" if case_id else ""
    return (
        f"<OrgnlGrpInfAndSts>{case}<OrgnlMsgId>{message_id}</OrgnlMsgId>"
        f"<OrgnlMsgNmId>pain.001</OrgnlMsgNmId>{word}</OrgnlGrpInfAndSts>"
    )


def line(status: str, **ids: str) -> str:
    names = {"own": "CxlStsId", "key": "OrgnlEndToEndId", "uetr": "OrgnlUETR"}
    told = "".join(f"<{tag}>{ids[name]}</{tag}>" for name, tag in names.items() if name in ids)
    word = f"<TxCxlSts>{status}</TxCxlSts>" if status else ""
    return f"<TxInfAndSts>{told}{word}</TxInfAndSts>"


def refused(company: Company, ids: list[UUID], number: int = 1) -> bytes:
    """The bank's no to all that was asked of one file."""
    return camt_029(number, group(company.bank.received[-1].message_id, "RJCR"))


def recalls(company: Company) -> list[models.Case]:
    with tenant(company.tenant_id):
        return list(models.Case.objects.filter(kind="recall").order_by("opened_at", "id"))


def told(company: Company) -> list[tuple[str, str]]:
    return [(case.stage, case.state) for case in recalls(company)]


# Asked again.


def by_refusal(company: Company, ids: list[UUID]) -> str:
    hears(company, refused(company, ids))
    return "refused"


def by_silence(company: Company, ids: list[UUID]) -> str:
    company.clock.advance(days=40)
    case_terms.attend(company.job, recalls(company)[0].id)
    return "expired"


def by_hand(company: Company, ids: list[UUID]) -> str:
    case = recalls(company)[0]
    case_work.resolve(company.acting(company.cy), company.cy, case.id, "not needed after all")
    return "requested"


@pytest.mark.parametrize("ended", [by_refusal, by_silence, by_hand])
def test_after_an_ended_recall_it_may_be_asked_for_again(company: Company, ended: object) -> None:
    assert callable(ended)
    _, ids = company.send(2)
    first = take_back(company, ids[:1]).recalled[ids[0]]
    assert take_back(company, ids[:1]).recalled == {}, "the bank has not answered yet"
    stage = ended(company, ids)
    again = take_back(company, ids[:1])
    assert again.not_taken == ()
    second = again.recalled[ids[0]]
    assert second != first
    assert told(company) == [(stage, "resolved"), ("requested", "open")]
    assert recalls(company)[1].parent_id == first
    with tenant(company.tenant_id):
        request = models.Case.objects.get(id=second).request_id
    assert request
    dispatch.attend(company.job, request)
    assert second.hex.encode() in company.bank.recalls[-1].content
    assert take_back(company, ids[:1]).recalled == {}, "one at a time"


def test_the_first_no_told_again_says_nothing_of_the_second_request(company: Company) -> None:
    _, ids = company.send(1)
    take_back(company, ids)
    hears(company, refused(company, ids))
    take_back(company, ids)
    hears(company, refused(company, ids).replace(b"T10:00:00", b"T10:00:01"))
    assert told(company)[1] == ("requested", "open")
    hears(company, refused(company, ids, number=2))
    assert told(company)[1] == ("refused", "open")


def test_a_late_yes_to_the_first_request_ends_the_second_too(company: Company) -> None:
    _, ids = company.send(1)
    first = take_back(company, ids).recalled[ids[0]]
    hears(company, refused(company, ids))
    take_back(company, ids)
    hears(company, camt_029(2, line("CNCL", own=first.hex)))
    assert company.states(ids) == [OrderState.CANCELLED]
    assert told(company) == [("accepted", "resolved")] * 2


def test_a_yes_to_a_withdrawn_request_is_believed(company: Company) -> None:
    _, ids = company.send(1)
    case_id = take_back(company, ids).recalled[ids[0]]
    by_hand(company, ids)
    hears(company, camt_029(1, line("CNCL", own=case_id.hex)))
    assert company.states(ids) == [OrderState.CANCELLED]
    assert told(company) == [("accepted", "resolved")]


def test_after_a_withdrawn_request_somebody_waits_for_the_money_that_is_agreed(
    company: Company,
) -> None:
    _, ids = company.send(1)
    key = company.orders(ids)[0].instruction.end_to_end_id
    hears(company, pain_002(company.bank.received[-1].message_id, lines=[(key, "ACSC", "")]))
    case_id = take_back(company, ids).recalled[ids[0]]
    by_hand(company, ids)
    hears(company, camt_029(1, line("CNCL", own=case_id.hex)))
    assert company.states(ids) == [OrderState.EXECUTED], "the money has yet to come"
    (case,) = recalls(company)
    assert (case.stage, case.state) == ("accepted", "open")
    assert case.next_action_at is not None
    assert timedelta() < case.due_at - company.clock.now() < timedelta(days=10)


# Cancelled by another message than the answer.


@pytest.mark.parametrize("word", ["CANC", "ACWC"])
def test_a_status_report_that_says_cancelled_ends_the_recall(company: Company, word: str) -> None:
    if word == "ACWC":  # Rabobank: withdrawn in the bank's own channel.
        with tenant(company.tenant_id):
            models.Connection.objects.filter(id=company.bank_id).update(
                config={"name": company.code, "profile": "rabobank"}
            )
    _, ids = company.send(2)
    take_back(company, ids[:1])
    key = company.orders(ids)[0].instruction.end_to_end_id
    report = pain_002(company.bank.received[-1].message_id, lines=[(key, word, "")])
    for _ in range(2):
        hears(company, report)
    assert company.attempts(ids) == ["cancelled_stop", "received"]
    assert company.states(ids) == [OrderState.CANCELLED, OrderState.IN_FLIGHT]
    assert told(company) == [("accepted", "resolved")]
    assert "no money moved" in recalls(company)[0].outcome


def test_cancelled_by_a_status_report_it_is_sent_again_as_was_asked(company: Company) -> None:
    _, ids = company.send(1)
    take_back(company, ids, REROUTE)
    key = company.orders(ids)[0].instruction.end_to_end_id
    hears(company, pain_002(company.bank.received[-1].message_id, lines=[(key, "CANC", "")]))
    assert company.attempts(ids) == ["cancelled_reroute"]
    assert company.states(ids) == [OrderState.SCHEDULED]
    assert len(company.release()) == 1


def test_a_refused_request_frees_no_route(company: Company) -> None:
    _, ids = company.send(1)
    take_back(company, ids, REROUTE)
    hears(company, refused(company, ids))
    key = company.orders(ids)[0].instruction.end_to_end_id
    hears(company, pain_002(company.bank.received[-1].message_id, lines=[(key, "CANC", "")]))
    assert company.states(ids) == [OrderState.CANCELLED]


def test_cancelled_after_it_was_executed_is_a_contradiction_and_the_recall_waits(
    company: Company,
) -> None:
    _, ids = company.send(1)
    message_id = company.bank.received[-1].message_id
    key = company.orders(ids)[0].instruction.end_to_end_id
    hears(company, pain_002(message_id, lines=[(key, "ACSC", "")]))
    take_back(company, ids)
    hears(company, pain_002(message_id, lines=[(key, "CANC", "")], message_id="S2"))
    assert company.states(ids) == [OrderState.EXECUTED]
    assert told(company) == [("requested", "open")]
    assert "contradiction" in {kind for kind, _ in company.cases()}


def test_what_two_people_were_told_at_the_bank_ends_the_recall(company: Company) -> None:
    company.bank.outcomes = [InDoubt("cut", "Lost.")]
    submission_id, ids = company.send(1)
    take_back(company, ids)
    said = Told(
        kind=EvidenceKind.BANK_STOPPED_IT, submission_id=submission_id, told_by="Vos", text="done"
    )
    stated, _ = operator_evidence.state(company.acting(company.ann), company.ann, said)
    operator_evidence.confirm(company.acting(company.bob), company.bob, stated)
    assert company.states(ids) == [OrderState.CANCELLED]
    assert told(company) == [("accepted", "resolved")]


# How banks answer.


def test_by_the_message_and_the_end_to_end_id(company: Company) -> None:
    _, ids = company.send(2)
    take_back(company, ids)
    key = company.orders(ids)[1].instruction.end_to_end_id
    message_id = company.bank.received[-1].message_id
    hears(company, camt_029(1, group(message_id) + line("RJCR", own="BANK-1", key=key)))
    assert sorted(told(company)) == [("refused", "open"), ("requested", "open")]


def test_by_the_message_and_the_uetr(company: Company) -> None:
    _, ids = company.send(1)
    take_back(company, ids)
    with tenant(company.tenant_id):
        uetr = models.Attempt.objects.get(order_id=ids[0]).uetr
    message_id = company.bank.received[-1].message_id
    hears(company, camt_029(1, group(message_id) + line("PDCR", own="BANK-1", uetr=str(uetr))))
    assert told(company)[0][0] == "pending"


def test_by_the_message_id_of_our_request(company: Company) -> None:
    _, ids = company.send(2)
    case_id = take_back(company, ids).recalled[ids[0]]
    with tenant(company.tenant_id):
        request = models.Case.objects.get(id=case_id).request_id
    assert request
    named = company.submission(request).message_id
    hears(company, camt_029(1, group(named, "PDCR") + line("", own="BANK-1")))
    assert [stage for stage, _ in told(company)] == ["pending"] * 2


def test_lines_of_others_do_not_speak_for_ours(company: Company) -> None:
    _, ids = company.send(1)
    take_back(company, ids)
    message_id = company.bank.received[-1].message_id
    hears(company, camt_029(1, group(message_id, "RJCR") + line("RJCR", key="NOT-OURS")))
    assert told(company) == [("requested", "open")]


def test_a_real_answer_of_a_bank(company: Company) -> None:
    """RTP, ResponseReturnOfFunds: the whole names our request and says that the money is coming."""
    found = sorted(CORPUS.glob("camt.029/**/camt029.xml")) if CORPUS.exists() else []
    if not found:
        pytest.skip("the corpus of public files is not beside the repository")
    _, ids = company.send(1)
    case_id = take_back(company, ids).recalled[ids[0]]
    with tenant(company.tenant_id):
        request = models.Case.objects.get(id=case_id).request_id
    assert request
    named = company.submission(request).message_id
    content = found[0].read_bytes().replace(b"M20230713BOTS00856763956", named.encode())
    assert hears(company, content) == "camt_029"
    assert told(company)[0][0] == "pending"
    assert company.states(ids) == [OrderState.IN_FLIGHT]
