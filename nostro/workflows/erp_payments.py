"""An ERP's own payment file as payments asked for: what we take over, and what we cannot.

Nothing is left out in silence: what an order of ours has no place for becomes a visible change
that approvers see; what cannot be paid as asked becomes a refused line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date

from nostro.domain.errors import Invalid
from nostro.domain.identifier import iban
from nostro.domain.party import PostalAddress
from nostro.domain.payment import PURPOSE_CODE, PaymentRequest, Urgency, Wishes
from nostro.domain.payment_file import (
    NO_AGENT,
    Address,
    BankAccount,
    Method,
    Payment,
    PaymentBatchHeader,
    PaymentFileHeader,
    PaymentFileTrailer,
)
from nostro.domain.problem import Problem, RejectedLine, Severity
from nostro.formats.american.nacha_options import REQUIRED

PAYMENT_FILE = (PaymentFileHeader, PaymentBatchHeader, Payment, PaymentFileTrailer, Problem)
# What is wrong with the file as a whole, whatever its payments say: totals that do not fit, a part
# of it that is lost, or the same payments twice.
WHOLE_FILE = frozenset(
    {
        *("control_sum_mismatch", "control_total_wrong", "control_differs"),
        *("batch_control_missing", "file_control_missing", "record_out_of_order"),
        "duplicate_file",
    }
)
_NO_IBAN = "account_without_iban"
_ACH_CURRENCY = "USD"
_MORE = "asks for more than a transfer"
_WHY = {
    _NO_IBAN: "pays to an account without IBAN, which no order of ours can name",
    "prenotification": "only announces payments and moves no money",
    "date_missing": "names no day to be paid on",
}
# ISO 20022 Priority2Code and ExternalServiceLevel1Code (URNS: real time), MT101 field 23E.
_URGENT = frozenset({"HIGH", "URGP", "URNS", "SDVA"})
_NORMAL = frozenset({"NORM", "NURG"})
_CARRIED = ("street", "building", "post_code", "town", "country")

Change = dict[str, str]


class ErpPayments:
    """The records of one file, one after the other."""

    def __init__(self) -> None:
        self.not_carried: dict[int, list[Change]] = {}
        self._file: PaymentFileHeader | None = None
        self._batch: PaymentBatchHeader | None = None
        self._named: Counter[str] = Counter()
        self._payments = 0

    def taken(self, record: object) -> PaymentRequest | RejectedLine | None:
        """The payment, or the refused line, that a record stands for; None for the others.

        Raises Invalid when the file as a whole cannot be used: its totals do not fit, it holds the
        same twice, it cannot be told from another file, or it collects instead of paying.
        """
        if isinstance(record, PaymentFileHeader):
            self._file = record
        elif isinstance(record, PaymentBatchHeader):
            self._batch = record
            _only_transfers(record)
            self._told_apart(record)
        elif isinstance(record, Payment) and self._batch is not None:
            return self._payment(self._batch, record)
        elif isinstance(record, Problem):
            return self._problem(record)
        return None

    def _problem(self, problem: Problem) -> RejectedLine | None:
        if problem.code in WHOLE_FILE:
            raise Invalid(
                problem.code,
                problem.sentence,
                "The original is kept; no payment was made from it.",
                problem.can_do,
                location=str(problem.location),
            )
        if problem.severity is not Severity.ERROR:
            return None
        self._payments += 1
        return RejectedLine(
            line=self._payments,
            code=problem.code,
            sentence=f"{problem.sentence} ({problem.location})",
            can_do=problem.can_do,
            raw=problem.raw,
        )

    def _payment(
        self, batch: PaymentBatchHeader, payment: Payment
    ) -> PaymentRequest | RejectedLine:
        self._payments += 1
        number = self._payments
        code = _cannot_be_paid(batch, payment)
        if code or batch.requested_date is None:
            return RejectedLine(
                line=number,
                code=code,
                sentence=f"{_named(payment)} {_WHY.get(code, _MORE)} ({code}).",
                can_do="Pay it another way, or have it sent as a transfer of an amount to an IBAN.",
                raw=_named(payment),
            )
        left = [
            {"field": field, "from": text, "to": ""}
            for field, text in _not_carried(batch, payment)
            if text
        ]
        if left:
            self.not_carried[number] = left
        reference = self._reference(batch, payment)
        return _request(batch, batch.requested_date, payment, reference, number)

    def _reference(self, batch: PaymentBatchHeader, payment: Payment) -> str:
        """Its place in the ERP's own batch: some ERPs repeat their EndToEndIds. ACH batches are
        numbered from one in each file and ids are repeated week by week, so the file is named too.
        """
        if _is_ach(batch):
            return f"{self._name_of_file()}/{batch.batch_id}/{payment.rail_reference}"
        reference = f"{batch.batch_id}/{payment.end_to_end_id}"
        self._named[reference] += 1
        if self._named[reference] > 1 or not payment.end_to_end_id:
            return f"{reference}#{self._named[reference]}"
        return reference

    def _name_of_file(self) -> str:
        """What makes an ACH file one of its kind: origin, time of creation and its modifier."""
        if self._file is None or not self._file.created_at:
            return ""
        modifier = dict(self._file.codes).get("file_id_modifier", "")
        return f"{self._file.initiator.identifier}/{self._file.created_at}{modifier}"

    def _told_apart(self, batch: PaymentBatchHeader) -> None:
        if _is_ach(batch) and not self._name_of_file():
            raise Invalid(
                "file_not_named",
                "The ACH file does not say when it was made, so its payments cannot be told from"
                " those of another file.",
                "The original is kept; no payment was made from it.",
                "Export it with its file header and the date in it.",
                location=str(batch.location),
            )


def _named(payment: Payment) -> str:
    return payment.end_to_end_id or payment.rail_reference or payment.counterparty.name


def _only_transfers(batch: PaymentBatchHeader) -> None:
    if batch.method is Method.DIRECT_DEBIT:
        raise Invalid(
            "not_a_payment_file",
            "This file collects money by direct debit; it asks for no payments.",
            "The original is kept; no payment was made from it.",
            "Direct debits are not taken in as payments.",
            location=str(batch.location),
        )


def _is_ach(batch: PaymentBatchHeader) -> bool:
    return bool(batch.service_class)


def _cannot_be_paid(batch: PaymentBatchHeader, payment: Payment) -> str:
    if dict(payment.codes).get("prenotification"):
        return "prenotification"
    if batch.requested_date is None:
        return "date_missing"
    converted = dict(batch.codes).get("destination_currency") or _ACH_CURRENCY
    if payment.equivalent is not None or converted != _ACH_CURRENCY:
        return "equivalent_amount"
    if (payment.method or batch.method) is Method.DIRECT_DEBIT:
        return "direct_debit"
    if batch.method is Method.CHECK or payment.check_number:
        return "cheque"
    return "" if _iban_of(payment.counterparty_account) else _NO_IBAN


def _iban_of(account: BankAccount) -> str:
    """The IBAN of an account; "" for one that only a bank's own number names. ACH files have one
    column for both. An IBAN whose check digits are wrong stays, so that it is refused as that."""
    if account.iban:
        return account.iban
    try:
        return iban(account.number)
    except Invalid:
        return ""


def _request(
    batch: PaymentBatchHeader, day: date, payment: Payment, reference: str, number: int
) -> PaymentRequest:
    """The debit account tells the entity; an ACH file names none, there the company does."""
    address, debit = payment.counterparty.address, batch.own_account
    debit_iban = debit.iban or debit.number
    remittance = " ".join(payment.remittance)
    told = remittance or payment.creditor_reference
    documents = tuple(document.number for document in payment.documents)
    payee = _iban_of(payment.counterparty_account)
    return PaymentRequest(
        source_reference=reference,
        entity_code="" if debit_iban else batch.own.identifier,
        debit_iban=debit_iban,
        amount=payment.amount,
        payee_number=f"iban:{payee}",
        payee_name=payment.counterparty.name,
        payee_address=PostalAddress(**{part: getattr(address, part) for part in _CARRIED}),
        creditor_iban=payee,
        creditor_bic=payment.counterparty_agent.bic,
        requested_date=day,
        invoices=documents or ((told,) if told else ()),
        remittance=remittance,
        creditor_reference=payment.creditor_reference,
        end_to_end_id=payment.end_to_end_id,
        line=number,
        wishes=_wishes(batch, payment),
    )


def _wishes(batch: PaymentBatchHeader, payment: Payment) -> Wishes | None:
    """How urgent it is by the instruction's priority, the service level or an MT101's :23E:, and
    its purposes; None where the file says nothing of it."""
    said = {payment.priority or batch.priority, payment.service_level or batch.service_level}
    said |= {one[:4] for one in payment.instructions_to_agent}
    urgency = None
    if said & _URGENT:
        urgency = Urgency.URGENT
    elif said & _NORMAL:
        urgency = Urgency.NORMAL
    wishes = Wishes(
        urgency=urgency,
        purpose=_code(payment.purpose),
        category_purpose=_code(payment.category_purpose or batch.category_purpose)
        or _of_wages(batch),
    )
    return None if wishes == Wishes() else wishes


def _of_wages(batch: PaymentBatchHeader) -> str:
    """The category purpose of a batch that an ACH file describes as wages; "" of others."""
    return "SALA" if batch.entry_description == REQUIRED["PPD"] else ""


def _code(text: str) -> str:
    """A purpose code of ISO 20022; a proprietary one is none, and is told as not carried."""
    return text if PURPOSE_CODE.match(text) else ""


def _not_carried(batch: PaymentBatchHeader, payment: Payment) -> Iterator[tuple[str, str]]:
    """What matters to somebody and has no place in an order of ours: what it is, and its text."""
    yield "payee address, further parts", ", ".join(_further(payment.counterparty.address))
    yield "payee's number", payment.counterparty.identifier
    agent = payment.counterparty_agent
    yield "payee's bank", " ".join((agent.clearing_system, agent.member_id, agent.name)).strip()
    for what, party in (
        ("ultimate debtor", payment.ultimate_debtor),
        ("ultimate debtor of the batch", batch.ultimate_own),
        ("ultimate creditor", payment.ultimate_creditor),
    ):
        yield what, party.name or party.identifier
    through = payment.intermediary
    yield "intermediary bank", "" if through == NO_AGENT else through.bic or through.name
    yield "local instrument", payment.local_instrument or batch.local_instrument
    if not _of_wages(batch):
        yield "description for payees", batch.entry_description
    if (priority := payment.priority or batch.priority) not in _URGENT | _NORMAL:
        yield "priority", priority
    for field, purpose in (
        ("category purpose", payment.category_purpose or batch.category_purpose),
        ("purpose", payment.purpose),
    ):
        if not _code(purpose):
            yield field, purpose
    yield "time of execution", batch.requested_time
    yield "exchange rate", payment.exchange_rate or payment.exchange_contract
    yield "instructions to the bank", ", ".join(payment.instructions_to_agent)
    yield "regulatory report", ", ".join(payment.regulatory)
    yield "UETR", payment.uetr
    yield from (*batch.codes, *payment.codes)


def _further(address: Address) -> Iterator[str]:
    yield from address.lines
    for part in Address.__struct_fields__:
        if part not in (*_CARRIED, "lines") and (text := getattr(address, part)):
            yield text
