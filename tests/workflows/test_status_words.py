"""Status reports in a bank's own dialect, by any of our ids, sealed, or brought by the bank."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from nostro.domain.errors import Refused
from nostro.formats import Profile
from nostro.formats.profiles import dialects
from nostro.ports import Incoming
from nostro.storage import models
from nostro.storage.tenancy import tenant
from nostro.workflows import answers, channel
from tests.workflows.bank_words import pain_002
from tests.workflows.booking_words import Sent
from tests.workflows.company import BANKS, FRIDAY, Company, ScriptedBank


@pytest.fixture
def sent(company: Company) -> Sent:
    return Sent(company, 3)


def speaks(company: Company, profile: str) -> None:
    with tenant(company.tenant_id):
        told = {"name": company.code}
        models.Connection.objects.filter(id=company.bank_id).update(
            config=told | {"profile": profile}
        )


def line(**ids: str) -> bytes:
    """A line of a report: `end_to_end`, `instruction`, `uetr`, `reference`, `more` and `status`."""
    told = "".join(
        f"<{name}>{ids[key]}</{name}>"
        for key, name in (
            ("instruction", "OrgnlInstrId"),
            ("end_to_end", "OrgnlEndToEndId"),
            ("uetr", "OrgnlUETR"),
            ("status", "TxSts"),
        )
        if key in ids
    )
    told += ids.get("more", "")
    told += f"<AcctSvcrRef>{ids['reference']}</AcctSvcrRef>" if "reference" in ids else ""
    return f"<TxInfAndSts>{told}</TxInfAndSts>".encode()


def report(original: str, *lines: bytes, batch: str = "B", message_id: str = "S1") -> bytes:
    """A pain.002 with exactly these lines in one batch."""
    content = pain_002(original, lines=[("X", "ACCP", "")], message_id=message_id)
    before, _, rest = content.partition(b"<TxInfAndSts>")
    before = before.replace(b">B<", f">{batch}<".encode())
    return before + b"".join(lines) + rest.partition(b"</TxInfAndSts>")[2]


def test_a_banks_own_word_counts_as_its_profile_says(sent: Sent) -> None:
    """Rabobank's ACWC: withdrawn in the bank's own channel, not accepted with a change."""
    speaks(sent.company, "rabobank")
    sent.hears(sent.report((0, "ACWC", "")))
    assert sent.attempts[0] == "cancelled_stop"
    assert sent.states[0] == "cancelled"
    assert sent.kinds() == []


def test_accepted_with_a_change_is_accepted_and_told(sent: Sent) -> None:
    more = "<StsRsnInf><AddtlInf>date moved</AddtlInf></StsRsnInf>"
    told = line(end_to_end=sent.keys[0], status="ACWC", more=more)
    sent.hears(report(sent.message_id, told))
    assert sent.attempts[0] == "accepted"
    case = sent.case("difference")
    assert "with a change: date moved" in case.sentence
    assert case.order_id == sent.ids[0]


@pytest.fixture
def refusals_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bank whose profile says that it names refusals only."""
    plain = dialects.bank_profile

    def told(name: str, format_name: str) -> Profile:
        if format_name == "pain_002":
            return Profile(name="refusals", options={"unlisted": "accepted"})
        return plain(name, format_name)

    monkeypatch.setattr(channel, "bank_profile", told)


@pytest.mark.usefixtures("refusals_only")
@pytest.mark.parametrize("group", ["", "PART"])
def test_a_bank_that_names_refusals_only_accepts_the_others(sent: Sent, group: str) -> None:
    told = [(sent.keys[1], "RJCT", "AC04")]
    sent.hears(pain_002(sent.message_id, lines=told, group=group))
    assert sent.attempts == ["accepted", "rejected", "accepted"]
    assert sent.facts() == [
        ("pain_002", "unlisted", "", "applied"),
        ("pain_002", "RJCT", "AC04", "applied"),
        ("pain_002", "unlisted", "", "applied"),
    ]


@pytest.mark.usefixtures("refusals_only")
def test_a_word_at_a_higher_level_names_them_all(sent: Sent) -> None:
    sent.hears(pain_002(sent.message_id, group="RCVD"))
    assert sent.attempts == ["received"] * 3


@pytest.mark.parametrize("key", ["uetr", "instruction"])
def test_a_line_may_name_a_payment_otherwise(sent: Sent, key: str) -> None:
    ids = {"uetr": str(sent.attempt(1).uetr).upper(), "instruction": sent.keys[1]}
    told = line(end_to_end="NOTPROVIDED", status="ACCP", reference="AB-7", **{key: ids[key]})
    sent.hears(report(sent.message_id, told))
    assert sent.attempts == ["received", "accepted", "received"]
    assert sent.attempt(1).bank_reference == "AB-7"
    assert sent.kinds() == []


def test_a_line_without_an_id_of_ours_is_the_one_payment_of_its_batch(company: Company) -> None:
    sent = Sent(company, 1)
    told = line(end_to_end="NOTPROVIDED", status="ACCP")
    sent.hears(report(sent.message_id, told, batch=sent.batch))
    assert sent.attempts == ["accepted"]


