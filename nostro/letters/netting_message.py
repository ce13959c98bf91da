"""A netting proposal as text for whoever owns the source: what to send anew, what stays."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import msgspec

from nostro.domain.money import Money
from nostro.domain.netting import Proposal, Reduced, Used
from nostro.letters.remittance_text import day, money, one_line


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """What people call the things of a proposal; `documents` by the ids of credit notes."""

    entity: str
    payee: str
    documents: Mapping[str, str]
    asked_by: str
    asked_on: date
    made_on: date


def write(proposal: Proposal, named: Named) -> str:
    """Lines that end in "\\n"; a text from elsewhere never begins a line of its own."""
    payee = one_line(f"{proposal.payee_number} {named.payee}".strip())
    told = [
        f"Proposal: pay {payee} less what is owed back",
        "",
        f"Entity {one_line(named.entity)}, {proposal.currency}.",
        f"{money(proposal.total)} less {money(proposal.less)} is {money(proposal.net)}.",
        "",
        "Payments, as they stand and as proposed:",
        *(f"  {_payment(one, proposal)}" for one in proposal.payments),
        "",
        "Credit notes:",
        *(f"  {_note(one, proposal, named)}" for one in proposal.notes),
        "",
        "Nothing was changed. The payments stay as they are, and leave as they were approved,",
        "until they are taken back at their source and sent anew with other amounts.",
        "Clear each credit note there by as much as is used of it.",
    ]
    if len(proposal.sources) > 1:
        several = ", ".join(map(one_line, proposal.sources))
        told.append(f"They come from several sources ({several}): each clears its own part.")
    told += ["", f"Asked for by {one_line(named.asked_by)} on {day(named.asked_on)}."]
    if named.made_on != named.asked_on:
        told.append(f"Written on {day(named.made_on)}.")
    return "".join(f"{line}\n" for line in told)


def _payment(one: Reduced, proposal: Proposal) -> str:
    def said(minor: int) -> str:
        return money(Money(minor, proposal.currency))

    after = f"send {said(one.after)}" if one.after else "pay nothing"
    name = one_line(f"{one.source} {one.reference}")
    return f"{name} ({one.number}, {day(one.day)}): {said(one.minor)}, {after} instead"


def _note(one: Used, proposal: Proposal, named: Named) -> str:
    document = one_line(named.documents.get(one.note_id, ""))
    name = one_line(f"{one.source} {one.reference}") + (f" ({document})" if document else "")
    used, stays = (money(Money(minor, proposal.currency)) for minor in (one.used, one.stays))
    return f"{name}: {used} used" + (f", {stays} stays open" if one.stays else "")
