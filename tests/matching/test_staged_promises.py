"""What the staged matcher promises whatever comes: properties over small made-up worlds."""

from __future__ import annotations

import random
from collections import Counter
from itertools import count
from typing import Any

import msgspec
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nostro.matching.stages import matcher, pay_runs, subset_sums
from nostro.matching.stages.confidence import (
    TARGET,
    Learnt,
    Model,
    Seen,
    chance,
    chances,
    lower_bound,
    staked,
)
from nostro.matching.stages.confirmed import from_records, nobody
from tests.matching.staged import decided, item, paid, prepared

# Few amounts, few payers and numbers that are alike, so that everything competes.
AMOUNTS = (100, 200, 300, 500, 1000)
NUMBERS = ("INV0010101", "INV0010202", "INV0010303", "INV0020202", "INV0030404")
few = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip

Row = dict[str, str]


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Row], list[Row]]:
    ids = count(1)
    items = [
        item(
            number, f"{draw(st.sampled_from(AMOUNTS))}.00",
            party=draw(st.sampled_from(("Huber", "Nordlicht"))),
            due_date=f"2026-03-{draw(st.integers(10, 28)):02}",
        )
        for number in draw(st.lists(st.sampled_from(NUMBERS), unique=True, max_size=5))
    ]  # fmt: skip
    rows = [
        paid(
            f"{draw(st.sampled_from((*AMOUNTS, -100, -300, 98, 150)))}.00",
            " ".join(draw(st.lists(st.sampled_from((*NUMBERS, "Danke")), max_size=3))),
            id=f"T{next(ids):03}", payer=draw(st.sampled_from(("Huber", "Nordlicht", "Fremd"))),
            booking_date=f"2026-03-{draw(st.integers(10, 31)):02}",
            status=draw(st.sampled_from(("booked", "booked", "pending"))),
        )
        for _ in range(draw(st.integers(0, 6)))
    ]  # fmt: skip
    return rows, items


def records(rows: list[Row], items: list[Row]) -> list[dict[str, Any]]:
    ready = prepared(rows, items)
    found = matcher.decide(ready, Model(), TARGET, nobody())
    told: list[dict[str, Any]] = found.batch(0, found.lines.height).to_dicts()
    return told


@few
@given(worlds())
def test_no_item_is_settled_beyond_what_is_open_and_every_amount_balances(
    world: tuple[list[Row], list[Row]],
) -> None:
    rows, items = world
    amounts = {row["id"]: int(row["amount"].replace(".", "")) for row in rows}
    settled: Counter[str] = Counter()
    told = records(rows, items)
    assert sorted(t for one in told for t in one["transactions"]) == sorted(amounts)
    for one in told:
        parts = {part["item"]: part["settled_minor"] for part in one["allocations"]}
        assert len(parts) == len(one["allocations"])
        settled.update(parts)
        if parts:
            differences = sum(part["amount_minor"] for part in one["adjustments"])
            paid_minor = sum(amounts[t] for t in one["transactions"])
            assert sum(parts.values()) + differences == paid_minor
        if one["status"] == "reversal":
            assert sum(amounts[t] for t in one["transactions"]) == 0
    for one in items:
        assert abs(settled[one["id"]]) <= abs(int(one["open_amount"].replace(".", "")))


@few
@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(
    world: tuple[list[Row], list[Row]], dice: random.Random
) -> None:
    rows, items = world
    first = records(rows, items)
    mixed_rows, mixed_items = list(rows), list(items)
    dice.shuffle(mixed_rows)
    dice.shuffle(mixed_items)
    assert records(mixed_rows, mixed_items) == first


@few
@given(worlds(), st.data())
def test_what_people_decided_is_told_as_it_is(
    world: tuple[list[Row], list[Row]], data: st.DataObject
) -> None:
    rows, items = world
    if not rows or not items:
        return
    row, one = data.draw(st.sampled_from(rows)), data.draw(st.sampled_from(items))
    minor = int(one["open_amount"].replace(".", ""))
    told = decided(rows, items, people=[([row["id"]], [(one["id"], minor)])])
    assert told[row["id"]].cleared == {one["id"]: minor}
    others = [other for key, other in told.items() if key != row["id"]]
    assert not any(one["id"] in other.cleared for other in others)


@given(st.lists(st.integers(-50, 50), max_size=9), st.integers(-100, 100))
def test_every_sum_is_counted(amounts: list[int], target: int) -> None:
    sets = range(1, 1 << len(amounts))
    right = [
        mask for mask in sets
        if sum(a for place, a in enumerate(amounts) if mask >> place & 1) == target
    ]  # fmt: skip
    found = subset_sums.solve(amounts, target)
    assert found.solutions == len(right)
    assert not right or sum(amounts[place] for place in found.places) == target


def work(customers: int) -> int:
    """How many pairs and open items are looked at, for so many customers that are alike."""
    items, rows = [], []
    for n in range(customers):
        name = f"Kunde {n}"
        for m in range(6):
            items.append(item(f"INV{n:05}{m}", f"{100 + m}.00", party=name))
        rows.append(paid("203.00", "Sammelzahlung", payer=name, id=f"T{n:05}"))
        rows.append(paid("104.00", f"INV{n:05}4", payer=name, id=f"U{n:05}"))
    run = matcher.Run(prepared(rows, items), nobody())
    run.match()
    return run.looked_at


def test_work_grows_with_the_rows_and_not_with_their_square() -> None:
    assert 0 < work(200) <= 11 * work(20)


def test_a_heavy_customer_with_one_price_is_no_square() -> None:
    def pairs(n: int) -> int:
        items = [item(f"INV{n:04}{m:05}", "49.00") for m in range(n)]
        rows = [paid("49.00", "Danke", id=f"T{m:05}") for m in range(n)]
        run = matcher.Run(prepared(rows, items), nobody())
        run.match()
        return run.looked_at

    assert pairs(1200) * 10 <= pairs(600) * 22


