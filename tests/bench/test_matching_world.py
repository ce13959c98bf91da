"""The made-up world of the matching bench must be right before anything is measured by it."""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.matching_world import mix, texts, world
from bench.matching_world.documents import ENTITIES, creditor_reference, number_of
from bench.matching_world.draw import SCALE, Draw
from bench.matching_world.parties import LENGTHS, iban

ITEMS = 6000
HARD_AT_LEAST = 1.6


class Files(NamedTuple):
    items: dict[str, dict[str, str]]
    transactions: dict[str, dict[str, str]]
    truth: list[dict[str, Any]]


def minor(text: str, currency: str) -> int:
    scaled = Decimal(text) * SCALE.get(currency, 100)
    assert scaled == int(scaled), f"{text} {currency} has too many decimals"
    return int(scaled)


def read(folder: Path) -> Files:
    def rows(name: str) -> dict[str, dict[str, str]]:
        with (folder / name).open(encoding="utf-8", newline="") as file:
            listed = list(csv.DictReader(file))
        found = {row["id"]: row for row in listed}
        assert len(found) == len(listed), f"{name}: an id stands twice"
        return found

    truth = [json.loads(line) for line in (folder / "truth.jsonl").read_text().splitlines()]
    return Files(rows("open_items.csv"), rows("transactions.csv"), truth)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder = tmp_path_factory.mktemp("world")
    world.write(world.make(ITEMS, 7), folder)
    return read(folder)


def shares(truth: list[dict[str, Any]]) -> Counter[str]:
    return Counter(line["scenario"] for line in truth)


def test_every_scenario_occurs_and_no_other(files: Files) -> None:
    assert set(shares(files.truth)) == set(mix.SCENARIOS)


def test_each_transaction_stands_in_one_line_of_truth(files: Files) -> None:
    told = Counter(id_ for line in files.truth for id_ in line["transactions"])
    assert set(told) == set(files.transactions)
    assert set(told.values()) == {1}


def test_the_truth_names_open_items_and_never_clears_more_than_is_open(files: Files) -> None:
    cleared: Counter[str] = Counter()
    for line in files.truth:
        for one in line["allocations"]:
            cleared[one["item"]] += one["settled_minor"]
            assert one["settled_minor"], "an allocation of nothing"
    for id_, settled in cleared.items():
        item = files.items[id_]
        opened = minor(item["open_amount"], item["currency"])
        assert settled * opened > 0, "the sign is the item's"
        assert abs(settled) <= abs(opened)


def test_money_adds_up_in_every_line(files: Files) -> None:
    """Cash is what is cleared less what was held back, plus what clears nothing."""
    held_back = ("discount", "fee")
    for line in files.truth:
        moved = [files.transactions[id_] for id_ in line["transactions"]]
        cash = sum(minor(row["amount"], row["currency"]) for row in moved)
        settled = sum(one["settled_minor"] for one in line["allocations"])
        if line["scenario"] == "noise" or line["scenario"].startswith("fx_"):
            continue
        adjusted = {one["kind"]: one["amount_minor"] for one in line["adjustments"]}
        parked = adjusted.get("on_account", 0)
        assert cash == settled - sum(adjusted.get(kind, 0) for kind in held_back) + parked, line


def test_foreign_money_comes_within_the_band_of_its_day(tmp_path: Path) -> None:
    made = world.make(ITEMS, 8)
    world.write(made, tmp_path)
    files, rates = read(tmp_path), defaultdict[tuple[str, str, str], Decimal](Decimal)
    with (tmp_path / "rates.csv").open() as file:
        for row in csv.DictReader(file):
            rates[row["date"], row["currency"], row["in_currency"]] = Decimal(row["rate"])
    checked = 0
    for line in files.truth:
        if line["scenario"].startswith("fx_"):
            paid = files.transactions[line["transactions"][0]]
            item = files.items[line["allocations"][0]["item"]]
            if Decimal(item["open_amount"]) < 100:
                continue  # Whole minor units alone may be more than the band.
            rate = rates[paid["booking_date"], item["currency"], paid["currency"]]
            got = Decimal(paid["amount"]) / (Decimal(item["open_amount"]) * rate)
            assert Decimal("0.965") < got < Decimal("1.03"), (paid, item, rate)
            told = (paid["original_amount"], paid["original_currency"])
            exact = (item["open_amount"], item["currency"])
            assert told == (exact if line["scenario"] == "fx_original" else ("", ""))
            checked += 1
    assert checked > 20


