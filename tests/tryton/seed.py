"""A small company in Tryton, made by calls that a Tryton user's client would make.

One company in EUR, a chart of accounts, fiscal years, one own bank account with a SEPA payment
journal and a statement journal, three suppliers with IBANs, a customer, posted bills, one
posted customer invoice. All of it is invented.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from tests.tryton.wire import Wire

COMPANY = "Alba Werkzeuge GmbH"
OWN_IBAN = "DE89370400440532013000"
OWN_BIC = "COBADEFFXXX"
OPENING_DAY = date(2026, 9, 1)
OPENING_BALANCE = Decimal("50000.00")
YEARS = range(2026, 2031)  # what Tryton dates by its own clock must find a period too

# Codes of accounts: Tryton's universal chart, and one of our own.
PAYABLE, RECEIVABLE, BANK, CLEARING = "2.1.1", "1.2.1", "1.1.1", "1.1.9"
EXPENSE, REVENUE, CAPITAL = "5.1.3", "4.1.2", "3.1.1"

PAYMENT_JOURNAL = "SEPA"
STATEMENT_JOURNAL = "Current account"


_COUNTRIES = {
    code: {"code": code, "name": name}
    for code, name in (
        ("BE", "Belgium"),
        ("DE", "Germany"),
        ("ES", "Spain"),
        ("FR", "France"),
        ("NL", "Netherlands"),
    )
}


@dataclass(frozen=True)
class Partner:
    """A supplier or customer and where it banks."""

    name: str
    country: str
    iban: str
    bic: str


@dataclass(frozen=True)
class Bill:
    """A supplier's bill."""

    supplier: Partner
    reference: str
    day: date
    amount: Decimal


PAPIER = Partner("Papeterie Lumiere SARL", "FR", "FR1420041010050500013M02606", "PSSTFRPPXXX")
STAAL = Partner("Van Dijk Staal BV", "NL", "NL91ABNA0417164300", "ABNANL2AXXX")
CLOSED = Partner("Brasserie Fermee SPRL", "BE", "BE43068999999501", "GKCCBEBBXXX")
CUSTOMER = Partner("Talleres Iberia SL", "ES", "ES9121000418450200051332", "CAIXESBBXXX")
SUPPLIERS = (PAPIER, STAAL, CLOSED)

BILLS = (
    Bill(PAPIER, "FA-2026-0451", date(2026, 9, 2), Decimal("1240.50")),
    Bill(PAPIER, "FA-2026-0478", date(2026, 9, 9), Decimal("310.00")),
    Bill(STAAL, "2026/0917", date(2026, 9, 3), Decimal("980.00")),
    Bill(STAAL, "2026/0944", date(2026, 9, 11), Decimal("87.15")),
    Bill(CLOSED, "4711", date(2026, 9, 4), Decimal("655.25")),
)
INVOICE_AMOUNT = Decimal("2500.00")


def seed(wire: Wire) -> None:
    """Fill an initialised, empty database; `wire` then speaks for the company."""
    currency = _create(wire, "currency.currency", _euro())
    company = _company(wire, currency)
    _chart(wire, company)
    for year in YEARS:
        _fiscal_year(wire, company, year)
    accounts = _accounts(wire, company)
    own_party = _read(wire, "company.company", company, "party")
    own_account, own_number = _bank_account(wire, own_party, OWN_IBAN, OWN_BIC)
    _payment_journal(wire, company, currency, own_number, accounts[CLEARING])
    _statement_journal(wire, company, currency, own_account, accounts[BANK])
    _opening(wire, company, accounts)
    parties = {p.iban: _party(wire, p) for p in (*SUPPLIERS, CUSTOMER)}
    term = _create(wire, "account.invoice.payment_term", _thirty_days())
    books = _Books(wire, company, currency, term, accounts)
    for bill in BILLS:
        party = parties[bill.supplier.iban]
        books.post("in", party, bill.day, bill.amount, bill.reference)
    books.post("out", parties[CUSTOMER.iban], date(2026, 9, 8), INVOICE_AMOUNT, "PO 88-1")


# ---- Calls in short


def _create(wire: Wire, model: str, values: dict[str, Any]) -> int:
    return int(wire.call(f"model.{model}.create", [values])[0])


