"""Addenda 10 to 18 of Nacha: who pays whom across the border, in the words of the entry itself.

Nacha Operating Rules, appendix three (IAT): addenda 10 to 16 are mandatory, each once; 17 carries
remittance (at most two), 18 banks on the way (at most five).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from nostro.domain.payment_file import NO_AGENT, Address, Agent, Party, Payment
from nostro.domain.problem import error
from nostro.formats.american.nacha_layout import KINDS, ROUTING, code_of
from nostro.formats.american.nacha_text import alphameric, numeric, refuse

if TYPE_CHECKING:
    from nostro.formats.american.nacha_addenda import Gathered

Codes = tuple[tuple[str, str], ...]

MANDATORY = ("10", "11", "12", "13", "14", "15", "16")
REMITTANCES_MAX = 2
CORRESPONDENTS_MAX = 5
_LOST = "Ask the sender for a corrected file; the other entries were read."
_LOOK = "Look at the addenda before you rely on them."
# Two elements, separated by an asterisk and ended by a backslash: "Vancouver*BC\".
_PAIR = re.compile(r"([^*\\]*)\*([^*\\]*)\\\Z")
# Who gives a bank its number: 01 a national clearing system, 02 BIC, 03 IBAN.
NATIONAL, BIC, IBAN = "01", "02", "03"


def international(gathered: Gathered, texts: list[str]) -> list[str]:
    """Take the addenda 10 to 18 into an entry; the other addenda come back."""
    by_kind: dict[str, list[str]] = {}
    others: list[str] = []
    for text in texts:
        if "10" <= text[1:3] <= "18":
            by_kind.setdefault(text[1:3], []).append(text)
            _entry_number(gathered, text)
        else:
            others.append(text)
    _all_there(gathered, by_kind, texts)
    _parties(gathered, {kind: found[0] for kind, found in by_kind.items()})
    if remittances := by_kind.get("17"):
        gathered.fields["remittance"] = tuple(text[3:83].rstrip() for text in remittances)
    correspondents = by_kind.get("18", [])
    for place, text in enumerate(correspondents):
        if place == 0:
            gathered.fields["intermediary"] = agent_in(text)
        else:
            gathered.code("foreign_correspondent_bank", text[3:77])
    return others


def _all_there(gathered: Gathered, by_kind: dict[str, list[str]], texts: list[str]) -> None:
    counts = {kind: len(found) for kind, found in by_kind.items()}
    missing = [kind for kind in MANDATORY if not counts.get(kind)]
    twice = [kind for kind in MANDATORY if counts.get(kind, 0) > 1]
    twice += ["17"] if counts.get("17", 0) > REMITTANCES_MAX else []
    twice += ["18"] if counts.get("18", 0) > CORRESPONDENTS_MAX else []
    if missing or twice:
        what = f"lacks addenda {', '.join(missing)}" if missing else f"repeats addenda {twice[0]}"
        raw = "\n".join([gathered.line, *texts[:15]])
        gathered.wrong = error(
            "international_addenda_wrong",
            f"The international entry {what}.",
            _LOST,
            gathered.location,
            raw,
        )


def _entry_number(gathered: Gathered, text: str) -> None:
    if text[87:94] != gathered.line[87:94] and not gathered.misnumbered:
        gathered.misnumbered = True
        happened = f"Addenda {text[1:3]} says it belongs to entry {text[87:94]!r}."
        gathered.warn("addenda_sequence_wrong", happened, _LOOK)


def _parties(gathered: Gathered, texts: dict[str, str]) -> None:
    blank = " " * 94
    ten, eleven, twelve, thirteen, fourteen, fifteen, sixteen = (
        texts.get(kind, blank) for kind in MANDATORY
    )
    gathered.code("transaction_type", ten[3:6])
    gathered.code("foreign_payment_amount", ten[6:24])
    gathered.code("foreign_trace_number", ten[24:46])
    identifier = fifteen[3:18].rstrip()
    gathered.fields["counterparty"] = Party(
        name=ten[46:81].rstrip(),
        identifier=identifier,
        scheme="CUST" if identifier else "",
        address=_address(gathered, fifteen[18:53], sixteen, "receiver"),
    )
    originator = Party(
        name=eleven[3:38].rstrip(),
        address=_address(gathered, eleven[38:73], twelve, "originator"),
    )
    kind = KINDS.get(gathered.line[1:3])
    gathered.fields["ultimate_debtor" if kind is None or kind.credit else "ultimate_creditor"] = (
        originator
    )
    gathered.code("odfi", thirteen[3:77])
    # The entry's own routing number is the gateway's; the receiver's bank is named in addenda 14.
    gathered.code("receiving_dfi", gathered.line[3:12])
    gathered.fields["counterparty_agent"] = agent_in(fourteen)


def _address(gathered: Gathered, street: str, text: str, side: str) -> Address:
    """Street, town and province, country and post code; what is not in pairs is kept as it is."""
    told: dict[str, Any] = {"street": street.rstrip()}
    for words, fields in (
        (text[3:38].rstrip(), ("town", "subdivision")),
        (text[38:73].rstrip(), ("country", "post_code")),
    ):
        if pair := _PAIR.match(words):
            told |= dict(zip(fields, pair.groups(), strict=True))
        else:
            gathered.code(f"{side}_{fields[0]}", words)
    gathered.code(f"{side}_date_of_birth", text[73:83])
    return Address(**told)


def agent_in(text: str) -> Agent:
    """The bank of an addenda 13, 14 or 18: name, kind of number, number, country."""
    name, kind = text[3:38].rstrip(), text[38:40]
    number, country = text[40:74].rstrip(), text[74:77].rstrip()
    if not (name or number):
        return NO_AGENT
    return Agent(
        name=name,
        bic=number if kind == BIC else "",
        member_id="" if kind == BIC else number,
        clearing_system="" if kind == BIC else _system(kind, country),
        address=Address(country=country),
    )


def _system(kind: str, country: str) -> str:
    """ "USABA" for American routing numbers, else the qualifier of the addenda as it is."""
    return ROUTING if kind == NATIONAL and country == "US" else kind.strip()


def international_addenda(payment: Payment, where: str) -> list[str]:
    """The addenda 10 to 16 of a payment, then 17 and 18; raises Invalid if one cannot be made."""
    ends = payment.rail_reference[-7:]
    credit = KINDS[payment.transaction_code].credit
    originator = payment.ultimate_debtor if credit else payment.ultimate_creditor
    receiver, codes = payment.counterparty, payment.codes
    _told(payment, originator, where)
    amount = code_of(codes, "foreign_payment_amount")
    ten = (
        alphameric(code_of(codes, "transaction_type"), 3, "transaction type", where)
        + (numeric(amount, 18, "foreign payment amount", where) if amount else " " * 18)
        + alphameric(code_of(codes, "foreign_trace_number"), 22, "foreign trace number", where)
        + alphameric(receiver.name, 35, "receiver's name", where)
    )
    eleven = alphameric(originator.name, 35, "originator's name", where) + alphameric(
        originator.address.street, 35, "originator's street", where
    )
    fifteen = alphameric(receiver.identifier, 15, "receiver's number", where) + alphameric(
        receiver.address.street, 35, "receiver's street", where
    )
    lines = [
        f"710{ten:<84}{ends}",
        f"711{eleven:<84}{ends}",
        f"712{_place_text(payment, originator, 'originator', where):<84}{ends}",
        f"713{alphameric(code_of(codes, 'odfi'), 74, 'odfi', where):<84}{ends}",
        f"714{_bank_text(payment.counterparty_agent, where):<84}{ends}",
        f"715{fifteen:<84}{ends}",
        f"716{_place_text(payment, receiver, 'receiver', where):<84}{ends}",
    ]
    return lines + _optional(payment, ends, where)


def _told(payment: Payment, originator: Party, where: str) -> None:
    """Refuse an international entry that leaves out what the rules demand."""
    receiver, codes = payment.counterparty, payment.codes
    for what, value in (
        ("transaction_type", code_of(codes, "transaction_type")),
        ("receiver's name", receiver.name),
        ("originator's name", originator.name),
        ("originator's street", originator.address.street),
        ("originator's town", _town(originator, "originator", codes)),
        ("originator's country", _country(originator, "originator", codes)),
        ("receiver's street", receiver.address.street),
        ("receiver's town", _town(receiver, "receiver", codes)),
        ("receiver's country", _country(receiver, "receiver", codes)),
        ("odfi", code_of(codes, "odfi")),
        ("receiver's bank", payment.counterparty_agent.name),
    ):
        if not value:
            happened = f"An international entry must tell the {what}; nothing does."
            can_do = "Complete the parties, the banks and the codes of the payment."
            raise refuse("international_field_missing", where, happened, can_do)


def _optional(payment: Payment, ends: str, where: str) -> list[str]:
    """Remittance and the banks on the way."""
    lines = [
        f"717{alphameric(words, 80, 'remittance', where)}{place:04d}{ends}"
        for place, words in enumerate(payment.remittance, 1)
    ]
    banks = [_bank_text(payment.intermediary, where)] if payment.intermediary != NO_AGENT else []
    banks += [value for name, value in payment.codes if name == "foreign_correspondent_bank"]
    for place, words in enumerate(banks, 1):
        told = alphameric(words, 74, "foreign correspondent bank", where)
        lines.append(f"718{told:<80}{place:04d}{ends}")
    if len(payment.remittance) > REMITTANCES_MAX or len(banks) > CORRESPONDENTS_MAX:
        happened = (
            f"An international entry has room for {REMITTANCES_MAX} lines of remittance"
            f" and {CORRESPONDENTS_MAX} correspondent banks."
        )
        raise refuse("addenda_wrong", where, happened, "Leave some out.")
    return lines


def _place_text(payment: Payment, party: Party, side: str, where: str) -> str:
    birth = code_of(payment.codes, f"{side}_date_of_birth")
    return (
        alphameric(_town(party, side, payment.codes), 35, f"{side}'s town", where)
        + alphameric(_country(party, side, payment.codes), 35, f"{side}'s country", where)
        + alphameric(birth, 10, "date of birth", where)
    )


def _town(party: Party, side: str, codes: Codes) -> str:
    address = party.address
    return code_of(codes, f"{side}_town") or _pair(address.town, address.subdivision)


def _country(party: Party, side: str, codes: Codes) -> str:
    address = party.address
    return code_of(codes, f"{side}_country") or _pair(address.country, address.post_code)


def _pair(first: str, second: str) -> str:
    return f"{first}*{second}\\" if first or second else ""


def _bank_text(agent: Agent, where: str) -> str:
    kind = BIC if agent.bic else NATIONAL if agent.clearing_system == ROUTING else ""
    return (
        alphameric(agent.name, 35, "name of a bank", where)
        + alphameric(kind or agent.clearing_system, 2, "kind of a bank's number", where)
        + alphameric(agent.bic or agent.member_id, 34, "number of a bank", where)
        + alphameric(agent.address.country, 3, "country of a bank", where)
    )
