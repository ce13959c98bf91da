"""How the console says things: each state as colour, icon and word; counts, lists and sums."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from nostro.domain.attempt import AttemptState
from nostro.domain.case import CaseKind, CaseState
from nostro.domain.match import MatchState
from nostro.domain.money import Money
from nostro.domain.order import OrderState
from nostro.domain.payment import Rail
from nostro.domain.statement import BalanceType, Closing, EntryStatus, ReportKind
from nostro.domain.submission import SubmissionState
from nostro.storage.pages.payments import Standing

NO_BREAK: Final = "\u00a0"


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """`kind` is one of ok, warn, bad, info, mut; `icon` a name in icons.svg."""

    kind: str
    icon: str
    word: str


_OK, _WARN, _BAD, _INFO, _MUT = "ok", "warn", "bad", "info", "mut"
_DONE, _WAIT, _ALERT, _WRONG, _OPEN, _SEND, _ASK, _BACK, _OFF = (
    "circle-check",
    "clock",
    "triangle-alert",
    "circle-x",
    "circle-dashed",
    "send",
    "circle-help",
    "undo-2",
    "minus",
)

ORDER: Final = {
    OrderState.DRAFT: Status(kind=_MUT, icon="pencil", word="Draft"),
    OrderState.VALIDATED: Status(kind=_MUT, icon=_OPEN, word="Checked"),
    OrderState.HELD: Status(kind=_WARN, icon="pause", word="Held"),
    OrderState.AWAITING_APPROVAL: Status(kind=_INFO, icon=_WAIT, word="Waiting for approval"),
    OrderState.APPROVED: Status(kind=_INFO, icon="check-check", word="Approved"),
    OrderState.SCHEDULED: Status(kind=_INFO, icon="calendar", word="Scheduled"),
    OrderState.IN_FLIGHT: Status(kind=_INFO, icon=_SEND, word="On its way"),
    OrderState.EXECUTED: Status(kind=_OK, icon=_DONE, word="Executed by the bank"),
    OrderState.SETTLED: Status(kind=_OK, icon="check-check", word="Settled"),
    OrderState.INVALID: Status(kind=_BAD, icon=_WRONG, word="Invalid"),
    OrderState.DENIED: Status(kind=_BAD, icon=_WRONG, word="Denied"),
    OrderState.CANCELLED: Status(kind=_MUT, icon=_OFF, word="Cancelled"),
    OrderState.EXPIRED: Status(kind=_MUT, icon="timer", word="Expired"),
    OrderState.REJECTED: Status(kind=_BAD, icon=_WRONG, word="Rejected by the bank"),
    OrderState.FAILED: Status(kind=_BAD, icon=_WRONG, word="Failed"),
    OrderState.RETURNED: Status(kind=_WARN, icon=_BACK, word="Returned"),
    OrderState.PARTIALLY_RETURNED: Status(kind=_WARN, icon=_BACK, word="Partly returned"),
    OrderState.RECALLED: Status(kind=_WARN, icon=_BACK, word="Recalled"),
}
ATTEMPT: Final = {
    AttemptState.PREPARED: Status(kind=_MUT, icon=_OPEN, word="Prepared"),
    AttemptState.DISPATCHING: Status(kind=_INFO, icon=_SEND, word="Being sent"),
    AttemptState.UNKNOWN: Status(kind=_WARN, icon=_ASK, word="Outcome unknown"),
    AttemptState.DELIVERED: Status(kind=_INFO, icon=_SEND, word="Delivered"),
    AttemptState.RECEIVED: Status(kind=_INFO, icon="inbox", word="Received by the bank"),
    AttemptState.ACCEPTED: Status(kind=_INFO, icon=_DONE, word="Accepted by the bank"),
    AttemptState.PENDING_AT_BANK: Status(kind=_INFO, icon=_WAIT, word="Pending at the bank"),
    AttemptState.EXECUTED: Status(kind=_OK, icon=_DONE, word="Executed by the bank"),
    AttemptState.NOT_DELIVERED: Status(kind=_BAD, icon=_WRONG, word="Not delivered"),
    AttemptState.REJECTED: Status(kind=_BAD, icon=_WRONG, word="Rejected by the bank"),
    AttemptState.CANCELLED_STOP: Status(kind=_MUT, icon=_OFF, word="Stopped"),
    AttemptState.CANCELLED_REROUTE: Status(
        kind=_MUT, icon="split", word="Taken back for another route"
    ),
    AttemptState.RETURNED: Status(kind=_WARN, icon=_BACK, word="Returned"),
}
SUBMISSION: Final = {
    SubmissionState.BUILT: Status(kind=_MUT, icon="file-text", word="File written"),
    SubmissionState.SIGNED: Status(kind=_MUT, icon="shield-check", word="Signed"),
    SubmissionState.DISPATCHING: Status(kind=_INFO, icon=_SEND, word="Being sent"),
    SubmissionState.UNKNOWN: Status(kind=_WARN, icon=_ASK, word="Outcome unknown"),
    SubmissionState.NOT_DELIVERED: Status(kind=_WARN, icon=_ALERT, word="Not delivered yet"),
    SubmissionState.DELIVERED: Status(kind=_INFO, icon=_SEND, word="Delivered"),
    SubmissionState.ACKNOWLEDGED: Status(kind=_OK, icon=_DONE, word="Acknowledged"),
    SubmissionState.REFUSED: Status(kind=_BAD, icon=_WRONG, word="Refused"),
    SubmissionState.ABANDONED: Status(kind=_MUT, icon=_OFF, word="Given up"),
}
CASE: Final = {
    CaseState.OPEN: Status(kind=_WARN, icon="inbox", word="Open"),
    CaseState.WAITING: Status(kind=_INFO, icon="hourglass", word="Waiting for an answer"),
    CaseState.RESOLVED: Status(kind=_OK, icon=_DONE, word="Resolved"),
}
CASE_KIND: Final = {
    CaseKind.ENQUIRY: Status(kind=_WARN, icon=_ASK, word="Outcome unknown"),
    CaseKind.REJECTION: Status(kind=_BAD, icon=_WRONG, word="Rejected payment"),
    CaseKind.RETURN: Status(kind=_WARN, icon=_BACK, word="Returned payment"),
    CaseKind.RECALL: Status(kind=_INFO, icon=_BACK, word="Recall"),
    CaseKind.REVERSAL: Status(kind=_INFO, icon=_BACK, word="Reversal"),
    CaseKind.CORRECTION: Status(kind=_WARN, icon="file-text", word="Correction of bank details"),
    CaseKind.CONTRADICTION: Status(kind=_BAD, icon=_ALERT, word="Contradiction"),
    CaseKind.STATEMENT: Status(kind=_WARN, icon="file-text", word="Statement"),
    CaseKind.DIFFERENCE: Status(kind=_WARN, icon="git-compare", word="Difference"),
    CaseKind.CONNECTION: Status(kind=_WARN, icon=_ALERT, word="Connection"),
}
MATCH: Final = {
    MatchState.UNMATCHED: Status(kind=_WARN, icon=_OPEN, word="Not matched"),
    MatchState.TENTATIVE: Status(kind=_INFO, icon=_WAIT, word="Suggested"),
    MatchState.MATCHED: Status(kind=_OK, icon=_DONE, word="Matched"),
}
CLOSING: Final = {
    Closing.CLOSES: Status(kind=_OK, icon=_DONE, word="Closes"),
    Closing.DOES_NOT_CLOSE: Status(kind=_BAD, icon=_WRONG, word="Does not close"),
    Closing.NOT_CHECKABLE: Status(kind=_WARN, icon=_ASK, word="Cannot be checked"),
}
ENTRY: Final = {
    EntryStatus.BOOK: Status(kind=_OK, icon=_DONE, word="Booked"),
    EntryStatus.PDNG: Status(kind=_INFO, icon=_WAIT, word="Pending"),
    EntryStatus.INFO: Status(kind=_MUT, icon=_OPEN, word="For information"),
    EntryStatus.FUTR: Status(kind=_MUT, icon="calendar", word="Future"),
}
TABLES: Final[Mapping[str, Mapping[Any, Status]]] = {
    "order": ORDER,
    "attempt": ATTEMPT,
    "submission": SUBMISSION,
    "case": CASE,
    "case_kind": CASE_KIND,
    "match": MATCH,
    "closing": CLOSING,
    "entry": ENTRY,
}


RAILS: Final = {
    Rail.SEPA_CREDIT_TRANSFER: "SEPA",
    Rail.CROSS_BORDER_TRANSFER: "Cross-border",
}

REPORT_KINDS: Final[Mapping[str, str]] = {
    ReportKind.PREVIOUS_DAY: "end of day",
    ReportKind.INTRADAY: "during the day",
    ReportKind.REAL_TIME: "as it happens",
}
BALANCE_CODES: Final[Mapping[str, str]] = {
    BalanceType.CLBD: "closing booked",
    BalanceType.ITBD: "interim booked",
    BalanceType.OPBD: "opening booked",
    BalanceType.PRCD: "previous closing",
}


def shown(table: str, state: str) -> Status:
    """How a state is shown; a word we do not know is shown as it is."""
    known = TABLES[table].get(state)
    return known or Status(kind=_MUT, icon=_ASK, word=state.replace("_", " ").capitalize())


def status_of(state: OrderState, standing: Standing) -> Status:
    """A payment on its way is shown by what its bank said, when that tells more."""
    if state is OrderState.IN_FLIGHT and standing.attempt:
        return ATTEMPT[standing.attempt]
    return ORDER[state]


def match_status(state: MatchState) -> Status:
    return MATCH[state]


def verdict_status(verdict: str) -> Status:
    """Whether a statement closes: opening plus entries equals closing."""
    return shown("closing", verdict)


def rail_word(rail: str) -> str:
    return RAILS.get(Rail(rail), rail) if rail else "No route yet"


def several(count: int, one: str, many: str = "") -> str:
    """1 payment, 2 payments, 3,000 entries."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def listed(parts: Sequence[str]) -> str:
    """One, two and three."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def money(amount: Money) -> str:
    """1,234.50 EUR with a true minus; no line break inside."""
    return f"{amount.grouped()}{NO_BREAK}{amount.currency}"


def sums(amounts: Iterable[Money]) -> str:
    """Sums of several currencies side by side, never added."""
    return listed([money(amount) for amount in amounts])
