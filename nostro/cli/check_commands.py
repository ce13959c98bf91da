"""What the commands about issued checks take."""

from __future__ import annotations

from cyclopts import App

checks = App(name="checks", help="Checks that were issued: enter, find, void, stop.")


@checks.command(name="import")
def import_checks(file: str, *, layout: str = "", customer: str = "") -> None:
    """Enter issued checks from a file; what is there already, just as it is, changes nothing.

    Its accounts are IBANs, or the numbers under which positive pay was set up. A check that the
    file calls void or stopped is asked to be that.

    Example: `nostro checks import issued.csv --layout csv_month_first`.

    Parameters
    ----------
    file
        A file of issued checks in any layout that we read.
    layout
        Its layout, where it does not say so itself.
    customer
        The code of the customer; not needed where there is only one.
    """
    from nostro.cli import check_work

    check_work.import_file(file, layout, customer)


@checks.command(name="list")
def list_checks(
    q: str = "", *, state: str = "", limit: int = 50, cursor: str = "", customer: str = ""
) -> None:
    """The register: checks by number, payee or state, the newest first, and missing numbers.

    Example: `nostro checks list --state stop_asked`.

    Parameters
    ----------
    q
        A number, or a part of the payee's name.
    state
        One state, or several with commas between.
    limit
        How many.
    cursor
        Where to go on, as the last page said.
    customer
        The code of the customer; not needed where there is only one.
    """
    from nostro.cli import check_work

    check_work.show(q, state, limit, cursor, customer)


@checks.command
def void(account: str, number: str, *, reason: str, customer: str = "") -> None:
    """Ask for a check to be void: it was never given out. The bank is told with the next file.

    Example: `nostro checks void 4471000123 1001 --reason "misprinted"`.

    Parameters
    ----------
    account
        The account's IBAN, or the number under which its bank knows it.
    number
        The check's number.
    reason
        Why; it stays with the check.
    customer
        The code of the customer; not needed where there is only one.
    """
    from nostro.cli import check_work

    check_work.take_back(account, number, "void", reason, customer)


@checks.command
def stop(account: str, number: str, *, reason: str, customer: str = "") -> None:
    """Ask for a check to be stopped: it is lost, or must not be paid.

    Example: `nostro checks stop 4471000123 1001 --reason "lost in the mail"`.

    Parameters
    ----------
    account
        The account's IBAN, or the number under which its bank knows it.
    number
        The check's number.
    reason
        Why; it stays with the check.
    customer
        The code of the customer; not needed where there is only one.
    """
    from nostro.cli import check_work

    check_work.take_back(account, number, "stop", reason, customer)
