"""What the matcher is measured beside, each in a process of its own over the same files.

    python bench/matching_runs.py join FOLDER OUT      a bare hash join of the same size, in Polars
    python bench/matching_runs.py peer FOLDER OUT      bankstatementparser's own reconciliation
    python bench/matching_runs.py sql FOLDER OUT       one regular expression over all items a line

Each prints one line of JSON: seconds of the work itself, and what it cannot be seen from outside.
"""

from __future__ import annotations

import csv
import json
import os
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Row = dict[str, str]
Told = dict[str, Any]
SQL_SECONDS = float(os.environ.get("SQL_SECONDS", "20"))
# A document number in a text: letters, digits and the signs between them.
NUMBER = re.compile(r"[A-Z]{0,3}[-/]?\d[\d/-]{3,}\d", re.IGNORECASE)
# As Odoo and OCA do: the digits of each open item, split into words, against those of the line;
# or the number itself somewhere in the text. Written anew, from what their rules do.
PER_LINE = r"""
SELECT id FROM open_item
WHERE regexp_split_to_array(
        substring(regexp_replace(number, '[^0-9\s]', '', 'g'), '\S(?:.*\S)*'), '\s+') && %s::text[]
   OR %s ILIKE '%%' || number || '%%'
"""


def rows(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def join(folder: Path, out: Path) -> Told:
    """Read both files, join by document number, write the pairs: no decision at all."""
    import polars

    items = polars.read_csv(folder / "open_items.csv", infer_schema=False)
    transactions = polars.read_csv(folder / "transactions.csv", infer_schema=False)
    keys = items["number"].sample(transactions.height, shuffle=True, with_replacement=True, seed=1)
    transactions = transactions.with_columns(keys.alias("number"))
    began = time.perf_counter()
    pairs = transactions.join(items, on="number", how="inner").select("id", "id_right", "amount")
    seconds = time.perf_counter() - began
    pairs.write_ndjson(out)
    return {"seconds": seconds, "pairs": pairs.height}


def peer(folder: Path, out: Path) -> Told:
    """The library takes flat records; it is given each line's document number where one stands."""
    from bankstatementparser.reconciliation import reconcile_payments_and_statements

    items = list(rows(folder / "open_items.csv"))
    numbers = {item["number"].casefold() for item in items}
    payments = [
        {
            "id": item["id"],
            "amount": item["open_amount"],
            "currency": item["currency"],
            "reference": item["number"],
            "recipient": item["party_name"],
        }
        for item in items
    ]
    statements = [
        {
            "id": line["id"],
            "amount": line["amount"],
            "currency": line["currency"],
            "reference": named(line, numbers),
            "recipient": line["counterparty_name"],
        }
        for line in rows(folder / "transactions.csv")
    ]
    began = time.perf_counter()
    report = reconcile_payments_and_statements(payments, statements, max_date_gap_days=400)
    seconds = time.perf_counter() - began
    with out.open("w", encoding="utf-8") as file:
        for match in report.matches:
            amount = match.payment_record["amount"].replace(".", "")
            told = {
                "transactions": [match.statement_record["id"]],
                "allocations": [{"item": match.payment_record["id"], "settled_minor": int(amount)}],
                "status": "post",
                "probability": match.confidence,
            }
            file.write(json.dumps(told) + "\n")
        for line in report.unmatched_statements:
            file.write(json.dumps({"transactions": [line["id"]], "status": "none"}) + "\n")
    return {"seconds": seconds, "pairs": report.matched_count}


def named(line: Row, numbers: set[str]) -> str:
    """The first open document that the text names as it is called; else the line's own id."""
    text = f"{line['end_to_end_id']} {line['remittance']}"
    found = (word for word in NUMBER.findall(text) if word.casefold() in numbers)
    return next(found, "")


def sql(folder: Path, out: Path) -> Told:
    """A line at a time, as rule models do, for SQL_SECONDS; the rest is multiplied and said."""
    import psycopg

    text = (folder / "open_items.csv").read_bytes()
    columns = text[: text.index(b"\n")].decode().split(",")
    with psycopg.connect(os.environ["BENCH_DATABASE"], autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS open_item")
        listed = ", ".join(f'"{name}" text' for name in columns)
        connection.execute(f"CREATE TABLE open_item ({listed})")  # type: ignore[call-overload]
        with connection.cursor().copy("COPY open_item FROM STDIN (FORMAT csv, HEADER)") as copy:
            copy.write(text)
        connection.execute("ANALYZE open_item")
        lines = list(rows(folder / "transactions.csv"))
        step, began, done, found = max(1, len(lines) // 500), time.perf_counter(), 0, 0
        for line in lines[::step]:
            words = re.findall(r"\d{4,}", re.sub(r"[^0-9\s]", "", line["remittance"]))
            asked = connection.execute(PER_LINE, (words, line["remittance"])).fetchall()
            found += len(asked) == 1
            done += 1
            if time.perf_counter() - began > SQL_SECONDS:
                break
        seconds = time.perf_counter() - began
        connection.execute("DROP TABLE open_item")
    return {"seconds": seconds * len(lines) / done, "sample": done, "pairs": found}


def main(what: str, folder: str, out: str) -> None:
    told = {"join": join, "peer": peer, "sql": sql}[what](Path(folder), Path(out))
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
