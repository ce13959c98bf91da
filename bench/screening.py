"""How long 100,000 payees take against 10,000 listed names, beside comparing each with each.

    make bench-screening                    10,000 names, 100,000 payees
    LISTED=2000 PAYEES=5000 make bench-screening

All names are made up from syllables, so that many are nearly alike; one payee in a thousand is a
listed one written otherwise. The naive loops are measured on the first payees and multiplied.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from difflib import SequenceMatcher
from pathlib import Path
from random import Random

from rapidfuzz import fuzz, process
from rapidfuzz.utils import default_process
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from nostro.matching.names.index import NameIndex  # noqa: E402

LISTED = int(os.environ.get("LISTED", "10000"))
PAYEES = int(os.environ.get("PAYEES", "100000"))
LEAST = 85
SAMPLED = 200
PLANTED_EVERY = 1000
SYLLABLES = (
    "al an ba bar bek bor che da den do el fa ga gar ha han il ir ja ka kar kor la len li lo lu ma"
    " mar mi mo na nik no ol or pa pet ra ram ri ro sa sal san sha so ta tar te to va vel vi zar zo"
)
TRADES = "Trading Shipping Services International Holding Energy Logistics Group Bank"
FORMS = "Ltd GmbH LLC S.A. OOO"


def made_up(random: Random, words: list[str]) -> Iterator[str]:
    """Names without an end: two persons for each company."""
    trades, forms = TRADES.split(), FORMS.split()
    while True:
        first, last = random.choice(words), random.choice(words)
        if random.random() < 0.66:
            yield f"{last.upper()}, {first.title()}"
        else:
            yield f"{first.title()} {random.choice(trades)} {random.choice(forms)}"


def otherwise(random: Random, name: str) -> str:
    """The same name as somebody else writes it: in another order, with one letter changed."""
    words = name.replace(",", "").split()
    words.reverse()
    longest = max(range(len(words)), key=lambda at: len(words[at]))
    at = random.randrange(1, len(words[longest]))
    words[longest] = f"{words[longest][:at]}{words[longest][at:]}{words[longest][-1]}"
    return " ".join(words)


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock and of CPU."""
    clock, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - clock, time.process_time() - cpu


def main() -> None:
    random = Random(20261123)
    parts = SYLLABLES.split()
    vocabulary = ["".join(random.choices(parts, k=random.randint(2, 4))) for _ in range(12_000)]
    names = made_up(random, vocabulary)
    listed = list(dict.fromkeys(next(names) for _ in range(LISTED)))
    payees = [next(names) for _ in range(PAYEES)]
    planted = {at: random.choice(listed) for at in range(0, PAYEES, PLANTED_EVERY)}
    for at, name in planted.items():
        payees[at] = otherwise(random, name)
    table = Table("part", "names", "payees", "seconds", "CPU seconds", "payees/s of CPU", "hits")
    made: list[NameIndex[int]] = []
    clock, cpu = timed(lambda: made.append(NameIndex(enumerate(listed))))
    table.add_row("making the index", f"{len(listed):,}", "", f"{clock:.1f}", f"{cpu:.1f}", "", "")
    hits: dict[int, list[int]] = {}

    def search() -> None:
        for at, payee in enumerate(payees):
            if found := made[0].search(payee, LEAST):
                hits[at] = [one.of for one in found]

    clock, cpu = timed(search)
    rate = f"{PAYEES / cpu:,.0f}"
    counts = f"{len(listed):,}", f"{PAYEES:,}"
    table.add_row("nostro", *counts, f"{clock:.1f}", f"{cpu:.1f}", rate, f"{len(hits):,}")
    number = {name: at for at, name in enumerate(listed)}
    found = sum(number[name] in hits.get(at, ()) for at, name in planted.items())
    for part, work, sample in naive(listed, payees):
        clock, cpu = timed(work)
        times = PAYEES / sample
        shown = f"{clock * times:,.0f}", f"{cpu * times:,.0f}", f"{sample / cpu:,.0f}"
        table.add_row(f"{part} (of {sample} payees)", *counts, *shown, "")
    console = Console(width=120)
    console.print(table)
    console.print(f"{found} of {len(planted)} planted payees found.")


def naive(listed: list[str], payees: list[str]) -> Iterator[tuple[str, Callable[[], object], int]]:
    """Comparing each payee with each name, without an index: a library's loop, and Python's own."""
    plain = [default_process(name) for name in listed]
    some = [default_process(name) for name in payees[:SAMPLED]]

    def each_with_rapidfuzz() -> None:
        for payee in some:
            process.extract(payee, plain, scorer=fuzz.token_sort_ratio, score_cutoff=LEAST)

    def each_with_difflib() -> None:
        for payee in some[:2]:
            for name in plain:
                SequenceMatcher(None, payee, name).ratio()

    yield "rapidfuzz token_sort_ratio, each with each", each_with_rapidfuzz, len(some)
    yield "difflib, each with each", each_with_difflib, 2


if __name__ == "__main__":
    main()
