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
from datetime import timedelta
from uuid import UUID

import msgspec

from nostro import formats
from nostro.domain.canonical import digest_of_bytes
from nostro.domain.errors import Invalid
from nostro.domain.event import Event
from nostro.domain.money import total
from nostro.domain.order import ORDER, OrderMove, OrderState
from nostro.domain.party import Account, PayeeAccount, PostalAddress
from nostro.domain.payment import (
    Instruction,
    PaymentRequest,
    RollRule,
    Route,
    RunTotals,
    SentLine,
)
from nostro.domain.policies import checks, routing
from nostro.domain.policies.approval import POLICY_VERSION
from nostro.domain.policies.checks import Effect, Finding, Known, PaidInvoice
from nostro.domain.problem import RejectedLine
from nostro.formats import Profile, sepa_characters
from nostro.storage import events, evidence, orders, parties
from nostro.storage.orders import LineOutcome, OrderRow
from nostro.storage.tenancy import tenant
from nostro.workflows.context import Acting

RUN_FILE = "payment_run_file"
LATEST_AFTER = timedelta(days=10)
DUPLICATE_WINDOW = timedelta(days=400)
ACCEPTED, HELD, REFUSED, REPEATED = "accepted", "held", "refused", "repeated"


class RunReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a delivered run. `repeated` means: we had it already, nothing changed."""

    run_id: UUID
    reference: str
    repeated: bool
    lines: tuple[LineOutcome, ...]

    def count(self, outcome: str) -> int:
        return sum(line.outcome == outcome for line in self.lines)


class Parsed(msgspec.Struct, frozen=True, kw_only=True):
    """A run as read: the payments asked for, the lines refused, and the run's own totals."""

    requests: tuple[PaymentRequest, ...]
    rejected: tuple[RejectedLine, ...]
    totals: RunTotals | None


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """One payment after the checks: an order with its findings, or refused outright."""

    request: PaymentRequest
    findings: tuple[Finding, ...]
    order: OrderRow | None


def receive_run(
    acting: Acting, source: str, name: str, content: bytes, profile: Profile
) -> RunReceipt:
    """Take in one payment run file. Raises Invalid when the file as a whole cannot be used.

    The bytes are kept either way, in a transaction of their own.
    """
    form = formats.identify(content)
    now = acting.world.clock.now()
    with tenant(acting.tenant_id):
        kept = evidence.keep(
            acting.world.ids.new(),
            content,
            name=name,
            media_type=form.media_type,
            direction="in",
            now=now,
        )
    parsed = _parse(form, content, profile)
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
        checked = _check_all(acting, source, requests, run_id=None)
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
        checked = _check_all(acting, source, requests, run_id=None)
        past = [_as_paid(found.order, found.request) for found in checked if found.order]
        orders.insert(past, acting.world.clock.now())
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
    for item in formats.reader(form)(io.BytesIO(content), profile):
        if isinstance(item, PaymentRequest):
            requests.append(item)
        elif isinstance(item, RejectedLine):
            rejected.append(item)
        elif isinstance(item, RunTotals):
            totals = item
        elif isinstance(item, SentLine):
            requests.append(_request_of(item, len(requests) + 1))
        else:
            raise Invalid(
                "not_a_payment_file",
                f"This is a {form.name} file; it carries no payments.",
                "The original is kept; no payment was made from it.",
                "Send it to statement ingestion, or choose the payment run file.",
            )
    return Parsed(requests=tuple(requests), rejected=tuple(rejected), totals=totals)


def _request_of(line: SentLine, number: int) -> PaymentRequest:
    """A payment out of an ERP's own pain.001: the debit account tells the entity."""
    return PaymentRequest(
        source_reference=line.end_to_end_id or f"{line.payment_information_id}/{number}",
        entity_code="",
        debit_iban=line.debtor_iban,
        amount=line.amount,
        payee_number=f"iban:{line.creditor_iban}",
        payee_name=line.creditor_name,
        payee_address=line.creditor_address,
        creditor_iban=line.creditor_iban,
        creditor_bic=line.creditor_bic,
        requested_date=line.execution_date,
        invoices=(line.remittance,) if line.remittance else (),
        remittance=line.remittance,
        creditor_reference=line.creditor_reference,
        end_to_end_id=line.end_to_end_id,
        line=number,
    )


