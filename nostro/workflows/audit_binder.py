"""The auditor's binder for a period: controls with their populations, who has access, what clashes,
what changed, and whether all is there.

It names no payee, no account and no amount of a single payment: an auditor picks a sample by number
and looks it up. Totals are by currency. That it was made stands in the customer's log.
"""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any, BinaryIO

import msgspec

from nostro import __version__
from nostro.ops.controls import Control, controls
from nostro.storage import confidential, events, parties, queries
from nostro.storage.confidential import ConfidentialTotal
from nostro.storage.tenancy import Sight, seeing, tenant
from nostro.workflows import duty_report
from nostro.workflows.context import Acting

Rows = Sequence[Mapping[str, Any]]
_FORMULA_STARTS = tuple("=+-@\t\r")  # A spreadsheet would run what begins so.
_SHOWN = ("ties.csv", "conflicts.csv", "shortages.csv", "totals.csv")  # Also on the first page.
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
_STYLE = """body{font:15px/1.5 sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;
padding:.4rem .6rem;border-bottom:1px solid #ccd}td.n{text-align:right}code{font-size:13px}"""


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """One list of the binder; `name` is its file in the archive."""

    name: str
    title: str
    rows: Rows


class Binder(msgspec.Struct, frozen=True, kw_only=True):
    """What a binder holds: the digest of each file in it, by name, and its lists."""

    sheets: tuple[Sheet, ...]
    digests: dict[str, str]


def bind(acting: Acting, since: datetime, until: datetime, out: BinaryIO) -> Binder:
    """Write the archive of one customer for [since, until), and the event that it was made."""
    with tenant(acting.tenant_id):
        customer = parties.customer()
        sheets = tuple(_sheets(acting, since, until))
        head = f"{customer.name} ({customer.code}), {since:%Y-%m-%d} to {until:%Y-%m-%d}"
        content = {sheet.name: _csv(sheet.rows) for sheet in sheets}
        content["index.html"] = _index(head, acting.world.clock.now(), sheets).encode()
        digests = {name: hashlib.sha256(data).hexdigest() for name, data in content.items()}
        listed = "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items()))
        content["SHA256SUMS"] = listed.encode()
        _pack(content, out)
        told = {
            "since": since.isoformat(),
            "until": until.isoformat(),
            "sha256sums": hashlib.sha256(listed.encode()).hexdigest(),
        }
        made = acting.event("customer.binder_made", "customer", acting.tenant_id, **told)
        events.record([made])
    return Binder(sheets=sheets, digests=digests)


def _sheets(acting: Acting, since: datetime, until: datetime) -> Iterator[Sheet]:
    seen: dict[str, Rows] = {}
    for control in controls():
        if control.population not in seen:
            # The lists go to people whose clearance nobody knows.
            with seeing(Sight.OPEN):
                seen[control.population] = queries.rows(
                    f"binder_{control.population}", since=since, until=until
                )
    found = [_of(control, len(seen[control.population])) for control in controls()]
    yield Sheet(name="controls.csv", title="Controls", rows=found)
    for name, rows in seen.items():
        yield Sheet(name=f"{name}.csv", title=name.replace("_", " ").capitalize(), rows=rows)
    yield from _duties(acting)
    hidden = [_confidential(run) for run in confidential.totals(acting.world.clock.now())]
    ties = queries.rows("binder_ties", since=since, until=until)  # Counts alone, of everything.
    yield Sheet(name="ties.csv", title="Completeness: two counts of the same", rows=ties)
    with seeing(Sight.OPEN):
        # Beside what is open, a sum of everything would tell a confidential amount.
        totals = queries.rows("binder_totals", since=since, until=until)
    yield Sheet(name="totals.csv", title="Totals", rows=totals)
    yield Sheet(name="confidential.csv", title="Confidential, left out above", rows=hidden)


def _confidential(run: ConfidentialTotal) -> Mapping[str, Any]:
    return {
        "run": run.reference,
        "source": run.source,
        "received_at": run.received_at,
        "payments": run.count,
        "states": "; ".join(f"{state} {count}" for state, count in sorted(run.states.items())),
        "totals": "; ".join(f"{one.number()} {one.currency}" for one in run.totals),
    }


