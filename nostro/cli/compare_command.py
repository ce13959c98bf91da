"""What `nostro compare` takes."""

from __future__ import annotations

import sys
from typing import Annotated

from cyclopts import Parameter

# A single "-" is a file (what is piped in), though it begins like an option.
File = Annotated[str, Parameter(allow_leading_hyphen=True)]


def compare(
    a: File,
    b: File,
    *,
    format_a: str = "",
    format_b: str = "",
    profile_a: str = "",
    profile_b: str = "",
    option_a: Annotated[list[str] | None, Parameter(negative=())] = None,
    option_b: Annotated[list[str] | None, Parameter(negative=())] = None,
    ignore: Annotated[list[str] | None, Parameter(negative=())] = None,
    everything: Annotated[bool, Parameter(name="--all", negative=())] = False,
    limit: int = 20,
    json: bool = False,
) -> None:
    """What two payment files would pay differently, payment by payment, whatever their formats.

    For the parallel run before a go-live: the old system's file beside ours. What may differ
    (message ids, times, order, batches, white space) is only counted; --all lists it.
    Ends with 0: the same but for that. 1: different. 2: a file cannot be compared.

    Examples: `nostro compare legacy.xml ours.xml`, `nostro compare legacy.txt ours.xml --ignore
    instruction_id --ignore letters`, `nostro compare run.csv ours.xml --format-a payment_run_csv`.

    Parameters
    ----------
    a
        The one payment file: pain.001, pain.008, MT101, Nacha, a payment run as CSV; - for what is
        piped in.
    b
        The other one.
    format_a
        The format of A, when the content does not show it.
    format_b
        The format of B, when the content does not show it.
    profile_a
        The dialect or layout of A: a name that we ship, or the path of a TOML file.
    profile_b
        The dialect or layout of B.
    option_a
        An option of A's format, key=value; may be given several times.
    option_b
        An option of B's format, key=value; may be given several times.
    ignore
        A field to leave out, such as charge_bearer or counterparty.address; `letters` leaves out
        what is the same after transliteration. May be given several times.
    everything
        List expected differences too.
    limit
        How many lines of a section are shown; 0 shows all.
    json
        A list of records on stdout, without limit.
    """
    from nostro.cli import compare_files
    from nostro.cli.comparison_report import Shown
    from nostro.cli.input_files import Wanted

    ours, theirs = (
        Wanted(format_name=form, profile=profile, options=tuple(option or ()))
        for form, profile, option in (
            (format_a, profile_a, option_a),
            (format_b, profile_b, option_b),
        )
    )
    shown = Shown(everything=everything, as_json=json, limit=limit)
    sys.exit(compare_files.run(a, b, (ours, theirs), ignore or (), shown))
