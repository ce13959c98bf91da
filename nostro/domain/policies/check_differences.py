"""What is not as we said of a presented check: ours and the bank's side by side, in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec

from nostro.domain.check_exception import Difference, PresentedCheck, Why
from nostro.domain.check_state import CheckState
from nostro.domain.money import Money
from nostro.domain.policies.positive_pay import AccountTerms, is_stale

_NOT_IN_REGISTER = "not in the register"


class Ours(msgspec.Struct, frozen=True, kw_only=True):
    """The check of that number in our register."""

    number: str
    amount: Money
    payee: tuple[str, ...]
    issued_on: date
    state: CheckState
    reason: str
    paid_on: date | None


def differences(
    ours: Ours | None, presented: PresentedCheck, terms: AccountTerms
) -> list[Difference]:
    """Everything that is not as we said, the gravest first; empty when only the bank knows why."""
    number, shown = presented.check_number, str(presented.amount)
    if ours is None:
        told = f"Nobody entered check {number} into the register; {shown} is asked for it."
        return [_one(Why.NOT_ISSUED, _NOT_IN_REGISTER, shown, told)]
    return [*_dead(ours, presented), *_other(ours, presented, terms)]


def _dead(ours: Ours, presented: PresentedCheck) -> Sequence[Difference]:
    """It must not be paid at all, whatever it says."""
    number, day = ours.number, f"presented {presented.presented}"
    if ours.state in (CheckState.STOPPED, CheckState.STOP_ASKED):
        told = f"Check {number} was stopped: {ours.reason}"
        return [_one(Why.STOPPED, "stopped", day, told)]
    if ours.state in (CheckState.VOID, CheckState.VOID_ASKED):
        told = f"Check {number} is void: {ours.reason}"
        return [_one(Why.VOID, "void", day, told)]
    if ours.state is CheckState.PAID:
        told = f"Check {number} was paid on {ours.paid_on} already."
        return [_one(Why.DUPLICATE, f"paid {ours.paid_on}", day, told)]
    return []


def _other(ours: Ours, presented: PresentedCheck, terms: AccountTerms) -> list[Difference]:
    found = []
    if presented.amount != ours.amount:
        told = f"We issued it over {ours.amount}; {presented.amount} is asked for."
        amounts = (str(ours.amount), str(presented.amount))
        found.append(_one(Why.AMOUNT_DIFFERS, *amounts, told))
    if presented.payee and not _same_payee(ours.payee, presented.payee):
        names = (" / ".join(ours.payee), " / ".join(presented.payee))
        told = f"We issued it to {names[0]}; it is made out to {names[1]}."
        found.append(_one(Why.PAYEE_DIFFERS, *names, told))
    if is_stale(ours.issued_on, presented.presented, terms):
        days = (presented.presented - ours.issued_on).days
        told = f"It was issued {days} days before; after {terms.stale_after_days} it is stale."
        issued, shown = f"issued {ours.issued_on}", f"presented {presented.presented}"
        found.append(_one(Why.STALE, issued, shown, told))
    return found


def _same_payee(ours: tuple[str, ...], theirs: tuple[str, ...]) -> bool:
    """A bank reads what is printed: capitals, points and blanks are no difference, letters are."""
    return _bare(ours) == _bare(theirs) or _bare(ours[:1]) == _bare(theirs)


def _bare(lines: tuple[str, ...]) -> str:
    return "".join(letter for line in lines for letter in line.casefold() if letter.isalnum())


def _one(why: Why, ours: str, theirs: str, sentence: str) -> Difference:
    return Difference(why=why, ours=ours, theirs=theirs, sentence=sentence)
