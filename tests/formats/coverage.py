"""What becomes of every public file of the corpus: read, read with warnings, refused, unsupported.

    python -m tests.formats.coverage     print the table and write docs/formats/coverage.md

The corpus (1,831 files of other people) lies beside the repository and is no part of it; the page
holds counts, sources and reasons only.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from nostro import formats
from nostro.domain.errors import Invalid
from nostro.domain.problem import Problem, RejectedLine, Severity
from nostro.domain.statement import Closing, StatementTrailer
from nostro.formats import HEAD_BYTES, Format, Profile

ROOT = Path(__file__).parents[2]
CORPUS = ROOT.parent / "shared" / "corpus"
PAGE = ROOT / "docs" / "formats" / "coverage.md"
# Folders of the corpus whose files are messages in a format that we read. In the others lie
# schemas, API descriptions, tables and messages that are not ours to read.
FOLDERS = {
    "ach": "nacha",
    "bai2": "bai2",
    "camt.029": "camt_029",
    "camt.052": "camt_052",
    "camt.053": "camt_053",
    "camt.054": "camt_054",
    "camt.055": "camt_055",
    "camt.056": "camt_056",
    "edi-x12": "x12_820",
    "head.001": "",
    "lockbox-bai": "bai_lockbox",
    "mt940": "mt940",
    "pain.001": "pain_001",
    "pain.002": "pain_002",
    "pain.008": "pain_008",
}
# Other people's parsed twins, notes and code beside the messages.
NO_MESSAGE = {".json", ".yml", ".yaml", ".md", ".py", ".js", ".go", ".rb", ".html", ".xsd", ".csv"}
READ, WARNED, PARTLY, REFUSED, UNSUPPORTED = (
    "read", "read with warnings", "read in part", "refused", "unsupported",
)  # fmt: skip
OUTCOMES = (READ, WARNED, PARTLY, REFUSED, UNSUPPORTED)


class Result(NamedTuple):
    """One file: `form` is what it was taken for; `reasons` are codes with their places."""

    path: Path
    folder: str
    source: str
    form: str
    outcome: str
    reasons: tuple[tuple[str, str], ...] = ()
    verdicts: tuple[str, ...] = ()
    placeless: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()


def results() -> tuple[Result, ...]:
    """Every message of the corpus, read. Another exception than Invalid passes through."""
    return tuple(_result(path, source) for path, source in _files())


def _files() -> Iterator[tuple[Path, str]]:
    with (CORPUS / "MANIFEST.tsv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE):
            path = CORPUS / row["file"]
            if row["file"].partition("/")[0] in FOLDERS and path.suffix.lower() not in NO_MESSAGE:
                yield path, row["source"]


@cache
def _form(name: str) -> Format | None:
    return formats.find().get(name)


def _result(path: Path, source: str) -> Result:
    folder = path.relative_to(CORPUS).parts[0]
    with path.open("rb") as stream:
        try:
            form = formats.identify(stream.read(HEAD_BYTES))
        except Invalid as refusal:
            place = refusal.location or "first bytes"
            return Result(path, folder, source, "", UNSUPPORTED, ((refusal.code, place),))
    return _read(path, folder, source, form)


def _read(path: Path, folder: str, source: str, form: Format) -> Result:
    warnings: list[tuple[str, str]] = []
    errors: list[tuple[str, str]] = []
    verdicts: list[str] = []
    placeless: list[str] = []
    gaps: list[str] = []
    try:
        with path.open("rb") as stream:
            for record in formats.reader(form)(stream, Profile()):
                if isinstance(record, StatementTrailer):
                    verdicts.append(str(record.verdict.verdict))
                    if record.verdict.verdict is Closing.DOES_NOT_CLOSE:
                        gaps.append(record.verdict.reason)
                for problem in (record, *getattr(record, "problems", ())):
                    if isinstance(problem, Problem):
                        severe = problem.severity is Severity.ERROR
                        (errors if severe else warnings).append(
                            (problem.code, str(problem.location))
                        )
                        if not str(problem.location) and not problem.location.offset:
                            placeless.append(problem.code)
                    elif isinstance(problem, RejectedLine):
                        errors.append((problem.code, f"line {problem.line}"))
    except Invalid as refusal:
        without = (refusal.code,) if not refusal.location else ()
        reasons = ((refusal.code, refusal.location),)
        return Result(path, folder, source, form.name, REFUSED, reasons, placeless=without)
    outcome = PARTLY if errors else WARNED if warnings else READ
    told = tuple(errors or warnings)
    more = (tuple(verdicts), tuple(placeless), tuple(gaps))
    return Result(path, folder, source, form.name, outcome, told, *more)


def page(found: tuple[Result, ...]) -> str:
    """The table, the verdicts, and why what was refused was refused."""
    parts = (_table(found), _balances(found), _gaps(found), _reasons(found))
    return "\n".join([HEAD, *(line for part in parts for line in (*part, ""))])


HEAD = """# What becomes of real files

