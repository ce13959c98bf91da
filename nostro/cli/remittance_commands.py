"""What `nostro remittances` takes."""

from __future__ import annotations

import sys
from typing import Annotated

from cyclopts import App, Parameter

remittances = App(name="remittances", help="What payers tell that their payments are for.")

Files = Annotated[
    str,
    Parameter(
        allow_leading_hyphen=True,
        help="Statements, X12 820, Nacha, lockbox, payment files; - is piped in.",
    ),
]


@remittances.command
def read(
    *files: Files,
    format_name: Annotated[str, Parameter(name="--format")] = "",
    profile: str = "",
    out: str = "",
) -> None:
    """What each payment in files is for, as jsonl: payer, references, documents, deductions.

    Needs no installation. Ends as `nostro read` does: 0 read, 1 problems, 2 a file was refused.

    Examples: `nostro remittances read advice.820`,
    `nostro remittances read camt054.xml --out told.jsonl`.

    Parameters
    ----------
    format_name
        The format, when the content does not show it.
    profile
        The bank's dialect or a list's layout: a name that we ship, or the path of a TOML file.
    out
        The file to write; without it stdout.
    """
    from nostro.cli import remittance_files
    from nostro.cli.input_files import Wanted

    wanted = Wanted(format_name=format_name, profile=profile)
    sys.exit(remittance_files.run(files, wanted, out))
