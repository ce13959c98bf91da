"""What the commands take about payees: whom the customer pays, and where."""

from __future__ import annotations

from cyclopts import App

from nostro.cli.shared_options import AsPerson

payees = App(name="payees", help="Whom the customer pays; changes of them take two people.")


@payees.command(name="import")
def import_payees(
    file: str, *, reason: str, email: str = "", password_file: str = "", customer: str = ""
) -> None:
    """Ask for a file of payees: new ones, other accounts, other names. Somebody else agrees.

    The file has one line a payee and names its columns: number, name and iban, and if they are
    there bic, street, post_code, town, country, email. Its bytes are kept. A list of more than
    1,000 payees becomes several requests.

    Example: `nostro payees import suppliers.csv --reason "from the ERP" --email ada@acme.example`.

    Parameters
    ----------
    file
        The list, as CSV.
    reason
        Why; it stays in the log.
    email
        The address with which the person signs in; without one, two people agree.
    password_file
        A file with the password, or - for stdin. Without: it is asked for.
    customer
        The code of the customer; not needed where there is only one.
    """
    from nostro.cli import payee_work

    payee_work.import_payees(customer, file, reason, (email, password_file))


@payees.command(name="show")
def show_payee(number: str, *, customer: str = "") -> None:
    """One payee with every version of his account. Example: `nostro payees show V-1001`.

    Parameters
    ----------
    number
        The number of the payee, as payments name him.
    customer
        The code of the customer; not needed where there is only one.
    """
    from nostro.cli import payee_work

    payee_work.show(customer, number)


@payees.command(name="verify")
def verify_payee(number: str, *, name: str = "", customer: str = "") -> None:
    """Ask the payee's bank whether his account is in his name. Example: `nostro payees verify V-1`.

    Parameters
    ----------
    number
        The number of the payee.
    name
        The name to ask for; without one, that which is kept of him.
    customer
        The code of the customer; not needed where there is only one.
    """
    from nostro.cli import payee_work

    payee_work.verify(customer, number, name)


@payees.command(name="penny-test")
def penny_test(number: str, *, entity: str, currency: str = "EUR", by: AsPerson) -> None:
    """Pay a few cents with a code in the text, which the payee tells back.

    Example: `nostro payees penny-test V-1001 --entity DE01 --email ada@acme.example`.

    Parameters
    ----------
    number
        The number of the payee.
    entity
        The code of the company that pays.
    currency
        In which currency.
    """
    from nostro.cli import payee_work

    payee_work.penny_test(number, entity, currency, by.customer, by.who)
