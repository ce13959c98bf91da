"""What the tests ask of Tryton, as its users' client would ask it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from tests.tryton import seed
from tests.tryton.wire import Wire


@dataclass(frozen=True)
class Due:
    """An open supplier item: what is offered for payment."""

    line: int
    party: int
    reference: str
    amount: Decimal
    maturity: date


@dataclass(frozen=True)
class BankAccount:
    """An account as a bank knows it."""

    name: str
    iban: str
    bic: str


@dataclass(frozen=True)
class Supplier:
    """A supplier as Tryton keeps it; `number` is Tryton's code of the party."""

    number: str
    account: BankAccount


@dataclass(frozen=True)
class Payment:
    """A payment as Tryton tells it."""

    id: int
    end_to_end_id: str
    amount: Decimal
    state: str
    party: int
    line: int
    clearing_reconciled: bool


@dataclass(frozen=True)
class Balances:
    """Balances of the four accounts that a payment run moves; debit is positive."""

    payable: Decimal
    receivable: Decimal
    clearing: Decimal
    bank: Decimal


@dataclass(frozen=True)
class Item:
    """One line of a journal entry; debit is positive. Tryton wants the party on AP and AR."""

    account: str
    amount: Decimal
    party: int | None = None


class Tryton:
    """Tryton's payables, payments, statements and journal."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.company = int(wire.context["company"])

    # ---- What is due

    def due(self, until: date | None = None) -> list[Due]:
        """Open supplier items not yet covered by a payment, oldest first."""
        domain: list[Any] = [
            ["account.type.payable", "=", True],
            ["party", "!=", None],
            ["reconciliation", "=", None],
            ["credit", ">", 0],
            ["move_state", "=", "posted"],
        ]
        if until:
            domain.append(["maturity_date", "<=", until])
        names = ["party", "payment_amount", "maturity_date"]
        rows = self._all("account.move.line", domain, names)
        references = self._references()
        found = [
            Due(r["id"], r["party"], references[r["id"]], r["payment_amount"], r["maturity_date"])
            for r in rows
            if r["payment_amount"] > 0
        ]
        return sorted(found, key=lambda d: (d.maturity, d.line))

    def supplier(self, party: int) -> str:
        """The supplier's name."""
        return str(self.wire.call("model.party.party.read", [party], ["name"])[0]["name"])

    # ---- Master data

    def own_account(self) -> BankAccount:
        """The company's account that payments leave from."""
        (journal,) = self._all("account.payment.journal", [], ["sepa_bank_account_number"])
        numbers = [journal["sepa_bank_account_number"]]
        (company,) = self._read("company.company", [self.company], ["party"])
        (found,) = self._bank_accounts(numbers, self.supplier(company["party"]))
        return found

    def suppliers(self) -> list[Supplier]:
        """Everyone we owe money, with the account each is paid on, by code."""
        parties = sorted({due.party for due in self.due()})
        codes = {r["id"]: r for r in self._read("party.party", parties, ["code", "name"])}
        names = ["owners", "numbers"]
        accounts = self._all("bank.account", [["owners", "in", parties]], names)
        found = [
            Supplier(codes[owner]["code"], account)
            for row in accounts
            for owner in row["owners"]
            for account in self._bank_accounts(row["numbers"], codes[owner]["name"])
        ]
        return sorted(found, key=lambda s: s.number)

    def _bank_accounts(self, numbers: Sequence[int], name: str) -> list[BankAccount]:
        rows = self._read("bank.account.number", numbers, ["number_compact", "account"])
        found = []
        for row in rows:
            (account,) = self._read("bank.account", [row["account"]], ["bank"])
            (bank,) = self._read("bank", [account["bank"]], ["bic"])
            found.append(BankAccount(name, row["number_compact"], bank["bic"]))
        return found

    # ---- Payments

    def pay(self, dues: Iterable[Due], day: date) -> list[int]:
        """Create payments for open items and submit them."""
        journal = self._one("account.payment.journal", ["name", "=", seed.PAYMENT_JOURNAL])
        values = [
            {
                "company": self.company,
                "journal": journal,
                "kind": "payable",
                "party": due.party,
                "line": due.line,
                "amount": due.amount,
                "date": day,
                "reference": due.reference,
            }
            for due in dues
        ]
        payments = [int(i) for i in self.wire.call("model.account.payment.create", values)]
        self.wire.call("model.account.payment.submit", payments)
        return payments

    def approve(self, payments: Sequence[int]) -> None:
        """Approve submitted payments."""
        self.wire.call("model.account.payment.approve", list(payments))

    def process(self, payments: Sequence[int]) -> bytes:
        """Process approved payments as one group: the pain.001 that Tryton writes for it."""
        chosen = {"active_model": "account.payment", "active_id": payments[0]}
        self.wire.wizard(
            "account.payment.process", [("process", {})], active_ids=list(payments), **chosen
        )
        groups = {r["group"] for r in self._read("account.payment", payments, ["group"])}
        (group,) = groups
        domain = [["origin", "=", f"account.payment.group,{group}"]]
        (message,) = self._all("account.payment.sepa.message", domain, ["message"])
        content = message["message"]
        # A text field: over JSON it comes as text.
        return content if isinstance(content, bytes) else str(content).encode()

    def payments(self, ids: Sequence[int]) -> list[Payment]:
        """These payments as they stand, in the order asked for."""
        names = ["sepa_end_to_end_id", "amount", "state", "party", "line", "clearing_reconciled"]
        rows = {r["id"]: r for r in self._read("account.payment", ids, names)}
        return [
            Payment(
                i,
                rows[i]["sepa_end_to_end_id"],
                rows[i]["amount"],
                rows[i]["state"],
                rows[i]["party"],
                rows[i]["line"],
                bool(rows[i]["clearing_reconciled"]),
            )
            for i in ids
        ]

    def payment_named(self, end_to_end_id: str) -> int | None:
        """The payment with this EndToEndId."""
        domain = [["sepa_end_to_end_id", "=", end_to_end_id]]
        found = self.wire.call("model.account.payment.search", domain, 0, 2, None)
        return int(found[0]) if len(found) == 1 else None

    def succeed(self, payments: Sequence[int], day: date) -> None:
        """The bank took them: payable to clearing, the bill is reconciled."""
        self.wire.call("model.account.payment.succeed", list(payments), clearing_date=day)

    def fail(self, payments: Sequence[int]) -> None:
        """The bank refused them, or they came back: the bill is open again."""
        self.wire.call("model.account.payment.fail", list(payments))

    # ---- Balances

    def balances(self, *, posted: bool = False) -> Balances:
        """Tryton's own balances; with `posted`, without entries that are still drafts."""
        codes = (seed.PAYABLE, seed.RECEIVABLE, seed.CLEARING, seed.BANK)
        domain = [["company", "=", self.company], ["code", "in", list(codes)]]
        rows = self._all("account.account", domain, ["code", "balance"], posted=posted)
        by_code = {row["code"]: row["balance"] for row in rows}
        return Balances(*(by_code[code] for code in codes))

    # ---- Statements

    def import_statement(self, camt053: bytes) -> list[int]:
        """Run Tryton's import wizard: drafts whose lines nobody has assigned yet."""
        start = {"company": self.company, "file_": camt053, "file_format": "camt_053_001"}
        ((_, data),) = self.wire.wizard("account.statement.import", [("import_", {"start": start})])
        return [int(i) for i in data["res_id"]]

    def statements_named(self, name: str) -> list[int]:
        """Statements already entered under the bank's statement id."""
        domain = [["name", "=", name], ["state", "!=", "cancelled"]]
        return [int(i) for i in self.wire.call("model.account.statement.search", domain)]

    def clear(self, statement: int, ids: Mapping[str, str] | None = None) -> list[int]:
        """Assign each debit to its payment by EndToEndId, on the clearing account.

        The payments are returned. A line that names none stays open, and then posting is refused.
        `ids` tells Tryton's own EndToEndId for one that was replaced on the way.
        """
        names = ["number", "date", "amount", "description", "information", "pending_amount"]
        origins = self._all("account.statement.origin", [["statement", "=", statement]], names)
        values, paid = [], []
        for origin in origins:
            named = (origin["information"] or {}).get("camt_end_to_end_identification", "")
            payment = self.payment_named((ids or {}).get(named, named))
            if payment and origin["pending_amount"]:
                values.append(self._statement_line(statement, origin, payment))
                paid.append(payment)
        if values:
            self.wire.call("model.account.statement.line.create", values)
        return paid

    def post_statement(self, statement: int) -> None:
        """Validate (this books and reconciles) and post."""
        self.wire.call("model.account.statement.validate_statement", [statement])
        self.wire.call("model.account.statement.post", [statement])

    def statement_state(self, statement: int) -> str:
        """draft, validated, posted or cancelled."""
        return str(self._read("account.statement", [statement], ["state"])[0]["state"])

    def _statement_line(
        self, statement: int, origin: Mapping[str, Any], payment: int
    ) -> dict[str, Any]:
        (found,) = self.payments([payment])
        return {
            "statement": statement,
            "origin": origin["id"],
            "number": origin["number"],
            "date": origin["date"],
            "amount": origin["pending_amount"],
            "description": origin["description"],
            "party": found.party,
            "account": self._account(seed.CLEARING),
            "related_to": f"account.payment,{payment}",
        }

    # ---- Journal

    def post_entry(self, day: date, text: str, items: Iterable[Item]) -> int:
        """Enter and post a journal entry."""
        lines = [
            {
                "account": self._account(item.account),
                "debit": max(item.amount, Decimal(0)),
                "credit": max(-item.amount, Decimal(0)),
                "party": item.party,
            }
            for item in items
        ]
        values = {
            "company": self.company,
            "journal": self._one("account.journal", ["code", "=", "CLR"]),
            "period": self._period(day),
            "date": day,
            "description": text,
            "lines": [["create", lines]],
        }
        move = int(self.wire.call("model.account.move.create", [values])[0])
        self.wire.call("model.account.move.post", [move])
        return move

    def post_entry_once(self, day: date, text: str, items: Iterable[Item]) -> bool:
        """The same, unless an entry with this text is there."""
        domain = [["description", "=", text], ["company", "=", self.company]]
        if self.wire.call("model.account.move.search", domain):
            return False
        self.post_entry(day, text, items)
        return True

    def entries(self, account: str) -> list[Decimal]:
        """Every amount booked on an account, debit positive: to see that nothing is twice."""
        domain = [["account.code", "=", account], ["move.company", "=", self.company]]
        rows = self._all("account.move.line", domain, ["debit", "credit"])
        return sorted(r["debit"] - r["credit"] for r in rows)

    # ---- Calls in short

    def _all(
        self, model: str, domain: list[Any], names: list[str], **context: Any
    ) -> list[dict[str, Any]]:
        call = f"model.{model}.search_read"
        rows = self.wire.call(call, domain, 0, None, [["id", "ASC"]], names, **context)
        return list(rows)

    def _read(self, model: str, ids: Sequence[int], names: list[str]) -> list[dict[str, Any]]:
        return list(self.wire.call(f"model.{model}.read", list(ids), names))

    def _one(self, model: str, *domain: list[Any]) -> int:
        (found,) = self.wire.call(f"model.{model}.search", list(domain), 0, 2, None)
        return int(found)

    def _account(self, code: str) -> int:
        return self._one("account.account", ["code", "=", code], ["company", "=", self.company])

    def _period(self, day: date) -> int:
        inside = (["start_date", "<=", day], ["end_date", ">=", day])
        return self._one("account.period", ["company", "=", self.company], *inside)

    def _references(self) -> dict[int, str]:
        names = ["reference", "lines_to_pay"]
        bills = self._all("account.invoice", [["type", "=", "in"]], names)
        return {line: bill["reference"] for bill in bills for line in bill["lines_to_pay"]}
