"""The bank simulator without doors: its story repeats, its statements close, its count is true."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nostro.domain.errors import Invalid, Refused
from nostro.domain.money import Money
from nostro.simulator.bank import Bank
from nostro.simulator.books import OpenAccount, rolled
from nostro.simulator.personalities import PERSONALITIES, character
from nostro.simulator.script import Script, read_script
from nostro.simulator.state import Level
from nostro.simulator.taking import Fate, Verdict
from tests.simulator.files import (
    MONDAY,
    OTHER_PAYEE,
    OURS,
    Line,
    pain_001_file,
    pain_008_file,
    recall_file,
)
from tests.simulator.stories import (
    DAY,
    MINUTE,
    WEEK,
    answers,
    bank_of,
    kinds,
    notices,
    read,
    reports,
    statements,
    words,
)

TWO = [Line("E2E-1", 100_00), Line("E2E-2", 5, OTHER_PAYEE)]
EVERYTHING = ",".join(f"{one.name}=250" for one in PERSONALITIES)


def test_a_good_day_is_accepted_booked_noticed_and_stated() -> None:
    bank = bank_of("")
    answer = bank.submit(pain_001_file("MSG-1", TWO), now=MONDAY)
    assert (answer.fate, answer.verdict) == (Fate.ANSWERED, Verdict.TAKEN)
    assert bank.known("MSG-1") is not None
    assert bank.status("MSG-1") is None
    bank.run(MONDAY + DAY)
    assert kinds(bank) == ["pain.002", "camt.054", "pain.002", "camt.053"]
    assert words(bank) == [
        *[("", "ACCP", ""), ("E2E-1", "ACCP", ""), ("E2E-2", "ACCP", "")],
        *[("", "ACSC", ""), ("E2E-1", "ACSC", ""), ("E2E-2", "ACSC", "")],
    ]
    assert [entry.amount.minor for entry in notices(bank)] == [-100_00, -5]
    (statement,) = statements(bank)
    assert [e.details[0].end_to_end_id for e in statement.entries] == ["E2E-1", "E2E-2"]
    assert statement.balances[1].amount == bank.balance(OURS)
    assert bank.executions() == {("MSG-1", "E2E-1"): 1, ("MSG-1", "E2E-2"): 1}


def story(seed: int) -> list[tuple[str, bytes]]:
    bank = bank_of(EVERYTHING, seed)
    for number in range(30):
        at = MONDAY + timedelta(hours=number)
        lines = [Line(f"E2E-{number}-{n}", 100 + n) for n in range(5)]
        bank.submit(pain_001_file(f"MSG-{number}", lines, day=at.date()), now=at)
        bank.submit(recall_file(f"RC-{number}", f"MSG-{number}", [lines[0].key]), now=at + MINUTE)
    bank.run(MONDAY + 2 * WEEK)
    return [(message.name, message.content) for message in bank.messages()]


def test_the_same_seed_tells_the_same_story_byte_for_byte() -> None:
    told = story(7)
    assert told == story(7)
    assert len(told) > 60
    assert told != story(8)


def test_it_does_not_matter_how_often_anybody_looks() -> None:
    seldom, often = bank_of(EVERYTHING), bank_of(EVERYTHING)
    for bank in (seldom, often):
        bank.submit(pain_001_file("MSG-1", TWO), now=MONDAY)
        bank.submit(pain_001_file("MSG-2", TWO), now=MONDAY)
    for hour in range(24 * 9):
        often.run(MONDAY + timedelta(hours=hour))
    seldom.run(MONDAY + timedelta(days=9, hours=-1))
    assert often.messages() == seldom.messages()


def test_the_dice_for_a_file_do_not_depend_on_other_files() -> None:
    alone, second = bank_of("partial_rejection=500"), bank_of("partial_rejection=500")
    second.submit(pain_001_file("OTHER", TWO), now=MONDAY)
    for bank in (alone, second):
        bank.submit(pain_001_file("MSG-1", [Line(f"E{n}") for n in range(20)]), now=MONDAY)
        bank.run(MONDAY + MINUTE)
    of = [one for one in second.executions().items() if one[0][0] == "MSG-1"]
    assert dict(of) == alone.executions()
    assert 0 < sum(alone.executions().values()) < 20


# ---- Files that come again


def test_without_a_promise_the_same_file_is_paid_each_time_it_comes() -> None:
    bank = bank_of("")
    for _ in range(3):
        assert bank.submit(pain_001_file("MSG-1"), now=MONDAY).verdict is Verdict.TAKEN
    bank.run(MONDAY + DAY)
    assert bank.executions() == {("MSG-1", "E2E-1"): 3}
    assert bank.balance(OURS) == Money(10_000_000_00 - 3 * 100_00, "EUR")


def test_with_the_promise_it_counts_once_and_gets_the_first_answer() -> None:
    bank = bank_of("", deduplicates=True)
    first = bank.submit(pain_001_file("MSG-1"), now=MONDAY, key="MSG-1")
    again = bank.submit(pain_001_file("MSG-1"), now=MONDAY + DAY, key="MSG-1")
    assert (again.verdict, again.reference) == (Verdict.AGAIN, first.reference)
    other = bank.submit(pain_001_file("MSG-1", TWO), now=MONDAY + DAY, key="MSG-1")
    assert (other.verdict, other.code) == (Verdict.KEY_REUSED, "key_reused")
    bank.run(MONDAY + 2 * DAY)
    assert bank.executions() == {("MSG-1", "E2E-1"): 1}


def test_in_a_folder_a_repeated_file_is_refused_by_a_message() -> None:
    bank = bank_of("", deduplicates=True)
    for _ in range(2):
        bank.submit(pain_001_file("MSG-1"), now=MONDAY, written=True)
    assert words(bank) == [("", "RJCT", "AM05")]


# ---- What a bank must refuse


@pytest.mark.parametrize(
    ("lines", "account", "reason"),
    [
        ([Line("E2E-1", 1_000_01)], OURS, "AM04"),
        ([Line("E2E-1", 100, currency="CHF")], OURS, "AM03"),
        ([Line("E2E-1", 100)], "NL02ABNA0123456789", "AC02"),
    ],
)
def test_what_cannot_be_paid_is_rejected_with_its_reason(
    lines: list[Line], account: str, reason: str
) -> None:
    bank = bank_of("", accounts=[OpenAccount(OURS, Money(1_000_00, "EUR"))])
    bank.submit(pain_001_file("MSG-1", lines, account=account), now=MONDAY)
    bank.run(MONDAY + DAY)
    assert words(bank) == [("", "RJCT", ""), ("E2E-1", "RJCT", reason)]
    assert bank.executions() == {("MSG-1", "E2E-1"): 0}


def test_money_that_waits_to_leave_is_not_spent_twice() -> None:
    bank = bank_of("", accounts=[OpenAccount(OURS, Money(150, "EUR"))])
    later = MONDAY.date() + timedelta(days=2)
    bank.submit(pain_001_file("MSG-1", [Line("E2E-1", 100)], day=later), now=MONDAY)
    bank.submit(pain_001_file("MSG-2", [Line("E2E-2", 100)]), now=MONDAY)
    bank.run(MONDAY + WEEK)
    assert bank.executions() == {("MSG-1", "E2E-1"): 1, ("MSG-2", "E2E-2"): 0}


def test_money_that_has_left_or_stays_is_kept_back_no_longer() -> None:
    bank = bank_of("", accounts=[OpenAccount(OURS, Money(300, "EUR"))])
    later = MONDAY.date() + timedelta(days=2)
    bank.submit(pain_001_file("MSG-1", [Line("E2E-1", 100)]), now=MONDAY)
    bank.submit(pain_001_file("MSG-2", [Line("E2E-2", 100)], day=later), now=MONDAY)
    bank.submit(recall_file("RC-1", "MSG-2", ["E2E-2"]), now=MONDAY + MINUTE)
    bank.submit(pain_001_file("MSG-3", [Line("E2E-3", 200)]), now=MONDAY + DAY)
    bank.run(MONDAY + WEEK)
    assert [row.executions for row in bank.payments()] == [1, 0, 1]
    assert bank.balance(OURS) == Money(0, "EUR")


def test_direct_debits_bring_money() -> None:
    bank = bank_of("")
    bank.submit(pain_008_file("MSG-1", [Line("E2E-1", 70), Line("E2E-2", 5)]), now=MONDAY)
    bank.run(MONDAY + WEEK)
    assert bank.balance(OURS) == Money(10_000_000_00 + 75, "EUR")
    assert [entry.amount.minor for entry in notices(bank)] == [70, 5]
    assert bank.executions() == {("MSG-1", "E2E-1"): 1, ("MSG-1", "E2E-2"): 1}


@pytest.mark.parametrize("content", [b"", b"<a/>", b"hello", b"<Document", b"\x00" * 20])
def test_what_is_no_payment_file_is_refused(content: bytes) -> None:
    bank = bank_of("")
    answer = bank.submit(content, now=MONDAY, written=True)
    assert (answer.verdict, answer.code) == (Verdict.REFUSED, "FF01")
    assert words(bank) == [("", "RJCT", "FF01")]


def test_a_payment_of_a_later_day_is_booked_on_that_day() -> None:
    bank = bank_of("")
    saturday = MONDAY.date() + timedelta(days=5)
    bank.submit(pain_001_file("MSG-1", day=saturday), now=MONDAY)
    bank.run(MONDAY + timedelta(days=6))
    assert bank.executions() == {("MSG-1", "E2E-1"): 0}
    bank.run(MONDAY + timedelta(days=7))
    assert notices(bank)[0].booked == rolled(saturday)


@pytest.mark.parametrize("version", ["03", "05", "08", "09", "11", "13"])
def test_it_takes_every_version_that_we_read(version: str) -> None:
    bank = bank_of("")
    name = f"pain.001.001.{version}"
    bank.submit(pain_001_file("MSG-1", version=name), now=MONDAY)
    bank.run(MONDAY + DAY)
    assert bank.executions() == {("MSG-1", "E2E-1"): 1}
    assert reports(bank)[0].original_message_name == name


@pytest.mark.parametrize(
    ("level", "told"), [(Level.GROUP, (0, 0)), (Level.BATCH, (2, 0)), (Level.TRANSACTION, (2, 4))]
)
def test_it_speaks_as_finely_as_it_is_told(level: Level, told: tuple[int, int]) -> None:
    bank = bank_of("", level=level)
    bank.submit(pain_001_file("MSG-1", [Line(f"E{n}") for n in range(4)], batches=2), now=MONDAY)
    bank.run(MONDAY + MINUTE)
    report = reports(bank)[0]
    assert (len(report.batches), len(report.transactions)) == told
    assert report.group_status == "ACCP"


# ---- Recalls


def test_before_the_booking_a_recall_is_a_cancellation() -> None:
    bank = bank_of("")
    later = MONDAY.date() + timedelta(days=3)
    bank.submit(pain_001_file("MSG-1", TWO, day=later), now=MONDAY)
    bank.submit(recall_file("RC-1", "MSG-1", ["E2E-1"]), now=MONDAY + MINUTE)
    bank.run(MONDAY + WEEK)
    assert bank.executions() == {("MSG-1", "E2E-1"): 0, ("MSG-1", "E2E-2"): 1}
    assert ("E2E-1", "CANC", "") in words(bank)
    assert answers(bank)[0].status == "CNCL"


def test_after_the_booking_the_payee_is_asked_and_the_money_comes_back() -> None:
    bank = bank_of("")
    bank.submit(pain_001_file("MSG-1", TWO), now=MONDAY)
    bank.submit(recall_file("RC-1", "MSG-1", ["E2E-1"]), now=MONDAY + MINUTE)
    bank.run(MONDAY + WEEK)
    told = answers(bank)
    assert [(a.status, a.payments[0].status) for a in told] == [("PDCR", "PDCR"), ("CNCL", "ACCR")]
    back = [entry for entry in notices(bank) if entry.amount.minor > 0]
    assert [(e.amount.minor, e.details[0].return_reason) for e in back] == [(100_00, "FOCR")]
    assert bank.balance(OURS) == Money(10_000_000_00 - 5, "EUR")


def test_money_comes_back_once_however_many_ways_there_are() -> None:
    bank = bank_of("late_return:whole=1000")
    bank.submit(pain_001_file("MSG-1"), now=MONDAY)
    for number in range(2):
        file = recall_file(f"RC-{number}", "MSG-1", ["E2E-1"])
        bank.submit(file, now=MONDAY + MINUTE)
    bank.run(MONDAY + WEEK)
    assert bank.balance(OURS) == Money(10_000_000_00, "EUR")
    assert sorted(answer.status for answer in answers(bank)) == ["CNCL", "PDCR", "PDCR", "RJCR"]


def test_a_recall_of_what_the_bank_never_had_is_refused() -> None:
    bank = bank_of("")
    bank.submit(recall_file("RC-1", "MSG-9", ["E2E-9"]), now=MONDAY)
    bank.run(MONDAY + MINUTE)
    (told,) = answers(bank)
    assert told.status == "RJCR"
    assert told.payments[0].reasons[0].code == "NOOR"


def test_a_report_of_today_is_there_on_request() -> None:
    bank = bank_of("")
    bank.submit(pain_001_file("MSG-1"), now=MONDAY)
    bank.report(OURS, now=MONDAY + MINUTE)
    told = read(bank.messages()[-1])
    assert [entry.amount.minor for entry in told.entries] == [-100_00]
    with pytest.raises(Refused, match="no account"):
        bank.report("NL02ABNA0123456789", now=MONDAY + MINUTE)


# ---- Scripts


def test_a_script_says_what_happens_to_files_payments_and_payees() -> None:
    told = b"""
    [files]
    2 = "loses_request"
    "MSG-3" = "silent"
    [payments]
    "E2E-1" = "RJCT AC04"
    [payees]
    FR1420041010050500013M02606 = "late_return:part"
    """
    bank = bank_of("rejects", script=read_script(told))
    bank.follow(Script(files={"1": "well"}), now=MONDAY)
    bank.submit(pain_001_file("MSG-1", TWO), now=MONDAY)
    assert bank.submit(pain_001_file("MSG-2"), now=MONDAY).fate is Fate.CUT
    bank.submit(pain_001_file("MSG-3", [Line("E2E-3")]), now=MONDAY)
    bank.run(MONDAY + WEEK)
    assert ("E2E-1", "RJCT", "AC04") in words(bank)
    assert bank.executions() == {
        ("MSG-1", "E2E-1"): 0,
        ("MSG-1", "E2E-2"): 1,
        ("MSG-3", "E2E-3"): 1,
    }
    assert [e.amount.minor for e in notices(bank) if e.amount.minor > 0] == [2]
    assert {report.original_message_id for report in reports(bank)} == {"MSG-1"}


@pytest.mark.parametrize(
    "text",
    [
        b'{"payments": {"E2E-7": "RJCT AC04"}}',
        b'[payments]\n"E2E-7" = "RJCT AC04"\n',
        b"payment E2E-7: RJCT AC04\n",
    ],
)
def test_a_script_is_json_toml_or_lines(text: bytes) -> None:
    assert read_script(text) == Script(payments={"E2E-7": "RJCT AC04"})


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"\xff", "script_unreadable"),
        (b"{", "script_unreadable"),
        (b'{"file": {}}', "script_unreadable"),
        (b'{"files": {"1": "rude"}}', "personality_unknown"),
        (b'{"files": {"1": "silent:very"}}', "personality_unknown"),
    ],
)
def test_a_script_that_cannot_be_understood_is_refused(text: bytes, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_script(text)
    assert refused.value.code == code


@pytest.mark.parametrize("words_", ["rude", "silent=1001", "silent=x", "late_return:twice"])
def test_an_unknown_personality_is_refused(words_: str) -> None:
    with pytest.raises(Invalid) as refused:
        character(words_)
    assert refused.value.code == "personality_unknown"


def test_a_character_reads_back_as_it_writes() -> None:
    told = character("silent,late_return:part=50,slow=1")
    assert character(told.words()) == told


# ---- The oracle and the statements


# What keeps a line or a statement away is not for the statements' own test.
HONEST = [one.name for one in PERSONALITIES if one.name != "statement_gap"]
FILES = st.lists(
    st.tuples(
        st.integers(1, 6),  # which message id: some come again
        st.lists(st.integers(1, 10_000_00), min_size=1, max_size=5),
        st.integers(0, 72),  # hours
        st.integers(0, 4),  # days until execution
        st.booleans(),  # recalled
    ),
    max_size=8,
)


def moved(bank: Bank) -> dict[tuple[str, str], int]:
    """How often each payment was booked by the notices: what a customer can see himself."""
    found: Counter[tuple[str, str]] = Counter()
    for entry in notices(bank):
        if entry.amount.minor < 0:
            for detail in entry.details:
                found[detail.message_id, detail.end_to_end_id] += 1
    return found


def lived(seed: int, habits: set[str], files: list[tuple[int, list[int], int, int, bool]]) -> Bank:
    bank = Bank(seed, now=MONDAY, personality=",".join(f"{name}=300" for name in sorted(habits)))
    for number, amounts, hours, days, recalled in sorted(files, key=lambda one: one[2]):
        at: datetime = MONDAY + timedelta(hours=hours)
        lines = [Line(f"E{number}-{n}", minor) for n, minor in enumerate(amounts)]
        day = at.date() + timedelta(days=days)
        bank.submit(pain_001_file(f"M{number}", lines, day=day), now=at)
        if recalled:
            bank.submit(recall_file(f"R{number}-{hours}", f"M{number}", ["E1-0"]), now=at)
    bank.run(MONDAY + timedelta(days=30))
    return bank


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 99), st.sets(st.sampled_from(HONEST), max_size=6), FILES)
def test_statements_close_chain_and_equal_what_was_executed(
    seed: int, habits: set[str], files: list[tuple[int, list[int], int, int, bool]]
) -> None:
    bank = lived(seed, habits - {"duplicates_messages"}, files)
    told = statements(bank)
    for account in bank.accounts().values():
        balance = account.opening
        for statement in told:
            opening, closing = statement.balances
            assert opening.amount == balance
            for entry in statement.entries:
                balance = balance + entry.amount
            assert closing.amount == balance
        assert [s.sequence for s in told] == list(range(1, len(told) + 1))
        assert balance == account.balance
    booked = [entry.amount for statement in told for entry in statement.entries]
    assert sorted(m.minor for m in booked) == sorted(e.amount.minor for e in notices(bank))
    if "books_batch" not in habits:
        assert moved(bank) == {key: n for key, n in bank.executions().items() if n}


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 99), FILES)
def test_every_message_of_the_worst_bank_keeps_its_schema(
    seed: int, files: list[tuple[int, list[int], int, int, bool]]
) -> None:
    bank = lived(seed, {one.name for one in PERSONALITIES}, files)
    for message in bank.messages():
        read(message)