def _of(control: Control, population: int) -> Mapping[str, Any]:
    return {
        "control": control.id,
        "title": control.title,
        "risk": control.risk,
        "enforced_in": "; ".join(control.enforced),
        "tested_by": "; ".join(control.tests),
        "iso_27001": "; ".join(control.iso_27001),
        "soc_2": "; ".join(control.soc_2),
        "population": f"{control.population}.csv",
        "count": population,
    }


def _duties(acting: Acting) -> Iterator[Sheet]:
    report = duty_report.report(acting)
    yield Sheet(
        name="conflicts.csv",
        title="Conflicts of duty now",
        rows=[
            {
                "person": one.person,
                "conflict": one.clash.why,
                "roles": "; ".join(one.roles),
                "held_by": one.clash.held_by,
            }
            for one in report.conflicts
        ],
    )
    yield Sheet(
        name="shortages.csv",
        title="Too few people now",
        rows=[
            {"for": name, "what": one.sentence, "can_do": one.can_do}
            for name, one in report.shortages.items()
        ],
    )


def _csv(rows: Rows) -> bytes:
    out = io.StringIO()
    if rows:
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow(rows[0])
        writer.writerows([_cell(value) for value in row.values()] for row in rows)
    return out.getvalue().encode("utf-8")


def _cell(value: Any) -> str:
    text = _said(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA_STARTS) else text


def _said(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value).lower() if isinstance(value, bool) else str(value)


def _index(head: str, now: datetime, sheets: Sequence[Sheet]) -> str:
    """The page to begin with: each control with where it is enforced, what tries to get past it and
    how much it applied to; what needs an answer; all lists. It runs nothing and loads nothing."""
    named = {sheet.name: sheet for sheet in sheets}
    controls_of = "".join(_control(row) for row in named["controls.csv"].rows)
    lists = "".join(
        f"<tr><td><a href='{sheet.name}'>{escape(sheet.title)}</a></td>"
        f"<td class=n>{len(sheet.rows)}</td></tr>"
        for sheet in sheets
    )
    shown = "".join(
        f"<h2>{escape(named[name].title)}</h2>{_table(named[name].rows)}" for name in _SHOWN
    )
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>Audit binder</title>"
        f"<style>{_STYLE}</style><h1>Audit binder</h1><p>{escape(head)}. Made"
        f" {now:%Y-%m-%d %H:%M:%S} UTC by nostro {__version__}. SHA256SUMS names every file; the"
        f" customer's log has the digest of that list (customer.binder_made).</p>"
        f"<h2>Controls</h2><table><tr><th>Control<th>What and against what<th>Enforced in"
        f"<th>Tested by<th>Applied to</tr>{controls_of}</table>{shown}"
        f"<h2>Lists</h2><table><tr><th>List<th>Rows</tr>{lists}</table></html>\n"
    )


def _control(row: Mapping[str, Any]) -> str:
    told = [f"ISO/IEC 27001 {row['iso_27001']}" if row["iso_27001"] else ""]
    told += [f"trust services criteria {row['soc_2']}" if row["soc_2"] else ""]
    standards = escape(" · ".join(one for one in told if one))
    return (
        f"<tr><td>{escape(row['control'])}</td><td><b>{escape(row['title'])}</b><br>"
        f"{escape(row['risk'])}<br><small>{standards}</small></td>"
        f"<td>{_paths(row['enforced_in'])}</td><td>{_paths(row['tested_by'])}</td>"
        f"<td class=n><a href='{row['population']}'>{row['count']}</a></td></tr>"
    )


def _table(rows: Rows) -> str:
    if not rows:
        return "<p>None.</p>"
    head = "".join(f"<th>{escape(name.replace('_', ' '))}" for name in rows[0])
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(_said(value))}</td>" for value in row.values()) + "</tr>"
        for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def _paths(listed: str) -> str:
    return "<br>".join(f"<code>{escape(path)}</code>" for path in listed.split("; "))


def _pack(content: Mapping[str, bytes], out: BinaryIO) -> None:
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted(content.items()):
            archive.writestr(zipfile.ZipInfo(name, _ZIP_EPOCH), data, zipfile.ZIP_DEFLATED)