def _find(wire: Wire, model: str, *domain: Any) -> int:
    found = wire.call(f"model.{model}.search", [list(d) for d in domain], 0, 1, None)
    if not found:
        raise LookupError(f"no {model} with {domain}")
    return int(found[0])


def _read(wire: Wire, model: str, record: int, name: str) -> int:
    return int(wire.call(f"model.{model}.read", [record], [name])[0][name])


# ---- The company and its books


def _euro() -> dict[str, Any]:
    return {
        "name": "Euro",
        "code": "EUR",
        "symbol": "€",
        "rounding": Decimal("0.01"),
        "digits": 2,
    }


def _company(wire: Wire, currency: int) -> int:
    party = _party_record(wire, COMPANY, "DE")
    company = _create(wire, "company.company", {"party": party, "currency": currency})
    user = _find(wire, "res.user", ("login", "=", "admin"))
    values = {"companies": [["add", [company]]], "company": company}
    wire.call("model.res.user.write", [user], values)
    wire.context["company"] = company
    return company


def _chart(wire: Wire, company: int) -> None:
    name = ("name", "=", "Universal Chart of Accounts")
    template = _find(wire, "account.account.template", ("parent", "=", None), name)
    account = {"company": company, "account_template": template}
    session, _, _ = wire.call("wizard.account.create_chart.create")
    run = "wizard.account.create_chart.execute"
    wire.call(run, session, {"account": account}, "create_account")
    found = _accounts(wire, company)
    properties = {
        "company": company,
        "account_receivable": found[RECEIVABLE],
        "account_payable": found[PAYABLE],
    }
    data = {"account": account, "properties": properties}
    wire.call(run, session, data, "create_properties")
    wire.call("wizard.account.create_chart.delete", session)
    _clearing_account(wire, company, found[BANK])


def _clearing_account(wire: Wire, company: int, bank: int) -> None:
    # Not of a payable type: its open lines must not look like bills to pay.
    like = wire.call("model.account.account.read", [bank], ["type", "parent"])[0]
    _create(
        wire,
        "account.account",
        {
            "code": CLEARING,
            "name": "Payments under way",
            "company": company,
            "type": like["type"],
            "parent": like["parent"],
            "reconcile": True,
            "party_required": False,
        },
    )


def _accounts(wire: Wire, company: int) -> dict[str, int]:
    codes = [PAYABLE, RECEIVABLE, BANK, CLEARING, EXPENSE, REVENUE, CAPITAL]
    domain = [["company", "=", company], ["code", "in", codes]]
    rows = wire.call("model.account.account.search_read", domain, 0, None, None, ["code"])
    return {row["code"]: row["id"] for row in rows}


def _sequence(wire: Wire, company: int, kind: str, name: str) -> int:
    sequence_type = _find(wire, "ir.sequence.type", ("name", "=", kind))
    values = {"name": name, "company": company, "sequence_type": sequence_type}
    return _create(wire, "ir.sequence.strict", values)


def _fiscal_year(wire: Wire, company: int, year: int) -> None:
    moves = _sequence(wire, company, "Account Move", f"Moves {year}")
    names = ("in_invoice", "in_credit_note", "out_invoice", "out_credit_note")
    sequences = {
        f"{name}_sequence": _sequence(wire, company, "Invoice", f"{name} {year}") for name in names
    }
    values = {
        "name": str(year),
        "company": company,
        "start_date": date(year, 1, 1),
        "end_date": date(year, 12, 31),
        "move_sequence": moves,
        "invoice_sequences": [["create", [{"company": company, **sequences}]]],
    }
    made = _create(wire, "account.fiscalyear", values)
    wire.call("model.account.fiscalyear.create_period", [made])


# ---- Banks and journals


def _bank(wire: Wire, bic: str) -> int:
    found = wire.call("model.bank.search", [["bic", "=", bic]], 0, 1, None)
    if found:
        return int(found[0])
    party = _create(wire, "party.party", {"name": f"Bank {bic}"})
    return _create(wire, "bank", {"party": party, "bic": bic})


def _bank_account(wire: Wire, party: int, iban: str, bic: str) -> tuple[int, int]:
    values = {
        "bank": _bank(wire, bic),
        "owners": [["add", [party]]],
        "numbers": [["create", [{"type": "iban", "number": iban}]]],
    }
    account = _create(wire, "bank.account", values)
    return account, _find(wire, "bank.account.number", ("account", "=", account))


