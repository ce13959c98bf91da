"""What the commands about payments take: to find them, to look at one, to hold and to recall."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated, Final

from cyclopts import App, Parameter

payments = App(name="payments", help="Find payments, follow one, hold or recall it.")


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Sought:
    """Which payments are looked for.

    Parameters
    ----------
    customer
        The code of the customer; not needed where there is only one.
    state
        One state, or several with commas between, such as held,awaiting_approval.
    payee
        The source's own number of the payee.
    currency
        Such as EUR; needed to sort by amount.
    requested_from
        The first day on which to pay, such as 2026-11-30.
    requested_to
        The last day on which to pay.
    open_case
        Only those with a case that somebody has to look at.
    """

    customer: str = ""
    state: str = ""
    payee: str = ""
    currency: str = ""
    requested_from: str = ""
    requested_to: str = ""
    open_case: bool = False


ANY: Final = Sought()


@payments.command(name="list")
def list_payments(
    q: str = "",
    *,
    sought: Sought = ANY,
    sort: Annotated[str, Parameter(allow_leading_hyphen=True)] = "-created",
    limit: int = 50,
    cursor: str = "",
    json: bool = False,
) -> None:
    """Payments by what you look for, newest first.

    Examples: `nostro payments list --state held`, `nostro payments list 10003 --json`,
    `nostro payments list --currency EUR --sort -amount --limit 10`.

    Parameters
    ----------
    q
        Part of the payee's name, or a whole number, reference, invoice or IBAN.
    sort
        created, requested, amount or updated; with - before it the last first.
    limit
        How many, 1 to 200.
    cursor
        Where to go on: `next` of the page before, as --json gives it.
    json
        The page for programs.
    """
    from nostro.cli import payment_list

    asked = payment_list.Asked(q=q, **asdict(sought))
    payment_list.show(asked, sort, limit, cursor, as_json=json)


@payments.command
def show(number: str, *, customer: str = "", json: bool = False) -> None:
    """One payment: where it is, what happens next, and everything that happened to it.

    Examples: `nostro payments show PAY-00012`, `nostro payments show PAY-00012 --json | jq .place`.

    Parameters
    ----------
    number
        Its number, its id or its end-to-end id.
    customer
        The code of the customer; not needed where there is only one.
    json
        The same for programs.
    """
    from nostro.cli import payment_trace

    payment_trace.show(customer, number, as_json=json)


@payments.command
def hold(*numbers: str, reason: str, customer: str = "") -> None:
    """Hold payments that have not left: all or none. Their approvals are void; a person releases.

    Example: `nostro payments hold PAY-00012 --reason "invoice disputed"`.

    Parameters
    ----------
    numbers
        Numbers, ids or end-to-end ids.
    reason
        Why; it stays in the trace.
    customer
        The code of the customer; not needed where there is only one.
    """
    from nostro.cli import payment_changes

    payment_changes.hold(customer, numbers, reason)


@payments.command
def approve(
    *numbers: str,
    digest: str = "",
    person: Annotated[str, Parameter(name="--as")],
    password_file: str = "",
    customer: str = "",
) -> None:
    """Approve payments as a person: shows them, count and sums, then asks. All or none.

    Two people approve, and never who made a payment. Where nobody can be asked, the digest that
    was shown stands for the yes; payments that came since make it another one.

    Example: `nostro payments approve PAY-00012 --as ann@acme.example`.

    Parameters
    ----------
    numbers
        Numbers, ids or end-to-end ids. Without: all that wait.
    digest
        The digest that was shown with exactly these payments.
    person
        The address with which the person signs in.
    password_file
        A file with the password, or - for stdin. Without: it is asked for.
    customer
        The code of the customer; not needed where there is only one.
    """
    from nostro.cli import approving

    approving.approve(customer, numbers, digest, person, password_file)


@payments.command
def release(
    number: str,
    *numbers: str,
    reason: str,
    digest: str = "",
    person: Annotated[str, Parameter(name="--as")],
    password_file: str = "",
    customer: str = "",
) -> None:
    """Release held payments as a person: shows why each is held, then asks. All or none.

    Several go together only where one and the same reason holds each of them and nothing else;
    hits on watch lists go one by one. Where nobody can be asked, the digest that was shown stands
    for the yes. What is released still has to be approved.

    Example: `nostro payments release PAY-00012 --as ann@acme.example --reason "called back"`.

    Parameters
    ----------
    number
        Number, id or end-to-end id.
    numbers
        More of them, held for the same reason: what was found out holds for each.
    reason
        What was found out; it stays in the trace.
    digest
        The digest that was shown with exactly these payments and reasons.
    person
        The address with which the person signs in.
    password_file
        A file with the password, or - for stdin. Without: it is asked for.
    customer
        The code of the customer; not needed where there is only one.
    """
    from nostro.cli import held_payments

    who = (person, password_file)
    held_payments.release(customer, [number, *numbers], reason, digest, who)


@payments.command
def deny(
    *numbers: str,
    run: str = "",
    held_for: str = "",
    reason: str,
    digest: str = "",
    person: Annotated[str, Parameter(name="--as")],
    password_file: str = "",
    customer: str = "",
) -> None:
    """Deny held payments for good as a person: shows count and sums, then asks. All or none.

    Name payments, or choose all that are held of a run, for a reason, or both. Where nobody can be
    asked, the digest that was shown stands for the yes.

    Example: `nostro payments deny --run RUN2 --as ann@acme.example --reason "it came twice"`.

    Parameters
    ----------
    numbers
        Numbers, ids or end-to-end ids.
    run
        All that is held of this run: its reference or id.
    held_for
        All that is held for this reason, such as duplicate_suspected.
    reason
        Why; it stays in the trace.
    digest
        The digest that was shown with exactly these payments.
    person
        The address with which the person signs in.
    password_file
        A file with the password, or - for stdin. Without: it is asked for.
    customer
        The code of the customer; not needed where there is only one.
    """
    from nostro.cli import held_payments

    chosen = held_payments.Chosen(numbers=numbers, run=run, held_for=held_for)
    held_payments.deny(customer, chosen, reason, digest, (person, password_file))


@payments.command
def recall(
    *numbers: str, reason: str = "CUST", text: str, customer: str = "", json: bool = False
) -> None:
    """Take payments back: cancelled before they leave, asked back from the bank afterwards.

    Ends with 0 when each was cancelled or is asked back, with 1 when one could not be.

    Example: `nostro payments recall PAY-00012 PAY-00013 --reason DUPL --text "sent twice"`.

    Parameters
    ----------
    numbers
        Numbers, ids or end-to-end ids.
    reason
        DUPL, TECH, FRAD, CUST, AC03 or AM09 (ISO 20022 cancellation reasons).
    text
        Why, in words; the bank reads it.
    customer
        The code of the customer; not needed where there is only one.
    json
        What became of each, for programs.
    """
    from nostro.cli import payment_changes

    payment_changes.recall(customer, numbers, reason, text, as_json=json)


@payments.command
def letter(
    submission: str,
    *,
    out: Annotated[str, Parameter(name=["--out", "-o"])],
    customer: str = "",
) -> None:
    """Write the letter (PDF) that asks the bank about a file, for when a person has to ring.

    Example: `nostro payments letter ACME-20261120-1 -o letter.pdf`.

    Parameters
    ----------
    submission
        The file's message id, or its id here.
    out
        The file to write.
    customer
        The code of the customer; not needed where there is only one.
    """
    from nostro.cli import payment_changes

    payment_changes.letter(customer, submission, out)
