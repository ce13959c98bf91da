"""Who pays: customers of very different size, groups, payment services, and how banks show them."""

from __future__ import annotations

from bench.matching_world.draw import Draw

# Countries by how the party is named there; legal forms as registers write them.
FORMS = {
    "DE": ("GmbH", "GmbH & Co. KG", "AG", "e.K.", "KG", "UG (haftungsbeschränkt)", "OHG"),
    "AT": ("GmbH", "Ges.m.b.H.", "AG"),
    "CH": ("AG", "GmbH", "Sàrl"),
    "FR": ("SARL", "SAS", "S.A.", "EURL"),
    "NL": ("B.V.", "N.V.", "V.O.F."),
    "IT": ("S.r.l.", "S.p.A.", "S.n.c."),
    "ES": ("S.L.", "S.A.", "S.L.U."),
    "PL": ("Sp. z o.o.", "S.A."),
    "FI": ("Oy", "Oyj"),
    "GB": ("Ltd", "Limited", "PLC", "LLP"),
    "US": ("Inc.", "LLC", "Corp.", "Co."),
    "IN": ("Pvt. Ltd.", "Limited"),
    "TR": ("A.Ş.", "Ltd. Şti."),
}
TRADES = {
    "DE": ("Maschinenbau", "Großhandel", "Möbelhäuser", "Getränkehandel", "Logistik", "Bäckerei",
           "Küchentechnik", "Elektro", "Bauunternehmung", "Gesundheitsdienste", "Söhne"),
    "FR": ("Équipements", "Travaux Publics", "Distribution", "Frères", "Pâtisserie", "Services"),
    "IT": ("Costruzioni", "Forniture", "Fratelli", "Logistica", "Qualità"),
    "ES": ("Construcciones", "Suministros", "Hermanos", "Señalización", "Transportes"),
    "NL": ("Groothandel", "Bouw", "Techniek", "Zonen", "Transport"),
    "PL": ("Usługi Budowlane", "Hurtownia", "Spożywcza", "Transport", "Łożyska"),
    "FI": ("Rakennus", "Tukku", "Huolto", "Yhtiöt"),
    "GB": ("Trading", "Holdings", "Engineering", "Foods", "& Sons", "Logistics", "Interiors"),
    "TR": ("İnşaat", "Gıda", "Dış Ticaret", "Sanayi"),
}  # fmt: skip
SPEAKS = {"AT": "DE", "CH": "DE", "US": "GB", "IN": "GB"}
STEMS = {
    "DE": ("Müll er", "Köh ler", "Bran dt", "Wei ß", "Schrö der", "Hol stein", "Kron berg",
           "Fürst en"),
    "FR": ("Lefè vre", "Gir ard", "Mor eau", "Château neuf", "Bel lanc er", "Dup ont",
           "Franç oise"),
    "IT": ("Ros setti", "Bian chi", "Mon tever di", "Gal lo", "Fer rari no", "Conti ni"),
    "ES": ("Nú ñez", "Gar cía", "Mon tero", "Ibá ñez", "Agui lar", "Serra no"),
    "NL": ("Van Dij k", "De Vri es", "Jans sen", "Haar lem", "Noor den", "Ijs sel"),
    "PL": ("Kowal ski", "Wiś niew", "Dąb row", "Zieliń ski", "Wójci k"),
    "FI": ("Mäki nen", "Kor hon en", "Lehti mäki", "Salo nen"),
    "GB": ("Hart ley", "O'Con nor", "Whit field", "Ash worth", "Pem berton", "Clay ton"),
    "TR": ("Yıl maz", "Öz türk", "Şa hin", "Çe lik", "Ka ya"),
}  # fmt: skip
MIDDLES = (
    "an", "el", "or", "in", "ar", "un", "os", "ber", "lin", "ta", "mar", "vo", "ni", "sa", "ro",
    "ke", "ha", "du", "wen", "ka", "lo", "fe", "ri",
)  # fmt: skip
# SEPA first: there a payment in euro arrives whole; elsewhere banks on the way take fees.
SEPA = ("DE", "AT", "FR", "NL", "IT", "ES", "FI")
COUNTRIES: tuple[str, ...] = (
    ("DE",) * 30 + ("FR",) * 14 + ("NL", "AT", "IT", "ES") * 6 + ("FI", "CH", "PL") * 4
)
COUNTRIES += ("GB",) * 14 + ("US",) * 12 + ("IN", "TR") * 2
LENGTHS = {"DE": 18, "AT": 16, "FR": 23, "NL": 14, "IT": 23, "ES": 20, "FI": 14, "CH": 17,
           "PL": 24, "GB": 18, "TR": 22}  # fmt: skip
SERVICES = ("PayBridge Services S.A.", "Novitas Payment Solutions GmbH", "ClearPay Agent Ltd",
            "Factofrance Encaissements", "Treasury Pool Operations B.V.")  # fmt: skip
PLAIN = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "AE", "Ö": "OE", "Ü": "UE", "é": "e",
     "è": "e", "à": "a", "â": "a", "É": "E", "ç": "c", "í": "i", "á": "a", "ñ": "n", "ú": "u",
     "ś": "s", "ą": "a", "ń": "n", "ó": "o", "ł": "l", "Ł": "L", "ż": "z", "ı": "i", "İ": "I",
     "ş": "s", "Ş": "S", "Ö".lower(): "oe", "Ç": "C", "ğ": "g"}
)  # fmt: skip


