"""What the company itself moves: providers' payouts, own payments one by one and in batches, and
what has no document at all."""

from __future__ import annotations

from bench.matching_world.documents import ENTITIES, Item
from bench.matching_world.draw import ISO, Draw, amount_text
from bench.matching_world.ledger import Ledger, Payer, Words
from bench.matching_world.parties import Party, iban, made_name
from bench.matching_world.payments import returned
from bench.matching_world.plans import ISSUED_UNTIL, Plan

PROVIDERS = (
    ("Stripe Payments Europe Ltd", "po_1", "STRIPE {n}"),
    ("Adyen N.V.", "TX", "ADYEN BATCH {b} {n}"),
    ("Mollie B.V.", "stl_", "Mollie settlement {n}"),
    ("PayPal (Europe) S.a.r.l. et Cie", "PP", "PAYPAL AUSZAHLUNG {n}"),
)
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789abcdefghijkmnopqrstuvwxyz"
NOISE = (
    ("Eigene Bank AG", "Kontoführungsentgelt Q{q}", -45, 9),
    ("Eigene Bank AG", "ENTGELT AUSLANDSZAHLUNG", -1500, 300),
    ("Eigene Bank AG", "Zinsen {m}", 12_000, 9_000),
    ("Finanzamt Mitte", "UST {m} St-Nr 37/123/45678", -8_400_000, 3_000_000),
    ("Lohn und Gehalt", "LOHN/GEHALT {m}", -42_000_000, 4_000_000),
    ("Stadtwerke", "Abschlag Strom Vertrag 88123{q}", -230_000, 9_000),
    ("Cash Pool Master", "ZBA SWEEP {d}", 50_000_000, 20_000_000),
    ("Cash Pool Master", "ZBA FUNDING {d}", -50_000_000, 20_000_000),
    ("Helga Wöhrmann", "Spende Sommerfest", 5_000, 2_000),
    ("Versicherung a.G.", "Erstattung Schaden 20{q}/4711", 312_000, 90_000),
    ("Krankenkasse", "Erstattung AAG {m}", 240_000, 80_000),
    ("Amazon EU SARL", "Retoure Bestellung 302-{x}", 12_900, 6_000),
)


