"""Who pays, who is paid and through which banks: the options A, C, D, F, G, H, K of SWIFT parties.

SWIFT Standards MT: fields 50a, 52a, 56a, 57a, 59a. Each form is told apart by its letter; writing
chooses the letter by what is known of the party.
"""

from __future__ import annotations

import re

from nostro.domain.errors import Invalid
from nostro.domain.identifier import IBAN_LENGTH
from nostro.domain.payment_file import (
    NO_ACCOUNT,
    NO_ADDRESS,
    NOBODY,
    Address,
    Agent,
    BankAccount,
    Party,
)
from nostro.formats.swift.text import line_of, lines_of, refused

# National clearing codes of party identifiers (SWIFT, field 57a) as ISO 20022 names them.
CLEARING = {
    "AT": "ATBLZ",
    "AU": "AUBSB",
    "BL": "DEBLZ",
    "CC": "CACPA",
    "CN": "CNAPS",
    "ES": "ESNCC",
    "FW": "USABA",
    "GR": "GRBIC",
    "HK": "HKNCC",
    "IE": "IENCC",
    "IN": "INFSC",
    "IT": "ITNCC",
    "NZ": "NZNCC",
    "PL": "PLKNR",
    "PT": "PTNCC",
    "RU": "RUCBC",
    "SC": "GBDSC",
    "SW": "CHBCC",
    "ZA": "ZANCC",
}
_CLEARING_CODE = {system: code for code, system in CLEARING.items()}
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}\Z")
_BIC = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?\Z")
_CLEARED = re.compile(r"//([A-Z]{2})([A-Z0-9]+)\Z")
_SCHEMED = re.compile(r"([A-Z]{4})/(.+)\Z")
_WIDTH = 35
_NUMBERED_WIDTH = 33


def account_of(text: str) -> BankAccount:
    """An account as IBAN if it has the form of one, else as another number."""
    if _IBAN.match(text) and IBAN_LENGTH.get(text[:2], len(text)) == len(text):
        return BankAccount(iban=text)
    return BankAccount(number=text) if text else NO_ACCOUNT


def _split(text: str) -> tuple[str, list[str]]:
    """The account or party identifier of the first line, and the other lines."""
    lines = text.split("\n")
    if lines[0].startswith("/"):
        return lines[0], lines[1:]
    return "", lines


def party_of(option: str, text: str) -> tuple[Party, BankAccount]:
    """The party and its account that 50a or 59a of this letter ("" for 59) names."""
    if option == "F":
        return _numbered(text)
    if option == "L":
        return Party(identifier=text, scheme="CUST"), NO_ACCOUNT
    first, lines = _split(text)
    account = account_of(first[1:])
    if option in ("A", "C", "G"):
        return Party(identifier="".join(lines), scheme="BIC"), account
    if not lines:
        return NOBODY, account
    address = Address(lines=tuple(lines[1:])) if lines[1:] else NO_ADDRESS
    return Party(name=lines[0], address=address), account


def _numbered(text: str) -> tuple[Party, BankAccount]:
    """Option F: lines 1/name, 2/street, 3/country/town; other numbers have no place of ours."""
    first, *lines = text.split("\n")
    told: dict[str, list[str]] = {}
    if first.startswith("/"):
        account, identifier, scheme = account_of(first[1:]), "", ""
    elif found := _SCHEMED.match(first):
        account, scheme, identifier = NO_ACCOUNT, found[1], found[2]
    else:
        account, identifier, scheme = NO_ACCOUNT, "", ""
        lines = [first, *lines]
    for line in lines:
        number, _, value = line.partition("/")
        told.setdefault(number, []).append(value)
    country, _, town = (told.get("3") or [""])[0].partition("/")
    address = Address(street=" ".join(told.get("2", [])), country=country, town=town)
    return (
        Party(
            name="".join(told.get("1", [])), address=address, identifier=identifier, scheme=scheme
        ),
        account,
    )


def agent_of(option: str, text: str) -> Agent:
    """The bank that 52a, 56a or 57a of this letter names."""
    first, lines = _split(text)
    system = member = ""
    if cleared := _CLEARED.match(first):
        system, member = CLEARING.get(cleared[1], ""), cleared[2]
        if not system:
            member = ""
    bic = "".join(lines) if option == "A" else ""
    name = lines[0] if option in ("B", "D") and lines else ""
    address = Address(lines=tuple(lines[1:])) if name and lines[1:] else NO_ADDRESS
    return Agent(bic=bic, clearing_system=system, member_id=member, name=name, address=address)


