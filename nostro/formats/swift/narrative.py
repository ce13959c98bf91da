"""What banks put into :86: of a booking, in their several ways, as fields of the booking.

Each dialect is a table; which one a booking uses shows in its first characters, or is forced by
the bank's profile. Sources: DK "Datenformate" annex 3 chapter 8 (German ?xx and keywords), SWIFT
for Corporates and Dutch usage (/EREF/ codes), German "MT940 S" (:NS:), the banks' own guides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from nostro.domain.currency import EXPONENT
from nostro.domain.identifier import IBAN_LENGTH
from nostro.domain.money import Money
from nostro.domain.statement import Charge

Told = dict[str, Any]  # Fields of a TransactionDetail, and "codes" as a list while it is made.

# Keywords of the purpose (DK annex 3, 8.2.4; ABWA and ABWE name whom the payment is really of/for).
KEYWORDS = {
    "EREF": "end_to_end_id",
    "KREF": "payment_information_id",
    "MREF": "mandate_id",
    "CRED": "creditor_id",
    "DEBT": "counterparty_id",
    "BREF": "bank_reference",
    "PURP": "purpose",
    "ABWA": "ultimate_counterparty_name",
    "ABWE": "ultimate_counterparty_name",
    "IBAN": "counterparty_iban",
    "BIC": "counterparty_bic",
    "SVWZ": "remittance",
    "OAMT": "instructed",
    "COAM": "charges",
    "RREF": "",
    "TAN": "",
    "MTLG": "text",  # Written with a colon: a message of the bank, such as why a payment came back.
}
# Codes between slashes (Dutch and SWIFT usage). "": kept under its own name.
SLASHES = {
    "EREF": "end_to_end_id",
    "PREF": "payment_information_id",
    "IREF": "instruction_id",
    "MARF": "mandate_id",
    "CSID": "creditor_id",
    "IBAN": "counterparty_iban",
    "BIC": "counterparty_bic",
    "NAME": "counterparty_name",
    "ID": "counterparty_id",
    "ADDR": "counterparty_address",
    "RTRN": "return_reason",
    "REMI": "remittance",
    "CNTP": "counterparty",
    "PURP": "purpose",
    "ULTB": "ultimate_counterparty_name",
    "ULTC": "ultimate_counterparty_name",
    "ULTD": "ultimate_counterparty_name",
    **dict.fromkeys(("TRTP", "ORDP", "BENM", "ISDT", "OCMT", "CHGS", "EXCH", "TRCD", "SVCL"), ""),
}
# Labels of single banks: a regular expression whose groups are fields of a detail.
LABELS = (
    # ASN, SNS: account and name of the other side, then the text.
    r"(?P<counterparty_iban>[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}) (?P<counterparty_name>[^\n]+)"
    r"(?:\n(?P<remittance>.*))?",
    # Knab: text, then account and name.
    r"(?P<remittance>.*)\nREK: (?P<counterparty_iban>[A-Z0-9]+)/NAAM: (?P<counterparty_name>.*)",
    # mBank: fields ended by semicolons; Z RACH./NA RACH. account, OD/DLA name, TYT. purpose.
    r"(?P<text>[^;]*);(?: ID IPH: (?P<counterparty_id>[^;]*);)? (?:Z|NA) RACH\.:\s*+"
    r"(?P<counterparty_iban>[A-Z0-9 ]*); (?:OD|DLA): (?P<counterparty_name>[^;]*);"
    r" TYT\.: (?P<remittance>.*?); *TNR:\s*+(?P<bank_reference>.*)",
)
# GVC of returned payments: there ?34 says why (DK annex 3, 8.2.5).
RETURNS = frozenset(("108", "109", "159", "181", "184"))
_PURPOSE = frozenset((*(str(n) for n in range(20, 30)), *(str(n) for n in range(60, 64))))
_REPEATED = ("", "remittance", "instructed", "charges")
_SINGLE = {word: field for word, field in KEYWORDS.items() if field not in _REPEATED}
# Nearly every booking has its fields in this order: one pass over them, and no loop.
_IN_ORDER = re.compile(
    r"([0-9]{3})(?:\?00([^?]*+))?+(?:\?10([^?]*+))?+((?:\?2[0-9][^?]*+)*+)(?:\?30([^?]*+))?+"
    r"(?:\?31([^?]*+))?+(?:\?32([^?]*+))?+(?:\?33([^?]*+))?+(?:\?34([^?]*+))?+"
    r"((?:\?6[0-3][^?]*+)*+)\Z"
)
_PURPOSE_MARK = re.compile(r"\?[26][0-9]")
_NAME_WIDTH, _LINE_WIDTH = 27, 65
_MARKED = re.compile(r"\s*+([0-9]{3})?\s*+([?<>~^@|§&!])([0-9]{2})")
_ONLY_CODE = re.compile(r"\s*+[0-9]{3}\s*+\Z")
_TWO_DIGITS = frozenset(f"{number:02}" for number in range(100))
_KEYWORD = re.compile(f"((?:{'|'.join(KEYWORDS)})(?=\\+)|MTLG(?=:)).")
_SLASH = re.compile(f"/({'|'.join(SLASHES)})/")
_SLASH_FIRST = re.compile(r"\s*/[A-Z]{2,4}[0-9]?/")
_LABELS = [re.compile(r"\s*+" + label, re.DOTALL) for label in LABELS]
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Za-z0-9]{10,30}\Z")
_BIC = re.compile(r"[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?\Z")
_AMOUNT = re.compile(r"([A-Z]{3})?([0-9]+)(?:[,.]([0-9]*))?\Z")
_NON_SWIFT = re.compile(r"([0-9]{2})(.*)\Z", re.DOTALL)


def decode(text: str, dialect: str, currency: str) -> Told:
    """The fields of a TransactionDetail that a :86: tells; "gvc" is the German transaction code.

    `dialect` is "auto" or forces one. `currency` is that of the account, for amounts without one.
    """
    if dialect != "auto":
        return _DIALECTS[dialect](text, currency)
    if _MARKED.match(text) or _ONLY_CODE.match(text):
        return _german(text, currency)
    if _SLASH_FIRST.match(text) and _SLASH.search(text.replace("\n", "")):
        return _slashes(text, currency)
    if "+" in text and _KEYWORD.search(text.replace("\n", "")):
        return _keywords_only(text, currency)
    return _labels(text, currency)


def _german(text: str, currency: str) -> Told:
    """Three digits of transaction code, then fields ?00 to ?63 (or < ~ ^ > instead of ?)."""
    joined = text.replace("\n", "")
    if (found := _IN_ORDER.match(joined)) is None:
        return _german_anyhow(joined, text, currency)
    gvc, title, prima, purpose, bank, account, name, more, key, late = found.groups()
    told: Told = {"gvc": gvc}
    if account:
        told["counterparty_iban"] = account.replace(" ", "")
    if name or more:
        told["counterparty_name"] = _name(name or "", more or "")
    if bank and _BIC.match(bank):
        told["counterparty_bic"], bank = bank, None
    if key and gvc in RETURNS:
        told["return_reason"] = key
    codes = (("?00", title), ("?10", prima), ("?30", bank), ("?34", key))
    told["codes"] = [code for code in codes if code[1] is not None]
    _purpose(_PURPOSE_MARK.split(purpose + late)[1:], told, currency)
    return told


def _german_anyhow(joined: str, text: str, currency: str) -> Told:
    """The same with fields in any order, repeated or unknown, or with another mark."""
    marked = _MARKED.match(joined)
    codes: list[tuple[str, str]] = []
    told: Told = {"codes": codes}
    if marked is None:
        if _ONLY_CODE.match(joined):
            told["gvc"] = joined.strip()
            return told
        return _plain(text, currency)
    mark = marked[2]
    purpose: list[str] = []
    rest: dict[str, str] = {}
    for piece in _pieces(joined, mark):
        code = piece[:2]
        if code in _PURPOSE:
            purpose.append(piece[2:])
        elif code in rest:
            codes.append((mark + code, piece[2:]))
        else:
            rest[code] = piece[2:]
    _party(rest, told)
    if gvc := marked[1]:
        told["gvc"] = gvc
        if gvc in RETURNS and (reason := rest.get("34")):
            told["return_reason"] = reason
    codes += [(mark + code, value) for code, value in rest.items()]
    _purpose(purpose, told, currency)
    return told


def _name(name: str, more: str) -> str:
    """?32 and ?33: one text if the first is full, else two words."""
    if more:
        name = name + more if len(name) >= _NAME_WIDTH else f"{name} {more}"
    return name.strip()


def _pieces(joined: str, mark: str) -> list[str]:
    """Fields with their two digits in front; a mark without digits is text of its field."""
    pieces = joined.split(mark)[1:]
    if all([piece[:2] in _TWO_DIGITS for piece in pieces]):  # noqa: C419 - quicker as a list.
        return pieces
    found: list[list[str]] = []
    for piece in pieces:
        if piece[:2] in _TWO_DIGITS:
            found.append([piece])
        else:
            found[-1].append(piece)
    return [mark.join(whole) for whole in found]


def _party(rest: dict[str, str], told: Told) -> None:
    """?30 bank, ?31 or ?38 account, ?32 and ?33 name: taken out of `rest` and told."""
    account = rest.pop("38", "") or rest.pop("31", "")
    if account:
        told["counterparty_iban"] = account.replace(" ", "")
    bank = rest.get("30")
    if bank and _BIC.match(bank):
        told["counterparty_bic"] = rest.pop("30")
    if name := _name(rest.pop("32", ""), rest.pop("33", "")):
        told["counterparty_name"] = name


def _purpose(parts: list[str], told: Told, currency: str) -> None:
    """?20 to ?63 as one text when it holds keywords (they run across fields), else as parts."""
    joined = "".join(parts)
    if ("+" in joined or "MTLG:" in joined) and _keywords(joined, told, currency):
        return
    if kept := tuple([part for part in parts if part and not part.isspace()]):
        told["remittance"] = kept


def _keywords(text: str, told: Told, currency: str) -> bool:
    """Put the value behind each keyword into its field; False if there is no keyword."""
    if "MTLG:" in text:
        text = text.replace("MTLG:", "MTLG+")
    *pieces, last = text.split("+")
    word, value = "", ""
    for piece in pieces:
        found = piece[-4:]
        if found not in KEYWORDS:
            found = piece[-3:]
            if found not in KEYWORDS:
                value += piece + "+"
                continue
        value = (value + piece[: -len(found)]).strip()
        field = _SINGLE.get(word)
        if field is not None and value and field not in told:
            told[field] = value
        elif value:
            _put(told, word, value, currency)
        word, value = found, ""
    if word and (value := (value + last).strip()):
        _put(told, word, value, currency)
    return bool(word)


def _put(told: Told, word: str, value: str, currency: str) -> None:
    """A keyword's value into its field; text before the first keyword is remittance."""
    field = KEYWORDS[word] if word else "remittance"
    if field == "remittance" and field not in told:
        told[field] = (value,)
    else:
        _put_other(told, word, field, value, currency)


