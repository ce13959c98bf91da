"""How a person proves himself anew before he approves much: for exactly this, for five minutes.

1. An approval above the limit is refused; what the person saw is kept with a number used once.
2. He signs it with his passkey, or gives the code of his app. Tries are counted before they are
   looked at, so that guessing ends whatever comes of it.
3. The approval uses the proof up in its own transaction. Another digest, person, time or second
   use finds nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from nostro.domain.errors import Refused
from nostro.domain.money import total
from nostro.domain.party import Member
from nostro.domain.policies import step_up as policy
from nostro.domain.policies.approval import ApprovalRules
from nostro.domain.policies.step_up import Method, PersonalSignature
from nostro.storage import events, policies, proofs, step_ups
from nostro.storage.orders import OrderRow
from nostro.storage.step_ups import StepUpRow
from nostro.storage.tenancy import tenant
from nostro.workflows.context import Acting


def require(
    acting: Acting, member: Member, rows: Sequence[OrderRow], digest: str, step_up_id: UUID | None
) -> None:
    """Use up the proof that approving these payments needs, if any. Inside a unit of work.

    Raises Refused (`step_up_needed`) when there is none that counts.
    """
    limits = policies.in_force(ApprovalRules, acting.world.clock.now()).step_up_above
    if not limits:
        return
    now, person_id = acting.world.clock.now(), UUID(member.id)
    if step_up_id is not None and step_ups.spend(step_up_id, person_id, digest, now):
        told = {"digest": digest, "payments": len(rows)}
        events.record([acting.event("person.step_up_used", "person", person_id, **told)])
        return
    sums = total(row.instruction.amount for row in rows)
    if policy.needed(sums, step_ups.approved_lately(person_id, now), limits):
        raise policy.missing()


def open_step_up(acting: Acting, member: Member, order_ids: Sequence[UUID], digest: str) -> UUID:
    """Ask the person for a proof for what he saw; returns its id."""
    row_id = acting.world.ids.new()
    with tenant(acting.tenant_id):
        step_ups.open_one(
            row_id,
            UUID(member.id),
            digest,
            order_ids,
            secrets.token_hex(16),
            acting.world.clock.now(),
        )
    return row_id


def waiting(acting: Acting, member: Member, step_up_id: UUID) -> StepUpRow:
    """What the person is asked to prove himself for. Raises Refused when that is over."""
    with tenant(acting.tenant_id):
        return _open(acting, step_ups.load(step_up_id, UUID(member.id)))


def prove_by_code(acting: Acting, member: Member, step_up_id: UUID, code: str) -> None:
    """The code that the person's authenticator app shows. Raises Refused when it is not."""

    def check(_: StepUpRow) -> None:
        if not proofs.by_authenticator(UUID(member.id), code):
            raise proofs.refused()

    _prove(acting, member, step_up_id, Method.AUTHENTICATOR, check)


def prove_by_passkey(
    acting: Acting, member: Member, step_up_id: UUID, credential: Mapping[str, Any], host: str
) -> None:
    """What the person's passkey signed, as the browser gave it. Raises Refused when it is wrong."""

    def check(row: StepUpRow) -> PersonalSignature:
        challenge = policy.challenge_of(row.wanted)
        return proofs.by_passkey(UUID(member.id), challenge, credential, host)

    _prove(acting, member, step_up_id, Method.PASSKEY, check)


def _prove(
    acting: Acting,
    member: Member,
    step_up_id: UUID,
    method: Method,
    check: Callable[[StepUpRow], PersonalSignature | None],
) -> None:
    now, person_id = acting.world.clock.now(), UUID(member.id)
    with tenant(acting.tenant_id):
        tries = step_ups.tried(step_up_id, person_id, now)
    if tries > policy.TRIES:
        raise Refused(
            "step_up_tries",
            f"There were {tries} tries within five minutes.",
            "Nothing was approved.",
            "Wait five minutes, then approve it again.",
        )
    with tenant(acting.tenant_id):
        row = _open(acting, step_ups.lock(step_up_id, person_id))
        signature = check(row)
        step_ups.prove(row.id, method, signature, now)
        told = {"digest": row.digest, "by": method.value}
        events.record([acting.event("person.stepped_up", "person", person_id, **told)])


def _open(acting: Acting, row: StepUpRow | None) -> StepUpRow:
    if row is None or row.used_at or row.proved_at or row.expires_at <= acting.world.clock.now():
        raise Refused(
            "step_up_over",
            "This proof is not asked for any more: it was given, or five minutes have passed.",
            "Nothing was approved.",
            "Go back to the approvals and approve again what still waits.",
        )
    return row
