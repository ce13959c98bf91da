"""Held payments decided on at the terminal, by a person who was shown why they are held."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from nostro.cli import approving, hold_evidence, terminal
from nostro.cli.approving import DIGEST_SHOWN, NOT_DONE
from nostro.domain.errors import Invalid, Refused
from nostro.domain.policies.confidential import sees

if TYPE_CHECKING:
    from nostro.domain.party import Member
    from nostro.storage.orders import OrderRow
    from nostro.workflows.context import Acting

NAMED = 20  # Payments that are named before many are denied; all of them are counted.


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """Which held payments are meant: named, or all of a run, for a reason, or both."""

    numbers: Sequence[str] = ()
    run: str = ""
    held_for: str = ""


def release(
    customer: str,
    numbers: Sequence[str],
    reason: str,
    digest: str,
    who: tuple[str, str],
) -> None:
    """Show why each is held, ask, and let all of them go or none."""
    acting, member = terminal.person(customer, *who)
    from nostro.storage.listing import payments_of
    from nostro.storage.pages.holds import holds_of
    from nostro.workflows import hold_decisions
    from nostro.workflows.revealing import looking_at

    rows = approving.chosen(acting, member, numbers)
    ids = [row.id for row in rows]
    hold_decisions.check_release(acting, member, ids)
    with looking_at(acting, cleared=sees(member)):
        payments = payments_of(ids)
        views = holds_of(payments)
        seen = hold_decisions.seen_digest({row.id: row.approval_digest for row in rows})
    for payment in payments:
        for line in hold_evidence.lines(payment, views[payment.id]):
            print(line)
    approving.tell_sums(rows)
    if not approving.agreed("Let exactly these go?", "let go", seen, digest):
        print(f"Nothing was let go. To let exactly these go: --digest {seen[:DIGEST_SHOWN]}")
        raise SystemExit(NOT_DONE)
    hold_decisions.release(acting, member, ids, seen, reason)
    for row in rows:
        print(f"{row.number} is released by {member.name}; it now waits for approval.")


def deny(customer: str, wanted: Chosen, reason: str, digest: str, who: tuple[str, str]) -> None:
    """Show what would be denied, ask, and deny all of it or nothing."""
    if bool(wanted.numbers) == bool(wanted.run or wanted.held_for):
        raise Invalid(
            "payment_missing",
            "Payments are named, or chosen by --run and --held-for: one of the two.",
            "Nothing was denied.",
            "Give numbers, or a run or a reason.",
        )
    acting, member = terminal.person(customer, *who)
    from nostro.workflows import approval, hold_decisions

    rows = _held(acting, member, wanted)
    ids = [row.id for row in rows]
    hold_decisions.check_denial(acting, member, ids)
    seen = approval.selection_digest({str(row.id): row.approval_digest for row in rows})
    _tell(acting, rows)
    if not approving.agreed("Deny exactly these for good?", "denied", seen, digest):
        print(f"Nothing was denied. To deny exactly these: --digest {seen[:DIGEST_SHOWN]}")
        raise SystemExit(NOT_DONE)
    hold_decisions.deny(acting, member, ids, seen, reason)
    print(f"{approving.several(len(rows))} denied by {member.name}. None of it was sent.")


def _held(acting: Acting, member: Member, wanted: Chosen) -> list[OrderRow]:
    if wanted.numbers:
        return approving.chosen(acting, member, wanted.numbers)
    from nostro.storage import confidential, hold_listing, orders
    from nostro.workflows.hold_decisions import DENIED_MAX
    from nostro.workflows.revealing import looking_at

    like = hold_listing.HoldFilter(run=wanted.run, code=wanted.held_for)
    with looking_at(acting, cleared=sees(member)):
        rows = orders.load(hold_listing.all_held(like, DENIED_MAX))
        confidential.note("order", (row.id for row in rows))
    if rows:
        return rows
    raise Refused(
        "payment_missing",
        "Nothing is held like that.",
        "Nothing was denied.",
        "`nostro payments list --state held` shows what is held.",
    )


def _tell(acting: Acting, rows: Sequence[OrderRow]) -> None:
    """The first payments by name; all of them by why they are held, counted and summed."""
    from nostro.storage import hold_listing
    from nostro.storage.tenancy import tenant

    with tenant(acting.tenant_id):
        codes = hold_listing.codes_of([row.id for row in rows])
    approving.show(rows[:NAMED])
    if len(rows) > NAMED:
        print(f"and {len(rows) - NAMED:,} more. All of them:")
        approving.tell_sums(rows)
    why = Counter(code for found in codes.values() for code in found)
    for code, count in why.most_common():
        print(f"  {count:,} held: {code.replace('_', ' ')}")
