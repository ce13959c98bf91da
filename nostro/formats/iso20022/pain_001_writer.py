"""Payment files as we write them: what leaves is exactly what was approved, or nothing leaves.

ISO 20022 pain.001.001.09 (CustomerCreditTransferInitiation), or .03 for banks that still want it.
SEPA rules: EPC132-08 (customer-to-bank implementation guidelines). Addresses are structured, as
SEPA and cross-border rails demand since November 2026. Whatever would have to be cut or changed is
refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from nostro.domain.currency import EXPONENT
from nostro.domain.errors import Invalid
from nostro.domain.identifier import bic, iban
from nostro.domain.money import Money
from nostro.domain.party import PostalAddress
from nostro.domain.payment import Batch, ChargeBearer, Instruction, PaymentFile, Rail
from nostro.domain.policies import limits
from nostro.domain.policies.limits import Breach
from nostro.formats import Profile

VERSIONS = ("pain.001.001.09", "pain.001.001.03")

_NOT_WRITTEN = "The file was not written."
_FINEST = max(EXPONENT.values())


def write(file: PaymentFile, profile: Profile) -> bytes:
    """The bytes of one payment file.

    Profile option `version`: one of VERSIONS. Raises Invalid rather than change anything:
    `unknown_version`, `empty_payment_file`, `text_missing`, `text_too_long`, `text_not_sepa`,
    `text_edge_space`, `reference_slashes`, `duplicate_end_to_end_id`, `duplicate_batch_id`,
    `invalid_iban`, `invalid_bic`, `invalid_country`, `address_incomplete`, `amount_not_positive`,
    `amount_too_large`, `unknown_currency`, `sepa_needs_euro`, `charge_bearer_not_allowed`,
    `remittance_twice`, `invalid_creditor_reference`, `invalid_created_at`.
    """
    version = profile.options.get("version", VERSIONS[0])
    if version not in VERSIONS:
        raise Invalid(
            "unknown_version",
            f"We do not write {version[:40]!r}.",
            _NOT_WRITTEN,
            f"Choose one of {', '.join(VERSIONS)} in the bank's profile.",
        )
    return "".join(_pieces(file, version)).encode()


def plain_sum(amounts: Iterable[Money]) -> str:
    """The control sum: all amounts added as plain decimals, whatever their currency.

    ISO 20022 CtrlSum: "total of all individual amounts, irrespective of currencies".
    """
    return decimal(sum(finest(amount) for amount in amounts))


def finest(amount: Money) -> int:
    """An amount in the finest unit any currency has, so that sums stay whole numbers."""
    return amount.minor * int(10 ** (_FINEST - EXPONENT[amount.currency]))


def decimal(units: int) -> str:
    """A sum of finest units as plain decimal text with at least two decimals."""
    whole, part = divmod(units, 10**_FINEST)
    digits = f"{part:0{_FINEST}d}".rstrip("0")
    return f"{whole}.{digits.ljust(2, '0')}" if digits else f"{whole}.00"


def _pieces(file: PaymentFile, version: str) -> Iterator[str]:
    _check_file(file)
    everything = [i.amount for batch in file.batches for i in batch.instructions]
    where = f"message {file.message_id}"
    initiator = _text(file.initiator, limits.SEPA_NAME_MAX, "the initiator", where)
    yield (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:{version}"><CstmrCdtTrfInitn><GrpHdr>'
        f"<MsgId>{_reference(file.message_id, 'the message id', where)}</MsgId>"
        f"<CreDtTm>{_created(file.created_at, where)}</CreDtTm>"
        f"<NbOfTxs>{len(everything)}</NbOfTxs><CtrlSum>{plain_sum(everything)}</CtrlSum>"
        f"<InitgPty><Nm>{initiator}</Nm></InitgPty>"
        "</GrpHdr>\n"
    )
    for batch in file.batches:
        yield _batch_head(batch, version)
        for instruction in batch.instructions:
            yield _transaction(batch, instruction, version)
        yield "</PmtInf>\n"
    yield "</CstmrCdtTrfInitn></Document>\n"


def _refuse(code: str, happened: str, can_do: str, where: str) -> Invalid:
    return Invalid(code, happened, _NOT_WRITTEN, can_do, location=where)


def _check_file(file: PaymentFile) -> None:
    """What must hold over all payments of the file: none empty, every id once."""
    where = f"message {file.message_id}"
    if not file.batches or not all(batch.instructions for batch in file.batches):
        happened = "The file, or a batch in it, holds no payment."
        raise _refuse("empty_payment_file", happened, "Leave it out.", where)
    batches: set[str] = set()
    payments: set[str] = set()
    for batch in file.batches:
        name = batch.payment_information_id
        if name in batches:
            happened = f"Two batches are both called {name}."
            raise _refuse("duplicate_batch_id", happened, "Give each its own id.", where)
        batches.add(name)
        for instruction in batch.instructions:
            name = instruction.end_to_end_id
            if name in payments:
                happened = f"Two payments both have the end-to-end id {name}."
                can_do = "Give each payment its own id; a bank would take one for a duplicate."
                raise _refuse("duplicate_end_to_end_id", happened, can_do, where)
            payments.add(name)


def _keep(found: Iterable[Breach], where: str) -> None:
    """Raise Invalid for the first limit that is broken."""
    for breach in found:
        raise _refuse(breach.code, breach.happened, breach.can_do, where)


def _text(text: str, limit: int, what: str, where: str) -> str:
    """The text, if it can go out exactly as it is. SEPA characters need no escaping in XML."""
    _keep(limits.of_text(text, limit, what), where)
    return text


def _reference(text: str, what: str, where: str) -> str:
    _keep(limits.of_reference(text, what), where)
    return text


def _created(text: str, where: str) -> str:
    try:
        datetime.fromisoformat(text)
        if len(text) >= 19 and text[10] == "T":
            return text
    except ValueError:
        pass
    happened = f"The creation time {text[:40]!r} is not like 2026-11-19T08:30:00."
    raise _refuse("invalid_created_at", happened, "Give date and time in ISO 8601.", where)


def _agent(code: str, version: str, where: str) -> str:
    """A bank by its BIC; the debtor's bank is mandatory and says NOTPROVIDED when unknown."""
    tag = "BIC" if version == VERSIONS[1] else "BICFI"
    inside = f"<{tag}>{_bic(code, where)}</{tag}>" if code else _UNKNOWN_BANK
    return f"<FinInstnId>{inside}</FinInstnId>"


