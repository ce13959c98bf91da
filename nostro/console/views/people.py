"""Who may do what: people with their reach, roles with their duties, what clashes and is short."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from nostro.console import rights, words
from nostro.console.acting import then, tried
from nostro.console.visiting import Visit, page, show, signed_in, status_of
from nostro.domain import duties
from nostro.domain.duties import ACTION_WORDS, ACTIONS_OF, Conflict
from nostro.domain.errors import NostroError
from nostro.domain.party import Action, Grant, Member, Role
from nostro.domain.policies.shortage import Shortage
from nostro.storage import partners, people
from nostro.workflows import break_glass, duty_report, granted

SHORT_ROLES: Final = {Role.PARTNER_ADMINISTRATOR: "Partner admin", Role.ADMINISTRATOR: "Admin"}


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One person as the page shows him; `partner` hosts the customer and he works for it, or ""."""

    member: Member
    email: str
    partner: str
    grants: tuple[str, ...]
    conflicts: tuple[Conflict, ...]
    change: str


class Duty(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the matrix: an action, and whether each role may."""

    word: str
    may: tuple[bool, ...]


@require_safe
@page
def people_page(request: HttpRequest, visit: Visit) -> HttpResponse:
    return _show(request, visit)


@require_POST
@signed_in
def mend(request: HttpRequest, visit: Visit, person_id: UUID) -> HttpResponse:
    """End what somebody holds under a broken glass."""

    def work() -> None:
        break_glass.end(visit.acting(), visit.member, person_id, request.POST.get("reason", ""))

    result = tried(work)
    if result.done:
        return then(request, reverse("people"), "Ended. What was given in the emergency is gone.")
    with visit.looking():
        return _show(request, visit, result.error)


def _show(request: HttpRequest, visit: Visit, error: NostroError | None = None) -> HttpResponse:
    report = duty_report.report(visit.acting())
    found = people.everybody(visit.now)
    told = {
        "people": _shown(found, report.conflicts),
        "roles": [SHORT_ROLES.get(role, words.phrase(role)) for role in ACTIONS_OF],
        "matrix": [
            Duty(word=word, may=tuple(action in actions for actions in ACTIONS_OF.values()))
            for action, word in ACTION_WORDS.items()
        ],
        "clashes": [
            (ACTION_WORDS[one.one], ACTION_WORDS[one.other], one.held_by) for one in duties.CLASHES
        ],
        "conflicts": report.conflicts,
        "shortages": list(report.shortages.values()),
        "under_glass": [one for one in found if one.break_glass],
        "may_mend": duties.may(visit.member, Action.BREAK_GLASS),
        "may_ask": duties.may(visit.member, Action.PROPOSE_ACCESS),
        "may_see_access": rights.may_see_access(visit.member),
        "headline": headline(len(found), report.conflicts, list(report.shortages.values())),
        "error": error,
    }
    return show(request, visit, "people.html", told, status=status_of(error) if error else 200)


def headline(count: int, conflicts: Sequence[Conflict], short: Sequence[Shortage]) -> str:
    """How many work here, whose duties do not mix, and where too few are left."""
    clashing = len({one.person_id for one in conflicts})
    told = f"{words.several(count, 'person works', 'people work')} here."
    told += (
        f" {words.several(clashing, 'has', 'have')} duties that do not mix."
        if clashing
        else " Nobody has duties that do not mix."
    )
    return told + (f" {' '.join(one.sentence for one in short)}" if short else "")


def _shown(found: Sequence[Member], conflicts: Sequence[Conflict]) -> list[Shown]:
    where = granted.places()
    addresses = people.emails(UUID(member.id) for member in found)
    staff = partners.staff()
    return [
        Shown(
            member=member,
            email=addresses[member.id],
            partner=partners.partner_of(UUID(member.id)) if member.id in staff else "",
            grants=tuple(granted.spelled(grant, where) for grant in member.held),
            conflicts=tuple(one for one in conflicts if one.person_id == member.id),
            change=_asking(addresses[member.id], member, where),
        )
        for member in found
    ]


def _asking(address: str, member: Member, where: granted.Places) -> str:
    """Where a change of this person is asked for, with what he holds now."""
    own = [one for one in member.held if not (one.on_behalf_of or one.break_glass)]
    told: list[tuple[str, str]] = [("person", address)]
    for one in own:
        told += _reach(one, where)
    return f"{reverse('change_ask', args=['membership'])}?{urlencode(told)}"


def _reach(grant: Grant, where: granted.Places) -> list[tuple[str, str]]:
    told = [("grants", grant.role.value)]
    if grant.entity_id:
        told.append((f"entity-{grant.role}", where.entities.get(grant.entity_id, "")))
    if grant.up_to:
        amount = f"{grant.up_to.number()} {grant.up_to.currency}"
        told.append((f"up_to-{grant.role}", amount))
    return told