class Company:
    def __init__(self, draw: Draw, customers: list[Party]) -> None:
        self._draw, self._customers = draw, customers
        self._suppliers = [self._supplier(at) for at in range(max(40, len(customers) // 8))]
        self._providers = [
            (Party(draw, f"P{at}", name, "NL" if at else "DE"), start, way)
            for at, (name, start, way) in enumerate(PROVIDERS)
        ]
        self._batches = 0

    def _supplier(self, at: int) -> Party:
        country = self._draw.pick(("DE", "FR", "NL", "GB", "AT", "IT"))
        return Party(self._draw, f"L{70_000 + at * 3}", made_name(self._draw, country), country)

    def plan(self, scenario: str) -> Plan:
        """The documents; noise has none."""
        draw, entity = self._draw, self._draw.below(len(ENTITIES))
        day = draw.below(ISSUED_UNTIL + 30)
        if scenario == "noise":
            return Plan(scenario, [], day)
        if scenario == "psp_payout":
            return Plan(scenario, [self._payout(entity, day)], day)
        if scenario.startswith("batch"):
            return self._batch(scenario, entity, day)
        return Plan(scenario, [self._own(entity, day)], day)

    def _payout(self, entity: int, day: int) -> Item:
        draw = self._draw
        provider, start, _ = draw.pick(self._providers)
        amount = int(100 * draw.lognormal(8.2, 0.9))
        item = Item("psp_payout", provider, entity, amount, day, day + draw.between(1, 3))
        item.number = start + "".join(draw.pick(LETTERS) for _ in range(14))
        item.references = f"{draw.between(100, 999)}"
        return item

    def _own(self, entity: int, day: int) -> Item:
        draw = self._draw
        party, amount = draw.pick(self._suppliers), int(100 * draw.lognormal(6.8, 1.2)) + 100
        item = Item("own_payment", party, entity, -amount, day, day)
        item.number = f"NOS{draw.digits(10)}"
        return item

    def _batch(self, scenario: str, entity: int, day: int) -> Plan:
        draw = self._draw
        self._batches += 1
        name = f"B{ISO[day].replace('-', '')}-{self._batches:05d}"
        if scenario == "batch_gross" and draw.chance(0.2):  # An ERP that tells the sum alone.
            amount = int(100 * draw.lognormal(9.5, 0.8)) + 100
            whole = Item("payment_batch", draw.pick(self._suppliers), entity, -amount, day, day)
            whole.number = whole.batch = name
            return Plan(scenario, [whole], day)
        count = draw.between(4, 30) if scenario != "batch_accepted" else draw.between(5, 22)
        items = [self._own(entity, day) for _ in range(count)]
        for item in items:
            item.batch = name
        return Plan(scenario, items, day)

    def move(self, ledger: Ledger, plan: Plan) -> None:
        by = {"noise": self._noise, "psp_payout": self._paid_out, "own_payment": self._paid,
              "own_returned": self._bounced}  # fmt: skip
        by.get(plan.scenario, self._batch_booked)(ledger, plan)

    def _paid_out(self, ledger: Ledger, plan: Plan) -> None:
        draw, item = self._draw, plan.items[0]
        way = next(way for party, _, way in self._providers if party is item.party)
        text = way.format(n=item.number, b=item.references)
        if draw.chance(0.15):
            text = text.split(" ")[0]
        payer = Payer(item.party.shown[0], item.party.ibans[0])
        told = ledger.book(item.entity, item.due, item.open, payer, Words(text))
        ledger.settle("psp_payout", (told,), [(item, item.open)])

    def _order(self, item: Item) -> tuple[Payer, Words]:
        """A payment of ours as the bank shows it; some banks keep our id only in the text."""
        draw, part = self._draw, self._draw.part()
        words = Words(f"Invoice {draw.digits(6)}", "", item.number)
        if part < 0.12:
            words = Words(f"EREF+{item.number} SVWZ+Rechnung {draw.digits(6)}")
        elif part < 0.2:
            words = words._replace(end_to_end="NOTPROVIDED")
        return Payer(draw.pick(item.party.shown), item.party.ibans[0]), words

    def _paid(self, ledger: Ledger, plan: Plan) -> None:
        item = plan.items[0]
        payer, words = self._order(item)
        told = ledger.book(item.entity, plan.day + self._draw.below(3), item.open, payer, words)
        ledger.settle("own_payment", (told,), [(item, item.open)])

    def _bounced(self, ledger: Ledger, plan: Plan) -> None:
        """It left and came back: the account was closed."""
        draw, item = self._draw, plan.items[0]
        payer, words = self._order(item)
        day = plan.day + draw.below(2)
        left = ledger.book(item.entity, day, item.open, payer, words)
        back = ledger.book(
            item.entity, day + draw.between(1, 5), -item.open, payer, returned(draw, words)
        )
        ledger.settle("own_returned", (left, back))

    def _batch_booked(self, ledger: Ledger, plan: Plan) -> None:
        """One debit for many payments: all, those the bank took, or all and its charges."""
        draw, items = self._draw, plan.items
        if plan.scenario == "batch_accepted":
            refused = set(draw.sample(range(len(items)), draw.between(1, min(3, len(items) // 4))))
            items = [item for at, item in enumerate(items) if at not in refused]
        total, first = sum(item.open for item in items), items[0]
        currency = ENTITIES[first.entity].currency
        charges = len(items) * draw.pick((10, 15, 20)) if plan.scenario == "batch_charges" else 0
        count = f" {len(items)} POSTEN" if draw.chance(0.6) and not first.kind.endswith("h") else ""
        text = f"SAMMLER{count}"
        end_to_end = first.batch if draw.chance(0.6) else ""
        if draw.chance(0.3):
            text = f"{text} {first.batch}"
        words = Words(
            text, "", end_to_end, charges=amount_text(charges, currency) if charges else ""
        )
        told = ledger.book(first.entity, plan.day, total - charges, Payer("", ""), words)
        settled = [(item, item.open) for item in items]
        adjusted = ("fee", charges) if charges else None
        ledger.settle(plan.scenario, (told,), settled, adjusted)

    def _noise(self, ledger: Ledger, plan: Plan) -> None:
        """Fees, wages, taxes, sweeps; and customers who pay for what is not in our list yet."""
        draw, entity, day = self._draw, self._draw.below(len(ENTITIES)), plan.day
        if draw.chance(0.2):
            party = draw.pick(self._customers)
            payer = Payer(draw.pick(party.shown), party.ibans[0])
            amount = int(100 * draw.lognormal(party.scale, 1.1)) + 100
            words = Words(f"{draw.pick(('Vorkasse', 'Prepayment', 'Auftrag'))} {draw.digits(6)}")
            told = ledger.book(party.entity, day, amount, payer, words)
        else:
            name, text, mean, deviation = draw.pick(NOISE)
            amount = int(draw.around(mean, deviation))
            amount = amount if amount * mean > 0 else mean
            text = text.format(q=day // 90 + 1, m=ISO[day][:7], d=ISO[day], x=draw.digits(7))
            payer = Payer(name, iban(draw, "DE") if draw.chance(0.7) else "")
            told = ledger.book(entity, day, amount, payer, Words(text))
        ledger.settle("noise", (told,))
