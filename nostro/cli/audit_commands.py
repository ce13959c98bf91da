"""What the commands take that prove the log: check it, export it, sign it."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

from cyclopts import App

audit = App(name="audit", help="Prove the log.")


@audit.command
def verify(*, customer: str = "") -> None:
    """Prove that no customer's log was changed; ends with 1 when one was.

    Held against the checkpoints of the database, of the checkpoint folder and of the bucket.
    Somebody who trusts none of them takes an export and the stand-alone verifier: docs/audit.md.

    Examples: `nostro audit verify`, `nostro audit verify --customer VESTERHOLT`.

    Parameters
    ----------
    customer
        The code of one customer. Without: all of them.
    """
    from nostro.cli import audit

    if not audit.verify(customer):
        sys.exit(1)


@audit.command
def export(*, out: str, customer: str = "", after: int = 0) -> None:
    """Write a customer's log for the stand-alone verifier; that it was exported is an event.

    Example: `nostro audit export --customer VESTERHOLT --out vesterholt.jsonl`.

    Parameters
    ----------
    out
        The file to write; - is stdout.
    customer
        The code of the customer, when there are several.
    after
        Leave out the entries up to this position; the auditor needs a checkpoint at it.
    """
    from nostro.cli import audit

    audit.export(customer, out, after)


@audit.command
def pack(
    *,
    out: str,
    payment: str = "",
    statement_line: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    customer: str = "",
    checkpoint: int = 0,
) -> None:
    """Write a signed evidence pack: all that is known of a payment, a line or a period.

    From source document to journal, for an auditor who checks it with the stand-alone verifier.
    That it was taken is an event. See docs/audit.md.

    Examples: `nostro audit pack --payment P-1042 --out p-1042.zip`,
    `nostro audit pack --since 2026-10-01 --until 2026-11-01 --out october.zip`.

    Parameters
    ----------
    out
        The file to write; - is stdout.
    payment
        A payment's number, end-to-end id or id.
    statement_line
        The id of a line of a bank's statement.
    since
        The first day of a period, in UTC: payments received and lines booked in it.
    until
        The day after its last one.
    customer
        The code of the customer, when there are several.
    checkpoint
        The number of the checkpoint to prove the log by. Without: the first that covers it all.
    """
    from nostro.cli import evidence_pack
    from nostro.cli.evidence_pack import Asked

    asked = Asked(payment=payment, line=statement_line, since=since, until=until)
    evidence_pack.write(asked, out, customer, checkpoint)


@audit.command
def checkpoint() -> None:
    """Seal, sign and export now what the worker would within a minute.

    Example: `nostro audit checkpoint`.
    """
    from nostro.cli import audit

    audit.checkpoint()


@audit.command
def fetch(*, to: Path, customer: str = "") -> None:
    """Write the checkpoints of the object store into a folder, for the stand-alone verifier.

    Example: `nostro audit fetch --to held`.

    Parameters
    ----------
    to
        The folder; a file a customer, a line a statement. Those that are there stay.
    customer
        The code of one customer. Without: all of them.
    """
    from nostro.cli import audit

    audit.fetch(customer, to)


@audit.command
def key() -> None:
    """The public key that checkpoints are signed with. Example: `nostro audit key`."""
    from nostro.cli import audit

    audit.key()


@audit.command
def change_key() -> None:
    """Let a new key sign checkpoints; the old one signs that it does, and is destroyed.

    Example: `nostro audit change-key`.
    """
    from nostro.cli import audit

    audit.change_key()
