"""Parties, accounts, banks and invoices of a payment file, out of the leaves of its XML.

What a part cannot carry is put back under its own path into the codes of the record around it.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.payment_file import (
    NO_ACCOUNT,
    NO_ADDRESS,
    NO_AGENT,
    NOBODY,
    Address,
    Agent,
    BankAccount,
    Party,
)
from nostro.domain.problem import Location
from nostro.domain.remittance import ReferredDocument
from nostro.formats.iso20022.xml.leaves import Unit

# A code of an ISO 20022 external code set; what is longer or in small letters is a bank's own word.
CODE = re.compile(r"[A-Z0-9]{1,4}\Z")
CLEARING_CODE = re.compile(r"[A-Z]{5}\Z")
REFERENCE_CODES = {"RADM", "RPIN", "FXDR", "DISP", "PUOR", "SCOR"}
NOT_PROVIDED = "NOTPROVIDED"
_LISTS = {"lines"}

Group = dict[str, Any]


class Told:
    """The groups of one unit, taken one by one; `codes` collects what finds no place."""

    __slots__ = ("codes", "groups", "prefixes", "unit")

    def __init__(self, unit: Unit, prefixes: dict[str, str]) -> None:
        self.unit = unit
        self.groups = unit.groups
        self.prefixes = prefixes
        self.codes: list[tuple[str, str]] = []

    def keep(self, group: str, key: str, text: str) -> None:
        prefix = self.prefixes.get(group, "")
        self.codes.append((f"{prefix}/{key}" if prefix else key, text))

    def coded(self, group: str, told: Group, path: str, codes: re.Pattern[str] = CODE) -> str:
        """A code (Cd), or a bank's own word (Prtry) as long as nobody could take it for a code."""
        code, word = told.pop(f"{path}/Cd", ""), told.pop(f"{path}/Prtry", "")
        if code and not codes.match(code):
            self.keep(group, f"{path}/Cd", code)
            code = ""
        if word and (code or codes.match(word)):
            self.keep(group, f"{path}/Prtry", word)
            word = ""
        return str(code or word)

    def address(self, group: str) -> Address:
        told = self.groups.pop(f"{group}.address", None)
        if told is None:
            return NO_ADDRESS
        if "lines" in told:
            told["lines"] = tuple(told["lines"])
        return Address(**told)

    def party(self, group: str) -> Party:
        told = self.groups.pop(group, None)
        identity = self.groups.pop(f"{group}.id", None)
        address = self.address(group)
        if told is None and identity is None and address is NO_ADDRESS:
            return NOBODY
        known = self._identified(group, identity) if identity else {}
        return Party(address=address, **known, **(told or {}))

    def _identified(self, group: str, told: Group) -> Group:
        """The one number that names a party; others it has are kept as codes."""
        below = f"{group}.id"
        made: Group = {}
        for kind in ("OrgId", "PrvtId"):
            path = f"{kind}/Othr"
            if made or f"{path}/Id" not in told:
                continue
            made["identifier"] = told.pop(f"{path}/Id")
            made["is_person"] = kind == "PrvtId"
            made["scheme"] = self.coded(below, told, f"{path}/SchmeNm")
        for path, scheme in (("LEI", "LEI"), ("AnyBIC", "BIC"), ("BICOrBEI", "BIC")):
            if not made and f"OrgId/{path}" in told:
                made = {"identifier": told.pop(f"OrgId/{path}"), "scheme": scheme}
        for path, text in told.items():
            self.keep(below, path, text)
        return made

    def account(self, group: str) -> BankAccount:
        told = self.groups.pop(group, None)
        if told is None:
            return NO_ACCOUNT
        scheme = self.coded(group, told, "Id/Othr/SchmeNm")
        kind = self.coded(group, told, "Tp")
        if number := told.pop("bban", ""):
            told.setdefault("number", number)
            scheme = scheme or "BBAN"
        return BankAccount(scheme=scheme, kind=kind, **told)

    def agent(self, group: str) -> Agent:
        told = self.groups.pop(group, None)
        address = self.address(group)
        if told is None and address is NO_ADDRESS:
            return NO_AGENT
        told = told or {}
        path = "FinInstnId/ClrSysMmbId/ClrSysId"
        system = self.coded(group, told, path, CLEARING_CODE)
        other = told.pop("FinInstnId/Othr/Id", "")
        if other and other != NOT_PROVIDED:
            self.keep(group, "FinInstnId/Othr/Id", other)
        made = Agent(clearing_system=system, address=address, **told)
        return NO_AGENT if made == NO_AGENT else made

    def left(self) -> tuple[tuple[str, str], ...]:
        """All that found no place, at the end: what was put back, then what nobody asked for."""
        return (*self.codes, *self.unit.verbatim())


