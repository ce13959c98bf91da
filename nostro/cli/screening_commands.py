"""What the commands about watch lists take."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

screening = App(name="screening", help="Lists of those who must not be paid.")


@screening.command
def load(
    *files: Annotated[str, Parameter(required=True)],
    list_: Annotated[str, Parameter(name="--list")] = "",
    published: str = "",
    anyway: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Compare payees with a list from now on, in place of the one before.

    The list comes from its publisher; nothing is fetched. It is read whole or refused. Examples:
    `nostro screening load sdn.xml`,
    `nostro screening load sdn.csv alt.csv --list ofac_sdn --published 2026-11-03`.

    Parameters
    ----------
    files
        The list's file; OFAC's tables are two, sdn.csv and alt.csv.
    list_
        Which list it is, where the file does not say: ofac_sdn, ofac_consolidated, eu, un or uk.
    published
        When, where the file does not say, such as 2026-11-03.
    anyway
        Though it is older or much shorter than the one in force, or nobody says of when it is.
    """
    from nostro.cli import screening_work

    screening_work.load(files, list_, published, anyway=anyway)


@screening.command(name="list")
def list_lists() -> None:
    """Which lists payees are compared with, how old each is. Example: `nostro screening list`."""
    from nostro.cli import screening_work

    screening_work.list_lists()


@screening.command
def remove(list_: Annotated[str, Parameter(name="--list")]) -> None:
    """Compare with a list no more. Example: `nostro screening remove --list uk`.

    Parameters
    ----------
    list_
        Which: ofac_sdn, ofac_consolidated, eu, un or uk.
    """
    from nostro.cli import screening_work

    screening_work.remove(list_)


@screening.command
def check(
    name: str, *, country: str = "", born: str = "", registration: str = "", least: int = 0
) -> None:
    """Whom a name is like on the lists in force. Example: `nostro screening check "Ivan Petrov"`.

    Parameters
    ----------
    name
        Of a person or company, in any script.
    country
        Where it is, such as DE.
    born
        A date or a year, such as 1962-07-28 or 1962.
    registration
        A company's registration number.
    least
        From how alike on, in percent. Without: as payments are checked.
    """
    from nostro.cli import screening_work

    screening_work.check(name, country, born, registration, least)