def customer_field(party: Party, account: BankAccount, what: str) -> tuple[str, str]:
    """Letter and text of the ordering customer 50a: G, H or F."""
    return _party_field(party, account, what, bic="G", lines="H")


def beneficiary_field(party: Party, account: BankAccount, what: str) -> tuple[str, str]:
    """Letter and text of the beneficiary 59a: A, F or none."""
    return _party_field(party, account, what, bic="A", lines="")


def instructing_field(party: Party, what: str) -> tuple[str, str]:
    """Letter and text of the instructing party 50a: C or L."""
    _only(party, Party(identifier=party.identifier, scheme=party.scheme), what)
    if party.scheme == "BIC":
        return "C", _bic(party.identifier, what)
    if party.scheme != "CUST":
        raise _not_carried(what, "the scheme of the instructing party")
    return "L", line_of(party.identifier, _WIDTH, what)


def _party_field(
    party: Party, account: BankAccount, what: str, *, bic: str, lines: str
) -> tuple[str, str]:
    number = account.iban or account.number
    _only(account, BankAccount(iban=account.iban, number=account.number), what)
    head = [line_of(f"/{number}", _WIDTH, what)] if number else []
    address = party.address
    if party.scheme == "BIC":
        _only(party, Party(identifier=party.identifier, scheme="BIC"), what)
        return bic, "\n".join([*head, _bic(party.identifier, what)])
    if address.country or address.town or address.street:
        return "F", _numbered_text(party, head, what)
    _only(party, Party(name=party.name, address=Address(lines=address.lines)), what)
    if not party.name:
        raise refused("party_missing", "The party has no name.", "Name it.", what)
    text = lines_of([party.name, *address.lines], _WIDTH, 4, what)
    if text.startswith("/") or (not head and "\n/" in text):
        raise _not_carried(what, "a name that begins with a slash")
    return lines, "\n".join([*head, text])


def _numbered_text(party: Party, head: list[str], what: str) -> str:
    address = party.address
    kept = Address(street=address.street, country=address.country, town=address.town)
    _only(address, kept, what)
    if not (party.name and address.country):
        happened = "A structured party needs a name and a country."
        raise refused("party_missing", happened, "Complete it.", what)
    if party.identifier:
        if head:
            raise _not_carried(what, "an account and an identifier of the party at once")
        head = [line_of(f"{party.scheme}/{party.identifier}", _WIDTH, what)]
    _only(
        party,
        Party(
            name=party.name,
            address=address,
            identifier=party.identifier,
            scheme=party.scheme if party.identifier else "",
        ),
        what,
    )
    lines = [f"1/{party.name}"]
    if address.street:
        lines.append(f"2/{address.street}")
    lines.append(f"3/{address.country}" + (f"/{address.town}" if address.town else ""))
    return "\n".join([*head, *(line_of(line, _NUMBERED_WIDTH + 2, what) for line in lines)])


def agent_field(agent: Agent, what: str) -> tuple[str, str]:
    """Letter and text of a bank: A by BIC, D by name, C by its clearing number alone."""
    head: list[str] = []
    if agent.member_id:
        code = _CLEARING_CODE.get(agent.clearing_system)
        if code is None:
            raise _not_carried(what, f"the clearing system {agent.clearing_system!r}")
        head = [line_of(f"//{code}{agent.member_id}", _WIDTH, what)]
    if agent.branch or (agent.clearing_system and not head):
        raise _not_carried(what, "a branch, or a clearing system without a number")
    if agent.bic:
        if agent.name or agent.address != NO_ADDRESS:
            raise _not_carried(what, "a name beside the BIC")
        return "A", "\n".join([*head, _bic(agent.bic, what)])
    if agent.name:
        _only(agent.address, Address(lines=agent.address.lines), what)
        text = lines_of([agent.name, *agent.address.lines], _WIDTH, 4, what)
        return "D", "\n".join([*head, text])
    return "C", "\n".join(head)


def _bic(text: str, what: str) -> str:
    if not _BIC.match(text):
        happened = f"{text[:20]!r} is not a BIC."
        raise refused("invalid_bic", happened, "A BIC has 8 or 11 characters.", what)
    return text


def _only(given: object, kept: object, what: str) -> None:
    """Refuse what the field has no place for, rather than leave it out."""
    if given != kept:
        raise _not_carried(what, "all that is known of this party or account")


def _not_carried(what: str, thing: str) -> Invalid:
    can_do = "Leave it out knowingly, or send the payment in another format."
    return refused("not_carried", f"The field cannot carry {thing}.", can_do, what)
