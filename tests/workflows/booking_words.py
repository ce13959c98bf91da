"""What a bank writes of single bookings: notices, reports of the day and statements, by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from nostro.domain.money import Money
from nostro.storage import models
from nostro.storage.tenancy import tenant
from nostro.workflows import answers
from tests.workflows.bank_words import DAY, pain_002
from tests.workflows.company import Company

_ROOTS = {
    "052": ("BkToCstmrAcctRpt", "Rpt"),
    "053": ("BkToCstmrStmt", "Stmt"),
    "054": ("BkToCstmrDbtCdtNtfctn", "Ntfctn"),
}


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One booking; `minor` is signed. `reason` makes it a return, `charges` are itemised."""

    minor: int
    key: str = ""
    uetr: str = ""
    status: str = "BOOK"
    reference: str = ""
    batch: str = ""
    reason: str = ""
    charges: int = 0
    currency: str = "EUR"
    instructed: Money | None = None


def camt(
    kind: str, iban: str, told: Sequence[Told], *, message_id: str = "N1", currency: str = "EUR"
) -> bytes:
    """A camt.052, .053 or .054 of one account; a statement gets balances that close."""
    root, part = _ROOTS[kind]
    entries = "".join(map(_entry, told))
    balances = ""
    if kind == "053":
        moved = sum(one.minor for one in told if one.status == "BOOK")
        balances = _balance("OPBD", 1_000_000, currency)
        balances += _balance("CLBD", 1_000_000 + moved, currency)
    return f"""<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.{kind}.001.08"><{root}>
    <GrpHdr><MsgId>{message_id}</MsgId><CreDtTm>2026-11-20T18:00:00</CreDtTm></GrpHdr>
    <{part}><Id>{message_id}</Id><CreDtTm>2026-11-20T18:00:00</CreDtTm>
    <Acct><Id><IBAN>{iban}</IBAN></Id><Ccy>{currency}</Ccy></Acct>
    {balances}{entries}</{part}></{root}></Document>""".encode()


def _signed(minor: int, currency: str) -> str:
    return (
        f'<Amt Ccy="{currency}">{Money(abs(minor), currency).number()}</Amt>'
        f"<CdtDbtInd>{'DBIT' if minor < 0 else 'CRDT'}</CdtDbtInd>"
    )


def _balance(code: str, minor: int, currency: str) -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>{_signed(minor, currency)}"
        f"<Dt><Dt>{DAY}</Dt></Dt></Bal>"
    )


def _entry(told: Told) -> str:
    reference = f"<AcctSvcrRef>{told.reference}</AcctSvcrRef>" if told.reference else ""
    return (
        f"<Ntry>{_signed(told.minor, told.currency)}<Sts><Cd>{told.status}</Cd></Sts>"
        f"<BookgDt><Dt>{DAY}</Dt></BookgDt><ValDt><Dt>{DAY}</Dt></ValDt>{reference}"
        f"<BkTxCd><Prtry><Cd>X</Cd></Prtry></BkTxCd><NtryDtls>{_details(told)}</NtryDtls></Ntry>"
    )


def _details(told: Told) -> str:
    if told.batch:
        return f"<Btch><PmtInfId>{told.batch}</PmtInfId></Btch>"
    keys = f"<EndToEndId>{told.key}</EndToEndId>" if told.key else ""
    keys += f"<UETR>{told.uetr}</UETR>" if told.uetr else ""
    references = f"<Refs>{keys}</Refs>" if keys else ""
    amounts = ""
    if told.instructed:
        money = told.instructed
        amounts = (
            f'<AmtDtls><InstdAmt><Amt Ccy="{money.currency}">{money.number()}</Amt>'
            "</InstdAmt></AmtDtls>"
        )
    charges = ""
    if told.charges:
        amount = Money(told.charges, told.currency).number()
        charges = (
            f'<Chrgs><Rcrd><Amt Ccy="{told.currency}">{amount}</Amt><CdtDbtInd>DBIT</CdtDbtInd>'
            "<ChrgInclInd>true</ChrgInclInd></Rcrd></Chrgs>"
        )
    back = ""
    if told.reason:
        back = f"<RtrInf><Rsn><Cd>{told.reason}</Cd></Rsn></RtrInf>"
    return (
        f"<TxDtls>{references}{_signed(told.minor, told.currency)}{amounts}{charges}{back}</TxDtls>"
    )


class Sent:
    """Some payments that have left in one file, and what the bank says of them."""

    def __init__(self, company: Company, count: int = 2, **more: Any) -> None:
        self.company = company
        self.submission_id, self.ids = company.send(count, **more)
        self.message_id = company.bank.received[-1].message_id
        self.batch = f"{self.message_id}-1"
        rows = company.orders(self.ids)
        self.keys = [row.instruction.end_to_end_id for row in rows]
        self.amounts = [row.instruction.amount.minor for row in rows]
        self.iban = rows[0].route.debtor_iban
        self.currency = rows[0].instruction.amount.currency

    def debit(self, number: int, **more: Any) -> Told:
        usual: dict[str, Any] = {
            "minor": -self.amounts[number],
            "key": self.keys[number],
            "reference": f"B{number}",
            "currency": self.currency,
        }
        return Told(**{**usual, **more})

    def back(self, number: int, minor: int = 0, **more: Any) -> Told:
        usual: dict[str, Any] = {
            "minor": minor or self.amounts[number],
            "key": self.keys[number],
            "reference": f"R{number}",
            "reason": "MS03",
            "currency": self.currency,
        }
        return Told(**{**usual, **more})

    def camt(self, kind: str, *told: Told, message_id: str = "") -> bytes:
        named = message_id or f"N{kind}"
        return camt(kind, self.iban, told, message_id=named, currency=self.currency)

    def report(self, *lines: tuple[int, str, str], message_id: str = "S1") -> bytes:
        told = [(self.keys[number], word, code) for number, word, code in lines]
        return pain_002(self.message_id, lines=told, message_id=message_id)

    def hears(self, *contents: bytes) -> None:
        for content in contents:
            answers.receive_message(self.company.job, self.company.bank_id, "b.xml", content)

    @property
    def attempts(self) -> list[str]:
        return self.company.attempts(self.ids)

    @property
    def states(self) -> list[str]:
        return [state.value for state in self.company.states(self.ids)]

    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.company.cases()]

    def facts(self) -> list[tuple[str, str, str, str]]:
        with tenant(self.company.tenant_id):
            rows = models.Fact.objects.order_by("id")
            return [(row.kind, row.status, row.reason, row.verdict) for row in rows]

    def case(self, kind: str) -> models.Case:
        with tenant(self.company.tenant_id):
            return models.Case.objects.get(kind=kind)

    def order(self, number: int) -> models.Order:
        with tenant(self.company.tenant_id):
            return models.Order.objects.get(id=self.ids[number])

    def attempt(self, number: int) -> models.Attempt:
        with tenant(self.company.tenant_id):
            return models.Attempt.objects.get(order_id=self.ids[number])

    def journals(self) -> list[tuple[str, str, str]]:
        with tenant(self.company.tenant_id):
            rows = models.JournalEvent.objects.order_by("event", "reference")
            return list(rows.values_list("event", "owner", "action"))
