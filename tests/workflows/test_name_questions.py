"""Payees' banks asked by themselves: once for many payments, before any of them leaves."""

from __future__ import annotations

import threading
import time
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections

from nostro.domain.errors import Refused, Unavailable
from nostro.domain.name_question import TRY_AGAIN_AFTER
from nostro.domain.order import OrderState
from nostro.domain.policies.payee_verification import CODE
from nostro.ports import NameAsked, NameTold
from nostro.storage import events, models
from nostro.storage.tenancy import looking, tenant
from nostro.workflows import approval, name_questions, verifying
from tests.workflows.company import BANKS, Company, ScriptedBank
from tests.workflows.test_change_requests import admins, agree, ask
from tests.workflows.test_payees import held_for

__all__ = ["admins"]
PATIENCE = 10.0


class AskedBank(ScriptedBank):
    """Says what it is told to, remembers who asked what, and how many did at once."""

    def __init__(self) -> None:
        super().__init__()
        self.says_of: dict[str, str] = {}
        self.told_of: dict[str, str] = {}
        self.fails_with: BaseException | None = None
        self.questions: Counter[tuple[str, str]] = Counter()
        self.takes_seconds = 0.0
        self.most_at_once = 0
        self.in_transaction: list[int] = []
        self._now, self._lock = 0, threading.Lock()

    def verify_payee(self, asked: NameAsked) -> NameTold:
        with self._lock:
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
            self.questions[asked.iban, asked.name] += 1
        try:
            if self.takes_seconds:
                time.sleep(self.takes_seconds)
            if self.fails_with:
                raise self.fails_with
        finally:
            with self._lock:
                self._now -= 1
        answer = self.says_of.get(asked.name, "RCVC")
        name = self.told_of.get(asked.name, "")
        content = f'{{"result":"{answer}","name":"{name}"}}'.encode()
        return NameTold(answer=answer, name=name, content=content, media_type="application/json")


@pytest.fixture
def bank(company: Company) -> AskedBank:
    made = BANKS[company.code] = company.bank = AskedBank()
    return made


def ask_due(company: Company) -> int:
    return name_questions.ask_due(company.job)


def questions(company: Company) -> list[str]:
    with tenant(company.tenant_id):
        rows = models.NameQuestion.objects.order_by("id")
        return [f"{row.name} {row.state} {row.tries}" for row in rows]


def left(company: Company) -> int:
    """How many files are made of what may leave now."""
    return len(company.release())


def silence() -> Unavailable:
    return Unavailable("bank_down", "The bank does not answer.")


def until_it_gives_up(company: Company) -> None:
    for wait in (*TRY_AGAIN_AFTER, timedelta()):
        assert ask_due(company) == 1
        company.clock.advance(seconds=wait.total_seconds())
    assert ask_due(company) == 0


def test_a_question_is_asked_once_for_many_payments_and_its_answer_is_remembered(
    company: Company, bank: AskedBank
) -> None:
    same = [company.request(f"same{n}", 100_00 + 101 * n) for n in range(30)]
    company.ask(*same, company.request("other", payee="V2"))
    company.ask(company.request("later", 77_77))
    assert questions(company) == ["Payee V1 waiting 0", "Payee V2 waiting 0"]
    assert ask_due(company) == 2
    company.ask(company.request("afterwards", 88_88))
    assert ask_due(company) == 0
    assert sorted(bank.questions.values()) == [1, 1]
    assert questions(company) == ["Payee V1 answered 0", "Payee V2 answered 0"]
    assert [event["answer"] for event in company.events("payee.verified")] == ["RCVC", "RCVC"]


def test_nothing_leaves_before_its_payees_bank_has_answered(
    company: Company, bank: AskedBank
) -> None:
    ids = company.pay()
    assert left(company) == 0
    assert company.states(ids) == [OrderState.SCHEDULED]
    ask_due(company)
    assert left(company) == 1


def test_an_account_without_any_question_is_asked_about_before_it_leaves(
    company: Company, bank: AskedBank, admins: Any
) -> None:
    ada, ben, _ = admins
    agree(company, ben, ask(company, ada, {"ask": False}, "payee_verification"))
    ids = company.pay()
    assert questions(company) == []
    company.clock.advance(seconds=1)
    agree(company, ben, ask(company, ada, {"ask": True}, "payee_verification"))
    assert left(company) == 0
    assert questions(company) == ["Payee V1 waiting 0"]
    ask_due(company)
    assert left(company) == 1
    assert company.states(ids) == [OrderState.SCHEDULED]


@pytest.mark.parametrize(
    ("answer", "waits"), [("RCVC", False), ("RVMC", True), ("RVNM", True), ("RVNA", False)]
)
def test_an_answer_after_the_approval_voids_it_where_the_policy_holds_it(
    company: Company, bank: AskedBank, answer: str, waits: bool
) -> None:
    ids = company.pay()
    company.clock.advance(minutes=1)
    bank.says_of["Payee V1"] = answer
    ask_due(company)
    with tenant(company.tenant_id):
        valid = models.Approval.objects.filter(order_id=ids[0], voided_at=None).count()
    assert (company.states(ids) == [OrderState.HELD], valid) == (waits, 0 if waits else 2)
    assert left(company) == (0 if waits else 1)


