"""Which account and rail a payment should take; proposed before approval, so that people see it."""

from __future__ import annotations

from collections.abc import Sequence

from nostro.domain.party import Account
from nostro.domain.payment import ChargeBearer, PaymentRequest, Rail, Route

# Countries of the SEPA schemes (EPC409-09), by IBAN country code.
_SEPA = """
    AD AL AT BE BG CH CY CZ DE DK EE ES FI FR GB GI GR HR HU IE IS IT LI LT LU LV MC MD ME MK MT
    NL NO PL PT RO RS SE SI SK SM VA
"""
SEPA = frozenset(_SEPA.split())


def propose(request: PaymentRequest, accounts: Sequence[Account]) -> Route | None:
    """The route for one payment out of its entity's accounts, or None when none fits.

    The account that the source names is taken, or none; without a name the first by name. An
    account in the payment's own currency is needed: we never convert silently. Euro payments
    inside SEPA go as SEPA credit transfers with shared charges (SLEV), others cross border (SHAR).
    """
    fitting = [
        account
        for account in accounts
        if account.currency == request.amount.currency and request.debit_iban in ("", account.iban)
    ]
    if not fitting:
        return None
    account = fitting[0]
    sepa = request.amount.currency == "EUR" and request.creditor_iban[:2] in SEPA
    return Route(
        account_id=account.id,
        debtor_iban=account.iban,
        connection_id=account.connection_id,
        rail=Rail.SEPA_CREDIT_TRANSFER if sepa else Rail.CROSS_BORDER_TRANSFER,
        charge_bearer=ChargeBearer.SLEV if sepa else ChargeBearer.SHAR,
        rule=f"{request.amount.currency} from {account.name}, "
        + ("SEPA reaches the payee" if sepa else "the payee is outside SEPA euro"),
    )
