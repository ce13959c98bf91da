"""What the commands take about API keys, and about the address at which a bank calls us."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from nostro.cli.shared_options import UNSAID, Alone, AsPerson

keys = App(name="keys", help="API keys.")


@keys.command
def issue(
    *,
    customer: str,
    name: str,
    scope: Annotated[list[str], Parameter(negative=())],
    days: int = 90,
    owner: str = "",
    network: Annotated[list[str] | None, Parameter(negative=())] = None,
    alone: Alone = UNSAID,
) -> None:
    """Ask for an API key for a program; a program never approves. Agreed to, its owner draws it.

    While a customer is being set up it is made and shown at once.

    Example: `nostro keys issue --customer VESTERHOLT --name erp --scope payments:read
    --owner ann@acme.example`.

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
    owner
        The address of the colleague who answers for it; needed where two people agree to it.
    network
        From where it is taken (CIDR); may be given several times, without from anywhere.
    """
    from nostro.cli import issue_key

    wanted = issue_key.Wanted(
        name=name, scopes=scope, days=days, owner=owner, networks=network or []
    )
    issue_key.issue(customer, wanted, alone)


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
def draw_key(key: str, *, by: AsPerson) -> None:
    """Show the token of a key that was agreed to: once, to its owner.

    Example: `nostro keys draw 0199... --email ann@acme.example`.

    Parameters
    ----------
    key
        The id of the key.
    """
    from nostro.cli import key_list

    key_list.draw(by.customer, key, by.who)


@keys.command(name="rotate")
def rotate_key(key: str, *, by: AsPerson, overlap_hours: int = 24) -> None:
    """Make the key that goes on from one, and show its token once; the old one ends a while later.

    Example: `nostro keys rotate 0199... --email ann@acme.example --overlap-hours 48`.

    Parameters
    ----------
    key
        The id of the key.
    overlap_hours
        For how many hours the old one stays good.
    """
    from nostro.cli import key_list

    key_list.rotate(by.customer, key, overlap_hours, by.who)


@keys.command(name="end")
def end_key(key: str, *, reason: str, by: AsPerson) -> None:
    """End a key at once, as its owner or as somebody who looks after access.

    Example: `nostro keys end 0199... --reason "left" --email ada@acme.example`.

    Parameters
    ----------
    key
        The id of the key.
    reason
        Why.
    """
    from nostro.cli import key_list

    key_list.end(by.customer, key, reason, by.who)
