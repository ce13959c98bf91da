"""What the payer says he pays: invoices and credit notes, deductions, free text."""

from __future__ import annotations

from datetime import date, datetime

import msgspec

from nostro.domain.money import Money
from nostro.domain.problem import NOWHERE, Location

Pairs = tuple[tuple[str, str], ...]


class Adjustment(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Why less, or more, is paid than is due (ISO 20022 AdjstmntAmtAndRsn, X12 820 ADX).

    `amount` keeps the sign the payer gives it: negative lessens the payment. `reason` is the
    standard's own code. `references` and `notes` are pairs of the standard's kind and the text.
    """

    amount: Money
    reason: str = ""
    reference_kind: str = ""
    reference: str = ""
    references: Pairs = ()
    notes: Pairs = ()
    codes: Pairs = ()
    location: Location = NOWHERE


class ReferredDocument(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One document that a payment is for (ISO 20022 Strd/RfrdDocInf, X12 820 RMR).

    `kind` is the standard's own code (CINV, CREN; X12 IV, CM). Amounts are unsigned as a rule; a
    credit note that is deducted keeps the sign the payer gives it. None: the payer says nothing.
    `adjustment` is the document's own, `adjustments` are further ones listed one by one.
    `references`, `notes` and `dates` are pairs of the standard's kind and what it is; `codes` keeps
    what has no field of its own, verbatim.
    """

    number: str
    kind: str = ""
    day: date | None = None
    due: Money | None = None
    paid: Money | None = None
    discount: Money | None = None
    adjustment: Money | None = None
    adjustment_reason: str = ""
    text: str = ""
    adjustments: tuple[Adjustment, ...] = ()
    references: Pairs = ()
    dates: tuple[tuple[str, date], ...] = ()
    notes: Pairs = ()
    codes: Pairs = ()
    location: Location = NOWHERE


class RemittanceParty(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Somebody named in an advice. `role` is the standard's code: X12 PR payer, PE payee."""

    role: str
    name: str = ""
    id_kind: str = ""
    id: str = ""
    further_names: tuple[str, ...] = ()
    address: tuple[str, ...] = ()
    town: str = ""
    region: str = ""
    post_code: str = ""
    country: str = ""
    references: Pairs = ()
    codes: Pairs = ()
    location: Location = NOWHERE


class RemittanceAccount(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An account in an advice. `bank_kind` says whose code `bank` is (X12 01 is ABA), `kind` what
    the account is (DA demand deposit, SG savings)."""

    bank: str = ""
    bank_kind: str = ""
    number: str = ""
    kind: str = ""


class RemittanceEntity(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """For whom documents are paid (X12 ENT): a payment may be split over shops or patients.

    Documents of an advice that names no entity are in one without `number`.
    """

    number: str = ""
    kind: str = ""
    id_kind: str = ""
    id: str = ""
    documents: tuple[ReferredDocument, ...] = ()
    adjustments: tuple[Adjustment, ...] = ()
    codes: Pairs = ()
    location: Location = NOWHERE


class RemittanceEnvelope(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Who sent an advice to whom, and its control numbers (X12 ISA and GS).

    `created_at` has no zone: it is the sender's local time. `codes` keeps the other elements.
    """

    sender: str
    receiver: str
    sender_kind: str = "ZZ"
    receiver_kind: str = "ZZ"
    group_sender: str = ""
    group_receiver: str = ""
    created_at: datetime | None = None
    interchange_number: str = ""
    group_number: str = ""
    version: str = ""
    test: bool = False
    codes: Pairs = ()


class RemittanceAdvice(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One payment and what it is for (ISO 20022 remt.001, X12 820).

    `amount` is unsigned, `direction` says what it does to the payee: "C" credit, "D" debit; None
    if the text holds only documents, or the amount cannot be read (then a problem says so).
    `handling`, `method`, `payment_format`, `purpose` and `trace_kind` are the standard's codes
    (method: ACH, CHK, FWT, NON). `references` and `notes` are pairs of kind and text, `dates` of
    kind and day. `codes` keeps what has no field of its own, verbatim.
    """

    amount: Money | None
    currency: str
    direction: str = ""
    handling: str = ""
    method: str = ""
    payment_format: str = ""
    originator_id: str = ""
    originator_supplement: str = ""
    payer_account: RemittanceAccount | None = None
    payee_account: RemittanceAccount | None = None
    effective: date | None = None
    purpose: str = ""
    trace: str = ""
    trace_kind: str = ""
    trace_originator: str = ""
    trace_supplement: str = ""
    parties: tuple[RemittanceParty, ...] = ()
    references: Pairs = ()
    dates: tuple[tuple[str, date], ...] = ()
    notes: Pairs = ()
    entities: tuple[RemittanceEntity, ...] = ()
    control_number: str = ""
    envelope: RemittanceEnvelope | None = None
    codes: Pairs = ()
    location: Location = NOWHERE

    @property
    def documents(self) -> tuple[ReferredDocument, ...]:
        """Every document of the payment, of all entities, in the order of the file."""
        return tuple(document for entity in self.entities for document in entity.documents)

    def party(self, role: str) -> RemittanceParty | None:
        """The first party of a role: PR is the payer, PE the payee."""
        return next((party for party in self.parties if party.role == role), None)
