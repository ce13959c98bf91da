"""A made-up company's open items, bank transactions and the truth about them, of one seed.

    python -m bench.matching_world.world FOLDER --items 10000 --seed 1 [--hard 2] [--parquet]

Files as `nostro match` reads them: open_items, transactions, rates; truth.jsonl says for each
transaction what it settles; decisions.jsonl is the same as people would have confirmed it.
"""

from __future__ import annotations

import argparse
import csv
import re
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from bench.matching_world import documents, ledger, mix
from bench.matching_world.company import Company
from bench.matching_world.documents import ENTITY_DRAW, Item, give_ids, give_numbers
from bench.matching_world.draw import Draw
from bench.matching_world.ledger import Ledger, Rates
from bench.matching_world.parties import Party, customers
from bench.matching_world.payments import Customers
from bench.matching_world.plans import Plan, Planner

RATE_COLUMNS = ("date", "currency", "in_currency", "rate")


class World(NamedTuple):
    items: list[Item]
    transactions: list[tuple[str, ...]]
    truth: list[str]
    rates: Rates
    parties: list[Party]


def make(items: int, seed: int, hard: float = 1) -> World:
    """About `items` open items; the last customer's plan may add a few."""
    draw = Draw(seed)
    others = {name: share * (hard if name in mix.HARD else 1) for name, share in mix.OTHER.items()}
    documented = 1 - sum(mix_items(name) * share / 100 for name, share in others.items())
    parties = customers(draw, int(items * documented), ENTITY_DRAW)
    company, planner = Company(draw, parties), Planner(draw, hard)
    plans = [plan for party in parties for plan in planner.plans(party)]
    own = [
        company.plan(name)
        for name, share in others.items()
        for _ in range(max(2, round(items * share / 100)))
    ]
    everything = [item for plan in (*plans, *own) for item in plan.items]
    give_numbers(draw, everything)
    number_instalments(plans)
    give_ids(draw, everything)
    book = Ledger(draw, Rates(draw))
    payers = Customers(draw, book, everything)
    for plan in plans:
        payers.pay(plan)
    for plan in own:
        company.move(book, plan)
    book.rows.sort(key=lambda row: (row[2], row[0]))
    draw.shuffle(book.truth)
    everything.sort(key=lambda item: (item.issue, item.id))
    return World(everything, book.rows, book.truth, book.rates, parties)


def mix_items(name: str) -> int:
    """How many documents one plan of the company has, about."""
    return {"noise": 0}.get(name, 15 if name.startswith("batch") else 1)


def number_instalments(plans: Iterable[Plan]) -> None:
    """Instalments of one sale share its number: INV0012345/1, /2."""
    for plan in plans:
        if plan.scenario == "instalment":
            base, references = plan.items[0].number, plan.items[0].references
            for at, item in enumerate(plan.items, 1):
                item.number, item.references = f"{base}/{at}", f"{base} {references}".strip()


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Path:
    """CSV, or Parquet where the name ends so; all columns are text."""
    if path.suffix == ".parquet":
        import polars

        frame = polars.DataFrame(
            list(rows), schema=dict.fromkeys(columns, polars.String), orient="row"
        )
        frame.write_parquet(path)
        return path
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
    return path


def write(world: World, folder: Path, form: str = "csv") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_table(
        folder / f"open_items.{form}", documents.COLUMNS, (item.row() for item in world.items)
    )
    write_table(folder / f"transactions.{form}", ledger.COLUMNS, world.transactions)
    write_table(folder / f"rates.{form}", RATE_COLUMNS, world.rates.rows())
    with (folder / "truth.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in world.truth)
    with (folder / "decisions.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(re.sub(r',"scenario":"\w+"', "", line) + "\n" for line in world.truth)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--hard", type=float, default=1)
    parser.add_argument("--parquet", action="store_true")
    told = parser.parse_args()
    began = time.perf_counter()
    world = make(told.items, told.seed, told.hard)
    write(world, told.folder, "parquet" if told.parquet else "csv")
    seconds = time.perf_counter() - began
    print(f"{len(world.items):,} items, {len(world.transactions):,} transactions, {seconds:.1f} s")


if __name__ == "__main__":
    main()
