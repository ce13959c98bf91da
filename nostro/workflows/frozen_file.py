"""The file that a bank will get, made of approved payments: bytes, ids and references, fixed.

Written, re-read and compared here, before anything is stored: what leaves is what was approved.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec

from nostro import formats
from nostro.domain.errors import Refused
from nostro.domain.party import Account, LegalEntity
from nostro.domain.payment import Rail, account_of, address_of, agent_of, batch_of, payment_of
from nostro.domain.payment_file import (
    Party,
    Payment,
    PaymentBatch,
    PaymentFile,
    without_locations,
)
from nostro.domain.policies import limits
from nostro.domain.rail_reference import rail_reference
from nostro.formats import Change, Profile, sepa_characters
from nostro.storage import parties, submissions
from nostro.storage.orders import OrderRow
from nostro.workflows import ach_file
from nostro.workflows.context import Acting

_ADDRESS_PARTS = ("street", "building", "post_code", "town")
_ACH_NAME = 16  # Nacha Operating Rules, company name of a batch header.
_SUFFIX = {"application/xml": ".xml", "text/csv": ".csv"}
# pain.001 before version 09 has no place for the end-to-end transaction reference.
_WITHOUT_UETR = tuple(f"pain.001.001.0{number}" for number in range(2, 9))


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """An order in a file: its batch, the day it is to be executed, and what the rail calls it."""

    order: OrderRow
    day: date
    uetr: UUID
    rail_reference: str
    batch_id: str = ""


class Frozen(msgspec.Struct, frozen=True, kw_only=True):
    """One file ready to go: its bytes, its name, and which orders are in it."""

    message_id: str
    file: PaymentFile
    content: bytes
    file_name: str
    media_type: str
    orders: tuple[Placed, ...]
    changes: tuple[Change, ...]


def freeze(
    acting: Acting,
    account: Account,
    entity: LegalEntity,
    dated: Sequence[tuple[OrderRow, date]],
    format_name: str,
    profile: Profile,
) -> Frozen:
    """Write the file, read it again and compare; inside a unit of work.

    Raises Invalid when the writer refuses a payment, Refused when the bytes do not say exactly what
    was approved.
    """
    now, ids = acting.world.clock.now(), acting.world.ids
    message_id = f"{parties.customer().code[:12]}-{now:%y%m%d}-{ids.new().hex[-12:]}"
    placed = _placed(acting, account, dated, format_name)
    created_at = now.strftime("%Y-%m-%dT%H:%M:%S")
    if format_name == ach_file.FORMAT:
        file, placed = _ach(message_id, created_at, account, entity, placed, now)
    else:
        made = _batches(message_id, account, entity, placed, format_name, profile)
        placed = [found for _, members in made for found in members]
        file = PaymentFile(
            message_id=message_id,
            created_at=created_at,
            initiator=Party(name=_own(entity).name),
            batches=tuple(batch for batch, _ in made),
        )
    form = formats.find()[format_name]
    frozen = Frozen(
        message_id=message_id,
        file=file,
        content=formats.writer(form)(file, profile),
        file_name=f"{message_id}{_SUFFIX.get(form.media_type, '.txt')}",
        media_type=form.media_type,
        orders=tuple(placed),
        changes=_changes(entity),
    )
    _compare(account, frozen, profile)
    return frozen


def _ach(
    message_id: str,
    created_at: str,
    account: Account,
    entity: LegalEntity,
    placed: Sequence[Placed],
    now: datetime,
) -> tuple[PaymentFile, list[Placed]]:
    """A Nacha file, and its orders with their batches as we name them: its own are mere counts."""
    by_order = {one.order.id: one for one in placed}
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    own = Party(name=limits.shortened_name(_own(entity).name, _ACH_NAME))
    before = submissions.built_since(UUID(account.id), midnight)
    file, batches = ach_file.written(message_id, created_at, own, account, _entries(placed), before)
    named = [
        msgspec.structs.replace(by_order[one.order.id], batch_id=f"{message_id}-{number}")
        for number, members in enumerate(batches, start=1)
        for one in members
    ]
    return file, named


def _entries(placed: Iterable[Placed]) -> list[ach_file.Entry]:
    return [
        ach_file.Entry(order=one.order, day=one.day, rail_reference=one.rail_reference)
        for one in placed
    ]


def _placed(
    acting: Acting, account: Account, dated: Sequence[tuple[OrderRow, date]], format_name: str
) -> list[Placed]:
    """Each order with the references that its rail will carry, unique on this account."""
    wanted = {order.instruction.end_to_end_id for order, _ in dated}
    wanted |= {order.number for order, _ in dated}
    own = {order.id for order, _ in dated}
    taken = set(submissions.rail_references_taken(UUID(account.id), wanted, besides=own))
    placed = []
    for order, day in dated:
        told = order.instruction.end_to_end_id
        reference = rail_reference(format_name, told, order.number, taken)
        taken.add(reference)
        uetr = acting.world.ids.new_uetr()
        placed.append(Placed(order=order, day=day, uetr=uetr, rail_reference=reference))
    return placed


def _own(entity: LegalEntity) -> Party:
    """Who pays, in the letters that every bank takes."""
    return Party(
        name=sepa_characters.transliterate(entity.name),
        address=address_of(sepa_characters.plain_address(entity.address)),
    )


def _changes(entity: LegalEntity) -> tuple[Change, ...]:
    """What the bank sees of who pays otherwise than it is told in the master data."""
    told = Party(name=entity.name, address=address_of(entity.address))
    seen = _own(entity)
    texts = [("name", told.name, seen.name)]
    texts += [
        (name, getattr(told.address, name), getattr(seen.address, name)) for name in _ADDRESS_PARTS
    ]
    where = f"legal entity {entity.name}"
    return tuple(
        Change(where=where, field=field, before=before, after=after)
        for field, before, after in texts
        if before != after
    )


def _batches(
    message_id: str,
    account: Account,
    entity: LegalEntity,
    placed: Iterable[Placed],
    format_name: str,
    profile: Profile,
) -> list[tuple[PaymentBatch, list[Placed]]]:
    """Payments of one day, rail, charge bearer and category purpose share a PmtInf."""
    found: dict[tuple[date, str, str, str], list[Placed]] = {}
    for one in placed:
        route = one.order.route
        purpose = route.category_purpose if format_name == "pain_001" else ""
        found.setdefault((one.day, route.rail, route.charge_bearer, purpose), []).append(one)
    own = _own(entity)
    batches = []
    for number, ((day, _, _, purpose), members) in enumerate(sorted(found.items()), start=1):
        batch_id = f"{message_id}-{number}"
        batch = batch_of(
            batch_id,
            own,
            account_of(account.iban, account.local_account),
            agent_of(account.bic, account.local_account),
            day,
            members[0].order.route,
            [_payment(one, format_name, profile) for one in members],
            purpose,
        )
        batches.append((batch, [msgspec.structs.replace(m, batch_id=batch_id) for m in members]))
    return batches


def _payment(placed: Placed, format_name: str, profile: Profile) -> Payment:
    """One payment with the references that this format has room for."""
    payment = payment_of(placed.order.instruction)
    if format_name == "pain_001":
        payment = msgspec.structs.replace(payment, purpose=placed.order.route.purpose)
        if placed.order.route.rail is Rail.CROSS_BORDER_TRANSFER and not str(
            profile.options.get("version", "")
        ).startswith(_WITHOUT_UETR):
            return msgspec.structs.replace(payment, uetr=str(placed.uetr))
        return payment
    return msgspec.structs.replace(payment, rail_reference=placed.rail_reference)


def _compare(account: Account, frozen: Frozen, profile: Profile) -> None:
    """The frozen bytes say what was approved, all of it, and nothing else (lifecycle rule 8)."""
    form = formats.identify(frozen.content)
    read = list(formats.documents(form, io.BytesIO(frozen.content), profile))
    if form.name == ach_file.FORMAT:
        entries = _entries(frozen.orders)
        same = ach_file.understood(read, profile) == ach_file.approved(entries, account, profile)
    else:
        # The version is the bank's choice, not an approver's.
        said = [msgspec.structs.replace(without_locations(file), version="") for file in read]
        same = said == [frozen.file]
    if not same:
        raise Refused(
            "file_differs_from_approval",
            f"The file for {account.name} does not say exactly what was approved.",
            "It was not sent.",
            "Report this: it is a defect of the writer.",
        )