Public files of banks, libraries and rule books (the corpus, beside the repository, no part of it),
each told by its content and read. Written by `python -m tests.formats.coverage`.

*read in part*: some records could not be used, each is told with its place, the others are read.
*unsupported*: not a format we read. A file named for one format may hold another.
"""


def _table(found: tuple[Result, ...]) -> Iterator[str]:
    yield f"| files of | source | read as | {' | '.join(OUTCOMES)} |"
    yield "|---" * (3 + len(OUTCOMES)) + "|"
    groups: dict[tuple[str, str], list[Result]] = defaultdict(list)
    for result in found:
        groups[result.folder, result.source].append(result)
    for (folder, source), members in sorted(groups.items()):
        yield _row(folder, source, members)
    yield _row("**all**", "", list(found))


def _row(folder: str, source: str, members: list[Result]) -> str:
    counts = Counter(result.outcome for result in members)
    forms = sorted({result.form for result in members} - {""}) if source else []
    cells = [folder, source, ", ".join(forms), *(str(counts[one] or "") for one in OUTCOMES)]
    return f"| {' | '.join(cells)} |"


def _balances(found: tuple[Result, ...]) -> Iterator[str]:
    yield "## Do the statements close?\n"
    yield "| read as | statements | closes | does not close | not checkable |"
    yield "|---|---|---|---|---|"
    for form in sorted({result.form for result in found if result.verdicts}):
        counts = Counter(v for result in found if result.form == form for v in result.verdicts)
        kinds = ("closes", "does_not_close", "not_checkable")
        cells = (str(counts[kind] or "") for kind in kinds)
        yield f"| {form} | {sum(counts.values())} | {' | '.join(cells)} |"


# What can be seen in a file that does not close; of the others nobody but their makers knows
# which figure was changed or which booking left out.
SEEN = {
    "camt053.v2.all-balance-types.xml": "invented balances: 1.01, 2.02 to 10.10",
    "camt053.v2.five.decimals.xml": "written to show amounts of many decimals",
    "camt.053_P_CH2909000000250094239_1110092698_0_2020112503071366.xml": (
        "a booking of 1537.00 says BOOK, but only the balance of the next day holds it"
    ),
    "citi_example.bai2": "opening and closing are both 100.00, and 0.01 came in",
}
OPEN = """## Statements that do not close

All these were added up again from the raw file, without our readers: in each, the bookings do not
lead from the opening to the closing balance. They are test samples of other projects and, as far
as one can see, were shortened or given other figures by hand. A file that lies in several projects
is told for each.

| read as | source | file | closing differs from opening plus bookings | seen |
|---|---|---|---|---|"""


def _gaps(found: tuple[Result, ...]) -> Iterator[str]:
    yield OPEN
    for result in sorted(found, key=lambda one: (one.form, one.source, one.path)):
        if result.gaps:
            told = "; ".join(_gap(reason) for reason in result.gaps)
            place = f"`{result.path.parent.name}/{result.path.name}`"
            cells = (result.form, result.source, place, told, SEEN.get(result.path.name, ""))
            yield f"| {' | '.join(cells)} |"


def _gap(reason: str) -> str:
    """A verdict in short: "2 booked entries: 4.00 EUR"."""
    count, _, gap = reason.partition(" plus ")[2].partition(" by ")
    return f"{count}: {gap}" if gap else reason


def _reasons(found: tuple[Result, ...]) -> Iterator[str]:
    yield "## Why files are refused, or read in part\n"
    yield "| read as | outcome | code | files | first at |\n|---|---|---|---|---|"
    told: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for result in found:
        if result.outcome in (REFUSED, PARTLY):
            for code in dict.fromkeys(code for code, _place in result.reasons):
                place = next(place for name, place in result.reasons if name == code)
                told[result.form, result.outcome, code].append(place)
    for (form, outcome, code), places in sorted(told.items()):
        yield f"| {form} | {outcome} | `{code}` | {len(places)} | {places[0]} |"


if __name__ == "__main__":
    if not CORPUS.is_dir():
        raise SystemExit(f"The corpus is not there: {CORPUS}")
    made = page(results())
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(made, encoding="utf-8")
    sys.stdout.write(made)
