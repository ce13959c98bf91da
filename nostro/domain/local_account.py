"""An account without an IBAN, as its country writes it: one text that names bank and account.

`USABA:021000021:123456789` is an account in the United States, `GBDSC:200000:55779911` one in the
United Kingdom, `BIC:BOFAUS3NXXX:0042-77` one anywhere else; `:SVGS` at the end says that it is a
savings account. Like an IBAN it is one text, so that accounts are compared, searched and hidden
alike. Routing numbers: ABA key to routing numbers, weights 3, 7, 1. Sort codes and account numbers:
Pay.UK, six and eight digits.
"""

from __future__ import annotations

import re
from enum import StrEnum

import msgspec

from nostro.domain.errors import Invalid
from nostro.domain.identifier import bic

SAVINGS = "SVGS"  # ISO 20022 ExternalCashAccountType1Code.
_WEIGHTS = (3, 7, 1, 3, 7, 1, 3, 7, 1)
_ROUTING_NUMBER = re.compile(r"[0-9]{9}\Z")
_SORT_CODE = re.compile(r"[0-9]{6}\Z")
_US_NUMBER = re.compile(r"[A-Z0-9\-]{1,17}\Z")  # Nacha Operating Rules, DFI Account Number.
_GB_NUMBER = re.compile(r"[0-9]{8}\Z")
_OTHER_NUMBER = re.compile(r"[A-Z0-9/\-]{1,34}\Z")  # ISO 20022 Max34Text.
_BETWEEN = re.compile(r"[\s\-]")


class Scheme(StrEnum):
    """Who gives the banks their numbers (ISO 20022 ExternalClearingSystemIdentification1Code)."""

    USABA = "USABA"  # American Bankers Association routing numbers.
    GBDSC = "GBDSC"  # UK domestic sort codes.
    BIC = "BIC"  # ISO 9362: for accounts that only a BIC and a number name.


WORDS = {
    Scheme.USABA: "routing number",
    Scheme.GBDSC: "sort code",
    Scheme.BIC: "BIC",
}
COUNTRIES = {Scheme.USABA: "US", Scheme.GBDSC: "GB"}


class LocalAccount(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of such an account. `kind` is "SVGS" for savings, "" for a current account."""

    scheme: Scheme
    bank_code: str
    number: str
    kind: str = ""

    def __str__(self) -> str:
        return ":".join(
            part for part in (self.scheme, self.bank_code, self.number, self.kind) if part
        )

    @property
    def country(self) -> str:
        """Where the account is, as an IBAN tells it by its first two letters."""
        return COUNTRIES.get(self.scheme) or self.bank_code[4:6]


def parts(text: str) -> LocalAccount:
    """The parts of an account that `local_account` has written; ValueError for other texts."""
    scheme, bank_code, number, *kind = text.split(":")
    return LocalAccount(
        scheme=Scheme(scheme), bank_code=bank_code, number=number, kind=kind[0] if kind else ""
    )


def local_account(text: str) -> str:
    """A valid account without IBAN as machines write it; raises Invalid and says what is wrong."""
    scheme, *rest = (part.strip() for part in text.split(":"))
    if scheme.upper() not in set(Scheme) or not 2 <= len(rest) <= 3:
        raise _invalid(text, f"is not written like USABA:021000021:123 ({', '.join(Scheme)})")
    kind = rest[2].upper() if len(rest) == 3 else ""
    return str(made(scheme.upper(), rest[0], rest[1], kind))


def made(scheme: str, bank_code: str, number: str, kind: str = "") -> LocalAccount:
    """A valid account out of its parts as people write them; raises Invalid."""
    if scheme not in set(Scheme):
        raise _invalid(scheme, f"has no known scheme ({', '.join(Scheme)})")
    found = Scheme(scheme)
    if kind not in ("", SAVINGS):
        raise _invalid(kind, f"is neither a current account nor {SAVINGS}")
    if found is Scheme.USABA:
        code, told = _routing_number(bank_code), _numbered(number, _US_NUMBER, "17")
    elif found is Scheme.GBDSC:
        code, told = _sort_code(bank_code), _uk_number(number)
    else:
        code, told = bic(bank_code), _numbered(number, _OTHER_NUMBER, "34")
    return LocalAccount(scheme=found, bank_code=code, number=told, kind=kind)


def is_routing_number(text: str) -> bool:
    """True for nine digits whose weighted sum is a multiple of ten."""
    if not _ROUTING_NUMBER.match(text) or text == "000000000":
        return False
    return sum(w * int(digit) for w, digit in zip(_WEIGHTS, text, strict=True)) % 10 == 0


def _routing_number(text: str) -> str:
    code = _BETWEEN.sub("", text)
    if not is_routing_number(code):
        raise _invalid(text, "is not a routing number: nine digits with the right check digit")
    return code


def _sort_code(text: str) -> str:
    code = _BETWEEN.sub("", text)
    if not _SORT_CODE.match(code):
        raise _invalid(text, "is not a sort code: six digits")
    return code


def _uk_number(text: str) -> str:
    code = _BETWEEN.sub("", text)
    if not _GB_NUMBER.match(code):
        raise _invalid(text, "is not a UK account number: eight digits")
    return code


def _numbered(text: str, form: re.Pattern[str], most: str) -> str:
    code = "".join(text.split()).upper()
    if not form.match(code):
        raise _invalid(text, f"is not an account number of 1 to {most} letters and digits")
    return code


def _invalid(text: str, rule: str) -> Invalid:
    return Invalid(
        "invalid_local_account",
        f"The account {text[:40]!r} {rule}.",
        "No payment was made from this line.",
        "Ask the payee for the numbers again, through a contact you already know.",
        field="creditor_account",
    )


def country_of(iban: str, local: str) -> str:
    """Where an account is, whichever of the two names it; "" when neither does, or it is erased."""
    if iban or not local:
        return iban[:2]
    try:
        return parts(local).country
    except ValueError:
        return ""


def ending(number: str) -> str:
    """The last characters of what names an account, for people."""
    return number.removesuffix(f":{SAVINGS}")[-4:]


def told(local: str) -> LocalAccount | None:
    """The parts of an account without IBAN; None where there is none, or it is erased."""
    try:
        return parts(local) if local else None
    except ValueError:
        return None


def spelled(number: str) -> str:
    """What names an account, for people: an IBAN in groups of four, another by its parts."""
    found = told(number) if ":" in number else None
    if found is None:
        return " ".join(number[at : at + 4] for at in range(0, len(number), 4))
    savings = ", savings" if found.kind else ""
    return f"{WORDS[found.scheme]} {found.bank_code}, account {found.number}{savings}"
