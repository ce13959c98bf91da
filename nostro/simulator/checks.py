"""How the simulated bank pays checks: those that it was told of as they are; it asks about others.

A check is presented when a rehearsal says so. What differs from the files of issued checks goes
into a file of exceptions; at the bank's clock it obeys the decisions that came, and returns what
nobody decided on, or pays it, as it was set up.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from functools import partial
from hashlib import sha256
from io import BytesIO

import msgspec

from nostro.domain.check_exception import Decision, PresentedCheck, Why
from nostro.domain.errors import Invalid
from nostro.domain.issued_check import CheckAction, IssueFile
from nostro.domain.money import Money
from nostro.domain.statement import TransactionDetail
from nostro.formats import HEAD_BYTES, Profile, documents
from nostro.formats.american import check_exceptions, positive_pay
from nostro.formats.american.check_exception_writer import write
from nostro.simulator.books import Account, Booking, bank_day
from nostro.simulator.check_drawer import Item
from nostro.simulator.state import State

DECIDE_UNTIL = time(19, 30, tzinfo=UTC)  # 14:30 in New York in winter; this bank knows no summer.
CHECK_PAID = "PMNT/ICHQ/CCHQ"
EXCEPTIONS = "check.exceptions"
_FORMATS = (positive_pay.FORMAT, check_exceptions.FORMAT)


def is_of_checks(content: bytes) -> bool:
    """Whether a file is of issued checks, or of decisions."""
    return any(form.identify(content[:HEAD_BYTES]) for form in _FORMATS)


def name_of(content: bytes) -> str:
    """What stands for the message id, which such files do not have."""
    return f"CHECKS-{sha256(content).hexdigest()[:12]}"


def take(state: State, content: bytes) -> int:
    """Take a file of issued checks or of decisions whole; returns how many lines it had.

    Raises Invalid: then nothing of it was taken.
    """
    form = next(one for one in _FORMATS if one.identify(content[:HEAD_BYTES]))
    found = list(documents(form, BytesIO(content), Profile()))
    checks = [one for file in found if isinstance(file, IssueFile) for one in file.checks]
    decided = [one for one in found if isinstance(one, PresentedCheck)]
    for number in {one.account for one in checks} | {one.account for one in decided}:
        account_of(state, number)
    for one in checks:
        account = account_of(state, one.account)
        state.checks.issued[account.iban, one.check_number] = one
    for presented in decided:
        _hear(state, presented)
    state.checks.files += 1
    state.tell(f"took {len(checks)} issued checks, {len(decided)} decisions")
    return len(checks) + len(decided)


def account_of(state: State, number: str) -> Account:
    """The account whose IBAN ends with the number that a file gives. Raises Invalid."""
    bare = number.lstrip("0")
    for iban, account in state.accounts.items():
        if bare and iban.endswith(bare):
            return account
    raise Invalid(
        "file_not_read",
        f"The simulated bank has no account {number[:34]}.",
        "Nothing of the file was taken.",
        "Open one whose IBAN ends with that number.",
    )


def present(state: State, one: PresentedCheck) -> str:
    """Somebody cashes a check: it is paid, or the bank asks. Returns what happens.

    Raises Invalid for an account that is not there.
    """
    account = account_of(state, one.account)
    why = _why(state, account, one)
    if why is None:
        _pay(state, account, one)
        return "paid"
    item = Item(account=account, told=msgspec.structs.replace(one, why=why))
    state.checks.items.append(item)
    state.at(_clock(state.now), partial(_end, state, item))
    content = write([item.told], Profile())
    state.tell(f"asks about check {one.check_number} over {one.amount}: {why}")
    state.release(EXCEPTIONS, account.iban, content, state.now)
    return "asked"


def _why(state: State, account: Account, one: PresentedCheck) -> Why | None:
    """What is odd about it; None: it is as the bank was told."""
    drawer, key = state.checks, (account.iban, one.check_number)
    told = drawer.issued.get(key)
    if told is None:
        return Why.NOT_ISSUED
    if told.action is CheckAction.VOID:
        return Why.VOID
    if told.action is CheckAction.STOP:
        return Why.STOPPED
    if key in drawer.paid:
        return Why.DUPLICATE
    if told.amount != one.amount:
        return Why.AMOUNT_DIFFERS
    if one.payee and told.payee and one.payee[0].casefold() != told.payee[0].casefold():
        return Why.PAYEE_DIFFERS
    return None


def _clock(now: datetime) -> datetime:
    """When the bank acts on what was presented now: at its clock on this bank day, or the next."""
    at = datetime.combine(bank_day(now), DECIDE_UNTIL)
    later = at + timedelta(days=1)
    return at if at > now else datetime.combine(bank_day(later), DECIDE_UNTIL)


def _hear(state: State, one: PresentedCheck) -> None:
    account = account_of(state, one.account)
    for item in state.checks.items:
        same = (item.told.check_number, item.told.amount) == (one.check_number, one.amount)
        if item.account is account and same and not item.done:
            item.decision = one.decision
            state.tell(f"check {one.check_number} over {one.amount}: heard {one.decision}")
            return
    state.tell(f"a decision on check {one.check_number} came too late, or for nothing")


def _end(state: State, item: Item) -> None:
    """The bank's clock: what was decided, or what it does by itself."""
    item.done = True
    decision = item.decision or state.checks.if_nobody
    number = item.told.check_number
    if decision is Decision.PAY:
        _pay(state, item.account, item.told)
    else:
        state.tell(f"returned check {number} over {item.told.amount} unpaid")


def _pay(state: State, account: Account, one: PresentedCheck) -> None:
    state.checks.paid.add((account.iban, one.check_number))
    amount = Money(-one.amount.minor, one.amount.currency)
    reference = state.number("CHK")
    detail = TransactionDetail(
        amount=amount, bank_reference=reference, check_number=one.check_number
    )
    account.book(
        Booking(
            reference=reference,
            amount=amount,
            booked_at=state.now,
            transaction_code=CHECK_PAID,
            text=f"Check {one.check_number}",
            detail=detail,
        )
    )
    state.tell(f"paid check {one.check_number} over {one.amount}")