def test_a_search_looks_at_a_bounded_number_of_items() -> None:
    search = pay_runs.Search()
    for n in range(5000):
        search.add((1, "EUR"), pay_runs.Open(n, n, 1000 + n, 0))
    search.answer(pay_runs.Payment(0, 2500, 7, "iban", (), ()), (1, "EUR"))
    assert search.tried <= pay_runs.NEAREST + pay_runs.FAR


CLASS = "exact/tail/iban/sole/once/clear"


def test_few_confirmed_decisions_do_not_make_a_class_post() -> None:
    for judged in (0, 5, 29):
        model = Model(classes={CLASS: Seen(judged, judged)})
        assert not chances(model, [CLASS])["posts"][0]
    many = Model(classes={CLASS: Seen(8000, 8000)})
    assert chances(many, [CLASS])["posts"][0]


def test_a_class_that_errs_too_often_stops_posting() -> None:
    proven = "exact/full/iban/sole/once/clear"
    assert chances(Model(), [proven])["posts"][0]
    assert not chances(Model(classes={proven: Seen(1000, 900)}), [proven])["posts"][0]


@pytest.mark.parametrize(
    "name", ["sum/none/iban/sole/once/clear", "over/full/iban/sole/once/clear"]
)
def test_what_must_never_post_does_not_however_often_it_was_right(name: str) -> None:
    assert not chances(Model(classes={name: Seen(90_000, 90_000)}), [name])["posts"][0]


WEAK = "exact/slip/iban/sole/once/equal"


@given(
    st.integers(200, 5000), st.integers(0, 4),
    st.lists(st.integers(1, 10_000_000), min_size=1, max_size=60),
)  # fmt: skip
def test_weak_evidence_is_expected_to_lose_no_more_than_its_share(
    judged: int, wrong: int, amounts: list[int]
) -> None:
    base = Model(classes={WEAK: Seen(judged, judged - wrong), CLASS: Seen(90_000, 90_000)})
    worths = pl.DataFrame({"of_class": [WEAK] * len(amounts), "worth": amounts})
    documented = pl.DataFrame({"of_class": [CLASS], "worth": [10**10]})
    model = staked(base, pl.concat([worths, documented]))
    told = chances(model, [WEAK, CLASS]).sort("of_class")
    most, strong = told["most"].to_list()
    assert strong is None, "clear evidence posts whatever the amount"
    posted = [amount for amount in amounts if amount <= most]
    risk = Learnt(model).risk(WEAK)
    allowed = 10 * (10**10 + sum(amounts)) * 45 // 100
    assert risk * sum(posted) <= allowed
    larger = [amount for amount in amounts if amount > most]
    if larger and told["posts"][0]:
        alike = min(larger) * larger.count(min(larger))
        assert risk * (sum(posted) + alike) > allowed - risk


def test_the_same_evidence_posts_a_small_amount_and_asks_about_a_large_one() -> None:
    items = [
        item("INV0033769", "49.00"), item("INV0044444", "49.00"),
        item("INV0055769", "4900.00"), item("INV0066666", "4900.00"),
    ]  # fmt: skip
    rows = [paid("49.00", "INV0033679", id="T1"), paid("4900.00", "INV0055679", id="T2")]
    model = Model(
        classes={WEAK: Seen(4000, 3999), CLASS: Seen(4000, 4000)}, stake=10_000 * 1_000
    )  # fmt: skip
    told = decided(rows, items, model=model)
    assert (told["T1"].status, told["T2"].status) == ("post", "suggest")
    assert "up to a smaller amount only" in told["T2"].evidence
    assert "smaller amount" not in told["T1"].evidence


def test_a_model_of_another_form_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"format": "nostro-matching-model-1"}', type=Model)


def test_a_customer_may_veto_a_rule() -> None:
    proven = "exact/full/iban/sole/once/clear"
    assert not chances(Model(vetoed=("exact",)), [proven])["posts"][0]


@given(st.integers(1, 10_000), st.integers(0, 10_000))
def test_the_lower_bound_lies_below_the_share(judged: int, wrong: int) -> None:
    right = max(0, judged - wrong)
    bound = lower_bound(right, judged)
    assert 0 <= bound <= right * 1_000_000 // judged
    assert chance(Model(), CLASS) <= 1_000_000


def test_decisions_teach_how_sure_their_evidence_is() -> None:
    rows = [paid("49.00", f"INV00{n}77", id=f"T{n}") for n in range(100, 140)]
    items = [item(f"INV00{n}77", "49.00") for n in range(100, 140)]
    ready = prepared(rows, items)
    people = from_records(
        [([f"T{n}"], [(f"INV00{n}77", 4900 if n != 105 else 4800)]) for n in range(100, 140)],
        ready.ids, ready.item_ids,
    )  # fmt: skip
    model = matcher.fit(ready, Model(), people)
    assert model.classes == {"exact/full/iban/sole/once/clear": Seen(40, 39)}


def test_an_account_that_people_confirmed_is_known_afterwards() -> None:
    items = [item("INV0010101", "77.10"), item("INV0020202", "88.20")]
    first = paid("77.10", "Danke", payer="Treuhand", counterparty_iban="DE89370400440532013000")
    second = paid("88.20", "Danke", payer="Treuhand", counterparty_iban="DE89370400440532013000")
    told = decided([first, second], items, people=[([first["id"]], [("INV0010101", 7710)])])
    assert told[second["id"]].cleared == {"INV0020202": 8820}
    assert "confirmed before" in told[second["id"]].evidence
