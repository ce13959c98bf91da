#!/usr/bin/env python3
"""Writes the demo's files from the tables below: run again, it gives the same bytes.

    python examples/vesterholt/generate.py [folder]

Only the standard library; nothing is left to chance. Amounts and account numbers come from a hash
of what they are for. Every IBAN has right check digits, national ones too where a country has
them, at banks that do not exist.
"""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path

PACKAGED = Path(__file__).parents[2] / "nostro" / "cli" / "demo_data" / "vesterholt"
DAY = "2026-11-20"
RUN_ID = "20261120-F01"
EARLIER_RUN_ID = "20261106-F01"
RELEASED_BY = "JBRANDT"
INVALID_IBAN, DUPLICATE, CHANGED_ACCOUNT, CLOSED_ACCOUNT = 9, 18, 27, 36

# Suppliers: name; street; house number; postal code; city; country. In the order of the run.
SUPPLIERS = """
Müller & Söhne Präzisionsguss GmbH;Gießereistraße;14;33602;Bielefeld;DE
Brouwerij de Zwaluw Techniek B.V.;Nieuwegracht;88;8011 AB;Zwolle;NL
Établissements Lefèvre-Aubry SAS;Rue des Forgerons;3 bis;69007;Lyon;FR
Alpenstahl Österreich AG;Hüttenweg;21;8700;Leoben;AT
Rodamientos Peñalver S.L.;Calle del Almirante;45;28004;Madrid;ES
Officine Meccaniche Brambilla S.r.l.;Via dell'Industria;7;24126;Bergamo;IT
Shannon Precision Tooling Ltd;Dock Road;12;V94 X2K9;Limerick;IE
Vlaamse Smeedwerken Janssens NV;Kortrijksesteenweg;301;9000;Gent;BE
Weiß Hydraulik GmbH & Co. KG;Am Ölbach;5;33415;Verl;DE
Savolan Konepaja Oy;Satamakatu;19;70100;Kuopio;FI
Ferragens Conceição Lda.;Rua das Oliveiras;62;4050-449;Porto;PT
Ardennen Logistik S.à r.l.;Rue du Moulin;9;9710;Clervaux;LU
Großküchen Schäfer e.K.;Lübecker Straße;118;44135;Dortmund;DE
Kunststoffwerk Überlingen GmbH;Seestraße;2a;88662;Überlingen;DE
De Groot Verpakkingen B.V.;Industrieweg;33;7418 AA;Deventer;NL
Peinture Industrielle Gérard SARL;Avenue de la République;150;59800;Lille;FR
Donau Schrauben Handels GmbH;Hafenstraße;47;4020;Linz;AT
Talleres Muñoz e Hijos S.A.;Avenida de la Constitución;8;41001;Sevilla;ES
Fonderia Città di Brescia S.p.A.;Via Orzinuovi;111;25125;Brescia;IT
Emerald Industrial Coatings DAC;Harbour Row;6;T12 Y8RC;Cork;IE
Elektro Höfner GmbH;Röntgenstraße;31;97070;Würzburg;DE
Antwerpse Staalhandel BVBA;Noorderlaan;55;2030;Antwerpen;BE
Tampereen Sähkötyö Oy;Hämeenkatu;27;33200;Tampere;FI
Zahnradfabrik Thüringen GmbH;Karl-Marx-Allee;102;99085;Erfurt;DE
Technische Federn Bäumler KG;Äußere Nürnberger Straße;64;91301;Forchheim;DE
Cerâmica Técnica do Norte S.A.;Estrada Nacional;14;4700-087;Braga;PT
Kältetechnik Jürgens GmbH;Hansastraße;77;20144;Hamburg;DE
Highland Alloy Castings Ltd;Foundry Lane;4;G51 4XN;Glasgow;GB
Zürcher Messtechnik AG;Förrlibuckstrasse;180;8005;Zürich;CH
Nordjysk Maskinfabrik A/S;Østerågade;23;9000;Aalborg;DK
Thames Valley Sensors plc;Riverside Way;1;RG1 8LS;Reading;GB
Galway Microelectronics Ltd;Bóthar na Trá;16;H91 W2XE;Galway;IE
Genève Optique de Précision SA;Rue du Rhône;40;1204;Genève;CH
Van der Meulen Transport B.V.;Ceintuurbaan;15;8024 AA;Zwolle;NL
IJsselland Schoonmaak B.V.;Thomas a Kempisstraat;92;8021 BC;Zwolle;NL
Overijsselse Drukkerij Kuipers B.V.;Melkmarkt;11;8011 MC;Zwolle;NL
Staalbouw Wieringa B.V.;Zuiderzeelaan;27;8017 JV;Zwolle;NL
Münsterländer Kartonagen GmbH;Weseler Straße;253;48151;Münster;DE
Noord-Hollandse Metaalwaren B.V.;Zaanweg;38;1521 DM;Wormerveer;NL
Champagne Emballages SAS;Boulevard de la Paix;12;51100;Reims;FR
Kempen Kunststoffen NV;Turnhoutsebaan;406;2110;Wijnegem;BE
Friese Zuivelmachines B.V.;Harlingerstraatweg;67;8916 BB;Leeuwarden;NL
Gelderse Gereedschappen B.V.;Velperweg;139;6824 HJ;Arnhem;NL
"""

