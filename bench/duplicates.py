"""How many payments made twice are found in real exports of accounts payable, changed by seed.

    make bench-duplicates EXPORTS=folder       each folder in it is one export: *.csv of one ledger
    make bench-duplicates EXPORTS=folder EACH=1000 SEED=7

An export says for each line the supplier's number, his invoice's number, an amount and a day, as
public bodies in Britain publish it ("spend over 500"). Nothing of it is stored. Some payments are
made again with changes, and each is compared with all before it, as when payments come in: found
is one that is held and names the payment that it repeats, or as many others as are named at most.
What is held of the export as it is are false alarms, or mistakes of its people; nobody here knows
which. Both are told with and without the rule for routine amounts.
"""

from __future__ import annotations

import csv
import os
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from nostro.domain.money import Money  # noqa: E402
from nostro.domain.order import OrderState  # noqa: E402
from nostro.domain.policies.duplicates import (  # noqa: E402
    TOLD_MAX,
    DuplicateRules,
    EarlierPayment,
    PaidBefore,
    findings,
    invoice_key,
)
from tests.ap_exports import MUTATIONS  # noqa: E402

EACH = int(os.environ.get("EACH", "1000"))
SEED = int(os.environ.get("SEED", "20261123"))
# What the columns of such exports are called, in small letters without anything else.
NAMES = {
    "payee": ("addressbookno", "supplierid", "supplierno", "vendornumber", "vendorid"),
    "invoice": ("invoiceno", "invoicenumber", "supplierinvoicenumber"),
    "amount": ("invoicedvalue", "netamount", "amount", "value", "invoiceamount"),
    "day": ("gldate", "date", "paymentdate", "invoicedate"),
}
WRITTEN = ("prefix added", "leading zeros", "other punctuation", "small letters", "blank within")
TAX = 6, 5  # Britain adds 20 %.
ORDER = SAME, OTHERWISE, SWAPPED = "its number again", "written otherwise", "two signs swapped"
Changes = dict[str, Any] | None


def _otherwise(dice: random.Random, of: EarlierPayment) -> Changes:
    return _written(dice, of, dice.choice(WRITTEN))


def _written(dice: random.Random, of: EarlierPayment, how: str) -> Changes:
    (written,) = of.invoices
    other = MUTATIONS[how](dice, written) if len(written) > 1 else written
    return None if other == written else {"invoices": (other,)}


