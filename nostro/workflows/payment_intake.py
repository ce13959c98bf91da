"""How payments come in: keep the bytes, read them, check, propose a route, ask for approval.

1. The bytes are kept before they are parsed; the same file again changes nothing.
2. Every line is read; a bad one is refused with its reason and hides no other.
3. The run's own totals must agree (its reader checks), or nothing of it is taken.
4. Each payment is checked against what we know; findings make it wait for a named person.
5. A route is proposed, so that approvers see it; then approval is asked for.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import BinaryIO
from uuid import UUID

import msgspec

from nostro import formats
from nostro.domain.errors import Invalid
from nostro.domain.order import OrderState
from nostro.domain.party import Member
from nostro.domain.payment import PaymentRequest
from nostro.domain.policies import making, reach
from nostro.domain.policies.checks import Finding
from nostro.formats import Format, Profile
from nostro.storage import events, parties, runs
from nostro.storage.orders import OrderRow
from nostro.storage.runs import LineOutcome
from nostro.storage.tenancy import tenant
from nostro.workflows import arrival, order_intake, run_import, run_layouts, source_approvals
from nostro.workflows.context import Acting
from nostro.workflows.payment_checks import REPEATED, REUSED, Checked, Maker, check_all
from nostro.workflows.run_import import Begun, Heard

_ENTITIES_SHOWN = 20


class RunReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a delivered run. `repeated` means: we had it already, nothing changed."""

    run_id: UUID
    reference: str
    repeated: bool
    lines: tuple[LineOutcome, ...]

    def count(self, outcome: str) -> int:
        return sum(line.outcome == outcome for line in self.lines)


class NotTaken(Invalid):
    """A payment that cannot be taken; `place` is where it stands among those asked, from 0."""

    place: int = 0


# What a program does about a payment that was refused, where it is not to correct and send again.
_CAN_DO = {
    REPEATED: "Do not send it again: look the payment up by its number. For another payment use"
    " another reference.",
    reach.BEYOND: "Leave it out, or ask somebody who may make payments there.",
    REUSED: "If this is another payment, give it a reference of its own. If the first one was"
    " wrong, cancel it or make it again.",
}


def receive_run(
    acting: Acting,
    source: str,
    name: str,
    content: bytes,
    profile: Profile,
    *,
    confidential: bool = False,
) -> RunReceipt:
    """Take in one payment run file, confidential when that is said or its layout says so.

    Raises Invalid when the file as a whole cannot be used, or the profile is none of ours; Refused
    when it came before from another source or by another profile, or was not confidential then.

    The bytes are kept in a transaction of their own, unless the profile is unknown.
    """
    stream = io.BytesIO(content)
    form, kept = _kept(acting, name, stream, profile, confidential=confidential)
    begun = run_import.take(acting, source, kept, form, profile)
    with tenant(acting.tenant_id):
        return RunReceipt(
            run_id=begun.run_id,
            reference=runs.load(begun.run_id).reference,
            repeated=begun.repeated,
            lines=tuple(runs.all_lines(begun.run_id)),
        )


def import_run(
    acting: Acting,
    source: str,
    name: str,
    stream: BinaryIO,
    profile: Profile,
    heard: Heard,
    member: Member | None = None,
    *,
    confidential: bool = False,
) -> Begun:
    """The same for a file of any length, in constant memory; `heard` is told how far it is.

    `member` is the person who hands it in, where there is one: raises Refused when he makes no
    payments; lines that his grants do not reach are refused. It may be interrupted at any time;
    the same file again goes on where it was, and so does the worker after a minute.
    """
    if member is not None:
        making.may_make(member)
    form, kept = _kept(acting, name, stream, profile, confidential=confidential)
    return run_import.take(acting, source, kept, form, profile, heard)


def _kept(
    acting: Acting, name: str, stream: BinaryIO, profile: Profile, *, confidential: bool
) -> tuple[Format, UUID]:
    """The bytes kept, and as what they are read. What is no run is told by what was expected."""
    run_layouts.check_known(profile)
    confidential = confidential or run_layouts.is_confidential(profile)
    try:
        form, kept = arrival.keep_stream(acting, name, stream, confidential=confidential)
    except Invalid as error:
        if error.code != "unknown_file_type":
            raise
        stream.seek(0)
        raise run_layouts.misfit(stream.read(formats.HEAD_BYTES), profile) from None
    return run_layouts.brought_as_run(form), kept


def create_payments(acting: Acting, source: str, requests: Sequence[PaymentRequest]) -> list[UUID]:
    """As `take_payments`; returns order ids in the order asked."""
    return [order.id for order, _ in take_payments(acting, source, requests)]


def take_payments(
    acting: Acting,
    source: str,
    requests: Sequence[PaymentRequest],
    member: Member | None = None,
) -> list[tuple[OrderRow, tuple[Finding, ...]]]:
    """Take in single payments; each, as stored, with why it is held. `member` is who asks for
    them, where that is somebody whose grants may reach less than everything.

    All or none: raises NotTaken for the first payment that cannot be taken, Unavailable when the
    database's volume is nearly full.
    """
    acting.world.space.check()
    maker = Maker(id=acting.actor.id, name=acting.actor.name, member=member)
    with tenant(acting.tenant_id):
        checked = check_all(acting, source, requests, run_id=None, maker=maker)
        for place, found in enumerate(checked):
            if found.order is None:
                raise _not_taken(place, found)
        order_intake.store_few(acting, checked)
        source_approvals.count(acting, checked)
        return [(found.order, found.findings) for found in checked if found.order]


def _not_taken(place: int, found: Checked) -> NotTaken:
    finding = found.findings[0]
    can_do = _CAN_DO.get(finding.code, "Correct it and send the request again.")
    if finding.code == "entity_unknown":
        known = sorted(entity.code for entity in parties.entities())
        more = ", ..." if len(known) > _ENTITIES_SHOWN else ""
        can_do = f"Known entities: {', '.join(known[:_ENTITIES_SHOWN]) or 'none'}{more}. {can_do}"
    error = NotTaken(
        finding.code,
        f"Payment {found.request.source_reference}: {finding.sentence}",
        "No payment of this request was taken.",
        can_do,
        field=finding.field,
    )
    error.place = place
    return error


def import_history(acting: Acting, source: str, requests: Sequence[PaymentRequest]) -> int:
    """Take in payments that were made before nostro came, as settled; returns how many were new.

    They are never sent: duplicate checks and the payees' history need them.
    """
    with tenant(acting.tenant_id):
        checked = check_all(acting, source, requests, run_id=None, past=True)
        past = [_as_paid(found.order, found.request) for found in checked if found.order]
        order_intake.insert(acting, past)
        events.record(
            [
                acting.event(
                    "order.imported", "order", order.id, number=order.number, source=source
                )
                for order in past
            ]
        )
        return len(past)


def _as_paid(order: OrderRow, request: PaymentRequest) -> OrderRow:
    told = msgspec.structs.replace(
        order.instruction, requested_date=request.requested_date, latest_date=request.requested_date
    )
    return msgspec.structs.replace(order, state=OrderState.SETTLED, instruction=told)