def _put_other(told: Told, word: str, field: str, value: str, currency: str) -> None:
    """A value that may repeat, is an amount, or has no field (left): then it goes to the codes."""
    if field == "remittance" or field == "counterparty_address":
        told[field] = (*told.get(field, ()), value)
    elif field in ("instructed", "charges"):
        _put_amount(told, word, field, value, currency)
    elif field and field not in told:
        told[field] = value
    else:
        told["codes"].append((word, value))


def _put_amount(told: Told, word: str, field: str, value: str, currency: str) -> None:
    money = amount_of(value, currency)
    if money is None or field in told:
        told["codes"].append((word, value))
    elif field == "charges":
        told[field] = (Charge(amount=-money, kind=word),)
    else:
        told[field] = money


def amount_of(text: str, currency: str) -> Money | None:
    """An amount such as EUR11,85 or 11,85; None if it is not one, or finer than its currency."""
    found = _AMOUNT.match(text.strip())
    if not found:
        return None
    code, exponent = found[1] or currency, EXPONENT.get(found[1] or currency)
    part = found[3] or ""
    if exponent is None or part[exponent:].strip("0") or len(found[2]) > 15:
        return None
    return Money(int(found[2] + part[:exponent].ljust(exponent, "0")), code)


def _keywords_only(text: str, currency: str) -> Told:
    told: Told = {"codes": []}
    found = _keywords(text.replace("\n", ""), told, currency)
    return told if found else _plain(text, currency)


