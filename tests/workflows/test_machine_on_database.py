"""Everything that people, banks and time do to payments, at random, on the real database.

Hypothesis draws a series of requests, approvals, sends with every outcome, answers, bookings,
returns, recalls, stops and pauses; after each step the promises are looked up in the tables. In CI
the series are always the same; SOAK=1 plays many more, new ones each time.
"""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from nostro.domain.attempt import ATTEMPT, FREES_THE_ORDER, RANK, AttemptState
from nostro.domain.errors import InDoubt, NostroError, Refused, Unavailable
from nostro.domain.freeze import FreezeScope
from nostro.domain.operator_evidence import NEEDS_TWO, EvidenceKind
from nostro.domain.order import ORDER, OrderState
from nostro.domain.policies.recall import RecallReason
from nostro.ports import Outgoing
from nostro.storage import models
from nostro.storage.stranded import stranded
from nostro.storage.tenancy import tenant
from nostro.workflows import (
    answers,
    cancelling,
    case_terms,
    dispatch,
    freezing,
    operator_evidence,
)
from nostro.workflows.cancelling import Wish
from nostro.workflows.operator_evidence import Told as Stated
from nostro.workflows.tick import LEASE, tick
from tests.workflows.bank_words import pain_002
from tests.workflows.booking_words import Told, camt
from tests.workflows.company import Company, scripted_connector