# Items that pay a supplier who has another item in the run already: item -> that item.
SAME_SUPPLIER = {DUPLICATE: 5, 41: 2}

# Customers' invoices: company; document; customer; name; amount; currency; due; country of account.
OPEN_ITEMS = """
1000;9000118;40017;Bergmann Anlagenbau GmbH;18450.00;EUR;2026-11-18;DE
1000;9000121;40017;Bergmann Anlagenbau GmbH;6120.75;EUR;2026-11-25;DE
1000;9000123;40022;Société Générale des Pompes Réunies SA;42300.00;EUR;2026-11-20;FR
1000;9000127;40031;Österreichische Förderbandwerke GmbH;11808.40;EUR;2026-11-15;AT
1000;9000130;40035;Impianti Lombardi S.p.A.;27990.00;EUR;2026-11-30;IT
1000;9000131;40038;Grúas y Montajes Ibáñez S.L.;8215.60;EUR;2026-12-04;ES
1000;9000133;40044;Lindqvist Pumpar AB;15600.00;EUR;2026-11-20;
1000;9500042;41003;Great Lakes Conveyor Inc.;58750.00;USD;2026-11-20;GB
1000;9500044;41007;Pacific Bulk Systems LLC;23400.50;USD;2026-12-11;
2000;7000310;50012;Zeeuwse Suikerfabriek N.V.;31460.00;EUR;2026-11-20;NL
2000;7000312;50015;Brabantse Veevoeders B.V.;9876.54;EUR;2026-11-27;NL
2000;7000315;50021;Hanse Getreide Lübeck GmbH;12250.00;EUR;2026-12-01;DE
"""

BANK_OF = {
    # country: (bank code, BIC)
    "DE": ("90000017", "FIKTDEFF"),
    "NL": ("FIKT", "FIKTNL2A"),
    "FR": ("9990100017", "FIKTFRPP"),
    "AT": ("90017", "FIKTATWW"),
    "ES": ("99990017", "FIKTESMM"),
    "IT": ("9999900017", "FIKTITMM"),
    "IE": ("FIKT990017", "FIKTIE2D"),
    "BE": ("999", "FIKTBEBB"),
    "FI": ("999017", "FIKTFIHH"),
    "PT": ("99990017", "FIKTPTPL"),
    "LU": ("999", "FIKTLULL"),
    "GB": ("FIKT990017", "FIKTGB2L"),
    "CH": ("99017", "FIKTCHZZ"),
    "DK": ("9917", "FIKTDKKK"),
}
_CIN_ODD = (
    1,
    0,
    5,
    7,
    9,
    13,
    15,
    17,
    19,
    21,
    2,
    4,
    18,
    20,
    11,
    3,
    6,
    8,
    12,
    14,
    16,
    10,
    22,
    25,
    24,
    23,
)


def number(what: str, below: int) -> int:
    """A whole number under `below` that depends on nothing but `what`."""
    return int.from_bytes(hashlib.sha256(what.encode()).digest()[:12], "big") % below


