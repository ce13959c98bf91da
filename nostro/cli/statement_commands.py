"""What the commands take about statements that are stored."""

from __future__ import annotations

from cyclopts import App

from nostro.cli.shared_options import AsPerson

statements = App(name="statements", help="Stored statements: read anew after a mended profile.")


@statements.command
def compare(statement: str, *, customer: str = "", json: bool = False) -> None:
    """What a statement tells when its file is read anew, beside what is stored; nothing is written.

    Example: `nostro statements compare 0193f2aa-6a3c-7000-8000-0123456789ab`.

    Parameters
    ----------
    statement
        Its id: the last part of its address in the console.
    customer
        The code of the customer; not needed where there is only one.
    json
        One object on stdout, with every line.
    """
    from nostro.cli import statement_work

    statement_work.compare(customer, statement, as_json=json)


@statements.command
def reread(statement: str, *, reason: str, by: AsPerson) -> None:
    """Write what a statement tells when it is read anew, as a person with a reason.

    Lines keep their ids and their matches. Where the money of matched lines would change nothing is
    written: undo their matches first.

    Example: `nostro statements reread 0193f2aa-6a3c-7000-8000-0123456789ab --email ada@example.com
    --reason "profile of the bank mended"`.

    Parameters
    ----------
    statement
        Its id: the last part of its address in the console.
    reason
        Why; it stays in the log.
    """
    from nostro.cli import statement_work

    statement_work.reread(by.customer, statement, reason, by.who)
