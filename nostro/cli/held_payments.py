"""Held payments decided on at the terminal, by a person who was shown why they are held."""

from __future__ import annotations

from collections.abc import Sequence

from nostro.cli import approving, hold_evidence, terminal
from nostro.cli.approving import DIGEST_SHOWN, NOT_DONE
from nostro.domain.policies.confidential import sees


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
        seen = hold_decisions.seen_digest(rows)
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
