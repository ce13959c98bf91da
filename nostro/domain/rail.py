"""The rails as a table: what each carries, to whom, from where, how much, and what comes back.

Who adds a rail adds a row; what fits a payment is asked of the table (`fits`), in words that
people read. Sources and dates stand beside the numbers, for they change. docs/rails.md is made
from this table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Final

import msgspec

from nostro.domain.local_account import Scheme, country_of, parts
from nostro.domain.money import Money
from nostro.domain.party import Account
from nostro.domain.payment import ChargeBearer, PaymentRequest, Rail

# Countries of the SEPA schemes (EPC409-09), by IBAN country code.
_SEPA = """
    AD AL AT BE BG CH CY CZ DE DK EE ES FI FR GB GI GR HR HU IE IS IT LI LT LU LV MC MD ME MK MT
    NL NO PL PT RO RS SE SI SK SM VA
"""
SEPA = frozenset(_SEPA.split())


class Named(StrEnum):
    """What names an account, our own or the payee's."""

    IBAN = "iban"
    USABA = "usaba"  # Routing number and account number.
    GBDSC = "gbdsc"  # Sort code and account number.
    BIC = "bic"  # BIC and account number.
    ADDRESS = "address"  # No account: a name and an address, for a cheque.


class Speed(StrEnum):
    SECONDS = "seconds"
    SAME_DAY = "same_day"
    NEXT_DAY = "next_day"
    DAYS = "days"


class Limit(msgspec.Struct, frozen=True):
    """The most that one payment may be, and who says so, since when."""

    most: Money
    source: str


class RailTerms(msgspec.Struct, frozen=True, kw_only=True):
    """One row. Empty `currencies` carry any; `countries` narrow the payee's account.

    `debited` and `paid` are what may name our account and the payee's. The first of
    `charge_bearers` is taken. `remittance_max` characters reach the payee, `name_max` of his name;
    a name is shortened before approval where `shortens_names` (the rail's field is so short that
    hardly any company's name fits). `acknowledged`: an accepting answer comes per payment; without
    one a payment stays delivered until it is booked or returned. `return_bank_days`: so long the
    payee's bank may return it. `on_demand`: taken only when it is asked for.
    """

    rail: Rail
    title: str
    currencies: frozenset[str] = frozenset()
    countries: frozenset[str] = frozenset()
    debited: frozenset[Named]
    paid: frozenset[Named]
    limit: Limit | None = None
    charge_bearers: tuple[ChargeBearer, ...]
    name_max: int = 140
    remittance_max: int = 140
    shortens_names: bool = False
    address_needed: bool
    acknowledged: bool
    speed: Speed
    return_bank_days: int | None = None
    final: str
    on_demand: bool = False
    source: str


_B, _N, _R = ChargeBearer, Named, Rail
_ANY = frozenset({_N.IBAN, _N.USABA, _N.GBDSC, _N.BIC})
_NACHA = "Nacha Operating Rules"
_ACH_MOST = Limit(
    Money(9_999_999_999, "USD"),
    f"{_NACHA}, appendix three: ten digits of cents; a same-day entry 1,000,000.00 USD since"
    " 18 March 2022",
)


def _ach(rail: Rail, title: str, remittance_max: int, name_max: int) -> RailTerms:
    return RailTerms(
        rail=rail,
        title=title,
        currencies=frozenset({"USD"}),
        debited=frozenset({_N.USABA}),
        paid=frozenset({_N.USABA}),
        limit=_ACH_MOST,
        charge_bearers=(_B.SHAR,),
        name_max=name_max,
        remittance_max=remittance_max,
        shortens_names=True,
        address_needed=False,
        acknowledged=False,
        speed=Speed.NEXT_DAY,
        return_bank_days=2,
        final="returns (R01, R03 ...) within two banking days, unauthorised consumer entries 60",
        source=f"{_NACHA}, appendix three and subsection 3.8",
    )


def _us_now(
    rail: Rail, title: str, limit: Limit, final: str, source: str, speed: Speed = Speed.SECONDS
) -> RailTerms:
    return RailTerms(
        rail=rail,
        title=title,
        currencies=frozenset({"USD"}),
        debited=frozenset({_N.USABA}),
        paid=frozenset({_N.USABA}),
        limit=limit,
        charge_bearers=(_B.SHAR, _B.DEBT) if speed is Speed.SAME_DAY else (_B.SHAR,),
        address_needed=True,
        acknowledged=True,
        speed=speed,
        final=final,
        on_demand=speed is Speed.SECONDS,
        source=source,
    )


