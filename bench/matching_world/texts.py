"""How payers write: the wording around a document number, and what happens to the number."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bench.matching_world.documents import Item
from bench.matching_world.draw import GERMAN, ISO, Draw

LONGEST = 140
ONE = {
    "DE": ("Rechnung {n}", "Rg.Nr. {n} vom {d}", "{n}", "Re {n} Kd.Nr. {k}", "SVWZ+{n}",
           "Zahlung Rechnung {n}, vielen Dank", "RNR {n} BETRAG EUR {a}", "Beleg {n} / {d}"),
    "FR": ("FACTURE {n}", "Règlement facture {n}", "VIR {n}", "FACT {n} DU {d}", "{n}"),
    "IT": ("Pagamento fattura n. {n}", "SALDO FATT. {n} DEL {d}", "{n}"),
    "ES": ("Pago factura {n}", "FRA {n}", "{n}"),
    "NL": ("Betaling factuur {n}", "Factuurnr {n} klant {k}", "{n}"),
    "PL": ("Zapłata za fakturę {n}", "FV {n}", "{n}"),
    "FI": ("Lasku {n}", "{n}"),
    "GB": ("Invoice {n}", "INV {n}", "Payment of invoice {n} dated {i}", "/INV/{n}", "{n}",
           "Acct {k} inv {n}", "REF {n} THANK YOU"),
    "TR": ("Fatura {n} ödemesi", "{n}"),
}  # fmt: skip
NONE = {
    "DE": ("Zahlung lt. Avis", "Sammelüberweisung", "Danke", "Kd.Nr. {k}",
           "Ausgleich offener Posten", "Ihre Lieferung {m}", ""),
    "FR": ("Règlement", "VIREMENT {m}", "Merci", ""),
    "GB": ("Payment", "On account", "Per remittance advice", "Statement {m}", "Customer {k}", ""),
}  # fmt: skip
SPOKEN = {"AT": "DE", "CH": "DE", "US": "GB", "IN": "GB"}
MORE = ("u.a.", "and {n} more", "+{n}", "usw.", "...", "")


def wording(draw: Draw, item: Item, number: str) -> str:
    """One document in the payer's own habit."""
    party = item.party
    ways = ONE[SPOKEN.get(party.country, party.country)]
    way = ways[party.writes % len(ways)] if draw.chance(0.8) else draw.pick(ways)
    if way == "{n}":
        return number
    return way.format(
        n=number, d=GERMAN[item.issue], i=ISO[item.issue], k=party.id,
        a=f"{abs(item.open) // 100},{abs(item.open) % 100:02d}",
    )[:LONGEST]  # fmt: skip


def nothing_said(draw: Draw, item: Item, day: int) -> str:
    """Words that name no document."""
    spoken = SPOKEN.get(item.party.country, item.party.country)
    way = draw.pick(NONE.get(spoken, NONE["GB"]))
    return way.format(k=item.party.id, m=ISO[day][:7])


def reformatted(draw: Draw, number: str) -> str:
    """The same number as people retype it; one without any signs can only be grouped."""
    kind = 6 if number.isdigit() else draw.below(7)
    if kind == 0:
        return re.sub(r"[^0-9A-Za-z]", "", number)
    if kind == 1:
        return re.sub(r"[^0-9A-Za-z]", " ", number)
    if kind == 2:
        return number.lower().replace("-", "/")
    if kind == 3:  # Leading zeros dropped.
        return re.sub(r"(\D)0+(?=\d)", r"\1", number)
    if kind == 4:  # Letters apart: INV 0012345
        return re.sub(r"(?<=[A-Z])[-/]?(?=\d)", " ", number)
    if kind == 5:  # The serial alone, as the payer's clerk sees it.
        groups: list[str] = re.findall(r"\d+", number)
        return max(groups, key=len)
    digits = re.sub(r"[^0-9A-Za-z]", "", number)
    return " ".join(digits[at : at + 4] for at in range(0, len(digits), 4))


def mistyped(draw: Draw, number: str) -> str:
    """One slip in the last digits, where slips hurt."""
    places = [at for at, sign in enumerate(number) if sign.isdigit()][-6:]
    at = draw.pick(places)
    kind = draw.below(5)
    if (
        kind == 0
        and at + 1 < len(number)
        and number[at + 1].isdigit()
        and number[at + 1] != number[at]
    ):
        return f"{number[:at]}{number[at + 1]}{number[at]}{number[at + 2 :]}"
    if kind == 1:
        return number[:at] + number[at + 1 :]
    if kind == 2:
        return f"{number[:at]}{number[at]}{number[at:]}"
    if kind == 3 and "0" in number:
        return number.replace("0", "O", 1)
    other = str((int(number[at]) + draw.between(1, 9)) % 10)
    return f"{number[:at]}{other}{number[at + 1 :]}"


def cut(draw: Draw, text: str, number: str) -> str:
    """The text ends inside the number, as at the edge of a bank's field; or its start is lost."""
    lost = draw.between(1, 3)
    if draw.chance(0.25):
        return number[lost + 1 :]
    start = text.find(number)
    return text[: start + len(number) - lost]


def listed(draw: Draw, numbers: Sequence[str]) -> str:
    """Several documents; some write the common start once."""
    first, separator = numbers[0], draw.pick((", ", " ", "; ", " + ", ","))
    if draw.chance(0.12) and len(numbers) > 1:
        same = len(first) - 4
        if all(one[:same] == first[:same] for one in numbers):
            return separator.join((first, *(one[same:] for one in numbers[1:])))
    return draw.pick(("", "", "Invoices ", "Re. ", "FACT. ", "INV ")) + separator.join(numbers)


def list_cut(draw: Draw, numbers: Sequence[str]) -> str:
    """A list that does not say all: cut by the bank's field or ended by the payer."""
    if draw.chance(0.4) and len(numbers) > 2:
        told = draw.between(1, min(6, len(numbers) - 1))
        more = draw.pick(MORE).format(n=len(numbers) - told)
        return f"{listed(draw, numbers[:told])} {more}".strip()[:LONGEST]
    text = ", ".join(numbers)
    for width in (140, 105, 70, 35):
        if len(text) > width:
            return text[:width]
    return text[: max(8, len(text) - draw.between(4, 12))]
