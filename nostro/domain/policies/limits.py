"""What a bank takes of one payment: lengths, letters and amounts, each breach in a plain sentence.

The writer refuses what breaks a limit; the checks at intake ask the same questions of the same
instruction first, so that nobody approves what can never be written. ISO 20022 pain.001; within
SEPA EPC132-08 (customer-to-bank implementation guidelines).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

import msgspec

from nostro.domain.errors import Invalid
from nostro.domain.identifier import bic, iban, is_creditor_reference
from nostro.domain.local_account import local_account
from nostro.domain.money import Money
from nostro.domain.party import PostalAddress
from nostro.domain.payment import Instruction, Rail
from nostro.domain.rail import TERMS

REFERENCE_MAX = 35
REMITTANCE_MAX = 140
NAME_MAX = 140
SEPA_NAME_MAX = 70
STREET_MAX, BUILDING_MAX, POST_CODE_MAX, TOWN_MAX = 70, 16, 16, 35
SEPA_MAX_MINOR = 99_999_999_999  # 999,999,999.99 EUR, EPC132-08 AT-T002.

# What is outside the letters that every SEPA bank accepts (EPC132-08 section 1.4).
FOREIGN = re.compile(r"[^A-Za-z0-9/\-?:().,'+ ]")
_COUNTRY = re.compile(r"[A-Z]{2}\Z")


class Breach(msgspec.Struct, frozen=True, kw_only=True):
    """One limit that is broken: what is wrong, and what can be done. `field` is what breaks it, as
    the instruction has it ("creditor_address.street"); "" when nobody asked about a field."""

    code: str
    happened: str
    can_do: str
    field: str = ""


Breaches = Iterator[Breach]


def breaches(instruction: Instruction, rail: Rail) -> Breaches:
    """Every limit that one instruction breaks on its rail."""
    told = instruction
    yield from _in("creditor_name", of_name(told.creditor_name, rail, "the creditor"))
    yield from _in("creditor_address", of_address(told.creditor_address, rail, "the creditor"))
    yield from _of_account(told)
    if told.creditor_bic:
        yield from _in("creditor_bic", of_code(bic, told.creditor_bic))
    yield from _in("amount", of_amount(told.amount, rail))
    yield from _in("remittance", of_remittance(told, TERMS[rail].remittance_max))
    yield from _in("end_to_end_id", of_reference(told.end_to_end_id, "the end-to-end id"))


def _of_account(told: Instruction) -> Breaches:
    """An IBAN, a local account, or neither: what a rail pays to is asked with its route."""
    if told.creditor_iban:
        yield from _in("creditor_iban", of_code(iban, told.creditor_iban))
    if told.creditor_account:
        yield from _in("creditor_account", of_code(local_account, told.creditor_account))


def _in(field: str, found: Breaches) -> Breaches:
    for breach in found:
        where = f"{field}.{breach.field}" if breach.field else field
        yield msgspec.structs.replace(breach, field=where)


def of_text(text: str, limit: int, what: str) -> Breaches:
    """Text that can go out exactly as it is: there, short enough, plain letters, trimmed."""
    if not text:
        yield _breach("text_missing", f"There is no text for {what}.", "Fill it in.")
        return
    if len(text) > limit:
        happened = f"The text of {what} has {len(text)} characters; {limit} are allowed."
        yield _breach("text_too_long", happened, "Shorten it before approval.")
    if foreign := FOREIGN.search(text):
        happened = f"The text of {what} holds {foreign.group()!r}, which not every bank accepts."
        can_do = "Transliterate it before approval, so that the approver sees the change."
        yield _breach("text_not_sepa", happened, can_do)
    if text[0] == " " or text[-1] == " ":
        happened = f"The text of {what} begins or ends with a space."
        yield _breach("text_edge_space", happened, "Trim it before approval.")


def of_reference(text: str, what: str) -> Breaches:
    """An id as EPC132-08 section 1.4 wants it: 35 characters, no slash at an end, none doubled."""
    yield from of_text(text, REFERENCE_MAX, what)
    if text.startswith("/") or text.endswith("/") or "//" in text:
        happened = f"{what.capitalize()} {text[:40]} has a slash at an end, or two in a row."
        yield _breach("reference_slashes", happened, "Choose another id.")


def of_name(name: str, rail: Rail, what: str) -> Breaches:
    yield from of_text(name, TERMS[rail].name_max, f"the name of {what}")


def of_address(address: PostalAddress, rail: Rail, what: str) -> Breaches:
    """Where a rail carries none an address may be absent, but never be half there."""
    if address == PostalAddress() and not TERMS[rail].address_needed:
        return
    if not (address.town and address.country):
        happened = f"The address of {what} lacks the town or the country."
        can_do = "Complete it: banks refuse payments with unstructured or partial addresses."
        yield _breach("address_incomplete", happened, can_do)
    elif not _COUNTRY.match(address.country):
        happened = f"The country {address.country[:20]!r} of {what} is not a two-letter code."
        yield _breach("invalid_country", happened, "Write it like DE.")
    for part, field, text, limit in (
        ("street", "street", address.street, STREET_MAX),
        ("building number", "building", address.building, BUILDING_MAX),
        ("post code", "post_code", address.post_code, POST_CODE_MAX),
        ("town", "town", address.town, TOWN_MAX),
    ):
        if text:
            yield from _in(field, of_text(text, limit, f"the {part} of {what}"))


def of_code(check: Callable[[str], str], code: str) -> Breaches:
    """An account or a bank whose code is valid and needs no change of spelling."""
    try:
        checked = check(code)
    except Invalid as error:
        yield _breach(error.code, error.happened, error.can_do)
        return
    if checked != code:
        happened = f"{code[:40]!r} is not written as machines write it: {checked}."
        yield _breach(f"invalid_{check.__name__}", happened, "Write it without spaces.")


def of_amount(amount: Money, rail: Rail) -> Breaches:
    if amount.minor <= 0:
        happened = f"The amount {spelled(amount)} is not positive."
        yield _breach("amount_not_positive", happened, "Leave the payment out.")
    terms = TERMS[rail]
    if terms.currencies == {"EUR"} and amount.currency != "EUR":
        happened = f"{terms.title} cannot carry {amount.currency}."
        yield _breach("sepa_needs_euro", happened, "Choose another rail.")
    elif terms.limit and amount.minor > terms.limit.most.minor:
        most = spelled(terms.limit.most)
        happened = f"{terms.title} cannot carry {spelled(amount)}; its limit is {most}."
        yield _breach("amount_too_large", happened, "Choose another rail.")


def of_remittance(instruction: Instruction, limit: int = REMITTANCE_MAX) -> Breaches:
    """Free text or a structured RF reference (ISO 11649), never both."""
    reference, text = instruction.creditor_reference, instruction.remittance
    if reference and text:
        happened = "The payment has both a creditor reference and a remittance text."
        yield _breach("remittance_twice", happened, "Keep one of them before approval.")
    elif text:
        yield from of_text(text, limit, "the remittance")
    elif reference and not (
        is_creditor_reference(reference) and " " not in reference and reference.isupper()
    ):
        happened = (
            f"The creditor reference {reference[:40]!r} is not a compact, valid RF reference."
        )
        can_do = "Correct it, or send it as remittance text."
        yield _breach("invalid_creditor_reference", happened, can_do)


def shortened(invoices: Sequence[str], limit: int = REMITTANCE_MAX) -> str:
    """Invoice numbers as one text that fits: all of them, or whole ones "and N more".

    >>> shortened(["INV-1", "INV-2", "INV-3"], 20)
    'INV-1 and 2 more'

    A first number that does not fit even alone is left as it is: the limit then says so.
    """
    text = ", ".join(invoices)
    for kept in range(len(invoices) - 1, 0, -1):
        if len(text) <= limit:
            return text
        text = f"{', '.join(invoices[:kept])} and {len(invoices) - kept} more"
    return text


def shortened_name(name: str, limit: int) -> str:
    """A name as a rail with a short field carries it: whole words if that leaves half of it.

    >>> shortened_name("Northwind Traders and Sons Incorporated", 22)
    'Northwind Traders and'
    """
    if len(name) <= limit:
        return name
    cut = name[:limit]
    words = cut.rpartition(" ")[0] if name[limit] != " " else cut
    return (words if len(words) * 2 >= limit else cut).rstrip()


def spelled(amount: Money) -> str:
    """An amount for people: '1,234.50 EUR'."""
    return f"{amount.grouped()} {amount.currency}"


def _breach(code: str, happened: str, can_do: str) -> Breach:
    return Breach(code=code, happened=happened, can_do=can_do)
