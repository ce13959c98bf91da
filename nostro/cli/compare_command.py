"""What `nostro compare` takes."""

from __future__ import annotations

import sys
from typing import Annotated

from cyclopts import Parameter

# A single "-" is a file (what is piped in), though it begins like an option.
File = Annotated[
    str,
    Parameter(
        allow_leading_hyphen=True,
        help="A payment file: pain.001, pain.008, MT101, Nacha, a run as CSV; - is piped in.",
    ),
]
FormatName = Annotated[str, Parameter(help="Its format, when the content does not show it.")]
Layout = Annotated[
    str, Parameter(help="Its dialect or layout: a name that we ship, or the path of a TOML file.")
]

All = Annotated[bool, Parameter(name="--all", negative=(), help="List expected differences too.")]
Limit = Annotated[int, Parameter(help="How many lines of a section are shown; 0 shows all.")]


def compare(
    a: File,
    b: File,
    *,
    format_a: FormatName = "",
    format_b: FormatName = "",
    profile_a: Layout = "",
    profile_b: Layout = "",
    ignore: Annotated[list[str] | None, Parameter(negative=())] = None,
    everything: All = False,
    limit: Limit = 20,
    json: bool = False,
) -> None:
    """What two payment files would pay differently, payment by payment, whatever their formats.

    For the parallel run before a go-live: the old system's file beside ours. What may differ
    (message ids, times, order, batches, white space) is only counted; --all lists it.
    Ends with 0: the same but for that. 1: different. 2: a file cannot be compared.

    Examples: `nostro compare legacy.xml ours.xml`, `nostro compare run.csv ours.xml --all`,
    `nostro compare legacy.txt ours.xml --ignore instruction_id --ignore letters`.

    Parameters
    ----------
    ignore
        A field to leave out (charge_bearer, counterparty.address), or letters: what is the same
        after transliteration. May be given several times.
    json
        A list of records on stdout, without limit.
    """
    from nostro.cli import compare_files
    from nostro.cli.comparison_report import Shown
    from nostro.cli.input_files import Wanted

    sides = (format_a, profile_a), (format_b, profile_b)
    ours, theirs = (Wanted(format_name=form, profile=profile) for form, profile in sides)
    shown = Shown(everything=everything, as_json=json, limit=limit)
    sys.exit(compare_files.run(a, b, (ours, theirs), ignore or (), shown))