def _payment_journal(wire: Wire, company: int, currency: int, number: int, clearing: int) -> None:
    journal = {"name": "Payments under way", "code": "CLR", "type": "general"}
    _create(
        wire,
        "account.payment.journal",
        {
            "name": PAYMENT_JOURNAL,
            "company": company,
            "currency": currency,
            "process_method": "sepa",
            "sepa_bank_account_number": number,
            "sepa_payable_flavor": "pain.001.001.03",
            "sepa_receivable_flavor": "pain.008.001.02",
            "sepa_charge_bearer": "SLEV",
            "clearing_journal": _create(wire, "account.journal", journal),
            "clearing_account": clearing,
        },
    )


def _statement_journal(wire: Wire, company: int, currency: int, account: int, bank: int) -> None:
    _create(
        wire,
        "account.statement.journal",
        {
            "name": STATEMENT_JOURNAL,
            "company": company,
            "currency": currency,
            "journal": _find(wire, "account.journal", ("type", "=", "statement")),
            "bank_account": account,
            "account": bank,
            "validation": "balance",
        },
    )


def _opening(wire: Wire, company: int, accounts: dict[str, int]) -> None:
    lines: Iterable[tuple[str, Decimal, Decimal]] = (
        (BANK, OPENING_BALANCE, Decimal(0)),
        (CAPITAL, Decimal(0), OPENING_BALANCE),
    )
    values = {
        "company": company,
        "journal": _find(wire, "account.journal", ("code", "=", "CLR")),
        "period": _find(
            wire,
            "account.period",
            ("company", "=", company),
            ("start_date", "<=", OPENING_DAY),
            ("end_date", ">=", OPENING_DAY),
        ),
        "date": OPENING_DAY,
        "lines": [
            [
                "create",
                [{"account": accounts[c], "debit": d, "credit": k} for c, d, k in lines],
            ]
        ],
    }
    wire.call("model.account.move.post", [_create(wire, "account.move", values)])


# ---- Parties and what they are owed


def _country(wire: Wire, code: str) -> int:
    # A new database knows no countries; without one an address has no <Ctry> in the payment file.
    found = wire.call("model.country.country.search", [["code", "=", code]], 0, 1, None)
    return int(found[0]) if found else _create(wire, "country.country", _COUNTRIES[code])


def _party_record(wire: Wire, name: str, country: str) -> int:
    address = {"street": "Market street 1", "city": "Town", "country": _country(wire, country)}
    return _create(wire, "party.party", {"name": name, "addresses": [["create", [address]]]})


def _party(wire: Wire, partner: Partner) -> int:
    party = _party_record(wire, partner.name, partner.country)
    _bank_account(wire, party, partner.iban, partner.bic)
    return party


def _thirty_days() -> dict[str, Any]:
    delta = ["create", [{"days": 30}]]
    line = {"type": "remainder", "relativedeltas": [delta]}
    return {"name": "30 days", "lines": [["create", [line]]]}


@dataclass(frozen=True)
class _Books:
    wire: Wire
    company: int
    currency: int
    term: int
    accounts: dict[str, int]

    def post(self, kind: str, party: int, day: date, amount: Decimal, reference: str) -> None:
        """Enter and post a bill (`in`) or an invoice (`out`)."""
        incoming = kind == "in"
        line = {
            "type": "line",
            "company": self.company,
            "currency": self.currency,
            "invoice_type": kind,
            "description": reference,
            "quantity": 1,
            "unit_price": amount,
            "account": self.accounts[EXPENSE if incoming else REVENUE],
        }
        values = {
            "type": kind,
            "company": self.company,
            "currency": self.currency,
            "party": party,
            "invoice_address": _find(self.wire, "party.address", ("party", "=", party)),
            "account": self.accounts[PAYABLE if incoming else RECEIVABLE],
            "journal": _find(
                self.wire, "account.journal", ("type", "=", "expense" if incoming else "revenue")
            ),
            "invoice_date": day,
            "payment_term": self.term,
            "reference": reference,
            "lines": [["create", [line]]],
        }
        invoice = _create(self.wire, "account.invoice", values)
        self.wire.call("model.account.invoice.post", [invoice])
