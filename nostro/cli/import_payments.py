"""Payment runs handed in on the terminal: taken in once, however often and wherever interrupted."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nostro import app
from nostro.cli import terminal
from nostro.cli.input_files import opened_file
from nostro.domain.errors import Invalid

if TYPE_CHECKING:
    from nostro.storage.parties import CustomerRow
    from nostro.storage.runs import LineOutcome, RunRow

SHOWN = 50  # Lines that need somebody, on a terminal; --json tells all of them.
WORDS = ("accepted", "held", "refused", "repeated")


def import_file(
    file: str,
    source: str,
    profile: str,
    customer: str,
    who: tuple[str, str] = ("", ""),
    *,
    confidential: bool = False,
    as_json: bool,
) -> int:
    """Take in a run; returns 0 when every line was taken, 1 when some were not. `who` is the
    person's address and the file with the password, or "" for the terminal."""
    app.start()
    from nostro.cli import customers
    from nostro.storage import runs
    from nostro.storage.tenancy import looking, tenant
    from nostro.workflows.payment_intake import import_run

    row = _only(customers.named(customer))
    if who[0]:
        acting, member = terminal.person(row.code, *who)
    else:
        acting, member = terminal.acting(row.code), None
    name, read_by = Path(file).name, _profile(profile)
    with opened_file(file) as stream, _bar() as heard:
        begun = import_run(
            acting, source, name, stream, read_by, heard, member, confidential=confidential
        )
    with tenant(row.id):
        run, counts = runs.load(begun.run_id), runs.count_outcomes(begun.run_id)
    with looking(row.id, cleared=False):
        told, reasons = runs.all_lines(begun.run_id), runs.count_reasons(begun.run_id)
        tell = _tell_json if as_json else _tell
        tell(run, counts, reasons, told, repeated=begun.repeated)
    if run.state != "complete":
        return 2
    return 1 if counts.get("refused") else 0


def _profile(name: str) -> Any:
    from nostro.formats import Profile

    return Profile(name=name) if name else Profile()


def _only(found: list[CustomerRow]) -> CustomerRow:
    if len(found) == 1:
        return found[0]
    raise Invalid(
        "customer_not_chosen",
        "There are several customers and none was named."
        if found
        else "There is no customer here yet.",
        "Nothing was taken in.",
        f"Name one: --customer {found[0].code}." if found else "Make one first.",
    )


@contextlib.contextmanager
def _bar() -> Iterator[Callable[[int, int], None]]:
    """How far it is, on a terminal's stderr; nothing anywhere else."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield lambda _done, _of: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("lines", total=None)
        yield lambda done, of: shown.update(task, completed=done, total=of)


def _tell_json(
    run: RunRow,
    counts: dict[str, int],
    reasons: list[tuple[str, str, int]],
    lines: Iterator[LineOutcome],
    *,
    repeated: bool,
) -> None:
    """One object a line: the run, then every line of it."""
    head = {
        "run_id": str(run.id),
        "reference": run.reference,
        "state": run.state.value,
        "came_before": repeated,
        "lines": run.line_count,
        "totals_minor": run.totals,
        **{word: counts.get(word, 0) for word in WORDS},
        "reasons": [
            {"outcome": outcome, "code": code, "payments": count}
            for outcome, code, count in reasons
        ],
    }
    print(json.dumps(head))
    for line in lines:
        told = {"line": line.line, "outcome": line.outcome, "order_id": str(line.order_id or "")}
        print(json.dumps({**told, "code": line.code, "sentence": line.sentence, "raw": line.raw}))


def _tell(
    run: RunRow,
    counts: dict[str, int],
    reasons: list[tuple[str, str, int]],
    lines: Iterator[LineOutcome],
    *,
    repeated: bool,
) -> None:
    """A sentence for the run, how often each reason is, and a table of the lines that somebody must
    look at."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    sums = ", ".join(f"{counts.get(word, 0):,} {word}" for word in WORDS)
    again = " (it had come before; nothing was taken twice)" if repeated else ""
    console.print(f"Run {run.reference}: {run.state}{again}. {run.line_count:,} lines: {sums}.")
    odd = [line for line in lines if line.outcome != "accepted"]
    if not odd:
        return
    if len(odd) > 1:
        often = Table("reason", "outcome", "payments")
        for outcome, code, count in reasons:
            often.add_row(code, outcome, f"{count:,}")
        console.print(often)
    table = Table("line", "outcome", "code", "why")
    for line in odd[:SHOWN]:
        table.add_row(str(line.line), line.outcome, line.code, line.sentence)
    console.print(table)
    if len(odd) > SHOWN:
        console.print(f"{len(odd) - SHOWN:,} more; --json tells all of them.")
