"""The numbers that name accounts, banks and invoices, with their check digits.

IBAN: ISO 13616 with ISO 7064 mod 97-10. BIC: ISO 9362. RF creditor reference: ISO 11649. LEI:
ISO 17442. SEPA creditor identifier: EPC262-08. Swiss QR reference: SIX Implementation Guidelines
QR-bill, annex B. UETR: RFC 4122 version 4.
"""

from __future__ import annotations

import re

from nostro.domain.errors import Invalid

# Check digits run from 02 to 98: 00, 01 and 99 would satisfy the sum as twins of 97, 98 and 02.
_CHECK = r"(?!00|01|99)[0-9]{2}"
_IBAN = re.compile(rf"[A-Z]{{2}}{_CHECK}[A-Z0-9]{{11,30}}\Z")
_BIC = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?\Z")
_RF = re.compile(rf"RF{_CHECK}[A-Z0-9]{{1,21}}\Z")
_LEI = re.compile(r"[A-Z0-9]{18}[0-9]{2}\Z")
_CREDITOR_ID = re.compile(rf"[A-Z]{{2}}{_CHECK}[A-Z0-9]{{3}}[A-Z0-9]{{1,28}}\Z")
_QR = re.compile(r"[0-9]{27}\Z")
_UETR = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\Z")
_QR_CARRY = (0, 9, 4, 6, 8, 2, 7, 1, 3, 5)  # Modulo 10, recursive.
_QR_BANKS = range(30000, 32000)  # QR-IIDs: banks' numbers for accounts of QR-bills.
_LETTERS = {ord(chr(65 + value)): str(10 + value) for value in range(26)}

# Registered lengths (SWIFT IBAN registry): a wrong length passes mod 97 once in 97 times.
IBAN_LENGTH = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22,
    "BI": 27, "BR": 29, "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27,
    "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FK": 18, "FO": 18, "FR": 27,
    "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HN": 28, "HR": 21, "HU": 28,
    "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28,
    "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22,
    "MK": 19, "MN": 20, "MR": 27, "MT": 31, "MU": 30, "NI": 28, "NL": 18, "NO": 15, "OM": 23,
    "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24,
    "SC": 31, "SD": 18, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "SO": 23, "ST": 25, "SV": 28,
    "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20, "YE": 30,
}  # fmt: skip


def mod97(text: str) -> int:
    """ISO 7064 mod 97-10 over digits and capital letters (A = 10 .. Z = 35)."""
    return int(text.translate(_LETTERS)) % 97


def compact(text: str) -> str:
    """An identifier as machines write it: no spaces, capitals. Other alphabets stay as they are."""
    bare = "".join(text.split())
    return bare.upper() if bare.isascii() else bare


def iban(text: str) -> str:
    """A valid IBAN in compact form; raises Invalid and says which rule it breaks."""
    code = compact(text)
    if not _IBAN.match(code):
        raise _invalid_iban(text, "does not have the form of an IBAN")
    registered = IBAN_LENGTH.get(code[:2])
    if registered and len(code) != registered:
        raise _invalid_iban(text, f"has {len(code)} characters; {code[:2]} IBANs have {registered}")
    if mod97(code[4:] + code[:4]) != 1:
        raise _invalid_iban(text, "has wrong check digits")
    return code


def is_iban(code: str) -> bool:
    """Whether this is a valid IBAN in compact form, as `iban` would give it back; fast."""
    if not _IBAN.match(code) or len(code) != IBAN_LENGTH.get(code[:2], len(code)):
        return False
    account = code[4:]
    if account.isdigit():  # Most are: then only the country needs its letters counted.
        return int(f"{account}{ord(code[0]) - 55}{ord(code[1]) - 55}{code[2:4]}") % 97 == 1
    return mod97(account + code[:4]) == 1


def _invalid_iban(text: str, rule: str) -> Invalid:
    return Invalid(
        "invalid_iban",
        f"The account {text[:40]!r} {rule}.",
        "No payment was made from this line.",
        "Ask the payee for the IBAN again, through a contact you already know.",
        field="creditor_iban",
    )


def bic(text: str) -> str:
    """A valid BIC (8 or 11 characters) in capitals; raises Invalid."""
    code = compact(text)
    if not _BIC.match(code):
        raise Invalid(
            "invalid_bic",
            f"{text[:20]!r} is not a BIC.",
            can_do="A BIC has 8 or 11 characters, for example COBADEFFXXX.",
            field="bic",
        )
    return code


def is_creditor_reference(text: str) -> bool:
    """True for a structured RF reference whose check digits hold."""
    code = compact(text)
    return bool(_RF.match(code)) and mod97(code[4:] + code[:4]) == 1


def is_lei(code: str) -> bool:
    """True for a legal entity identifier whose check digits hold."""
    return bool(_LEI.match(code)) and mod97(code) == 1


def is_creditor_id(code: str) -> bool:
    """True for a SEPA creditor identifier whose check digits hold.

    They leave out the business code, the three characters that a creditor chooses himself.
    """
    return bool(_CREDITOR_ID.match(code)) and mod97(code[7:] + code[:4]) == 1


def is_qr_reference(code: str) -> bool:
    """True for 27 digits whose last one checks the others."""
    if not _QR.match(code):
        return False
    carry = 0
    for digit in code[:-1]:
        carry = _QR_CARRY[(carry + int(digit)) % 10]
    return (10 - carry) % 10 == int(code[-1])


def is_qr_iban(code: str) -> bool:
    """True for a Swiss or Liechtenstein account that takes payments with QR reference only."""
    return code[:2] in ("CH", "LI") and code[4:9].isdigit() and int(code[4:9]) in _QR_BANKS


def is_uetr(text: str) -> bool:
    """True for a unique end-to-end transaction reference: a UUID of version 4, in small letters."""
    return bool(_UETR.match(text))


def spaced(code: str) -> str:
    """An IBAN for people: groups of four."""
    return " ".join(code[start : start + 4] for start in range(0, len(code), 4))
