"""How a comparison of payment files is told: compact on the terminal, whole as records."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from nostro.domain.field_comparison import Difference, Weight
from nostro.domain.payment_comparison import Comparison, PaymentDifference, Shared
from nostro.domain.payment_file import Method
from nostro.domain.payment_pairing import PairedBy, Placed, account_text

# Our names of records in a treasurer's words; {other} is the payee of a transfer.
_WORDS = {
    "counterparty": "{other}", "counterparty_account": "{other} account",
    "counterparty_agent": "{other} bank", "own": "{own}", "own_account": "{own} account",
    "own_agent": "{own} bank", "requested_date": "date", "end_to_end_id": "end-to-end id",
    "uetr": "UETR", "created_at": "time of making", "member_id": "bank code", "bic": "BIC",
    "iban": "IBAN", "ultimate_own": "ultimate {own}", "creditor_id": "creditor id",
}  # fmt: skip
_TEXT_MAX = 60


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What the person wants to see: at most `limit` lines a section (0: all)."""

    everything: bool = False
    as_json: bool = False
    limit: int = 20


def tell(found: Comparison, a: tuple[str, str], b: tuple[str, str], shown: Shown) -> None:
    """Tell it on stdout. `a` and `b` are each a file's name and format."""
    if shown.as_json:
        separator = "["
        for record in _records(found, a, b, shown):
            print(f"{separator}\n{json.dumps(record, ensure_ascii=False)}", end="")
            separator = ","
        print("\n]")
        return
    console = Console(file=sys.stdout, highlight=False)
    _heads(console, found, a, b)
    for title, rows in _sections(found, shown):
        _section(console, title, rows, shown.limit)
    _verdict(console, found, shown)


def words(path: str, method: Method | None = None) -> str:
    """A field as people call it: counterparty_account.iban is "payee account IBAN"."""
    collects = method is Method.DIRECT_DEBIT
    parts = (_WORDS.get(part, part.replace("_", " ")) for part in path.split("."))
    other, own = ("payer", "creditor") if collects else ("payee", "debit")
    text = " ".join(parts).format(other=other, own=own)
    return "debtor" + text.removeprefix("debit") if text in ("debit name", "debit") else text


def _wanted(one: Difference, shown: Shown) -> bool:
    return shown.everything or one.weight is not Weight.EXPECTED


def _heads(console: Console, found: Comparison, a: tuple[str, str], b: tuple[str, str]) -> None:
    counts = found.payments_a, found.payments_b
    for side, (name, form), count in zip("AB", (a, b), counts, strict=True):
        told = f"[bold]{side}[/bold]  {escape(name)}  {form}  {_payments(count)}"
        console.print(told, soft_wrap=True)


def _sections(found: Comparison, shown: Shown) -> Iterator[tuple[str, Sequence[Row]]]:
    yield "Files", [Row("", words(one.path), one) for one in found.of_files if _wanted(one, shown)]
    yield "Only one file ever says", _of_shared(found.silent, shown)
    yield "The same in several payments", _of_shared(found.shared, shown)
    shared = frozenset(one.difference for one in found.shared)
    yield (
        "Payments that differ",
        [row for one in found.differing for row in _of_payment(one, shared, shown)],
    )
    for side, placed in (("A", found.only_a), ("B", found.only_b)):
        yield f"Only in {side}", [Row(_id(one), _payee(one), None, _amount(one)) for one in placed]


class Row(msgspec.Struct, frozen=True):
    """One line: whose, what, and the two values, or the one amount."""

    whose: str
    what: str
    difference: Difference | None = None
    amount: str = ""


def _of_shared(found: Sequence[Shared], shown: Shown) -> list[Row]:
    return [
        Row(f"{_payments(one.payments)}, first {one.first}", words(one.difference.path),
            one.difference)
        for one in found
        if _wanted(one.difference, shown)
    ]  # fmt: skip


def _of_payment(
    one: PaymentDifference, shared: frozenset[Difference], shown: Shown
) -> Iterator[Row]:
    """The payment's own differences; with those, also by what it was recognised if not surely."""
    whose = _id(one.a)
    if one.by not in (PairedBy.ALL, PairedBy.ID):
        whose += f" (by {one.by})"
    for each in one.fields:
        if each not in shared and _wanted(each, shown):
            yield Row(whose, words(each.path, one.a.method), each)