def remitted(told: Told, strds: list[Unit]) -> tuple[tuple[ReferredDocument, ...], str, str]:
    """The documents and the one creditor reference of structured remittance (RmtInf/Strd).

    Numbered anew: those with a document first, one after the other; the reference belongs to the
    first. What does not fit this stays in the codes under its number.
    """
    documented = [strd for strd in strds if "RfrdDocInf/Nb" in strd.groups.get("", {})]
    others = [strd for strd in strds if strd not in documented]
    reference, kind = "", ""
    first = documented[0] if documented else None
    named = first if first and _has_reference(first) else None
    if named is None:
        named = next((strd for strd in others if _may_name(strd, alone=bool(first))), None)
    if named is not None:
        reference, kind = _reference(told, named)
        if named in others:
            others.remove(named)
            _keep_strd(told, named, 1)
    documents = []
    for number, strd in enumerate(documented, start=1):
        documents.append(_document(strd.groups[""], strd.location()))
        _keep_strd(told, strd, number)
    taken = max(len(documented), 1 if named else 0)
    for number, strd in enumerate(others, start=taken + 1):
        _keep_strd(told, strd, number)
    return tuple(documents), reference, kind


def _has_reference(strd: Unit) -> bool:
    return "CdtrRefInf/Ref" in strd.groups.get("", {})


def _may_name(strd: Unit, *, alone: bool) -> bool:
    """Whether this reference can be the payment's: beside documents only if it says no more."""
    if not _has_reference(strd):
        return False
    more = [key for key in strd.groups[""] if not key.startswith("CdtrRefInf/")]
    return not (alone and (more or strd.rest))


def _reference(told: Told, strd: Unit) -> tuple[str, str]:
    group = strd.groups[""]
    reference = str(group.pop("CdtrRefInf/Ref"))
    code = group.pop("CdtrRefInf/Tp/CdOrPrtry/Cd", "")
    word = group.pop("CdtrRefInf/Tp/CdOrPrtry/Prtry", "")
    issuer = group.pop("CdtrRefInf/Tp/Issr", "")
    path = "RmtInf/Strd/CdtrRefInf/Tp"
    if code and code not in REFERENCE_CODES:
        told.keep("", f"{path}/CdOrPrtry/Cd", code)
        code = ""
    if word and (code or word in REFERENCE_CODES):
        told.keep("", f"{path}/CdOrPrtry/Prtry", word)
        word = ""
    if issuer and issuer != issuer_of(reference, code):
        told.keep("", f"{path}/Issr", issuer)
    return reference, str(code or word)


def issuer_of(reference: str, kind: str) -> str:
    """Who gives the rules of a reference: ISO 11649 for RF references, nobody we know else."""
    return "ISO" if kind == "SCOR" and reference.startswith("RF") else ""


def _document(group: Group, where: Location) -> ReferredDocument:
    """One document; an amount or a date that cannot be read stays in the group."""
    kind = group.get("RfrdDocInf/Tp/CdOrPrtry/Cd", "")
    if CODE.match(kind):
        del group["RfrdDocInf/Tp/CdOrPrtry/Cd"]
    else:
        kind = ""
    discount = "RfrdDocAmt/DscntApldAmt"
    return ReferredDocument(
        number=group.pop("RfrdDocInf/Nb"),
        kind=kind,
        day=_day(group, "RfrdDocInf/RltdDt"),
        due=_money(group, "RfrdDocAmt/DuePyblAmt"),
        paid=_money(group, "RfrdDocAmt/RmtdAmt"),
        discount=_money(group, discount) or _money(group, f"{discount}/Amt"),
        adjustment=_money(group, "RfrdDocAmt/AdjstmntAmtAndRsn/Amt"),
        adjustment_reason=group.pop("RfrdDocAmt/AdjstmntAmtAndRsn/Rsn", ""),
        text=group.pop("AddtlRmtInf", ""),
        location=where,
    )


def _money(group: Group, path: str) -> Money | None:
    text = group.get(path)
    if text is None:
        return None
    try:
        made = Money.parse(text, group.get(f"{path}@", ""))
    except Invalid:
        return None
    del group[path], group[f"{path}@"]
    return made


def _day(group: Group, path: str) -> date | None:
    try:
        made = date.fromisoformat(group.get(path, ""))
    except ValueError:
        return None
    del group[path]
    return made


def _keep_strd(told: Told, strd: Unit, number: int) -> None:
    prefix = "RmtInf/Strd/" if number == 1 else f"RmtInf/Strd[{number}]/"
    for key, text in strd.groups.get("", {}).items():
        name, at, _ = key.partition("@")
        told.codes.append((f"{prefix}{name}{'@Ccy' if at else ''}", text))
    told.codes += [(prefix + path, text) for path, text in strd.verbatim()]
