"""Payments as one bank wants them in its ACH files: numbers, names and ids of its profile applied.

What the profile says wins; what it leaves open is taken from the payments. Nothing is cut here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import msgspec
from msgspec.structs import replace

from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.payment_file import (
    Agent,
    BankAccount,
    Method,
    Party,
    Payment,
    PaymentBatch,
    PaymentFile,
)
from nostro.domain.problem import NOWHERE
from nostro.domain.remittance import RemittanceAdvice, RemittanceEntity
from nostro.formats import Profile
from nostro.formats.american.nacha_layout import (
    CREDITS,
    CURRENCY,
    DEBITS,
    KINDS,
    MIXED,
    ROUTING,
    code_of,
    is_digits,
)
from nostro.formats.american.nacha_options import NachaOptions, described
from nostro.formats.american.nacha_text import refuse, routing
from nostro.formats.american.x12 import remittance_of
from nostro.formats.american.x12_820_writer import write as write_820

_DECADE = {"CACC": "2", "": "2", "SVGS": "3", "OTHR": "4", "LOAN": "5"}
_TRACE_DIGITS = 7
_SECONDS = re.compile(r"(T\d\d:\d\d):\d\d(?:\.\d+)?\Z", re.ASCII)


class Prepared:
    """A document with a bank's profile applied; `document` is what will be written."""

    def __init__(self, document: PaymentFile, options: NachaOptions) -> None:
        self.options = options
        self.next_batch = options.batch_number_start
        self.next_trace = options.trace_number_start
        batches = tuple(
            self._batch(batch, f"batch {place}") for place, batch in enumerate(document.batches, 1)
        )
        self.document = replace(self._file(document), batches=batches, location=NOWHERE)

    def _file(self, document: PaymentFile) -> PaymentFile:
        options = self.options
        party, agent = document.initiator, document.forwarding_agent
        modifier = options.file_id_modifier or code_of(document.codes, "file_id_modifier") or "A"
        others = tuple(code for code in document.codes if code[0] != "file_id_modifier")
        origin = options.immediate_origin.strip()
        if origin:
            party = Party(name=party.name, identifier=origin, scheme="CUST")
        destination = options.immediate_destination.strip()
        if destination:
            agent = Agent(name=agent.name, member_id=destination, clearing_system=ROUTING)
        if options.reference_code is not None:
            document = replace(document, message_id=options.reference_code)
        return replace(
            document,
            created_at=_to_the_minute(document.created_at),
            initiator=replace(party, name=options.immediate_origin_name or party.name),
            forwarding_agent=replace(agent, name=options.immediate_destination_name or agent.name),
            codes=(("file_id_modifier", modifier), *others),
        )

    def _batch(self, batch: PaymentBatch, where: str) -> PaymentBatch:
        options = self.options
        batch = _without(batch, options.leave_out)
        sec_code = batch.local_instrument or options.sec_code
        odfi = options.odfi[:8] or batch.own_agent.member_id[:8]
        own = self._own(batch.own, sec_code)
        payments = [
            self._payment(_without(payment, options.leave_out), batch.method, odfi, sec_code, where)
            for payment in batch.payments
        ]
        if options.balanced:
            payments += self._offset(payments, odfi, where)
        service_class = "" if options.balanced else batch.service_class
        service_class = service_class or _service_class(payments)
        method = Method.DIRECT_DEBIT if service_class == DEBITS else Method.TRANSFER
        batch_id = batch.batch_id
        if is_digits(batch_id):
            batch_id = batch_id.zfill(7)
        if options.batch_number_start:
            batch_id = f"{self.next_batch:07d}"
            self.next_batch += 1
        return replace(
            batch,
            batch_id=batch_id,
            method=method,
            own=own,
            own_agent=Agent(clearing_system=ROUTING, member_id=odfi),
            local_instrument=sec_code,
            entry_description=described(batch.entry_description, sec_code, options),
            service_class=service_class,
            codes=tuple(self._codes(batch)),
            payments=tuple(_directed(payment, method) for payment in payments),
            location=NOWHERE,
        )

    def _own(self, own: Party, sec_code: str) -> Party:
        options = self.options
        ids, names = options.company_ids, options.company_names
        identifier = ids.get(sec_code) or ids.get("*") or own.identifier
        name = names.get(sec_code) or names.get("*") or own.name
        if sec_code == "IAT":
            name = ""
        return replace(own, name=name, identifier=identifier, scheme="CUST" if identifier else "")

    def _codes(self, batch: PaymentBatch) -> Iterator[tuple[str, str]]:
        """The codes of a batch in the order in which they are read."""
        chosen = {
            "company_discretionary_data": self.options.company_discretionary_data,
            "company_descriptive_date": self.options.descriptive_date,
        }
        if batch.local_instrument == "IAT":
            chosen = {}
        for name, text in chosen.items():
            if text or code_of(batch.codes, name):
                yield name, text or code_of(batch.codes, name)
        yield from (code for code in batch.codes if code[0] not in chosen)

    def _payment(
        self, payment: Payment, method: Method, odfi: str, sec_code: str, where: str
    ) -> Payment:
        account = payment.counterparty_account
        code = payment.transaction_code or _code_for(payment, method)
        kind = KINDS.get(code)
        if kind is None:
            raise refuse(
                "transaction_code_wrong",
                where,
                f"The transaction code {code!r} is not one of Nacha.",
                "Use 22 for credits and 27 for debits of checking accounts, or leave it empty.",
            )
        if not account.kind:
            account = replace(account, kind=kind.account)
        trace = payment.rail_reference
        if self.options.trace_number_start:
            trace = f"{odfi}{self.next_trace:0{_TRACE_DIGITS}d}"
            self.next_trace += 1
        told: dict[str, Any] = {"transaction_code": code, "rail_reference": trace}
        if kind.prenotification and not code_of(payment.codes, "prenotification"):
            told["codes"] = (("prenotification", "yes"), *payment.codes)
        if sec_code == "CTX" and payment.remittance and not payment.documents:
            told["documents"] = _documents("".join(payment.remittance))
        elif sec_code == "CTX" and payment.documents and not payment.remittance:
            told["remittance"] = (_advice(payment, kind.credit, where),)
        told["counterparty_account"] = replace(account, scheme=account.scheme or "BBAN")
        return replace(payment, location=NOWHERE, **told)

    def _offset(self, payments: list[Payment], odfi: str, where: str) -> Iterator[Payment]:
        """The entry on our own account that makes debits and credits equal."""
        options = self.options
        net = sum(
            payment.amount.minor
            if KINDS[payment.transaction_code].credit
            else -payment.amount.minor
            for payment in payments
        )
        if not options.offset_account:
            raise refuse(
                "offset_account_missing",
                where,
                "The profile wants balanced batches but names no account for the offset.",
                "Set offset_account and offset_routing in the profile.",
            )
        if not net:
            return
        decade = _DECADE[options.offset_account_kind]
        offset = Payment(
            end_to_end_id="",
            amount=Money(abs(net), CURRENCY),
            counterparty=Party(name=options.offset_name),
            counterparty_account=BankAccount(
                number=options.offset_account, scheme="BBAN", kind=options.offset_account_kind
            ),
            counterparty_agent=Agent(
                clearing_system=ROUTING,
                member_id=routing(options.offset_routing, "offset_routing", where),
            ),
            transaction_code=decade + ("7" if net > 0 else "2"),
        )
        last = payments[-1].rail_reference[-_TRACE_DIGITS:] if payments else "0"
        following = f"{odfi}{int(last) + 1:0{_TRACE_DIGITS}d}" if last.isdecimal() else ""
        if options.trace_number_start:
            following = f"{odfi}{self.next_trace:0{_TRACE_DIGITS}d}"
            self.next_trace += 1
        yield replace(offset, rail_reference=following)


