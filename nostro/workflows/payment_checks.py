"""Each payment against what we know: findings, a route, and what the bank will be told.

Findings make a payment wait for a named person; what cannot be paid at all is refused. Everything
known is loaded once for the whole run.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

import msgspec

from nostro.domain.errors import Refused
from nostro.domain.order import ORDER, OrderMove, OrderState
from nostro.domain.party import Account, Member, PayeeAccount, PostalAddress
from nostro.domain.payment import Instruction, PaymentRequest, RollRule, Route
from nostro.domain.policies import checks, limits, making, routing
from nostro.domain.policies.approval import POLICY_VERSION
from nostro.domain.policies.checks import Effect, Finding, Known, PaidInvoice
from nostro.formats import sepa_characters
from nostro.storage import orders, parties
from nostro.storage.intake import Question, take_numbers
from nostro.storage.orders import OrderRow
from nostro.workflows import after_restore, screening
from nostro.workflows.context import Acting

NOT_PROVIDED = "NOTPROVIDED"  # ISO 20022: there is no EndToEndId.
LATEST_AFTER = timedelta(days=10)
DUPLICATE_WINDOW = timedelta(days=400)
REPEATED, REUSED = "repeated", "reference_reused"


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """One payment after the checks: an order with its findings, or refused outright."""

    request: PaymentRequest
    findings: tuple[Finding, ...]
    order: OrderRow | None


class Maker(msgspec.Struct, frozen=True, kw_only=True):
    """Who asked for a payment: the one person, or program, that may not approve it. `member` says
    how far what he may make reaches; None where that was decided elsewhere."""

    id: str
    name: str
    member: Member | None = None


class Masters(msgspec.Struct, frozen=True, kw_only=True):
    """Everything known that a run is checked against, loaded once for the whole run."""

    entity_ids: dict[str, str]
    entity_of_iban: dict[str, str]
    accounts: dict[str, list[Account]]
    payee_accounts: dict[str, PayeeAccount]
    paid: dict[str, list[PaidInvoice]]
    known_sources: dict[str, OrderRow]
    taken_end_to_end_ids: set[str]  # Those that these payments ask for, and those we would give.
    customer_code: str
    left_already: after_restore.Left  # What may be these payments, sent and forgotten by a backup.


def _masters(
    acting: Acting,
    source: str,
    requests: Sequence[PaymentRequest],
    instead_of: Collection[str],
) -> tuple[list[str], Masters]:
    """Numbers for these payments, and what they are checked against."""
    now = acting.world.clock.now()
    by_iban = parties.payee_numbers_of_ibans(
        {r.creditor_iban for r in requests if r.payee_number == f"iban:{r.creditor_iban}"}
    )
    known = take_numbers(_question(source, requests, by_iban, now))
    current = known.payee_accounts
    current |= {f"iban:{iban}": current[n] for iban, n in by_iban.items() if n in current}
    owned: dict[str, list[Account]] = {}
    for account in known.accounts:
        owned.setdefault(account.legal_entity_id, []).append(account)
    paid: dict[str, list[PaidInvoice]] = {}
    for invoice in known.paid:
        if invoice.reference not in instead_of:
            paid.setdefault(invoice.payee_number, []).append(invoice)
    masters = Masters(
        entity_ids=known.entity_ids,
        entity_of_iban={account.iban: account.legal_entity_id for account in known.accounts},
        accounts=owned,
        payee_accounts=current,
        paid=paid,
        known_sources=known.known_sources,
        taken_end_to_end_ids=known.taken_end_to_end_ids,
        customer_code=known.customer_code,
        left_already=after_restore.suspicions(acting) if known.restored else {},
    )
    return [f"PAY-{known.first_number + offset:05d}" for offset in range(len(requests))], masters


def _question(
    source: str, requests: Sequence[PaymentRequest], by_iban: dict[str, str], now: datetime
) -> Question:
    payees = [_payee_number(request, by_iban) for request in requests]
    return Question(
        count=len(requests),
        source=source,
        references={request.source_reference for request in requests},
        end_to_end_ids={request.end_to_end_id for request in requests if request.end_to_end_id},
        payee_numbers=set(payees),
        invoices={
            (payee, request.amount, invoice)
            for payee, request in zip(payees, requests, strict=True)
            for invoice in request.invoices
        },
        invoices_since=now.date() - DUPLICATE_WINDOW,
        restored_since=now - after_restore.ASKED_AGAIN_WITHIN,
    )


class Intake(msgspec.Struct, frozen=True, kw_only=True):
    """One set of payments being taken in: who asked for them, from where, and what is known.

    `past` payments were made before nostro came; they are kept and never written.
    """

    acting: Acting
    source: str
    run_id: UUID | None
    maker: Maker
    masters: Masters
    past: bool
    screening: screening.Screening


def check_all(
    acting: Acting,
    source: str,
    requests: Sequence[PaymentRequest],
    run_id: UUID | None,
    *,
    maker: Maker | None = None,
    past: bool = False,
    instead_of: Collection[str] = (),
) -> list[Checked]:
    """Check payments in their order, each also against those before it; nothing is stored.

    `maker` is who asked for them, when that is not who does it now. `instead_of` are the numbers of
    ended payments that these are made in place of: they do not make them duplicates.

    Taking numbers locks the customer's row: intakes come one after another from here, so that
    each sees the references and invoices of the one before.
    """
    numbers, masters = _masters(acting, source, requests, instead_of)
    intake = Intake(
        acting=acting,
        source=source,
        run_id=run_id,
        maker=maker or Maker(id=acting.actor.id, name=acting.actor.name),
        masters=masters,
        past=past,
        screening=screening.Screening(),
    )
    checked = []
    for number, request in zip(numbers, requests, strict=True):
        found = _check_one(intake, request, number)
        if found.order:
            _remember(masters, request, found.order)
        checked.append(found)
    return checked


def _remember(masters: Masters, request: PaymentRequest, order: OrderRow) -> None:
    """The next payment of the same set is checked against this one too."""
    masters.taken_end_to_end_ids.add(order.instruction.end_to_end_id)
    masters.known_sources[request.source_reference] = order
    masters.paid.setdefault(order.payee_number, []).extend(
        PaidInvoice(
            reference="" if order.confidential else order.number,
            payee_number=order.payee_number,
            invoice=invoice,
            amount=request.amount,
            requested_date=request.requested_date,
            state=order.state,
        )
        for invoice in request.invoices
    )


def _payee_number(request: PaymentRequest, by_iban: dict[str, str]) -> str:
    if request.payee_number == f"iban:{request.creditor_iban}":
        return by_iban.get(request.creditor_iban, request.payee_number)
    return request.payee_number


def _check_one(intake: Intake, request: PaymentRequest, number: str) -> Checked:
    masters = intake.masters
    if earlier := masters.known_sources.get(request.source_reference):
        return _known_already(request, earlier)
    entity_id = (
        masters.entity_ids.get(request.entity_code)
        if request.entity_code
        else masters.entity_of_iban.get(request.debit_iban)
    )
    if entity_id is None:
        named = request.entity_code or f"with {request.debit_iban}"
        return _refused(request, "entity_unknown", f"There is no legal entity {named}.")
    route = routing.propose(request, masters.accounts.get(entity_id, []))
    if route is None:
        return _refused(request, "no_account", _no_account(request))
    payee = masters.payee_accounts.get(request.payee_number)
    payee_number = payee.payee_number if payee else request.payee_number
    request = msgspec.structs.replace(request, payee_number=payee_number)
    known = Known(
        payee_account=payee,
        paid=tuple(masters.paid.get(payee_number, ())),
        now=intake.acting.world.clock.now(),
        past=intake.past,
    )
    findings = checks.check(request, known)
    left = after_restore.suspicion(request.creditor_iban, request.amount, masters.left_already)
    if left and not intake.past and left.code not in {finding.code for finding in findings}:
        findings = (*findings, left)
    if any(finding.effect is Effect.INVALID for finding in findings):
        return Checked(request=request, findings=findings, order=None)
    order = _order(intake, request, number, UUID(entity_id), payee, route)
    if beyond := _beyond(intake.maker.member, order):
        return _refused(request, beyond.code, beyond.happened)
    broken = () if intake.past else checks.check_instruction(order.instruction, route.rail)
    if broken:
        return Checked(request=request, findings=(*broken, *findings), order=None)
    if not intake.past:
        findings = (*findings, *intake.screening.of_request(request))
    order = msgspec.structs.replace(order, state=_state_after(findings))
    return Checked(request=request, findings=findings, order=order)


def _beyond(member: Member | None, order: OrderRow) -> Refused | None:
    """Why the person or program may not make just this payment."""
    if member is None:
        return None
    try:
        making.may_make(member, order.touched())
    except Refused as refusal:
        return refusal
    return None


def _no_account(request: PaymentRequest) -> str:
    currency = request.amount.currency
    if request.debit_iban:
        return f"{request.debit_iban} is no account in {currency} of this entity."
    return f"Entity {request.entity_code} has no account in {currency}."


def _known_already(request: PaymentRequest, earlier: OrderRow) -> Checked:
    """The same payment again changes nothing; another one under its reference is refused.

    Of a confidential one nobody learns by asking what it pays, nor where to.
    """
    told = earlier.instruction
    for field, before, now in (
        ("amount", limits.spelled(told.amount), limits.spelled(request.amount)),
        ("payee's account", told.creditor_iban, request.creditor_iban),
    ):
        if before != now:
            differ = "" if earlier.confidential else f": {before}, now {now}"
            field = "content" if earlier.confidential else field
            sentence = (
                f"{request.source_reference} came before as {earlier.number} with another {field}"
                f"{differ}. Nothing was changed."
            )
            return _refused(request, REUSED, sentence)
    sentence = (
        f"We have {request.source_reference} already as {earlier.number}; nothing was changed."
    )
    return _refused(request, REPEATED, sentence)


def _state_after(findings: Sequence[Finding]) -> OrderState:
    """Walk the table: validated, then held or put before the approvers."""
    validated = ORDER.after(OrderState.DRAFT, OrderMove.VALIDATE)
    return ORDER.after(validated, OrderMove.HOLD if findings else OrderMove.REQUEST_APPROVAL)


def _refused(request: PaymentRequest, code: str, sentence: str) -> Checked:
    finding = Finding(code=code, effect=Effect.INVALID, sentence=sentence)
    return Checked(request=request, findings=(finding,), order=None)


def _order(
    intake: Intake,
    request: PaymentRequest,
    number: str,
    entity_id: UUID,
    payee: PayeeAccount | None,
    route: Route,
) -> OrderRow:
    instruction, changes = _instruct(intake, request, number)
    acting = intake.acting
    order = OrderRow(
        id=acting.world.ids.new(),
        number=number,
        state=OrderState.DRAFT,
        source=intake.source,
        source_reference=request.source_reference,
        run_id=intake.run_id,
        entity_id=entity_id,
        payee_account_id=UUID(payee.id) if payee else None,
        payee_account_version=payee.version if payee else 0,
        payee_number=request.payee_number,
        instruction=instruction,
        route=route,
        invoices=request.invoices,
        policy_version=POLICY_VERSION,
        approval_digest="",
        maker_id=intake.maker.id,
        maker_name=intake.maker.name,
        source_changes=tuple(changes),
        confidential=request.confidential,
    )
    return msgspec.structs.replace(order, approval_digest=order.approvable().digest())


class Rewriting:
    """What is told to the bank in other words than the source's, kept visible to approvers."""

    def __init__(self) -> None:
        self.changes: list[dict[str, str]] = []

    def told(self, field: str, before: str, after: str) -> str:
        if before and before != after:
            self.changes.append({"field": field, "from": before, "to": after})
        return after

    def plain(self, field: str, text: str) -> str:
        return self.told(field, text, sepa_characters.transliterate(text))


