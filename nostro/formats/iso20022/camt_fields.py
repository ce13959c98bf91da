"""Where each fact stands in a bank statement message, over all versions: path -> our own word.

ISO 20022 camt.052, .053 and .054 share entries (Ntry), transactions (TxDtls) and balances (Bal).
Paths that differ by version map to the same word; a word ending in "*" may occur often.
"""

from __future__ import annotations


def _account(path: str, slot: str) -> dict[str, str]:
    return {f"{path}/Id/IBAN": slot, f"{path}/Id/Othr/Id": slot, f"{path}/Id/PrtryAcct/Id": slot}


def _party(side: str) -> dict[str, str]:
    """A counterparty's slots: the party moved one level down (Pty) in version 03, BIC to BICFI."""
    name, slot = f"RltdPties/{side}", side.lower()
    agent = f"RltdAgts/{side}Agt/FinInstnId"
    return {
        f"{name}/Nm": f"{slot}_name",
        f"{name}/Pty/Nm": f"{slot}_name",
        f"{name}/Agt/FinInstnId/Nm": f"{slot}_name",
        f"RltdPties/Ultmt{side}/Nm": f"{slot}_ultimate",
        f"RltdPties/Ultmt{side}/Pty/Nm": f"{slot}_ultimate",
        **_account(f"{name}Acct", f"{slot}_account"),
        f"{agent}/BICFI": f"{slot}_bic",
        f"{agent}/BIC": f"{slot}_bic",
    }


TRANSACTION_FIELDS = {
    "Refs/EndToEndId": "end_to_end_id",
    "Refs/UETR": "uetr",
    "Refs/InstrId": "instruction_id",
    "Refs/PmtInfId": "payment_information_id",
    "Refs/MsgId": "message_id",
    "Refs/AcctSvcrRef": "bank_reference",
    "Amt": "amount",
    "CdtDbtInd": "direction",
    "AmtDtls/TxAmt/Amt": "transaction_amount",
    "AmtDtls/InstdAmt/Amt": "instructed_amount",
    **_party("Dbtr"),
    **_party("Cdtr"),
    "RmtInf/Ustrd": "remittance*",
    "RmtInf/Strd/RfrdDocInf/Nb": "remittance*",
    "RmtInf/Strd/AddtlRmtInf": "remittance*",
    "RmtInf/Strd/CdtrRefInf/Ref": "creditor_references*",
    "AddtlTxInf": "text",
    "RtrInf/Rsn/Cd": "return_reason",
    "RtrInf/Rsn/Prtry": "return_reason",
    "RtrInf/RtrRsn/Cd": "return_reason",
    "RtrInf/RtrRsn/Prtry": "return_reason",
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
    "BkTxCd/Domn/Cd": "domain",
    "BkTxCd/Domn/Fmly/Cd": "family",
    "BkTxCd/Domn/Fmly/SubFmlyCd": "subfamily",
    "BkTxCd/Prtry/Cd": "proprietary",
    "NtryDtls/Btch/PmtInfId": "payment_information_id",
    "NtryDtls/Btch/MsgId": "message_id",
    "NtryDtls/Btch/NbOfTxs": "batch_count",
    "AddtlNtryInf": "text",
}

BALANCE_FIELDS = {
    "Tp/CdOrPrtry/Cd": "code",
    "Tp/CdOrPrtry/Prtry": "code",
    "Tp/Cd": "code",
    "Amt": "amount",
    "CdtDbtInd": "direction",
    "Dt": "day",
    "Dt/Dt": "day",
    "Dt/DtTm": "day",
}

STATEMENT_FIELDS = {
    "Id": "statement_id",
    "ElctrncSeqNb": "electronic_sequence",
    "LglSeqNb": "legal_sequence",
    "CreDtTm": "created",
    "FrToDt/FrDtTm": "from",
    "FrToDt/FrDt": "from",
    "FrToDt/ToDtTm": "to",
    "FrToDt/ToDt": "to",
    **_account("Acct", "account"),
    "Acct/Ccy": "currency",
}
