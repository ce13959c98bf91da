"""Everything that goes wrong in the simulation, by name and in words."""

from __future__ import annotations

from enum import StrEnum


class Fault(StrEnum):
    # The way to the bank: one of these befalls one send.
    REQUEST_LOST = "the request is lost; the sender hears nothing"
    ACK_LOST = "the bank takes the file, its acknowledgement is lost"
    HALF_OPEN = "the bank takes the file, the connection hangs until the sender gives up"
    SERVER_ERROR = "a 5xx, after which the bank has the file or has not"
    THROTTLED = "429 with a pause, nothing was done"
    CONNECT_REFUSED = "nobody listens"
    REFUSED_WHOLE = "a definite no to the file"
    SLOW_SEND = "the hand-over works but outlives the patience of everybody else"
    BYTES_LATE = "the connection is cut, and the bytes arrive minutes later all the same"
    # Our own machines.
    KILLED_BEFORE_INTENT = "a worker is killed just before its intent is committed"
    KILLED_AFTER_INTENT = "a worker is killed between its intent and the first byte"
    KILLED_AFTER_SEND = "a worker is killed when the bank has answered it"
    KILLED_BEFORE_OUTCOME = "a worker is killed just before the outcome is committed"
    KILLED_WHILE_ASKING = "a worker is killed when it has the answer to an enquiry"
    KILLED_UNDERSTANDING = "a worker is killed just before a bank's message counts"
    SENDER_SLEEPS = "a worker stands still for hours between its intent and the first byte"
    ANSWER_SLEEPS = "a worker stands still for an hour between the bank's answer and its commit"
    DATABASE_CRASH = "the database dies: what was not committed is gone, and every worker with it"
    WAKE_UP_LOST = "a wake-up is lost"
    WAKE_UP_TWICE = "a wake-up comes twice"
    TWO_WORKERS = "two workers are woken for one file at the same moment"
    CLOCK_FORWARD = "our clock jumps ahead by hours"
    CLOCK_BACK = "our clock is set back by hours"
    RESTORED = "the database is restored to an older state; quarantine follows"
    # What the bank says.
    REPORT_TWICE = "every report comes twice"
    REPORTS_MIXED = "reports come in another order"
    REPORTS_LATE = "reports come days late"
    WRONG_WORD = "a report has a status word that nobody knows"
    UNKNOWN_MESSAGE = "a report is about a message that is not ours"
    REJECTED_AFTER_EXECUTED = "executed, says the bank, and then: rejected"
    BOOKED_AFTER_REJECTED = "rejected, says the bank, and books it all the same"
    PARTIAL = "the bank rejects some payments of the file"
    CALLED_DUPLICATE = "the bank calls payments duplicates (AM05)"
    SILENT = "the bank never says anything"
    EARLY_NO = "for minutes the bank says that it never had what it has"
    ALWAYS_NO = "the bank's enquiry desk never has a file, although its statement names it"
    ENQUIRY_FAILS = "enquiries are not answered"
    STATEMENT_FIRST = "the statement comes before any report"
    RETURNED_LATER = "money comes back after days"
    # People.
    STOP_BUTTON = "somebody presses the stop button while the file leaves; lifted after hours"
    PAYMENT_STOPPED = "a payment is stopped when its file is frozen but has not left"


_F = Fault
# What is dangerous together would rarely meet by chance: a third of the stories has one of these.
COMBINATIONS = (
    {_F.CLOCK_FORWARD, _F.EARLY_NO, _F.ACK_LOST},
    {_F.CLOCK_FORWARD, _F.BYTES_LATE, _F.WAKE_UP_TWICE},
    {_F.CLOCK_BACK, _F.ACK_LOST, _F.SLOW_SEND},
    {_F.STATEMENT_FIRST, _F.ALWAYS_NO, _F.ACK_LOST, _F.REPORTS_LATE},
    {_F.SENDER_SLEEPS, _F.KILLED_BEFORE_OUTCOME},
    {_F.ANSWER_SLEEPS, _F.CONNECT_REFUSED, _F.SLOW_SEND},
    {_F.ANSWER_SLEEPS, _F.REFUSED_WHOLE, _F.HALF_OPEN},
    {_F.DATABASE_CRASH, _F.EARLY_NO, _F.SLOW_SEND},
    {_F.RESTORED, _F.EARLY_NO, _F.BYTES_LATE},
    {_F.RESTORED, _F.STOP_BUTTON, _F.REQUEST_LOST},
    {_F.STOP_BUTTON, _F.KILLED_BEFORE_INTENT, _F.CONNECT_REFUSED},
    {_F.SILENT, _F.ENQUIRY_FAILS, _F.ACK_LOST},
    {_F.CALLED_DUPLICATE, _F.REPORTS_MIXED, _F.REPORT_TWICE, _F.KILLED_UNDERSTANDING},
    {_F.REJECTED_AFTER_EXECUTED, _F.REPORTS_MIXED, _F.RETURNED_LATER},
)
