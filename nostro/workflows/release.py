"""How approved payments become one file per account: frozen, re-read, compared, then on their way.

Nothing leaves here. The bytes and ids are fixed and committed; dispatch sends them afterwards.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

import msgspec

from nostro import connectors, formats
from nostro.domain.attempt import AttemptState
from nostro.domain.case import CaseKind
from nostro.domain.errors import Invalid, NostroError, Refused
from nostro.domain.money import total
from nostro.domain.order import OrderMove
from nostro.domain.party import Account, LegalEntity
from nostro.domain.payment import RollRule, address_of, batch_of
from nostro.domain.payment_file import (
    Agent,
    BankAccount,
    Party,
    PaymentBatch,
    PaymentFile,
    without_locations,
)
from nostro.domain.submission import SubmissionState
from nostro.formats import Change, Profile, sepa_characters
from nostro.ports import SendsPayments
from nostro.storage import cases, events, evidence, freezes, orders, parties, submissions
from nostro.storage.cases import NewCase
from nostro.storage.orders import OrderRow
from nostro.storage.submissions import AttemptRow, SubmissionRow
from nostro.storage.tenancy import tenant
from nostro.workflows import recheck
from nostro.workflows.channel import open_channel
from nostro.workflows.context import Acting
from nostro.workflows.moves import CASE_DUE_IN, move_orders
from nostro.workflows.wake import wake

LEASE = timedelta(seconds=60)
_ADDRESS_PARTS = ("street", "building", "post_code", "town")
NAMED = 10  # How many stopped payments a Case names.


class Placed(msgspec.Struct, frozen=True):
    """An order in a file: its batch, and the day it is to be executed."""

    order: OrderRow
    batch_id: str
    day: date


class Frozen(msgspec.Struct, frozen=True, kw_only=True):
    """One file ready to go: its bytes, its name, and which orders are in it."""

    message_id: str
    file: PaymentFile
    content: bytes
    file_name: str
    media_type: str
    orders: tuple[Placed, ...]
    changes: tuple[Change, ...]


def release(acting: Acting) -> list[UUID]:
    """Freeze every due payment of one customer into submissions; returns their ids.

    One transaction per account: orders locked, digests and approvals re-checked, bytes written,
    validated, re-read and compared line by line, intent stored, dispatch woken. An account that
    is refused opens a Case; its payments wait, those of the other accounts leave.
    """
    until = acting.world.clock.now() + LEASE
    with tenant(acting.tenant_id):
        accounts = orders.accounts_due(until)
    released = []
    for account_id in accounts:
        try:
            with tenant(acting.tenant_id):
                submission_id = _release(acting, account_id, until)
        except (Refused, Invalid) as refusal:
            _tell_people(acting, account_id, until, refusal)
        else:
            released += [submission_id] if submission_id else []
    return released


def _release(acting: Acting, account_id: str, until: datetime) -> UUID | None:
    freezes.enter_gate()
    if parties.customer().quarantined or _is_stopped(account_id):
        return None  # Still due: it is looked at again until the stop is lifted.
    stopped = freezes.frozen_payee_numbers()
    due = [o for o in orders.lock_due(account_id, until) if o.payee_number not in stopped]
    dated = _dated(acting, recheck.still_approved(acting, due))
    return _freeze(acting, account_id, dated) if dated else None


def _is_stopped(account_id: str) -> bool:
    account = next(account for account in parties.accounts() if account.id == account_id)
    stop = freezes.blocking(
        connection_id=UUID(account.connection_id),
        account_id=UUID(account.id),
        entity_ids=[UUID(account.legal_entity_id)],
    )
    return stop is not None


def _tell_people(acting: Acting, account_id: str, until: datetime, refusal: NostroError) -> None:
    """A release that is refused is refused again and again until a person looks."""
    now = acting.world.clock.now()
    with tenant(acting.tenant_id):
        stopped = orders.lock_due(account_id, until)
        named = ", ".join(order.number for order in stopped[:NAMED])
        more = f" and {len(stopped) - NAMED} more" if len(stopped) > NAMED else ""
        cases.open_all(
            [
                NewCase(
                    id=acting.world.ids.new(),
                    kind=CaseKind.DIFFERENCE,
                    natural_key=f"release/{account_id}/{refusal.code}/{refusal.happened}",
                    sentence=f"{refusal.happened} Not sent: {named}{more}.",
                    can_do=refusal.can_do,
                    due_at=now + CASE_DUE_IN,
                    order_id=stopped[0].id if len(stopped) == 1 else None,
                )
            ],
            now,
        )


def _dated(acting: Acting, due: Sequence[OrderRow]) -> list[tuple[OrderRow, date]]:
    """The execution day of each order inside what was approved; too late means expired."""
    today = acting.world.clock.now().date()
    expired: list[UUID] = []
    dated: list[tuple[OrderRow, date]] = []
    for order in due:
        told = order.instruction
        wanted = max(told.requested_date, today)
        rolled = acting.world.calendar.next_bank_day(wanted, told.amount.currency)
        day = rolled if told.roll_rule is RollRule.NEXT_BANK_DAY else wanted
        if day > told.latest_date:
            expired.append(order.id)
        else:
            dated.append((order, day))
    move_orders(acting, expired, OrderMove.EXPIRE)
    return dated


def _freeze(acting: Acting, account_id: str, group: list[tuple[OrderRow, date]]) -> UUID:
    accounts = {account.id: account for account in parties.accounts()}
    entities = {entity.id: entity for entity in parties.entities()}
    account = accounts[account_id]
    entity = entities[account.legal_entity_id]
    channel = open_channel(acting, UUID(account.connection_id))
    if not isinstance(channel, SendsPayments):
        raise Refused(
            "connection_cannot_send",
            f"The connection of {account.name} takes no payments"
            f" (it can: {', '.join(connectors.capabilities(channel))}).",
            can_do="Give the account a connection that sends payments.",
        )
    frozen = _write(acting, account, entity, group, channel.payment_format())
    _compare(account, frozen)
    return _store(acting, account, frozen)


def _write(
    acting: Acting,
    account: Account,
    entity: LegalEntity,
    group: list[tuple[OrderRow, date]],
    format_name: str,
) -> Frozen:
    now, ids = acting.world.clock.now(), acting.world.ids
    message_id = f"{parties.customer().code[:12]}-{now:%y%m%d}-{ids.new().hex[-12:]}"
    made = _batches(message_id, account, entity, group)
    file = PaymentFile(
        message_id=message_id,
        created_at=now.strftime("%Y-%m-%dT%H:%M:%S"),
        initiator=Party(name=_own(entity).name),
        batches=tuple(batch for batch, _, _ in made),
    )
    form = formats.find()[format_name]
    return Frozen(
        message_id=message_id,
        file=file,
        content=formats.writer(form)(file, Profile()),
        file_name=f"{message_id}.xml",
        media_type=form.media_type,
        orders=tuple(
            Placed(order, batch.batch_id, day) for batch, day, members in made for order in members
        ),
        changes=_changes(entity),
    )


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
    message_id: str, account: Account, entity: LegalEntity, group: list[tuple[OrderRow, date]]
) -> list[tuple[PaymentBatch, date, list[OrderRow]]]:
    """Payments of one day, rail and charge bearer share a PmtInf."""
    found: dict[tuple[date, str, str], list[OrderRow]] = {}
    for order, day in group:
        found.setdefault((day, order.route.rail, order.route.charge_bearer), []).append(order)
    own = _own(entity)
    return [
        (
            batch_of(
                f"{message_id}-{number}",
                own,
                BankAccount(iban=account.iban),
                Agent(bic=account.bic),
                day,
                members[0].route,
                [order.instruction for order in members],
            ),
            day,
            members,
        )
        for number, ((day, _, _), members) in enumerate(sorted(found.items()), start=1)
    ]


def _compare(account: Account, frozen: Frozen) -> None:
    """The frozen bytes say what was approved, all of it, and nothing else (lifecycle rule 8)."""
    form = formats.identify(frozen.content)
    read = list(formats.documents(form, io.BytesIO(frozen.content), Profile()))
    # The version is the bank's choice, not an approver's.
    said = [msgspec.structs.replace(without_locations(file), version="") for file in read]
    if said != [frozen.file]:
        raise Refused(
            "file_differs_from_approval",
            f"The file for {account.name} does not say exactly what was approved.",
            "It was not sent.",
            "Report this: it is a defect of the writer.",
        )


def _store(acting: Acting, account: Account, frozen: Frozen) -> UUID:
    """Bytes, submission and attempts; the orders wait for nobody any more; dispatch is woken."""
    now, ids = acting.world.clock.now(), acting.world.ids
    submission = _submission(acting, account, frozen)
    submissions.insert(submission, now)
    attempts = [
        AttemptRow(
            id=ids.new(),
            order_id=placed.order.id,
            submission_id=submission.id,
            state=AttemptState.PREPARED,
            end_to_end_id=placed.order.instruction.end_to_end_id,
            payment_information_id=placed.batch_id,
            uetr=ids.new_uetr(),
            execution_date=placed.day,
            approval_digest=placed.order.approval_digest,
        )
        for placed in frozen.orders
    ]
    if submissions.insert_attempts(attempts, now) != len(attempts):
        raise Refused(
            "payment_already_on_its_way",
            f"A payment from {account.name} is already on its way to a bank.",
            "Nothing of this file left.",
            "Look for orders that are scheduled and have an attempt that is not at its end.",
        )
    orders.act_at([placed.order.id for placed in frozen.orders], None)
    _tell(acting, submission, frozen)
    wake("attend_submission", tenant_id=acting.tenant_id, submission_id=submission.id)
    return submission.id


def _submission(acting: Acting, account: Account, frozen: Frozen) -> SubmissionRow:
    """The file as it will be sent, its bytes kept."""
    now, ids = acting.world.clock.now(), acting.world.ids
    kept = evidence.keep(
        ids.new(),
        frozen.content,
        name=frozen.file_name,
        media_type=frozen.media_type,
        direction="out",
        now=now,
    )
    sums = total(placed.order.instruction.amount for placed in frozen.orders)
    return SubmissionRow(
        id=ids.new(),
        purpose=submissions.PAYMENTS,
        state=SubmissionState.BUILT,
        connection_id=UUID(account.connection_id),
        account_id=UUID(account.id),
        message_id=frozen.message_id,
        file_name=frozen.file_name,
        media_type=frozen.media_type,
        evidence_id=kept,
        line_count=len(frozen.orders),
        totals={currency: money.minor for currency, money in sums.items()},
        next_action_at=now,
    )


def _tell(acting: Acting, submission: SubmissionRow, frozen: Frozen) -> None:
    built = acting.event(
        "submission.built",
        "submission",
        submission.id,
        message_id=submission.message_id,
        purpose=submission.purpose,
        payments=submission.line_count,
        totals=submission.totals,
        evidence_id=str(submission.evidence_id),
        changes=msgspec.to_builtins(frozen.changes),
    )
    placed = [
        acting.event(
            "order.placed_in_file",
            "order",
            placed.order.id,
            submission_id=str(submission.id),
            message_id=submission.message_id,
            payment_information_id=placed.batch_id,
            execution_date=placed.day.isoformat(),
        )
        for placed in frozen.orders
    ]
    events.record([built, *placed])