def _slashes(text: str, currency: str) -> Told:
    """/EREF/.../CNTP/account/BIC/name/town//REMI/USTD//text/, broken at any character."""
    found = _SLASH.split(text.replace("\n", ""))
    told: Told = {"codes": []}
    if before := found[0].strip("/ "):
        told["codes"].append(("", before))
    for word, value in zip(found[1::2], found[2::2], strict=True):
        told_value = value.strip().strip("/") if word != "RTRN" else value.rstrip("/ ")
        field = SLASHES[word]
        if field == "remittance":
            _put_remittance(told, told_value)
        elif field == "counterparty":
            _put_counterparty(told, value)
        elif field == "return_reason":
            reason, _, why = told_value.partition("/")
            told["return_reason"] = reason
            if why:
                told["return_text"] = why
        elif field == "purpose":
            _put_other(told, word, field, told_value.removeprefix("CD/"), currency)
        elif told_value:
            _put_other(told, word, field, told_value, currency)
    return told


def _put_remittance(told: Told, value: str) -> None:
    if value.startswith("STRD/"):
        issuer, _, reference = value[5:].partition("/")
        told["creditor_reference"] = reference or issuer
        if reference and issuer:
            told["codes"].append(("REMI/STRD", issuer))
    elif text := value.removeprefix("USTD//"):
        told["remittance"] = (*told.get("remittance", ()), text)


