"""Public sets of bank lines and the ledger entries that they settle, as files of `nostro match`.

    python -m bench.bank_reconciliation AccuracyEntryMatching.jsonl FOLDER    a folder a case

They are the accuracy set of a bank reconciliation assistant (Microsoft ALAppExtensions, MIT): a few
lines and entries a case, in plain text, with the pairs expected. Those pairs name no amounts, so
only the pairs are held against what is found. Neither currency nor parties are given: all is in
USD, and an entry's description, its only words, stands where a party's name would.
The second set there (lines to G/L accounts, without amounts) has no open items and is left out.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from bench.matching_score import Line
from bench.matching_world import documents, ledger
from bench.matching_world.world import RATE_COLUMNS, write_table

ROOT = Path(__file__).resolve().parents[1]
SET = (
    ROOT.parent / "shared/corpus/bankrec-matching/microsoft+ALAppExtensions/Apps/W1"
    / "BankAccRecWithAI/test/.resources/datasets/AccuracyEntryMatching.jsonl"
)  # fmt: skip
FIELD = re.compile(
    r"(?:^|, )(LID|EID|DocumentNo|ExtDocNo|PaymentReference|Description|Amount|Date): "
)
Row = dict[str, str]
Pair = tuple[str, str]


class Case(NamedTuple):
    lines: list[Row]
    entries: list[Row]
    expected: frozenset[Pair]  # of line and entry


def fields(text: str) -> Row:
    """`LID: 1, Description: a, b, Amount: 2`: a value may hold a comma; a name twice keeps both."""
    parts, found = FIELD.split(text)[1:], Row()
    for name, value in zip(parts[::2], parts[1::2], strict=True):
        found[name] = f"{found[name]} {value.strip()}" if name in found else value.strip()
    return found


def read(path: Path) -> Iterator[Case]:
    for text in path.read_text(encoding="utf-8").splitlines():
        told = json.loads(text)
        rows = [fields(line) for line in told["input"].splitlines() if line[:3] in ("LID", "EID")]
        pairs = [fields(line) for line in told["expected_output"].splitlines() if line]
        yield Case(
            [row for row in rows if "LID" in row],
            [row for row in rows if "EID" in row],
            frozenset((pair["LID"], pair["EID"]) for pair in pairs),
        )


def amount(text: str) -> str:
    return f"{Decimal(text):.2f}"


def transaction(row: Row) -> tuple[str, ...]:
    of = {
        "id": row["LID"], "account": "BANK-1", "booking_date": row["Date"],
        "value_date": row["Date"], "amount": amount(row["Amount"]), "currency": "USD",
        "remittance": row["Description"], "end_to_end_id": row.get("DocumentNo", ""),
        "structured_reference": row.get("PaymentReference", ""), "status": "booked",
    }  # fmt: skip
    return tuple(of.get(name, "") for name in ledger.COLUMNS)


def open_item(row: Row) -> tuple[str, ...]:
    number, *further = row["DocumentNo"].split()
    words = re.findall(r"\d{4,}", f"{row.get('ExtDocNo', '')} {row['Description']}")
    of = {
        "id": row["EID"], "kind": "own_payment" if row["Amount"].startswith("-") else "invoice",
        "entity": "BANK", "number": number, "references": " ".join([*further, *words]),
        "party_name": row["Description"], "amount": amount(row["Amount"]),
        "open_amount": amount(row["Amount"]), "currency": "USD", "issue_date": row["Date"],
        "due_date": row["Date"],
    }  # fmt: skip
    return tuple(of.get(name, "") for name in documents.COLUMNS)


def write(case: Case, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_table(folder / "transactions.csv", ledger.COLUMNS, map(transaction, case.lines))
    write_table(folder / "open_items.csv", documents.COLUMNS, map(open_item, case.entries))
    write_table(folder / "rates.csv", RATE_COLUMNS, ())
    pairs = [{"transaction": line, "item": entry} for line, entry in sorted(case.expected)]
    text = "".join(json.dumps(pair) + "\n" for pair in pairs)
    (folder / "pairs.jsonl").write_text(text, encoding="utf-8")


def pairs_of(lines: Iterable[Line], *statuses: str) -> frozenset[Pair]:
    """What decisions of these statuses pair."""
    return frozenset(
        (one, item)
        for line in lines
        if line.status in statuses
        for one in line.transactions
        for item, _ in line.cleared
    )


def main(path: str, folder: str) -> None:
    for at, case in enumerate(read(Path(path)), 1):
        write(case, Path(folder) / f"case-{at}")
        print(f"case-{at}: {len(case.lines)} lines, {len(case.entries)} entries, "
              f"{len(case.expected)} pairs expected")  # fmt: skip


if __name__ == "__main__":
    main(*sys.argv[1:])
