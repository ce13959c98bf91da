"""Where one payment is: its steps, a plain sentence for now, and what happens next."""

from __future__ import annotations

from datetime import date, datetime

import msgspec

from nostro.console import words
from nostro.domain.attempt import AttemptState
from nostro.domain.case import CaseKind
from nostro.domain.event import Event
from nostro.domain.journal import BusinessEvent, PostingOwner
from nostro.domain.order import OrderState
from nostro.domain.submission import SubmissionState
from nostro.storage.dossier import DispatchRow
from nostro.storage.pages.trace import Trace
from nostro.workflows import approval_outlook

_S, _A = OrderState, AttemptState


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One stop on the way. `state` is done, wait, stop or ahead."""

    title: str
    detail: str
    at: datetime | None
    state: str


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where it is, in a sentence; what happens next; and whether a person should be alarmed."""

    now: str
    next: str
    alarm: str = ""  # "warn" or "bad": shown as a banner.


class Coming(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happens by itself, or ends, at a known time: a day or a moment."""

    what: str
    at: datetime | None = None
    on: date | None = None


_ENDED = {
    _S.DENIED: "It was denied and will never be sent.",
    _S.CANCELLED: "It was cancelled and was not paid.",
    _S.EXPIRED: "Its latest date passed before it could be sent. It was not paid.",
    _S.INVALID: "It breaks a rule and was not taken.",
    _S.RETURNED: "The money came back.",
    _S.PARTIALLY_RETURNED: "Part of the money came back.",
    _S.RECALLED: "It was paid and then recalled.",
}
_NEVER_SENT = (_S.DENIED, _S.CANCELLED, _S.EXPIRED, _S.INVALID)
_AT_BANK = {
    _A.DISPATCHING: "Its file is being handed to {bank} right now.",
    _A.DELIVERED: "{bank} has the file and has not answered yet.",
    _A.RECEIVED: "{bank} has received it and is checking it.",
    _A.ACCEPTED: "{bank} has accepted it and is executing it.",
    _A.PENDING_AT_BANK: "{bank} has it and waits for something more before it executes.",
}


def last_attempt(told: Trace) -> DispatchRow | None:
    return told.dossier.attempts[-1] if told.dossier.attempts else None


def place(told: Trace) -> Place:
    """The sentence at the top of the page."""
    payment, bank = told.dossier.payment, told.bank or "the bank"
    if payment.state is _S.HELD:
        return Place(
            now=" ".join(payment.held_for) or "A person must look at it first.",
            next="An approver who did not make it releases the hold with a reason, or denies it."
            " Then others than who made it approve it.",
            alarm="warn",
        )
    if payment.state is _S.AWAITING_APPROVAL:
        ahead = approval_outlook.of_payment(told.dossier)
        given = f"{words.listed(payment.approved_by)} approved it. " if payment.approved_by else ""
        return Place(
            now=f"{given}It waits for {approval_outlook.waited_for(ahead)}.",
            next=f"Then it is placed in a file for {bank}, and everything in the file is compared"
            " with what was approved.",
        )
    if payment.state in (_S.APPROVED, _S.SCHEDULED):
        return Place(
            now="It is approved and ready to be sent.",
            next=f"It leaves for {bank} with the next file of this account.",
        )
    if payment.state in _ENDED:
        reason = next((line.event.data.get("text") for line in reversed(told.story)
                       if line.event.data.get("text")), "")  # fmt: skip
        return Place(now=_ENDED[payment.state] + (f" Reason: {reason}." if reason else ""), next="")
    return _with_bank(told, bank)


def _with_bank(told: Trace, bank: str) -> Place:
    state, attempt = told.dossier.payment.state, last_attempt(told)
    if state is _S.SETTLED:
        return _settled(told, bank)
    if state is _S.EXECUTED:
        return Place(
            now=f"{bank} says it executed it. No statement shows it in cash yet.",
            next="It is settled when a booked statement line is matched to it.",
        )
    if state in (_S.REJECTED, _S.FAILED):
        reason = f"{attempt.reason} {attempt.reason_text}".strip() if attempt else ""
        verb = "rejected it" if state is _S.REJECTED else "never got it"
        return Place(
            now=f"{bank} {verb}{': ' + reason if reason else ''}. It was not paid.",
            next="The ERP is told to take it back. Correct it there and pay again, or leave it.",
            alarm="bad",
        )
    if attempt and attempt.state is _A.UNKNOWN:
        return _unknown(told, bank)
    if attempt and attempt.state in _AT_BANK:
        return Place(
            now=_AT_BANK[attempt.state].format(bank=bank),
            next="Its answer and the statement are collected by themselves.",
        )
    return Place(now="It is on its way.", next="")


def _settled(told: Trace, bank: str) -> Place:
    if not told.lines and told.dossier.attempts:
        return Place(
            now="Paid. The line that settles it is not shown to you: it was booked together with"
            " what is confidential.",
            next="",
        )
    if not told.lines:
        return Place(now="It was paid before nostro kept statements.", next="")
    line = told.lines[0]
    booked = f" on {line.booked:%-d %B %Y}" if line.booked else ""
    journal = "Its journal is written for the ERP." if told.journals else ""
    return Place(
        now=f"Paid. {bank} booked it{booked}, line {line.line} of statement {line.statement_name}.",
        next=journal,
    )


def _unknown(told: Trace, bank: str) -> Place:
    sent = told.sent[-1] if told.sent else None
    asked = f" Asked {words.several(sent.enquiries, 'time')} so far." if sent else ""
    due = sent.next_action_at if sent else None
    when = f" Next question {due:%-d %b, %H:%M} UTC." if due else ""
    return Place(
        now="The connection was lost while its file was handed over. It will not be sent again.",
        next=f"We ask {bank} whether it has the file.{asked}{when} At worst its statement tells.",
        alarm="warn",
    )


_OPEN_ENDED = (_S.DRAFT, _S.VALIDATED, _S.HELD, _S.AWAITING_APPROVAL, _S.APPROVED, _S.SCHEDULED)


def coming(told: Trace) -> list[Coming]:
    """What is due, the next first: enquiries, answers, terms of cases, last days."""
    found = [
        Coming(what=f"{words.CASE_KIND[kind].word}: a person acts until then", at=row.due_at)
        for row in told.cases
        if (kind := CaseKind(row.kind))
    ]
    leaving = told.dossier.payment.state in (_S.SCHEDULED, _S.IN_FLIGHT)
    sent = told.sent[-1] if told.sent and leaving else None
    if sent and sent.next_action_at:
        lost = sent.state == SubmissionState.UNKNOWN
        what = f"{told.bank or 'The bank'} is asked again" if lost else "The file is attended to"
        found.append(Coming(what=what, at=sent.next_action_at))
    if sent and sent.answer_due_at:
        found.append(Coming(what="The bank's answer is due", at=sent.answer_due_at))
    found.sort(key=lambda one: str(one.at))
    if told.dossier.payment.state in _OPEN_ENDED:
        found.append(Coming(what="Latest day on which it may be paid", on=told.dossier.latest_date))
    if told.finality_until:
        found.append(Coming(what="Could come back until", on=told.finality_until))
    return found


def steps(told: Trace) -> list[Step]:
    """The seven stops from the ERP to the cash and back."""
    found = (_source, _checked, _approved, _sent, _bank, _cash, _posted)
    return [stop(told) for stop in found]


def _source(told: Trace) -> Step:
    payment = told.dossier.payment
    detail = payment.source_reference
    if told.source:
        detail = f"Run {told.source.reference}, line {told.source.line}"
    return Step(title=payment.source.upper(), detail=detail, at=payment.created_at, state="done")


def _checked(told: Trace) -> Step:
    state = told.dossier.payment.state
    at = _when(told, "order.checked") or told.dossier.payment.created_at
    if state is _S.HELD:
        return Step(title="Held", detail="a person must look", at=at, state="wait")
    if state is _S.INVALID:
        return Step(title="Invalid", detail="breaks a rule", at=at, state="stop")
    released = [view.hold for view in told.holds if view.hold.closed_at]
    if released and state is not _S.DENIED:
        by = released[-1].closed_by
        return Step(
            title="Hold released", detail=f"by {by}", at=released[-1].closed_at, state="done"
        )
    return Step(title="Checks passed", detail="payee, duplicate, form", at=at, state="done")


def _needed(told: Trace) -> int:
    return approval_outlook.of_payment(told.dossier).needed


def _approved(told: Trace) -> Step:
    payment = told.dossier.payment
    given = [row for row in told.dossier.approvals if row.voided_at is None]
    names = ", ".join(_short_name(row.person_name) for row in given)
    if payment.state is _S.DENIED:
        at = payment.state_since
        return Step(title="Denied", detail="will not be sent", at=at, state="stop")
    if payment.state in (_S.HELD, _S.VALIDATED, _S.DRAFT, _S.INVALID):
        return Step(
            title="Approval",
            detail=words.several(_needed(told), "person", "people"),
            at=None,
            state="ahead",
        )
    if payment.state is _S.AWAITING_APPROVAL:
        detail = f"{len(given)} of {_needed(told)}" + (f", {names}" if names else "")
        return Step(title="Approval", detail=detail, at=None, state="wait")
    if not given:
        return Step(title="Approved", detail="before nostro", at=None, state="done")
    return Step(title="Approved", detail=names, at=given[-1].approved_at, state="done")


def _short_name(name: str) -> str:
    """`P. de Vries`."""
    first, _, rest = name.partition(" ")
    return f"{first[:1]}. {rest}" if rest else first


def _sent(told: Trace) -> Step:
    attempt = last_attempt(told)
    if attempt is None:
        done = told.dossier.payment.state is _S.SETTLED
        return Step(
            title="Sent", detail="before nostro" if done else "pain.001", at=None,
            state="done" if done else "ahead",
        )  # fmt: skip
    at = _when(told, "submission.moved", "dispatching")
    if attempt.submission_state == SubmissionState.UNKNOWN:
        return Step(title="Sent", detail="connection lost", at=at, state="wait")
    waiting = attempt.submission_state in (SubmissionState.BUILT, SubmissionState.DISPATCHING)
    return Step(title="Sent", detail=f"to {told.bank}", at=at, state="wait" if waiting else "done")


_ANSWERED = (_A.RECEIVED, _A.ACCEPTED, _A.PENDING_AT_BANK, _A.EXECUTED, _A.RETURNED)


def _bank(told: Trace) -> Step:
    attempt, title = last_attempt(told), told.bank or "Bank"
    if attempt is None:
        done = told.dossier.payment.state is _S.SETTLED
        return Step(title=title, detail="", at=None, state="done" if done else "ahead")
    if attempt.state is _A.REJECTED:
        detail = f"rejected, {attempt.reason}" if attempt.reason else "rejected"
        return Step(title=title, detail=detail, at=attempt.state_since, state="stop")
    if attempt.state in _ANSWERED:
        detail = words.ATTEMPT[attempt.state].word.lower()
        return Step(title=title, detail=detail, at=attempt.state_since, state="done")
    return Step(title=title, detail="no answer yet", at=None, state="wait")


def _cash(told: Trace) -> Step:
    booked = [line for line in told.lines if line.match_state == "matched"]
    if booked:
        day = f"{booked[0].booked:%-d %b %Y}" if booked[0].booked else ""
        detail = f"booked {day}".strip()
        return Step(title="In cash", detail=detail, at=booked[0].decided_at, state="done")
    if told.dossier.payment.state is _S.SETTLED:
        detail = "line not shown to you" if told.dossier.attempts else "before nostro"
        return Step(title="In cash", detail=detail, at=None, state="done")
    ended = told.dossier.payment.state in (_S.REJECTED, _S.FAILED, *_NEVER_SENT)
    detail = "nothing was paid" if ended else "statement line"
    return Step(title="In cash", detail=detail, at=None, state="ahead")


def _posted(told: Trace) -> Step:
    title = "Posted"
    rejected = [row for row in told.journals if row.event is BusinessEvent.PAYMENT_REJECTED]
    settled = [row for row in told.journals if row.event is BusinessEvent.PAYMENT_SETTLED]
    journal = next(iter(reversed(rejected or settled)), None)
    at = _when(told, "journal.written")
    if journal is None:
        done = told.dossier.payment.state is _S.SETTLED and not told.dossier.attempts
        detail = "before nostro" if done else "journal for the ERP"
        return Step(title=title, detail=detail, at=None, state="done" if done else "ahead")
    if rejected:
        return Step(title="Taken back", detail="reversal for the ERP", at=at, state="done")
    detail = "by the ERP itself" if journal.owner is PostingOwner.ERP else journal.reference
    return Step(title=title, detail=detail, at=at, state="done")


def _when(told: Trace, kind: str, state_after: str = "") -> datetime | None:
    """When an event of this kind last happened in the story."""
    found = (
        line.at
        for line in reversed(told.story)
        if line.event.type == kind
        and (not state_after or line.event.data.get("state_after") == state_after)
    )
    return next(found, None)


# Steps on the way that matter only to who looks for a fault.
_MINOR = {"submission.built", "submission.moved", "order.placed_in_file"}
_PASSING = {"dispatching", "delivered", "received", "scheduled", "executed", "validated"}


def is_key(event: Event) -> bool:
    if event.data.get("state_after") in ("unknown", "refused", "not_delivered", "abandoned"):
        return True
    if event.type in _MINOR:
        return False
    return event.data.get("state_after") not in _PASSING


def colour(event: Event) -> str:
    """The dot in the timeline: w for a wait, b for a stop, n for a note, nothing for done."""
    after = str(event.data.get("state_after", ""))
    if after in ("rejected", "failed", "denied", "refused", "returned", "expired", "invalid"):
        return "b"
    if after in ("unknown", "held", "pending_at_bank") or event.data.get("findings"):
        return "w"
    return "n" if event.type.startswith(("submission.", "journal.")) else ""