def digits(what: str, length: int) -> str:
    """Digits, the first not zero."""
    return str(10 ** (length - 1) + number(what, 9 * 10 ** (length - 1)))


def mod97(text: str) -> int:
    return int("".join(str(int(letter, 36)) for letter in text)) % 97


def iban(country: str, bban: str) -> str:
    return f"{country}{98 - mod97(bban + country + '00'):02}{bban}"


def creditor_reference(body: str) -> str:
    """ISO 11649."""
    return f"RF{98 - mod97(body + 'RF00'):02}{body}"


def dutch(what: str) -> str:
    """Ten digits that pass the eleven-test."""
    for attempt in range(100):
        account = digits(f"{what} {attempt}", 10)
        if sum(int(digit) * (10 - place) for place, digit in enumerate(account)) % 11 == 0:
            return account
    raise AssertionError("one number in eleven passes")


def spanish_digit(text: str) -> str:
    rest = (
        11
        - sum(int(d) * w for d, w in zip(text, (1, 2, 4, 8, 5, 10, 9, 7, 3, 6), strict=True)) % 11
    )
    return {10: "1", 11: "0"}.get(rest, str(rest))


def italian_letter(text: str) -> str:
    total = 0
    for place, letter in enumerate(text):
        value = int(letter)
        total += value if place % 2 else _CIN_ODD[value]
    return chr(65 + total % 26)


def finnish_digit(text: str) -> str:
    total = 0
    for place, digit in enumerate(reversed(text)):
        product = int(digit) * (1 if place % 2 else 2)
        total += product // 10 + product % 10
    return str(-total % 10)


def account_of(what: str, country: str) -> str:
    """An IBAN of that country at our bank that does not exist."""
    bank = BANK_OF[country][0]
    if country == "NL":
        return iban(country, bank + dutch(what))
    if country == "FR":
        account = digits(what, 11)
        key = 97 - (89 * int(bank[:5]) + 15 * int(bank[5:]) + 3 * int(account)) % 97
        return iban(country, f"{bank}{account}{key:02}")
    if country == "ES":
        account = digits(what, 10)
        return iban(country, bank + spanish_digit("00" + bank) + spanish_digit(account) + account)
    if country == "IT":
        body = bank + digits(what, 12)
        return iban(country, italian_letter(body) + body)
    if country == "BE":
        body = bank + digits(what, 7)
        return iban(country, f"{body}{int(body) % 97 or 97:02}")
    if country == "FI":
        body = bank + digits(what, 7)
        return iban(country, body + finnish_digit(body))
    if country == "PT":
        body = bank + digits(what, 11)
        return iban(country, f"{body}{98 - int(body) * 100 % 97:02}")
    plain = {"DE": 10, "AT": 11, "IE": 8, "LU": 13, "GB": 8, "CH": 12, "DK": 10}[country]
    return iban(country, bank + digits(what, plain))


@dataclass(frozen=True)
class Supplier:
    number: str
    name: str
    address: tuple[str, str, str, str]
    country: str
    iban: str
    bic: str


@dataclass(frozen=True)
class Payment:
    item: int
    company: str
    supplier: Supplier
    iban: str
    amount: int
    currency: str
    invoices: tuple[str, ...]
    reference: str


def money(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02}"


def suppliers() -> list[Supplier]:
    found = []
    for place, line in enumerate(SUPPLIERS.strip().splitlines()):
        name, street, house, post_code, city, country = line.split(";")
        vendor = str(70010 + 7 * place)
        found.append(
            Supplier(
                number=vendor,
                name=name,
                address=(street, house, post_code, city),
                country=country,
                iban=account_of(f"supplier {vendor}", country),
                bic=BANK_OF[country][1],
            )
        )
    return found


def changed_account(supplier: Supplier) -> str:
    return account_of(f"supplier {supplier.number} moved", supplier.country)


def wrong_digits(good: str) -> str:
    """The same IBAN with two neighbouring digits swapped, as people mistype them."""
    for place in range(len(good) - 2, 4, -1):
        if good[place] != good[place + 1]:
            return good[:place] + good[place + 1] + good[place] + good[place + 2 :]
    raise AssertionError("an account number of one digit only")


