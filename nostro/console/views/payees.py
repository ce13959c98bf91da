"""Payees: the list, and one with his accounts as versions, who stands by them, and his payments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from nostro.console import netting, words
from nostro.console.acting import then, tried
from nostro.console.told_payees import notices
from nostro.console.visiting import Visit, page, show, signed_in, status_of
from nostro.domain import duties
from nostro.domain.errors import NostroError, Refused
from nostro.domain.freeze import FreezeScope
from nostro.domain.party import Action
from nostro.domain.payee import NumberSource, VersionSource
from nostro.domain.policies.payee_verification import ANSWER_WORDS, Verified
from nostro.domain.policies.touching import OPEN
from nostro.storage import advice_notices, payee_listing, payee_verifications, payment_search
from nostro.storage.pages import names, stops
from nostro.storage.pages import payees as stored
from nostro.storage.payee_change_listing import changes
from nostro.storage.payee_listing import AccountVersionRow, ConfirmationRow, PayeeRow, Standing
from nostro.storage.payee_verifications import VerificationRow
from nostro.storage.payment_search import Wanted
from nostro.workflows import verifying

SHOWN: Final = 50
PAST_SHOWN: Final = 12
_STANDINGS: Final[Mapping[Standing, str]] = {
    Standing.CHANGED_RECENTLY: "Changed recently",
    Standing.UNCONFIRMED: "Not confirmed",
    Standing.CONFIRMED: "Confirmed",
    Standing.BLOCKED: "Stopped",
    Standing.CHANGE_WAITS: "Another account waits",
    Standing.HIT_CLEARED: "List hit cleared",
    Standing.WITHOUT_ACCOUNT: "Without account",
}
_SOURCES: Final[Mapping[str, str]] = {
    VersionSource.UNKNOWN: "from before sources were kept",
    VersionSource.TERMINAL: "set up at the terminal",
    VersionSource.IMPORT: "file of payees",
    VersionSource.ERP: "payments of the ERP",
    VersionSource.CHANGE: "asked for here",
    VersionSource.BANK: "correction by a bank",
}
_NUMBERS: Final[Mapping[str, str]] = {
    NumberSource.OWN_RECORDS: "our records",
    NumberSource.CONTRACT: "the contract",
    NumberSource.EARLIER_INVOICE: "an earlier invoice",
    NumberSource.PUBLIC_REGISTER: "a public register",
    NumberSource.IN_PERSON: "in person",
}


class Chip(msgspec.Struct, frozen=True, kw_only=True):
    """One way to narrow the list."""

    word: str
    href: str
    current: bool


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One version of an account in words."""

    row: AccountVersionRow
    source: str
    current: bool


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """One confirmation in words."""

    row: ConfirmationRow
    number_source: str


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a bank said, in words."""

    row: VerificationRow
    word: str


@require_safe
@page
def payee_list(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Everybody who is paid, by name; found by number, name, or the end of an IBAN."""
    q, standing = request.GET.get("q", ""), _standing(request.GET.get("standing", ""))
    cursor = request.GET.get("cursor", "")
    found = payee_listing.payees(visit.now, q=q, standing=standing, limit=SHOWN, cursor=cursor)
    told = {
        "rows": found.rows,
        "q": q,
        "standing": standing or "",
        "chips": _chips(q, standing),
        "narrowed": bool(q or standing),
        "next": _href(q=q, standing=standing or "", cursor=found.next) if found.next else "",
        "headline": _headline(found.rows, standing, more=bool(found.next or cursor)),
        "may_ask": duties.may(visit.member, Action.PROPOSE_PAYEES),
    }
    return show(request, visit, "payees.html", told)


@require_safe
@page
def payee(request: HttpRequest, visit: Visit, payee_id: UUID) -> HttpResponse:
    """Who he is, where he is paid and since when, who made sure, and what is open to him."""
    return shown(request, visit, payee_id)


@require_POST
@signed_in
def verify(request: HttpRequest, visit: Visit, payee_id: UUID) -> HttpResponse:
    """Ask the payee's bank whether the account is in his name, and keep what it says."""
    with visit.looking():
        row = payee_listing.payee(payee_id, visit.now)
    if row is None:
        raise Http404
    if not _may_call(visit):
        raise Refused("not_yours_to_ask", f"{visit.member.name} may not ask about payees.")
    said: list[Verified] = []
    result = tried(lambda: said.append(verifying.ask(visit.acting(), row.number)))
    if result.done:
        word = words.phrase(ANSWER_WORDS[said[0].answer]).lower()
        told = f"The bank was asked. It says: {word} ({said[0].answer})."
        return then(request, reverse("payee", args=[payee_id]), told)
    with visit.looking():
        return shown(request, visit, payee_id, result.error)


