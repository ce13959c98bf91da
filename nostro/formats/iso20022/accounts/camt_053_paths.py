"""Where the facts of an entry go in a camt.053, by what its version has room for."""

from __future__ import annotations

import re

from nostro.domain.money import Money
from nostro.domain.remittance import ReferredDocument
from nostro.domain.statement import Charge, CurrencyExchange, Entry, TransactionDetail
from nostro.formats.iso20022.validation.schema_order import SchemaOrder

Pairs = list[tuple[str, str]]
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Za-z0-9]{11,30}\Z")
_DOCUMENTS = frozenset(
    {
        *("MSIN", "CNFA", "DNFA", "CINV", "CREN", "DEBN", "HIRI", "SBIN"),
        *("CMCN", "SOAC", "DISP", "BOLD", "VCHR", "AROI", "TSUT", "PUOR"),
    }
)
_CODE_LENGTH = 4
_TRANSACTION = "Stmt/Ntry/NtryDtls/TxDtls"


class Edition:
    """One version of the message: what it has, and what it calls things."""

    def __init__(self, order: SchemaOrder) -> None:
        self.order = order
        self.version = order.version
        self.party = "/Pty" if self.has(f"{_TRANSACTION}/RltdPties/Dbtr/Pty") else ""
        bic = "Stmt/Acct/Svcr/FinInstnId/BICFI"
        self.bic = "BICFI" if self.has(bic) else "BIC"
        self.detail_amount = self.has(f"{_TRANSACTION}/Amt")
        self.charges = "Chrgs/Rcrd" if self.has("Stmt/Ntry/Chrgs/Rcrd") else "Chrgs"
        self.status = "Sts/Cd" if self.has("Stmt/Ntry/Sts/Cd") else "Sts"
        amounts = f"{_TRANSACTION}/RmtInf/Strd/RfrdDocAmt/DscntApldAmt/Amt"
        self.discount = "DscntApldAmt/Amt" if self.has(amounts) else "DscntApldAmt"

    def has(self, path: str) -> bool:
        return self.order.has(path)

    def account(self, path: str, account: str) -> tuple[str, str]:
        """An account by its IBAN, or by whatever other number it has."""
        return (f"{path}/Id/{'IBAN' if _IBAN.match(account) else 'Othr/Id'}", account)


def coded(path: str, code: str) -> tuple[str, str]:
    """A word of a list of codes, or one of somebody's own."""
    return (f"{path}/{'Cd' if len(code) <= _CODE_LENGTH else 'Prtry'}", code)


def amounted(path: str, amount: Money) -> Pairs:
    return [(path, amount.number().lstrip("-")), (f"{path}@Ccy", amount.currency)]


def money(path: str, amount: Money) -> Pairs:
    """An amount with its direction."""
    own = f"{path}/" if path else ""
    side = "DBIT" if amount.minor < 0 else "CRDT"
    return [*amounted(f"{own}Amt", amount), (f"{own}CdtDbtInd", side)]


def _bank_code(transaction: str, proprietary: str, issuer: str) -> Pairs:
    paths = ("BkTxCd/Domn/Cd", "BkTxCd/Domn/Fmly/Cd", "BkTxCd/Domn/Fmly/SubFmlyCd")
    domain = zip(paths, transaction.split("/"), strict=False)
    # An issuer stands only beside its code.
    issued = [("BkTxCd/Prtry/Issr", issuer)] if proprietary else []
    return [*domain, ("BkTxCd/Prtry/Cd", proprietary), *issued]


def _charges(charges: tuple[Charge, ...], edition: Edition) -> Pairs:
    pairs: Pairs = []
    for number, charge in enumerate(charges, start=1):
        own = f"{edition.charges}[{number}]"
        included = "" if charge.included is None else str(charge.included).lower()
        kind = "Tp/Cd" if len(charge.kind) <= _CODE_LENGTH else "Tp/Prtry/Id"
        pairs += money(own, charge.amount)
        pairs.append((f"{own}/ChrgInclInd", included))
        pairs += [(f"{own}/{kind}", charge.kind), (f"{own}/Br", charge.bearer)]
    return pairs


