"""Where a payment file says what: the paths of pain.001 and pain.008, and our names for them.

ISO 20022 pain.001.001.02 to .13 and pain.008.001.01 to .12 (PaymentInstruction, CdtTrfTxInf,
DrctDbtTxInf), by local names over all versions. A path that is not here is kept under its own name.
"""

from __future__ import annotations

from nostro.formats.iso20022.xml.leaves import Piece

Fields = dict[str, tuple[str, str]]

ADDRESS = {
    "Dept": "department", "SubDept": "sub_department", "StrtNm": "street", "BldgNb": "building",
    "BldgNm": "building_name", "Flr": "floor", "PstBx": "post_box", "Room": "room",
    "PstCd": "post_code", "TwnNm": "town", "TwnLctnNm": "town_location", "DstrctNm": "district",
    "CtrySubDvsn": "subdivision", "Ctry": "country", "AdrLine": "lines*",
}  # fmt: skip

# The one identification that a party has of its own; keys are paths below Id, for `party_of`.
IDENTIFICATION = (
    "OrgId/Othr/Id", "OrgId/Othr/SchmeNm/Cd", "OrgId/Othr/SchmeNm/Prtry",
    "PrvtId/Othr/Id", "PrvtId/Othr/SchmeNm/Cd", "PrvtId/Othr/SchmeNm/Prtry",
    "OrgId/LEI", "OrgId/AnyBIC", "OrgId/BICOrBEI",
)  # fmt: skip


def _below(path: str, group: str, keys: dict[str, str]) -> Fields:
    return {f"{path}/{below}": (group, key) for below, key in keys.items()}


def _party(path: str, group: str) -> Fields:
    return {
        **_below(path, group, {"Nm": "name", "CtryOfRes": "residence"}),
        **_below(f"{path}/PstlAdr", f"{group}.address", ADDRESS),
        **_below(f"{path}/Id", f"{group}.id", {below: below for below in IDENTIFICATION}),
    }


def _account(path: str, group: str) -> Fields:
    return _below(
        path,
        group,
        {
            "Id/IBAN": "iban",
            "Id/Othr/Id": "number",
            "Id/BBAN": "bban",  # Version 02 had a choice of schemes here.
            "Id/Othr/SchmeNm/Cd": "Id/Othr/SchmeNm/Cd",
            "Id/Othr/SchmeNm/Prtry": "Id/Othr/SchmeNm/Prtry",
            "Tp/Cd": "Tp/Cd",
            "Tp/Prtry": "Tp/Prtry",
            "Ccy": "currency",
            "Nm": "name",
        },
    )


def _agent(path: str, group: str) -> Fields:
    clearing = "FinInstnId/ClrSysMmbId"
    return {
        **_below(
            path,
            group,
            {
                "FinInstnId/BICFI": "bic",
                "FinInstnId/BIC": "bic",
                f"{clearing}/ClrSysId/Cd": f"{clearing}/ClrSysId/Cd",
                f"{clearing}/ClrSysId/Prtry": f"{clearing}/ClrSysId/Prtry",
                f"{clearing}/MmbId": "member_id",
                "FinInstnId/Nm": "name",
                "FinInstnId/Othr/Id": "FinInstnId/Othr/Id",
                "BrnchId/Id": "branch",
            },
        ),
        **_below(f"{path}/FinInstnId/PstlAdr", f"{group}.address", ADDRESS),
    }


def _plain(keys: dict[str, str]) -> Fields:
    return {path: ("", key) for path, key in keys.items()}


_TYPE = {
    "PmtTpInf/InstrPrty": "priority",
    "PmtTpInf/SvcLvl/Cd": "PmtTpInf/SvcLvl/Cd",
    "PmtTpInf/SvcLvl/Prtry": "PmtTpInf/SvcLvl/Prtry",
    "PmtTpInf/LclInstrm/Cd": "local_instrument",
    "PmtTpInf/SeqTp": "sequence_type",
    "PmtTpInf/CtgyPurp/Cd": "PmtTpInf/CtgyPurp/Cd",
    "PmtTpInf/CtgyPurp/Prtry": "PmtTpInf/CtgyPurp/Prtry",
    "ChrgBr": "charge_bearer",
}