def payments() -> list[Payment]:
    known = suppliers()
    fresh = iter(known)
    run: list[Payment] = []
    for item in range(1, 46):
        supplier = run[SAME_SUPPLIER[item] - 1].supplier if item in SAME_SUPPLIER else next(fresh)
        dollars = 28 <= item <= 33
        account = supplier.iban
        if item == INVALID_IBAN:
            account = wrong_digits(account)
        elif item == CHANGED_ACCOUNT:
            account = changed_account(supplier)
        earlier = earlier_payments(known)[0]
        is_duplicate = item == DUPLICATE
        invoices = earlier.invoices if is_duplicate else invoices_of(item)
        run.append(
            Payment(
                item=item,
                company="2000" if item >= 34 else "1000",
                supplier=supplier,
                iban=account,
                amount=earlier.amount
                if is_duplicate
                else 12_000 + number(f"pay {item}", 2_400_000),
                currency="USD" if dollars else "EUR",
                invoices=invoices,
                reference=reference_of(item, invoices),
            )
        )
    return run


def invoices_of(item: int) -> tuple[str, ...]:
    """One to three document numbers, in the various ways in which suppliers write them."""
    first = 10_000 + number(f"invoice {item}", 80_000)
    pattern = ("RE-2026-{}", "F26/{}", "2026{}", "INV {}")[item % 4]
    return tuple(pattern.format(first + 3 * extra) for extra in range(1 + item % 7 % 3))


def reference_of(item: int, invoices: tuple[str, ...]) -> str:
    if item % 5 == 1:
        return creditor_reference("".join(filter(str.isalnum, invoices[0])).upper())
    return "" if item % 5 == 3 else f"{', '.join(invoices)} Vesterholt customer {61000 + item}"


def earlier_payments(known: list[Supplier]) -> list[Payment]:
    """What the run of two weeks ago paid; the first is the one that comes again."""
    return [
        Payment(
            item=item,
            company="1000",
            supplier=known[place],
            iban=known[place].iban,
            amount=50_000 + number(f"earlier {item}", 900_000),
            currency="EUR",
            invoices=(f"RE-2026-{4400 + item}",),
            reference="",
        )
        for item, place in ((12, 4), (13, 0), (14, 13))
    ]


def payment_run() -> str:
    head = (
        "RUN_ID;ITEM;COMPANY_CODE;VENDOR;VENDOR_NAME;STREET;HOUSE_NO;POSTAL_CODE;CITY;COUNTRY;"
        "IBAN;BIC;AMOUNT;CURRENCY;PAYMENT_DATE;INVOICES;REFERENCE;APPROVED_BY"
    )
    rows, sums = [head], {"EUR": 0, "USD": 0}
    for paid in payments():
        payee = paid.supplier
        sums[paid.currency] += paid.amount
        fields = (
            *(RUN_ID, str(paid.item), paid.company, payee.number, payee.name),
            *(*payee.address, payee.country, paid.iban, payee.bic),
            *(money(paid.amount), paid.currency, DAY),
            *(",".join(paid.invoices), paid.reference, RELEASED_BY),
        )
        rows.append(";".join(fields))
    totals = ",".join(f"{currency}={money(minor)}" for currency, minor in sums.items())
    rows.append(f"TRAILER;{len(rows) - 1};{totals}")
    return "\n".join(rows) + "\n"


def open_items() -> str:
    rows = ["COMPANY_CODE;DOCUMENT;CUSTOMER;CUSTOMER_NAME;OPEN_AMOUNT;CURRENCY;DUE_DATE;PAYER_IBAN"]
    for line in OPEN_ITEMS.strip().splitlines():
        *fields, country = line.split(";")
        rows.append(";".join([*fields, customer_account(fields[2], country)]))
    return "\n".join(rows) + "\n"


def customer_account(customer: str, country: str) -> str:
    return account_of(f"customer {customer}", country) if country else ""


def text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def master_data() -> str:
    return "\n".join([FIXED, receipts(), "# What was paid before.", earlier(), payees()])


def earlier() -> str:
    return "".join(
        f"""
[[paid]]
run_id = {text(EARLIER_RUN_ID)}
item = {paid.item}
company_code = {text(paid.company)}
payee_number = {text(paid.supplier.number)}
iban = {text(paid.iban)}
amount = {text(money(paid.amount))}
currency = {text(paid.currency)}
invoices = [{", ".join(map(text, paid.invoices))}]
paid_on = 2026-11-06
"""
        for paid in earlier_payments(suppliers())
    )


