"""How many payments made twice are found, how many missed, and how many false alarms: a table.

`pytest -rP tests/domain/test_duplicate_detection.py` tells it; it stands in docs/benchmarks.md.
"""

from __future__ import annotations

import sys
from collections import Counter

from nostro.domain.policies.duplicates import DuplicateRules, PaidBefore, findings
from tests.ap_exports import DUPLICATES, exports

SEEDS = range(5)
# Two digits that differ tell two invoices apart: one price each month has such numbers in a row.
NOT_FOUND_BY_DESIGN = {"one digit mistyped", "one digit left out"}


def counted() -> tuple[Counter[str], Counter[str]]:
    """Of each kind how many there are, and for how many a person is asked."""
    all_of_them, told = Counter[str](), Counter[str]()
    for seed in SEEDS:
        before, rules = PaidBefore(), DuplicateRules()
        for row in exports(seed):
            found = findings(row.payment, before, rules)
            before.add(row.payment)
            all_of_them[row.kind] += 1
            told[row.kind] += bool(found)
    return all_of_them, told


def test_duplicates_of_mutated_exports() -> None:
    all_of_them, told = counted()
    tell = sys.stdout.write
    tell("\n| What was done | payments | held | missed | false alarms |\n|---|---|---|---|---|\n")
    for kind, count in all_of_them.items():
        repeated = kind in DUPLICATES or kind.startswith("again")
        missed, false = (count - told[kind], "") if repeated else ("", told[kind])
        tell(f"| {kind} | {count:,} | {told[kind]:,} | {missed} | {false} |\n")
    for kind, count in all_of_them.items():
        if kind in NOT_FOUND_BY_DESIGN:
            continue
        if kind in DUPLICATES or kind.startswith("again"):
            assert told[kind] == count, kind
        else:
            assert told[kind] == 0, kind