def _taxed(of: EarlierPayment, times: int, by: int) -> Changes:
    return {"amount": Money(of.amount.minor * times // by, of.amount.currency)}


KINDS: dict[str, Callable[[random.Random, EarlierPayment], Changes]] = {
    "the same invoice from another source": lambda _, of: {"source": "portal"},
    "its number written otherwise": _otherwise,
    "two digits swapped": lambda dice, of: _written(dice, of, "two signs swapped"),
    "one digit mistyped": lambda dice, of: (
        _written(dice, of, "one digit mistyped") if _digits(of) > 2 else None
    ),
    "another day, up to 300 days later": lambda dice, of: {
        "requested_date": of.requested_date + timedelta(days=dice.randrange(1, 300))
    },
    "another record of the supplier, the same account": lambda _, of: {
        "payee_number": f"second {of.payee_number}"
    },
    "amount with the tax": lambda _, of: _taxed(of, *TAX),
    "amount without the tax": lambda _, of: _taxed(of, *reversed(TAX)),
}


def _digits(of: EarlierPayment) -> int:
    return sum(sign.isdigit() for sign in of.invoices[0])


_DAY_FORMS = ("%Y-%m-%d", "%d/%m/%Y")


class Paid(msgspec.Struct, frozen=True):
    """A payment as it comes in; where we made it, its kind and the number that it repeats."""

    payment: EarlierPayment
    day: date
    kind: str = ""
    twin: str = ""


class Line(msgspec.Struct, frozen=True):
    """One line of a ledger; those of one invoice on one day are one payment."""

    payee: str
    invoice: str
    day: date
    pence: int


def main() -> int:
    folder = Path(os.environ.get("EXPORTS", ""))
    if not os.environ.get("EXPORTS") or not folder.is_dir():
        print("Skipped: EXPORTS names no folder with exports. See docs/benchmarks.md.")
        return 0
    for export in sorted(path for path in folder.iterdir() if path.is_dir()):
        payments = read(export)
        if payments:
            tell(export.name, payments)
        else:
            print(f"{export.name}: no lines with supplier, invoice, amount and day were found.")
    return 0


def tell(name: str, payments: Sequence[EarlierPayment]) -> None:
    """One table an export."""
    dice = random.Random(SEED)
    repeats = [one for kind in KINDS for one in again(dice, kind, payments)]
    stream = sorted([Paid(one, one.requested_date) for one in payments] + repeats,
                    key=lambda paid: paid.day)  # fmt: skip
    rules, plain = DuplicateRules(), DuplicateRules(routine_from=0)
    counted, without = count(stream, rules), count(stream, plain)
    first, last = payments[0].requested_date, payments[-1].requested_date
    payees = len({one.payee_number for one in payments})
    table = Table("what was done", "payments", "found", "missed", "found, no amount routine")
    for kind in KINDS:
        made = sum(one.kind == kind for one in repeats)
        found, all_found = counted[kind], without[kind]
        table.add_row(kind, f"{made:,}", f"{found:,}", f"{made - found:,}", f"{all_found:,}")
    for kind in (SAME, OTHERWISE, SWAPPED):
        held = f"{counted[kind]:,}", f"{without[kind]:,}"
        table.add_row(f"as exported, {kind}", f"{len(payments):,}", f"held {held[0]}", "", held[1])
    console = Console(width=120)
    console.print(f"{name}: {len(payments):,} payments to {payees:,} payees, {first} to {last}")
    console.print(table)


def again(dice: random.Random, kind: str, payments: Sequence[EarlierPayment]) -> Iterator[Paid]:
    """Payments that were made, once more some weeks later."""
    made = 0
    while made < min(EACH, len(payments)):
        of = dice.choice(payments)
        on = of.requested_date + timedelta(days=dice.randrange(1, 40))
        changes = KINDS[kind](dice, of)
        if changes is None:
            continue  # Its number cannot be written in that way.
        number = f"AGAIN-{kind}-{made}"
        changed = {"number": number, "requested_date": on, **changes}
        yield Paid(
            msgspec.structs.replace(of, **changed), changed["requested_date"], kind, of.number
        )
        made += 1


def count(stream: Iterable[Paid], rules: DuplicateRules) -> Counter[str]:
    """Of each kind how many are found; of the export's own how many are held, and for what."""
    before, counted = PaidBefore(), Counter[str]()
    for paid in stream:
        told = findings(paid.payment, before, rules)
        like = {one.number: one for one in before.like(paid.payment)} if told else {}
        before.add(paid.payment)
        named = {one.refers_to for one in told}
        if paid.kind:
            counted[paid.kind] += paid.twin in named or len(told) == TOLD_MAX
        elif own := [like[number] for number in named if not number.startswith("AGAIN")]:
            counted[min((_likeness(paid.payment, one) for one in own), key=ORDER.index)] += 1
    return counted


def _likeness(payment: EarlierPayment, other: EarlierPayment) -> str:
    (mine,), (theirs,) = payment.invoices, other.invoices
    if mine == theirs:
        return SAME
    return OTHERWISE if invoice_key(mine) == invoice_key(theirs) else SWAPPED


def read(export: Path) -> list[EarlierPayment]:
    """The payments of one export in the order of their days."""
    sums = Counter[tuple[date, str, str]]()
    for path in sorted(export.glob("*.csv")):
        for line in lines(path):
            sums[line.day, line.payee, line.invoice] += line.pence
    paid = sorted((*key, pence) for key, pence in sums.items() if pence > 0)
    return [
        EarlierPayment(
            number=f"PAY-{at:07d}",
            source="ledger",
            payee_number=payee,
            account=f"account of {payee}",
            amount=Money(pence, "GBP"),
            requested_date=day,
            state=OrderState.SETTLED,
            invoices=(invoice,),
        )
        for at, (day, payee, invoice, pence) in enumerate(paid)
    ]


def lines(path: Path) -> Iterator[Line]:
    """The lines of one file that say all that is needed."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        rows = csv.reader(file)
        at = _columns(next(rows, []))
        for row in rows if at else ():
            if len(row) <= max(at.values()):
                continue
            day, pence = _day(row[at["day"]]), _pence(row[at["amount"]])
            payee, invoice = row[at["payee"]].strip(), row[at["invoice"]].strip()
            if day and pence is not None and payee and invoice:
                yield Line(payee, invoice, day, pence)


def _columns(heading: Sequence[str]) -> dict[str, int]:
    """Where each thing stands; nothing, if one of them stands nowhere."""
    plain = ["".join(sign for sign in name.lower() if sign.isalnum()) for name in heading]
    found = {}
    for what, names in NAMES.items():
        if places := [plain.index(name) for name in names if name in plain]:
            found[what] = places[0]
    return found if NAMES.keys() == found.keys() else {}


def _day(text: str) -> date | None:
    for form in _DAY_FORMS:
        try:
            return datetime.strptime(text.strip(), form).date()  # noqa: DTZ007
        except ValueError:
            continue
    return None


def _pence(text: str) -> int | None:
    try:
        return int(Decimal(text.replace(",", "").replace("£", "").strip()) * 100)
    except (InvalidOperation, ValueError):
        return None


if __name__ == "__main__":
    sys.exit(main())
