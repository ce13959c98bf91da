"""What may stand in a payment file that we write: letters, lengths, ids, addresses.

Each check gives back the text as it goes into the XML, or raises Invalid; nothing is changed.
EPC132-08 and EPC121-16 (SEPA customer-to-bank implementation guidelines), CBPR+.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Literal

import msgspec

from nostro.domain.currency import EXPONENT
from nostro.domain.errors import Invalid
from nostro.domain.identifier import bic, iban, is_iban
from nostro.domain.money import Money
from nostro.domain.payment_file import NO_ADDRESS, Address, PaymentBatch
from nostro.domain.policies import limits
from nostro.domain.policies.limits import Breach

NOT_WRITTEN = "The file was not written."
HYBRID_LINES_MAX = 2
LINE_MAX = 70
LONGEST = 140

# Text of SEPA letters that neither begins nor ends with a space (EPC132-08 section 1.4).
LETTERS = r"A-Za-z0-9/\-?:().,'+ "
_CLEAN = {
    limit: re.compile(rf"(?! )[{LETTERS}]{{1,{limit}}}(?<! )\Z").match
    for limit in (16, 34, 35, 70, 140, 1025)
}
REFERENCE = rf"(?![ /])(?!.*//)[{LETTERS}]{{1,35}}(?<![ /])"
_REFERENCE = re.compile(rf"{REFERENCE}\Z").match
_COUNTRY = re.compile(r"[A-Z]{2}\Z").match
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
CURRENCIES_OF_TWO = frozenset(code for code, exponent in EXPONENT.items() if exponent == 2)

# Parts of an address in the order of the schema: element, field, length up to PostalAddress24 and
# from PostalAddress27 on.
_PARTS = (
    ("Dept", "department", 70, 70), ("SubDept", "sub_department", 70, 70),
    ("StrtNm", "street", 70, 140), ("BldgNb", "building", 16, 16),
    ("BldgNm", "building_name", 35, 140), ("Flr", "floor", 70, 70), ("PstBx", "post_box", 16, 16),
    ("Room", "room", 70, 70), ("PstCd", "post_code", 16, 16), ("TwnNm", "town", 35, 140),
    ("TwnLctnNm", "town_location", 35, 140), ("DstrctNm", "district", 35, 140),
    ("CtrySubDvsn", "subdivision", 35, 35),
)  # fmt: skip
_OLD_PARTS = {
    "Dept", "SubDept", "StrtNm", "BldgNb", "PstCd", "TwnNm", "CtrySubDvsn",
}  # fmt: skip


class PaymentOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A bank's habits with payment files.

    `version` is the message version to write ("pain.001.001.09"); "" takes the file's own, or our
    default. `characters`: the SEPA set, or any letter. `hybrid_allowed`: the bank takes addresses
    of town, country and up to two lines. `bic_demanded`: no payment without the other side's bank.
    `reference_length`: how much of an end-to-end id the rail keeps (35, or 16 where MT is behind);
    ids must differ within it. For `fitted`: `missing_id` tells what becomes of an absent
    end-to-end id, `batch_booking` what the bank wants to read about it.
    """

    version: str = ""
    characters: Literal["sepa", "utf8"] = "sepa"
    hybrid_allowed: bool = False
    bic_demanded: bool = False
    reference_length: int = 35
    missing_id: Literal["refused", "not_provided", "derived"] = "refused"
    batch_booking: bool | None = None


def refuse(code: str, happened: str, can_do: str, where: str, field: str = "") -> Invalid:
    return Invalid(code, happened, NOT_WRITTEN, can_do, location=where, field=field)


def keep(found: Iterable[Breach], where: str) -> None:
    """Raise Invalid for the first limit that is broken."""
    for breach in found:
        raise refuse(breach.code, breach.happened, breach.can_do, where)


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