def payees() -> str:
    """Every supplier with each version of its bank details."""
    paid_as = {paid.supplier.number: paid.item for paid in payments()[::-1]}
    closed = next(paid for paid in payments() if paid.item == CLOSED_ACCOUNT)
    blocks = [
        f"""
# At the bank: an account that was closed, so that it rejects the payment (AC04).
[[closed_accounts]]
bank_id = "CLOSED-1"
name = {text(closed.supplier.name)}
iban = {text(closed.iban)}
currency = "EUR"

# Payees and every version of their bank details."""
    ]
    for place, payee in enumerate(suppliers()):
        versions = [
            (f"{2022 + place % 3}-03-0{1 + place % 9}T09:00:00Z", payee.iban, "migration", True)
        ]
        if paid_as[payee.number] == CHANGED_ACCOUNT:
            new = changed_account(payee)
            versions.append(("2026-11-18T14:12:00Z", new, "ERP user MWOLFF", False))
        elif place % 15 == 7:
            old = account_of(f"supplier {payee.number} before", payee.country)
            versions.insert(0, ("2019-05-02T09:00:00Z", old, "migration", True))
        blocks.append(f"\n[[payees]]\nnumber = {text(payee.number)}\nname = {text(payee.name)}")
        for version, (valid_from, account, changed_by, confirmed) in enumerate(versions, 1):
            blocks.append(
                f"[[payees.accounts]]\nversion = {version}\niban = {text(account)}\n"
                f"bic = {text(payee.bic)}\nvalid_from = {valid_from}\n"
                f"changed_by = {text(changed_by)}\nconfirmed = {str(confirmed).lower()}"
            )
    return "\n".join(blocks) + "\n"


def receipt(
    account: str, end_to_end_id: str, amount: str, currency: str, debtor: str, *rest: str
) -> str:
    debtor_iban, note, reference, case, documents = rest
    return f"""
[[receipts]]
bank_id = {text(account)}
end_to_end_id = {text(end_to_end_id)}
amount = {text(amount)}
currency = {text(currency)}
debtor_name = {text(debtor)}
debtor_iban = {text(debtor_iban)}
note = {text(note)}
reference = {text(reference)}
case = {text(case)}
documents = [{", ".join(map(text, documents.split())) if documents else ""}]
"""


def receipts() -> str:
    """Money from customers on the day. `case` and `documents` say what matching should find."""
    french, italian, dutch_one, british = (
        customer_account(*of)
        for of in (("40022", "FR"), ("40035", "IT"), ("50012", "NL"), ("41003", "GB"))
    )
    return "# What customers pay on the day; `case` says what it is there to show.\n" + "".join(
        [
            receipt(
                *("VH-WERKE-EUR", "SGPR-20261120-1", "42300.00", "EUR"),
                *("Société Générale des Pompes Réunies SA", french),
                *("Facture 9000123", "", "exact", "9000123"),
            ),
            receipt(
                *("VH-WERKE-EUR", "BAG-2026-3391", "24570.75", "EUR", "Bergmann Anlagenbau GmbH"),
                *(customer_account("40017", "DE"), "RG 9000118 + 9000121", ""),
                *("several", "9000118 9000121"),
            ),
            receipt(
                *("VH-WERKE-EUR", "IL-77120", "27872.00", "EUR", "IMPIANTI LOMBARDI SPA", italian),
                *("Ft. 9000130 meno 118,00 merce danneggiata", "", "short_pay", "9000130"),
            ),
            receipt(
                *("VH-WERKE-EUR", "E2E-778120", "1999.00", "EUR", "K. Unbekannt"),
                *(account_of("stranger", "AT"), "Danke", "", "unknown", ""),
            ),
            receipt(
                *("VH-WERKE-USD", "GLC-0088231", "58750.00", "USD", "Great Lakes Conveyor Inc."),
                *(british, "Payment of invoice", "9500042", "exact", "9500042"),
            ),
            receipt(
                *("VH-NEDERLAND-EUR", "ZSF-4410", "31460.00", "EUR", "Zeeuwse Suikerfabriek N.V."),
                *(dutch_one, "Factuur 7000310", "", "exact", "7000310"),
            ),
        ]
    )