class Party:
    """A customer, supplier or service. `known` is what our master data has of its accounts."""

    __slots__ = (
        "country",
        "delay",
        "entity",
        "ibans",
        "id",
        "known",
        "name",
        "parent",
        "prices",
        "runs_every",
        "scale",
        "service",
        "shown",
        "size",
        "writes",
    )  # fmt: skip

    def __init__(self, draw: Draw, number: str, name: str, country: str) -> None:
        self.id, self.name, self.country = number, name, country
        self.ibans = [iban(draw, country) for _ in range(1 if draw.chance(0.8) else 2)]
        self.known = " ".join(self.ibans if draw.chance(0.8) else self.ibans[:1])
        if draw.chance(0.12):
            self.known = ""
        self.parent: Party | None = None
        self.service: Party | None = None
        self.entity, self.size, self.runs_every = 0, 0, 0
        self.delay = draw.around(3, 6)  # days after due on which this one usually pays
        self.scale = draw.around(6.4, 0.9)
        self.prices: tuple[int, ...] = ()
        self.writes = draw.below(1000)  # its habit of wording
        self.shown = shown_as(draw, name)


def iban(draw: Draw, country: str) -> str:
    """A valid account number where there are IBANs, a plain one elsewhere."""
    length = LENGTHS.get(country)
    if length is None:
        return draw.digits(10)
    if country == "GB":
        bank, rest = "NWBK", draw.digits(14)
    elif country == "NL":
        bank, rest = "INGB", draw.digits(10)
    else:
        bank, rest = "", draw.digits(length)
    number = "".join(str(ord(sign) - 55) for sign in bank) + rest
    code = "".join(str(ord(sign) - 55) for sign in country)
    return f"{country}{98 - int(number + code + '00') % 97:02d}{bank}{rest}"


def made_name(draw: Draw, country: str) -> str:
    """Many names are nearly alike, as they are in a real ledger."""
    speaks = SPEAKS.get(country, country)
    parts = draw.pick(STEMS[speaks]).split(" ")
    if draw.chance(0.85):
        parts.insert(len(parts) - 1, draw.pick(MIDDLES))
    if draw.chance(0.5):
        parts.insert(1, draw.pick(MIDDLES))
    stem = "".join(parts)
    if speaks == "NL" and stem[:3] in ("Van", "DeV"):
        stem = f"Van {stem[3:].title()}"
    trade = f" {draw.pick(TRADES[speaks])}" if draw.chance(0.75) else ""
    return f"{stem}{trade} {draw.pick(FORMS[country])}"


def shown_as(draw: Draw, name: str) -> tuple[str, ...]:
    """The party as banks show it: mostly one way, sometimes another; cut where their field ends."""
    plain = name.translate(PLAIN)
    ways = [name, plain.upper(), plain, name.upper(), plain.upper().replace(".", "")]
    without = " ".join(plain.split()[:-1])
    if len(without) > 6:
        ways.append(without)
    usual = draw.pick(ways)[: draw.pick((70, 70, 35, 35, 27))]
    return (usual,) * 4 + (draw.pick(ways)[:35],)


def sizes(draw: Draw, items: int) -> list[int]:
    """How many open items each customer has: a few have thousands, most a handful."""
    heaviest = min(items // 8, max(1200, items // 250))
    found = [heaviest for _ in range(max(1, items // 250_000))]
    heavy_most = max(300, min(5000, items // 20))
    left = items - sum(found)
    while left > 0:
        size = min(left, heavy_most, max(1, int(draw.pareto(1.05) * 2)))
        found.append(size)
        left -= size
    return found


def customers(draw: Draw, items: int, entities: tuple[int, ...]) -> list[Party]:
    found: list[Party] = []
    services = [
        Party(draw, f"S{n}", SERVICES[n % len(SERVICES)], draw.pick(SEPA))
        for n in range(max(5, items // 25_000))
    ]
    for at, size in enumerate(sizes(draw, items)):
        country = draw.pick(COUNTRIES)
        party = Party(draw, f"{10_000 + at * 7}", made_name(draw, country), country)
        party.entity, party.size = draw.pick(entities), size
        if draw.chance(0.35):
            party.prices = price_list(draw)
        if at == 0 or (size >= 6 and draw.chance(0.12 if size < 300 else 0.3)):
            party.runs_every = draw.pick((7, 14, 14, 30)) if at else 30
        if draw.chance(0.08) and found:
            join_group(draw, party, found[draw.below(max(1, len(found) // 10))])
        if draw.chance(0.06):
            party.service = draw.pick(services)
            if draw.chance(0.4):  # Somebody once noted the service's account as this customer's.
                party.known = f"{party.known} {party.service.ibans[0]}".strip()
        found.append(party)
    return found


def join_group(draw: Draw, party: Party, parent: Party) -> None:
    """Only one level: whose parent has a parent belongs to that one."""
    party.parent = parent.parent or parent
    if draw.chance(0.6):
        stem = party.parent.name.split()[0]
        party.name = f"{stem} {' '.join(party.name.split()[1:])}"
        party.shown = shown_as(draw, party.name)


def price_list(draw: Draw) -> tuple[int, ...]:
    """Subscriptions and rents: the same amounts again and again, for many customers."""
    usual = (4900, 9900, 11900, 19900, 29750, 35700, 49900, 59500, 100000, 119000, 250000)
    if draw.chance(0.5):
        return tuple(draw.pick(usual) for _ in range(draw.between(1, 3)))
    return tuple(draw.between(20, 4000) * 100 + draw.pick((0, 50, 90)) for _ in range(2))