_REMITTANCE = Piece(
    name="document",
    fields=_plain(
        {
            "RfrdDocInf/Tp/CdOrPrtry/Cd": "RfrdDocInf/Tp/CdOrPrtry/Cd",
            "RfrdDocInf/Tp/CdOrPrtry/Prtry": "RfrdDocInf/Tp/CdOrPrtry/Prtry",
            "RfrdDocInf/Nb": "RfrdDocInf/Nb",
            "RfrdDocInf/RltdDt": "RfrdDocInf/RltdDt",
            "RfrdDocAmt/DuePyblAmt": "RfrdDocAmt/DuePyblAmt",
            "RfrdDocAmt/DscntApldAmt": "RfrdDocAmt/DscntApldAmt",
            "RfrdDocAmt/DscntApldAmt/Amt": "RfrdDocAmt/DscntApldAmt/Amt",
            "RfrdDocAmt/AdjstmntAmtAndRsn/Amt": "RfrdDocAmt/AdjstmntAmtAndRsn/Amt",
            "RfrdDocAmt/AdjstmntAmtAndRsn/Rsn": "RfrdDocAmt/AdjstmntAmtAndRsn/Rsn",
            "RfrdDocAmt/RmtdAmt": "RfrdDocAmt/RmtdAmt",
            "AddtlRmtInf": "AddtlRmtInf",
            "CdtrRefInf/Tp/CdOrPrtry/Cd": "CdtrRefInf/Tp/CdOrPrtry/Cd",
            "CdtrRefInf/Tp/CdOrPrtry/Prtry": "CdtrRefInf/Tp/CdOrPrtry/Prtry",
            "CdtrRefInf/Tp/Issr": "CdtrRefInf/Tp/Issr",
            "CdtrRefInf/Ref": "CdtrRefInf/Ref",
        }
    ),
)
_TO_AGENT = Piece(name="to_agent", fields=_plain({"Cd": "Cd", "InstrInf": "InstrInf"}))

_PAYMENT = {
    "PmtId/InstrId": "instruction_id",
    "PmtId/EndToEndId": "end_to_end_id",
    "PmtId/UETR": "uetr",
    **_TYPE,
    "Purp/Cd": "Purp/Cd",
    "Purp/Prtry": "Purp/Prtry",
    "RgltryRptg/Dtls/Inf": "regulatory",
    "RmtInf/Ustrd": "remittance*",
}
MANDATE = "DrctDbtTx/MndtRltdInf"
CREDITOR_ID = "Id/PrvtId/Othr/Id"
CREDITOR_ID_SCHEME = "Id/PrvtId/Othr/SchmeNm/Prtry"


def _creditor_id(path: str, group: str) -> Fields:
    return _below(path, group, {CREDITOR_ID: "id", CREDITOR_ID_SCHEME: "scheme"})