SOAK = bool(os.environ.get("SOAK"))
PROFILE = settings(
    max_examples=300 if SOAK else 14,
    phases=[Phase.generate, Phase.shrink] if SOAK else [Phase.generate],
    stateful_step_count=60 if SOAK else 30,
    derandomize=not SOAK,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
CUT = InDoubt("cut", "The connection was lost before the answer came.")
OUTCOMES: list[NostroError | None] = [
    None,
    None,
    CUT,
    Unavailable("closed", "Nobody answered."),
    Refused("no_right", "The signature is missing."),
]
WORDS = [
    *[(word, "") for word in ("RCVD", "ACTC", "ACCP", "ACSP", "ACWC", "PDNG", "ACSC", "ACCC")],
    *[("CANC", ""), ("RJCT", "AC04"), ("RJCT", "AM05"), ("PART", ""), ("WHAT", "")],
]
KINDS = ("052", "053", "054")
ONE = st.integers(0, 5)
PAUSES = [timedelta(seconds=10), timedelta(minutes=3), timedelta(minutes=15), timedelta(hours=5)]
_A, _O = AttemptState, OrderState
_PAID = {_O.EXECUTED, _O.SETTLED, _O.PARTIALLY_RETURNED, _O.RECALLED, _O.RETURNED}
_BEFORE = {state for state in _O if state not in _PAID | {_O.IN_FLIGHT}}
AGREES = {
    _A.PREPARED: {_O.SCHEDULED, _O.CANCELLED},
    **{
        state: {_O.IN_FLIGHT}
        for state in _A
        if RANK[_A.DISPATCHING] <= RANK[state] < RANK[_A.EXECUTED]
    },
    _A.EXECUTED: {_O.EXECUTED, _O.SETTLED, _O.PARTIALLY_RETURNED, _O.RECALLED},
    _A.NOT_DELIVERED: _BEFORE,  # Of a file given up before it left: due again, or cancelled.
    _A.REJECTED: {_O.REJECTED},
    _A.CANCELLED_STOP: {_O.CANCELLED},
    _A.CANCELLED_REROUTE: {_O.SCHEDULED},
    _A.RETURNED: {_O.RETURNED, _O.RECALLED},
}
# The intake writes an order once, in the state in which its checks leave it.
BORN = {"prepared", "awaiting_approval", "held", "invalid"}
# Where a payment that is settled may still go: back, never sideways.
AFTER_CASH = {_O.SETTLED, _O.PARTIALLY_RETURNED, _O.RETURNED, _O.RECALLED}


class PaymentsOnTheDatabase(RuleBasedStateMachine):
    """One customer with one bank; `heard` counts the bank's messages, so that each has an id."""

    def __init__(self) -> None:
        super().__init__()
        self.company = Company()
        self.company.bank.on_send = self._leaves
        self.ids: list[UUID] = []
        self.heard = 0
        self.told: list[tuple[str, bytes]] = []
        self.arrived: Counter[str] = Counter()
        self.stops: list[UUID] = []
        self.before: dict[UUID, str] = {}
        self.orders_before: dict[UUID, str] = {}

    @initialize(count=st.integers(1, 3))
    def begin(self, count: int) -> None:
        self.ids += self.company.pay(count, prefix="B")
        self.company.release()

    # What leaves.

    def _leaves(self, outgoing: Outgoing) -> None:
        """Asked at the bank's door, when the intent is committed and the bytes are there."""
        assert not self.stops, "it left while a stop was in force"
        with tenant(self.company.tenant_id):
            row = models.Submission.objects.get(message_id=outgoing.message_id)
            inside = {one.state for one in models.Attempt.objects.filter(submission_id=row.id)}
        assert row.state == "dispatching"
        assert inside <= {"dispatching"}, f"{inside} left again"
        assert not self.arrived[outgoing.message_id], "the bank had it already"
        if self.company.bank.outcomes[:1] in ([], [None], [CUT]):
            self.arrived[outgoing.message_id] += 1

    # Ours.

    @rule(count=st.integers(1, 2), approved=st.booleans())
    def ask_for_payments(self, count: int, approved: bool) -> None:
        number = len(self.ids)
        requests = [self.company.request(f"N{number}-{n}", 200_00 + number) for n in range(count)]
        made = self.company.ask(*requests)
        self.ids += made
        if approved and set(self.company.states(made)) == {_O.AWAITING_APPROVAL}:
            self.company.approve(made)

    @rule()
    def release(self) -> None:
        self.company.release()

    @rule(which=ONE, outcome=st.sampled_from(OUTCOMES), answer=st.sampled_from([None, False, True]))
    def attend(self, which: int, outcome: NostroError | None, answer: bool | None) -> None:
        files = self._files("payments")
        if not files:
            return
        row = files[which % len(files)]
        self.company.bank.outcomes = [outcome]
        arrived = bool(self.arrived[row.message_id])
        self.company.bank.answers = [None if answer is None else arrived]
        dispatch.attend(self.company.job, row.id)
        self.company.bank.outcomes = []

    @rule(pause=st.sampled_from(PAUSES))
    def time_passes(self, pause: timedelta) -> None:
        self.company.clock.advance(seconds=pause.total_seconds())
        self._serve()

    def _serve(self) -> None:
        """The tick leases what is due; then every file and every term of a case is attended."""
        self.company.bank.outcomes = []
        now = self.company.clock.now()
        files = [
            row
            for row in self._files("payments") + self._files("recalls")
            if row.next_action_at and row.next_action_at <= now
        ]
        tick(now)
        self.company.release()
        for row in files:
            self.company.bank.answers = [bool(self.arrived[row.message_id])]
            dispatch.attend(self.company.job, row.id)
        with tenant(self.company.tenant_id):
            due = list(models.Case.objects.filter(next_action_at__lte=now + LEASE))
        for case in due:
            case_terms.attend(self.company.job, case.id)

    @rule(which=ONE)
    def take_back(self, which: int) -> None:
        wish = Wish(reason=RecallReason.CUSTOMER, text="ordered twice by phone")
        company = self.company
        cancelling.take_back(company.acting(), company.maker, [self._one(which)], wish)

    @rule()
    def press_stop(self) -> None:
        company = self.company
        with contextlib.suppress(Refused):  # Stopped already.
            self.stops.append(
                freezing.freeze(
                    company.acting(company.cy), company.cy, FreezeScope.CONNECTION,
                    company.bank_id, "odd",
                )
            )  # fmt: skip

    @precondition(lambda self: self.stops)
    @rule()
    def lift_the_stop(self) -> None:
        company, (stop, *_) = self.company, self.stops
        for member in (company.ann, company.bob):
            freezing.lift(company.acting(member), member, stop, "looked at")
        self.stops = []

    @rule(which=ONE, kind=st.sampled_from(EvidenceKind), whole=st.booleans())
    def state_evidence(self, which: int, kind: EvidenceKind, whole: bool) -> None:
        """Two people state and confirm what the bank said; false words of theirs are a bank's."""
        attempt, company = self._attempt(which), self.company
        if attempt is None or self._file(attempt).state == "built":
            return
        if kind is EvidenceKind.BANK_NEVER_HAD_IT and self.arrived[self._file(attempt).message_id]:
            return  # Two people who both lie can pay twice; no machine keeps them from it.
        told = Stated(
            kind=kind,
            submission_id=attempt.submission_id,
            attempt_id=None if whole else attempt.id,
            told_by="Ms Vos",
            text="read to me",
        )
        with contextlib.suppress(NostroError):
            made, counts = operator_evidence.state(company.acting(company.ann), company.ann, told)
            assert counts is (kind not in NEEDS_TWO)
            if not counts:
                operator_evidence.confirm(company.acting(company.bob), company.bob, made)

    # The bank's.

    @rule(which=ONE, word=st.sampled_from(WORDS))
    def report(self, which: int, word: tuple[str, str]) -> None:
        if attempt := self._gone(which):
            line = (attempt.end_to_end_id, *word)
            named = self._file(attempt).message_id
            self._hears(pain_002(named, lines=[line], message_id=f"S{self.heard}"))

    @rule(which=ONE, word=st.sampled_from(WORDS))
    def report_on_a_file(self, which: int, word: tuple[str, str]) -> None:
        if attempt := self._gone(which):
            named = self._file(attempt).message_id
            self._hears(
                pain_002(named, group=word[0], group_reason=word[1], message_id=f"S{self.heard}")
            )

    @rule(which=ONE, word=st.sampled_from(WORDS))
    def report_on_another_message(self, which: int, word: tuple[str, str]) -> None:
        if attempt := self._gone(which):
            line = (attempt.end_to_end_id, *word)
            before = self._states()
            self._hears(pain_002("NOT-OURS", lines=[line], message_id=f"S{self.heard}"))
            assert self._states() == before
            self._has_case("contradiction", "which we never sent")

    @rule(which=ONE, kind=st.sampled_from(KINDS), twice=st.booleans())
    def book(self, which: int, kind: str, twice: bool) -> None:
        if attempt := self._gone(which):
            self._book(attempt, kind)
            if twice:
                self._book(attempt, kind)
                if kind != "052":
                    self._has_case("contradiction", "POSSIBLE DOUBLE PAYMENT")

    @rule(which=ONE, kind=st.sampled_from(KINDS[1:]), part=st.sampled_from([0, 1, 2]))
    def return_money(self, which: int, kind: str, part: int) -> None:
        """All of it, a part, or more than was paid."""
        attempt = self._gone(which)
        if attempt is None:
            return
        paid = self._amount(attempt)
        back = (paid, paid // 3, paid + 1)[part]
        before = self._states()
        self._hears(self._camt(kind, attempt, back, reason="MS03"))
        if part == 2:
            assert self._states() == before
            self._has_case("contradiction", "which was only")

    @rule(which=ONE, status=st.sampled_from(["CNCL", "PDCR", "RJCR", "ACCR", "WHAT"]))
    def answer_a_recall(self, which: int, status: str) -> None:
        with tenant(self.company.tenant_id):
            found = list(models.Case.objects.filter(kind="recall").order_by("id"))
        if found:
            self._hears(camt_029(found[which % len(found)].id, status, f"A{self.heard}"))

    @precondition(lambda self: self.told)
    @rule(which=st.integers(0, 30))
    def repeat_a_message(self, which: int) -> None:
        """The same content once more, as another file: nothing changes."""
        name, content = self.told[which % len(self.told)]
        before = self._states(), self._facts()
        answers.receive_message(self.company.job, self.company.bank_id, name, content + b"\n")
        assert (self._states(), self._facts()) == before

    def _book(self, attempt: models.Attempt, kind: str) -> None:
        self._hears(self._camt(kind, attempt, -self._amount(attempt)))

    def _camt(self, kind: str, attempt: models.Attempt, minor: int, reason: str = "") -> bytes:
        told = Told(
            minor=minor, key=attempt.end_to_end_id, reference=f"R{self.heard}", reason=reason
        )
        iban = self.company.accounts["DE-EUR"]
        return camt(kind, iban, [told], message_id=f"M{self.heard}")

    def _hears(self, content: bytes) -> None:
        name = f"{self.heard}.xml"
        self.heard += 1
        self.told.append((name, content))
        judged = self._judged()
        answers.receive_message(self.company.job, self.company.bank_id, name, content)
        self._contradictions_have_cases(self._judged() - judged)

    # What there is.

    def _one(self, which: int) -> UUID:
        return self.ids[which % len(self.ids)]

    def _files(self, purpose: str) -> list[models.Submission]:
        with tenant(self.company.tenant_id):
            return list(models.Submission.objects.filter(purpose=purpose).order_by("id"))

    def _file(self, attempt: models.Attempt) -> models.Submission:
        return self.company.submission(attempt.submission_id)

    def _attempt(self, which: int) -> models.Attempt | None:
        with tenant(self.company.tenant_id):
            rows = models.Attempt.objects.filter(order_id=self._one(which))
            return rows.order_by("id").last()

    def _gone(self, which: int) -> models.Attempt | None:
        """The newest attempt of an order, if the bank can know of it."""
        attempt = self._attempt(which)
        return attempt if attempt and self.arrived[self._file(attempt).message_id] else None

    def _amount(self, attempt: models.Attempt) -> int:
        return self.company.orders([attempt.order_id])[0].instruction.amount.minor

    def _states(self) -> dict[UUID, str]:
        with tenant(self.company.tenant_id):
            orders = models.Order.objects.values_list("id", "state")
            return {**dict(orders), **dict(models.Attempt.objects.values_list("id", "state"))}

    def _facts(self) -> int:
        with tenant(self.company.tenant_id):
            return models.Fact.objects.count()

    def _judged(self) -> set[tuple[UUID | None, str]]:
        with tenant(self.company.tenant_id):
            return set(models.Fact.objects.values_list("attempt_id", "verdict"))

    def _has_case(self, kind: str, words: str) -> None:
        assert any(k == kind and words in sentence for k, sentence in self.company.cases())

    def _contradictions_have_cases(self, fresh: set[tuple[UUID | None, str]]) -> None:
        with tenant(self.company.tenant_id):
            rows = models.Case.objects.exclude(state="resolved").filter(kind="contradiction")
            orders = {row.order_id for row in rows}
            for attempt_id, verdict in fresh:
                if attempt_id and verdict == "contradicts":
                    assert models.Attempt.objects.get(id=attempt_id).order_id in orders

    # Promises.

    @invariant()
    def what_is_promised(self) -> None:
        with tenant(self.company.tenant_id):
            orders = {row.id: row for row in models.Order.objects.all()}
            attempts = list(models.Attempt.objects.order_by("id"))
            assert stranded(self.company.clock.now()) == []
            self._settled_means_cash(orders)
            self._the_log_says_the_same("order", {row.id: row.state for row in orders.values()})
            self._the_log_says_the_same("attempt", {row.id: row.state for row in attempts})
        self._no_attempt_goes_back(attempts)
        self._orders_agree(orders, attempts)
        self._money_stays_paid(orders)

    def _settled_means_cash(self, orders: dict[UUID, models.Order]) -> None:
        settled = {key for key, row in orders.items() if row.state == "settled"}
        covered = models.Allocation.objects.filter(match__state="matched", order_id__in=settled)
        for row in covered:
            if row.order_id in settled and row.amount_minor:
                settled.discard(row.order_id)
        assert not settled, "settled without cash evidence"

    def _the_log_says_the_same(self, subject: str, now: dict[UUID, str]) -> None:
        """Read in the order in which it was written, the log ends where the rows are."""
        rows = models.Event.objects.filter(type=f"{subject}.moved").order_by("id")
        told = {row.subject_id: row.data["state_after"] for row in rows}
        for key, state in now.items():
            assert told.get(key, state) == state, f"{subject} {key}"
            assert key in told or state in BORN

    def _no_attempt_goes_back(self, attempts: list[models.Attempt]) -> None:
        for row in attempts:
            before, state = AttemptState(self.before.get(row.id, "prepared")), _A(row.state)
            if before is not state:
                assert before not in ATTEMPT.ends()
                doubted = state is _A.UNKNOWN and before in (_A.DELIVERED, _A.RECEIVED)
                assert doubted or RANK[state] >= RANK[before]
                assert (before, state) != (_A.UNKNOWN, _A.DISPATCHING)
            self.before[row.id] = row.state

    def _orders_agree(
        self, orders: dict[UUID, models.Order], attempts: list[models.Attempt]
    ) -> None:
        live = Counter(row.order_id for row in attempts if _A(row.state) not in FREES_THE_ORDER)
        assert not live or max(live.values()) == 1
        newest = {row.order_id: row for row in attempts}
        for key, row in newest.items():
            assert orders[key].state in AGREES[_A(row.state)], (row.state, orders[key].state)

    def _money_stays_paid(self, orders: dict[UUID, models.Order]) -> None:
        for key, row in orders.items():
            before = self.orders_before.get(key, "draft")
            if before != row.state:
                assert before not in {state.value for state in ORDER.ends()}, before
                assert before != "settled" or row.state in AFTER_CASH
            self.orders_before[key] = row.state


def camt_029(case_id: UUID, status: str, number: str) -> bytes:
    return f"""<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.029.001.09"><RsltnOfInvstgtn>
    <Assgnmt><Id>{number}</Id><Assgnr><Agt><FinInstnId><BICFI>MOCKNL2A</BICFI></FinInstnId></Agt>
    </Assgnr><Assgne><Pty><Nm>x</Nm></Pty></Assgne><CreDtTm>2026-11-20T10:00:00</CreDtTm></Assgnmt>
    <Sts><Conf>{status}</Conf></Sts><CxlDtls><TxInfAndSts><CxlStsId>{case_id.hex}</CxlStsId>
    <TxCxlSts>{status}</TxCxlSts></TxInfAndSts></CxlDtls></RsltnOfInvstgtn></Document>""".encode()


@pytest.mark.usefixtures("database")
def test_payments_on_the_database() -> None:
    with scripted_connector():
        run_state_machine_as_test(PaymentsOnTheDatabase, settings=PROFILE)


@pytest.mark.parametrize("state", sorted(set(AttemptState) - FREES_THE_ORDER))
def test_the_database_refuses_a_second_live_attempt(company: Company, state: AttemptState) -> None:
    """Whatever the programs believe: the index counts `unknown` and every end that was paid."""
    _, (order_id,) = company.send(1)
    with tenant(company.tenant_id):
        row = models.Attempt.objects.get(order_id=order_id)
        models.Attempt.objects.filter(id=row.id).update(state=state.value)
        row.id, row.state = company.world.ids.new(), "prepared"
        with pytest.raises(IntegrityError, match="attempt_one_live"), transaction.atomic():
            row.save(force_insert=True)
