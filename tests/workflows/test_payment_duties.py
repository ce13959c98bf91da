"""Random people, roles, loans, keys, edits, accounts and rules, held against an oracle: nobody
approves what he had a hand in, and nobody who may is kept from it.

Each payment is a story: 10,000 in CI, 1,000,000 with `SOAK=1`; `SEED=n` tells the same ones again,
and a failure prints the story so far. What somebody may approve he approves in one go; what he may
not is tried alone, and hidden among what he may.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from uuid import UUID

import pytest

from nostro.domain.change_request import RequestState
from nostro.domain.errors import NostroError
from nostro.domain.event import Actor
from nostro.domain.money import Money
from nostro.domain.order import OrderState
from nostro.domain.party import Grant, Member, Role
from nostro.domain.policies.approval import ApprovalRules, version_name
from nostro.domain.policies.payment_limits import PaymentLimits
from nostro.domain.policies.routing_rules import RoutingRules
from nostro.domain.policy import Policy
from nostro.storage import change_requests, key_owning, models, orders, people, policies
from nostro.storage.change_requests import Agreement, RequestRow
from nostro.storage.keys import Scope
from nostro.storage.orders import OrderRow
from nostro.storage.tenancy import tenant
from nostro.workflows import approval, approval_terms, holding, payment_intake
from nostro.workflows.context import Acting
from nostro.workflows.correction import Correction
from nostro.workflows.editing import edit
from tests.oracles.payment_duties import Paid, PaymentDuties, Right
from tests.rules import set_rules
from tests.workflows.company import Company, iban, scripted_connector

STORIES = 1_000_000 if os.environ.get("SOAK") else 10_000
PARTS = 8  # Each in a test of its own, so that a failure says early which.
AT_ONCE = 125  # Stories of one company, told beside each other.
ROUNDS = 6
S = OrderState
DAY = timedelta(days=1)
RIGHTS = (
    Right("approver"), Right("approver"), Right("treasurer"), Right("treasurer", most=500_00),
    Right("approver", most=200_00), Right("approver", entity="DE"), Right("releaser"),
    Right("maker"), Right("maker", entity="NL"), Right("auditor"),
)  # fmt: skip
MAKES = {"maker", "treasurer"}


class Group:
    """One customer with seven people, two programs and six payees, and what the oracle knows."""

    def __init__(self, dice: random.Random) -> None:
        self.dice, self.company, self.oracle = dice, Company(), PaymentDuties()
        self.needed = dice.choice((2, 2, 3))
        self.hands: dict[str, set[str]] = {}  # Who had a hand in an account, by its number.
        self.lawmakers: dict[str, set[str]] = {}  # And in rules of approving, by their version.
        self.checks: dict[str, set[str]] = {}  # And in limits and routes in force, by their kind.
        self.ids: dict[str, UUID] = {}
        self.names = tuple("abcdefg")
        company = self.company
        with tenant(company.tenant_id):
            self.entities = dict(models.LegalEntity.objects.values_list("code", "id"))
            for name in self.names:
                member = company._member(name, frozenset({Role.AUDITOR}))
                company.employ(member)
                self.ids[name] = UUID(member.id)
            self.keys = {name: self._key(name) for name in dice.sample(self.names, 2)}
        self.called = {str(person): name for name, person in self.ids.items()}
        self.versions = dict.fromkeys(company.payees, 1)
        for name in self.names:
            self.hold_rights(name, dice.sample(RIGHTS, dice.randint(1, 2)))
        if self.needed != 2:
            set_rules(company.job, ApprovalRules(needed=self.needed))

    def _key(self, owner: str) -> UUID:
        key_id, now = self.company.world.ids.new(), self.company.clock.now()
        key_owning.prepare(
            key_id, name=f"key of {owner}", scopes=[Scope.PAYMENTS_WRITE], networks=(),
            owner_id=self.ids[owner], now=now, expires_at=now + 900 * DAY,
        )  # fmt: skip
        return key_id

    def hold_rights(self, name: str, rights: list[Right]) -> None:
        """From now on somebody holds just these."""
        self.oracle.rights[name] = list(dict.fromkeys(rights))
        grants = [self._grant(right) for right in self.oracle.rights[name]]
        with tenant(self.company.tenant_id):
            people.grant_reaching(self.company.world.ids.new(), self.ids[name], grants)

    def _grant(self, right: Right) -> Grant:
        start = self.company.clock.now() - self.oracle.tick * DAY
        return Grant(
            role=Role(right.role),
            up_to=None if right.most is None else Money(right.most, "EUR"),
            entity_id=str(self.entities[right.entity]) if right.entity else "",
            until=None if right.until is None else start + right.until * DAY,
            on_behalf_of=str(self.ids[right.of]) if right.of else "",
        )

    def authors(self, row: OrderRow, compared: dict[UUID, str]) -> set[str]:
        """Who had a hand in the account that a payment goes to, or is held against, or in what
        decides on it."""
        numbers = {row.instruction.creditor_iban}
        if row.payee_account_id:
            numbers.add(compared[row.payee_account_id])
        rules = self.lawmakers.get(row.policy_version, set()).union(*self.checks.values())
        return rules.union(*(self.hands.get(number, set()) for number in numbers))

    def law(self, policy: Policy, asks: str, agrees: str) -> UUID:
        """One person asks for a version of a policy, another agrees; it counts at once."""
        ids, now = self.company.world.ids, self.company.clock.now()
        request_id, policy_id = ids.new(), ids.new()
        row = RequestRow(
            id=request_id, kind="law", subject_id=self.company.tenant_id, subject="law", wanted={},
            before={}, after={}, reason="so", state=RequestState.APPLIED, needed=1,
            asked_by=str(self.ids[asks]), asked_by_kind="person", asked_by_name=asks,
            asked_for=(), asked_at=now, expires_at=now,
        )  # fmt: skip
        agreed = Agreement(
            person_id=self.ids[agrees], person_name=agrees, acted_for=(), reason="so", agreed_at=now
        )
        with tenant(self.company.tenant_id):
            change_requests.insert(row)
            change_requests.add_agreement(ids.new(), request_id, agreed)
            number = policies.add(
                policy_id, policy, valid_from=now, changed_by="both", reason="so",
                request_id=request_id,
            )  # fmt: skip
        if isinstance(policy, ApprovalRules):
            self.lawmakers[version_name(number)] = {asks, agrees}
        else:
            self.checks[policy.KIND] = {asks, agrees}
        return policy_id

    def member(self, name: str) -> Member:
        company = self.company
        return people.member(company.tenant_id, self.ids[name], company.clock.now())

    def acting(self, name: str) -> Acting:
        actor = Actor(kind="person", id=str(self.ids[name]), name=name)
        return Acting(tenant_id=self.company.tenant_id, actor=actor, world=self.company.world)


class Story:
    """One payment. `made_by` are names; a program is the name of who answers for it."""

    def __init__(self, order_id: UUID, by: str, entity: str, told: str) -> None:
        self.order_id, self.made_by, self.entity = order_id, {by}, entity
        self.agreed: set[str] = set()
        self.told = [told]

    def paid(self, row: OrderRow) -> Paid:
        return Paid(amount=row.instruction.amount.minor, entity=self.entity)


class Told:
    """Many stories of one group of people, beside each other."""

    def __init__(self, group: Group) -> None:
        self.group, self.dice, self.company = group, group.dice, group.company
        self.now = "the beginning"
        self.stories: dict[UUID, Story] = {}
        for by in self.dice.choices(group.names, k=5):
            self.makes(by, AT_ONCE // 5)

    def makes(self, by: str, count: int) -> None:
        """A person makes payments, or the program that he answers for does."""
        dice, company = self.dice, self.company
        acting = self.group.acting(by)
        if by in self.group.keys and dice.random() < 0.5:
            actor = Actor(kind="api_key", id=str(self.group.keys[by]), name="a program")
            acting = Acting(tenant_id=company.tenant_id, actor=actor, world=company.world)
        asked = [
            company.request(
                f"S{len(self.stories)}-{number}", dice.choice((150, 400, 900)) * 100 + number,
                payee=dice.choice(sorted(company.payees)), entity_code=dice.choice(("DE", "NL")),
            )
            for number in range(count)
        ]  # fmt: skip
        made = payment_intake.create_payments(acting, "story", asked)
        for order_id, one in zip(made, asked, strict=True):
            told = f"{acting.actor.kind} of {by} makes {one.amount} of {one.entity_code}"
            self.stories[order_id] = Story(order_id, by, one.entity_code, told)

    def rows(self) -> dict[UUID, OrderRow]:
        with tenant(self.company.tenant_id):
            return {row.id: row for row in orders.load(list(self.stories))}

    def say(self, line: str, about: Iterable[UUID] = ()) -> None:
        self.now = line
        for order_id in about or list(self.stories):
            self.stories[order_id].told.append(line)

    def some(self, share: float) -> list[UUID]:
        return [order_id for order_id in self.stories if self.dice.random() < share]

    def without_a_say(self, rows: dict[UUID, OrderRow]) -> dict[UUID, set[str]]:
        with tenant(self.company.tenant_id):
            accounts = dict(models.PayeeAccount.objects.values_list("id", "iban"))
        return {
            order_id: self.stories[order_id].made_by | self.group.authors(row, accounts)
            for order_id, row in rows.items()
        }

    def outdated(self, row: OrderRow) -> bool:
        """Whether its payee has another account than it was checked against."""
        return self.group.versions[row.payee_number] > row.payee_account_version

    # What happens.

    def approves(self) -> None:
        name, rows = self.dice.choice(self.group.names), self.rows()
        authors, oracle = self.without_a_say(rows), self.group.oracle
        may: list[UUID] = []
        may_not: list[UUID] = []
        for order_id in self.some(0.7):
            row, story = rows[order_id], self.stories[order_id]
            allowed = (
                row.state is S.AWAITING_APPROVAL
                and not self.outdated(row)
                and oracle.may_agree(name, story.agreed, authors[order_id], story.paid(row))
            )
            (may if allowed else may_not).append(order_id)
        for order_id in self.dice.sample(may_not, min(2, len(may_not))):
            self.is_refused(name, [order_id], rows, order_id)
        for order_id in may_not[:1]:
            self.is_refused(name, [*may, order_id], rows, order_id)
        if may:
            code = self.attempt(lambda: self.approve(self.group.member(name), name, may, rows))
            self.say(f"{name} approves: {code or 'done'}", may)
            assert not code, f"{name} may approve all of these, but {code}"
            for order_id in may:
                self.stories[order_id].agreed.add(name)

    def approve(
        self, member: Member, name: str, ids: list[UUID], rows: dict[UUID, OrderRow]
    ) -> None:
        seen = approval.selection_digest({str(one): rows[one].approval_digest for one in ids})
        approval.approve(self.group.acting(name), member, ids, seen)

    def is_refused(
        self, name: str, ids: list[UUID], rows: dict[UUID, OrderRow], about: UUID
    ) -> None:
        code = self.attempt(lambda: self.approve(self.group.member(name), name, ids, rows))
        self.say(f"{name} tries to approve it with {len(ids) - 1} others: {code}", [about])
        assert code, f"{name} may not approve {rows[about].number}"

    def a_program_approves(self) -> None:
        owner, rows = next(iter(self.group.keys)), self.rows()
        key_id = str(self.group.keys[owner])
        program = Member(id=key_id, name="key", roles=frozenset(Role), is_person=False)
        (order_id,) = self.dice.sample(list(self.stories), 1)
        code = self.attempt(lambda: self.approve(program, owner, [order_id], rows))
        self.say(f"a program approves: {code}", [order_id])
        assert code

    def rights_change(self) -> None:
        name = self.dice.choice(self.group.names)
        lent = [one for one in self.group.oracle.rights[name] if one.of]
        rights = self.dice.sample(RIGHTS, self.dice.randint(0, 2))
        self.group.hold_rights(name, [*rights, *lent])
        self.say(f"{name} now holds {rights} and {lent}")

    def lends(self) -> None:
        lender, to = self.dice.sample(self.group.names, 2)
        oracle = self.group.oracle
        own = [one for one in oracle.rights[lender] if not one.of]
        until = oracle.tick + self.dice.randint(1, 3)
        lent = [Right(one.role, one.most, one.entity, until, lender) for one in own]
        kept = [one for one in oracle.rights[to] if one.of != lender]
        self.group.hold_rights(to, [*kept, *lent])
        self.say(f"{lender} lends {to} {own} until {until}")

    def time_passes(self) -> None:
        self.group.oracle.tick += 1
        self.company.clock.advance(days=1)
        self.say("a day passes")

    def are_edited(self) -> None:
        rows = self.rows()
        for order_id in self.some(0.03):
            name, row, story = (
                self.dice.choice(self.group.names),
                rows[order_id],
                self.stories[order_id],
            )
            more = Money(row.instruction.amount.minor + 50_00, "EUR")
            wanted = self.dice.choice(
                (Correction(amount=more), Correction(remittance=f"again {len(story.told)}"))
            )
            member, acting = self.group.member(name), self.group.acting(name)
            code = self.attempt(lambda: edit(acting, member, order_id, wanted, "so"))  # noqa: B023
            self.say(f"{name} edits {wanted}: {code or 'done'}", [order_id])
            after = Paid(
                amount=(wanted.amount or row.instruction.amount).minor, entity=story.entity
            )
            places = self.group.oracle.places
            may = places(name, MAKES, story.paid(row)) and places(name, MAKES, after)
            assert bool(code) != (bool(may) and code != "too_late_to_change"), code
            if not code:
                story.made_by.add(name)
                story.agreed.clear()

    def are_held(self) -> None:
        name, ids = self.dice.choice(self.group.names), self.some(0.02)
        acting, member = self.group.acting(name), self.group.member(name)
        code = self.attempt(lambda: holding.place_hold(acting, member, ids, "look at it"))
        if ids and not code:
            self.say(f"{name} holds it", ids)
            for order_id in ids:
                self.stories[order_id].agreed.clear()

    def are_let_go(self) -> None:
        rows = self.rows()
        authors = self.without_a_say(rows)
        held = [order_id for order_id, row in rows.items() if row.state is S.HELD]
        for order_id in self.dice.sample(held, min(3, len(held))):
            name, row, story = (
                self.dice.choice(self.group.names),
                rows[order_id],
                self.stories[order_id],
            )
            member, acting = self.group.member(name), self.group.acting(name)
            may = self.group.oracle.may_let_go(name, authors[order_id], story.paid(row))
            code = self.attempt(lambda: approval.release_hold(acting, member, order_id, "fine"))  # noqa: B023
            self.say(f"{name} lets it go: {code or 'done'} (may: {may})", [order_id])
            assert bool(code) != may, code

    def account_changes(self) -> None:
        """Somebody writes another account of the payee; a later version may keep its number."""
        name, company = self.dice.choice(self.group.names), self.company
        payee = self.dice.choice(sorted(company.payees))
        another = iban(company.seed + 500 + sum(self.group.versions.values()))
        number = self.dice.choice((company.payees[payee], another))
        self.group.versions[payee] += 1
        with tenant(company.tenant_id):
            company.add_payee_account(
                company.payee_ids[payee], payee, number, self.group.versions[payee],
                self.group.ids[name],
            )  # fmt: skip
        company.payees[payee] = number
        self.group.hands.setdefault(number, set()).add(name)
        self.say(f"{name} changes the account of {payee} to {number}")

    def rules_change(self) -> None:
        """Two people change what decides; what still waits is asked for anew under new rules."""
        asks, agrees = self.dice.sample(self.group.names, 2)
        approving = ApprovalRules(needed=self.group.needed)
        others = PaymentLimits(), RoutingRules()
        checks = self.dice.random() < 0.5
        policy = others[len(self.group.checks) % 2] if checks else approving
        before = self.rows()
        policy_id = self.group.law(policy, asks, agrees)
        self.say(f"{asks} and {agrees} change {policy.KIND}")
        if not checks:
            approval_terms.apply_policy(self.company.job, policy_id)
            for order_id, row in self.rows().items():
                if row.policy_version != before[order_id].policy_version:
                    self.stories[order_id].agreed.clear()

    def leave(self) -> None:
        """What leaves was agreed to by enough people who count today."""
        before, tried = self.rows(), self.placed()
        authors, oracle = self.without_a_say(before), self.group.oracle
        self.company.release()
        placed, after = self.placed() - tried, self.rows()
        for order_id in placed:
            story = self.stories[order_id]
            paid = story.paid(before[order_id])
            enough = oracle.counting(story.agreed, authors[order_id], paid)
            self.say(f"leaves with {enough} of {sorted(story.agreed)}", [order_id])
            assert enough >= self.group.needed, f"{before[order_id].number} left"
        for order_id, row in after.items():
            if row.state is S.HELD and before[order_id].state is S.SCHEDULED:
                self.say("goes back to people", [order_id])
                self.stories[order_id].agreed.clear()

    def placed(self) -> set[UUID]:
        """What has been put in files, with how often."""
        with tenant(self.company.tenant_id):
            return set(models.Attempt.objects.values_list("order_id", flat=True))

    def attempt(self, act: Callable[[], object]) -> str:
        try:
            act()
        except NostroError as error:
            return error.code
        return ""

    def go_on(self) -> int:
        """Tell them all to the end; returns how many left."""
        between: list[tuple[Callable[[], None], int]] = [
            (self.rights_change, 4), (self.lends, 5), (self.time_passes, 2), (self.are_edited, 4),
            (self.are_held, 2), (self.are_let_go, 4), (self.account_changes, 2),
            (self.a_program_approves, 2), (self.leave, 3), (self.rules_change, 2),
        ]  # fmt: skip
        acts, weights = zip(*between, strict=True)
        for _ in range(ROUNDS):
            for act in (*self.dice.choices(acts, weights, k=3), self.approves, self.approves):
                act()
        self.leave()
        return len(self.placed())


@pytest.fixture
def scripted(database: str) -> Iterator[None]:
    with scripted_connector():
        yield


@pytest.mark.parametrize("part", range(PARTS))
def test_nobody_approves_what_he_had_a_hand_in(scripted: None, part: int) -> None:
    seed = int(os.environ.get("SEED", "1"))
    dice, left = random.Random(seed * PARTS + part), 0
    for _ in range(STORIES // PARTS // AT_ONCE):
        told = Told(Group(dice))
        try:
            left += told.go_on()
        except AssertionError as breach:
            stories = [one.told for one in told.stories.values() if one.told[-1] == told.now]
            lines = "\n".join(stories[0] if stories else [told.now])
            pytest.fail(f"SEED={seed}, part {part}: {breach}\n{lines}\n{told.group.oracle}")
    assert left, "some payments are approved by enough people and leave"
