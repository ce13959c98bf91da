"""What may explain a bank's line, in words: a title, how sure it is, and what adds up to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

import msgspec

from nostro.console import words
from nostro.console.words import Status
from nostro.domain.match import AdjustmentKind, MatchState, ProposalStatus
from nostro.domain.money import Money
from nostro.storage.pages.reconcile import BankLine, Guess, ItemPart, OpenLine, RestPart
from nostro.storage.pages.reconciled import MatchedLine

NAMED_MOST: Final = 3
SURE: Final = 900_000  # Millionths from which a proposal is shown as nearly sure.

REST: Final[Mapping[str, str]] = {
    AdjustmentKind.DISCOUNT: "Discount",
    AdjustmentKind.FEE: "Fee taken on the way",
    AdjustmentKind.SHORT_PAY: "Paid too little",
    AdjustmentKind.OVER_PAY: "Paid too much",
    AdjustmentKind.FX_DIFFERENCE: "Difference of exchange",
    AdjustmentKind.ON_ACCOUNT: "On account",
    AdjustmentKind.WRITE_OFF: "Written off",
}


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a sum: what it is, and how much. `note` is what speaks against it."""

    word: str
    amount: Money
    note: str = ""


class GuessView(msgspec.Struct, frozen=True, kw_only=True):
    """A proposal as a person weighs it. `left` is what of the line stays unexplained; `refused`
    why it cannot be confirmed, "" when it can."""

    guess: Guess
    title: str
    sure: Status
    terms: tuple[Term, ...]
    left: Money | None
    refused: str


class LineView(msgspec.Struct, frozen=True, kw_only=True):
    """A line with its proposals as a person weighs them. `href` opens it, `next` is the line to
    go on with once it is decided."""

    line: BankLine
    who: str
    said: str
    status: Status
    guesses: tuple[GuessView, ...]
    href: str = ""
    next: str = ""

    @property
    def first(self) -> UUID | None:
        """The proposal that is chosen at first: the likeliest that can be confirmed."""
        fit = [one for one in self.guesses if not one.refused] or self.guesses
        return fit[0].guess.id if fit else None


class MatchView(msgspec.Struct, frozen=True, kw_only=True):
    """A match as people read it."""

    match: MatchedLine
    who: str
    title: str


def line_view(found: OpenLine) -> LineView:
    views = tuple(_guess_view(found.line, guess) for guess in found.guesses)
    several = found.line.match_state is MatchState.AMBIGUOUS
    state = MatchState.SUGGESTED if views and not several else found.line.match_state
    return LineView(
        line=found.line,
        who=who(found.line),
        said=said(found.line),
        status=words.MATCH[state if views else MatchState.UNMATCHED],
        guesses=views,
    )


def match_view(match: MatchedLine) -> MatchView:
    named = [f"Payment {one.number}" for one in match.payments]
    told = title(match.items, match.rest) if match.items or match.rest else words.listed(named)
    return MatchView(match=match, who=who(match.line), title=told)


def who(line: BankLine) -> str:
    return line.counterparty_name or "No name given"


def said(line: BankLine) -> str:
    """What the line says of itself, the most telling first."""
    return line.remittance or line.end_to_end_id or line.bank_reference


def terms(items: Iterable[ItemPart], rest: Iterable[RestPart]) -> tuple[Term, ...]:
    settled = [Term(word=_item(part), amount=part.settled, note=_note(part)) for part in items]
    return (*settled, *(Term(word=_rest(part), amount=part.amount) for part in rest))


def title(items: Sequence[ItemPart], rest: Sequence[RestPart]) -> str:
    """77120 and 77121, less a discount."""
    named = [part.document or "an item that is gone" for part in items]
    more = len(named) - NAMED_MOST
    shown = [*named[:NAMED_MOST], f"{more} more"] if more > 0 else named
    told = words.listed(shown) or "No item"
    besides = dict.fromkeys(REST.get(part.kind, words.phrase(part.kind)).lower() for part in rest)
    return f"{told}, {words.listed(list(besides))}" if besides else told


def _guess_view(line: BankLine, guess: Guess) -> GuessView:
    if guess.payment:
        told, shown = guess.payment, (guess.payment.amount,)
        return GuessView(
            guess=guess,
            title=f"Payment {told.number} to {told.creditor_name}",
            sure=_sure(guess),
            terms=tuple(Term(word=f"Payment {told.number}", amount=amount) for amount in shown),
            left=None,
            refused="Only the bank's own word proves a payment of ours: it is not matched by hand.",
        )
    return GuessView(
        guess=guess,
        title=title(guess.items, guess.rest),
        sure=_sure(guess),
        terms=terms(guess.items, guess.rest),
        left=guess.left_over(line.amount),
        refused="" if guess.current else "Not so much is open any more.",
    )


def _sure(guess: Guess) -> Status:
    percent = f"{guess.probability_millionths / 10_000:.4g}% sure"
    if guess.status == ProposalStatus.AMBIGUOUS.value:
        return Status(kind="warn", icon="split", word=f"Several fit, {percent}")
    if guess.probability_millionths >= SURE:
        return Status(kind="ok", icon="circle-check", word=percent)
    return Status(kind="mut", icon="circle-help", word=percent)


def _item(part: ItemPart) -> str:
    told = part.document or "An item that is gone"
    whose = f", {part.customer_name}" if part.customer_name else ""
    due = f", due {part.due.day} {part.due:%b}" if part.due else ""
    return f"{told}{whose}{due}"


def _note(part: ItemPart) -> str:
    if part.is_open is None:
        return "not there any more"
    if part.enough and part.is_open == part.settled:
        return ""
    return f"{words.money(part.is_open)} open"


def _rest(part: RestPart) -> str:
    told = REST.get(part.kind, words.phrase(part.kind))
    return f"{told} ({part.code})" if part.code else told