def _exchange(path: str, exchange: CurrencyExchange | None) -> Pairs:
    if exchange is None:
        return []
    return [
        (f"{path}/CcyXchg/SrcCcy", exchange.source),
        (f"{path}/CcyXchg/TrgtCcy", exchange.target),
        (f"{path}/CcyXchg/UnitCcy", exchange.unit),
        (f"{path}/CcyXchg/XchgRate", exchange.rate),
        (f"{path}/CcyXchg/CtrctId", exchange.contract),
        (f"{path}/CcyXchg/QtnDt", exchange.day),
    ]


def entry_pairs(entry: Entry, edition: Edition) -> Pairs:
    """Everything of an entry but its details and availability; texts that are empty stay out."""
    pairs: Pairs = [
        ("NtryRef", entry.entry_reference),
        *money("", entry.amount),
        ("RvslInd", "true" if entry.reversal else ""),
        (edition.status, entry.status),
        ("BookgDt/Dt", entry.booked.isoformat() if entry.booked else ""),
        ("ValDt/Dt", entry.value.isoformat() if entry.value else ""),
        ("AcctSvcrRef", entry.bank_reference),
        *_bank_code(entry.transaction_code, entry.proprietary_code, entry.proprietary_issuer),
        *_charges(entry.charges, edition),
        ("NtryDtls/Btch/MsgId", entry.message_id),
        ("NtryDtls/Btch/PmtInfId", entry.payment_information_id),
        ("NtryDtls/Btch/NbOfTxs", str(entry.batch_count) if entry.batch_count else ""),
        ("AddtlNtryInf", entry.text),
    ]
    if entry.instructed is not None:
        pairs += amounted("AmtDtls/InstdAmt/Amt", entry.instructed)
        pairs += _exchange("AmtDtls/InstdAmt", entry.exchange)
    return [*pairs, *entry.codes]


def detail_pairs(detail: TransactionDetail, entry: Money, own: str, edition: Edition) -> Pairs:
    """Everything of one detail of an entry with that amount, on our account `own`."""
    pairs: Pairs = [
        ("Refs/MsgId", detail.message_id),
        ("Refs/AcctSvcrRef", detail.bank_reference),
        ("Refs/PmtInfId", detail.payment_information_id),
        ("Refs/InstrId", detail.instruction_id),
        ("Refs/EndToEndId", detail.end_to_end_id),
        ("Refs/UETR", detail.uetr),
        ("Refs/TxId", detail.transaction_id),
        ("Refs/MndtId", detail.mandate_id),
        ("Refs/ChqNb", detail.check_number),
        ("Refs/ClrSysRef", detail.clearing_reference),
        *_bank_code(detail.transaction_code, detail.proprietary_code, ""),
        *_charges(detail.charges, edition),
        coded("Purp", detail.purpose),
        coded("RtrInf/Rsn", detail.return_reason),
        ("RtrInf/AddtlInf", detail.return_text),
        ("AddtlTxInf", detail.text),
        *_amounts(detail, edition),
        *_parties(detail, entry, own, edition),
        *_remittance(detail, edition),
    ]
    return [*pairs, *_codes(detail, edition)]


def _codes(detail: TransactionDetail, edition: Edition) -> Pairs:
    """Codes as paths of this version: the reader names facts of our own side for all versions."""
    pairs: Pairs = []
    lines = 0
    for name, text in detail.codes:
        side = "Cdtr" if "Cdtr" in name else "Dbtr"
        own = f"RltdPties/{side}{edition.party}"
        if name == f"RltdPties/{side}/PstlAdr":
            lines += 1
            pairs.append((f"{own}/PstlAdr/AdrLine[{lines}]", text))
        elif name == f"RltdPties/{side}Acct/Id":
            pairs.append(edition.account(f"RltdPties/{side}Acct", text))
        else:
            places = {
                f"RltdPties/{side}/Nm": f"{own}/Nm",
                f"RltdAgts/{side}Agt/BIC": f"RltdAgts/{side}Agt/FinInstnId/{edition.bic}",
                f"RltdPties/Ultmt{side}/Nm": f"RltdPties/Ultmt{side}{edition.party}/Nm",
                f"RltdPties/{side}/Id/OrgId": f"{own}/Id/OrgId/Othr/Id",
                f"RltdPties/{side}/Id/PrvtId": f"{own}/Id/PrvtId/Othr/Id",
            }
            pairs.append((places.get(name, name), text))
    return pairs


