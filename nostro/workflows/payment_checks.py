"""Each payment against what we know: findings, a route, and what the bank will be told.

Findings make a payment wait for a named person; what cannot be paid at all is refused. Everything
known is loaded once for the whole run.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from nostro.domain.errors import Refused
from nostro.domain.order import ORDER, OrderMove, OrderState
from nostro.domain.party import Member, PayeeAccount
from nostro.domain.payment import PaymentRequest, Route
from nostro.domain.policies import checks, duplicates, limits, making, payee_checks, payment_limits
from nostro.domain.policies.checks import Effect, Finding, Known
from nostro.domain.policies.payee_checks import Paying
from nostro.formats import sepa_characters
from nostro.storage import day_sums, earlier_payments
from nostro.storage.orders import OrderRow
from nostro.workflows import after_restore, approval_terms, instructing, screening
from nostro.workflows.context import Acting
from nostro.workflows.known_before import Masters, masters
from nostro.workflows.name_answers import NameAnswers
from nostro.workflows.name_moves import Wanted

# What stays of a payment that is changed.
_KEPT = ("id", "state", "maker_id", "maker_name", "changed_by", "replaces")
REPEATED, REUSED = "repeated", "reference_reused"


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """One payment after the checks: an order with its findings, or refused outright. `asks` is
    what its payee's bank is to be asked."""

    request: PaymentRequest
    findings: tuple[Finding, ...]
    order: OrderRow | None
    asks: Wanted | None = None


class Maker(msgspec.Struct, frozen=True, kw_only=True):
    """Who asked for a payment: the one person, or program, that may not approve it. `member` says
    how far what he may make reaches; None where that was decided elsewhere."""

    id: str
    name: str
    member: Member | None = None


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
    names: NameAnswers


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
    numbers, known = masters(acting, source, requests, instead_of)
    intake = Intake(
        acting=acting,
        source=source,
        run_id=run_id,
        maker=maker or Maker(id=acting.actor.id, name=acting.actor.name),
        masters=known,
        past=past,
        screening=screening.Screening(known.screening, acting.world.clock.now().date()),
        names=_names(known, acting.world.clock.now()),
    )
    checked = []
    for number, request in zip(numbers, requests, strict=True):
        found = _check_one(intake, request, number)
        if found.order:
            _remember(known, request, found.order)
        checked.append(found)
    return checked


def check_again(
    acting: Acting, order: OrderRow, request: PaymentRequest, *, maker: Maker
) -> Checked:
    """Check a payment that we have as it would be with changes; nothing is stored.

    It keeps its number and its end-to-end id, and is no duplicate of itself. `maker` is who
    changes it. Locks the customer's row as `check_all` does.
    """
    _, known = masters(acting, order.source, [request], {order.number}, numbered=True)
    known.known_sources.pop(order.source_reference, None)
    known.taken_end_to_end_ids.discard(order.instruction.end_to_end_id)
    intake = Intake(
        acting=acting,
        source=order.source,
        run_id=order.run_id,
        maker=maker,
        masters=known,
        past=False,
        screening=screening.Screening(known.screening, acting.world.clock.now().date()),
        names=_names(known, acting.world.clock.now()),
    )
    checked = _check_one(intake, request, order.number)
    if checked.order is None:
        return checked
    same = {name: getattr(order, name) for name in _KEPT}
    return msgspec.structs.replace(checked, order=msgspec.structs.replace(checked.order, **same))


def _names(known: Masters, now: datetime) -> NameAnswers:
    accounts = known.payee_accounts.values()
    return NameAnswers(accounts, known.verification, now, can_ask=known.can_verify)


def _remember(masters: Masters, request: PaymentRequest, order: OrderRow) -> None:
    """The next payment of the same set is checked against this one too."""
    masters.taken_end_to_end_ids.add(order.instruction.end_to_end_id)
    masters.known_sources[request.source_reference] = order
    if order.state in day_sums.COUNTING:
        on = order.instruction.requested_date
        masters.sums.add(order.matter(), on, confidential=order.confidential)
    masters.paid.add(earlier_payments.as_earlier(order))


