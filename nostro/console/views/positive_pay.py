"""Positive pay: what must be decided before which clock, the register of checks, its files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from nostro.console import rights, words
from nostro.console.acting import then, tried
from nostro.console.cut_off_words import spoken
from nostro.console.visiting import Visit, page, show, signed_in, status_of
from nostro.console.words import Status
from nostro.domain import duties
from nostro.domain.check_exception import WAITS, Decision, ExceptionState
from nostro.domain.check_state import CHECK, CheckMove, CheckState
from nostro.domain.errors import Invalid, NostroError
from nostro.domain.issued_check import CheckAction
from nostro.domain.policies.positive_pay import PositivePayTerms
from nostro.domain.submission import SubmissionState
from nostro.storage import check_exceptions, checks, parties, policies
from nostro.storage.check_exceptions import ExceptionRow
from nostro.storage.checks import CheckFilter, CheckRow
from nostro.storage.pages import positive_pay as reading
from nostro.workflows import changes, check_decisions, check_files, check_register

SHOWN: Final = 50
ENDED_SHOWN: Final = 10
KIND: Final = "positive_pay"
_SOON = 3600.0
_ENDED = (ExceptionState.TOLD, ExceptionState.DEFAULTED, ExceptionState.PAID)
_WAITING = (*sorted(WAITS), ExceptionState.DECIDED)


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One presented check: how long there still is, and what this person may say of it."""

    row: ExceptionRow
    why: str
    until: str
    left: Status
    refused: str
    open: bool
    undo: bool


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One check of the register and what may be asked of it."""

    row: CheckRow
    may_void: bool
    may_stop: bool
    may_tell: bool


@require_safe
@page
def positive_pay(request: HttpRequest, visit: Visit) -> HttpResponse:
    return _show(request, visit)


@require_POST
@signed_in
def decide(request: HttpRequest, visit: Visit, exception_id: UUID) -> HttpResponse:
    """Pay or return one presented check."""
    sent = request.POST

    def work() -> None:
        told = sent.get("decision", "")
        if told not in set(Decision):
            raise Invalid(
                "decision_missing",
                "Neither pay nor return was chosen.",
                "Nothing was decided.",
                "Choose one of both; P and R do so by key.",
                field="decision",
            )
        reason = sent.get("reason", "")
        acting = visit.acting()
        check_decisions.decide(acting, visit.member, [exception_id], Decision(told), reason)

    said = "Noted. The bank is told within a minute, or a second person must agree first."
    return _done(request, visit, work, said)


@require_POST
@signed_in
def reconsider(request: HttpRequest, visit: Visit, exception_id: UUID) -> HttpResponse:
    """Take a decision back that no file carries yet."""

    def work() -> None:
        reason = request.POST.get("reason", "") or "Taken back on the page."
        check_decisions.reconsider(visit.acting(), visit.member, exception_id, reason)

    return _done(request, visit, work, "Taken back. It must be decided again before the clock.")


@require_POST
@signed_in
def take_back(request: HttpRequest, visit: Visit, check_id: UUID, deed: str) -> HttpResponse:
    """Void or stop a check, or say that the bank was told otherwise."""
    if deed not in ("void", "stop", "told"):
        raise Http404
    said: list[str] = []

    def work() -> None:
        reason, acting = request.POST.get("reason", ""), visit.acting()
        if deed == "told":
            check_register.told_otherwise(acting, visit.member, check_id, reason)
            said.append("Noted: the bank knows.")
        else:
            action = CheckAction(deed)
            done = check_register.take_back(acting, visit.member, check_id, action, reason)
            said.append(done.sentence)

    return _done(request, visit, work, said)


@require_POST
@signed_in
def tell_again(request: HttpRequest, visit: Visit, submission_id: UUID) -> HttpResponse:
    """Put the checks of a file that the bank refused into another one."""

    def work() -> None:
        reason = request.POST.get("reason", "")
        check_files.tell_again(visit.acting(), visit.member, submission_id, reason)

    return _done(request, visit, work, "The checks of this file go into the next one.")


def headline(waiting: Sequence[ExceptionRow], now: datetime) -> str:
    """What must be decided, before which clock, and what happens else."""
    if not waiting:
        return "No presented check waits for a decision."
    first = min(waiting, key=lambda row: row.decide_by)
    told = words.several(len(waiting), "presented check")
    be = "waits" if len(waiting) == 1 else "wait"
    return (
        f"{told} {be} for a decision, the first until {_clock(first)}, in"
        f" {spoken(first.decide_by - now)}. What nobody decides on then, the bank"
        f" {'pays' if first.if_nobody is Decision.PAY else 'returns'}."
    )


def _done(
    request: HttpRequest, visit: Visit, work: Callable[[], None], said: str | list[str]
) -> HttpResponse:
    result = tried(work)
    if result.done:
        told = said if isinstance(said, str) else " ".join(said)
        return then(request, reverse("positive_pay"), told)
    with visit.looking():
        return _show(request, visit, result.error)


def _show(request: HttpRequest, visit: Visit, error: NostroError | None = None) -> HttpResponse:
    wanted, asked = _wanted(request)
    waits = check_exceptions.exceptions(_WAITING, limit=SHOWN)
    register = checks.checks(wanted, limit=SHOWN, cursor=request.GET.get("cursor", ""))
    terms = policies.in_force(PositivePayTerms, visit.now)
    accounts = parties.accounts()
    gaps = [gap for one in accounts for gap in check_register.gaps(one)]
    told: dict[str, Any] = {
        "headline": headline([row for row in waits.rows if row.state in WAITS], visit.now),
        "waits": [_shown(row, visit) for row in waits.rows],
        "more": bool(waits.next),
        "ended": [_shown(row, visit) for row in check_exceptions.newest(_ENDED, ENDED_SHOWN)],
        "register": [_line(row, visit) for row in register.rows],
        "older": register.next,
        "counts": checks.count_by_state(),
        "states": [(one.value, words.CHECK[one].word) for one in CheckState],
        "asked": asked,
        "gaps": gaps,
        "files": reading.files(),
        "again": (SubmissionState.REFUSED, SubmissionState.ABANDONED),
        "may_take_back": rights.may_cancel(visit.member),
        "terms": [
            (next((a.name for a in accounts if a.id == one.account_id), ""), one)
            for one in terms.accounts
        ],
        "may_ask": any(duties.may(visit.member, one) for one in changes.named(KIND).asks),
        "error": error,
    }
    status = status_of(error) if error else 200
    return show(request, visit, "positive_pay.html", told, status=status)


def _wanted(request: HttpRequest) -> tuple[CheckFilter, dict[str, str]]:
    """What of the register is asked for; a word that nobody knows asks for nothing."""
    asked = {name: request.GET.get(name, "")[:100] for name in ("state", "q")}
    known = asked["state"] in set(CheckState)
    states = (CheckState(asked["state"]),) if known else ()
    return CheckFilter(states=states, q=asked["q"]), asked


def _shown(row: ExceptionRow, visit: Visit) -> Shown:
    span = row.decide_by - visit.now
    is_open = row.state in WAITS and span.total_seconds() > 0
    if not is_open:
        left = words.CHECK_EXCEPTION[row.state]
    else:
        kind = "bad" if span.total_seconds() <= _SOON else "warn"
        left = Status(kind=kind, icon="clock", word=f"{spoken(span)} left")
    refused = rights.why_not_decide_check(visit.member, row.touched())
    undo = row.state is ExceptionState.DECIDED and row.decision_file_id is None
    return Shown(
        row=row,
        why=words.CHECK_WHY[row.why],
        until=_clock(row),
        left=left,
        refused=refused,
        open=is_open,
        undo=undo and not refused and span.total_seconds() > 0,
    )


def _clock(row: ExceptionRow) -> str:
    there = row.decide_by.astimezone(ZoneInfo(row.time_zone))
    return f"{there:%H:%M} {row.time_zone} on {there.day} {there:%b} ({row.decide_by:%H:%M} UTC)"


def _line(row: CheckRow, visit: Visit) -> Line:
    may = rights.may_cancel(visit.member)
    return Line(
        row=row,
        may_void=may and CHECK.allows(row.state, CheckMove.ASK_VOID),
        may_stop=may and CHECK.allows(row.state, CheckMove.ASK_STOP),
        may_tell=may and (bool(row.not_in_file) or row.unconfirmed),
    )
