"""What the commands about partners take: who hosts customers, and their people."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from nostro.cli.shared_options import UNSAID, Alone

partners = App(name="partners", help="Who hosts customers, and their people.")


@partners.command(name="list")
def list_partners() -> None:
    """Partners, whom they host and who works for them. Example: `nostro partners list`."""
    from nostro.cli import partner_work

    partner_work.list_partners()


@partners.command
def join(email: str, *, partner: str, name: str = "", password_file: str = "") -> None:
    """Let a person work for a partner; that alone opens no customer.

    Example: `nostro partners join ben@host.example --partner "Host Ltd" --name "Ben Host"`.

    Parameters
    ----------
    email
        With which the person signs in.
    partner
        The name of the partner.
    name
        Of a person who is not known yet.
    password_file
        The file that holds the first password; - reads it from stdin, without it is asked for.
    """
    from nostro.cli import partner_work

    partner_work.join(email, partner, name, password_file)


@partners.command
def grant(
    email: str,
    *,
    customer: str,
    role: Annotated[list[str], Parameter(negative=())],
    alone: Alone = UNSAID,
) -> None:
    """Open a customer to a person of the partner that hosts it.

    Where two of the customer's people can decide on access, they are asked.

    Example: `nostro partners grant ben@host.example --customer ACME --role auditor`.

    Parameters
    ----------
    email
        The person.
    customer
        The code of the customer.
    role
        What the person is there, such as auditor; may be given several times.
    """
    from nostro.cli import partner_work

    partner_work.grant(email, customer, role, alone)


@partners.command
def withdraw(email: str, *, customer: str) -> None:
    """Close a customer to a person of its partner.

    Example: `nostro partners withdraw ben@host.example --customer ACME`.

    Parameters
    ----------
    email
        The person.
    customer
        The code of the customer.
    """
    from nostro.cli import partner_work

    partner_work.withdraw(email, customer)


@partners.command
def leave(email: str, *, partner: str) -> None:
    """End a person's work for a partner: all its customers are closed to him at once.

    Example: `nostro partners leave ben@host.example --partner "Host Ltd"`.

    Parameters
    ----------
    email
        The person.
    partner
        The name of the partner.
    """
    from nostro.cli import partner_work

    partner_work.leave(email, partner)
