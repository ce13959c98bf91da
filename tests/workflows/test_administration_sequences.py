"""Random administration, held against a small oracle: no self-approval, no lock-out.

Short in CI; `SOAK=1` runs it long.
"""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from nostro.domain.errors import NostroError
from nostro.domain.party import Member, Role
from nostro.storage import key_owning, people
from nostro.storage.tenancy import tenant
from nostro.workflows import change_requests, key_work
from tests.oracles.four_eyes import FourEyes
from tests.workflows.company import Company, scripted_connector

SOAK = bool(os.environ.get("SOAK"))
NAMES = ("ada", "ben", "cleo", "dirk")
names = st.sampled_from(NAMES)
ROLES: dict[str, list[dict[str, str]]] = {
    "administrator": [{"role": "administrator"}],
    "both": [{"role": "administrator"}, {"role": "reconciler"}],
    "auditor": [{"role": "auditor"}],
    "gone": [],
}


class Administration(RuleBasedStateMachine):
    """Four people, two of whom look after access; what they ask, agree to, lend and lose."""

    def __init__(self) -> None:
        super().__init__()
        self.company = Company()
        self.people: dict[str, Member] = {}
        self.oracle = FourEyes(needed=1)
        self.open: dict[UUID, tuple[set[str], str, Any]] = {}  # Authors, about whom, what then.
        self.keys: list[UUID] = []
        with tenant(self.company.tenant_id):
            for name in NAMES:
                role = Role.ADMINISTRATOR if name in ("ada", "ben", "cleo") else Role.AUDITOR
                member = self.company._member(name, frozenset({role}))
                self.company.employ(member)
                self.people[name] = member
        self.oracle.own = {"ada", "ben", "cleo"}

    def now_is(self, name: str) -> Member | None:
        company, member = self.company, self.people[name]
        try:
            return people.member(company.tenant_id, UUID(member.id), company.clock.now())
        except NostroError:
            return None

    def mail(self, name: str) -> str:
        return f"{self.people[name].id}@example.com"

    def ask(self, by: str, about: str, kind: str, wanted: dict[str, Any], then: Any) -> str:
        """Ask as a person; returns "" or the code of the refusal."""
        member = self.now_is(by)
        if member is None:
            return "gone"
        try:
            acting = self.company.acting(member)
            made = change_requests.ask(acting, member, kind, wanted, "random")
        except NostroError as error:
            return error.code
        authors = {by, about} | self.principals_of_asking(by)
        self.open[made] = (authors, about, then)
        return ""

    def principals_of_asking(self, by: str) -> set[str]:
        return {by} if by in self.oracle.own else self.oracle.principals(by)

    @rule(by=names, about=names, roles=st.sampled_from(sorted(ROLES)))
    def asks_for_roles(self, by: str, about: str, roles: str) -> None:
        holds = roles in ("administrator", "both")
        after = self.oracle.own | {about} if holds else self.oracle.own - {about}
        wanted = {"person": self.mail(about), "grants": ROLES[roles]}
        code = self.ask(by, about, "membership", wanted, ("own", holds))
        if not code:
            assert self.oracle.principals(by), "who asks may ask"
            assert self.oracle.could_be_decided({by, about}), "nobody waits in vain"
            assert not self.oracle.locks_out(after, 2), "no lock-out"
        if code in ("too_few_left", "too_few_deciders"):
            waits_in_vain = not self.oracle.could_be_decided(
                {by, about} | self.principals_of_asking(by)
            )
            assert waits_in_vain or self.oracle.locks_out(after, 2)

    @rule(by=names, other=names)
    def wants_to_leave(self, by: str, other: str) -> None:
        """The short way to a lock-out: one gives up what he has, a colleague agrees."""
        self.asks_for_roles(by, by, "auditor")
        self.agrees(other, len(self.open) - 1)

    @rule(lender=names, to=names, days=st.integers(1, 5))
    def lends(self, lender: str, to: str, days: int) -> None:
        until = self.company.clock.now() + timedelta(days=days)
        wanted = {"lender": self.mail(lender), "person": self.mail(to), "until": until.isoformat()}
        wanted["roles"] = ["administrator"]  # type: ignore[assignment]
        code = self.ask(lender, to, "delegation", wanted, ("lent", lender))
        if not code:
            assert lender != to
            assert lender in self.oracle.own

    @rule(by=names, to=names)
    def breaks_the_glass(self, by: str, to: str) -> None:
        wanted = {"person": self.mail(to), "role": "auditor", "minutes": 30}
        code = self.ask(by, to, "break_glass", wanted, None)
        if not code:
            assert self.oracle.principals(by)

    @rule(by=names, owner=names)
    def asks_for_a_key(self, by: str, owner: str) -> None:
        wanted = {"name": "erp", "owner": self.mail(owner), "scopes": ["payments:read"]}
        self.ask(by, "", "api_key", wanted, ("key", owner))

    @rule(by=names, which=st.integers(0, 9))
    def agrees(self, by: str, which: int) -> None:
        if not self.open or (member := self.now_is(by)) is None:
            return
        request_id = sorted(self.open)[which % len(self.open)]
        authors, about, then = self.open[request_id]
        allowed = self.oracle.may_agree(by, authors, {})
        code, made = "", False
        try:
            made = change_requests.agree(self.company.acting(member), member, request_id, "random")
        except NostroError as error:
            code = error.code
        if code:
            late = ("subject_changed", "too_few_left", "nothing_to_lend", "not_a_colleague")
            assert not allowed or code in late, code
            return
        assert allowed, f"{by} agreed to what {authors} asked"
        assert made
        del self.open[request_id]
        self.apply(about, then, request_id)

    def apply(self, about: str, then: Any, request_id: UUID) -> None:
        match then:
            case ("own", True):
                self.oracle.own.add(about)
            case ("own", False):
                self.oracle.own.discard(about)
            case ("lent", str(lender)):
                self.oracle.lent.setdefault(about, set()).add(lender)
            case ("key", _):
                self.keys.append(request_id)
        if then == ("own", False) and self.now_is(about) is None:
            self.oracle.lent.pop(about, None)

    @rule(by=names, which=st.integers(0, 9))
    def draws_a_key(self, by: str, which: int) -> None:
        if not self.keys or (member := self.now_is(by)) is None:
            return
        key_id = self.keys[which % len(self.keys)]
        with tenant(self.company.tenant_id):
            key = next(row for row in key_owning.listed() if row.id == key_id)
        try:
            key_work.draw(self.company.acting(member), member, key_id)
        except NostroError:
            return
        assert str(key.owner_id) == member.id
        assert not key.drawn

    @invariant()
    def somebody_can_always_decide(self) -> None:
        with tenant(self.company.tenant_id):
            found = people.everybody()
        holding = {one.name for one in found if Role.ADMINISTRATOR in one.roles}
        assert holding == self.oracle.own
        assert len(holding) >= 2, "nobody is locked out"


@pytest.mark.usefixtures("database")
def test_random_administration_keeps_to_the_oracle() -> None:
    with scripted_connector():
        run_state_machine_as_test(
            Administration,
            settings=settings(
                max_examples=300 if SOAK else 8,
                stateful_step_count=60 if SOAK else 25,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
