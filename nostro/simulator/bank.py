"""The simulated bank itself, without any door: what tests use in their own process.

    bank = Bank(seed=1, now=now, personality="late_return=100,silent=50")
    answer = bank.submit(pain_001_bytes, now=now)
    bank.run(now + timedelta(days=1))
    bank.messages()          # pain.002, camt.054, camt.053 ...
    bank.executions()        # {("MSG-1", "E2E-1"): 1}: how often money really moved

The same seed and the same calls give the same story, byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import msgspec

from nostro.domain.check_exception import Decision, PresentedCheck
from nostro.domain.errors import Refused
from nostro.domain.money import Money
from nostro.simulator.books import Account, OpenAccount
from nostro.simulator.checks import present
from nostro.simulator.closing import close_days, report_account
from nostro.simulator.personalities import Character, character
from nostro.simulator.script import Script
from nostro.simulator.state import Level, Message, State, TakenFile
from nostro.simulator.taking import Answer, submit

PAGE_MESSAGES = 100


class PaymentRow(msgspec.Struct, frozen=True, kw_only=True):
    """One payment in the bank's books. `executions` is how often its ids moved money."""

    message_id: str
    batch_id: str
    end_to_end_id: str
    account: str
    amount: str
    currency: str
    payee: str
    payee_iban: str
    state: str
    executions: int


class Bank:
    """A bank that is a calculation: seed, times and calls in; answers, money and messages out.

    `accounts`: with none given, an account opens at its first payment. `deduplicates`: a message
    id counts once (else every file that comes is paid). `level`: how finely its pain.002 speak.
    `tell` hears every thing that happens, in one plain line with its time.
    """

    def __init__(
        self,
        seed: int,
        *,
        now: datetime,
        personality: str | Character = "",
        script: Script | None = None,
        accounts: Sequence[OpenAccount] = (),
        deduplicates: bool = False,
        level: Level = Level.TRANSACTION,
        tell: Callable[[datetime, str], None] | None = None,
    ) -> None:
        state = self._state = State(seed, now, tell)
        state.deduplicates, state.level = deduplicates, level
        state.opens_accounts = not accounts
        self.become(personality, now=now)
        self.follow(script or Script(), now=now)
        for account in accounts:
            state.open(account.iban, account.opening)
        close_days(state)

    # ---- What the customer does

    def submit(
        self, content: bytes, *, now: datetime, key: str = "", written: bool = False
    ) -> Answer:
        """Hand over a file (pain.001, pain.008, camt.055). `key` and `written` as `taking`."""
        self._state.run(now)
        answer = submit(self._state, content, key, written=written)
        self._state.run(now)  # What it has to say at once is in the mailbox at once.
        return answer

    def known(self, message_id: str) -> TakenFile | None:
        return self._state.known(message_id)

    def status(self, message_id: str) -> Message | None:
        """The latest pain.002 of a file."""
        return self._state.reports.get(message_id)

    def messages(self, after: int = 0, limit: int | None = None) -> list[Message]:
        """The mailbox after its first `after` messages; repeatable."""
        return self._state.messages[after : None if limit is None else after + limit]

    # ---- What a rehearsal arranges

    def run(self, now: datetime) -> None:
        """Let time pass until `now`."""
        self._state.run(now)

    def become(self, personality: str | Character, *, now: datetime) -> None:
        """Another character from now on. Raises Invalid (`personality_unknown`)."""
        told = character(personality) if isinstance(personality, str) else personality
        self._state.run(now)
        self._state.character = told

    def follow(self, script: Script, *, now: datetime) -> None:
        """Follow this script too, from now on. Raises Invalid (`personality_unknown`)."""
        script.checked()
        self._state.run(now)
        self._state.script = self._state.script.with_more(script)

    def open(self, iban: str, opening: Money, *, now: datetime) -> Account:
        """Open an account, or find it; what is on one that is there stays as it is."""
        self._state.run(now)
        return self._state.accounts.get(iban) or self._state.open(iban, opening)

    def present(self, check: PresentedCheck, *, now: datetime) -> str:
        """Somebody cashes a check: "paid", or "asked" about. Raises Invalid (`file_not_read`)."""
        self._state.run(now)
        done = present(self._state, check)
        self._state.run(now)
        return done

    def unless_decided(self, decision: Decision, *, now: datetime) -> None:
        """What becomes of checks from now on that nobody decides on."""
        self._state.run(now)
        self._state.checks.if_nobody = decision

    def report(self, iban: str, *, now: datetime) -> None:
        """Put a camt.052 of an account into the mailbox. Raises Refused (`no_such_account`)."""
        self._state.run(now)
        report_account(self._state, self._account(iban))
        self._state.run(now)

    # ---- What is true, whatever the bank says

    def executions(self) -> Mapping[tuple[str, str], int]:
        """(message id, end-to-end id): how often money moved for it; 0 if it came and none did."""
        found = {
            (one.file.message_id, one.payment.end_to_end_id): 0
            for files in self._state.files.values()
            for file in files
            for one in file.payments
        }
        return {**found, **self._state.executed}

    def payments(self) -> list[PaymentRow]:
        """Every payment of every file, as the bank's own books have it."""
        return [
            PaymentRow(
                message_id=file.message_id,
                batch_id=one.batch_id,
                end_to_end_id=one.payment.end_to_end_id,
                account=one.iban,
                amount=one.payment.amount.number(),
                currency=one.payment.amount.currency,
                payee=one.payment.counterparty.name,
                payee_iban=one.payment.counterparty_account.iban,
                state="forgotten" if file.forgotten else one.state,
                executions=self._state.executed.get(
                    (file.message_id, one.payment.end_to_end_id), 0
                ),
            )
            for files in self._state.files.values()
            for file in files
            for one in file.payments
        ]

    def accounts(self) -> Mapping[str, Account]:
        return self._state.accounts

    def balance(self, iban: str) -> Money:
        return self._account(iban).balance

    @property
    def now(self) -> datetime:
        return self._state.now

    @property
    def sessions(self) -> int:
        """How many times it was started: a door forgets its sessions when this changes."""
        return self._state.sessions

    def hear(self, tell: Callable[[datetime, str], None] | None) -> None:
        """From now on, tell what happens to somebody else."""
        self._state.listen(tell)

    @property
    def character(self) -> Character:
        return self._state.character

    @property
    def script(self) -> Script:
        return self._state.script

    @property
    def deduplicates(self) -> bool:
        return self._state.deduplicates

    def next_due(self) -> datetime | None:
        return self._state.next_due()

    def _account(self, iban: str) -> Account:
        found = self._state.accounts.get(iban)
        if found is None:
            raise Refused(
                "no_such_account",
                f"The simulated bank has no account {iban[:34]}.",
                can_do="Open it with --account, or send a payment from it first.",
            )
        return found
