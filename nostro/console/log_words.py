"""How the log is read out: what happened in words, to what, by whom, and where that stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from uuid import UUID

import msgspec
from django.urls import reverse

from nostro.console import words
from nostro.domain.event import Actor, Event

FAMILIES: Final[Mapping[str, str]] = {
    "account": "Account",
    "api_key": "API key",
    "attempt": "Attempt to pay",
    "audit": "Log",
    "case": "Case",
    "change_request": "Change request",
    "check": "Check",
    "check_exception": "Presented check",
    "connection": "Connection",
    "credit_note": "Credit note",
    "customer": "Settings",
    "debtors": "Customers who owe",
    "entity": "Legal entity",
    "evidence": "Evidence",
    "freeze": "Stop",
    "intraday_report": "Report of the day",
    "journal": "Journal",
    "match": "Match",
    "match_model": "How sure the matcher is",
    "message": "Bank message",
    "netting": "Netting proposal",
    "open_items": "Open items",
    "order": "Payment",
    "payee": "Payee",
    "payee_change": "Payee",
    "person": "Person",
    "run": "Payment run",
    "saved_filter": "Saved filter",
    "statement": "Statement",
    "submission": "File to a bank",
    "transaction": "Bank line",
    "webhook": "Webhook",
}
# Where family and name together would be no sentence.
_TYPES: Final[Mapping[str, str]] = {
    "audit.erased": "Personal data erased",
    "audit.verification_asked": "Verification of the log asked for",
    "check.confirmed": "A bank knows that a check is dead, says a person",
    "evidence.stated": "What a bank said was written down",
    "freeze.set": "Payments stopped",
    "freeze.lifted": "Stop lifted",
    "freeze.lift_agreed": "Lifting of a stop agreed to",
    "message.opened": "Bank message looked at",
    "order.advice_planned": "Payee is to be told of his payment",
    "order.advice_sent": "Payee told of his payment",
    "order.advice_not_sent": "Payee was not told of his payment",
    "order.advice_dropped": "Payee is not told of his payment: it is no longer so",
    "order.advice_asked": "Payee is to be told of his payment again",
    "order.checked": "Payment checked",
    "order.rerouted": "Payment takes another way that was approved with it",
    "order.approval_asked_anew": "Payment put to approvers again: other rules count",
    "order.approval_given": "Payment approved",
    "order.edited": "Payment changed",
    "order.hold_placed": "Payment held",
    "order.source_approval_said": "Source said who approved the payment",
    "order.placed_in_file": "Payment put in a file",
    "payee.account_changed": "Payee's account changed",
    "payee.account_proposed": "Payments name another account of a payee",
    "payee.added": "Payee added",
    "payee.confirmed": "Payee's account confirmed with him",
    "payee.test_begun": "Penny test of a payee's account begun",
    "payee.question_moved": "Question about a payee's name",
    "payee.question_put": "A payee's bank is to be asked for his name",
    "payee.question_tried": "A payee's name was asked for; not answered for good",
    "payee.verified": "A bank asked whose account it is",
    "payee.details_changed": "Payee's name or addresses changed",
    "payee_change.account_changed": "Payee's account changed",
    "payee_change.decided": "Corrected account decided on",
    "payee_change.payee_added": "Payee added",
    "person.granted": "Roles changed",
    "person.stepped_up": "Identity proven once more",
    "person.step_up_used": "Proof of identity used",
    "person.stands_in": "Stand-in named",
    "person.withdrawn": "Membership ended",
}
KINDS: Final[Mapping[str, str]] = {
    "person": "a person",
    "api_key": "a program, by its key",
    "job": "nostro by itself",
    "bank": "a bank",
}
# The kind of a subject, or the name of an id in an event: the page that shows it.
_PAGES: Final[Mapping[str, str]] = {
    "order": "payment",
    "submission": "submission",
    "case": "case",
    "statement": "statement",
    "evidence": "evidence",
    "attachment": "evidence",
    "change_request": "change",
    "payee": "payee",
    "payee_change": "correction",
}
_LISTS: Final[Mapping[str, str]] = {
    "api_key": "api_keys",
    "freeze": "stops",
    "person": "people",
    "invitation": "invitations",
}
_LINKS: Final[Mapping[str, str]] = {
    "order": "The payment",
    "submission": "The file to the bank",
    "case": "The case",
    "statement": "The statement",
    "evidence": "The bytes as they were",
    "attachment": "The attachment",
    "change_request": "The change request",
    "payee": "The payee",
    "payee_change": "The correction",
    "api_key": "API keys",
    "freeze": "Stops",
    "person": "People and roles",
    "invitation": "Invitations",
}


class Link(msgspec.Struct, frozen=True):
    word: str
    href: str
    download: bool


def happened(event: Event) -> str:
    """`Payment approved`, `File to a bank built`."""
    if event.type in _TYPES:
        return _TYPES[event.type]
    family, _, name = event.type.partition(".")
    told = name.replace("_", " ")
    if family == "customer":
        return told.capitalize()
    return f"{FAMILIES.get(family, words.phrase(family))} {told}"


# What an event itself calls the thing that it is about, where the thing has no name.
_OWN_NAMES: Final = ("number", "reference", "end_to_end_id", "name", "file", "url")


def about(event: Event, name: str) -> str:
    """What an event is about, as people call it; "" where nobody can say. `name` is what its
    subject is called today. A journal's reference may hold an id: it is told by what it books."""
    booked = event.data.get("event")
    if event.subject_kind == "journal" and isinstance(booked, str):
        return ": ".join(part for part in (words.phrase(booked), name) if part)
    return name or own_name(event)


def own_name(event: Event) -> str:
    """What the event calls its subject; "" when it says nothing."""
    named = (event.data.get(key) for key in _OWN_NAMES)
    return next((one for one in named if isinstance(one, str) and one), "")


def moved(event: Event) -> str:
    """`Prepared to being sent`, where a state changed; "" where none did."""
    after = event.data.get("state_after")
    before = event.data.get("state_before")
    if not isinstance(after, str):
        return ""
    told = state_word(event, after)
    return f"{state_word(event, before)} → {told}" if isinstance(before, str) else f"→ {told}"


def state_word(event: Event, state: str) -> str:
    """A state of what the event is about, as its pages call it."""
    table = words.TABLES.get(event.subject_kind)
    found = table.get(state) if table else None
    return found.word if found else words.phrase(state)


def sort_of(actor: Actor) -> str:
    return KINDS.get(actor.kind, actor.kind)


def links(event: Event) -> list[Link]:
    """The pages of what the event is about and of what it names."""
    found = [_link(event.subject_kind, event.subject_id)]
    for name, value in event.data.items():
        if name.endswith("_id") and isinstance(value, str) and value:
            found.append(_link(name.removesuffix("_id"), value))
    return list({one.href: one for one in found if one}.values())


def _link(kind: str, value: str) -> Link | None:
    if kind in _PAGES:
        href = reverse(_PAGES[kind], args=[value]) if _is_id(value) else ""
    else:
        href = reverse(_LISTS[kind]) if kind in _LISTS else ""
    return Link(_LINKS[kind], href, _PAGES.get(kind) == "evidence") if href else None


def _is_id(value: str) -> bool:
    try:
        UUID(value)
    except ValueError:
        return False
    return True
