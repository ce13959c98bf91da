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
from uuid import UUID

import msgspec

from nostro import formats
from nostro.domain.canonical import digest_of_bytes
from nostro.domain.errors import Invalid, Refused
from nostro.domain.event import Event
from nostro.domain.money import total
from nostro.domain.order import OrderState
from nostro.domain.payment import PaymentRequest, RunTotals
from nostro.domain.problem import RejectedLine
from nostro.formats import Profile
from nostro.storage import events, evidence, orders
from nostro.storage.orders import LineOutcome, OrderRow
from nostro.storage.tenancy import tenant
from nostro.workflows import arrival
from nostro.workflows.context import Acting
from nostro.workflows.erp_payments import PAYMENT_FILE, Change, ErpPayments
from nostro.workflows.payment_checks import REPEATED, Checked, check_all

RUN_FILE = "payment_run_file"
ACCEPTED, HELD, REFUSED = "accepted", "held", "refused"


class RunReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a delivered run. `repeated` means: we had it already, nothing changed."""

    run_id: UUID
    reference: str
    repeated: bool
    lines: tuple[LineOutcome, ...]

    def count(self, outcome: str) -> int:
        return sum(line.outcome == outcome for line in self.lines)


class Parsed(msgspec.Struct, frozen=True, kw_only=True):
    """A run as read: the payments asked for, the lines refused, and the run's own totals.

    `not_carried` is, by line, what its source said and an order of ours has no place for.
    """

    requests: tuple[PaymentRequest, ...]
    rejected: tuple[RejectedLine, ...]
    totals: RunTotals | None
    not_carried: dict[int, list[Change]] = {}


def receive_run(
    acting: Acting, source: str, name: str, content: bytes, profile: Profile
) -> RunReceipt:
    """Take in one payment run file. Raises Invalid when the file as a whole cannot be used.

    The bytes are kept either way, in a transaction of their own.
    """
    form, kept = arrival.keep(acting, name, content)
    parsed = _parse(form, content, profile)
    now = acting.world.clock.now()
    with tenant(acting.tenant_id):
        run_id = acting.world.ids.new()
        earlier = evidence.first_time(RUN_FILE, digest_of_bytes(content), run_id, now)
        if earlier:
            known = orders.run_of(earlier)
            return RunReceipt(
                run_id=earlier, reference=known.reference, repeated=True, lines=known.lines
            )
        return _take(acting, source, name, parsed, run_id, kept)


def create_payments(acting: Acting, source: str, requests: Sequence[PaymentRequest]) -> list[UUID]:
    """Take in single payments from a program; returns order ids in the order asked.

    All or none: raises Invalid naming the first payment that cannot be taken.
    """
    with tenant(acting.tenant_id):
        checked = check_all(acting, source, requests, run_id=None)
        for found in checked:
            if found.order is None:
                raise Invalid(
                    found.findings[0].code,
                    f"Payment {found.request.source_reference}: {found.findings[0].sentence}",
                    "No payment of this request was taken.",
                    "Correct it and send the request again.",
                    field="payments",
                )
        _store(acting, checked)
        return [found.order.id for found in checked if found.order]


def import_history(acting: Acting, source: str, requests: Sequence[PaymentRequest]) -> int:
    """Take in payments that were made before nostro came, as settled; returns how many were new.

    They are never sent: duplicate checks and the payees' history need them.
    """
    with tenant(acting.tenant_id):
        checked = check_all(acting, source, requests, run_id=None, past=True)
        past = [_as_paid(found.order, found.request) for found in checked if found.order]
        _insert(acting, past)
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


def _parse(form: formats.Format, content: bytes, profile: Profile) -> Parsed:
    requests: list[PaymentRequest] = []
    rejected: list[RejectedLine] = []
    totals: RunTotals | None = None
    erp = ErpPayments()
    for read in formats.reader(form)(io.BytesIO(content), profile):
        item = erp.taken(read) if isinstance(read, PAYMENT_FILE) else read
        if isinstance(item, PaymentRequest):
            requests.append(item)
        elif isinstance(item, RejectedLine):
            rejected.append(item)
        elif isinstance(item, RunTotals):
            totals = item
        elif item is not None:
            raise Invalid(
                "not_a_payment_file",
                f"This is a {form.name} file; it carries no payments.",
                "The original is kept; no payment was made from it.",
                "Send it to statement ingestion, or choose the payment run file.",
            )
    return Parsed(
        requests=tuple(requests),
        rejected=tuple(rejected),
        totals=totals,
        not_carried=erp.not_carried,
    )


def _take(
    acting: Acting, source: str, name: str, parsed: Parsed, run_id: UUID, kept: UUID
) -> RunReceipt:
    now = acting.world.clock.now()
    sums = total(request.amount for request in parsed.requests)
    line_count = len(parsed.requests) + len(parsed.rejected)
    checked = _checked(acting, source, parsed, run_id)
    reference = _reference(source, parsed, name)
    orders.insert_run(
        run_id,
        source=source,
        reference=reference,
        evidence_id=kept,
        line_count=line_count,
        totals={currency: money.minor for currency, money in sums.items()},
        now=now,
    )
    _store(acting, checked)
    outcomes = sorted(
        [*map(_outcome, checked), *map(_refusal, parsed.rejected)], key=lambda line: line.line
    )
    orders.insert_run_lines(run_id, acting.world.ids.new, outcomes)
    receipt = RunReceipt(run_id=run_id, reference=reference, repeated=False, lines=tuple(outcomes))
    events.record(
        [
            acting.event(
                "run.received",
                "run",
                run_id,
                source=source,
                reference=reference,
                file=name,
                lines=line_count,
                evidence_id=str(kept),
                **{word: receipt.count(word) for word in (ACCEPTED, HELD, REFUSED, REPEATED)},
            )
        ]
    )
    return receipt


def _checked(acting: Acting, source: str, parsed: Parsed, run_id: UUID) -> list[Checked]:
    return [
        _with_changes(found, parsed.not_carried.get(found.request.line))
        for found in check_all(acting, source, parsed.requests, run_id)
    ]


def _with_changes(found: Checked, changes: Sequence[Change] | None) -> Checked:
    """What the bank will not be told although the source said it: approvers see it."""
    if not changes or found.order is None:
        return found
    order = found.order
    told = msgspec.structs.replace(order, source_changes=(*order.source_changes, *changes))
    return msgspec.structs.replace(found, order=told)


def _reference(source: str, parsed: Parsed, name: str) -> str:
    """What the run is called. Another file under the same name is another run, visibly."""
    reference = parsed.totals.run_id if parsed.totals and parsed.totals.run_id else name
    earlier = orders.runs_named(source, reference)
    return f"{reference} #{earlier + 1}" if earlier else reference


def _outcome(found: Checked) -> LineOutcome:
    first = found.findings[0] if found.findings else None
    if found.order is None:
        outcome = REPEATED if first and first.code == REPEATED else REFUSED
    else:
        outcome = HELD if found.findings else ACCEPTED
    return LineOutcome(
        line=found.request.line,
        outcome=outcome,
        order_id=found.order.id if found.order else None,
        code=first.code if first else "",
        sentence=first.sentence if first else "",
    )


def _refusal(line: RejectedLine) -> LineOutcome:
    return LineOutcome(
        line=line.line, outcome=REFUSED, code=line.code, sentence=line.sentence, raw=line.raw
    )


def _insert(acting: Acting, taken: Sequence[OrderRow]) -> None:
    """Store every order or none: one that a unique key passed over would be lost silently."""
    stored = orders.insert(taken, acting.world.clock.now())
    if stored != len(taken):
        raise Refused(
            "payments_not_stored",
            f"Only {stored} of {len(taken)} payments could be stored: a number or an end-to-end id"
            " is already taken.",
            "None of them was taken.",
            "Send them again; if it happens twice, report it.",
        )


def _store(acting: Acting, checked: Sequence[Checked]) -> None:
    taken = [(found.order, found.findings) for found in checked if found.order]
    now, new_id = acting.world.clock.now(), acting.world.ids.new
    _insert(acting, [order for order, _ in taken])
    holds = [(new_id(), order.id, finding) for order, found in taken for finding in found]
    orders.insert_holds(holds, now)
    happened: list[Event] = []
    for order, findings in taken:
        happened.append(_received(acting, order))
        happened.append(
            acting.event(
                "order.checked",
                "order",
                order.id,
                state_after=order.state.value,
                findings=[msgspec.to_builtins(finding) for finding in findings],
                route=msgspec.to_builtins(order.route),
                digest=order.approval_digest,
            )
        )
    events.record(happened)


def _received(acting: Acting, order: OrderRow) -> Event:
    return acting.event(
        "order.received",
        "order",
        order.id,
        number=order.number,
        source=order.source,
        source_reference=order.source_reference,
        amount_minor=order.instruction.amount.minor,
        currency=order.instruction.amount.currency,
        changes=list(order.source_changes),
        run_id=str(order.run_id or ""),
    )
