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
