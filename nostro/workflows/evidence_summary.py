"""The page of an evidence pack that people read first: what is in it, and what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Any
from uuid import UUID

import msgspec

from nostro.domain.money import Money
from nostro.ops.pack_file import Member
from nostro.storage import tracing

_STYLE = """body{font:15px/1.5 sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;
padding:.4rem .6rem;border-bottom:1px solid #ccd}td.n{text-align:right}code{font-size:13px;
overflow-wrap:anywhere}"""
MEMBERS_SHOWN = 500


class Total(msgspec.Struct, frozen=True, kw_only=True):
    """Payments of one state and currency: how many, and their sum in minor units."""

    state: str
    currency: str
    count: int
    minor: int


def page(
    told: Mapping[str, Any],
    totals: Iterable[Total],
    members: Sequence[Member],
    payment: UUID | None,
) -> str:
    """The page; of a single payment it tells the story too. Inside the open unit of work."""
    return "".join(_parts(told, totals, members, payment))


def _parts(
    told: Mapping[str, Any],
    totals: Iterable[Total],
    members: Sequence[Member],
    payment: UUID | None,
) -> Iterator[str]:
    checkpoint, log, customer = told["checkpoint"], told["log"], told["customer"]
    yield (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>Evidence pack</title>"
        f"<style>{_STYLE}</style><h1>Evidence pack</h1>"
        f"<p>{escape(customer['name'])} ({escape(customer['code'])}), {escape(_about(told))}.</p>"
        f"<p>{log['shown']} entries of the log, proven by checkpoint {checkpoint['number']}"
        f" (position {checkpoint['position']}). {log['not_covered']} events are not covered by it."
        f" Check all of it: <code>python verifier.py pack FILE --key KEY</code>.</p>"
    )
    rows = ([one.state, one.count, _amount(one)] for one in totals)
    yield _table("Payments", ("State", "Number", "Sum"), rows)
    if payment:
        story = ((f"{line.at:%Y-%m-%d %H:%M:%S}", line.words, line.who)
                 for line in tracing.trace(payment))  # fmt: skip
        yield _table("What happened", ("When (UTC)", "What", "Who"), story)
    yield _table("Things", ("What", "Number"), told["items"].items())
    missing = told["missing"].items()
    yield _table("Missing", ("What", "Why"), missing) if missing else "<p>Nothing is missing.</p>"
    listed = ((one.name, one.what, one.bytes, one.sha256) for one in members[:MEMBERS_SHOWN])
    yield _table("Members", ("Name", "What", "Bytes", "SHA-256"), listed)
    if len(members) > MEMBERS_SHOWN:
        yield f"<p>And {len(members) - MEMBERS_SHOWN} more: see manifest.json.</p>"
    yield "</html>\n"


def _about(told: Mapping[str, Any]) -> str:
    about = told["about"]
    if "item" in about:
        kind, _, item_id = about["item"].partition(":")
        return f"{'payment' if kind == 'order' else 'statement line'} {item_id}"
    return f"{about['since']:%Y-%m-%d} up to and without {about['until']:%Y-%m-%d}"


def _amount(one: Total) -> str:
    return f"{Money(one.minor, one.currency).grouped()} {one.currency}"


def _table(title: str, heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    head = "".join(f"<th>{escape(one)}" for one in heads)
    body = "".join("<tr>" + "".join(map(_cell, row)) + "</tr>" for row in rows)
    return f"<h2>{escape(title)}</h2><table><tr>{head}</tr>{body}</table>"


def _cell(value: Any) -> str:
    number = " class=n" if isinstance(value, int) else ""
    return f"<td{number}>{escape(str(value))}"
