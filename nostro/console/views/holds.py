"""The holds desk: every held payment beside what speaks against it, until a person decides."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from nostro.console import words
from nostro.console.candidates import Candidate
from nostro.console.candidates import held as held_candidate
from nostro.console.cut_off_words import spoken
from nostro.console.hold_reasons import Reason, reasons
from nostro.console.selection import Choice, choices_of
from nostro.console.views.approvals import Banner
from nostro.console.visiting import Visit, by_htmx, page, show, status_of
from nostro.console.words import Status
from nostro.domain.errors import Invalid, NostroError, Refused
from nostro.domain.money import Money, total
from nostro.domain.policies.held import ONE_BY_ONE, TOGETHER_MAX
from nostro.storage import confidential, hold_listing, orders
from nostro.storage.hold_listing import HoldFilter
from nostro.storage.pages.approvals import chosen
from nostro.workflows import approval, hold_decisions, hold_desk
from nostro.workflows.hold_decisions import DENIED_MAX
from nostro.workflows.hold_desk import Held, Standing

AT_ONCE: Final = 20
RUNS_SHOWN: Final = 3


class Looking(msgspec.Struct, frozen=True, kw_only=True):
    """Which holds somebody looks at, as it stands in the address."""

    code: str = ""
    payee: str = ""
    since: str = ""
    run: str = ""
    cursor: str = ""

    @property
    def narrowed(self) -> bool:
        return bool(self.code or self.payee or self.since or self.run)

    @property
    def everything(self) -> str:
        return self.query(code="")

    @property
    def wanted(self) -> HoldFilter:
        return HoldFilter(code=self.code, payee=self.payee, since=_moment(self.since), run=self.run)

    def query(self, **other: str) -> str:
        """The address of the same list, or of one that differs in this."""
        told = msgspec.structs.asdict(msgspec.structs.replace(self, cursor="")) | other
        return f"?{urlencode({name: value for name, value in told.items() if value})}"


class HeldView(msgspec.Struct, frozen=True, kw_only=True):
    """One held payment as this person sees it. `left` says how long there is to its cut-off."""

    one: Held
    candidate: Candidate
    reasons: tuple[Reason, ...]
    left: Status | None
    able: str

    @property
    def others(self) -> bool:
        """Held for more than one reason: never let go together with others."""
        return len({one.code for one in self.reasons}) > 1


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """What was ticked, as it is now: how many, their sums, and the digest of what was shown."""

    count: int = 0
    sums: tuple[Money, ...] = ()
    digest: str = ""
    changed: bool = False


class WholeRun(msgspec.Struct, frozen=True, kw_only=True):
    """All that is held of one run, for the reason that is looked at: denied as one."""

    name: str
    chosen: Chosen


@require_safe
@page
def holds(request: HttpRequest, visit: Visit) -> HttpResponse:
    return _show(request, visit, _looking(request.GET))


@require_POST
@page
def select(request: HttpRequest, visit: Visit) -> HttpResponse:
    """What the ticked payments come to."""
    looking, ticked = _looking(request.POST), choices_of(request.POST.getlist("chosen"))
    if not by_htmx(request):
        return _show(request, visit, looking, ticked=ticked)
    told = {"chosen": _chosen(visit, ticked), "looking": looking}
    return show(request, visit, "holds_chosen.html", told)


@require_POST
@page
def release_together(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Let go what was ticked: all of it held for one and the same reason."""

    def work() -> Banner:
        ids = [one.order_id for one in choices_of(request.POST.getlist("chosen"))]
        seen, reason = request.POST.get("seen_digest", ""), request.POST.get("reason", "")
        hold_decisions.release(visit.acting(), visit.member, ids, seen, reason)
        told = words.several(len(ids), "payment")
        return Banner(kind="ok", happened=f"{told} let go.", more=_WAITS)

    return _decide(request, visit, work)