def test_a_line_that_could_be_any_payment_of_its_batch_is_a_case(sent: Sent) -> None:
    told = line(end_to_end="NOTPROVIDED", status="RJCT")
    sent.hears(report(sent.message_id, told, batch=sent.batch))
    assert sent.attempts == ["received"] * 3
    assert sent.kinds() == ["contradiction"]


@pytest.mark.parametrize("original", ["NOTPROVIDED", "NONREF"])
def test_a_report_that_names_no_message_counts_by_its_lines(sent: Sent, original: str) -> None:
    """Only what it names: its group's word would be for nobody knows which file."""
    told = [line(end_to_end=sent.keys[0], status="ACCP"), line(end_to_end="STRANGE", status="ACCP")]
    content = report(original, *told).replace(
        b"</OrgnlMsgNmId>", b"</OrgnlMsgNmId><GrpSts>RJCT</GrpSts>"
    )
    sent.hears(content)
    assert sent.attempts == ["accepted", "received", "received"], "who names one has the file"
    assert sent.kinds() == ["contradiction"], "for the line that is not ours"


# Sealed and pushed.


class SealingBank(ScriptedBank):
    """Seals by a word in front; what has another word is not the bank's."""

    def seal(self, outgoing: object) -> object:
        raise AssertionError("nothing is sent in these tests")

    def unseal(self, content: bytes) -> bytes:
        word, _, clear = content.partition(b"|")
        if word != b"bank":
            raise Refused("file_not_unsealed", "Its signature is not the bank's.", "Kept.", "Ask.")
        return clear


def collected(company: Company) -> list[str]:
    answers.collect(company.job, company.bank_id)
    with tenant(company.tenant_id):
        due = models.BankMessage.objects.exclude(next_action_at=None).order_by("received_at", "id")
        kept = list(due.values_list("evidence_id", flat=True))
    return [answers.understand(company.job, company.bank_id, one) for one in kept]


def sealing(company: Company) -> ScriptedBank:
    bank = BANKS[company.code] = company.bank = SealingBank()
    return bank


def test_what_came_sealed_is_kept_sealed_and_opened_and_understood(sent: Sent) -> None:
    bank, content = sealing(sent.company), sent.report((0, "ACCP", ""))
    bank.says(b"bank|" + content, "s.pgp")
    assert collected(sent.company) == ["pain_002"]
    assert sent.attempts[0] == "accepted"
    assert sent.company.evidence("s.pgp") == [b"bank|" + content]
    assert sent.company.evidence("s.pgp (opened)") == [content]
    (event,) = sent.company.events("message.opened")
    with tenant(sent.company.tenant_id):
        assert str(models.Fact.objects.first().evidence_id) == event["evidence_id"]  # type: ignore[union-attr]


@pytest.mark.parametrize("word", [b"forger|", b""])
def test_what_is_not_surely_the_banks_is_a_case_and_never_understood(
    sent: Sent, word: bytes
) -> None:
    sealing(sent.company).says(word + sent.report((0, "RJCT", "AC04")), "s.pgp")
    assert collected(sent.company) == ["unreadable"]
    assert sent.attempts[0] == "delivered"
    assert sent.facts() == []
    assert sent.kinds() == ["contradiction"]
    assert "signature" in sent.case("contradiction").sentence


class CallingBank(ScriptedBank):
    """Calls us; its signature is a word in a header."""

    def receive(self, headers: Mapping[str, str], body: bytes) -> Incoming:
        if headers.get("x-signature") != "bank":
            raise Refused("call_not_signed", "This call is not surely the bank's.")
        return Incoming(name="call", media_type="application/xml", content=body, received_at=FRIDAY)


def test_what_the_bank_brings_is_kept_and_understood_once(sent: Sent) -> None:
    company = sent.company
    BANKS[company.code] = company.bank = CallingBank()
    body = sent.report((0, "ACCP", ""))
    signed = {"X-Signature": "bank"}
    kept = answers.receive_callback(company.job, company.bank_id, signed, body)
    assert answers.receive_callback(company.job, company.bank_id, signed, body) == kept
    assert sent.attempts[0] == "delivered", "understood after it was kept, not in the call"
    assert collected(company) == ["pain_002"]
    assert sent.attempts[0] == "accepted"


def test_a_call_that_is_not_surely_the_banks_is_refused(sent: Sent) -> None:
    company = sent.company
    BANKS[company.code] = company.bank = CallingBank()
    with pytest.raises(Refused) as caught:
        answers.receive_callback(company.job, company.bank_id, {"x-signature": "me"}, b"<D/>")
    assert caught.value.code == "call_not_signed"
    with tenant(company.tenant_id):
        assert not models.BankMessage.objects.exists()


def test_a_connection_that_is_not_called_refuses_calls(company: Company) -> None:
    with pytest.raises(Refused) as caught:
        answers.receive_callback(company.job, company.bank_id, {}, b"{}")
    assert caught.value.code == "connection_takes_no_calls"


def test_an_unknown_profile_is_told_and_nothing_is_understood(sent: Sent) -> None:
    speaks(sent.company, "no_such_bank")
    sent.hears(sent.report((0, "RJCT", "AC04")))
    assert sent.attempts[0] == "delivered"
    assert "no_such_bank" in sent.case("statement").sentence
