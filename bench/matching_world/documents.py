"""What is open: documents of five legal entities, each with its own way of numbering."""

from __future__ import annotations

from typing import NamedTuple

from bench.matching_world.draw import ISO, MONTH, YEAR, Draw, amount_text
from bench.matching_world.parties import Party


class Entity(NamedTuple):
    name: str
    currency: str
    accounts: tuple[str, ...]
    weight: int


ENTITIES = (
    Entity("NORD", "EUR", ("NORD-EUR-1", "NORD-EUR-2"), 6),
    Entity("SUD", "EUR", ("SUD-EUR-1",), 4),
    Entity("ALBA", "GBP", ("ALBA-GBP-1",), 3),
    Entity("CENTRA", "EUR", ("CENTRA-EUR-1",), 4),
    Entity("WEST", "USD", ("WEST-USD-1",), 3),
)
ENTITY_DRAW = tuple(at for at, one in enumerate(ENTITIES) for _ in range(one.weight))
COLUMNS = (
    "id", "kind", "entity", "number", "references", "party_id", "parent_party_id", "party_name",
    "party_ibans", "amount", "open_amount", "currency", "issue_date", "due_date",
    "discount_amount", "discount_until", "batch_id",
)  # fmt: skip


class Item:
    """One open item; days are numbers, amounts minor units in the sign the bank would show."""

    __slots__ = (
        "amount", "batch", "currency", "discount", "due", "entity", "id", "issue", "kind",
        "number", "open", "party", "references", "share", "until",
    )  # fmt: skip

    def __init__(self, kind: str, party: Party, entity: int, amount: int, issue: int, due: int):
        self.kind, self.party, self.entity = kind, party, entity
        self.amount = self.open = amount
        self.issue, self.due = issue, due
        self.currency = ENTITIES[entity].currency
        self.id = self.number = self.references = self.batch = ""
        self.discount, self.until = 0, -1
        self.share = ""  # "2/6" of an instalment

    def row(self) -> tuple[str, ...]:
        party, currency = self.party, self.currency
        return (
            self.id, self.kind, ENTITIES[self.entity].name, self.number, self.references,
            party.id, party.parent.id if party.parent else "", party.name, party.known,
            amount_text(self.amount, currency), amount_text(self.open, currency), currency,
            ISO[self.issue], ISO[self.due],
            amount_text(self.discount, currency) if self.discount else "",
            ISO[self.until] if self.until >= 0 else "", self.batch,
        )  # fmt: skip


def number_of(entity: int, serial: int, day: int, *, credit: bool = False) -> str:
    """Five formats: year and zeros, year and month, prefix, bare ten digits, check digit."""
    if entity == 0:
        return f"{'GS' if credit else 'RE'}-{YEAR[day]}-{serial:06d}"
    if entity == 1:
        return f"{'AV' if credit else 'FA'}{YEAR[day] % 100}{MONTH[day]:02d}/{serial:05d}"
    if entity == 2:
        return f"{'CRN' if credit else 'INV'}{serial:07d}"
    if entity == 3:
        return str((1_900_000_000 if credit else 1_800_000_000) + serial)
    check = sum(int(digit) * at for at, digit in enumerate(str(serial), 2)) % 10
    return f"{'C' if credit else 'W'}-{serial:05d}-{check}"


def creditor_reference(digits: str) -> str:
    """ISO 11649: RF, two check digits, the number."""
    return f"RF{98 - int(digits + '271500') % 97:02d}{digits}"


def give_numbers(draw: Draw, items: list[Item]) -> None:
    """Numbers run with the issue date over all customers, so that neighbours are alike."""
    serials = [draw.between(2_000, 90_000) for _ in ENTITIES]
    for item in sorted(items, key=lambda one: one.issue):
        if item.number:
            continue
        entity = item.entity
        serials[entity] += 1 if draw.chance(0.9) else draw.between(2, 6)
        item.number = number_of(
            entity, serials[entity], item.issue, credit=item.kind == "credit_note"
        )
        further = []
        if draw.chance(0.3):
            further.append(f"SO{serials[entity] * 3 + 100_000}")
        if draw.chance(0.2):
            further.append(f"45{draw.digits(8)}")
        if entity == 3:
            further.append(creditor_reference(item.number))
        item.references = " ".join(further)


def give_ids(draw: Draw, items: list[Item]) -> None:
    """Ids tell nothing: neither what belongs together nor the order of making."""
    numbers = list(range(len(items)))
    draw.shuffle(numbers)
    for item, number in zip(items, numbers, strict=True):
        item.id = f"i{number:07d}"