@require_POST
@page
def release(request: HttpRequest, visit: Visit, payment_id: UUID) -> HttpResponse:
    """Let one held payment go on to approval, with a reason."""

    def work() -> Banner:
        reason = _own_reason(request.POST)
        approval.release_hold(visit.acting(), visit.member, payment_id, reason)
        return Banner(kind="ok", happened="The hold is released.", more=_WAITS)

    return _decide(request, visit, work)


@require_POST
@page
def deny(request: HttpRequest, visit: Visit, payment_id: UUID) -> HttpResponse:
    """Refuse one held payment for good, with a reason."""

    def work() -> Banner:
        reason = _own_reason(request.POST)
        approval.deny(visit.acting(), visit.member, [payment_id], reason)
        more = "Nothing was sent. The reason stays in the trace."
        return Banner(kind="ok", happened="1 payment denied.", more=more)

    return _decide(request, visit, work)


@require_POST
@page
def deny_run(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Refuse for good all that is held of the run, and for the reason, that is looked at."""

    def work() -> Banner:
        wanted = _looking(request.POST).wanted
        if not wanted.run:
            raise Refused("run_unknown", "No run was chosen.", "Nothing was denied.", "Choose one.")
        ids = hold_listing.all_held(wanted, DENIED_MAX)
        seen, reason = request.POST.get("seen_run", ""), request.POST.get("reason_run", "")
        hold_decisions.deny(visit.acting(), visit.member, ids, seen, reason)
        more = "Nothing was sent. The reason stays in the trace of each."
        return Banner(
            kind="ok", happened=f"{words.several(len(ids), 'payment')} denied.", more=more
        )

    return _decide(request, visit, work)


def _whole_run(looking: Looking) -> WholeRun | None:
    if not looking.run:
        return None
    rows = orders.load(hold_listing.all_held(looking.wanted, DENIED_MAX))
    if not rows:
        return None
    confidential.note("order", (row.id for row in rows))
    runs = hold_listing.held_for_runs(looking.wanted, 1)
    chosen = Chosen(
        count=len(rows),
        sums=tuple(total(row.instruction.amount for row in rows).values()),
        digest=approval.selection_digest({str(row.id): row.approval_digest for row in rows}),
    )
    return WholeRun(name=runs[0].reference, chosen=chosen)


def _runs(looking: Looking) -> list[dict[str, Any]]:
    """The runs of which most is held; a chosen one is left by the same link."""
    return [
        {
            "word": f"Run {row.reference}",
            "count": row.count,
            "href": looking.query(run="" if looking.run else str(row.run_id)),
            "current": looking.run == str(row.run_id),
        }
        for row in hold_listing.held_for_runs(looking.wanted, RUNS_SHOWN)
    ]


def _own_reason(sent: QueryDict) -> str:
    """The reason in the row of this payment: on the desk each row has a field of its own."""
    return sent.get(f"reason-{sent.get('payment', '')}", "") or sent.get("reason", "")


_WAITS: Final = "It waits for two approvals now. Your reason stays in the trace."


def _decide(request: HttpRequest, visit: Visit, work: Callable[[], Banner]) -> HttpResponse:
    """Do it and show the desk again, at the same place; refused, with what was ticked kept."""
    looking = _looking(request.POST)
    try:
        banner = work()
    except (Invalid, Refused) as error:
        ticked = choices_of(request.POST.getlist("chosen"))
        return _show(request, visit, looking, ticked=ticked, error=error)
    if by_htmx(request):
        return _show(request, visit, looking, banner=banner)
    messages.success(request, " ".join(filter(None, (banner.happened, banner.more))))
    return redirect(reverse("holds") + looking.query(cursor=looking.cursor))


def _show(
    request: HttpRequest,
    visit: Visit,
    looking: Looking,
    *,
    ticked: list[Choice] | None = None,
    banner: Banner | None = None,
    error: NostroError | None = None,
) -> HttpResponse:
    acting = visit.acting()
    found = hold_listing.held_payments(looking.wanted, limit=AT_ONCE, cursor=looking.cursor)
    rows = [_view(one, visit) for one in hold_desk.held(acting, found.rows)]
    together = bool(looking.code) and looking.code not in ONE_BY_ONE
    told: dict[str, Any] = {
        "headline": headline(hold_desk.standing(acting), visit),
        "rows": rows,
        "looking": looking,
        "ways": _ways(looking),
        "runs": _runs(looking),
        "whole_run": _whole_run(looking),
        "together": together and any(row.candidate.mine for row in rows),
        "most": TOGETHER_MAX,
        "ticked": {one.order_id for one in ticked or ()},
        "chosen": _chosen(visit, ticked or []),
        "start": looking.query(),
        "further": looking.query(cursor=found.next) if found.next else "",
        "banner": banner,
        "error": error,
        "confidential_held": 0 if visit.cleared else confidential.held_count(),
    }
    status = status_of(error) if error else HTTPStatus.OK
    return show(request, visit, "holds.html", told, fragment="holds_board.html", status=status)


def headline(found: Standing, visit: Visit) -> str:
    """How many are held, since when, and the cut-off that comes first."""
    if not found.count or found.since is None:
        return "Nothing is held."
    word = "is" if found.count == 1 else "are"
    told = f"{words.several(found.count, 'payment')} {word} held, "
    told += f"the oldest for {spoken(visit.now - found.since)}."
    if found.first and found.first.last and found.first.last > visit.now:
        until = spoken(found.first.last - visit.now)
        told += f" The first cut-off among them is in {until}: {found.first_number}."
    return told


def _ways(looking: Looking) -> list[dict[str, Any]]:
    """The reasons for which payments are held, and how many for each."""
    return [
        {
            "word": words.phrase(row.code),
            "count": row.count,
            "href": looking.query(code="" if row.code == looking.code else row.code),
            "current": row.code == looking.code,
        }
        for row in hold_listing.held_for()
    ]


def _view(one: Held, visit: Visit) -> HeldView:
    able = one.able[:3]
    more = f" and {len(one.able) - 3} more" if len(one.able) > 3 else ""
    return HeldView(
        one=one,
        candidate=held_candidate(one.row, visit.member),
        reasons=tuple(reasons(one.row.holds)),
        left=_left(one, visit.now),
        able=", ".join(able) + more if able else "nobody: let an administrator look at the roles",
    )


def _left(one: Held, now: datetime) -> Status | None:
    """How long there is until its bank must have it for the day on which it would be paid."""
    last = one.plan.last if one.plan else None
    if one.plan is None or last is None or last < now:
        return None
    soon = (last - now).total_seconds() < 2 * 3600
    day = f"{one.plan.day:%-d %b}"
    word = f"Let go within {spoken(last - now)} to be paid on {day}"
    return Status(kind="warn" if soon else "info", icon="timer", word=word)


def _chosen(visit: Visit, ticked: list[Choice]) -> Chosen:
    rows = chosen([one.order_id for one in ticked], visit.now)
    shown = {one.order_id: one.digest for one in ticked}
    return Chosen(
        count=len(rows),
        sums=tuple(total(row.payment.amount for row in rows).values()),
        digest=hold_decisions.seen_digest(
            {row.payment.id: row.payment.approval_digest for row in rows}
        )
        if rows
        else "",
        changed=any(shown[row.payment.id] != row.payment.approval_digest for row in rows),
    )


def _looking(sent: QueryDict) -> Looking:
    told = {name: sent.get(name, "").strip() for name in Looking.__struct_fields__}
    looking = Looking(**told)
    _moment(looking.since)
    return looking


def _moment(text: str) -> datetime | None:
    try:
        return datetime.combine(date.fromisoformat(text), time(), tzinfo=UTC) if text else None
    except ValueError:
        raise Invalid(
            "since_unfit",
            f"{text[:20]!r} is not a day.",
            "Nothing was looked for.",
            "Write it like 2026-11-30.",
            field="since",
        ) from None
