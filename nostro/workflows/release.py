"""How approved payments become one file per account: frozen, re-read, compared, then on their way.

Nothing leaves here. The bytes and ids are fixed and committed; dispatch sends them afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

import msgspec

from nostro import connectors
from nostro.domain.attempt import AttemptState
from nostro.domain.case import CaseKind
from nostro.domain.errors import Invalid, NostroError, Refused
from nostro.domain.money import total
from nostro.domain.order import OrderMove
from nostro.domain.party import Account
from nostro.domain.policies.objections import Objection
from nostro.domain.rail import TERMS
from nostro.domain.submission import SubmissionState
from nostro.ports import SendsPayments
from nostro.storage import events, evidence, freezes, orders, parties, restoring, submissions
from nostro.storage.cases import NewCase
from nostro.storage.orders import OrderRow
from nostro.storage.submissions import AttemptRow, SubmissionRow
from nostro.storage.tenancy import tenant
from nostro.workflows import (
    ach_file,
    blocks_again,
    case_work,
    cut_off_days,
    drawn_checks,
    limits_again,
    name_moves,
    names_again,
    recheck,
    route_check,
    screening_again,
    warehousing,
)
from nostro.workflows.channel import open_channel, profile_of
from nostro.workflows.context import Acting
from nostro.workflows.frozen_file import Frozen, freeze
from nostro.workflows.moves import CASE_DUE_IN, move_orders
from nostro.workflows.planning import Planner
from nostro.workflows.sealed_file import seal
from nostro.workflows.wake import wake

LEASE = timedelta(seconds=60)
NAMED = 10  # How many stopped payments a Case names.


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
                built = _release(acting, account_id, until)
        except (Refused, Invalid) as refusal:
            _tell_people(acting, account_id, until, refusal)
        else:
            released += built
    return released


def _release(acting: Acting, account_id: str, until: datetime) -> list[UUID]:
    freezes.enter_gate()
    if _is_stopped(account_id):
        return []  # Still due: it is looked at again until the stop is lifted.
    stopped = freezes.frozen_payee_numbers()
    due = [o for o in orders.lock_due(account_id, until) if o.payee_number not in stopped]
    planner = Planner(acting.world)
    due = warehousing.keep_early(acting, planner, due)
    due = screening_again.still_clear(acting, recheck.still_approved(acting, due))
    due = route_check.still_fit(acting, account_id, blocks_again.still_allowed(acting, due))
    due, to_ask = names_again.answered(acting, due)
    dated = _dated(acting, planner, due)
    dated = limits_again.within(acting, cut_off_days.in_time(acting, planner, dated))
    built = _freeze(acting, account_id, dated) if dated else []
    name_moves.put(acting, to_ask)
    return built


def _is_stopped(account_id: str) -> bool:
    account = next(account for account in parties.accounts() if account.id == account_id)
    stop = freezes.blocking(
        connection_id=UUID(account.connection_id),
        account_id=UUID(account.id),
        entity_ids=[UUID(account.legal_entity_id)],
    )
    return stop is not None or restoring.is_shut(UUID(account.connection_id))


def _tell_people(acting: Acting, account_id: str, until: datetime, refusal: NostroError) -> None:
    """A release that is refused is refused again and again until a person looks."""
    now = acting.world.clock.now()
    with tenant(acting.tenant_id):
        stopped = orders.lock_due(account_id, until)
        named = ", ".join(order.number for order in stopped[:NAMED])
        more = f" and {len(stopped) - NAMED} more" if len(stopped) > NAMED else ""
        case_work.open_again(
            acting,
            NewCase(
                id=acting.world.ids.new(),
                kind=CaseKind.DIFFERENCE,
                natural_key=f"release/{account_id}/{refusal.code}/{refusal.happened}",
                sentence=f"{refusal.happened} Not sent: {named}{more}.",
                can_do=refusal.can_do,
                due_at=now + CASE_DUE_IN,
                order_id=stopped[0].id if len(stopped) == 1 else None,
            ),
        )


def _dated(
    acting: Acting, planner: Planner, due: Sequence[OrderRow]
) -> list[tuple[OrderRow, date]]:
    """The execution day of each order inside what was approved; too late means expired."""
    expired: list[UUID] = []
    dated: list[tuple[OrderRow, date]] = []
    for order in due:
        day = planner.leaves_on(order)
        if day > order.instruction.latest_date:
            expired.append(order.id)
        else:
            dated.append((order, day))
    text = "its latest date has passed"
    move_orders(acting, expired, OrderMove.EXPIRE, reason=Objection.TOO_LATE, text=text)
    return dated


def _freeze(acting: Acting, account_id: str, group: list[tuple[OrderRow, date]]) -> list[UUID]:
    """Checks drawn, and a file for each format in which the bank takes the other rails; returns
    the ids of these files."""
    accounts = {account.id: account for account in parties.accounts()}
    entities = {entity.id: entity for entity in parties.entities()}
    account = accounts[account_id]
    entity = entities[account.legal_entity_id]
    group = drawn_checks.draw(acting, account, group)
    if not group:
        return []
    channel = open_channel(acting, UUID(account.connection_id))
    if not isinstance(channel, SendsPayments):
        raise Refused(
            "connection_cannot_send",
            f"The connection of {account.name} takes no payments"
            f" (it can: {', '.join(connectors.capabilities(channel))}).",
            can_do="Give the account a connection that sends payments.",
        )
    built = []
    for format_name, members in _by_format(channel, account, group).items():
        profile = profile_of(UUID(account.connection_id), format_name)
        frozen = freeze(acting, account, entity, members, format_name, profile)
        built.append(_store(acting, account, frozen, channel))
    return built


def _by_format(
    channel: SendsPayments, account: Account, group: Sequence[tuple[OrderRow, date]]
) -> dict[str, list[tuple[OrderRow, date]]]:
    """The payments by the format in which their rail is told to this bank; raises Refused for a
    rail that the bank's connection does not take. Where its settings tell its rails, such payments
    went back to people before (route_check)."""
    found: dict[str, list[tuple[OrderRow, date]]] = {}
    for order, day in group:
        rail = order.route.rail
        format_name = channel.payment_format(rail)
        if rail not in channel.rails() or not ach_file.carries(format_name, rail):
            raise Refused(
                "rail_not_taken",
                f"The connection of {account.name} takes no payments by {TERMS[rail].title}.",
                can_do="Route these payments another way, or give the account a connection that"
                " takes them.",
            )
        found.setdefault(format_name, []).append((order, day))
    return found


def _store(acting: Acting, account: Account, frozen: Frozen, channel: object) -> UUID:
    """Bytes, submission and attempts; the orders wait for nobody any more; dispatch is woken."""
    now = acting.world.clock.now()
    submission = _submission(acting, account, frozen)
    submissions.insert(submission, now)
    attempts = _attempts(acting, submission, frozen)
    if submissions.insert_attempts(attempts, now) != len(attempts):
        raise Refused(
            "payment_already_on_its_way",
            f"A payment from {account.name} is already on its way to a bank.",
            "Nothing of this file left.",
            "Look for orders that are scheduled and have an attempt that is not at its end.",
        )
    orders.act_at([placed.order.id for placed in frozen.orders], None)
    _tell(acting, submission, frozen)
    seal(acting, submission, frozen.content, channel)
    wake("attend_submission", tenant_id=acting.tenant_id, submission_id=submission.id)
    return submission.id


def _attempts(acting: Acting, submission: SubmissionRow, frozen: Frozen) -> list[AttemptRow]:
    return [
        AttemptRow(
            id=acting.world.ids.new(),
            order_id=placed.order.id,
            submission_id=submission.id,
            state=AttemptState.PREPARED,
            end_to_end_id=placed.order.instruction.end_to_end_id,
            payment_information_id=placed.batch_id,
            uetr=placed.uetr,
            rail_reference=placed.rail_reference,
            execution_date=placed.day,
            approval_digest=placed.order.approval_digest,
        )
        for placed in frozen.orders
    ]


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
    events.record([built])
    placed = acting.alike(
        "order.placed_in_file",
        "order",
        [placed.order.id for placed in frozen.orders],
        [
            {
                "payment_information_id": placed.batch_id,
                "execution_date": placed.day,
                "uetr": placed.uetr,
                "rail_reference": placed.rail_reference,
            }
            for placed in frozen.orders
        ],
        submission_id=submission.id,
        message_id=submission.message_id,
    )
    events.record_alike(placed)
