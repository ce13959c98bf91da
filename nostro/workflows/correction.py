"""A payment as it would be asked for with some of it corrected: made again, or changed in time."""

from __future__ import annotations

from datetime import date

import msgspec

from nostro.domain.money import Money
from nostro.domain.party import PostalAddress
from nostro.domain.payment import PaymentRequest, Rail
from nostro.storage import parties
from nostro.storage.orders import OrderRow


class Correction(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be different; None leaves a field as it was.

    A new account comes without the old one's BIC. A remittance text takes the place of a creditor
    reference, and the other way round. `source_reference` is the source's number of a payment that
    is made again, or "" for the old one with a count.
    """

    source_reference: str = ""
    amount: Money | None = None
    payee_name: str | None = None
    payee_address: PostalAddress | None = None
    creditor_iban: str | None = None
    creditor_account: str | None = None
    creditor_bic: str | None = None
    requested_date: date | None = None
    remittance: str | None = None
    creditor_reference: str | None = None
    debit_iban: str | None = None


def corrected(
    old: OrderRow, correction: Correction, source_reference: str, *, earliest: date
) -> PaymentRequest:
    """The payment asked for anew with what is different in it; inside a unit of work."""
    told = old.instruction
    codes = {entity.id: entity.code for entity in parties.entities()}
    iban, local = correction.creditor_iban or "", correction.creditor_account or ""
    if not (iban or local):
        iban, local = told.creditor_iban, told.creditor_account
    same_account = (iban or local) == told.creditor_number
    way = old.route.as_approved()
    return PaymentRequest(
        source_reference=source_reference,
        entity_code=codes[str(old.entity_id)],
        amount=correction.amount or told.amount,
        payee_number=old.payee_number,
        payee_name=_chosen(correction.payee_name, told.creditor_name),
        payee_address=correction.payee_address or told.creditor_address,
        creditor_iban=iban,
        creditor_account=local,
        creditor_bic=_chosen(correction.creditor_bic, told.creditor_bic if same_account else ""),
        requested_date=correction.requested_date or max(told.requested_date, earliest),
        invoices=old.invoices,
        remittance=_chosen(
            correction.remittance, "" if correction.creditor_reference else told.remittance
        ),
        creditor_reference=_chosen(
            correction.creditor_reference, "" if correction.remittance else told.creditor_reference
        ),
        debit_iban=correction.debit_iban or old.route.debtor_number,
        confidential=old.confidential,
        rail=way.rail if old.route.rail_asked_for else None,
        to_person=old.route.to_person or way.rail is Rail.ACH_PPD,
        wishes=old.route.wishes,
    )


def _chosen(wanted: str | None, before: str) -> str:
    return before if wanted is None else wanted
