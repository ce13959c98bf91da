"""Payment runs as two ERPs of one group export them, with payments made twice by mistake.

Everything is drawn from a seed. Beside each planted duplicate stands what became of the original;
beside them everything that looks like a duplicate and is none: rents, instalments, partial
payments, one amount for many invoices.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, timedelta

import msgspec

from nostro.domain.money import Money
from nostro.domain.order import OrderState
from nostro.domain.policies.duplicates import EarlierPayment

FIRST = date(2025, 11, 3)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One payment in the order in which they came. `kind` is what was done to it; `twin` the number
    of the payment that it repeats, or "" where it is a payment of its own."""

    payment: EarlierPayment
    kind: str
    twin: str = ""


class Exports:
    """Runs of two ERPs, drawn from a seed."""

    def __init__(self, seed: int, payees: int = 150) -> None:
        self.dice = random.Random(seed)
        self.rows: list[Row] = []
        self.payees = [self._payee(number) for number in range(payees)]

    def _payee(self, number: int) -> tuple[str, str, str]:
        """Its number in either ERP, and its account."""
        account = f"DE{self.dice.randrange(10, 98)}{self.dice.randrange(10**17, 10**18)}"
        return f"V{10_000 + number}", f"{700_000 + number}", account

    def add(
        self, kind: str, like: EarlierPayment | None = None, **changes: object
    ) -> EarlierPayment:
        """One more payment: a new one, or an earlier one again with some changes."""
        number = f"PAY-{len(self.rows) + 1:05d}"
        base = like or self.ordinary()
        made = msgspec.structs.replace(base, number=number, **changes)
        repeats = like.number if like and not kind.startswith("not: ") else ""
        self.rows.append(Row(payment=made, kind=kind, twin=repeats))
        return made

    def ordinary(self) -> EarlierPayment:
        dice = self.dice
        payee, _, account = dice.choice(self.payees)
        return EarlierPayment(
            number="",
            source="sap",
            payee_number=payee,
            account=account,
            amount=Money(
                dice.randrange(15_00, 40_000_00), dice.choice(["EUR", "EUR", "EUR", "USD"])
            ),
            requested_date=FIRST + timedelta(days=dice.randrange(300)),
            state=OrderState.SETTLED,
            invoices=(self.invoice(),),
        )

    def invoice(self) -> str:
        dice = self.dice
        number, year = dice.randrange(1000, 10**6), dice.choice([2024, 2025])
        shapes = (
            f"{number:08d}", f"RE-{number}", f"INV{number:07d}", f"{year}/{number:06d}",
            f"R{year}-{number}", f"{number}-{dice.choice('ABC')}", f"FA {number}", f"{number}",
            f"{dice.choice('KLMTX')}{number}", f"RG-{year}-{number}",
        )  # fmt: skip
        return dice.choice(shapes)

    def duplicate(self, kind: str, of: EarlierPayment) -> None:
        dice, later = self.dice, timedelta(days=self.dice.randrange(1, 40))
        (written,) = of.invoices
        changes: dict[str, object] = {"requested_date": of.requested_date + later}
        if kind == "the same in another ERP, another payee number":
            other = next(other for first, other, _ in self.payees if first == of.payee_number)
            changes |= {"source": "netsuite", "payee_number": other}
        elif kind in MUTATIONS:
            changes |= {"source": dice.choice(["sap", "netsuite"])}
            changes["invoices"] = (MUTATIONS[kind](dice, written),)
        self.add(kind, of, **changes)


def _swapped(dice: random.Random, text: str) -> str:
    pairs = [(at, text[at : at + 2]) for at in range(len(text) - 1)]
    places = [at for at, pair in pairs if pair.isdigit() and pair[0] != pair[1] and "0" not in pair]
    if not places:
        return text
    at = dice.choice(places)
    return f"{text[:at]}{text[at + 1]}{text[at]}{text[at + 2 :]}"