def _may_call(visit: Visit) -> bool:
    wanted = (Action.PROPOSE_PAYEES, Action.DECIDE_PAYEES)
    return any(duties.may(visit.member, one) for one in wanted)


def shown(
    request: HttpRequest, visit: Visit, payee_id: UUID, error: NostroError | None = None
) -> HttpResponse:
    row = payee_listing.payee(payee_id, visit.now)
    if row is None:
        raise Http404
    versions = payee_listing.account_versions(payee_id)
    details = payee_listing.details_versions(payee_id)
    wanted = Wanted(payee=row.number, state=",".join(OPEN))
    together = msgspec.structs.replace(wanted, paid_to=payee_listing.accounts_of(payee_id))
    past = payment_search.payments(Wanted(payee=row.number), limit=PAST_SHOWN)
    told = {
        "row": row,
        "headline": standing_of(row),
        "versions": [_version(one, row) for one in versions],
        "details": details,
        "confirmed": [_made(one) for one in payee_listing.confirmations(payee_id)],
        "open": payment_search.payments(wanted, limit=SHOWN),
        "sources": payment_search.by_source(together),
        "past": [one for one in past.rows if one.state not in OPEN],
        "holds": stored.holds(row.number, SHOWN),
        "unanswered": names.open_of_payee(payee_id),
        "verified": [_asked(one) for one in payee_verifications.of_payee(payee_id, PAST_SHOWN)],
        "cleared": stored.clearances(row.number, PAST_SHOWN),
        "usual": stored.usual(row.number),
        "notices": notices(advice_notices.about_payee(row.number, limit=PAST_SHOWN)),
        "stops": [one for one in stops.in_force() if _is_of(one.freeze.subject_id, one, row)],
        "proposed": [one for one in changes(limit=SHOWN).rows if one.payee_id == payee_id],
        "may_ask": duties.may(visit.member, Action.PROPOSE_PAYEES),
        "may_call": _may_call(visit),
        "error": error,
        **netting.told(visit, row.number),
        "as_written": _as_written(row, details[0] if details else None),
    }
    status = status_of(error) if error else 200
    return show(request, visit, "payee.html", told, status=status)


def standing_of(row: PayeeRow) -> str:
    """How far his account can be relied on, in a sentence."""
    if not row.version:
        return "Nothing is kept of where this payee is paid."
    if row.blocked:
        return "Stopped: nothing is paid to this payee until two people lift the stop."
    if row.change_waits:
        return "Another account waits for a decision; the one below is kept until then."
    if row.confirmed:
        return "The account is confirmed with the payee."
    if row.changed_recently:
        return "The account was changed recently and nobody has confirmed it: payments to it wait."
    return "Nobody has confirmed the account with the payee."


def _is_of(subject_id: str, stop: stops.StopView, row: PayeeRow) -> bool:
    return stop.freeze.scope is FreezeScope.PAYEE and subject_id == str(row.id)


def _version(one: AccountVersionRow, row: PayeeRow) -> Version:
    source = _SOURCES.get(one.source, words.phrase(one.source))
    return Version(row=one, source=source, current=one.id == row.account_id)


def _made(one: ConfirmationRow) -> Made:
    return Made(row=one, number_source=_NUMBERS.get(one.number_source, one.number_source))


def _asked(one: VerificationRow) -> Asked:
    return Asked(row=one, word=words.phrase(ANSWER_WORDS[one.answer]))


def _as_written(row: PayeeRow, details: payee_listing.DetailsVersionRow | None) -> str:
    """Who he is, as the form of a change begins with."""
    told = {"number": row.number, "name": row.name}
    if details:
        told |= {**details.address, "email": details.email}
    return urlencode({name: text for name, text in told.items() if text})


def _standing(text: str) -> Standing | None:
    return Standing(text) if text in set(Standing) else None


def _chips(q: str, chosen: Standing | None) -> list[Chip]:
    every = Chip(word="All", href=_href(q=q), current=chosen is None)
    return [
        every,
        *(
            Chip(word=word, href=_href(q=q, standing=one), current=one is chosen)
            for one, word in _STANDINGS.items()
        ),
    ]


def _href(**asked: str) -> str:
    told = urlencode({name: text for name, text in asked.items() if text})
    return f"?{told}" if told else "?"


def _headline(rows: tuple[PayeeRow, ...], standing: Standing | None, *, more: bool) -> str:
    if more:
        return f"{len(rows)} payees on this page, by name."
    said = words.several(len(rows), "payee")
    if standing:
        return f"{said}: {_STANDINGS[standing].lower()}."
    open_ones = sum(row.changed_recently for row in rows)
    if not open_ones:
        return f"{said}, none with an account that changed lately and is not confirmed."
    return f"{said}, {open_ones} with an account that changed lately and is not confirmed."