def test_returns_take_back_exactly_what_came(files: Files) -> None:
    pairs = [line for line in files.truth if line["scenario"] in ("reversal", "own_returned")]
    for line in pairs:
        first, second = (files.transactions[id_] for id_ in line["transactions"])
        assert Decimal(first["amount"]) == -Decimal(second["amount"])
        assert first["booking_date"] <= second["booking_date"]
        assert not line["allocations"]
        assert not first["return_reason"]
    repaid = shares(files.truth)["repaid"] / shares(files.truth)["reversal"]
    assert 0.3 < repaid < 0.7


def test_nobody_pays_before_the_document_exists(files: Files) -> None:
    for line in files.truth:
        for one in line["allocations"]:
            item = files.items[one["item"]]
            for id_ in line["transactions"]:
                assert item["issue_date"] <= files.transactions[id_]["booking_date"], line


def test_discounts_are_taken_in_their_terms_or_not_at_all(files: Files) -> None:
    for line in files.truth:
        if line["scenario"] in ("discount", "discount_late"):
            item = files.items[line["allocations"][0]["item"]]
            paid = files.transactions[line["transactions"][0]]
            in_time = paid["booking_date"] <= item["discount_until"]
            assert in_time == (line["scenario"] == "discount"), (item, paid)


def test_the_same_seed_makes_the_same_files_and_another_does_not(tmp_path: Path) -> None:
    for name, seed in (("one", 3), ("same", 3), ("other", 4)):
        world.write(world.make(1500, seed), tmp_path / name)
    for file in sorted((tmp_path / "one").iterdir()):
        assert file.read_bytes() == (tmp_path / "same" / file.name).read_bytes(), file.name
        assert file.read_bytes() != (tmp_path / "other" / file.name).read_bytes(), file.name


def test_the_files_give_nothing_away(files: Files) -> None:
    """Neither ids nor the order of rows say what belongs together."""
    order = {id_: at for at, id_ in enumerate(files.items)}
    booked = {id_: at for at, id_ in enumerate(files.transactions)}
    near = total = 0
    for line in files.truth:
        for one in line["allocations"]:
            at = order[one["item"]] / len(order)
            near += abs(at - booked[line["transactions"][0]] / len(booked)) < 0.001
            near += one["item"][1:] == line["transactions"][0][1:]
            total += 1
    assert near / total < 0.05


def test_hard_cases_are_doubled_when_asked(files: Files) -> None:
    hard, usual = shares(list(map(json.loads, world.make(ITEMS, 7, 2).truth))), shares(files.truth)
    names = ("typo", "truncated", "missing", "wrong", "duplicate", "reversal", "noise")
    assert sum(hard[name] for name in names) > HARD_AT_LEAST * sum(usual[name] for name in names)


def test_sizes_and_ratio_are_as_asked(files: Files) -> None:
    assert abs(len(files.items) - ITEMS) < ITEMS * 0.05
    assert 0.6 < len(files.transactions) / len(files.items) < 1.0
    heaviest = Counter(item["party_id"] for item in files.items.values()).most_common(1)
    assert heaviest[0][1] > 500


def test_accounts_stand_for_several_customers(files: Files) -> None:
    of: dict[str, set[str]] = defaultdict(set)
    for item in files.items.values():
        for account in item["party_ibans"].split():
            of[account].add(item["party_id"])
    assert max(len(parties) for parties in of.values()) >= 3


@given(st.integers(0, 10**9), st.sampled_from(sorted(LENGTHS)))
def test_account_numbers_are_valid(seed: int, country: str) -> None:
    made = iban(Draw(seed), country)
    digits = "".join(str(int(sign, 36)) for sign in made[4:] + made[:4])
    assert int(digits) % 97 == 1


@given(st.integers(1, 999_999_999))
def test_creditor_references_are_valid(number: int) -> None:
    made = creditor_reference(str(number))
    assert int("".join(str(int(sign, 36)) for sign in made[4:] + made[:4])) % 97 == 1


@given(st.integers(0, 10**9), st.integers(0, len(ENTITIES) - 1), st.integers(2000, 500_000))
def test_slips_change_the_number_and_retyping_keeps_its_digits(
    seed: int, entity: int, serial: int
) -> None:
    draw, number = Draw(seed), number_of(entity, serial, 40)
    assert texts.mistyped(draw, number) != number
    kept = [sign for sign in texts.reformatted(draw, number) if sign.isdigit()]
    assert "".join(kept).lstrip("0")[-4:] in "".join(filter(str.isdigit, number))
    assert number not in texts.cut(draw, f"Invoice {number}", number)
