"""Where each fact stands in a bank statement message, over all versions: path -> our own word.

ISO 20022 camt.052, .053 and .054 share entries (Ntry), transactions (TxDtls) and balances (Bal).
Paths that differ by version map to the same word; a word ending in "*" may occur often. What is
named nowhere here is kept as path and text.
"""

from __future__ import annotations

SIDES = ("Dbtr", "Cdtr")
# Kinds of amount that may carry a conversion, in the order in which we ask them for it.
CONVERTED = (("TxAmt", "transaction"), ("InstdAmt", "instructed"), ("CntrValAmt", "counter"))


def _account(path: str, slot: str) -> dict[str, str]:
    kinds = ("IBAN", "Othr/Id", "PrtryAcct/Id", "BBAN", "UPIC")
    return {f"{path}/Id/{kind}": slot for kind in kinds}


def _code(path: str, slot: str) -> dict[str, str]:
    return {f"{path}/Cd": slot, f"{path}/Prtry": slot}


def _address(path: str, slot: str) -> dict[str, str]:
    """An address as its lines, in the order of the file (street, number, post code, town ...)."""
    parts = ("AdrLine", "Dept", "SubDept", "StrtNm", "BldgNb", "BldgNm", "Flr", "PstBx", "Room")
    more = ("PstCd", "TwnNm", "TwnLctnNm", "DstrctNm", "CtrySubDvsn", "Ctry")
    return {f"{path}/PstlAdr/{part}": f"{slot}*" for part in (*parts, *more)}


def _identities(path: str, slot: str) -> dict[str, str]:
    """A party's own number; a private one is apart, since creditor identifiers stand there."""
    kinds = ("AnyBIC", "BICOrBEI", "LEI", "Othr/Id", "PrtryId/Id")
    return {
        **{f"{path}/Id/OrgId/{kind}": f"{slot}_id" for kind in kinds},
        f"{path}/Id/PrvtId/Othr/Id": f"{slot}_private",
        **_code(f"{path}/Id/PrvtId/Othr/SchmeNm", f"{slot}_scheme"),
    }


def _party(side: str) -> dict[str, str]:
    """A counterparty's slots: the party moved one level down (Pty) in version 07, BIC to BICFI."""
    name, slot = f"RltdPties/{side}", side.lower()
    agent = f"RltdAgts/{side}Agt/FinInstnId"
    return {
        f"{name}/Nm": f"{slot}_name",
        f"{name}/Pty/Nm": f"{slot}_name",
        f"{name}/Agt/FinInstnId/Nm": f"{slot}_name",
        **_address(name, f"{slot}_address"),
        **_address(f"{name}/Pty", f"{slot}_address"),
        **_identities(name, slot),
        **_identities(f"{name}/Pty", slot),
        f"RltdPties/Ultmt{side}/Nm": f"{slot}_ultimate",
        f"RltdPties/Ultmt{side}/Pty/Nm": f"{slot}_ultimate",
        **_account(f"{name}Acct", f"{slot}_account"),
        f"{agent}/BICFI": f"{slot}_bic",
        f"{agent}/BIC": f"{slot}_bic",
    }


def _conversion(kind: str, slot: str) -> dict[str, str]:
    """AmtDtls/<kind>: an amount, and how it was converted."""
    exchange = f"AmtDtls/{kind}/CcyXchg"
    return {
        f"AmtDtls/{kind}/Amt": f"{slot}_amount",
        f"{exchange}/SrcCcy": f"{slot}_source",
        f"{exchange}/TrgtCcy": f"{slot}_target",
        f"{exchange}/UnitCcy": f"{slot}_unit",
        f"{exchange}/XchgRate": f"{slot}_rate",
        f"{exchange}/CtrctId": f"{slot}_contract",
        f"{exchange}/QtnDt": f"{slot}_quoted",
    }


