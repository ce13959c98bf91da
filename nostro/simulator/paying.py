"""How the simulated bank decides on payments, says so, books them, and gives money back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, time, timedelta
from functools import partial

from nostro.domain.identifier import is_iban
from nostro.domain.money import Money
from nostro.domain.payment_file import Method
from nostro.domain.statement import TransactionDetail
from nostro.simulator import ach
from nostro.simulator.account_messages import notice_message
from nostro.simulator.answer_messages import Word
from nostro.simulator.books import Booking, bank_day, rolled
from nostro.simulator.personalities import Reach
from nostro.simulator.reporting import report, report_group
from nostro.simulator.script import STATUS
from nostro.simulator.state import Instructed, PaymentState, Plan, State, TakenFile

DECIDES_AFTER = timedelta(seconds=1)
BOOKS_AFTER = timedelta(seconds=1)
BOOKS_FROM = time(6, 0, tzinfo=UTC)  # Payments of a later day are booked in the morning.
CONTRADICTS_AFTER = timedelta(hours=1)
RETURN_DAYS_MAX = 5
CHARGES_MINOR = 250
_TRANSFER, _COLLECTION = "PMNT/ICDT/ESCT", "PMNT/IDDT/ESDD"
_TRANSFER_BACK, _COLLECTION_BACK = "PMNT/ICDT/RRTN", "PMNT/IDDT/UPDD"
_RETURN_REASONS = ("AC04", "AC01", "MD07", "MS03")
AFTER_RECALL = "FOCR"
_NOT_PAID_WORDS = ("RJCT", "CANC")


def decide(state: State, file: TakenFile) -> None:
    """Look at a file that was taken: refuse it, or plan each payment, say so, and set dates."""
    if file.forgotten:
        return
    file.decided = True
    if reason := file.traits.get("rejects"):
        for one in file.payments:
            one.state = PaymentState.NOT_PAID
        report_group(state, file, Word("RJCT", reason))
        return
    for one in file.payments:
        one.plan = plan_of(state, one)
        one.state = PaymentState.WAITING if one.plan.pays else PaymentState.NOT_PAID
    if "duplicate_reason" in file.traits:
        report_group(state, file, Word("RJCT", "AM05"))
    else:
        report(state, file, [(one, one.plan.word) for one in file.payments])
    _set_dates(state, file)


def _set_dates(state: State, file: TakenFile) -> None:
    due: dict[datetime, list[Instructed]] = {}
    for one in file.payments:
        if one.plan.pays:
            due.setdefault(_booked_at(state.now, one) + one.plan.late, []).append(one)
    for at, payments in due.items():
        state.at(at, partial(book, state, file, payments))
    later = [(one, one.plan.later) for one in file.payments if one.plan.later.status]
    if later:
        at = state.now + CONTRADICTS_AFTER
        state.at(at, partial(report, state, file, later))


def _booked_at(now: datetime, one: Instructed) -> datetime:
    if one.requested_date is None or rolled(one.requested_date) <= bank_day(now):
        return now + BOOKS_AFTER
    return datetime.combine(rolled(one.requested_date), BOOKS_FROM)


# ---- Deciding


def plan_of(state: State, one: Instructed) -> Plan:
    """What a bank must refuse it refuses; then the script and the personalities speak."""
    if reason := _refused(state, one):
        return Plan(word=Word("RJCT", reason), pays=False)
    plan = _planned(state, one, _traits(state, one))
    if plan.pays and one.method is not Method.DIRECT_DEBIT:
        account = state.account(one.iban, one.payment.amount.currency)
        if account is None or not account.reserve(one.payment.amount):
            return Plan(word=Word("RJCT", "AM04"), pays=False)
    return plan


def _refused(state: State, one: Instructed) -> str:
    """A reason of ISO 20022 ExternalStatusReason1Code that needs no dice, or ""."""
    amount, theirs = one.payment.amount, one.payment.counterparty_account
    account = state.account(one.iban, amount.currency)
    if account is None:
        return "AC02"
    if one.payment.equivalent is not None or account.currency != amount.currency:
        return "AM03"
    if theirs.iban and not is_iban(theirs.iban):
        return "AC01"
    return "" if amount.minor > 0 else "AM01"


def _traits(state: State, one: Instructed) -> Mapping[str, str]:
    payment, file = one.payment, one.file
    account = payment.counterparty_account
    told = state.script.for_payment(payment.end_to_end_id, account.iban or account.number)
    if told is not None:
        return told
    if file.scripted:
        return file.traits
    about = (file.message_id, one.batch_id, payment.end_to_end_id, file.time)
    return state.character.thrown(state.dice, Reach.PAYMENT, *about)


def _planned(state: State, one: Instructed, traits: Mapping[str, str]) -> Plan:
    if ach.is_of_ach(one.file):
        return ach.plan_of(state, one, traits)
    if told := traits.get(STATUS):
        word = Word(*told.split())
        return Plan(word=word, pays=word.status not in _NOT_PAID_WORDS)
    if reason := traits.get("rejects") or traits.get("partial_rejection"):
        return Plan(word=Word("RJCT", reason), pays=False)
    match traits.get("contradictory"):
        case "rejected_then_booked":
            return Plan(word=Word("RJCT", "AC04"), pays=True, late=CONTRADICTS_AFTER)
        case "settled_then_rejected":
            return Plan(word=Word("ACSC"), pays=False, later=Word("RJCT", "AC04"))
        case "settled_then_cancelled":
            return Plan(word=Word("ACCC"), pays=False, later=Word("CANC"))
    about = (one.file.message_id, one.payment.end_to_end_id, one.file.time)
    dice = state.dice
    unknown = one.file.traits.get("wrong_status") == "word"
    return Plan(
        word=Word("ZZZZ" if unknown else "ACCP"),
        pays=True,
        returned=traits.get("late_return", ""),
        return_days=1 + dice.below(RETURN_DAYS_MAX, "return_days", *about),
        return_reason=dice.one_of(_RETURN_REASONS, "return_reason", *about),
        hidden=traits.get("statement_gap") == "line",
    )


# ---- Booking


def book(state: State, file: TakenFile, payments: Iterable[Instructed]) -> None:
    """Money moves: book the payments that are still to be paid, tell it, and note it."""
    paid = [one for one in payments if one.state is PaymentState.WAITING]
    for iban, ours in _by_account(paid).items():
        bookings = list(_bookings(state, file, ours))
        account = state.accounts[iban]
        for booking in bookings:
            account.book(booking)
        for one in ours:
            _executed(state, one)
        notify(state, iban, bookings)
    told = [(one, Word("ACSC")) for one in paid if one.plan.word.status == "ACCP"]
    if told and "duplicate_reason" not in file.traits:
        report(state, file, told)


def _by_account(payments: Iterable[Instructed]) -> dict[str, list[Instructed]]:
    found: dict[str, list[Instructed]] = {}
    for one in payments:
        found.setdefault(one.iban, []).append(one)
    return found


def _executed(state: State, one: Instructed) -> None:
    one.state = PaymentState.BOOKED
    if one.method is not Method.DIRECT_DEBIT:
        state.accounts[one.iban].free(one.payment.amount)
    key = (one.file.message_id, one.payment.end_to_end_id)
    state.executed[key] = state.executed.get(key, 0) + 1
    state.tell(
        f"paid {one.payment.amount} to {one.payment.counterparty.name or 'nobody named'},"
        f" {one.payment.end_to_end_id} of {one.file.message_id}"
        f" (time {state.executed[key]})"
    )
    ach.answer_later(state, one)
    if one.plan.returned:
        due = state.now + timedelta(days=one.plan.return_days)
        reason, how = one.plan.return_reason, one.plan.returned
        state.at(due, lambda: give_back(state, one, how, reason))


def _bookings(state: State, file: TakenFile, payments: Iterable[Instructed]) -> Iterable[Booking]:
    batches: dict[str, list[Instructed]] = {}
    for one in payments:
        if "books_batch" in file.traits or one.batch_booking:
            batches.setdefault(one.batch_id, []).append(one)
        else:
            one.reference = state.number("BKG")
            yield Booking(
                reference=one.reference,
                amount=one.amount,
                booked_at=state.now,
                transaction_code=_code(one, _TRANSFER, _COLLECTION),
                detail=detail_of(one, one.amount),
                hidden=one.plan.hidden,
            )
    for batch_id, ours in batches.items():
        reference = state.number("BKG")
        for one in ours:
            one.reference = reference
        yield Booking(
            reference=reference,
            amount=Money(sum(one.amount.minor for one in ours), ours[0].amount.currency),
            booked_at=state.now,
            transaction_code=_code(ours[0], _TRANSFER, _COLLECTION),
            message_id=file.message_id,
            batch_id=batch_id,
            count=len(ours),
        )


def _code(one: Instructed, transfer: str, collection: str) -> str:
    return collection if one.method is Method.DIRECT_DEBIT else transfer


def detail_of(one: Instructed, amount: Money, reason: str = "") -> TransactionDetail:
    payment = one.payment
    return TransactionDetail(
        amount=amount,
        end_to_end_id=payment.end_to_end_id,
        uetr=payment.uetr,
        instruction_id=payment.instruction_id,
        payment_information_id=one.batch_id,
        message_id=one.file.message_id,
        bank_reference=one.reference,
        counterparty_name=payment.counterparty.name,
        counterparty_iban=payment.counterparty_account.iban,
        counterparty_bic=payment.counterparty_agent.bic,
        remittance=payment.remittance,
        creditor_reference=payment.creditor_reference,
        return_reason=reason,
    )


def notify(state: State, iban: str, bookings: Iterable[Booking]) -> None:
    """A camt.054 for what was just booked on one account."""
    number = state.number("NTC")
    entries = [booking.entry() for booking in bookings]
    content = notice_message(number, state.now, iban, entries)
    state.release("camt.054", iban, content, state.now)


# ---- Money back


def give_back(state: State, one: Instructed, how: str, reason: str) -> None:
    """Book the money back, once: whole, a part, or less charges. `reason`: ExternalReturnReason."""
    if one.state is not PaymentState.BOOKED:
        return
    one.state = PaymentState.RETURNED
    back = -_returned(one.amount, how)
    booking = Booking(
        reference=state.number("RTN"),
        amount=back,
        booked_at=state.now,
        transaction_code=_code(one, _TRANSFER_BACK, _COLLECTION_BACK),
        text="Money back after a recall" if reason == AFTER_RECALL else "Return",
        detail=detail_of(one, back, reason),
    )
    state.accounts[one.iban].book(booking)
    state.tell(f"gave back {back} of {one.payment.end_to_end_id} ({reason}, {how})")
    notify(state, one.iban, [booking])
    if ach.is_of_ach(one.file) and reason != AFTER_RECALL:
        ach.tell_return(state, one, reason)


def _returned(amount: Money, how: str) -> Money:
    """How much of a (signed) amount comes back: at least one minor unit."""
    sign, size = (-1, -amount.minor) if amount.minor < 0 else (1, amount.minor)
    if how == "part":
        size = max(1, size // 2)
    elif how == "less_charges":
        size = max(1, size - CHARGES_MINOR)
    return Money(sign * size, amount.currency)
