"""What is locked before payments are moved, and in which order, so that no two jobs wait in a ring.

The gate of stops, the legal entity, files by id, orders by id; then, by whoever has locked these,
their attempts, cases and journals (docs/architecture.md). Whoever may move payments of several
orders locks all of them here before anything is written.
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from nostro.storage import attempts, facts, orders, submissions
from nostro.storage.facts import NamedPayment, PaymentKeys
from nostro.storage.submissions import StoredSubmission


def lock(submission_ids: Collection[UUID], order_ids: Collection[UUID]) -> None:
    """Lock files, then orders, each in the order of their ids, until the unit of work ends.

    Called again for some of the same it changes nothing; for others only where no order is held.
    """
    if submission_ids:
        submissions.lock_only(submission_ids)
    if order_ids:
        orders.lock_only(order_ids)


def locked_file(submission_id: UUID) -> StoredSubmission | None:
    """A file, locked together with every order in it; None when there is no such file."""
    row = submissions.lock(submission_id)
    if row is not None:
        lock((), submissions.order_ids_of_files([row.id]))
    return row


def lock_named(
    keys: PaymentKeys,
    *,
    account_id: UUID | None = None,
    connection_id: UUID | None = None,
    besides: Collection[UUID] = (),
) -> list[NamedPayment]:
    """Lock the payments of one account or connection that any of the keys names, with their files.

    Returns them as they are once nobody else can move them. `besides` are orders that are locked
    with them, with what carries them: what belongs to these is changed too.
    """
    found = facts.named(keys, account_id=account_id, connection_id=connection_id)
    files = {one.submission_id for one in found} | {*attempts.files_of_orders(besides)}
    lock(files, {one.order_id for one in found} | {*besides})
    if not found:
        return []
    now = facts.payments([one.attempt_id for one in found])
    return [now[one.attempt_id] for one in found]
