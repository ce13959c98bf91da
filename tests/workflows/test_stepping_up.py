"""Above the customer's limit an approval takes a fresh proof: this person, this digest, once."""

from __future__ import annotations

import base64
import inspect
import os
import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from allauth.mfa.totp.internal import auth
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.db import connections
from hypothesis import given
from hypothesis import strategies as st

import nostro
from nostro.domain.errors import Refused
from nostro.domain.money import Money, total
from nostro.domain.party import Member
from nostro.domain.policies import step_up as policy
from nostro.domain.policies.approval import ApprovalRules
from nostro.storage import models, step_ups
from nostro.storage.tenancy import tenant
from nostro.workflows import approval, stepping_up
from tests.rules import set_rules
from tests.workflows.company import Company

STEP = 59_000_000
LIMIT = Money(10_000_00, "EUR")
REPLAYS = 10_000 if os.environ.get("SOAK") else 2_000


def limit(company: Company, *limits: Money) -> None:
    set_rules(company.acting(company.bob), ApprovalRules(step_up_above=limits))


def codes(member: Member) -> Callable[[], str]:
    """Give this person an authenticator app; returns what shows its code."""
    secret = base64.b32encode(os.urandom(20)).decode()
    person = models.Person.objects.get(id=member.id)
    TOTP.activate(person, secret)
    return lambda: format_hotp_value(hotp_value(secret, STEP))


