"""Which account and rail a payment should take; proposed before approval, so that people see it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nostro.domain.party import Account
from nostro.domain.payment import PaymentRequest, Rail, Route
from nostro.domain.policies.limits import spelled
from nostro.domain.rail import SEPA, TERMS, fits, named_by, too_much

_PROPOSED = tuple(rail for rail, terms in TERMS.items() if not terms.on_demand)


def propose(request: PaymentRequest, accounts: Sequence[Account]) -> Route | None:
    """The route for one payment out of its entity's accounts, or None when none fits.

    The first rail of the table that fits, from the first account by name that it leaves from; only
    the rail that the source asks for, and only the account that it names, where it does. An account
    in the payment's own currency is needed: we never convert silently.
    """
    debited = [one for one in accounts if request.debit_iban in ("", one.iban, one.local_account)]
    for rail in _rails(request):
        for account in debited:
            if not fits(rail, request, account):
                return _route(rail, request, account)
    return None


def why_none(request: PaymentRequest, accounts: Sequence[Account]) -> tuple[str, str]:
    """Why no route was found, as a code and in words: of the rail that is asked for, else of the
    one that comes nearest."""
    currency, named = request.amount.currency, request.debit_iban
    fitting = [
        one
        for one in accounts
        if one.currency == currency and named in ("", one.iban, one.local_account)
    ]
    if not fitting and named:
        return "no_account", f"{named} is no account in {currency} of this entity."
    if not fitting:
        return "no_account", f"Entity {request.entity_code} has no account in {currency}."
    if not request.creditor_number and request.rail is None:
        sentence = "The payee has no account; only a cheque can pay, and none is asked for."
        return "payee_without_account", sentence
    found = [
        (fits(rail, request, account), too_much(rail, request.amount))
        for rail in _rails(request)
        for account in fitting
    ]
    _, reasons, limit = min((len(reasons), reasons, limit) for reasons, limit in found)
    return "amount_too_large" if reasons == (limit,) else "no_rail_fits", " ".join(reasons)


def usual_rails(account: Account) -> tuple[Rail, ...]:
    """The rails on which payments leave from an account without being asked for."""
    return tuple(rail for rail in _PROPOSED if _leaves(rail, account))


def _leaves(rail: Rail, account: Account) -> bool:
    terms = TERMS[rail]
    ours = named_by(account.iban, account.local_account)
    return ours in terms.debited and (not terms.currencies or account.currency in terms.currencies)


def every_way(
    request: PaymentRequest, accounts: Sequence[Account], among: Sequence[Rail] = ()
) -> list[Route]:
    """All that fit, in the standard order: by the usual rails, or by those that are named."""
    debited = [one for one in accounts if request.debit_iban in ("", one.iban, one.local_account)]
    return [
        _route(rail, request, account)
        for rail in _rails(request, among)
        for account in debited
        if not fits(rail, request, account)
    ]


def _rails(request: PaymentRequest, among: Sequence[Rail] = ()) -> Iterator[Rail]:
    """The rails to try, in the order of the table."""
    if request.rail is not None:
        if not among or request.rail in among:
            yield request.rail
        return
    text = request.remittance or ", ".join(request.invoices)
    in_sepa = request.amount.currency == "EUR" and request.creditor_iban[:2] in SEPA
    for rail in [one for one in TERMS if one in among] if among else _PROPOSED:
        if rail is Rail.CROSS_BORDER_TRANSFER and in_sepa:
            continue  # Regulation (EU) 260/2012, article 4: euro inside SEPA goes by its schemes.
        if rail is Rail.ACH_PPD and not request.to_person:
            continue  # PPD is for persons, CCD and CTX for companies (Nacha Operating Rules 2.5).
        if rail in _ACH_COMPANY and request.to_person:
            continue
        if rail is Rail.ACH_CCD and len(text) > TERMS[rail].remittance_max:
            continue  # CTX carries it whole.
        yield rail


_ACH_COMPANY = frozenset({Rail.ACH_CCD, Rail.ACH_CTX})


def _route(rail: Rail, request: PaymentRequest, account: Account) -> Route:
    return Route(
        account_id=account.id,
        debtor_iban=account.iban,
        debtor_account=account.local_account,
        connection_id=account.connection_id,
        rail=rail,
        charge_bearer=TERMS[rail].charge_bearers[0],
        rail_asked_for=request.rail is not None,
        rule=f"{request.amount.currency} from {account.name}, {_because(rail, request)}",
    )


def _because(rail: Rail, request: PaymentRequest) -> str:
    if request.rail is not None:
        return f"{TERMS[rail].title} was asked for"
    if rail is Rail.SEPA_CREDIT_TRANSFER:
        return "SEPA reaches the payee"
    if rail is Rail.CROSS_BORDER_TRANSFER and request.creditor_iban:
        return "the payee is outside SEPA euro"
    limit = TERMS[rail].limit
    most = f" of up to {spelled(limit.most)}" if limit else ""
    return f"{TERMS[rail].title} reaches the payee{most}"
