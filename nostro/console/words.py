"""How the console says things: each state as colour, icon and word; counts, lists and sums."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from nostro.domain.attempt import AttemptState, Verdict
from nostro.domain.case import CaseKind, CaseState
from nostro.domain.change_request import RequestState
from nostro.domain.check_exception import ExceptionState, Why
from nostro.domain.check_state import CheckState
from nostro.domain.freeze import FreezeCause, FreezeScope
from nostro.domain.match import MatchState
from nostro.domain.money import Money
from nostro.domain.operator_evidence import NEEDS_TWO, EvidenceKind, EvidenceState
from nostro.domain.order import OrderState
from nostro.domain.payee_change import ChangeState
from nostro.domain.payment import Rail
from nostro.domain.policies.recall import RecallReason
from nostro.domain.statement import BalanceType, Closing, EntryStatus, ReportKind
from nostro.domain.submission import SubmissionState
from nostro.storage.pages.payments import Standing
from nostro.storage.submissions import (
    CHECK_DECISIONS,
    CHECKS,
    PAYMENTS,
    POSTINGS,
    RECALLS,
    REVERSALS,
)

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
    CaseKind.PAYEE: Status(kind=_WARN, icon=_ALERT, word="Name of a payee"),
    CaseKind.CONTROL: Status(kind=_WARN, icon=_ALERT, word="Control overdue"),
    CaseKind.CHECK: Status(kind=_WARN, icon=_ALERT, word="Check"),
    CaseKind.CONNECTION: Status(kind=_WARN, icon=_ALERT, word="Connection"),
    CaseKind.ACCESS: Status(kind=_BAD, icon=_ALERT, word="Unusual access"),
}
CHECK: Final = {
    CheckState.ISSUED: Status(kind=_INFO, icon=_WAIT, word="Issued"),
    CheckState.TOLD: Status(kind=_OK, icon=_SEND, word="Known to the bank"),
    CheckState.VOID_ASKED: Status(kind=_WARN, icon=_WAIT, word="To be void"),
    CheckState.VOID: Status(kind=_MUT, icon=_OFF, word="Void"),
    CheckState.STOP_ASKED: Status(kind=_WARN, icon=_WAIT, word="To be stopped"),
    CheckState.STOPPED: Status(kind=_MUT, icon="octagon-pause", word="Stopped"),
    CheckState.STALE: Status(kind=_WARN, icon="timer", word="Stale"),
    CheckState.PAID: Status(kind=_OK, icon="check-check", word="Paid"),
    CheckState.RETURNED: Status(kind=_WARN, icon=_BACK, word="Returned"),
}
CHECK_EXCEPTION: Final = {
    ExceptionState.OPEN: Status(kind=_WARN, icon="clock", word="To be decided"),
    ExceptionState.PROPOSED: Status(kind=_WARN, icon="users", word="Needs a second person"),
    ExceptionState.DECIDED: Status(kind=_INFO, icon=_WAIT, word="Decided"),
    ExceptionState.TOLD: Status(kind=_OK, icon=_DONE, word="The bank knows"),
    ExceptionState.DEFAULTED: Status(kind=_BAD, icon="timer", word="Nobody decided in time"),
    ExceptionState.PAID: Status(kind=_OK, icon="check-check", word="Paid"),
}
CHECK_WHY: Final = {
    Why.NOT_ISSUED: "Not issued by us",
    Why.AMOUNT_DIFFERS: "Another amount",
    Why.PAYEE_DIFFERS: "Another payee",
    Why.STALE: "Stale",
    Why.VOID: "Void",
    Why.STOPPED: "Stopped",
    Why.DUPLICATE: "Paid before",
    Why.OTHER: "The bank's own reason",
}
MATCH: Final = {
    MatchState.UNMATCHED: Status(kind=_WARN, icon=_OPEN, word="Not matched"),
    MatchState.SUGGESTED: Status(kind=_INFO, icon=_ASK, word="Suggested"),
    MatchState.AMBIGUOUS: Status(kind=_WARN, icon=_ASK, word="Several fit"),
    MatchState.TENTATIVE: Status(kind=_INFO, icon=_WAIT, word="Announced"),
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
VERDICT: Final = {
    Verdict.APPLIED: Status(kind=_OK, icon=_DONE, word="Applied"),
    Verdict.KEPT: Status(kind=_MUT, icon=_OPEN, word="Kept, changed nothing"),
    Verdict.CONTRADICTS: Status(kind=_BAD, icon=_ALERT, word="Contradicts"),
}
STATED: Final = {
    EvidenceState.PROPOSED: Status(kind=_WARN, icon="users", word="Needs a second person"),
    EvidenceState.CONFIRMED: Status(kind=_OK, icon=_DONE, word="Counts"),
    EvidenceState.REFUSED: Status(kind=_MUT, icon=_WRONG, word="Not relied on"),
    EvidenceState.WITHDRAWN: Status(kind=_MUT, icon=_WRONG, word="Withdrawn"),
}
CHANGE: Final = {
    ChangeState.PROPOSED: Status(kind=_WARN, icon="users", word="Waits for a decision"),
    ChangeState.ACCEPTED: Status(kind=_OK, icon=_DONE, word="Accepted"),
    ChangeState.REFUSED: Status(kind=_MUT, icon=_WRONG, word="Refused"),
}
REQUEST: Final = {
    RequestState.ASKED: Status(kind=_WARN, icon="users", word="Waits for agreement"),
    RequestState.APPLIED: Status(kind=_OK, icon=_DONE, word="Made"),
    RequestState.REFUSED: Status(kind=_MUT, icon=_WRONG, word="Refused"),
    RequestState.WITHDRAWN: Status(kind=_MUT, icon=_BACK, word="Taken back"),
    RequestState.EXPIRED: Status(kind=_MUT, icon="timer", word="Nobody decided in time"),
}
TABLES: Final[Mapping[str, Mapping[Any, Status]]] = {
    "change": CHANGE,
    "request": REQUEST,
    "order": ORDER,
    "attempt": ATTEMPT,
    "submission": SUBMISSION,
    "case": CASE,
    "check": CHECK,
    "check_exception": CHECK_EXCEPTION,
    "case_kind": CASE_KIND,
    "match": MATCH,
    "closing": CLOSING,
    "entry": ENTRY,
    "verdict": VERDICT,
    "stated": STATED,
}


RAILS: Final = {
    Rail.SEPA_CREDIT_TRANSFER: "SEPA",
    Rail.SEPA_INSTANT: "SEPA instant",
    Rail.CROSS_BORDER_TRANSFER: "Cross-border",
    Rail.ACH_CCD: "ACH, company (CCD)",
    Rail.ACH_CTX: "ACH, company (CTX)",
    Rail.ACH_PPD: "ACH, person (PPD)",
    Rail.FEDWIRE: "Fedwire",
    Rail.RTP: "RTP",
    Rail.FEDNOW: "FedNow",
    Rail.BACS: "Bacs",
    Rail.FASTER_PAYMENTS: "Faster Payments",
    Rail.CHAPS: "CHAPS",
    Rail.CHECK: "Cheque",
    Rail.PSP_PAYOUT: "PSP payout",
    Rail.TREASURY_HUB: "Treasury hub",
}

EVIDENCE_KINDS: Final[Mapping[EvidenceKind, str]] = {
    EvidenceKind.BANK_HAS_IT: "The bank has it",
    EvidenceKind.BANK_NEVER_HAD_IT: "The bank never had it",
    EvidenceKind.BANK_EXECUTED_IT: "The bank executed it",
    EvidenceKind.BANK_REJECTED_IT: "The bank rejected it",
    EvidenceKind.BANK_STOPPED_IT: "The bank stopped it",
}
RECALL_REASONS: Final[Mapping[RecallReason, str]] = {
    RecallReason.DUPLICATE: "Duplicate: it was paid before",
    RecallReason.FRAUD: "Fraud",
    RecallReason.WRONG_ACCOUNT: "Wrong account",
    RecallReason.WRONG_AMOUNT: "Wrong amount",
    RecallReason.TECHNICAL: "Technical error",
    RecallReason.CUSTOMER: "We changed our mind",
}
SCOPES: Final[Mapping[FreezeScope, str]] = {
    FreezeScope.CUSTOMER: "Everything",
    FreezeScope.CONNECTION: "Bank",
    FreezeScope.ENTITY: "Entity",
    FreezeScope.ACCOUNT: "Account",
    FreezeScope.PAYEE: "Payee",
}
CAUSES: Final[Mapping[FreezeCause, str]] = {
    FreezeCause.PERSON: "by a person",
    FreezeCause.RESTORE: "after a restore from backup",
    FreezeCause.RETURN: "because money came back",
}
# Nacha Operating Rules, appendix five: what a notification of change corrects.
CORRECTED: Final[Mapping[str, str]] = {
    "C01": "account number",
    "C02": "routing number",
    "C03": "routing and account number",
    "C04": "name",
    "C05": "kind of account",
    "C06": "account number and kind of account",
    "C07": "routing number, account number and kind of account",
    "C08": "receiving bank",
    "C09": "identification number",
}
ORIGINS: Final[Mapping[str, str]] = {
    "nacha_noc": "Notification of change from the bank",
    "payments": "Payments that name another account",
    "person": "A person",
}
# Parts of bank details, in the order in which they are compared.
DETAILS: Final[Mapping[str, str]] = {
    "iban": "IBAN",
    "account": "Account number",
    "bank_code": "Routing number",
    "bic": "BIC",
    "name": "Name",
    "identification": "Identification",
    "transaction_code": "Kind of account",
}
PURPOSES: Final[Mapping[str, str]] = {
    PAYMENTS: "Payments",
    RECALLS: "Request to give back",
    REVERSALS: "Reversal",
    POSTINGS: "Journals for the ERP",
    CHECKS: "Issued checks",
    CHECK_DECISIONS: "Decisions on checks",
}
# Codes of a bank's word, where it is not the code itself that people read.
FACT_KINDS: Final[Mapping[str, str]] = {
    "pain_002": "status report",
    "camt_054": "notice of booking",
    "camt_053": "statement",
    "camt_052": "intraday report",
    "camt_029": "answer to a recall",
    "operator": "stated by a person",
}

# The filters of the payments list, as they are called on the page.
FILTERS: Final[Mapping[str, str]] = {
    "state": "State",
    "q": "Text",
    "account": "From account",
    "bank": "Bank",
    "payee": "Payee",
    "currency": "Currency",
    "from": "Pay on or after",
    "to": "Pay on or before",
    "least": "At least",
    "most": "At most",
    "case": "With an open case",
    "run": "Run",
}

REPORT_KINDS: Final[Mapping[str, str]] = {
    ReportKind.PREVIOUS_DAY: "end of day",
    ReportKind.INTRADAY: "during the day",
    ReportKind.REAL_TIME: "as it happens",
    ReportKind.NOTIFICATION: "notice",
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


def evidence_kinds(kinds: Iterable[EvidenceKind]) -> list[tuple[EvidenceKind, str, bool]]:
    """What may be stated, in words, and whether a second person has to confirm it."""
    return [(kind, EVIDENCE_KINDS[kind], kind in NEEDS_TWO) for kind in kinds]


def stopped(scope: FreezeScope, name: str) -> str:
    """What a stop is about: `bank “Nordhaven”`, `all payments`."""
    if scope is FreezeScope.CUSTOMER:
        return "all payments"
    return f"{SCOPES[scope].lower()} “{name}”"


def initials(name: str) -> str:
    parts = name.split()
    return "".join(part[0] for part in (parts[:1] + parts[1:][-1:])).upper()


def phrase(text: str) -> str:
    """A stage or a code of ours, as people write it."""
    return text.replace("_", " ").capitalize()


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
