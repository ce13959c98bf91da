"""Each personality of the bank simulator does what the table says, and each one has its test."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from nostro.simulator.personalities import PERSONALITIES, Personality, table
from nostro.simulator.taking import Fate, Verdict
from tests.simulator.files import MONDAY, OURS, Line, pain_001_file, recall_file
from tests.simulator.stories import (
    DAY,
    MINUTE,
    WEEK,
    answers,
    bank_of,
    kinds,
    notices,
    reports,
    statements,
    words,
)

PAGE = Path(__file__).parents[2] / "docs" / "bank-simulator.md"
FOUR = [Line(f"E2E-{n}", 1000_00) for n in range(4)]
FIRST = ("MSG-1", "E2E-0")

Test = Callable[[str], None]
TESTS: dict[str, Test] = {}


def of(test: Test) -> Test:
    TESTS[test.__name__] = test
    return test


def each() -> list[str]:
    """Every personality in every variant, as one writes it."""
    return [
        f"{one.name}:{variant}" if variant else one.name
        for one in PERSONALITIES
        for variant in one.variants or ("",)
    ]


@pytest.mark.parametrize("words_", each())
def test_a_personality_does_what_it_says(words_: str) -> None:
    name = words_.partition(":")[0]
    assert name in TESTS, f"{name} has no test: what it does is a wish"
    TESTS[name](words_ + "=1000")


@pytest.mark.parametrize("one", PERSONALITIES, ids=lambda one: one.name)
def test_at_rate_zero_all_goes_well(one: Personality) -> None:
    bank = bank_of(f"{one.name}=0")
    bank.submit(pain_001_file("MSG-1", FOUR), now=MONDAY)
    bank.run(MONDAY + DAY)
    assert sum(bank.executions().values()) == 4
    assert kinds(bank) == ["pain.002", "camt.054", "pain.002", "camt.053"]


def test_rates_are_about_what_they_say() -> None:
    bank = bank_of("partial_rejection=200")
    bank.submit(pain_001_file("MSG-1", [Line(f"E{n}") for n in range(1000)]), now=MONDAY)
    bank.run(MONDAY + MINUTE)
    assert 150 < sum(1 for count in bank.executions().values() if not count) < 250


def test_the_page_has_the_table() -> None:
    assert table() in PAGE.read_text()


@of
def slow(personality: str) -> None:
    bank = bank_of(personality)
    bank.submit(pain_001_file("MSG-1", FOUR), now=MONDAY)
    bank.run(MONDAY + timedelta(minutes=9))
    assert kinds(bank) == ["camt.054"]
    bank.run(MONDAY + timedelta(hours=5))
    assert kinds(bank) == ["camt.054", "pain.002", "pain.002"]


@of
def throttling(personality: str) -> None:
    bank = bank_of(personality)
    answer = bank.submit(pain_001_file("MSG-1"), now=MONDAY)
    assert (answer.fate, answer.verdict) == (Fate.ANSWERED, Verdict.THROTTLED)
    assert answer.retry_after_seconds > 0
    assert bank.known("MSG-1") is None


def _nothing_came(personality: str, fate: Fate) -> None:
    bank = bank_of(personality)
    answer = bank.submit(pain_001_file("MSG-1"), now=MONDAY)
    bank.run(MONDAY + WEEK)
    assert (answer.fate, answer.verdict) == (fate, Verdict.NOTHING)
    assert bank.known("MSG-1") is None
    assert not bank.messages()
    assert not bank.executions()


@of
def half_open(personality: str) -> None:
    _nothing_came(personality, Fate.HELD)


@of
def loses_request(personality: str) -> None:
    _nothing_came(personality, Fate.CUT)


@of
def loses_acknowledgement(personality: str) -> None:
    bank = bank_of(personality)
    assert bank.submit(pain_001_file("MSG-1", FOUR), now=MONDAY).fate is Fate.CUT
    assert bank.known("MSG-1") is not None
    bank.run(MONDAY + DAY)
    assert bank.executions()[FIRST] == 1


@of
def restarts(personality: str) -> None:
    bank = bank_of(personality)
    bank.become("", now=MONDAY)
    bank.submit(pain_001_file("BEFORE"), now=MONDAY)
    bank.run(MONDAY + MINUTE)
    bank.become(personality, now=MONDAY + MINUTE)
    assert bank.submit(pain_001_file("MSG-1"), now=MONDAY + MINUTE).fate is Fate.CUT
    assert bank.sessions == 2
    bank.run(MONDAY + DAY)
    forgot = "forgets" in personality
    assert (bank.known("MSG-1") is None) == forgot
    assert bank.executions()["MSG-1", "E2E-1"] == (0 if forgot else 1)
    assert bank.executions()["BEFORE", "E2E-1"] == 1
    assert bank.known("BEFORE") is not None


@of
def rejects(personality: str) -> None:
    bank = bank_of(personality)
    bank.submit(pain_001_file("MSG-1", FOUR), now=MONDAY)
    bank.run(MONDAY + DAY)
    reason = personality.partition(":")[2].partition("=")[0]
    assert words(bank) == [("", "RJCT", reason)]
    assert set(bank.executions().values()) == {0}


@of
def partial_rejection(personality: str) -> None:
    bank = bank_of(personality.replace("=1000", "=500"), seed=3)
    bank.submit(pain_001_file("MSG-1", FOUR), now=MONDAY)
    bank.run(MONDAY + DAY)
    reason = personality.partition(":")[2].partition("=")[0]
    first = reports(bank)[0]
    assert first.group_status == "PART"
    refused = {t.original_end_to_end_id for t in first.transactions if t.status == "RJCT"}
    assert {t.reason for t in first.transactions if t.status == "RJCT"} == {reason}
    assert {key for (_, key), n in bank.executions().items() if not n} == refused


@of
def duplicate_reason(personality: str) -> None:
    bank = bank_of(personality)
    bank.submit(pain_001_file("MSG-1", FOUR), now=MONDAY)
    bank.run(MONDAY + DAY)
    assert words(bank) == [("", "RJCT", "AM05")]
    assert set(bank.executions().values()) == {1}


@of
def silent(personality: str) -> None:
    bank = bank_of(personality)
    bank.submit(pain_001_file("MSG-1", FOUR), now=MONDAY)
    bank.run(MONDAY + DAY)
    assert kinds(bank) == ["camt.054", "camt.053"]
    assert bank.status("MSG-1") is None
    assert set(bank.executions().values()) == {1}


@of
def contradictory(personality: str) -> None:
    bank = bank_of(personality)
    bank.submit(pain_001_file("MSG-1", FOUR), now=MONDAY)
    bank.run(MONDAY + DAY)
    said = [(status, reason) for key, status, reason in words(bank) if key == "E2E-0"]
    booked = sum(1 for entry in notices(bank) for d in entry.details if d.end_to_end_id == "E2E-0")
    expected = {
        "contradictory:rejected_then_booked=1000": ([("RJCT", "AC04")], 1),
        "contradictory:settled_then_rejected=1000": ([("ACSC", ""), ("RJCT", "AC04")], 0),
        "contradictory:settled_then_cancelled=1000": ([("ACCC", ""), ("CANC", "")], 0),
    }
    assert (said, booked) == expected[personality]
    assert bank.executions()[FIRST] == booked


@of
def late_return(personality: str) -> None:
    bank = bank_of(personality)
    bank.submit(pain_001_file("MSG-1", FOUR), now=MONDAY)
    bank.run(MONDAY + timedelta(hours=12))
    assert bank.executions()[FIRST] == 1
    assert bank.balance(OURS).minor == 10_000_000_00 - 4 * 1000_00
    bank.run(MONDAY + WEEK)
    back = [entry for entry in notices(bank) if entry.amount.minor > 0]
    expected = {"whole": 1000_00, "part": 500_00, "less_charges": 997_50}
    variant = personality.partition(":")[2].partition("=")[0]
    assert [entry.amount.minor for entry in back] == [expected[variant]] * 4
    assert all(entry.details[0].return_reason for entry in back)
    assert {entry.details[0].end_to_end_id for entry in back} == {line.key for line in FOUR}
    assert bank.executions()[FIRST] == 1


@of
def wrong_status(personality: str) -> None:
    bank = bank_of(personality)
    bank.submit(pain_001_file("MSG-1", FOUR), now=MONDAY)
    bank.run(MONDAY + DAY)
    first = reports(bank)[0]
    if "word" in personality:
        assert {t.status for t in first.transactions} == {"ZZZZ"}
        assert first.original_message_id == "MSG-1"
    else:
        assert {report.original_message_id for report in reports(bank)} == {"MSG-1-X"}
    assert set(bank.executions().values()) == {1}


@of
def duplicates_messages(personality: str) -> None:
    bank = bank_of(personality)
    bank.submit(pain_001_file("MSG-1", FOUR), now=MONDAY)
    bank.run(MONDAY + DAY)
    contents = [message.content for message in bank.messages()]
    assert contents[::2] == contents[1::2]
    assert len({message.id for message in bank.messages()}) == len(contents) == 8
    assert set(bank.executions().values()) == {1}


@of
def out_of_order(personality: str) -> None:
    bank = bank_of(personality)
    bank.submit(pain_001_file("MSG-1", FOUR), now=MONDAY)
    bank.run(MONDAY + DAY)
    assert kinds(bank) == ["camt.054", "camt.053", "pain.002", "pain.002"]


@of
def books_batch(personality: str) -> None:
    bank = bank_of(personality)
    bank.submit(pain_001_file("MSG-1", FOUR), now=MONDAY)
    bank.run(MONDAY + DAY)
    (entry,) = statements(bank)[0].entries
    assert (entry.amount.minor, entry.batch_count) == (-4 * 1000_00, 4)
    assert (entry.payment_information_id, entry.message_id) == ("MSG-1-0", "MSG-1")
    assert not any(detail.end_to_end_id for detail in entry.details)
    assert set(bank.executions().values()) == {1}


@of
def statement_gap(personality: str) -> None:
    bank = bank_of(personality)
    bank.submit(pain_001_file("MSG-1", FOUR), now=MONDAY)
    bank.run(MONDAY + DAY)
    assert len(notices(bank)) == 4
    if "statement=" in personality:
        assert statements(bank) == []
        bank.become("", now=MONDAY + DAY)
        bank.run(MONDAY + 2 * DAY)
        assert [statement.sequence for statement in statements(bank)] == [2]
    else:
        (statement,) = statements(bank)
        assert statement.entries == ()
        assert statement.balances[1].amount == bank.balance(OURS)
        assert statement.balances[0].amount != statement.balances[1].amount


@of
def refuses_recalls(personality: str) -> None:
    bank = bank_of(personality)
    bank.submit(pain_001_file("MSG-1", FOUR), now=MONDAY)
    bank.submit(recall_file("RC-1", "MSG-1", ["E2E-0"]), now=MONDAY + MINUTE)
    bank.run(MONDAY + WEEK)
    expected = {"refused": ["RJCR"], "pending": ["PDCR"], "unanswered": []}
    variant = personality.partition(":")[2].partition("=")[0]
    assert [answer.status for answer in answers(bank)] == expected[variant]
    assert not [entry for entry in notices(bank) if entry.amount.minor > 0]
