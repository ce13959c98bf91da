"""A company that pays through the simulated bank, and the world around it that a restore spares.

The bank does not deduplicate: what comes twice is paid twice. What the bank has, and what the ERP
has asked for, lives outside the database; only the database goes back in time.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from uuid import UUID

import msgspec

from nostro.domain.errors import InDoubt, Refused, Unavailable
from nostro.domain.freeze import FreezeCause
from nostro.domain.money import Money
from nostro.domain.order import OrderState
from nostro.domain.party import Member
from nostro.domain.payment import PaymentRequest, Rail
from nostro.domain.policies.recall import RecallReason
from nostro.ports import Incoming, Outgoing, Receipt
from nostro.simulator.bank import Bank
from nostro.simulator.books import OpenAccount
from nostro.simulator.taking import Fate, Verdict
from nostro.storage import freezes, models, orders, stranded, submissions
from nostro.storage.stranded import Stranded
from nostro.storage.tenancy import tenant
from nostro.workflows import answers, approval, cancelling, case_work, dispatch, freezing
from nostro.workflows.cancelling import Wish
from tests.workflows.company import BANKS, Company, SetClock

LOSES = "loses_request=150,loses_acknowledgement=250,silent=250,slow=250,duplicates_messages=100"
DAYS = (60, 240, 1440, 1440, 1440, 1440)  # Minutes from look to look until all is told.
LOOKS_MAX = 60
ARRIVED = ("delivered", "acknowledged", "refused")
PAID = frozenset({OrderState.IN_FLIGHT, OrderState.EXECUTED, OrderState.SETTLED})
SEES = "the bank's own list says so"


class SimulatedChannel:
    """The simulated bank as a connection: files, enquiries, status and a mailbox."""

    def __init__(self, bank: Bank, clock: SetClock) -> None:
        self.bank = bank
        self._clock = clock
        self.sent: list[str] = []

    def rails(self) -> frozenset[Rail]:
        return frozenset(Rail)

    def payment_format(self, rail: Rail) -> str:
        return "pain_001"

    def send(self, outgoing: Outgoing) -> Receipt:
        self.sent.append(outgoing.message_id)
        answer = self.bank.submit(outgoing.content, now=self._clock.now(), key=outgoing.message_id)
        if answer.fate is not Fate.ANSWERED:
            raise InDoubt("connection_cut", "The connection was cut.")
        if answer.verdict is Verdict.THROTTLED:
            raise Unavailable("throttled", "Too many calls.")
        if answer.verdict in (Verdict.REFUSED, Verdict.KEY_REUSED):
            raise Refused(answer.code, answer.text)
        return Receipt(reference=answer.reference)

    def knows(self, message_id: str) -> bool | None:
        self.bank.run(self._clock.now())
        return self.bank.known(message_id) is not None

    def collect(self, cursor: str) -> Iterator[tuple[Incoming, str]]:
        self.bank.run(self._clock.now())
        first = int(cursor or 0)
        for number, message in enumerate(self.bank.messages(first), start=first + 1):
            yield (
                Incoming(
                    name=f"{message.id}-{message.name}",
                    media_type=message.media_type,
                    content=message.content,
                    received_at=message.released_at,
                ),
                str(number),
            )


class Story:
    """One company's days; the seed chooses what happens and when."""

    def __init__(self, seed: int, personality: str = LOSES) -> None:
        self.dice = random.Random(seed)
        self.company = Company()
        clock = self.company.clock
        accounts = [
            OpenAccount(iban, Money(10**12, name[-3:]))
            for name, iban in self.company.accounts.items()
        ]
        bank = Bank(seed, now=clock.now(), personality=personality, accounts=accounts)
        self.channel = SimulatedChannel(bank, clock)
        BANKS[self.company.code] = self.channel  # type: ignore[assignment]  # another fake of it
        self.asked: dict[str, PaymentRequest] = {}

    # What people and systems do.

    def ask(self, count: int) -> None:
        """The ERP asks for payments, each of an amount that no other has."""
        wanted = [self._request() for _ in range(count)]
        self.asked |= {one.source_reference: one for one in wanted}
        self.company.ask(*wanted)

    def _request(self) -> PaymentRequest:
        number = len(self.asked) + self.dice.randrange(10**6) * 100
        payee = f"V{self.dice.randrange(1, 7)}"
        return self.company.request(f"R{number}", 10_000 + number, payee=payee)

    def ask_again(self) -> list[UUID]:
        """The ERP asks anew for whatever nostro says it does not have."""
        with tenant(self.company.tenant_id):
            have = orders.known_sources("test", list(self.asked))
        return self.company.ask(*(one for key, one in self.asked.items() if key not in have))

    def approve(self, share: int = 100) -> None:
        """Two people approve what awaits it, each payment with this chance in a hundred."""
        with tenant(self.company.tenant_id):
            waiting = orders.in_state(OrderState.AWAITING_APPROVAL)
        chosen = [row.id for row in waiting if self.dice.randrange(100) < share]
        if chosen:
            self.company.approve(chosen)

    def work(self, minutes: int = 0) -> None:
        """The workers: messages collected and understood, files made, sent and asked about."""
        self.company.clock.advance(minutes=minutes)
        answers.collect(self.company.job, self.company.bank_id)
        for connection_id, evidence_id in self._messages():
            answers.understand(self.company.job, connection_id, evidence_id)
        self.company.release()
        for submission_id in self._files():
            dispatch.attend(self.company.job, submission_id)

    def _messages(self) -> list[tuple[UUID, UUID]]:
        with tenant(self.company.tenant_id):
            due = models.BankMessage.objects.filter(next_action_at__isnull=False).order_by("id")
            return list(due.values_list("connection_id", "evidence_id"))

    def _files(self) -> list[UUID]:
        with tenant(self.company.tenant_id):
            due = models.Submission.objects.filter(next_action_at__lte=self.company.clock.now())
            return list(due.order_by("id").values_list("id", flat=True))

    def go_on(self, steps: int) -> None:
        """Some of a usual day, in any order."""
        for _ in range(steps):
            what = self.dice.randrange(4)
            if what == 0:
                self.ask(self.dice.randrange(1, 4))
            elif what == 1:
                self.approve(self.dice.choice((50, 100)))
            else:
                self.work(self.dice.choice((0, 1, 5, 20, 60)))

    def until_quiet(self) -> None:
        """Until nothing is in doubt any more, and then until all statements have come."""
        for _ in range(LOOKS_MAX):
            self.work(10)
            if not self.in_doubt():
                break
        for minutes in DAYS:
            self.work(minutes)

    def in_doubt(self) -> bool:
        with tenant(self.company.tenant_id):
            files = models.Submission.objects.exclude(state__in=ARRIVED)
            return files.exists() or bool(orders.in_state(OrderState.SCHEDULED))

    # After a restore.

    def wait_and_lift(self) -> None:
        """Days pass with everything stopped; people do what is asked of them; two lift."""
        for minutes in (1, 5, 5, 5, 5, 5, *DAYS):
            self.work(minutes)
        self.resolve()
        for stop_id in self.stops():
            for member in (self.company.bob, self.company.cy):
                freezing.lift(self.company.acting(member), member, stop_id, "all was looked up")

    def stops(self) -> list[UUID]:
        with tenant(self.company.tenant_id):
            found = [row.freeze for row in freezes.in_force()]
            return [UUID(row.id) for row in found if row.cause is FreezeCause.RESTORE]

    def resolve(self) -> None:
        """People look at what names unknown payments, and compare the ERP's journals."""
        with tenant(self.company.tenant_id):
            rows = models.Case.objects.filter(resolved_at__isnull=True)
            erp = {"details__connection_id": str(self.company.erp_id)}
            strange = rows.filter(natural_key__startswith="unknown/") | rows.filter(
                natural_key__startswith="strangers/"
            )
            ids = [*strange.values_list("id", flat=True), *rows.filter(**erp).values_list(
                "id", flat=True)]  # fmt: skip
        for case_id in ids:
            case_work.resolve(self.company.acting(self.company.cy), self.company.cy, case_id, SEES)

    def decide_holds(self) -> None:
        """People look at payments that wait: those that the bank has paid are denied."""
        paid = self.executed()
        with tenant(self.company.tenant_id):
            held = orders.in_state(OrderState.HELD)
        for row in held:
            told = row.instruction
            if paid[told.creditor_iban, told.amount.number()]:
                self._decide(self.company.cy, row.id, deny=True)
            else:
                self._decide(self.company.bob, row.id, deny=False)

    def _decide(self, member: Member, order_id: UUID, *, deny: bool) -> None:
        acting = self.company.acting(member)
        if deny:
            approval.deny(acting, member, [order_id], SEES)
        else:
            approval.release_hold(acting, member, order_id, SEES)

    def make_anew(self) -> bool:
        """People cancel what was set aside since its day is over, and the ERP asks for it anew;
        says whether there was anything."""
        with tenant(self.company.tenant_id):
            aside = models.Case.objects.filter(
                natural_key__startswith="set-aside/", resolved_at__isnull=True
            )
            files = list(aside.values_list("submission_id", flat=True))
            ids = submissions.order_ids_of_files(files)
        rows = [row for row in self.company.orders(ids) if row.state is OrderState.IN_FLIGHT]
        if not rows:
            return False
        wish = Wish(reason=RecallReason.CUSTOMER, text=SEES)
        acting = self.company.acting(self.company.cy)
        cancelling.take_back(acting, self.company.cy, [row.id for row in rows], wish)
        for row in rows:
            before = self.asked.pop(row.source_reference)
            new = msgspec.structs.replace(before, source_reference=f"{row.source_reference}-anew")
            self.asked[new.source_reference] = new
            self.company.ask(new)
        return True

    # What is true.

    def executed(self) -> Counter[tuple[str, str]]:
        """How often the bank paid each (payee's account, amount)."""
        self.channel.bank.run(self.company.clock.now())
        moved: Counter[tuple[str, str]] = Counter()
        for row in self.channel.bank.payments():
            moved[row.payee_iban, row.amount] += row.executions
        return moved

    def expected(self) -> Counter[tuple[str, str]]:
        return Counter((one.creditor_iban, one.amount.number()) for one in self.asked.values())

    def unknown_to_us(self) -> list[str]:
        """Payments that the bank has made and that are, as we say, neither on their way nor paid,
        nor denied because the bank was seen to have made them."""
        made = self.executed()
        with tenant(self.company.tenant_id):
            known = orders.known_sources("test", list(self.asked))
        fine = {key for key, row in known.items() if row.state in PAID | {OrderState.DENIED}}
        return [
            key
            for key, one in self.asked.items()
            if made[one.creditor_iban, one.amount.number()] and key not in fine
        ]

    def states(self) -> dict[str, str]:
        """Where we think that each payment is, by payee's account and amount."""
        with tenant(self.company.tenant_id):
            known = orders.known_sources("test", list(self.asked))
        told = {row.instruction: row.state.value for row in known.values()}
        return {f"{one.creditor_iban} {one.amount}": state for one, state in told.items()}

    def stranded(self) -> list[Stranded]:
        with tenant(self.company.tenant_id):
            return stranded.stranded(self.company.clock.now())