def _put_counterparty(told: Told, value: str) -> None:
    names = ("counterparty_iban", "counterparty_bic", "counterparty_name", "counterparty_address")
    if not told.keys().isdisjoint(names):
        told["codes"].append(("CNTP", value.strip("/")))  # No field is left: kept whole.
        return
    parts = [part.strip() for part in value.rstrip("/").split("/")]
    told.update({name: part for name, part in zip(names[:3], parts, strict=False) if part})
    if rest := tuple(part for part in parts[3:] if part):
        told["counterparty_address"] = rest


def _labels(text: str, currency: str) -> Told:
    """Labels of single banks, else plain text."""
    for label in _LABELS:
        found = label.fullmatch(text)
        if found is None:
            continue
        told: Told = {name: value for name, value in found.groupdict().items() if value}
        account = "".join(told.get("counterparty_iban", "").split())
        if _IBAN.match(account) and IBAN_LENGTH.get(account[:2], len(account)) != len(account):
            continue
        told = {name: " ".join(value.split()) for name, value in told.items()}
        told["counterparty_iban"] = account
        if "remittance" in told:
            told["remittance"] = tuple(_plain(found["remittance"], currency).get("remittance", ()))
        told["codes"] = []
        return told
    return _plain(text, currency)


def _plain(text: str, currency: str) -> Told:
    """Lines of text; a line of full width goes on in the next one."""
    parts: list[str] = []
    full = False
    for line in text.split("\n"):
        if full:
            parts[-1] += line
        elif line.strip():
            parts.append(line)
        full = len(line) >= _LINE_WIDTH and bool(line.strip())
    told: Told = {"codes": []}
    if kept := tuple(part.strip() for part in parts):
        told["remittance"] = kept
    return told


def non_swift(text: str, currency: str) -> Told:
    """:NS: of "MT940 S": each line begins with two digits that say what it is."""
    codes: list[tuple[str, str]] = []
    told: Told = {"codes": codes}
    name: list[str] = []
    remittance: list[str] = []
    for line in text.split("\n"):
        found = _NON_SWIFT.match(line)
        if not found or not found[2].strip():
            if line.strip():
                codes.append(("NS", line))
            continue
        code, value = found[1], found[2]
        if "01" <= code <= "14":
            remittance.append(value.strip())
        elif code in ("15", "16"):
            name.append(value)
        elif code == "34" and "counterparty_iban" not in told:
            told["counterparty_iban"] = value.strip()
        else:
            codes.append((f"NS{code}", value))
    if remittance:
        told["remittance"] = tuple(remittance)
    if name:
        told["counterparty_name"] = "".join(name).strip()
    return told


_DIALECTS: Mapping[str, Callable[[str, str], Told]] = {
    "german": _german,
    "keywords": _keywords_only,
    "slash": _slashes,
    "non_swift": non_swift,
    "labels": _labels,
    "plain": _plain,
}
