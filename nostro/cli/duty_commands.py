"""What the commands take about who may do what, and about changes that two people make."""

from __future__ import annotations

from datetime import date

from cyclopts import App

from nostro.cli.set_up_commands import people
from nostro.cli.shared_options import AsPerson

changes = App(name="changes", help="Changes that one person asks for and another agrees to.")


@people.command(name="list")
def list_people(*, customer: str = "") -> None:
    """Who works for the customer, and how far each role reaches. Example: `nostro people list`.

    Parameters
    ----------
    customer
        The code of the customer; not needed where there is only one.
    """
    from nostro.cli import duty_list

    duty_list.people(customer)


@people.command(name="duties")
def show_duties() -> None:
    """What each role may do. Example: `nostro people duties`."""
    from nostro.cli import duty_list

    duty_list.duties()


@people.command(name="conflicts")
def list_conflicts(*, customer: str = "", json: bool = False) -> None:
    """Who has duties that do not mix, and for what too few people are left.

    Ends with 1 when there is anything to tell. Example: `nostro people conflicts`.

    Parameters
    ----------
    customer
        The code of the customer; not needed where there is only one.
    json
        The same for programs.
    """
    import sys

    from nostro.cli import duty_list

    sys.exit(1 if duty_list.conflicts(customer, as_json=json) else 0)


@changes.command(name="kinds")
def list_kinds() -> None:
    """What two people can change, and what each asks for. Example: `nostro changes kinds`."""
    from nostro.cli import change_work

    change_work.kinds()


@changes.command(name="list")
def list_changes(*, state: str = "", customer: str = "") -> None:
    """Changes that were asked for, the newest first. Example: `nostro changes list --state asked`.

    Parameters
    ----------
    state
        asked, applied, refused, withdrawn or expired.
    customer
        The code of the customer; not needed where there is only one.
    """
    from nostro.cli import change_work

    change_work.listed(customer, state)


@changes.command(name="show")
def show_change(request: str, *, customer: str = "") -> None:
    """One change with before and after, and who agreed. Example: `nostro changes show 0199...`.

    Parameters
    ----------
    request
        The id of the change.
    customer
        The code of the customer; not needed where there is only one.
    """
    from nostro.cli import change_work

    change_work.show(customer, request)


@changes.command(name="ask")
def ask_for_change(
    kind: str,
    wanted: str,
    *,
    reason: str,
    email: str = "",
    password_file: str = "",
    customer: str = "",
) -> None:
    """Ask for a change, as a person; without an address as the terminal: then two people agree.

    Example: `nostro changes ask membership '{"person": "ann@acme.example",
    "grants": [{"role": "approver", "entity": "DE"}]}' --reason "new colleague" --email bob@...`.

    Parameters
    ----------
    kind
        What is changed; `nostro changes kinds` lists them.
    wanted
        As it is to be, in JSON.
    reason
        Why; it stays in the log.
    email
        The address with which the person signs in.
    password_file
        A file with the password, or - for stdin. Without: it is asked for.
    customer
        The code of the customer; not needed where there is only one.
    """
    from nostro.cli import change_work

    change_work.ask(customer, kind, wanted, reason, (email, password_file))


@changes.command(name="try")
def try_change(kind: str, wanted: str, *, since: date | None = None, customer: str = "") -> None:
    """Try a change on past payments: which would have gone another way. Nothing is stored.

    Example: `nostro changes try approval_rules '{"needed": 3}' --since 2026-11-01`.

    Parameters
    ----------
    kind
        What would be changed.
    wanted
        As it would be, in JSON.
    since
        Payments taken in from this day on; without: of the last 90 days.
    customer
        The code of the customer; not needed where there is only one.
    """
    from nostro.cli import change_work

    change_work.try_on_payments(customer, kind, wanted, since)


@changes.command(name="agree")
def agree_to_change(request: str, *, reason: str, by: AsPerson) -> None:
    """Agree to a change that somebody else asked for.

    Example: `nostro changes agree 0199... --reason "seen the contract" --email bob@acme.example`.

    Parameters
    ----------
    request
        The id of the change.
    reason
        What was checked.
    """
    from nostro.cli import change_work

    change_work.decide(by.customer, request, "agree", reason, by.who)


@changes.command(name="refuse")
def refuse_change(request: str, *, reason: str, by: AsPerson) -> None:
    """Say no to a change that somebody else asked for, or take back one's own.

    Example: `nostro changes refuse 0199... --reason "not agreed" --email bob@acme.example`.

    Parameters
    ----------
    request
        The id of the change.
    reason
        Why not.
    """
    from nostro.cli import change_work

    change_work.decide(by.customer, request, "refuse", reason, by.who)