@pytest.fixture(autouse=True)
def standing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The app and the server agree on the half minute, however slow the machine."""
    monkeypatch.setattr(auth, "yield_hotp_counters_from_time", lambda: iter([STEP]))


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(Refused) as caught:
        act()
    assert caught.value.happened
    assert caught.value.can_do
    return caught.value.code


def approve(company: Company, member: Member, ids: list[UUID], step_up: UUID | None = None) -> None:
    approval.approve(company.acting(member), member, ids, company.seen(ids), step_up)


def proven(company: Company, member: Member, ids: list[UUID], code: str) -> UUID:
    acting = company.acting(member)
    step_up = stepping_up.open_step_up(acting, member, ids, company.seen(ids))
    stepping_up.prove_by_code(acting, member, step_up, code)
    return step_up


def test_above_the_limit_a_proof_for_just_this_is_needed_once(company: Company) -> None:
    limit(company, LIMIT)
    ids = company.ask(company.request("P1", 10_000_01))
    others = company.ask(company.request("P2", 20_000_00))
    assert refusal(lambda: approve(company, company.ann, ids)) == "step_up_needed"
    step_up = proven(company, company.ann, ids, codes(company.ann)())
    # Not for other payments, not by somebody else, not made up; and nothing of that uses it up.
    assert refusal(lambda: approve(company, company.ann, others, step_up)) == "step_up_needed"
    assert refusal(lambda: approve(company, company.bob, ids, step_up)) == "step_up_needed"
    made_up = company.world.ids.new()
    assert refusal(lambda: approve(company, company.ann, ids, made_up)) == "step_up_needed"
    approve(company, company.ann, ids, step_up)
    used = company.events("person.step_up_used")
    assert [event["digest"] for event in used] == [company.seen(ids)]
    with tenant(company.tenant_id):
        person_id, now = UUID(company.ann.id), company.clock.now()
        digest = company.seen(ids)
        again = sum(step_ups.spend(step_up, person_id, digest, now) for _ in range(REPLAYS))
    assert again == 0


def test_what_is_split_counts_together(company: Company) -> None:
    limit(company, LIMIT)
    ids = company.ask(*(company.request(f"P{n}", 4_000_00) for n in range(4)))
    approve(company, company.bob, ids[:1])
    approve(company, company.bob, ids[1:2])
    assert refusal(lambda: approve(company, company.bob, ids[2:3])) == "step_up_needed"
    step_up = proven(company, company.bob, ids[2:3], codes(company.bob)())
    company.clock.advance(minutes=1)
    approve(company, company.bob, ids[2:3], step_up)
    company.clock.advance(seconds=1)
    approve(company, company.bob, ids[3:])  # Counted anew since the proof.


def test_what_is_split_and_approved_side_by_side_counts_together(company: Company) -> None:
    limit(company, LIMIT)
    ids = company.ask(*(company.request(f"P{n}", 4_000_00) for n in range(6)))
    seen = {one: company.seen([one]) for one in ids}
    together = threading.Barrier(len(ids), timeout=60)

    def attempt(one: UUID) -> bool:
        together.wait()
        try:
            approval.approve(company.acting(company.bob), company.bob, [one], seen[one])
        except Refused:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(len(ids)) as threads:
        approved = list(threads.map(attempt, ids))
    assert sum(approved) == 2


def test_five_minutes_then_it_is_over(company: Company) -> None:
    limit(company, LIMIT)
    ids = company.ask(company.request("P1", 99_000_00))
    show = codes(company.ann)
    acting, seen = company.acting(company.ann), company.seen(ids)
    late = stepping_up.open_step_up(acting, company.ann, ids, seen)
    step_up = proven(company, company.ann, ids, show())
    company.clock.advance(minutes=5)
    told = refusal(lambda: stepping_up.prove_by_code(acting, company.ann, late, show()))
    assert told == "step_up_over"
    assert refusal(lambda: approve(company, company.ann, ids, step_up)) == "step_up_needed"


def test_guessing_ends_and_a_code_counts_once(company: Company) -> None:
    limit(company, LIMIT)
    ids = company.ask(company.request("P1", 99_000_00))
    show, acting = codes(company.bob), company.acting(company.bob)
    seen = company.seen(ids)

    def attempt(code: str) -> str:
        step_up = stepping_up.open_step_up(acting, company.bob, ids, seen)
        return refusal(lambda: stepping_up.prove_by_code(acting, company.bob, step_up, code))

    proven(company, company.bob, ids, right := show())
    assert [attempt(right), attempt("000000x"), attempt(""), attempt("1" * 99)] == (
        ["proof_refused"] * 4
    )
    assert attempt("123456x") == "step_up_tries"
    assert not company.events("person.step_up_used")


def test_without_a_limit_nothing_is_asked(company: Company) -> None:
    limit(company)
    ids = company.ask(company.request("P1", 900_000_00))
    approve(company, company.ann, ids)


@given(
    st.lists(st.integers(1, 10**9), max_size=5), st.integers(0, 10**9), st.integers(0, 3 * 10**9)
)
def test_the_limit_is_of_the_sum_with_what_went_before(
    amounts: list[int], before: int, most: int
) -> None:
    sums = total(Money(minor, "EUR") for minor in amounts)
    lately = {"EUR": Money(before, "EUR")}
    asked = policy.needed(sums, lately, [Money(most, "EUR")])
    assert asked == (bool(amounts) and sum(amounts) + before > most)
    assert policy.needed(sums, lately, [Money(10**12, "USD")]) == bool(amounts)
    assert not policy.needed(sums, lately, [])


def test_there_is_one_way_to_approve_and_it_asks_for_the_proof() -> None:
    """Console, API, terminal and all that match at once: none of them writes approvals itself."""
    root = Path(nostro.__file__).parent
    writing = [
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        if re.search(r"\bapprovals\.add\(|insert\(models\.Approval\b", path.read_text())
    ]
    assert sorted(writing) == ["storage/approvals.py", "workflows/approval.py"]
    told = inspect.getsource(approval.agree)
    assert told.index("stepping_up.require(") < told.index("_add(")
    assert inspect.getsource(approval).count("_add(") == 2, "its definition and this one call"


def test_the_challenge_says_all_that_it_is_for() -> None:
    wanted = policy.Wanted(tenant_id="t", person_id="p", digest="d", nonce="n")
    others = [
        policy.Wanted(**{"tenant_id": "t", "person_id": "p", "digest": "d", "nonce": "n", key: "x"})
        for key in ("tenant_id", "person_id", "digest", "nonce")
    ]
    assert len({policy.challenge_of(one) for one in (wanted, *others)}) == 5
    assert len(policy.challenge_of(wanted)) == 32
    assert timedelta(minutes=5) == policy.LASTS