def _amounts(detail: TransactionDetail, edition: Edition) -> Pairs:
    pairs: Pairs = []
    if detail.amount is not None:
        if edition.detail_amount:
            pairs += money("", detail.amount)
        else:
            pairs += amounted("AmtDtls/TxAmt/Amt", detail.amount)
    exchanged = "TxAmt"
    for kind, amount in (("CntrValAmt", detail.counter_value), ("InstdAmt", detail.instructed)):
        if amount is not None:
            pairs += amounted(f"AmtDtls/{kind}/Amt", amount)
            exchanged = kind
    if detail.exchange is not None and exchanged == "TxAmt" and detail.amount is not None:
        pairs += amounted("AmtDtls/TxAmt/Amt", detail.amount)
    return [*pairs, *_exchange(f"AmtDtls/{exchanged}", detail.exchange)]


def _parties(detail: TransactionDetail, entry: Money, account: str, edition: Edition) -> Pairs:
    sign = detail.amount.minor if detail.amount is not None else entry.minor
    side, ours = ("Cdtr", "Dbtr") if sign < 0 else ("Dbtr", "Cdtr")
    # A returned payment keeps its roles: then we are on the side where the other would be.
    returned = any(name.startswith(f"RltdPties/{side}/") for name, _ in detail.codes)
    if returned:
        side, ours = ours, side
    own = f"RltdPties/{side}{edition.party}"
    creditor = f"RltdPties/Cdtr{edition.party}/Id/PrvtId/Othr"
    pairs: Pairs = [
        (f"{own}/Nm", detail.counterparty_name),
        *(
            (f"{own}/PstlAdr/AdrLine[{number}]", line)
            for number, line in enumerate(detail.counterparty_address, start=1)
        ),
        (f"{own}/Id/OrgId/Othr/Id", detail.counterparty_id),
        (f"RltdPties/Ultmt{side}{edition.party}/Nm", detail.ultimate_counterparty_name),
        (f"RltdAgts/{side}Agt/FinInstnId/{edition.bic}", detail.counterparty_bic),
        edition.account(f"RltdPties/{side}Acct", detail.counterparty_iban),
        (f"{creditor}/Id", detail.creditor_id),
        (f"{creditor}/SchmeNm/Prtry", "SEPA" if detail.creditor_id else ""),
    ]
    return [*pairs, edition.account(f"RltdPties/{ours}Acct", account)] if returned else pairs


def _remittance(detail: TransactionDetail, edition: Edition) -> Pairs:
    pairs: Pairs = [
        (f"RmtInf/Ustrd[{number}]", text) for number, text in enumerate(detail.remittance, start=1)
    ]
    pairs.append(("RmtInf/Strd[1]/CdtrRefInf/Ref", detail.creditor_reference))
    for number, document in enumerate(detail.documents, start=1):
        pairs += _document(f"RmtInf/Strd[{number}]", document, edition)
    return pairs


def _document(path: str, document: ReferredDocument, edition: Edition) -> Pairs:
    kind = "Cd" if document.kind in _DOCUMENTS else "Prtry"
    day = document.day.isoformat() if document.day else ""
    dated = f"{_TRANSACTION}/RmtInf/Strd/RfrdDocInf/RltdDt/Dt"
    pairs: Pairs = [
        (f"{path}/RfrdDocInf/Tp/CdOrPrtry/{kind}", document.kind),
        (f"{path}/RfrdDocInf/Nb", document.number),
        (f"{path}/RfrdDocInf/RltdDt{'/Dt' if edition.has(dated) else ''}", day),
        (f"{path}/AddtlRmtInf", document.text),
    ]
    for tag, amount in (
        ("DuePyblAmt", document.due),
        (edition.discount, document.discount),
        ("RmtdAmt", document.paid),
    ):
        if amount is not None:
            pairs += amounted(f"{path}/RfrdDocAmt/{tag}", amount)
    if document.adjustment is not None:
        adjusted = f"{path}/RfrdDocAmt/AdjstmntAmtAndRsn"
        pairs += money(adjusted, document.adjustment)
        pairs.append((f"{adjusted}/Rsn", document.adjustment_reason))
    return pairs
