"""Statements that another library has read too: field by field the same, or it says why not."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from nostro.domain.currency import EXPONENT
from nostro.domain.money import Money
from nostro.domain.statement import Balance, Entry, Statement, TransactionDetail
from tests.formats.coverage import CORPUS
from tests.formats.samples import read

Difference = tuple[str, Any, Any]
GENKGO = sorted(CORPUS.glob("camt.05*/genkgo+camt/test/data/*.json"))
SVAPNIL = sorted(CORPUS.glob("camt.05*/svapnil+iso20022.js/**/*.json"))

# File and field: why the other side is wrong, or says something else on purpose.
_OWN_DIRECTION = (
    "the payment is CRDT within a DBIT entry (TxDtls/CdtDbtInd); the twin has it as DBIT"
)
_NUMBER = "the twin made a number of a reference, and lost its leading zero"
_IN_UTC = "the twin moved the bank's 20:00 without a zone to UTC, into the next day"
AGREED: dict[tuple[str, str], str] = {
    ("camt_053_us_v2_sample", "day"): _IN_UTC,
    ("camt_053_us_v2_sample", "end_to_end_id"): _NUMBER,
    ("camt_053_us_v2_sample", "message_id"): _NUMBER,
    ("camt052.v4", "amount"): _OWN_DIRECTION,
    ("camt052.v6", "amount"): _OWN_DIRECTION,
    ("camt054.v4", "amount"): _OWN_DIRECTION,
}


def test_the_corpus_is_there() -> None:
    if not CORPUS.is_dir():
        pytest.skip("the corpus of public files is not beside the repository")
    assert len(GENKGO) >= 23
    assert SVAPNIL


def statements(twin: Path) -> list[Statement]:
    found = read(twin.parts[len(CORPUS.parts)].replace(".", "_"), xml_of(twin).read_bytes())
    return [one for one in found if isinstance(one, Statement)]


def xml_of(twin: Path) -> Path:
    return twin.with_suffix(".xml")


def differing(pairs: Iterator[Difference]) -> list[Difference]:
    return [(field, ours, theirs) for field, ours, theirs in pairs if ours != theirs]


def unexplained(twin: Path, found: list[Difference]) -> list[Difference]:
    return [one for one in found if not AGREED.get((twin.stem, one[0].rpartition(" ")[2]))]


# ---- genkgo: a dump of its objects, amounts in minor units, signed ------------------------------


@pytest.mark.parametrize("twin", GENKGO, ids=lambda path: path.stem)
def test_genkgo(twin: Path) -> None:
    if not xml_of(twin).exists():
        pytest.skip("the corpus has no message to this twin")
    told = json.loads(twin.read_text())
    found = statements(twin)
    # The twin of a message with several statements lists the entries of the last one only.
    entries = found[-1].entries
    theirs = told["getEntries"]
    assert len(entries) == len(theirs)
    pairs = [*genkgo_statements(found, told), *genkgo_entries(entries, theirs)]
    left = unexplained(twin, differing(iter(pairs)))
    assert not left, "\n".join(map(str, left))


def genkgo_statements(found: list[Statement], told: dict[str, Any]) -> Iterator[Difference]:
    records = [one for one in told["getRecords"] if isinstance(one, dict)]
    if not records:
        records = [e["getRecord"] for e in told["getEntries"] if isinstance(e["getRecord"], dict)]
    by_id = {record["getId"]: record for record in records}
    for one in found:
        theirs = by_id.get(one.statement_id)
        if theirs is None:
            continue
        name = f"statement {one.statement_id}"
        yield f"{name} account", one.account, theirs["getAccount"]["getIdentification"]
        sequence = theirs["getElectronicSequenceNumber"]
        yield f"{name} sequence", one.sequence, int(sequence) if sequence else None
        created = datetime.fromisoformat(theirs["getCreatedOn"]["0"])
        yield f"{name} created", in_utc(one.created_at), in_utc(created)
        balances = theirs.get("getBalances") or []
        yield f"{name} balance_count", len(one.balances), len(balances)
        for place, (ours, other) in enumerate(zip(one.balances, balances, strict=False), 1):
            yield f"{name} balance {place} amount", ours.amount, genkgo_money(other["getAmount"])
            yield f"{name} balance {place} day", ours.day, genkgo_day(other["getDate"])


def in_utc(moment: datetime | None) -> datetime | None:
    """The twins are in UTC; a time without an offset is taken as such."""
    if moment is None or moment.tzinfo is None:
        return moment and moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC)


def genkgo_entries(entries: Sequence[Entry], theirs: list[dict[str, Any]]) -> Iterator[Difference]:
    for place, (ours, other) in enumerate(zip(entries, theirs, strict=True), 1):
        name = f"entry {place}"
        yield f"{name} amount", ours.amount, genkgo_money(other["getAmount"])
        yield f"{name} booked", ours.booked, genkgo_day(other["getBookingDate"])
        yield f"{name} value", ours.value, genkgo_day(other["getValueDate"])
        yield (
            f"{name} bank_reference",
            ours.bank_reference,
            text(other["getAccountServicerReference"]),
        )
        yield f"{name} reversal", ours.reversal, other["getReversalIndicator"]
        yield f"{name} status", ours.status, text(other["getStatus"]) or ours.status
        yield f"{name} text", ours.text, text(other["getAdditionalInfo"])
        yield f"{name} code", ours.transaction_code, genkgo_code(other["getBankTransactionCode"])
        details = [one for one in other["getTransactionDetails"] if isinstance(one, dict)]
        yield f"{name} detail_count", len(ours.details), len(other["getTransactionDetails"])
        whole = other["getTransactionDetail"]
        if isinstance(whole, dict) and len(details) < len(ours.details):
            details = [whole, *details]
        for number, (detail, one) in enumerate(zip(ours.details, details, strict=False), 1):
            yield from genkgo_detail(f"{name} detail {number}", detail, one)


def genkgo_detail(
    name: str, ours: TransactionDetail, other: dict[str, Any]
) -> Iterator[Difference]:
    amount = other["getAmount"]
    yield f"{name} amount", ours.amount, genkgo_money(amount) if amount else None
    references = other["getReference"] if isinstance(other["getReference"], dict) else {}
    yield f"{name} end_to_end_id", ours.end_to_end_id, text(references.get("getEndToEndId"))
    yield f"{name} uetr", ours.uetr, text(references.get("getUuidEndToEndReference"))
    mandate = text(references.get("getMandateId"))
    yield f"{name} mandate_id", ours.mandate_id, mandate
    batch = text(references.get("getPaymentInformationId"))
    yield f"{name} payment_information_id", ours.payment_information_id, batch
    remitted = other["getRemittanceInformation"]
    if isinstance(remitted, dict):
        blocks = [
            block["getMessage"]
            for block in remitted["getUnstructuredBlocks"]
            if isinstance(block, dict) and block["getMessage"]
        ]
        # The twin leaves out blocks that it has shown elsewhere; ours has structured texts too.
        yield f"{name} remittance", [b for b in blocks if b not in ours.remittance], []
        reference = remitted["getCreditorReferenceInformation"]
        if isinstance(reference, dict):
            told = text(reference["getRef"])
            yield f"{name} creditor_reference", ours.creditor_reference, told


def genkgo_money(told: dict[str, Any]) -> Money:
    return Money(int(told["getAmount"]), told["getCurrency"]["getCode"])


def genkgo_day(told: dict[str, Any] | None) -> date | None:
    return date.fromisoformat(told["0"][:10]) if told else None


def genkgo_code(told: dict[str, Any] | None) -> str:
    domain = told and told["getDomain"]
    if not isinstance(domain, dict):
        return ""
    family = domain["getFamily"]
    parts = [
        domain["getCode"],
        *((family["getCode"], family["getSubFamilyCode"]) if family else ()),
    ]
    return "/".join(part or "" for part in parts)


def text(told: Any) -> str:
    return told or ""


# ---- svapnil: the message as JSON, as it stands --------------------------------------------------


@pytest.mark.parametrize("twin", SVAPNIL, ids=lambda path: path.stem)
def test_svapnil(twin: Path) -> None:
    told = json.loads(twin.read_text())["Document"]["BkToCstmrStmt"]["Stmt"]
    found = statements(twin)
    theirs = listed(told)
    assert len(found) == len(theirs)
    pairs = zip(found, theirs, strict=True)
    left = [
        one
        for ours, other in pairs
        for one in unexplained(twin, differing(svapnil_statement(ours, other)))
    ]
    assert not left, "\n".join(map(str, left))


def svapnil_statement(ours: Statement, told: dict[str, Any]) -> Iterator[Difference]:
    yield "statement_id", ours.statement_id, told["Id"]
    yield "account", ours.account, told["Acct"]["Id"]["Othr"]["Id"]
    yield "owner", ours.account_name, told["Acct"]["Nm"]
    yield "sequence", ours.sequence, told["ElctrncSeqNb"]
    balances, entries = told["Bal"], told["Ntry"]
    yield "balance_count", len(ours.balances), len(balances)
    for place, (balance, other) in enumerate(zip(ours.balances, balances, strict=False), 1):
        yield from svapnil_balance(f"balance {place}", balance, other)
    yield "entry_count", len(ours.entries), len(entries)
    for place, (entry, other) in enumerate(zip(ours.entries, entries, strict=False), 1):
        yield from svapnil_entry(f"entry {place}", entry, other)


def svapnil_balance(name: str, ours: Balance, other: dict[str, Any]) -> Iterator[Difference]:
    yield f"{name} amount", ours.amount, svapnil_money(other)
    yield f"{name} code", ours.code, other["Tp"]["CdOrPrtry"]["Cd"]
    yield f"{name} day", ours.day, date.fromisoformat(other["Dt"]["DtTm"][:10])


def svapnil_entry(name: str, ours: Entry, other: dict[str, Any]) -> Iterator[Difference]:
    yield f"{name} amount", ours.amount, svapnil_money(other)
    yield f"{name} entry_reference", ours.entry_reference, str(other["NtryRef"])
    yield f"{name} booked", ours.booked, date.fromisoformat(other["BookgDt"]["DtTm"][:10])
    yield f"{name} reversal", ours.reversal, other.get("RvslInd", False)
    yield f"{name} proprietary_code", ours.proprietary_code, other["BkTxCd"]["Prtry"]["Cd"]
    details = [one for group in listed(other["NtryDtls"]) for one in listed(group["TxDtls"])]
    yield f"{name} detail_count", len(ours.details), len(details)
    for detail, one in zip(ours.details, details, strict=False):
        references = one["Refs"]
        yield f"{name} end_to_end_id", detail.end_to_end_id, text(references.get("EndToEndId"))
        yield f"{name} message_id", detail.message_id, text(references.get("MsgId"))
        yield f"{name} bank_reference", detail.bank_reference, text(references.get("AcctSvcrRef"))
        remitted = (one.get("RmtInf") or {}).get("Ustrd")
        if isinstance(remitted, str):
            yield f"{name} remittance", detail.remittance, (remitted,)


def listed(told: Any) -> list[Any]:
    """An element that may occur often is a list only if it does."""
    return told if isinstance(told, list) else [told]


def svapnil_money(other: dict[str, Any]) -> Money:
    currency = other["Amt"]["@_Ccy"]
    whole, _, part = str(other["Amt"]["#text"]).partition(".")
    minor = int(whole + part.ljust(EXPONENT[currency], "0"))
    return Money(-minor if other["CdtDbtInd"] == "DBIT" else minor, currency)
