"""Customers pay: for each plan the transactions that the bank shows, and the truth about them."""

from __future__ import annotations

from collections.abc import Callable

from bench.matching_world import texts
from bench.matching_world.documents import ENTITIES, Item, number_of
from bench.matching_world.draw import Draw, amount_text
from bench.matching_world.ledger import Ledger, Payer, Words
from bench.matching_world.parties import Party, iban
from bench.matching_world.plans import Plan

FEES = (500, 750, 1000, 1250, 1500, 1500, 1750, 2000, 2500, 3000)
RETURNS = ("AC04", "AM04", "MD06", "MS03", "AC01")
RETURN_WORDS = ("RETOURE", "RUECKLASTSCHRIFT", "RETURN", "Rückgabe", "REJET", "R-TRANSACTION")


class Customers:
    """`items` is everything that is open: a wrong reference names another document."""

    def __init__(self, draw: Draw, ledger: Ledger, items: list[Item]) -> None:
        self._draw, self._ledger, self._items = draw, ledger, items
        self._by_scenario: dict[str, Callable[[Plan], None]] = {
            "unpaid": lambda plan: None,
            "partial": self._partial,
            "instalment": self._instalments,
            "discount": self._discount,
            "discount_late": self._discount,
            "fee": self._fee,
            "fx_original": self._foreign,
            "fx_plain": self._foreign,
            "duplicate": self._duplicate,
            "reversal": self._reversal,
            "multi_all": self._several,
            "multi_truncated": self._several,
            "multi_none": self._several,
            "heavy_run": self._several,
            "credit_note": self._several,
        }

    def pay(self, plan: Plan) -> None:
        self._by_scenario.get(plan.scenario, self._whole)(plan)

    def _day(self, item: Item) -> int:
        usual = item.due + item.party.delay + self._draw.around(0, 2.5)
        return max(item.issue + 1, int(usual))

    def _payer(self, party: Party) -> Payer:
        draw = self._draw
        account = party.ibans[0] if draw.chance(0.85) else party.ibans[-1]
        if draw.chance(0.04):
            account = iban(draw, party.country)  # A new one, of which nobody told us.
        return Payer(draw.pick(party.shown), account)

    def _end_to_end(self, number: str) -> str:
        part = self._draw.part()
        if part < 0.55:
            return "NOTPROVIDED"
        if part < 0.85:
            return f"PAY{self._draw.digits(8)}"
        return "" if part < 0.96 else number[:35]

    def _words(self, item: Item, text: str, number: str = "") -> Words:
        return Words(text, "", self._end_to_end(number))

    def _clear(self, item: Item) -> Words:
        """Names the document as it is called."""
        draw = self._draw
        further = item.references.split()
        if item.entity == 3 and draw.chance(0.5):
            both = texts.wording(draw, item, item.number) if draw.chance(0.4) else ""
            return Words(both, further[-1], self._end_to_end(item.number))
        number = item.number
        if further and draw.chance(0.08):
            number = draw.pick(further)
        return self._words(item, texts.wording(draw, item, number), item.number)

    def _booked(self, item: Item, day: int, minor: int, words: Words) -> str:
        return self._ledger.book(item.entity, day, minor, self._payer(item.party), words)

    def _whole(self, plan: Plan) -> None:
        """One document, paid in full; what differs is what the payer says and who pays."""
        item = plan.items[0]
        day = self._day(item) if plan.day < 0 else plan.day
        payer, words = self._payer(item.party), self._said(plan.scenario, item, day)
        if plan.scenario == "shared_iban" and item.party.service:
            payer, words = self._by_service(item, item.party.service, words)
        elif plan.scenario == "parent_pays" and item.party.parent:
            payer = self._payer(item.party.parent)
        told = self._ledger.book(item.entity, day, item.open, payer, words)
        self._ledger.settle(plan.scenario, (told,), [(item, item.open)])

    def _said(self, scenario: str, item: Item, day: int) -> Words:
        draw, number = self._draw, item.number
        if scenario == "missing":
            return self._words(item, texts.nothing_said(draw, item, day))
        if scenario == "reformatted":
            return self._words(item, texts.wording(draw, item, texts.reformatted(draw, number)))
        if scenario == "typo":
            return self._words(item, texts.wording(draw, item, texts.mistyped(draw, number)))
        if scenario == "truncated":
            return self._words(item, texts.cut(draw, texts.wording(draw, item, number), number))
        if scenario == "wrong":
            return self._words(item, texts.wording(draw, item, self._other_number(item)))
        return self._clear(item)

    def _other_number(self, item: Item) -> str:
        """Mostly one long paid, copied from last time; else somebody's open one."""
        draw = self._draw
        if draw.chance(0.7):
            return number_of(item.entity, draw.between(100, 1900), max(0, item.issue - 90))
        for _ in range(20):
            other = draw.pick(self._items)
            if other.amount != item.amount and other.entity == item.entity and other.amount > 0:
                return other.number
        return number_of(item.entity, draw.between(100, 1900), item.issue)

    def _by_service(self, item: Item, service: Party, words: Words) -> tuple[Payer, Words]:
        """Its account stands for many; who really pays is in the name, the text, or nowhere."""
        draw, name = self._draw, item.party.shown[0]
        kind = draw.below(4)
        if kind == 0:
            shown, text = service.shown[0], f"{name} {words.text}"
        elif kind == 1:
            shown, text = f"{service.shown[0][:20]} o/b/o {name}"[:70], words.text
        else:
            shown, text = service.shown[0], words.text
        return Payer(shown, service.ibans[0]), words._replace(text=text[: texts.LONGEST])

    def _partial(self, plan: Plan) -> None:
        draw, item = self._draw, plan.items[0]
        way = draw.below(10)
        part = item.open * draw.between(20, 90) // 100
        if way < 3:
            part = item.open // 2
        elif way < 7 and part > 20_000:
            part = round(part, -4)
        part = min(max(1, part), item.open - 1)
        day = self._day(item)
        for minor in (part, item.open - part)[: 2 if draw.chance(0.5) else 1]:
            said = draw.chance(0.85)
            words = (
                self._clear(item)
                if said
                else self._words(item, texts.nothing_said(draw, item, day))
            )
            told = self._booked(item, day, minor, words)
            self._ledger.settle("partial", (told,), [(item, minor)])
            day += draw.between(7, 40)

    def _instalments(self, plan: Plan) -> None:
        draw = self._draw
        paid = len(plan.items) - (draw.between(1, 2) if draw.chance(0.2) else 0)
        for item in plan.items[:paid]:
            base, _, at = item.number.rpartition("/")
            text = texts.wording(draw, item, base)
            if draw.chance(0.6):
                text = f"{text} {draw.pick(('Rate', 'Instalment', 'Echéance'))} {item.share}"
            elif draw.chance(0.3):
                text = texts.wording(draw, item, f"{base}/{at}")
            told = self._booked(item, self._day(item), item.open, self._words(item, text, base))
            self._ledger.settle("instalment", (told,), [(item, item.open)])

    def _discount(self, plan: Plan) -> None:
        """Within its terms the discount belongs to the customer; later it stays owed."""
        draw, item = self._draw, plan.items[0]
        minor = item.open - item.discount
        if plan.scenario == "discount":
            day = item.until - draw.between(3, 5)
            told = self._booked(item, max(item.issue, day), minor, self._clear(item))
            self._ledger.settle(
                "discount", (told,), [(item, item.open)], ("discount", item.discount)
            )
            return
        told = self._booked(item, item.until + draw.between(5, 12), minor, self._clear(item))
        self._ledger.settle("discount_late", (told,), [(item, minor)])

    def _fee(self, plan: Plan) -> None:
        """Banks on the way took their fee: told by the bank, in the text, or not at all."""
        draw, item = self._draw, plan.items[0]
        usual = [fee for fee in FEES if fee * 8 <= item.open]
        if not usual:  # Nobody sends so little across a border that way.
            self._whole(Plan("exact", plan.items))
            return
        fee = draw.pick(usual)
        words = self._clear(item)
        kind = draw.below(10)
        if kind < 5:
            words = words._replace(charges=amount_text(fee, item.currency))
        elif kind < 7:
            told_fee = amount_text(fee, item.currency).replace(".", ",")
            words = words._replace(text=f"{words.text} /CHGS/{item.currency}{told_fee}/")
        told = self._booked(item, self._day(item), item.open - fee, words)
        self._ledger.settle("fee", (told,), [(item, item.open)], ("fee", fee))

    def _foreign(self, plan: Plan) -> None:
        """Paid in the invoice's currency, booked in the account's: the bank keeps a margin."""
        draw, item = self._draw, plan.items[0]
        ours, day = ENTITIES[item.entity].currency, self._day(item)
        middle = self._ledger.rates.exchanged(item.open, item.currency, ours, day)
        minor = max(1, middle - middle * draw.between(1, 120) // 10_000)
        words = self._clear(item)
        if plan.scenario == "fx_original":
            words = words._replace(original=(amount_text(item.open, item.currency), item.currency))
        elif draw.chance(0.2):
            words = self._words(item, texts.nothing_said(draw, item, day))
        told = self._booked(item, day, minor, words)
        self._ledger.settle(
            plan.scenario, (told,), [(item, item.open)], ("fx_difference", middle - minor)
        )

    def _duplicate(self, plan: Plan) -> None:
        """Paid twice: the second payment clears nothing, it is the customer's money.

        Never on the same day: which of the two was too much could nobody say.
        """
        draw, item = self._draw, plan.items[0]
        words, day = self._clear(item), self._day(item)
        told = self._booked(item, day, item.open, words)
        self._ledger.settle("exact", (told,), [(item, item.open)])
        if draw.chance(0.3):
            words = self._clear(item)
        again = self._booked(item, day + draw.between(4, 20), item.open, words)
        self._ledger.settle("duplicate", (again,), (), ("on_account", item.open))

    def _reversal(self, plan: Plan) -> None:
        """It came and went back; half of them pay again."""
        draw, item = self._draw, plan.items[0]
        words, payer, day = self._clear(item), self._payer(item.party), self._day(item)
        if draw.chance(0.7):
            words = words._replace(end_to_end=f"PAY{draw.digits(8)}")
        came = self._ledger.book(item.entity, day, item.open, payer, words)
        went = self._ledger.book(
            item.entity, day + draw.between(1, 8), -item.open, payer, returned(draw, words)
        )
        self._ledger.settle("reversal", (came, went))
        if draw.chance(0.5):
            again = self._ledger.book(
                item.entity, day + draw.between(10, 30), item.open, payer, self._clear(item)
            )
            self._ledger.settle("repaid", (again,), [(item, item.open)])

    def _several(self, plan: Plan) -> None:
        draw, items = self._draw, plan.items
        first = items[0]
        day = plan.day if plan.day >= 0 else max(self._day(item) for item in items)
        day = max(day, max(item.issue for item in items) + 1)
        numbers = [item.number for item in items]
        scenario, text = plan.scenario, texts.listed(draw, numbers)
        if scenario == "credit_note":
            text = self._netting(items, day)
        elif scenario in ("multi_none", "heavy_run"):
            text = texts.nothing_said(draw, first, day)
        elif scenario == "multi_truncated" or len(text) > texts.LONGEST:
            scenario, text = "multi_truncated", texts.list_cut(draw, numbers)
        total = sum(item.open for item in items)
        told = self._booked(first, day, total, self._words(first, text))
        self._ledger.settle(scenario, (told,), [(item, item.open) for item in items])

    def _netting(self, items: list[Item], day: int) -> str:
        """Names all, the invoices alone, or nothing."""
        draw = self._draw
        kind = draw.below(4)
        if kind == 3:
            return texts.nothing_said(draw, items[0], day)
        named = [one.number for one in items if kind < 2 or one.kind != "credit_note"]
        text = texts.listed(draw, named)
        return text if len(text) <= texts.LONGEST else texts.list_cut(draw, named)


def returned(draw: Draw, words: Words) -> Words:
    """What a bank writes when it sends money back: often a code, nearly always the old words."""
    reason = draw.pick(RETURNS) if draw.chance(0.6) else ""
    text = f"{draw.pick(RETURN_WORDS)} {words.text}" if draw.chance(0.85) else words.text
    kept = words.end_to_end if draw.chance(0.8) else ""
    return Words(text[: texts.LONGEST], words.structured, kept, reason=reason)