_CONVERSIONS = {
    path: slot for kind, word in CONVERTED for path, slot in _conversion(kind, word).items()
}
_BANK_CODE = {
    "BkTxCd/Domn/Cd": "domain",
    "BkTxCd/Domn/Fmly/Cd": "family",
    "BkTxCd/Domn/Fmly/SubFmlyCd": "subfamily",
    "BkTxCd/Prtry/Cd": "proprietary",
    "BkTxCd/Prtry/Issr": "issuer",
}

TRANSACTION_FIELDS = {
    "Refs/EndToEndId": "end_to_end_id",
    "Refs/UETR": "uetr",
    "Refs/InstrId": "instruction_id",
    "Refs/PmtInfId": "payment_information_id",
    "Refs/MsgId": "message_id",
    "Refs/AcctSvcrRef": "bank_reference",
    "Refs/TxId": "transaction_id",
    "Refs/ClrSysRef": "clearing_reference",
    "Refs/ChqNb": "check_number",
    "Refs/MndtId": "mandate_id",
    "Amt": "amount",
    "CdtDbtInd": "direction",
    **_CONVERSIONS,
    **_BANK_CODE,
    **_party("Dbtr"),
    **_party("Cdtr"),
    **_code("Purp", "purpose"),
    "RmtInf/Ustrd": "remittance*",
    "AddtlTxInf": "text",
    **_code("RtrInf/Rsn", "return_reason"),
    **_code("RtrInf/RtrRsn", "return_reason"),
    "RtrInf/AddtlInf": "return_text*",
}

# Texts that go on as they are, under the same name.
TRANSACTION_PLAIN = frozenset(
    {
        "end_to_end_id",
        "uetr",
        "instruction_id",
        "payment_information_id",
        "message_id",
        "bank_reference",
        "transaction_id",
        "clearing_reference",
        "check_number",
        "mandate_id",
        "purpose",
        "text",
        "return_reason",
    }
)


def _groups(fields: dict[str, str]) -> dict[str, str]:
    """Which facts belong together, so that nobody asks for what an entry has nothing of."""
    groups = dict.fromkeys(_CONVERSIONS.values(), "conversion")
    groups |= dict.fromkeys(_BANK_CODE.values(), "bank")
    for side in SIDES:
        slots = [slot.rstrip("*") for slot in fields.values()]
        groups |= {slot: side for slot in slots if slot.startswith(side.lower())}
    return groups


TRANSACTION_GROUPS = _groups(TRANSACTION_FIELDS)

DOCUMENT_FIELDS = {
    "Nb": "number",
    "RfrdDocNb": "number",
    "RltdDt": "day",
    "RltdDt/Dt": "day",
    **_code("Tp/CdOrPrtry", "kind"),
    **_code("RfrdDocTp", "kind"),
}
# RfrdDocAmt: single amounts until version 11, a list of typed amounts from 12 on.
DOCUMENT_AMOUNTS = {
    "DuePyblAmt": "due",
    "RmtdAmt": "paid",
    "DscntApldAmt": "discount",
    "DscntApldAmt/Amt": "discount",
    "AdjstmntAmtAndRsn/Amt": "adjustment",
    "AdjstmntAmtAndRsn/CdtDbtInd": "adjustment_direction",
    "AdjstmntAmtAndRsn/Rsn": "adjustment_reason",
    "AdjstmntAmtAndRsn/AddtlInf": "adjustment_text",
}
TYPED_AMOUNT_FIELDS = {"Amt": "amount", **_code("Tp", "kind")}
STRUCTURED_FIELDS = {
    "CdtrRefInf/Ref": "reference",
    "CdtrRefInf/CdtrRef": "reference",
    "RfrdDocRltdDt": "day",
    "AddtlRmtInf": "texts*",
    **{f"RfrdDocAmt/{path}": slot for path, slot in DOCUMENT_AMOUNTS.items()},
}
CHARGE_FIELDS = {
    "Amt": "amount",
    "CdtDbtInd": "direction",
    "ChrgInclInd": "included",
    "Tp/Cd": "kind",
    "Tp/Prtry": "kind",
    "Tp/Prtry/Id": "kind",
    "Tp/PrtryCd": "kind",
    "Br": "bearer",
}
AVAILABILITY_FIELDS = {
    "Dt/ActlDt": "day",
    "Dt/NbOfDays": "days",
    "Amt": "amount",
    "CdtDbtInd": "direction",
}