def _uk(
    rail: Rail, title: str, limit: Limit | None, texts: tuple[int, int], speed: Speed, source: str
) -> RailTerms:
    return RailTerms(
        rail=rail,
        title=title,
        currencies=frozenset({"GBP"}),
        debited=frozenset({_N.GBDSC}),
        paid=frozenset({_N.GBDSC}),
        limit=limit,
        charge_bearers=(_B.SHAR,),
        name_max=texts[0],
        remittance_max=texts[1],
        shortens_names=texts[0] < 140,
        address_needed=rail is _R.CHAPS,
        acknowledged=rail is not _R.BACS,
        speed=speed,
        final="once settled it is not revoked; a mistake is asked back"
        if rail is not _R.BACS
        else "settled on the third day; what cannot be applied comes back as a credit",
        source=source,
    )


def _sepa(rail: Rail, title: str, source: str, limit: str, speed: Speed) -> RailTerms:
    instant = rail is _R.SEPA_INSTANT
    return RailTerms(
        rail=rail,
        title=title,
        currencies=frozenset({"EUR"}),
        countries=SEPA,
        debited=frozenset({_N.IBAN}),
        paid=frozenset({_N.IBAN}),
        limit=Limit(Money(99_999_999_999, "EUR"), limit),
        charge_bearers=(_B.SLEV,),
        name_max=70,
        remittance_max=140,
        address_needed=False,
        acknowledged=True,
        speed=speed,
        return_bank_days=None if instant else 3,
        final="final within ten seconds; a mistake is asked back"
        if instant
        else "the payee's bank may return it within three bank days",
        on_demand=instant,
        source=source,
    )


# In the order in which they are proposed.
_ROWS: Final[tuple[RailTerms, ...]] = (
    _sepa(
        _R.SEPA_CREDIT_TRANSFER,
        "SEPA credit transfer",
        "EPC125-05, EPC132-08",
        "EPC132-08 AT-T002",
        Speed.NEXT_DAY,
    ),
    _sepa(
        _R.SEPA_INSTANT,
        "SEPA instant credit transfer",
        "EPC004-16, EPC121-16",
        "EPC004-16 since 5 October 2025: no limit of the scheme (100,000.00 EUR before), so the"
        " most that the message holds",
        Speed.SECONDS,
    ),
    _ach(_R.ACH_PPD, "ACH to a person (PPD)", 80, 22),
    _ach(_R.ACH_CCD, "ACH to a company (CCD)", 80, 22),
    _ach(_R.ACH_CTX, "ACH to a company with long remittance (CTX)", 800, 16),
    _us_now(
        _R.RTP,
        "RTP",
        Limit(Money(1_000_000_000, "USD"), "The Clearing House, since 9 February 2025"),
        "final at once; a mistake is asked back",
        "RTP Operating Rules",
    ),
    _us_now(
        _R.FEDNOW,
        "FedNow",
        Limit(Money(1_000_000_000, "USD"), "Federal Reserve, since November 2025"),
        "final at once; a mistake is asked back",
        "Federal Reserve Operating Circular 8",
    ),
    _us_now(
        _R.FEDWIRE,
        "Fedwire",
        Limit(Money(999_999_999_999, "USD"), "Federal Reserve Operating Circular 6"),
        "final when the payee's bank is credited",
        "Fedwire Funds Service, ISO 20022 since 14 July 2025",
        Speed.SAME_DAY,
    ),
    _uk(
        _R.FASTER_PAYMENTS,
        "Faster Payments",
        Limit(Money(100_000_000, "GBP"), "Pay.UK, since 7 February 2022; a bank's may be lower"),
        (40, 18),
        Speed.SECONDS,
        "Pay.UK, Faster Payments Service",
    ),
    _uk(
        _R.BACS,
        "Bacs direct credit",
        Limit(Money(2_000_000_000, "GBP"), "Pay.UK, Bacs: 20,000,000.00 GBP an item"),
        (18, 18),
        Speed.DAYS,
        "Pay.UK, Bacs Standard 18",
    ),
    _uk(_R.CHAPS, "CHAPS", None, (140, 140), Speed.SAME_DAY, "Bank of England, CHAPS"),
    RailTerms(
        rail=_R.CROSS_BORDER_TRANSFER,
        title="Cross-border transfer",
        debited=_ANY,
        paid=_ANY,
        charge_bearers=(_B.SHAR, _B.DEBT, _B.CRED),
        address_needed=True,
        acknowledged=True,
        speed=Speed.DAYS,
        final="no term that holds for all banks",
        source="SWIFT CBPR+",
    ),
    RailTerms(
        rail=_R.CHECK,
        title="Cheque",
        currencies=frozenset({"USD", "GBP", "EUR", "CAD"}),
        debited=_ANY,
        paid=frozenset({_N.ADDRESS}),
        charge_bearers=(_B.SHAR,),
        name_max=70,
        remittance_max=140,
        address_needed=True,
        acknowledged=False,
        speed=Speed.DAYS,
        final="when it is presented and paid; until then it can be stopped",
        on_demand=True,
        source="our own cheque register; the bank is told by positive pay",
    ),
    RailTerms(
        rail=_R.PSP_PAYOUT,
        title="Payout of a payment service provider",
        debited=_ANY,
        paid=_ANY,
        charge_bearers=(_B.SHAR,),
        address_needed=True,
        acknowledged=True,
        speed=Speed.NEXT_DAY,
        final="by the provider's terms",
        on_demand=True,
        source="the provider's own agreement; our message is pain.001 without a service level",
    ),
    RailTerms(
        rail=_R.TREASURY_HUB,
        title="Treasury hub",
        debited=_ANY,
        paid=_ANY,
        charge_bearers=(_B.SHAR, _B.DEBT, _B.CRED),
        address_needed=True,
        acknowledged=True,
        speed=Speed.DAYS,
        final="by the rail that the hub chooses",
        on_demand=True,
        source="the hub's own agreement; our message is pain.001 without a service level",
    ),
)
# What a bank's own channel may take: a hub pays at several banks, a provider from what it holds for
# us; no bank is one.
OF_BANKS: Final = frozenset(Rail) - {Rail.TREASURY_HUB, Rail.PSP_PAYOUT}
TERMS: Final[Mapping[Rail, RailTerms]] = {row.rail: row for row in _ROWS}