def test_a_worse_answer_that_the_policy_lets_pass_is_approved_anew(
    company: Company, bank: AskedBank, admins: Any
) -> None:
    ada, ben, _ = admins
    agree(company, ben, ask(company, ada, {"answers": []}, "payee_verification"))
    ids = company.pay()
    company.clock.advance(minutes=1)
    bank.says_of["Payee V1"] = "RVNM"
    ask_due(company)
    assert company.states(ids) == [OrderState.AWAITING_APPROVAL]
    assert left(company) == 0
    company.clock.advance(minutes=1)
    company.approve(ids)
    assert left(company) == 1, "they know it now"
    # The same answer again is nothing new to who approved after it.
    more = company.ask(company.request("more", 55_55))
    company.approve(more)
    company.clock.advance(minutes=1)
    verifying.ask(company.acting(), "V1")
    assert company.states(more) == [OrderState.SCHEDULED]


def test_nobody_answering_is_told_as_that_and_holds_until_a_person_lets_it_go(
    company: Company, bank: AskedBank
) -> None:
    ids = company.pay(requested_date=company.clock.now().date() + timedelta(days=3))
    bank.fails_with = silence()
    until_it_gives_up(company)
    assert questions(company) == ["Payee V1 timed_out 5"]
    assert company.states(ids) == [OrderState.HELD]
    with tenant(company.tenant_id):
        (hold,) = models.Hold.objects.filter(order_id=ids[0])
    assert hold.sentence.startswith("Whether the account is in the name Payee V1 is not known:")
    assert company.events("payee.verified") == []
    approval.release_hold(company.acting(company.cy), company.cy, ids[0], "known for years")
    company.approve(ids)
    company.clock.advance(days=2, hours=20)
    assert left(company) == 1
    assert bank.questions.total() == 5


def test_a_bank_that_cannot_say_it_is_asked_once_and_its_silence_may_pass_by_policy(
    company: Company, bank: AskedBank, admins: Any
) -> None:
    ada, ben, _ = admins
    wanted = {"answers": ["no_match"], "ask_again": []}
    agree(company, ben, ask(company, ada, wanted, "payee_verification"))
    bank.fails_with = Refused("refused_by_other_side", "The bank does not do that.")
    ids = company.pay()
    assert left(company) == 0
    assert ask_due(company) == 1
    assert questions(company) == ["Payee V1 unknown 1"]
    assert company.states(ids) == [OrderState.SCHEDULED]
    assert left(company) == 1
    assert company.events("payee.verified") == []


def test_an_answer_that_is_none_of_the_schemes_is_unknown(
    company: Company, bank: AskedBank
) -> None:
    bank.says_of["Payee V1"] = "YES"
    ids = company.pay()
    ask_due(company)
    assert questions(company) == ["Payee V1 unknown 1"]
    assert company.states(ids) == [OrderState.HELD]


def test_not_possible_is_asked_again_where_the_policy_says_so(
    company: Company, bank: AskedBank, admins: Any
) -> None:
    ada, ben, _ = admins
    wanted = {"answers": ["not_possible"], "ask_again": ["not_possible"]}
    agree(company, ben, ask(company, ada, wanted, "payee_verification"))
    bank.says_of["Payee V1"] = "RVNA"
    ids = company.pay()
    assert ask_due(company) == 1
    assert questions(company) == ["Payee V1 waiting 1"]
    assert company.states(ids) == [OrderState.SCHEDULED]
    assert left(company) == 0, "it waits for the last word"
    company.clock.advance(minutes=3)
    bank.says_of["Payee V1"] = "RCVC"
    assert ask_due(company) == 1
    assert questions(company) == ["Payee V1 answered 1"]
    company.clock.advance(minutes=1)
    assert left(company) == 1


def test_an_answer_that_is_too_old_is_asked_for_again_before_the_payment_leaves(
    company: Company, bank: AskedBank
) -> None:
    day = company.clock.now().date() + timedelta(days=40)
    kept = company.pay(requested_date=day)
    ask_due(company)
    company.clock.advance(days=40)
    assert left(company) == 0
    bank.says_of["Payee V1"] = "RVNM"
    assert ask_due(company) == 1
    assert company.states(kept) == [OrderState.HELD]
    assert held_for(company, kept[0]) == [CODE]


def test_what_a_person_let_go_is_not_asked_again_until_it_is_worse(
    company: Company, bank: AskedBank
) -> None:
    bank.says_of["Payee V1"], bank.told_of["Payee V1"] = "RVMC", "Payee One B.V."
    (order,) = company.ask(company.request("p"))
    ask_due(company)
    approval.release_hold(company.acting(company.cy), company.cy, order, "rang them")
    company.clock.advance(minutes=1)
    verifying.ask(company.acting(), "V1")
    assert company.states([order]) == [OrderState.AWAITING_APPROVAL]
    company.clock.advance(minutes=1)
    bank.told_of["Payee V1"] = "Somebody Else"
    verifying.ask(company.acting(), "V1")
    assert company.states([order]) == [OrderState.HELD], "the bank tells another name"
    approval.release_hold(company.acting(company.cy), company.cy, order, "rang them again")
    company.clock.advance(minutes=1)
    bank.says_of["Payee V1"] = "RVNM"
    verifying.ask(company.acting(), "V1")
    assert company.states([order]) == [OrderState.HELD]


