"""What the commands take about API keys, and about the address at which a bank calls us."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

keys = App(name="keys", help="API keys.")


@keys.command
def issue(
    *,
    customer: str,
    name: str,
    scope: Annotated[list[str], Parameter(negative=())],
    days: int = 90,
) -> None:
    """Make an API key for a program and show it once; a program never approves.

    Example: `nostro keys issue --customer VESTERHOLT --name erp --scope payments:read`.

    Parameters
    ----------
    customer
        The code of the customer.
    name
        What uses the key.
    scope
        What it may do, such as payments:write; may be given several times.
    days
        After how many days it expires.
    """
    from nostro.cli import issue_key

    issue_key.issue(customer, name, scope, days)


@keys.command
def callback(*, customer: str, connection: str) -> None:
    """Make the address at which a bank calls a connection and show it once; the old one closes.

    The bank still has to sign its calls: the address alone opens nothing.

    Example: `nostro keys callback --customer VESTERHOLT --connection "Bank REST"`.

    Parameters
    ----------
    customer
        The code of the customer.
    connection
        The name of the connection.
    """
    from nostro.cli import issue_key

    issue_key.callback(customer, connection)


@keys.command(name="list")
def list_keys(*, customer: str = "") -> None:
    """Keys without their secrets: whose, what for, from where, until when, last used.

    Example: `nostro keys list`.

    Parameters
    ----------
    customer
        The code of the customer; not needed where there is only one.
    """
    from nostro.cli import key_list

    key_list.show(customer)


@keys.command(name="draw")
def draw_key(key: str, *, email: str, password_file: str = "", customer: str = "") -> None:
    """Show the token of a key that was agreed to: once, to its owner.

    Example: `nostro keys draw 0199... --email ann@acme.example`.

    Parameters
    ----------
    key
        The id of the key.
    email
        The address with which its owner signs in.
    password_file
        A file with the password, or - for stdin. Without: it is asked for.
    customer
        The code of the customer; not needed where there is only one.
    """
    from nostro.cli import key_list

    key_list.draw(customer, key, (email, password_file))


@keys.command(name="rotate")
def rotate_key(
    key: str, *, email: str, overlap_hours: int = 24, password_file: str = "", customer: str = ""
) -> None:
    """Make the key that goes on from one, and show its token once; the old one ends a while later.

    Example: `nostro keys rotate 0199... --email ann@acme.example --overlap-hours 48`.

    Parameters
    ----------
    key
        The id of the key.
    email
        The address with which its owner signs in.
    overlap_hours
        For how many hours the old one stays good.
    password_file
        A file with the password, or - for stdin. Without: it is asked for.
    customer
        The code of the customer; not needed where there is only one.
    """
    from nostro.cli import key_list

    key_list.rotate(customer, key, overlap_hours, (email, password_file))


@keys.command(name="end")
def end_key(
    key: str, *, reason: str, email: str, password_file: str = "", customer: str = ""
) -> None:
    """End a key at once, as its owner or as somebody who looks after access.

    Example: `nostro keys end 0199... --reason "left" --email ada@acme.example`.

    Parameters
    ----------
    key
        The id of the key.
    reason
        Why.
    email
        The address with which the person signs in.
    password_file
        A file with the password, or - for stdin. Without: it is asked for.
    customer
        The code of the customer; not needed where there is only one.
    """
    from nostro.cli import key_list

    key_list.end(customer, key, reason, (email, password_file))
