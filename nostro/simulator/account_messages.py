"""What the simulated bank writes about accounts: camt.052, camt.053 and camt.054 (version 08).

camt.053 is written by the product's own writer. The other two share its entries (ISO 20022
ReportEntry10) and are the simulator's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from nostro.domain.money import Money
from nostro.domain.statement import Entry, Statement
from nostro.formats import Profile
from nostro.formats.iso20022.accounts import camt_053
from nostro.formats.iso20022.accounts.camt_053_paths import (
    Edition,
    Pairs,
    detail_pairs,
    entry_pairs,
    money,
)
from nostro.formats.iso20022.validation.schema_order import arranged, order_of

STATEMENT = "camt.053.001.08"
REPORT = "camt.052.001.08"
NOTICE = "camt.054.001.08"


_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Za-z0-9]{11,30}\Z")


def statement_message(statement: Statement) -> bytes:
    """A camt.053 of one statement."""
    return camt_053.write(statement, Profile(options={"version": STATEMENT}))


def report_message(report: Statement) -> bytes:
    """A camt.052 of one account: what is booked so far today."""
    head: Pairs = [*_head(report.statement_id, report.created_at, report.account)]
    for number, balance in enumerate(report.balances, start=1):
        own = f"Bal[{number}]"
        head.append((f"{own}/Tp/CdOrPrtry/Cd", balance.code))
        head += money(own, balance.amount)
        head.append((f"{own}/Dt/Dt", balance.day.isoformat()))
    return _message(REPORT, "BkToCstmrAcctRpt", "Rpt", head, report.entries, report.account)


def notice_message(message_id: str, at: datetime, account: str, entries: Iterable[Entry]) -> bytes:
    """A camt.054 of one account: single debits or credits, right after they were booked."""
    head = _head(message_id, at, account)
    return _message(NOTICE, "BkToCstmrDbtCdtNtfctn", "Ntfctn", head, entries, account)


def _head(message_id: str, at: datetime | None, account: str) -> Pairs:
    created = at.isoformat() if at else ""
    name = "IBAN" if _IBAN.match(account) else "Othr/Id"
    return [("Id", message_id), ("CreDtTm", created), (f"Acct/Id/{name}", account)]


def _message(
    version: str, message: str, name: str, head: Pairs, entries: Iterable[Entry], account: str
) -> bytes:
    told = dict(head)
    inside = arranged(name, name, head, order_of(version, message))
    lines = "".join(f"\n{_entry(entry, account)}" for entry in entries)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:{version}"><{message}>'
        f"<GrpHdr><MsgId>{told['Id']}</MsgId><CreDtTm>{told['CreDtTm']}</CreDtTm></GrpHdr>\n"
        f"{inside.removesuffix(f'</{name}>')}{lines}\n</{name}></{message}></Document>\n"
    ).encode()


def _entry(entry: Entry, account: str) -> str:
    edition = Edition(order_of(STATEMENT, "BkToCstmrStmt"))
    pairs = entry_pairs(entry, edition)
    for detail in entry.details:
        amount: Money = entry.amount
        pairs += [
            (f"NtryDtls/TxDtls/{path}", text)
            for path, text in detail_pairs(detail, amount, account, edition)
        ]
    filled = [(path, text) for path, text in pairs if text]
    return arranged("Ntry", "Stmt/Ntry", filled, edition.order)