def _to_the_minute(created_at: str) -> str:
    """The time of making without its seconds: Nacha has no room for them."""
    return _SECONDS.sub(r"\1", created_at)


def _code_for(payment: Payment, method: Method) -> str:
    """The transaction code of a payment without one: its account's kind, its batch's direction."""
    decade = _DECADE.get(payment.counterparty_account.kind, "2")
    debit = (payment.method or method) is Method.DIRECT_DEBIT
    if not payment.amount.minor:
        return decade + ("8" if debit else "3")
    if decade == "5" and debit:
        return "55"
    return decade + ("7" if debit else "2")


def _service_class(payments: list[Payment]) -> str:
    directions = {KINDS[payment.transaction_code].credit for payment in payments}
    if len(directions) > 1:
        return MIXED
    return CREDITS if directions == {True} else DEBITS


def _directed(payment: Payment, method: Method) -> Payment:
    """A payment that says its own direction exactly where it is not its batch's."""
    credit = KINDS[payment.transaction_code].credit
    own = Method.TRANSFER if credit else Method.DIRECT_DEBIT
    return replace(payment, method=None if own is method else own)


def _documents(text: str) -> tuple[Any, ...]:
    """The documents that a running text of addenda tells of, as reading it will find them."""
    try:
        return remittance_of(text)[0].documents
    except Invalid:
        return ()


def _advice(payment: Payment, credit: bool, where: str) -> str:
    """The documents of a payment as an X12 820 without envelope, segments ended as banks do."""
    advice = RemittanceAdvice(
        amount=payment.amount,
        currency=payment.amount.currency,
        handling="C",
        direction="C" if credit else "D",
        method="ACH",
        payment_format="CTX",
        control_number="0001",
        entities=(RemittanceEntity(documents=payment.documents),),
    )
    try:
        return write_820(advice, Profile(options={"segment": "\\"})).decode()
    except Invalid as refusal:
        raise refuse("not_carried", where, refusal.happened, refusal.can_do, "documents") from None


def _without(record: Any, names: tuple[str, ...]) -> Any:
    """A record without the fields that the bank shall not get."""
    defaults = _defaults(record.__class__, names) if names else {}
    return replace(record, **defaults) if defaults else record


@lru_cache(maxsize=64)  # To ask a struct for its fields takes longer than to write a payment.
def _defaults(kind: type[msgspec.Struct], names: tuple[str, ...]) -> dict[str, Any]:
    return {
        field.name: field.default
        for field in msgspec.structs.fields(kind)
        if field.name in names and field.default is not msgspec.NODEFAULT
    }