ENTRY_FIELDS = {
    "NtryRef": "entry_reference",
    "Amt": "amount",
    "CdtDbtInd": "direction",
    "RvslInd": "reversal",
    "Sts": "status",
    "Sts/Cd": "status",
    "Sts/Prtry": "status",
    "BookgDt": "booked",
    "BookgDt/Dt": "booked",
    "BookgDt/DtTm": "booked",
    "ValDt": "value",
    "ValDt/Dt": "value",
    "ValDt/DtTm": "value",
    "AcctSvcrRef": "bank_reference",
    **_BANK_CODE,
    **_CONVERSIONS,
    "NtryDtls/Btch/PmtInfId": "payment_information_id",
    "NtryDtls/Btch/MsgId": "message_id",
    "NtryDtls/Btch/NbOfTxs": "batch_count",
    "Btch/PmtInfId": "payment_information_id",
    "Btch/MsgId": "message_id",
    "Btch/NbOfTxs": "batch_count",
    "AddtlNtryInf": "text",
}

ENTRY_PLAIN = frozenset(
    {"entry_reference", "bank_reference", "payment_information_id", "message_id", "text"}
)
ENTRY_GROUPS = _groups(ENTRY_FIELDS)

BALANCE_FIELDS = {
    **_code("Tp/CdOrPrtry", "code"),
    **_code("Tp", "code"),
    **_code("Tp/SubTp", "subtype"),
    "Amt": "amount",
    "CdtDbtInd": "direction",
    "Dt": "day",
    "Dt/Dt": "day",
    "Dt/DtTm": "day",
}

_SUMMARY = {
    "TxsSummry/TtlNtries/NbOfNtries": "all_count",
    "TxsSummry/TtlNtries/Sum": "all_sum",
    "TxsSummry/TtlCdtNtries/NbOfNtries": "credit_count",
    "TxsSummry/TtlCdtNtries/Sum": "credit_sum",
    "TxsSummry/TtlDbtNtries/NbOfNtries": "debit_count",
    "TxsSummry/TtlDbtNtries/Sum": "debit_sum",
}
STATEMENT_FIELDS = {
    "Id": "statement_id",
    "StmtPgntn/PgNb": "page",
    "StmtPgntn/LastPgInd": "last_page",
    "RptPgntn/PgNb": "page",
    "RptPgntn/LastPgInd": "last_page",
    "NtfctnPgntn/PgNb": "page",
    "NtfctnPgntn/LastPgInd": "last_page",
    "ElctrncSeqNb": "electronic_sequence",
    "LglSeqNb": "legal_sequence",
    "CreDtTm": "created",
    "FrToDt/FrDtTm": "from",
    "FrToDt/FrDt": "from",
    "FrToDt/ToDtTm": "to",
    "FrToDt/ToDt": "to",
    **_account("Acct", "account"),
    "Acct/Ccy": "currency",
    "Acct/Nm": "account_name",
    "Acct/Ownr/Nm": "owner_name",
    "Acct/Ownr/Pty/Nm": "owner_name",
    "Acct/Svcr/FinInstnId/BICFI": "bank_bic",
    "Acct/Svcr/FinInstnId/BIC": "bank_bic",
    "Acct/Svcr/FinInstnId/ClrSysMmbId/MmbId": "bank_code",
    "Acct/Svcr/FinInstnId/ClrSysMmbId/Id": "bank_code",
    **_account("RltdAcct", "related_account"),
    **_SUMMARY,
    "AddtlStmtInf": "text",
    "AddtlRptInf": "text",
    "AddtlNtfctnInf": "text",
}
MESSAGE_FIELDS = {
    "GrpHdr/MsgId": "message_id",
    "GrpHdr/CreDtTm": "created",
    "GrpHdr/MsgPgntn/PgNb": "page",
    "GrpHdr/MsgPgntn/LastPgInd": "last_page",
}
