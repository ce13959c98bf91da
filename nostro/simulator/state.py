"""All that the simulated bank knows: accounts, files, payments, what is due, and its mailbox.

Pure: every clock reading comes from outside, and what is due happens in the order in which it
falls due, however seldom anybody looks.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from enum import StrEnum

import msgspec

from nostro.domain.money import Money, exponent_of
from nostro.domain.payment_file import Method, Payment, PaymentBatchHeader
from nostro.simulator.answer_messages import Word
from nostro.simulator.books import Account
from nostro.simulator.check_drawer import Drawer
from nostro.simulator.dice import Dice
from nostro.simulator.personalities import Character, Reach
from nostro.simulator.script import Script

XML, LIST = "application/xml", "text/plain"
# An account that nobody opened beforehand begins with ten million.
_OPENED_WITH_WHOLE_UNITS = 10_000_000
_NO_FILE_NAME = re.compile(r"[^A-Za-z0-9._-]+")
_NAME_LETTERS_MAX = 60

Step = Callable[[], None]


class Level(StrEnum):
    """How finely a pain.002 speaks, as far as what it has to say allows."""

    GROUP = "group"
    BATCH = "batch"
    TRANSACTION = "transaction"


class PaymentState(StrEnum):
    """Where a payment is in the bank's own books, whatever the bank says of it."""

    TAKEN = "taken"
    WAITING = "waiting"  # Decided, to be booked.
    BOOKED = "booked"
    NOT_PAID = "not_paid"
    CANCELLED = "cancelled"
    RETURNED = "returned"


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message in the mailbox. `id` never changes; ids sort as the messages came."""

    id: str
    name: str
    media_type: str
    released_at: datetime
    content: bytes


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What the bank will do with one payment, and what it will say of it.

    `word` comes first; `later` comes an hour after, in contradiction. `returned` is how the money
    comes back after `return_days` ("" never does); `correction` is of an ACH entry.
    """

    word: Word
    pays: bool
    later: Word = Word()
    late: timedelta = timedelta(0)
    returned: str = ""
    return_days: int = 0
    return_reason: str = ""
    hidden: bool = False
    correction: str = ""


class Instructed(msgspec.Struct, kw_only=True):
    """One payment as the customer instructed it, and what became of it."""

    file: TakenFile
    batch_id: str
    method: Method
    iban: str
    requested_date: date | None
    batch_booking: bool
    payment: Payment
    batch: PaymentBatchHeader
    state: PaymentState = PaymentState.TAKEN
    plan: Plan = Plan(word=Word(), pays=False)
    reference: str = ""

    @property
    def amount(self) -> Money:
        """Signed: a transfer takes money from the account, a direct debit brings it."""
        amount = self.payment.amount
        return amount if self.method is Method.DIRECT_DEBIT else -amount


class TakenFile(msgspec.Struct, kw_only=True):
    """One file that the bank took. `time` counts how often a file of this message id was taken."""

    message_id: str
    message_name: str
    digest: str
    reference: str
    received_at: datetime
    time: int
    traits: dict[str, str]
    scripted: bool
    payments: list[Instructed] = []
    decided: bool = False
    forgotten: bool = False


class State:
    def __init__(
        self, seed: int, now: datetime, tell: Callable[[datetime, str], None] | None
    ) -> None:
        self.dice = Dice(seed)
        self.now = now
        self.character = Character()
        self.script = Script()
        self.level = Level.TRANSACTION
        self.deduplicates = False
        self.opens_accounts = False
        self.bic = "SIMBNL2A"
        self.accounts: dict[str, Account] = {}
        self.checks = Drawer()
        self.files: dict[str, list[TakenFile]] = {}
        self.arrivals = 0
        self.tries: dict[str, int] = {}
        self.sessions = 1  # Every restart begins a new one.
        self.executed: dict[tuple[str, str], int] = {}
        self.messages: list[Message] = []
        self.reports: dict[str, Message] = {}
        self._numbers = 0
        self._agenda: list[tuple[datetime, int, Step]] = []
        self._steps = 0
        self._tell = tell

    # ---- Time

    def at(self, due: datetime, step: Step) -> None:
        """Do something at a time; of what is due together, the first asked comes first."""
        self._steps += 1
        heapq.heappush(self._agenda, (max(due, self.now), self._steps, step))

    def run(self, now: datetime) -> None:
        """Do all that is due until `now`, in order. A time before the last one changes nothing."""
        while self._agenda and self._agenda[0][0] <= now:
            due, _, step = heapq.heappop(self._agenda)
            self.now = due
            step()
        self.now = max(self.now, now)

    def next_due(self) -> datetime | None:
        return self._agenda[0][0] if self._agenda else None

    # ---- Accounts and files

    def account(self, iban: str, currency: str) -> Account | None:
        """The account; one that is not there is opened if this bank does so."""
        found = self.accounts.get(iban)
        if found is None and self.opens_accounts and iban:
            minor = _OPENED_WITH_WHOLE_UNITS * 10 ** exponent_of(currency)
            found = self.open(iban, Money(minor, currency))
        return found

    def open(self, iban: str, opening: Money) -> Account:
        made = self.accounts[iban] = Account(iban, opening)
        self.tell(f"account {iban} opened with {opening}")
        return made

    def known(self, message_id: str) -> TakenFile | None:
        """The last file taken with this message id, unless the bank forgot it."""
        files = [one for one in self.files.get(message_id, ()) if not one.forgotten]
        return files[-1] if files else None

    # ---- Messages

    def number(self, kind: str) -> str:
        """The id of a new message or booking."""
        self._numbers += 1
        return f"SIM-{kind}-{self._numbers:08d}"

    def release(self, kind: str, about: str, content: bytes, due: datetime, key: str = "") -> None:
        """Put a message into the mailbox when it is due. `key`: whose status report it is."""
        self.at(due, lambda: self._deliver(kind, about, content, key))

    def _deliver(self, kind: str, about: str, content: bytes, key: str) -> None:
        traits = self.character.thrown(self.dice, Reach.MESSAGE, kind, about, len(self.messages))
        for _ in range(2 if "duplicates_messages" in traits else 1):
            number = f"{len(self.messages) + 1:08d}"
            subject = _NO_FILE_NAME.sub("_", about)[:_NAME_LETTERS_MAX]
            is_list = content[:1] != b"<"
            ending = "ach" if kind.startswith("ach.") else "csv" if is_list else "xml"
            name = f"{number}-{kind}-{subject}.{ending}"
            message = Message(
                id=number,
                name=name,
                media_type=LIST if is_list else XML,
                released_at=self.now,
                content=content,
            )
            self.messages.append(message)
            self.tell(f"{kind} for {about} is in the mailbox as {name}")
            if key:
                self.reports[key] = message

    def tell(self, text: str) -> None:
        if self._tell is not None:
            self._tell(self.now, text)

    def listen(self, tell: Callable[[datetime, str], None] | None) -> None:
        self._tell = tell