def _take(
    acting: Acting, source: str, name: str, parsed: Parsed, run_id: UUID, kept: UUID
) -> RunReceipt:
    now = acting.world.clock.now()
    reference = parsed.totals.run_id if parsed.totals and parsed.totals.run_id else name
    sums = total(request.amount for request in parsed.requests)
    line_count = len(parsed.requests) + len(parsed.rejected)
    orders.insert_run(
        run_id,
        source=source,
        reference=reference,
        evidence_id=kept,
        line_count=line_count,
        totals={currency: money.minor for currency, money in sums.items()},
        now=now,
    )
    checked = _check_all(acting, source, parsed.requests, run_id)
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


class _Masters(msgspec.Struct, frozen=True, kw_only=True):
    """Everything known that a run is checked against, loaded once for the whole run."""

    entity_ids: dict[str, str]
    entity_of_iban: dict[str, str]
    accounts: dict[str, list[Account]]
    payee_accounts: dict[str, PayeeAccount]
    paid: dict[str, list[PaidInvoice]]
    known_sources: dict[str, UUID]
    taken_end_to_end_ids: set[str]
    customer_code: str


def _masters(acting: Acting, source: str, requests: Sequence[PaymentRequest]) -> _Masters:
    today = acting.world.clock.now().date()
    by_iban = parties.payee_numbers_of_ibans({request.creditor_iban for request in requests})
    numbers = {_payee_number(request, by_iban) for request in requests}
    accounts = parties.accounts()
    entity_ids = {entity.code: entity.id for entity in parties.entities()}
    entity_of_iban = {account.iban: account.legal_entity_id for account in accounts}
    owned: dict[str, list[Account]] = {}
    for account in accounts:
        owned.setdefault(account.legal_entity_id, []).append(account)
    paid: dict[str, list[PaidInvoice]] = {}
    for invoice in orders.paid_invoices(numbers, today - DUPLICATE_WINDOW):
        paid.setdefault(invoice.payee_number, []).append(invoice)
    current = parties.current_payee_accounts(numbers)
    current |= {f"iban:{iban}": current[n] for iban, n in by_iban.items() if n in current}
    return _Masters(
        entity_ids=entity_ids,
        entity_of_iban=entity_of_iban,
        accounts=owned,
        payee_accounts=current,
        paid=paid,
        known_sources=orders.known_sources(source, {r.source_reference for r in requests}),
        taken_end_to_end_ids=set(
            orders.known_end_to_end_ids({r.end_to_end_id for r in requests if r.end_to_end_id})
        ),
        customer_code=parties.customer().code,
    )


def _payee_number(request: PaymentRequest, by_iban: dict[str, str]) -> str:
    if request.payee_number == f"iban:{request.creditor_iban}":
        return by_iban.get(request.creditor_iban, request.payee_number)
    return request.payee_number


def _check_all(
    acting: Acting, source: str, requests: Sequence[PaymentRequest], run_id: UUID | None
) -> list[Checked]:
    # Taking numbers locks the customer's row: intakes come one after another from here, so that
    # each sees the references and invoices of the one before.
    first = parties.take_payment_numbers(len(requests))
    masters = _masters(acting, source, requests)
    checked = []
    for offset, request in enumerate(requests):
        number = f"PAY-{first + offset:05d}"
        found = _check_one(acting, source, request, masters, number, run_id)
        if found.order:
            masters.taken_end_to_end_ids.add(found.order.instruction.end_to_end_id)
            masters.known_sources[request.source_reference] = found.order.id
            masters.paid.setdefault(found.order.payee_number, []).extend(
                PaidInvoice(
                    reference=number,
                    payee_number=found.order.payee_number,
                    invoice=invoice,
                    amount=request.amount,
                    requested_date=request.requested_date,
                )
                for invoice in request.invoices
            )
        checked.append(found)
    return checked