_UNKNOWN_BANK = "<Othr><Id>NOTPROVIDED</Id></Othr>"


def _bic(code: str, where: str) -> str:
    _keep(limits.of_code(bic, code), where)
    return code


def _iban(code: str, where: str) -> str:
    _keep(limits.of_code(iban, code), where)
    return code


def _address(address: PostalAddress, rail: Rail, what: str, where: str) -> str:
    """PostalAddress24, structured only. Within SEPA it may be absent, but never be half there."""
    _keep(limits.of_address(address, rail, what), where)
    if address == PostalAddress():
        return ""
    parts = (
        ("StrtNm", address.street),
        ("BldgNb", address.building),
        ("PstCd", address.post_code),
        ("TwnNm", address.town),
    )
    inside = "".join(f"<{tag}>{text}</{tag}>" for tag, text in parts if text)
    return f"<PstlAdr>{inside}<Ctry>{address.country}</Ctry></PstlAdr>"


def _party(name: str, address: PostalAddress, rail: Rail, what: str, where: str) -> str:
    _keep(limits.of_name(name, rail, what), where)
    return f"<Nm>{name}</Nm>{_address(address, rail, what, where)}"


def _charges(batch: Batch, where: str) -> str:
    """SEPA shares charges by its own rule (SLEV), and that rule exists nowhere else."""
    sepa = batch.rail is Rail.SEPA_CREDIT_TRANSFER
    if sepa is not (batch.charge_bearer is ChargeBearer.SLEV):
        rail = batch.rail.replace("_", " ")
        happened = f"A {rail} cannot go with charges {batch.charge_bearer}."
        can_do = "Use SLEV within SEPA, SHAR, DEBT or CRED elsewhere."
        raise _refuse("charge_bearer_not_allowed", happened, can_do, where)
    return f"<ChrgBr>{batch.charge_bearer}</ChrgBr>"