def own(what: str) -> str:
    return iban("NL", "MOCK" + dutch(f"own {what}"))


FIXED = f"""# The group Vesterholt, fictional. Written by examples/vesterholt/generate.py.
# Amounts are text in the currency's own decimals; times are UTC.

group = "Vesterholt"
starts_at = {DAY}T08:00:00Z

[payment_run]
file = "payment_run_{DAY}.csv"
run_id = "{RUN_ID}"
invalid_iban_item = {INVALID_IBAN}
duplicate_item = {DUPLICATE}
changed_account_item = {CHANGED_ACCOUNT}
closed_account_item = {CLOSED_ACCOUNT}

[open_items]
file = "open_items_{DAY}.csv"

[connection]
name = "mock-bank"
connector = "mock_bank"
profile = "mock_bank"
bic = "MOCKNL2A"

[[entities]]
code = "1000"
name = "Vesterholt Werke GmbH"
functional_currency = "EUR"
payables = "160000"
receivables = "140000"
unallocated_receipts = "140900"
payment_differences = "478000"
[entities.address]
street = "Sudbrackstraße"
building = "56"
post_code = "33611"
town = "Bielefeld"
country = "DE"

[[entities]]
code = "2000"
name = "Vesterholt Nederland B.V."
functional_currency = "EUR"
payables = "160000"
receivables = "130000"
unallocated_receipts = "130900"
payment_differences = "478000"
[entities.address]
street = "Hanzelaan"
building = "310"
post_code = "8017 JK"
town = "Zwolle"
country = "NL"

# `bank_id` is the bank's own name of the account. Opening balances are the bank's on the day.
[[accounts]]
bank_id = "VH-WERKE-EUR"
entity = "1000"
name = "Werke operating account"
iban = "{own("werke eur")}"
bic = "MOCKNL2A"
currency = "EUR"
ledger_account = "113100"
clearing_account = "113105"
opening_balance = "1250000.00"

[[accounts]]
bank_id = "VH-WERKE-USD"
entity = "1000"
name = "Werke US dollar account"
iban = "{own("werke usd")}"
bic = "MOCKNL2A"
currency = "USD"
ledger_account = "113200"
clearing_account = "113205"
opening_balance = "400000.00"

[[accounts]]
bank_id = "VH-NEDERLAND-EUR"
entity = "2000"
name = "Nederland operating account"
iban = "{own("nederland eur")}"
bic = "MOCKNL2A"
currency = "EUR"
ledger_account = "113100"
clearing_account = "113105"
opening_balance = "380000.00"

# The ERP's rates: one unit of `currency` in the functional currency.
[[rates]]
currency = "USD"
functional_currency = "EUR"
day = {DAY}
rate = "0.9185"

[[people]]
name = "Jonas Brandt"
email = "jonas.brandt@vesterholt.example"
erp_user = "JBRANDT"
roles = ["maker", "approver"]

[[people]]
name = "Hannah Lindqvist"
email = "hannah.lindqvist@vesterholt.example"
erp_user = "HLINDQVIST"
roles = ["approver"]

[[people]]
name = "Pieter de Vries"
email = "pieter.devries@vesterholt.example"
erp_user = "PDEVRIES"
roles = ["approver"]

[[people]]
name = "Ingrid Sørensen"
email = "ingrid.sorensen@vesterholt.example"
erp_user = "ISORENSEN"
roles = ["treasurer"]

[[people]]
name = "Marta Kowalczyk"
email = "marta.kowalczyk@vesterholt.example"
erp_user = ""
roles = ["auditor"]
"""


def files() -> dict[str, str]:
    return {
        f"payment_run_{DAY}.csv": payment_run(),
        f"open_items_{DAY}.csv": open_items(),
        "master_data.toml": master_data(),
    }


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else PACKAGED
    for name, content in files().items():
        (folder / name).write_bytes(content.encode())
        sys.stdout.write(f"{folder / name}\n")


if __name__ == "__main__":
    main()