def _section(console: Console, title: str, rows: Sequence[Row], limit: int) -> None:
    if not rows:
        return
    table = Table(
        title=f"{title} ({len(rows):,})", title_justify="left", title_style="bold", box=None,
        pad_edge=False, header_style="dim",
    )  # fmt: skip
    alone = rows[0].difference is None
    heads: tuple[str, ...] = (
        ("payment", "payee", "amount") if alone else ("payment", "field", "in A", "in B")
    )
    whole = not any(row.whose for row in rows)  # Of the files, not of payments.
    heads = heads[1:] if whole else heads
    for head in heads:
        table.add_column(head, overflow="fold", justify="right" if head == "amount" else "left")
    for row in islice(rows, limit or None):
        table.add_row(*map(escape, _cells(row)[whole:]))
    console.print()
    console.print(table)
    if limit and len(rows) > limit:
        console.print(f"and {len(rows) - limit:,} more; --limit 0 shows all", style="dim")


def _cells(row: Row) -> tuple[str, ...]:
    if row.difference is None:
        return row.whose, row.what, row.amount
    one = row.difference
    what = row.what
    if one.weight is Weight.LETTERS:
        what += " (same after transliteration)"
    elif one.weight is Weight.EXPECTED:
        what += " (may differ)"
    return row.whose, what, _short(one.a), _short(one.b)


def _short(text: str) -> str:
    text = text.replace("\n", " / ")
    return text if len(text) <= _TEXT_MAX else f"{text[: _TEXT_MAX - 1]}…"


def _verdict(console: Console, found: Comparison, shown: Shown) -> None:
    differ, letters = found.payments(Weight.DIFFERENT), found.payments(Weight.LETTERS)
    same = found.pairs - differ - letters
    told = [f"{_payments(same)} the same", f"{differ:,} differ"]
    told += [f"{letters:,} in letters only"] if letters else []
    told += [f"{len(found.only_a):,} only in A", f"{len(found.only_b):,} only in B"]
    console.print()
    console.print(", ".join(told) + ".", soft_wrap=True)
    expected = found.count(Weight.EXPECTED)
    if expected and not shown.everything:
        what = "difference" if expected == 1 else "differences"
        console.print(f"{expected:,} expected {what} not shown; --all lists them.", style="dim")
    said = "The same, but for what may differ." if found.same else "Different."
    console.print(said, style="bold")


def _payments(count: int) -> str:
    return f"{count:,} payment{'s' * (count != 1)}"


def _id(one: Placed) -> str:
    return one.payment.end_to_end_id or str(one.payment.location) or f"number {one.place + 1}"


def _payee(one: Placed) -> str:
    account = account_text(one.payment.counterparty_account)
    return ", ".join(filter(None, (one.payment.counterparty.name, account)))


def _amount(one: Placed) -> str:
    amount = one.payment.equivalent or one.payment.amount
    return f"{amount.grouped()} {amount.currency}"


def _records(
    found: Comparison, a: tuple[str, str], b: tuple[str, str], shown: Shown
) -> Iterator[dict[str, Any]]:
    yield {
        "record": "comparison",
        "same": found.same,
        "a": {"file": a[0], "format": a[1], "payments": found.payments_a},
        "b": {"file": b[0], "format": b[1], "payments": found.payments_b},
        "pairs": found.pairs,
        "differ": found.payments(Weight.DIFFERENT),
        "letters_only": found.payments(Weight.LETTERS),
        "only_in_a": len(found.only_a),
        "only_in_b": len(found.only_b),
        "expected": found.count(Weight.EXPECTED),
    }
    for one in found.of_files:
        if _wanted(one, shown):
            yield {"record": "files_differ", **_field(one, None)}
    for kind, shared in (("one_file_silent", found.silent), ("shared_difference", found.shared)):
        for each in shared:
            if _wanted(each.difference, shown):
                told = _field(each.difference, None)
                yield {"record": kind, **told, "payments": each.payments, "first": each.first}
    for pair in found.differing:
        fields = [_field(one, pair.a.method) for one in pair.fields if _wanted(one, shown)]
        if fields:
            yield {
                "record": "payment_differs",
                "recognised_by": pair.by,
                "a": _told(pair.a),
                "b": _told(pair.b),
                "fields": fields,
            }
    for name, placed in (("only_in_a", found.only_a), ("only_in_b", found.only_b)):
        for alone in placed:
            yield {"record": name, **_told(alone)}


def _field(one: Difference, method: Method | None) -> dict[str, str]:
    return {
        "path": one.path,
        "name": words(one.path, method),
        "a": one.a,
        "b": one.b,
        "weight": one.weight,
    }


def _told(one: Placed) -> dict[str, str]:
    return {
        "end_to_end_id": one.payment.end_to_end_id,
        "amount": one.payment.amount.number(),
        "currency": one.payment.amount.currency,
        "name": one.payment.counterparty.name,
        "account": account_text(one.payment.counterparty_account),
        "location": str(one.payment.location),
    }