class Texts:
    """The checks of one file, by its bank's options and what its version has room for."""

    def __init__(
        self, options: PaymentOptions, *, new_address: bool, long_address: bool, version: str
    ) -> None:
        self.sepa_letters = options.characters == "sepa"
        self.hybrid_allowed = options.hybrid_allowed
        self.new_address = new_address
        self.long_address = long_address
        self.version = version

    def text(self, text: str, limit: int, what: str, where: str) -> str:
        """Text that goes out exactly as it is: there, short enough, trimmed, of allowed letters."""
        if _CLEAN[limit](text):
            return text
        found = limits.of_text(text, limit, what)
        keep((b for b in found if self.sepa_letters or b.code != "text_not_sepa"), where)
        if control := _CONTROL.search(text):
            happened = f"The text of {what} holds the control character {control.group()!r}."
            raise refuse("text_with_control", happened, "Take it out before approval.", where)
        return escaped(text)

    def maybe(self, tag: str, text: str, limit: int, what: str, where: str) -> str:
        """An element with a text that may be absent."""
        return f"<{tag}>{self.text(text, limit, what, where)}</{tag}>" if text else ""

    def address(self, address: Address, what: str, where: str) -> str:
        """A structured or hybrid address; absent is fine, half there is not."""
        if address == NO_ADDRESS:
            return ""
        self._complete(address, what, where)
        inside = [
            f"<{tag}>{self._part(tag, text, limit, long, what, where)}</{tag}>"
            for tag, field, limit, long in _PARTS
            if (text := getattr(address, field))
        ]
        inside.append(f"<Ctry>{address.country}</Ctry>")
        inside += [
            f"<AdrLine>{self.text(line, LINE_MAX, f'an address line of {what}', where)}</AdrLine>"
            for line in address.lines
        ]
        return f"<PstlAdr>{''.join(inside)}</PstlAdr>"

    def _part(self, tag: str, text: str, limit: int, long: int, what: str, where: str) -> str:
        if not self.new_address and tag not in _OLD_PARTS:
            happened = f"{self.version} has no place for {tag} in the address of {what}."
            raise refuse("not_in_version", happened, "Choose a newer version, or move it.", where)
        limit = long if self.long_address else limit
        return self.text(text, limit, f"{tag} in the address of {what}", where)

    def _complete(self, address: Address, what: str, where: str) -> None:
        if address.lines and not (address.town and address.country):
            happened = f"The address of {what} is unstructured: lines without town and country."
            can_do = (
                "Fill in town and country, and street and post code if known: since November 2026"
                " SEPA and cross-border payments with unstructured addresses are refused."
            )
            raise refuse("address_unstructured", happened, can_do, where)
        if not (address.town and address.country):
            happened = f"The address of {what} lacks the town or the country."
            can_do = "Complete it: banks refuse payments with partial addresses."
            raise refuse("address_incomplete", happened, can_do, where)
        if not _COUNTRY(address.country):
            happened = f"The country {address.country[:20]!r} of {what} is not a two-letter code."
            raise refuse("invalid_country", happened, "Write it like DE.", where)
        if address.lines and not self.hybrid_allowed:
            happened = f"The address of {what} mixes lines with structured parts (hybrid)."
            can_do = "Structure it, or allow it in the bank's profile (hybrid_allowed)."
            raise refuse("address_hybrid_not_allowed", happened, can_do, where)
        if len(address.lines) > HYBRID_LINES_MAX:
            happened = f"The address of {what} has {len(address.lines)} lines; two are allowed."
            can_do = "Move the rest into street, building or post code."
            raise refuse("address_too_many_lines", happened, can_do, where)


def reference(text: str, what: str, where: str) -> str:
    """An id of 35 SEPA letters, whatever letters the bank takes elsewhere."""
    if not _REFERENCE(text):
        keep(limits.of_reference(text, what), where)
    return text


def iban_of(code: str, where: str) -> str:
    if not is_iban(code):
        keep(limits.of_code(iban, code), where)
    return code


def bic_of(code: str, where: str) -> str:
    keep(limits.of_code(bic, code), where)
    return code


def amount_of(amount: Money, where: str) -> str:
    """An amount as the XML writes it, without its currency."""
    minor = amount.minor
    if minor <= 0:
        happened = f"The amount {limits.spelled(amount)} is not positive."
        raise refuse("amount_not_positive", happened, "Leave the payment out.", where)
    if amount.currency in CURRENCIES_OF_TWO:
        return f"{minor // 100}.{minor % 100:02d}"
    return amount.number()


def day_of(batch: PaymentBatch, where: str) -> str:
    """The day a batch is to be paid or collected, which these messages demand."""
    if batch.requested_date is None:
        raise refuse("date_missing", "The batch names no day.", "Give it one.", where)
    return batch.requested_date.isoformat()


def choice(
    tag: str, text: str, codes: Callable[[str], object], escape: Callable[[str], str]
) -> str:
    """A code (Cd) or, when it cannot be one, a bank's own word (Prtry)."""
    if not text:
        return ""
    inside = f"<Cd>{text}</Cd>" if codes(text) else f"<Prtry>{escape(text)}</Prtry>"
    return f"<{tag}>{inside}</{tag}>"
