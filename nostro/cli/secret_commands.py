"""What the commands about secrets, their keys, and how long evidence is kept take."""

from __future__ import annotations

from datetime import date
from typing import Literal
from uuid import UUID

from cyclopts import App

from nostro.cli.shared_options import Alone

secrets = App(name="secrets", help="Keys and credentials: what there is, new ones, files moved.")
evidence = App(name="evidence", help="Files received and sent: locked, kept, held, erased.")

Place = Literal["database", "s3"]
# Also what the command line offers.
Kind = Literal["key-encryption", "data", "signing", "database"]


@secrets.command(name="list")
def list_all(*, customer: str = "") -> None:
    """Every credential and key of the installation and of a customer; never a secret itself.

    With age, expiry, owner and the command that renews it.

    Example: `nostro secrets list --customer VESTERHOLT`.

    Parameters
    ----------
    customer
        The code of the customer; not needed where there is only one.
    """
    from nostro.cli import secret_work

    secret_work.show(customer)


@secrets.command
def rotate(kind: Kind, *, customer: str = "", reason: str = "") -> None:
    """Make a new key beside the old; what was locked with the old stays readable. The log of every
    customer that it concerns says who did it, and why.

    Examples: `nostro secrets rotate data`, `nostro secrets rotate key-encryption`.

    Parameters
    ----------
    kind
        key-encryption: the key that wraps all others, kept outside the database. data: the keys of
        customers. signing: the key that signs sessions and forms. database: the passwords of the
        three database roles.
    customer
        With data: only this customer's. Without: every customer's.
    reason
        Why, for the log.
    """
    from nostro.cli import secret_work

    secret_work.rotate(kind, customer, reason)


@secrets.command(name="import")
def import_files(*, customer: str = "") -> None:
    """Move credentials that lie in files into the database, locked; the files then go.

    Example: `nostro secrets import`.

    Parameters
    ----------
    customer
        Only this customer's. Without: every customer's.
    """
    from nostro.cli import secret_work

    secret_work.move_files(customer)


@evidence.command
def lock(*, customer: str = "") -> None:
    """Lock files that were kept before there were keys; may be stopped and begun again.

    Example: `nostro evidence lock`.

    Parameters
    ----------
    customer
        Only this customer's. Without: every customer's.
    """
    from nostro.cli import secret_work

    secret_work.lock_evidence(customer)


@evidence.command
def keep_for(months: int, *, reason: str, customer: str = "", break_glass: bool = False) -> None:
    """For how many months files are kept after the end of the year in which they came or left.

    Where two people can decide on access, they are asked.

    Example: `nostro evidence keep-for 120 --reason "AO section 147"`.

    Parameters
    ----------
    months
        120 is ten years, and what holds until this was ever said.
    reason
        Why; the log keeps it.
    customer
        The code of the customer; not needed where there is only one.
    break_glass
        For an emergency: do it at once and alone, with an alarm, where two people decide otherwise.
    """
    from nostro.cli import secret_work

    secret_work.keep_for(months, Alone(reason=reason, break_glass=break_glass), customer)


@evidence.command
def hold(
    name: str,
    *,
    reason: str,
    file: UUID | None = None,
    until: date | None = None,
    customer: str = "",
) -> None:
    """Forbid erasing: a legal hold over one file or all of them.

    Example: `nostro evidence hold "Tax audit 2026" --reason "letter of 3 May"`.

    Parameters
    ----------
    name
        What it is called.
    reason
        Why; the log keeps it.
    file
        The id of the one file; without, every file of the customer.
    until
        The last day; without, until it is lifted.
    customer
        The code of the customer; not needed where there is only one.
    """  # fmt: skip
    from nostro.cli import secret_work

    secret_work.hold(name, reason, file, until, customer)


@evidence.command
def lift(name: str, *, reason: str, customer: str = "", break_glass: bool = False) -> None:
    """End a legal hold. Where two people can decide on access, they are asked.

    Example: `nostro evidence lift "Tax audit 2026" --reason "closed on 4 June"`.

    Parameters
    ----------
    name
        What it is called.
    reason
        Why; the log keeps it.
    customer
        The code of the customer; not needed where there is only one.
    break_glass
        For an emergency: do it at once and alone, with an alarm, where two people decide otherwise.
    """
    from nostro.cli import secret_work

    secret_work.lift(name, Alone(reason=reason, break_glass=break_glass), customer)


@evidence.command
def erase(file: UUID, *, reason: str, customer: str = "") -> None:
    """Erase a file for good; refused, with the date, while it must be kept.

    Example: `nostro evidence erase 0197c0de-... --reason "asked by the person"`.

    Parameters
    ----------
    file
        Its id, as lists and the console show it.
    reason
        Why; the log keeps it.
    customer
        The code of the customer; not needed where there is only one.
    """
    from nostro.cli import secret_work

    secret_work.erase(file, reason, customer)


@evidence.command
def due(*, customer: str = "") -> None:
    """What is kept, year by year, what of it may be erased, and which holds are in force.

    Example: `nostro evidence due`.

    Parameters
    ----------
    customer
        The code of the customer; not needed where there is only one.
    """
    from nostro.cli import kept_files

    kept_files.due(customer)


@evidence.command
def verify(*, after: UUID | None = None, customer: str = "") -> None:
    """Read every kept file again and hold it to its digest; ends with 1 when one is not whole.

    Example: `nostro evidence verify`.

    Parameters
    ----------
    after
        Go on after this file; when it is stopped, it says which one.
    customer
        The code of the customer; not needed where there is only one.
    """
    import sys

    from nostro.cli import kept_files

    sys.exit(0 if kept_files.verify(after, customer) else 1)


@evidence.command
def move(*, to: Place, reason: str, customer: str = "") -> None:
    """Move files between the database and the object store, and keep new ones there, too.

    May be stopped and begun again. Example: `nostro evidence move --to s3 --reason "the disk"`.

    Parameters
    ----------
    to
        s3: the object store of NOSTRO_EVIDENCE_S3_BUCKET. database: back out of it.
    reason
        Why; the log keeps it.
    customer
        Only this customer's. Without: every customer's.
    """
    from nostro.cli import evidence_work

    evidence_work.move(to, reason, customer)


@evidence.command
def sweep(*, days: int = 30, customer: str = "") -> None:
    """Hold the object store against the database: name what is missing, remove what nobody needs.

    Locks in the bucket then follow retention and legal holds. Ends with 1 when a file is missing.

    Example: `nostro evidence sweep`, each night.

    Parameters
    ----------
    days
        What no file refers to stays for so long: not shorter than backups are kept.
    customer
        Only this customer's. Without: every customer's.
    """
    from nostro.cli import evidence_work

    evidence_work.sweep(days, customer)
