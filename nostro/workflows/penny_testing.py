"""A payee's account confirmed by a small payment: its text has a code, which the payee tells back.

1. Somebody begins the test: a payment of less than one unit of the currency, with a code in its
   text that nobody could guess. It is checked, approved and sent like every payment.
2. When the bank has executed it, the payee is asked for the code. Who tells it here (the change
   request payee_penny_test) neither asked for the account nor began the test; somebody else agrees.
"""

from __future__ import annotations

import secrets
from uuid import UUID

from nostro.domain.errors import Invalid, Refused
from nostro.domain.money import Money, exponent_of
from nostro.domain.party import Member, PayeeAccount
from nostro.domain.payment import PaymentRequest
from nostro.storage import events, parties, payees
from nostro.storage.tenancy import tenant
from nostro.workflows import payment_intake
from nostro.workflows.context import Acting

SOURCE = "penny_test"
_CODES = 10**6
_SMALL = range(11, 100)  # Hundredths; two digits, so that the amount tells something, too.
_WITH_HUNDREDTHS = 2


def begin(acting: Acting, member: Member, number: str, entity: str, currency: str) -> UUID:
    """Make the small payment; returns its id.

    Raises Refused where the payee has no account, it is confirmed, or his town is not known;
    otherwise as payments are made.
    """
    with tenant(acting.tenant_id):
        account = _unconfirmed(number)
        lives = payees.details(UUID(account.payee_id)).address
    if not (lives.town and lives.country):
        raise Refused(
            "payee_address_unknown",
            f"Nothing is kept of where payee {number} is at home; a payment has to say it.",
            "Nothing was paid.",
            "Have his town and country kept first: ask for the change payee_details.",
        )
    code = f"{secrets.randbelow(_CODES):06d}"
    request = PaymentRequest(
        source_reference=f"{number}-{account.version}-{acting.world.ids.new()}"[:70],
        entity_code=entity,
        amount=_small(currency),
        payee_number=number,
        payee_name=account.payee_name,
        payee_address=lives,
        creditor_iban=account.iban,
        creditor_bic=account.bic,
        requested_date=acting.world.clock.now().date(),
        invoices=(),
        remittance=f"Tell us this code: {code}",
    )
    ((order, _),) = payment_intake.take_payments(acting, SOURCE, [request], member)
    with tenant(acting.tenant_id):
        _keep(acting, account, order.id, code)
    return order.id


def _keep(acting: Acting, account: PayeeAccount, order_id: UUID, code: str) -> None:
    now, by = acting.world.clock.now(), (acting.actor.id, acting.actor.name)
    row_id = acting.world.ids.new()
    payees.begin_penny_test(row_id, UUID(account.id), order_id, code, by=by, now=now)
    told = {"number": account.payee_number, "version": account.version, "order_id": str(order_id)}
    event = acting.event("payee.test_begun", "payee", UUID(account.payee_id), **told)
    events.record([event])


def _unconfirmed(number: str) -> PayeeAccount:
    account = parties.current_payee_accounts([number]).get(number)
    if account is None or not account.iban:
        raise Refused(
            "payee_without_account",
            f"Payee {number[:60]} has no account with an IBAN.",
            "Nothing was paid.",
            "Ask for one first.",
        )
    if account.confirmed:
        raise Refused("nothing_changes", f"{account.payee_name}'s account is confirmed already.")
    return account


def _small(currency: str) -> Money:
    if exponent_of(currency) != _WITH_HUNDREDTHS:
        raise Invalid(
            "currency_without_hundredths",
            f"A penny test needs hundredths; {currency} has none.",
            "Nothing was paid.",
            "Confirm the account by a call.",
            field="currency",
        )
    return Money(_SMALL[secrets.randbelow(len(_SMALL))], currency)