_WORDS: Final[Mapping[Named, str]] = {
    Named.IBAN: "an IBAN",
    Named.USABA: "a US routing and account number",
    Named.GBDSC: "a UK sort code and account number",
    Named.BIC: "a BIC and account number",
    Named.ADDRESS: "no account, a name and an address",
}
_NAMED: Final[Mapping[Scheme, Named]] = {
    Scheme.USABA: Named.USABA,
    Scheme.GBDSC: Named.GBDSC,
    Scheme.BIC: Named.BIC,
}


def named_by(iban: str, local: str) -> Named:
    """What names an account; ADDRESS when nothing does."""
    if iban:
        return Named.IBAN
    return _NAMED[parts(local).scheme] if local else Named.ADDRESS


class Misfit(msgspec.Struct, frozen=True):
    """Why a payment cannot take a rail: `reason` alike for every rail and account that it is so
    of, `sentence` with both."""

    reason: str
    sentence: str


def fits(rail: Rail, request: PaymentRequest, account: Account) -> tuple[str, ...]:
    """Why this payment cannot take this rail from this account, each reason a sentence; () when it
    can. What stands in the payment's texts is asked later, of the instruction."""
    return tuple(one.sentence for one in misfits(rail, request, account))


def misfits(rail: Rail, request: PaymentRequest, account: Account) -> Iterator[Misfit]:
    """The same, each with what it has in common with others."""
    terms = TERMS[rail]
    currency, title = request.amount.currency, terms.title
    if account.currency != currency:
        told = f"{account.name} is in {account.currency}, the payment in {currency}."
        yield Misfit(f"The account is in {account.currency}, the payment in {currency}", told)
    for reason, of in _of_rail(terms, request, account):
        yield Misfit(reason, f"{title} {reason[:1].lower()}{reason[1:]}{of}.")
    if over := _over(rail, request.amount):
        yield Misfit(f"Carries {over} at most", too_much(rail, request.amount))
    # A check is in no file of payments; whether its account draws any is asked with its route.
    by_file = rail is not Rail.CHECK
    if by_file and account.takes is not None and rail not in account.takes:
        sentence = f"The connection of {account.name} takes no payments by {title}."
        yield Misfit("Its connection takes no payments by it", sentence)


def _of_rail(
    terms: RailTerms, request: PaymentRequest, account: Account
) -> Iterator[tuple[str, str]]:
    """What speaks against the rail itself, and of which account."""
    currency = request.amount.currency
    if terms.currencies and currency not in terms.currencies:
        yield f"Does not carry {currency}", ""
    ours = named_by(account.iban, account.local_account)
    if ours not in terms.debited:
        yield f"Does not leave from {_WORDS[ours]}", f" ({account.name})"
    paid = named_by(request.creditor_iban, request.creditor_account)
    if paid not in terms.paid:
        yield f"Does not pay to {_WORDS[paid]}", ""
    elif terms.countries and request.creditor_iban[:2] not in terms.countries:
        yield f"Does not reach {country_of(request.creditor_iban, '') or 'there'}", ""


def _over(rail: Rail, amount: Money) -> str:
    """The rail's limit where an amount is above it, "" where it is not."""
    limit = TERMS[rail].limit
    if not limit or limit.most.currency != amount.currency or amount.minor <= limit.most.minor:
        return ""
    return f"{limit.most.grouped()} {amount.currency}"


def too_much(rail: Rail, amount: Money) -> str:
    """Why an amount is above the rail's limit; "" when it is not."""
    over = _over(rail, amount)
    return f"{TERMS[rail].title} carries {over} at most." if over else ""
