"""Random administration, held against a small oracle: no self-approval, no lock-out.

Short in CI; `SOAK=1` runs it long.
"""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from nostro.domain.errors import NostroError
from nostro.domain.party import Member, Role
from nostro.storage import key_owning, partners, people, sign_on
from nostro.storage.tenancy import tenant
from nostro.workflows import at_terminal, change_requests, key_work, retention
from tests.oracles.four_eyes import FourEyes
from tests.workflows.company import Company, scripted_connector

SOAK = bool(os.environ.get("SOAK"))
NAMES = ("ada", "ben", "cleo", "dirk")
names = st.sampled_from(NAMES)
SETTINGS = ("groups", "lift", "new_connection", "retention")
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
        self.agreed: dict[UUID, dict[str, set[str]]] = {}  # By whom, and in whose place.
        self.needed: dict[UUID, int] = {}
        self.made: list[UUID] = []
        self.keys: list[UUID] = []
        with tenant(self.company.tenant_id):
            for name in NAMES:
                role = Role.ADMINISTRATOR if name in ("ada", "ben", "cleo") else Role.AUDITOR
                member = self.company._member(name, frozenset({role}))
                self.company.employ(member)
                self.people[name] = member
        self.set_up()
        self.oracle.own = {"ada", "ben", "cleo"}

    def set_up(self) -> None:
        """A sign-in service, and a partner for whom Dirk works."""
        now, ids = self.company.clock.now(), self.company.world.ids
        row = sign_on.ProviderRow(
            id=ids.new(), issuer="https://id.example", client_id="nostro",
            groups_claim="groups", group_roles={}, just_in_time=True,
        )  # fmt: skip
        with tenant(self.company.tenant_id):
            sign_on.keep(row, now)
        partner = partners.host_of(self.company.tenant_id)
        partners.join(ids.new(), partner, UUID(self.people["dirk"].id), now)

    def now_is(self, name: str) -> Member | None:
        company, member = self.company, self.people[name]
        try:
            return people.member(company.tenant_id, UUID(member.id), company.clock.now())
        except NostroError:
            return None

    def mail(self, name: str) -> str:
        return f"{self.people[name].id}@example.com"

    def ask(
        self, by: str, about: str, kind: str, wanted: dict[str, Any], then: Any, gains: str = ""
    ) -> str:
        """Ask as a person; returns "" or the code of the refusal. `gains` has no say either."""
        member = self.now_is(by)
        if member is None:
            return "gone"
        try:
            acting = self.company.acting(member)
            made = change_requests.ask(acting, member, kind, wanted, "random")
        except NostroError as error:
            return error.code
        authors = {by, about, gains} | self.principals_of_asking(by)
        self.wait(made, authors, about, then, needed=1)
        return ""

    def wait(self, made: UUID, authors: set[str], about: str, then: Any, *, needed: int) -> None:
        self.open[made] = (authors, about, then)
        self.agreed[made], self.needed[made] = {}, needed

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
        self.ask(by, "", "api_key", wanted, ("key", owner), gains=owner)

    def wish_of(self, kind: str, number: int) -> tuple[str, dict[str, Any]]:
        """A wish about no person, and what it makes of what there is."""
        if kind == "lift":
            name = f"hold {self.company.world.ids.new()}"
            retention.place_hold(self.company.job, name, "a dispute")
            return "legal_hold_lift", {"name": name}
        if kind == "new_connection":
            name = f"bank {self.company.world.ids.new()}"
            there = {"name": name, "kind": "scripted", "settings": {"name": self.company.code}}
            return "new_connection", there
        if kind == "groups":
            group = {"group": f"group {number}", "role": "auditor"}
            return "group_roles", {"groups": [group]}
        return "retention", {"months": 100 + number}

    @rule(by=names, kind=st.sampled_from(SETTINGS), number=st.integers(0, 3))
    def asks_for_settings(self, by: str, kind: str, number: int) -> None:
        name, wanted = self.wish_of(kind, number)
        code = self.ask(by, "", name, wanted, None)
        if not code:
            assert self.oracle.principals(by)

    @rule(kind=st.sampled_from(SETTINGS), number=st.integers(0, 3))
    def the_terminal_changes_settings(self, kind: str, number: int) -> None:
        """It never makes one alone, for two can always decide; two people agree."""
        name, wanted = self.wish_of(kind, number)
        made_alone: list[Any] = []
        wish = at_terminal.Wish(kind=name, wanted=wanted)
        code, told = "", None
        try:
            told = at_terminal.change(self.company.job, wish, made_alone.append)
        except NostroError as error:
            code = error.code
        if told is None:
            waits_in_vain = not replace(self.oracle, needed=2).could_be_decided({""})
            assert waits_in_vain or code in ("nothing_changes", "already_asked"), code
            return
        assert not made_alone
        assert told.request_id
        self.wait(told.request_id, {""}, "", None, needed=2)

    @rule(by=names, to=names, role=st.sampled_from(["administrator", "auditor"]))
    def lets_a_partners_person_in(self, by: str, to: str, role: str) -> None:
        """Dirk works for the partner that hosts the customer; nobody else is let in so."""
        after = self.oracle.own | {to} if role == "administrator" else self.oracle.own - {to}
        wanted = {"address": self.mail(to), "roles": [role]}
        code = self.ask(by, to, "partner_access", wanted, ("own", role == "administrator"))
        assert code or to == "dirk"
        if not code:
            assert self.oracle.could_be_decided({by, to})
            assert not self.oracle.locks_out(after, 2)

    @rule(by=names, which=st.integers(0, 9))
    def agrees(self, by: str, which: int) -> None:
        if not self.open or (member := self.now_is(by)) is None:
            return
        request_id = sorted(self.open)[which % len(self.open)]
        authors, about, then = self.open[request_id]
        agreed = self.agreed[request_id]
        allowed = self.oracle.may_agree(by, authors, agreed)
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
        agreed[by] = self.oracle.principals(by)
        oracle = replace(self.oracle, needed=self.needed[request_id])
        assert made == oracle.is_made(agreed), "neither too early nor too late"
        if made:
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
