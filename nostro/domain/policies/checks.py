"""What is checked before anyone is asked to approve a payment; each finding says why in words."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from enum import StrEnum

import msgspec

from nostro.domain.errors import Invalid
from nostro.domain.identifier import iban
from nostro.domain.local_account import Scheme, ending, local_account, parts
from nostro.domain.party import PayeeAccount, PostalAddress
from nostro.domain.payment import Instruction, PaymentRequest, Rail, Route
from nostro.domain.policies import limits
from nostro.domain.policies.hold_evidence import Piece
from nostro.domain.policies.limits import spelled

# How long a change of bank details makes payments to the new account wait for a person.
RECENT_CHANGE = timedelta(days=30)
# A payment day further away than this, either way, is a slip of the pen.
DATE_MAX = timedelta(days=366)
_SAYS_SOMETHING = re.compile(r"[A-Za-z0-9]")
# Unicode's embeddings, overrides, isolates and marks of direction (UAX 9, section 2).
_TURNS_TEXT = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class Effect(StrEnum):
    INVALID = "invalid"  # The source must correct it.
    HOLD = "hold"  # A named person must look first.


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One reason why a payment may not simply go on. `refers_to` is the other record, if any;
    `field` what is wrong in the instruction, when it is one thing; `evidence` what a person
    compares before he lets it go."""

    code: str
    effect: Effect
    sentence: str
    refers_to: str = ""
    field: str = ""
    evidence: tuple[Piece, ...] = ()


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What we know when a payment is checked: the payee's account as kept.

    `past` says that it was paid before nostro came: such a payment may be as old as it is.
    """

    payee_account: PayeeAccount | None
    now: datetime
    recent_change: timedelta = RECENT_CHANGE
    past: bool = False


def check(request: PaymentRequest, known: Known) -> tuple[Finding, ...]:
    """Every finding on one payment, in the order a person would want to read them."""
    return (
        *_form(request),
        *_day(request, known),
        *_payee(request, known),
    )


def check_instruction(instruction: Instruction, rail: Rail) -> tuple[Finding, ...]:
    """Every limit of the rail that the instruction, as it would be written, breaks; and a name of
    which nothing is left in the letters of banks."""
    broken = tuple(
        msgspec.structs.replace(_invalid(breach.code, breach.happened), field=breach.field)
        for breach in limits.breaches(instruction, rail)
    )
    name = instruction.creditor_name
    if not name or _SAYS_SOMETHING.search(name):
        return broken
    sentence = (
        f"Banks carry no letter of the payee's name: it would read '{name}'. Give it in Latin"
        " letters, as the payee's bank knows it."
    )
    unnamed = _invalid("name_without_letters", sentence)
    return (*broken, msgspec.structs.replace(unnamed, field="creditor_name"))


def wages(route: Route) -> tuple[Finding, ...]:
    """Wages that would leave in a class between companies, where nothing can say PAYROLL (Nacha
    Operating Rules, company entry descriptions, 20 March 2026)."""
    if route.rail not in (Rail.ACH_CCD, Rail.ACH_CTX) or not route.pays_wages:
        return ()
    sentence = (
        "This pays wages, and would leave as a payment between companies (CCD, CTX). Nacha wants"
        " wages as PPD, described PAYROLL: say that the payee is a person, or choose ACH PPD."
    )
    return (_hold("wages_between_companies", sentence),)


def _form(request: PaymentRequest) -> list[Finding]:
    findings = []
    if request.amount.minor <= 0:
        findings.append(
            _invalid("amount_not_positive", f"The amount is {spelled(request.amount)}.")
        )
    try:
        if request.creditor_number or request.rail is not Rail.CHECK:
            _account(request)
    except Invalid as error:
        findings.append(_invalid(error.code, error.happened))
    if request.rail is Rail.CHECK and request.confidential:
        sentence = (
            "A confidential payment is not paid by check: the register and the bank's files of"
            " checks name the payee to everybody who reads them."
        )
        findings.append(_invalid("check_confidential", sentence))
    if any(_TURNS_TEXT.search(text) for text in _told_texts(request)):
        sentence = (
            "A text of the payment has signs that nobody sees and that turn the order of its"
            " letters: people would read something else than the bank."
        )
        findings.append(_invalid("text_turned", sentence))
    address = request.payee_address
    if not (address.town and address.country) and not _at_home(request):
        findings.append(
            _invalid(
                "address_incomplete",
                "The payee's address has no town or no country; banks have refused such"
                " payments since November 2026.",
            )
        )
    return findings


def _told_texts(request: PaymentRequest) -> tuple[str, ...]:
    address = request.payee_address
    return (
        request.payee_name,
        request.remittance,
        *request.invoices,
        *(address.street, address.building, address.post_code, address.town),
    )


def _account(request: PaymentRequest) -> None:
    """Raise Invalid for an account that cannot be one, or that is told twice."""
    if request.creditor_account and request.creditor_iban:
        raise Invalid(
            "invalid_local_account",
            "The payee has an IBAN and another account number.",
            "No payment was made from this line.",
            "Keep one of them.",
            field="creditor_account",
        )
    if request.creditor_account:
        local_account(request.creditor_account)
    else:
        iban(request.creditor_iban)


def _at_home(request: PaymentRequest) -> bool:
    """Whether the account is paid by its country's own rails, which carry no address, and none is
    half told; what needs one nevertheless is refused with its rail."""
    if request.payee_address != PostalAddress() or not request.creditor_account:
        return False
    try:
        return parts(request.creditor_account).scheme is not Scheme.BIC
    except ValueError:
        return False


def _day(request: PaymentRequest, known: Known) -> list[Finding]:
    wanted, today = request.requested_date, known.now.date()
    if wanted - today > DATE_MAX:
        sentence = f"Payment is asked for {day(wanted)}, more than a year ahead."
        return [_invalid("date_too_far", sentence)]
    if today - wanted > DATE_MAX and not known.past:
        sentence = f"Payment was asked for {day(wanted)}, more than a year ago."
        return [_invalid("date_too_old", sentence)]
    return []


def _payee(request: PaymentRequest, known: Known) -> list[Finding]:
    account = known.payee_account
    if account is None:
        return [
            _hold("payee_unknown", f"Payee {request.payee_number} is not in our master data yet.")
        ]
    if request.rail is Rail.CHECK and not request.creditor_number:
        return []  # It is paid to a name; who changed an account has no part in it.
    if account.number != request.creditor_number:
        return [
            _hold(
                "account_differs",
                f"The file pays to an account ending {ending(request.creditor_number)}; the payee's"
                f" known account ends {ending(account.number)}.",
                account.id,
            )
        ]
    age = known.now - account.valid_from
    if account.version > 1 and age < known.recent_change and not account.confirmed:
        return [
            _hold(
                "account_recently_changed",
                f"The payee's account was changed {_ago(age.days)} by {account.changed_by} and"
                " nobody has confirmed it with the payee.",
                account.id,
            )
        ]
    return []


def day(when: date) -> str:
    """A date for people: '6 Nov 2026'."""
    return f"{when.day} {when:%b} {when.year}"


def _ago(days: int) -> str:
    if days < 1:
        return "today"
    return "1 day ago" if days == 1 else f"{days} days ago"


def _invalid(code: str, sentence: str) -> Finding:
    return Finding(code=code, effect=Effect.INVALID, sentence=sentence)


def _hold(code: str, sentence: str, refers_to: str = "") -> Finding:
    return Finding(code=code, effect=Effect.HOLD, sentence=sentence, refers_to=refers_to)