def _blank(dice: random.Random, text: str) -> str:
    at = dice.randrange(1, len(text))
    return f"{text[:at]} {text[at:]}"


def _digits_at(text: str) -> list[int]:
    return [at for at, sign in enumerate(text) if sign.isdigit()]


def _mistyped(dice: random.Random, text: str) -> str:
    at = _digits_at(text)[-dice.randrange(1, 4)]
    return f"{text[:at]}{(int(text[at]) + dice.randrange(1, 9)) % 10}{text[at + 1 :]}"


def _left_out(dice: random.Random, text: str) -> str:
    at = _digits_at(text)[-dice.randrange(1, 4)]
    return f"{text[:at]}{text[at + 1 :]}"


def _prefixed(dice: random.Random, text: str) -> str:
    prefix = dice.choice(["INV-", "RE ", "Rg.Nr. ", "Invoice no. "])
    return f"{prefix}{text}" if text[0].isdigit() else text.lower()


def _zeros(dice: random.Random, text: str) -> str:
    return f"{'0' * dice.randrange(1, 6)}{text}" if text[0].isdigit() else text


def _punctuated(dice: random.Random, text: str) -> str:
    return text.replace("-", "/").replace("/", dice.choice([".", "", " "]))


MUTATIONS: dict[str, Callable[[random.Random, str], str]] = {
    "prefix added": _prefixed,
    "leading zeros": _zeros,
    "other punctuation": _punctuated,
    "small letters": lambda _, text: text.lower(),
    "blank within": _blank,
    "O for 0": lambda _, text: text.replace("0", "O"),
    "two signs swapped": _swapped,
    "one digit mistyped": _mistyped,
    "one digit left out": _left_out,
}
DUPLICATES = (
    "the same again",
    "the same in another ERP, another payee number",
    *MUTATIONS,
)


def exports(seed: int, ordinary: int = 4000, of_each: int = 60) -> list[Row]:
    """Payments of a year in the order in which they came."""
    made = Exports(seed)
    originals = [made.add("ordinary") for _ in range(ordinary)]
    for kind in DUPLICATES:
        for of in made.dice.sample(originals, of_each):
            made.duplicate(kind, of)
    _without_invoice(made, of_each)
    _no_duplicates(made, of_each)
    return made.rows


def _without_invoice(made: Exports, count: int) -> None:
    for _ in range(count):
        first = made.add("ordinary", invoices=())
        made.add("again without any invoice, the same day", first, source="netsuite")


def _no_duplicates(made: Exports, count: int) -> None:
    """What is paid again and again and is right."""
    dice = made.dice
    for number in range(count // 10):
        rent, start = made.ordinary(), FIRST.replace(day=dice.randrange(1, 29))
        for month in range(12):
            years, months = divmod(start.month + month - 1, 12)
            on = start.replace(year=start.year + years, month=months + 1)
            named = (f"RENT {on:%m/%Y}",) if number % 2 else ()
            made.add("not: monthly rent", rent, requested_date=on, invoices=named)
    for _ in range(count):
        whole, base = made.invoice(), made.ordinary()
        for part in range(1, 4):
            on = base.requested_date + timedelta(days=30 * part)
            made.add("not: instalment", base, requested_date=on, invoices=(f"{whole} {part}/3",))
    for _ in range(count):
        base, first = made.ordinary(), dice.randrange(10_000, 90_000)
        for step in range(3):
            made.add("not: one price, numbers in a row", base, invoices=(f"{first + step}",))
    for _ in range(count):
        base = made.ordinary()
        third = Money(base.amount.minor // 3 + 1, base.amount.currency)
        made.add("not: partial payment", base)
        made.add("not: partial payment", base, amount=third)
    for _ in range(count):
        base, other = made.ordinary(), made.ordinary()
        while other.payee_number == base.payee_number:
            other = made.ordinary()
        made.add("not: one invoice number of two payees", base)
        made.add(
            "not: one invoice number of two payees",
            other,
            invoices=base.invoices,
            amount=base.amount,
        )
