"""What the commands about one person's data take."""

from __future__ import annotations

from cyclopts import App

privacy = App(name="privacy", help="What is held about one person: shown, handed out, erased.")


@privacy.command
def show(number: str, *, customer: str = "") -> None:
    """How much is held about a payee, and from when on it may be erased.

    Example: `nostro privacy show V-1001`.

    Parameters
    ----------
    number
        The payee's number, as payments name it.
    customer
        The code of the customer; not needed where there is only one.
    """
    from nostro.cli import privacy

    privacy.show(number, customer)


@privacy.command
def export(
    number: str, file: str, *, reason: str, with_files: bool = False, customer: str = ""
) -> None:
    """Everything that is held about a payee, as one archive for him. The log says that it was made.

    Example: `nostro privacy export V-1001 v-1001.zip --reason "asked on 3 May"`.

    Parameters
    ----------
    number
        The payee's number, as payments name it.
    file
        The archive to write.
    reason
        Why; the log keeps it, so do not name him.
    with_files
        With the files in which he occurs. They show other people too: look at them first.
    customer
        The code of the customer; not needed where there is only one.
    """
    from nostro.cli import privacy

    privacy.export(number, file, reason, with_files=with_files, customer=customer)


@privacy.command
def user(email: str, file: str, *, reason: str, customer: str = "") -> None:
    """Everything that is held about somebody who signs in, as JSON for him.

    Example: `nostro privacy user ann@acme.example ann.json --reason "asked on 3 May"`.

    Parameters
    ----------
    email
        The address that he signs in with.
    file
        The file to write.
    reason
        Why; the log keeps it.
    customer
        The code of the customer; not needed where there is only one.
    """
    from nostro.cli import privacy

    privacy.user(email, file, reason, customer)


@privacy.command
def erasures(file: str = "-", *, customer: str = "") -> None:
    """Every erasure so far, one a line: keep it beside the backups. It names nobody.

    Example: `nostro privacy erasures erasures.jsonl`.

    Parameters
    ----------
    file
        The file to write; without, the terminal.
    customer
        Only this customer's. Without: every customer's.
    """
    from nostro.cli import privacy

    privacy.erasures(file, customer)


@privacy.command
def repeat(file: str, *, customer: str = "") -> None:
    """After a restore: erase again what the backup has brought back. Safe to repeat.

    What must be kept by today's rules is told and kept, and it ends with 1: repeat it later.

    Example: `nostro privacy repeat erasures.jsonl`.

    Parameters
    ----------
    file
        What `nostro privacy erasures` wrote.
    customer
        Only this customer's. Without: every customer's.
    """
    from nostro.cli import privacy

    privacy.repeat(file, customer)
