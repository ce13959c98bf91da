"""What the commands take that set a customer up: itself, its people, companies and accounts."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated

from cyclopts import App, Parameter

from nostro.cli.shared_options import UNSAID, Alone

customers = App(name="customers", help="Customers of this installation.")
people = App(name="people", help="People who sign in and approve.")
single_sign_on = App(name="single-sign-on", help="Signing in by a company's own service.")
entities = App(name="entities", help="Legal entities of a customer's group.")
accounts = App(name="accounts", help="A customer's own bank accounts.")


@customers.command(name="add")
def add_customer(code: str, *, name: str, partner: str = "Own installation") -> None:
    """Add a customer. Example: `nostro customers add ACME --name "Acme Group"`.

    Parameters
    ----------
    code
        Its short name in commands and file names.
    name
        Its name.
    partner
        Who hosts it.
    """
    from nostro.cli import setting_up

    setting_up.add_customer(code, name, partner)


@customers.command(name="list")
def list_customers() -> None:
    """The customers there are. Example: `nostro customers list`."""
    from nostro.cli import setting_up

    setting_up.list_customers()


@people.command(name="add")
def add_person(
    email: str,
    *,
    name: str,
    role: Annotated[list[str], Parameter(negative=())],
    password_file: str = "",
    customer: str = "",
    alone: Alone = UNSAID,
) -> None:
    """Let a person work for a customer, with these roles and no others.

    Where two people can decide on access, the person can sign in, and the roles are asked for.

    Example: `nostro people add ann@acme.example --name "Ann Lee" --role approver`.

    Parameters
    ----------
    email
        The address to sign in with.
    name
        The name that others see.
    role
        What the person shall be, as `nostro people duties` lists it; may be given several times.
    password_file
        A file with the password, or - for stdin. Without: it is asked for.
    customer
        The code of the customer; not needed where there is only one.
    """
    from nostro.cli import setting_up

    setting_up.add_person(customer, email, name, role, password_file, alone)


@people.command(name="invite")
def invite_person(
    email: str,
    *,
    name: str,
    role: Annotated[list[str] | None, Parameter(negative=())] = None,
    customer: str = "",
) -> None:
    """Print a link by which somebody joins and chooses a password; it counts once, for seven days.

    Example: `nostro people invite ann@acme.example --name "Ann Lee" --role approver`.

    Parameters
    ----------
    email
        The address to sign in with.
    name
        The name that others see.
    role
        What the person shall be; asked for when he joins, then other people agree to it.
    customer
        The code of the customer; not needed where there is only one.
    """
    from nostro.cli import setting_up

    setting_up.invite_person(customer, email, name, role or [])


@people.command(name="recover")
def recover_person(email: str, *, password_file: str = "") -> None:
    """Let somebody who has lost all begin anew: a new password, no passkey, app or code.

    Make sure first who asks. Example: `nostro people recover ann@acme.example`.

    Parameters
    ----------
    email
        The address to sign in with.
    password_file
        A file with the new password, or - for stdin. Without: it is asked for.
    """
    from nostro.cli import setting_up

    setting_up.recover_person(email, password_file)


@single_sign_on.command(name="connect")
def connect_provider(
    issuer: str,
    *,
    client_id: str,
    client_secret_file: str = "",
    group: Annotated[list[str] | None, Parameter(negative=())] = None,
    groups_claim: str = "groups",
    newcomers: bool = True,
    customer: str = "",
    alone: Alone = UNSAID,
) -> None:
    """Let a customer's people sign in by its OpenID provider; another one takes its place.

    It is asked for, with its groups, where two people can decide on access.

    Example: `nostro single-sign-on connect https://id.acme.example --client-id nostro`.

    Parameters
    ----------
    issuer
        As its .well-known/openid-configuration calls it.
    client_id
        Who we are there. Its redirect address is https://<console>/sign-in/company/back/.
    client_secret_file
        A file with the secret, or - for stdin. Without: it is asked for.
    group
        GROUP=ROLE; may be given several times. With any, roles follow the groups at every sign-in.
    groups_claim
        Under which name the provider tells groups.
    newcomers
        Whether somebody who was never here becomes a person at his first sign-in.
    customer
        The code of the customer; not needed where there is only one.
    """
    from nostro.cli import setting_up, terminal

    secret = terminal.secret_text("client secret", client_secret_file)
    told, groups = (issuer, client_id, secret), (group or [], groups_claim)
    setting_up.connect_provider(customer, told, groups, alone, newcomers=newcomers)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Address:
    """Where a legal entity is.

    Parameters
    ----------
    town
        Of its address.
    country
        Two letters.
    street
        Of its address.
    building
        Of its address.
    post_code
        Of its address.
    """

    town: str
    country: str
    street: str = ""
    building: str = ""
    post_code: str = ""


@entities.command(name="add")
def add_entity(
    code: str,
    *,
    name: str,
    address: Address,
    currency: str = "EUR",
    receivables_account: str = "",
    customer: str = "",
) -> None:
    """Add a legal entity.

    Example: `nostro entities add NL --name "Acme BV" --town Utrecht --country NL`.

    Parameters
    ----------
    code
        What its ERP calls it.
    name
        Its name, as banks know it.
    currency
        The currency of its books.
    receivables_account
        The ledger account of what its customers owe.
    customer
        The code of the customer; not needed where there is only one.
    """
    from nostro.cli import setting_up

    setting_up.add_entity(customer, code, name, asdict(address), currency, receivables_account)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Held:
    """How an account is held.

    Parameters
    ----------
    name
        What it is called here.
    currency
        Three letters.
    bic
        Of its bank.
    ledger_account
        Where its balance stands in the ledger.
    clearing_account
        Where payments stand until they are booked.
    """

    name: str
    currency: str = "EUR"
    bic: str = ""
    ledger_account: str = ""
    clearing_account: str = ""


@accounts.command(name="add")
def add_account(iban: str, *, entity: str, connection: str, held: Held, customer: str = "") -> None:
    """Add an account and the connection that reaches its bank.

    Example: `nostro accounts add NL91ABNA0417164300 --entity NL --connection Bank --name Main`.

    Parameters
    ----------
    iban
        The account: its IBAN, or USABA:routing number:account, GBDSC:sort code:account,
        BIC:bank:account.
    entity
        The code of the legal entity that holds it.
    connection
        The name of the connection.
    customer
        The code of the customer; not needed where there is only one.
    """
    from nostro.cli import setting_up

    setting_up.add_account(customer, iban, entity, connection, asdict(held))


@accounts.command(name="list")
def list_accounts(*, customer: str = "") -> None:
    """The accounts there are. Example: `nostro accounts list`.

    Parameters
    ----------
    customer
        The code of the customer; not needed where there is only one.
    """
    from nostro.cli import setting_up

    setting_up.list_accounts(customer)


@accounts.command(name="attach")
def attach_account(
    iban: str, *, connection: str, reason: str, currency: str = "", customer: str = ""
) -> None:
    """Reach an account by another connection from now on.

    Example: `nostro accounts attach NL91ABNA0417164300 --connection "New bank" --reason "moved"`.

    Parameters
    ----------
    iban
        The account.
    connection
        The name of the connection.
    reason
        Why; it stays in the log.
    currency
        Needed where the IBAN is held in several.
    customer
        The code of the customer; not needed where there is only one.
    """
    from nostro.cli import setting_up

    setting_up.attach_account(customer, iban, currency, connection, reason)