def _check_one(intake: Intake, request: PaymentRequest, number: str) -> Checked:
    masters = intake.masters
    if earlier := masters.known_sources.get(request.source_reference):
        return _known_already(request, earlier)
    entity_id = _entity_of(request, masters)
    if entity_id is None:
        named = request.entity_code or f"with {request.debit_iban}"
        return _refused(request, "entity_unknown", f"There is no legal entity {named}.")
    route = masters.routing.propose(request, entity_id, intake.source)
    if route is None:
        return _refused(request, *masters.routing.why_none(request, entity_id))
    payee = masters.payee_accounts.get(request.payee_number)
    payee_number = payee.payee_number if payee else request.payee_number
    request = msgspec.structs.replace(request, payee_number=payee_number)
    findings = checks.check(request, _known(intake, payee))
    if any(finding.effect is Effect.INVALID for finding in findings):
        return Checked(request=request, findings=findings, order=None)
    order = _order(intake, request, number, UUID(entity_id), payee, route)
    if beyond := _beyond(intake.maker.member, order):
        return _refused(request, beyond.code, beyond.happened)
    findings = (*findings, *_paid_before(intake, order))
    if not intake.past:
        broken = checks.check_instruction(order.instruction, route.rail)
        if broken:
            return Checked(request=request, findings=(*broken, *findings), order=None)
        found = (*intake.screening.of_request(request), *_by_rules(masters, order, payee))
        findings = (
            *findings,
            *_unreadable(request),
            *checks.wages(order.route),
            *found,
            *intake.names.of_request(request, order, payee),
        )
        asks = intake.names.to_ask(order, payee)
        return msgspec.structs.replace(_after(request, order, findings), asks=asks)
    return _after(request, order, findings)


def _known(intake: Intake, payee: PayeeAccount | None) -> Known:
    return Known(
        payee_account=payee,
        now=intake.acting.world.clock.now(),
        recent_change=intake.masters.payee_checks.recent_change,
        past=intake.past,
    )


def _unreadable(request: PaymentRequest) -> tuple[Finding, ...]:
    """A name that a bank is told in part only: nobody could tell from it who is paid."""
    lost = sepa_characters.without_equivalent(request.payee_name)
    if not lost:
        return ()
    told = sepa_characters.transliterate(request.payee_name)
    sentence = f"No bank carries the letters {lost} of the payee's name; it would be told {told}."
    return (Finding(code="name_letters_lost", effect=Effect.HOLD, sentence=sentence),)


def _paid_before(intake: Intake, order: OrderRow) -> tuple[Finding, ...]:
    """The earlier payments that it may repeat; or one that left and that a backup forgot."""
    known, told = intake.masters, order.instruction
    found = duplicates.findings(earlier_payments.as_earlier(order), known.paid, known.duplicates)
    left = after_restore.suspicion(told.creditor_number, told.amount, known.left_already)
    return (left,) if left and not found and not intake.past else found


def _after(request: PaymentRequest, order: OrderRow, findings: tuple[Finding, ...]) -> Checked:
    if any(finding.effect is Effect.INVALID for finding in findings):
        return Checked(request=request, findings=findings, order=None)
    order = msgspec.structs.replace(order, state=_state_after(findings))
    return Checked(request=request, findings=findings, order=order)


def _by_rules(masters: Masters, order: OrderRow, known: PayeeAccount | None) -> tuple[Finding, ...]:
    """What this customer wants looked at besides."""
    paying = Paying(
        matter=order.matter(),
        account=order.instruction.creditor_number,
        known=known,
        confidential=order.confidential,
    )
    found = payee_checks.findings(paying, masters.payee_checks, masters.history)
    return (*found, *_limited(masters, order))


def _limited(masters: Masters, order: OrderRow) -> list[Finding]:
    """The limits that it breaks together with what is paid that day, and with those before it."""
    matter, on = order.matter(), order.instruction.requested_date
    broken = masters.sums.broken(matter, on)
    found = payment_limits.finding(matter, on, broken, confidential=order.confidential)
    return [found] if found else []


def _entity_of(request: PaymentRequest, masters: Masters) -> str | None:
    """Who pays: the entity that is named, else the one whose account is."""
    if request.entity_code:
        return masters.entity_ids.get(request.entity_code)
    return masters.entity_of_number.get(request.debit_iban)


def _beyond(member: Member | None, order: OrderRow) -> Refused | None:
    """Why the person or program may not make just this payment."""
    if member is None:
        return None
    try:
        making.may_make(member, order.touched())
    except Refused as refusal:
        return refusal
    return None


def _known_already(request: PaymentRequest, earlier: OrderRow) -> Checked:
    """The same payment again changes nothing; another one under its reference is refused.

    Of a confidential one nobody learns by asking what it pays, nor where to.
    """
    told = earlier.instruction
    for field, before, now in (
        ("amount", limits.spelled(told.amount), limits.spelled(request.amount)),
        ("payee's account", told.creditor_number, request.creditor_number),
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
    acting, masters = intake.acting, intake.masters
    given = instructing.Given(
        customer_code=masters.customer_code,
        rail=route.rail,
        taken_end_to_end_ids=masters.taken_end_to_end_ids,
        today=acting.world.clock.now().date(),
        past=intake.past,
    )
    instruction, changes = instructing.instruct(request, number, given)
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
        policy_version="",
        approval_digest="",
        maker_id=intake.maker.id,
        maker_name=intake.maker.name,
        source_changes=tuple(changes),
        confidential=request.confidential,
    )
    return approval_terms.put(order, masters.rules_version, masters.rules)
