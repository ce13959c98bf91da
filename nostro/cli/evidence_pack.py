"""An evidence pack, written from the terminal."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from nostro import app
from nostro.cli import terminal
from nostro.cli.output_file import output, quiet_pipe
from nostro.domain.errors import Invalid


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the words of the command ask for; exactly one of payment, line and period."""

    payment: str = ""
    line: str = ""
    since: datetime | None = None
    until: datetime | None = None


def write(asked: Asked, out: str, customer: str, checkpoint: int) -> None:
    """Write one pack; the event that says so is committed before its first byte is written.

    Raises Invalid when it is not clear what is asked for, Refused when there is no such thing.
    """
    _check(asked)
    acting = terminal.acting(customer)
    from nostro.cli.payment_trace import order_id
    from nostro.storage.tenancy import tenant
    from nostro.workflows import evidence_pack
    from nostro.workflows.evidence_pack import About

    with tenant(acting.tenant_id):
        about = About(
            payment=order_id(asked.payment) if asked.payment else None,
            line=_id(asked.line) if asked.line else None,
            since=asked.since and asked.since.replace(tzinfo=UTC),
            until=asked.until and asked.until.replace(tzinfo=UTC),
        )
        taken = evidence_pack.take(acting, about)
    with quiet_pipe(), output(out, private=True) as told, tenant(acting.tenant_id):
        keys = app.signing_keys()
        made = evidence_pack.write(acting, taken, told.stream, keys, checkpoint)
    things = ", ".join(f"{count} {kind}" for kind, count in sorted(made.counts.items()))
    sys.stderr.write(f"{things or 'nothing'}; {made.entries} entries of the log.\n")
    for item, why in made.missing.items():
        sys.stderr.write(f"Missing: {item}. {why}\n")
    if made.not_covered:
        sys.stderr.write(f"NOT COVERED by a checkpoint: {made.not_covered} events.\n")


def _check(asked: Asked) -> None:
    period = asked.since is not None or asked.until is not None
    if sum(map(bool, (asked.payment, asked.line, period))) != 1:
        raise Invalid(
            "evidence_pack_unclear",
            "It is not clear what the pack is to be about.",
            "No pack was made.",
            "Give one of --payment, --statement-line, or --since and --until.",
        )
    if period and (asked.since is None or asked.until is None or asked.until <= asked.since):
        raise Invalid(
            "period_empty",
            "This period holds no day.",
            "No pack was made.",
            "Give the first day with --since and the day after the last one with --until.",
        )


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Invalid(
            "statement_line_unknown",
            f"{text[:80]!r} is no id of a statement line.",
            "No pack was made.",
            "Take the id from the statement's page or from GET /v1/transactions.",
        ) from None