_TRANSFER = Piece(
    name="payment",
    streams=True,
    fields={
        **_plain(_PAYMENT),
        **_plain(
            {
                "Amt/InstdAmt": "amount",
                "Amt/EqvtAmt/Amt": "equivalent",
                "Amt/EqvtAmt/CcyOfTrf": "transfer_currency",
                "XchgRateInf/XchgRate": "exchange_rate",
                "XchgRateInf/CtrctId": "exchange_contract",
                "ChqInstr/ChqNb": "check_number",
            }
        ),
        **_party("UltmtDbtr", "ultimate_debtor"),
        **_agent("IntrmyAgt1", "intermediary"),
        **_agent("CdtrAgt", "counterparty_agent"),
        **_party("Cdtr", "counterparty"),
        **_account("CdtrAcct", "counterparty_account"),
        **_party("UltmtCdtr", "ultimate_creditor"),
    },
    inner={"RmtInf/Strd": _REMITTANCE, "InstrForCdtrAgt": _TO_AGENT},
)
_COLLECTION = Piece(
    name="payment",
    streams=True,
    fields={
        **_plain(_PAYMENT),
        **_plain({"InstdAmt": "amount", "InstrForCdtrAgt": "to_agent"}),
        **_below(
            MANDATE,
            "mandate",
            {
                "MndtId": "mandate_id",
                "DtOfSgntr": "signed_on",
                "AmdmntInd": "amended",
                "AmdmntInfDtls/OrgnlMndtId": "original_mandate_id",
                f"AmdmntInfDtls/OrgnlCdtrSchmeId/{CREDITOR_ID}": "original_creditor_id",
                f"AmdmntInfDtls/OrgnlCdtrSchmeId/{CREDITOR_ID_SCHEME}": "original_scheme",
                "AmdmntInfDtls/OrgnlDbtrAcct/Id/IBAN": "original_account_iban",
                "ElctrncSgntr": "electronic_signature",
            },
        ),
        **_creditor_id("DrctDbtTx/CdtrSchmeId", "creditor_id"),
        **_party("UltmtCdtr", "ultimate_creditor"),
        **_agent("DbtrAgt", "counterparty_agent"),
        **_party("Dbtr", "counterparty"),
        **_account("DbtrAcct", "counterparty_account"),
        **_party("UltmtDbtr", "ultimate_debtor"),
    },
    inner={"RmtInf/Strd": _REMITTANCE},
)
_BATCH = {
    "PmtInfId": "batch_id",
    "PmtMtd": "method",
    "BtchBookg": "batch_booking",
    "NbOfTxs": "count",
    "CtrlSum": "sum",
    **_TYPE,
}
_HEADER = Piece(
    name="group header",
    streams=True,
    fields={
        **_plain(
            {"MsgId": "message_id", "CreDtTm": "created_at", "NbOfTxs": "count", "CtrlSum": "sum"}
        ),
        **_party("InitgPty", "initiator"),
        **_agent("FwdgAgt", "forwarding_agent"),
    },
)


def _message(own: str, dates: dict[str, str], more: Fields, payments: dict[str, Piece]) -> Piece:
    fields = {
        **_plain({**_BATCH, **dates}),
        **_party(own, "own"),
        **_account(f"{own}Acct", "own_account"),
        **_agent(f"{own}Agt", "own_agent"),
        **_party(f"Ultmt{own}", "ultimate_own"),
        **_account("ChrgsAcct", "charges_account"),
        **more,
    }
    batch = Piece(name="batch", fields=fields, inner=payments, streams=True)
    return Piece(name="file", fields={}, inner={"GrpHdr": _HEADER, "PmtInf": batch})


TRANSFERS = _message(
    "Dbtr",
    {"ReqdExctnDt": "day", "ReqdExctnDt/Dt": "day", "ReqdExctnDt/DtTm": "day"},
    {},
    {"CdtTrfTxInf": _TRANSFER},
)
COLLECTIONS = _message(
    "Cdtr",
    {"ReqdColltnDt": "day"},
    _creditor_id("CdtrSchmeId", "creditor_id"),
    {"DrctDbtTxInf": _COLLECTION},
)

# The element that each group of keys stands for, to put back what a record cannot carry.
_GROUPS = {
    "initiator": "InitgPty", "forwarding_agent": "FwdgAgt", "charges_account": "ChrgsAcct",
    "ultimate_debtor": "UltmtDbtr", "ultimate_creditor": "UltmtCdtr", "intermediary": "IntrmyAgt1",
    "mandate": MANDATE,
}  # fmt: skip
PREFIX_OF_TRANSFER = {
    **_GROUPS, "counterparty": "Cdtr", "counterparty_account": "CdtrAcct",
    "counterparty_agent": "CdtrAgt", "own": "Dbtr", "own_account": "DbtrAcct",
    "own_agent": "DbtrAgt", "ultimate_own": "UltmtDbtr",
}  # fmt: skip
PREFIX_OF_COLLECTION = {
    **_GROUPS, "counterparty": "Dbtr", "counterparty_account": "DbtrAcct",
    "counterparty_agent": "DbtrAgt", "own": "Cdtr", "own_account": "CdtrAcct",
    "own_agent": "CdtrAgt", "ultimate_own": "UltmtCdtr",
}  # fmt: skip