def _instruct(
    intake: Intake, request: PaymentRequest, number: str
) -> tuple[Instruction, list[dict[str, str]]]:
    """What the bank will be told, and every visible change against what the source said."""
    rewriting = Rewriting()
    end_to_end_id = request.end_to_end_id
    if end_to_end_id in {"", NOT_PROVIDED} | intake.masters.taken_end_to_end_ids:
        ours = _free_end_to_end_id(intake.masters, number)
        end_to_end_id = rewriting.told("end_to_end_id", end_to_end_id, ours)
    address = sepa_characters.plain_address(request.payee_address)
    rewriting.told("payee address", _one_line(request.payee_address), _one_line(address))
    requested = _pay_on(intake, request, rewriting)
    instruction = Instruction(
        end_to_end_id=end_to_end_id,
        amount=request.amount,
        creditor_name=rewriting.plain("payee name", request.payee_name),
        creditor_address=address,
        creditor_iban=request.creditor_iban,
        creditor_bic=request.creditor_bic,
        requested_date=requested,
        latest_date=requested + LATEST_AFTER,
        roll_rule=RollRule.NEXT_BANK_DAY,
        remittance=_remittance(request, rewriting),
        creditor_reference=request.creditor_reference,
    )
    return instruction, rewriting.changes


def _remittance(request: PaymentRequest, rewriting: Rewriting) -> str:
    """The source's own text, or its invoice numbers: all, or whole ones and how many more."""
    if request.creditor_reference:
        return ""
    if request.remittance:
        return rewriting.plain("remittance", request.remittance)
    plain = [sepa_characters.transliterate(invoice) for invoice in request.invoices]
    return rewriting.told("remittance", ", ".join(request.invoices), limits.shortened(plain))


def _pay_on(intake: Intake, request: PaymentRequest, rewriting: Rewriting) -> date:
    """The day asked for; one that is over becomes today, visibly."""
    wanted, today = request.requested_date, intake.acting.world.clock.now().date()
    if intake.past or wanted >= today:
        return wanted
    rewriting.told("requested date", checks.day(wanted), checks.day(today))
    return today


def _free_end_to_end_id(masters: Masters, number: str) -> str:
    """Ours, or the next one that nobody has taken: a source may have used the same words."""
    first = ours = f"{masters.customer_code[:20]}-{number}"
    again = 1
    while ours in masters.taken_end_to_end_ids or (
        again > 1 and orders.known_end_to_end_ids({ours})
    ):
        again += 1
        ours = f"{first}-{again}"
    return ours


def _one_line(address: PostalAddress) -> str:
    return ", ".join(part for part in msgspec.structs.astuple(address) if part)