def _check_one(
    acting: Acting,
    source: str,
    request: PaymentRequest,
    masters: _Masters,
    number: str,
    run_id: UUID | None,
) -> Checked:
    if request.source_reference in masters.known_sources:
        sentence = f"We have {request.source_reference} already; nothing was changed."
        return _refused(request, REPEATED, sentence)
    entity_id = (
        masters.entity_ids.get(request.entity_code)
        if request.entity_code
        else masters.entity_of_iban.get(request.debit_iban)
    )
    if entity_id is None:
        return _refused(
            request,
            "entity_unknown",
            f"There is no legal entity {request.entity_code or 'with ' + request.debit_iban}.",
        )
    route = routing.propose(request, masters.accounts.get(entity_id, []))
    if route is None:
        return _refused(
            request,
            "no_account",
            f"Entity {request.entity_code} has no account in {request.amount.currency}.",
        )
    payee = masters.payee_accounts.get(request.payee_number)
    payee_number = payee.payee_number if payee else request.payee_number
    request = msgspec.structs.replace(request, payee_number=payee_number)
    known = Known(
        payee_account=payee,
        paid=tuple(masters.paid.get(payee_number, ())),
        now=acting.world.clock.now(),
    )
    findings = checks.check(request, known)
    if any(finding.effect is Effect.INVALID for finding in findings):
        return Checked(request=request, findings=findings, order=None)
    order = _order(acting, source, request, masters, number, run_id, UUID(entity_id), payee, route)
    return Checked(
        request=request,
        findings=findings,
        order=msgspec.structs.replace(order, state=_state_after(findings)),
    )


def _state_after(findings: Sequence[Finding]) -> OrderState:
    """Walk the table: validated, then held or put before the approvers."""
    validated = ORDER.after(OrderState.DRAFT, OrderMove.VALIDATE)
    return ORDER.after(validated, OrderMove.HOLD if findings else OrderMove.REQUEST_APPROVAL)


def _refused(request: PaymentRequest, code: str, sentence: str) -> Checked:
    finding = Finding(code=code, effect=Effect.INVALID, sentence=sentence)
    return Checked(request=request, findings=(finding,), order=None)


def _order(
    acting: Acting,
    source: str,
    request: PaymentRequest,
    masters: _Masters,
    number: str,
    run_id: UUID | None,
    entity_id: UUID,
    payee: PayeeAccount | None,
    route: Route,
) -> OrderRow:
    instruction, changes = _instruct(acting, request, masters, number)
    order = OrderRow(
        id=acting.world.ids.new(),
        number=number,
        state=OrderState.DRAFT,
        source=source,
        source_reference=request.source_reference,
        run_id=run_id,
        entity_id=entity_id,
        payee_account_id=UUID(payee.id) if payee else None,
        payee_account_version=payee.version if payee else 0,
        payee_number=request.payee_number,
        instruction=instruction,
        route=route,
        invoices=request.invoices,
        policy_version=POLICY_VERSION,
        approval_digest="",
        maker_id=acting.actor.id,
        maker_name=acting.actor.name,
        source_changes=tuple(changes),
    )
    return msgspec.structs.replace(order, approval_digest=order.approvable().digest())


def _instruct(
    acting: Acting, request: PaymentRequest, masters: _Masters, number: str
) -> tuple[Instruction, list[dict[str, str]]]:
    """What the bank will be told, and every visible change against what the source said."""
    changes: list[dict[str, str]] = []

    def plain(field: str, text: str) -> str:
        written = sepa_characters.transliterate(text)
        if written != text:
            changes.append({"field": field, "from": text, "to": written})
        return written

    end_to_end_id = request.end_to_end_id
    if not end_to_end_id or end_to_end_id in masters.taken_end_to_end_ids:
        ours = f"{masters.customer_code}-{number}"
        if end_to_end_id:
            changes.append({"field": "end_to_end_id", "from": end_to_end_id, "to": ours})
        end_to_end_id = ours
    address = sepa_characters.plain_address(request.payee_address)
    if address != request.payee_address:
        changes.append(
            {
                "field": "payee address",
                "from": _one_line(request.payee_address),
                "to": _one_line(address),
            }
        )
    today = acting.world.clock.now().date()
    requested = max(request.requested_date, today)
    remittance = request.remittance or ", ".join(request.invoices)
    instruction = Instruction(
        end_to_end_id=end_to_end_id,
        amount=request.amount,
        creditor_name=plain("payee name", request.payee_name),
        creditor_address=address,
        creditor_iban=request.creditor_iban,
        creditor_bic=request.creditor_bic,
        requested_date=requested,
        latest_date=requested + LATEST_AFTER,
        roll_rule=RollRule.NEXT_BANK_DAY,
        remittance="" if request.creditor_reference else plain("remittance", remittance),
        creditor_reference=request.creditor_reference,
    )
    return instruction, changes


def _one_line(address: PostalAddress) -> str:
    return ", ".join(part for part in msgspec.structs.astuple(address) if part)


def _store(acting: Acting, checked: Sequence[Checked]) -> None:
    taken = [(found.order, found.findings) for found in checked if found.order]
    now, new_id = acting.world.clock.now(), acting.world.ids.new
    orders.insert([order for order, _ in taken], now)
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