def _batch_head(batch: Batch, version: str) -> str:
    where = f"batch {batch.payment_information_id}"
    amounts = [instruction.amount for instruction in batch.instructions]
    day = batch.execution_date.isoformat()
    sepa = batch.rail is Rail.SEPA_CREDIT_TRANSFER
    level = "<PmtTpInf><SvcLvl><Cd>SEPA</Cd></SvcLvl></PmtTpInf>" if sepa else ""
    return (
        f"<PmtInf><PmtInfId>{_reference(batch.payment_information_id, 'the batch id', where)}"
        f"</PmtInfId><PmtMtd>TRF</PmtMtd><NbOfTxs>{len(amounts)}</NbOfTxs>"
        f"<CtrlSum>{plain_sum(amounts)}</CtrlSum>{level}"
        # A plain date up to version .07, a choice of date or date and time from .08 on.
        f"<ReqdExctnDt>{day if version == VERSIONS[1] else f'<Dt>{day}</Dt>'}</ReqdExctnDt>"
        f"<Dbtr>{_party(batch.debtor_name, batch.debtor_address, batch.rail, 'the debtor', where)}"
        f"</Dbtr><DbtrAcct><Id><IBAN>{_iban(batch.debtor_iban, where)}</IBAN></Id></DbtrAcct>"
        f"<DbtrAgt>{_agent(batch.debtor_bic, version, where)}</DbtrAgt>{_charges(batch, where)}\n"
    )


def _amount(amount: Money, rail: Rail, where: str) -> str:
    _keep(limits.of_amount(amount, rail), where)
    return f'<InstdAmt Ccy="{amount.currency}">{amount.number()}</InstdAmt>'


def _remittance(instruction: Instruction, where: str) -> str:
    """Free text or a structured RF reference (ISO 11649); SEPA carries one of them, not both."""
    _keep(limits.of_remittance(instruction), where)
    reference, text = instruction.creditor_reference, instruction.remittance
    if text:
        return f"<RmtInf><Ustrd>{text}</Ustrd></RmtInf>"
    if not reference:
        return ""
    return (
        "<RmtInf><Strd><CdtrRefInf><Tp><CdOrPrtry><Cd>SCOR</Cd></CdOrPrtry><Issr>ISO</Issr></Tp>"
        f"<Ref>{reference}</Ref></CdtrRefInf></Strd></RmtInf>"
    )


def _transaction(batch: Batch, instruction: Instruction, version: str) -> str:
    where = f"payment {instruction.end_to_end_id}"
    code = instruction.creditor_bic
    agent = f"<CdtrAgt>{_agent(code, version, where)}</CdtrAgt>" if code else ""
    name, address = instruction.creditor_name, instruction.creditor_address
    return (
        "<CdtTrfTxInf><PmtId><EndToEndId>"
        f"{_reference(instruction.end_to_end_id, 'the end-to-end id', where)}</EndToEndId></PmtId>"
        f"<Amt>{_amount(instruction.amount, batch.rail, where)}</Amt>{agent}"
        f"<Cdtr>{_party(name, address, batch.rail, 'the creditor', where)}</Cdtr>"
        f"<CdtrAcct><Id><IBAN>{_iban(instruction.creditor_iban, where)}</IBAN></Id></CdtrAcct>"
        f"{_remittance(instruction, where)}</CdtTrfTxInf>\n"
    )