def test_a_few_are_asked_at_a_time_while_no_transaction_is_open(
    company: Company, bank: AskedBank
) -> None:
    company.ask(
        *(company.request(f"n{n}", 100_00 + 101 * n, payee_name=f"Name {n}") for n in range(50))
    )
    bank.takes_seconds = 0.2
    seen: dict[str, list[float]] = {}  # When each transaction of the others was open.
    watching, done = threading.Event(), threading.Event()

    def watch() -> None:
        with connections["owner"].cursor() as cursor:
            while not done.wait(0.01):
                cursor.execute(  # The state of others' sessions is hidden; their locks are not.
                    "SELECT virtualtransaction FROM pg_locks JOIN pg_stat_activity USING (pid)"
                    " WHERE locktype = 'virtualxid' AND datname = current_database()"
                    " AND pid <> pg_backend_pid()"
                )
                for (one,) in cursor.fetchall():
                    seen.setdefault(one, []).append(time.monotonic())
                watching.set()
        connections.close_all()

    watcher = threading.Thread(target=watch)
    watcher.start()
    watching.wait(PATIENCE)
    asked: list[int] = []
    while not asked or asked[-1]:
        asked.append(ask_due(company))
    done.set()
    watcher.join()
    assert asked == [20, 20, 10, 0]
    assert bank.most_at_once == name_questions.AT_ONCE
    assert set(bank.questions.values()) == {1}
    assert seen, "the watcher sees transactions of the job"
    longest = max(moments[-1] - moments[0] for moments in seen.values())
    assert longest < 0.8, "twenty questions, four at a time, take a whole second"


def test_two_jobs_ask_nothing_twice(company: Company, bank: AskedBank) -> None:
    company.ask(
        *(company.request(f"n{n}", 100_00 + 101 * n, payee_name=f"Name {n}") for n in range(40))
    )
    bank.takes_seconds = 0.02

    def job() -> None:
        while ask_due(company):
            pass
        connections.close_all()

    jobs = [threading.Thread(target=job) for _ in range(3)]
    for one in jobs:
        one.start()
    for one in jobs:
        one.join()
    assert len(bank.questions) == 40
    assert set(bank.questions.values()) == {1}


class Killed(BaseException):
    """The worker dies."""


def test_a_worker_that_dies_while_it_asks_loses_no_question(
    company: Company, bank: AskedBank
) -> None:
    ids = company.pay(3, payee_name="Payee V1")
    bank.fails_with = Killed()
    with pytest.raises(Killed):
        ask_due(company)
    bank.fails_with = None
    assert ask_due(company) == 0, "somebody may be asking still"
    assert left(company) == 0
    company.clock.advance(minutes=10)
    assert ask_due(company) == 1
    company.clock.advance(minutes=1)
    assert left(company) == 1
    assert len(company.states(ids)) == 3


def test_what_is_asked_for_confidential_payments_is_told_to_nobody_else(
    company: Company, bank: AskedBank
) -> None:
    bank.says_of["Payee V1"], bank.told_of["Payee V1"] = "RVMC", "Paula Payee"
    (hidden,) = company.ask(company.request("salary", confidential=True))
    ask_due(company)
    assert company.states([hidden]) == [OrderState.HELD]
    bank.says_of["Payee V1"] = "RCVC"
    (seen,) = company.ask(company.request("open", 55_55))
    assert company.states([seen]) == [OrderState.AWAITING_APPROVAL]
    ask_due(company)
    assert bank.questions.total() == 2, "the answer to the first was not told"
    with looking(company.tenant_id, cleared=False):
        assert [row.confidential for row in models.NameQuestion.objects.all()] == [False]
        assert [row.answer for row in models.PayeeVerification.objects.all()] == ["RCVC"]
    with tenant(company.tenant_id):
        assert models.NameQuestion.objects.count() == 2
        assert models.PayeeVerification.objects.count() == 2
    told = [event.get("answer") for event in events_shown(company, "payee.verified")]
    assert sorted(map(str, told)) == ["None", "RCVC"]


def events_shown(company: Company, kind: str) -> list[dict[str, Any]]:
    with looking(company.tenant_id, cleared=False):
        rows = models.Event.objects.filter(type=kind).values_list("subject_id", flat=True)
        return [event.data for event in events.about(list(rows)) if event.type == kind]


def test_without_a_connection_that_can_ask_nothing_waits(company: Company) -> None:
    company.pay()
    assert questions(company) == []
    assert left(company) == 1


def test_other_rails_are_not_asked_about(company: Company, bank: AskedBank) -> None:
    (order,) = company.ask(company.request("usd", currency="USD"))
    assert company.orders([order])[0].route.rail not in ("sepa_credit_transfer", "sepa_instant")
    assert questions(company) == []
