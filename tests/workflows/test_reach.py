"""How far a grant reaches is asked at every door: making, holding, taking back, stopping, stating.

Treasurers hold every right that is about payments, so one who is narrowed tries each door twice:
where his grant reaches, and where it does not.
"""

from __future__ import annotations

import ast
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

import nostro
from nostro.domain.case import CaseKind
from nostro.domain.duties import ACTIONS_OF
from nostro.domain.errors import NostroError
from nostro.domain.freeze import FreezeScope
from nostro.domain.money import Money
from nostro.domain.operator_evidence import EvidenceKind
from nostro.domain.order import OrderState
from nostro.domain.party import Action, Grant, Member, Role
from nostro.domain.policies import reach
from nostro.domain.policies.recall import RecallReason
from nostro.storage import cases, models, people
from nostro.storage.tenancy import tenant
from nostro.workflows import (
    approval,
    cancelling,
    case_work,
    freezing,
    holding,
    operator_evidence,
    payment_intake,
    reissue,
    run_import,
)
from nostro.workflows.correction import Correction
from nostro.workflows.operator_evidence import Told
from tests.workflows.company import PROFILE, Company


def entity_of(company: Company, code: str) -> str:
    with tenant(company.tenant_id):
        return str(models.LegalEntity.objects.get(code=code).id)


def narrowed(company: Company, role: Role = Role.TREASURER, **how: Any) -> Member:
    """Somebody new who holds this role, and no further than that."""
    member = company._member("Nell Narrow", frozenset({role}))
    with tenant(company.tenant_id):
        company.employ(member)
        grant = Grant(role=role, **how)
        people.grant_reaching(company.world.ids.new(), UUID(member.id), [grant])
    return people.member(company.tenant_id, UUID(member.id), company.clock.now())


def refusal(work: Callable[[], object]) -> str:
    try:
        work()
    except NostroError as error:
        return error.code
    return ""


def count(company: Company) -> int:
    with tenant(company.tenant_id):
        return models.Order.objects.count()


def account_of(company: Company, name: str) -> str:
    with tenant(company.tenant_id):
        return str(models.Account.objects.get(name=name).id)


def test_a_payment_beyond_a_grant_is_refused_and_none_of_its_request_is_taken(
    company: Company,
) -> None:
    mine, beyond = company.request("mine", 100_00), company.request("nl", entity_code="NL")
    for how, bad in (
        ({"entity_id": entity_of(company, "DE")}, beyond),
        ({"account_id": account_of(company, "DE-EUR")}, beyond),
        ({"up_to": Money(100_00, "EUR")}, company.request("much", 100_01)),
    ):
        nell = narrowed(company, Role.MAKER, **how)
        acting = company.acting(nell)
        with pytest.raises(payment_intake.NotTaken) as told:
            payment_intake.take_payments(acting, "api", [mine, bad], nell)
        assert (told.value.code, told.value.place) == ("beyond_grant", 1)
        assert told.value.did == "No payment of this request was taken."
        assert count(company) == 0
    assert len(payment_intake.take_payments(acting, "api", [mine], nell)) == 1


def test_lines_of_a_run_beyond_the_grant_of_who_hands_it_in_are_refused_and_hide_no_other(
    company: Company,
) -> None:
    nell = narrowed(company, Role.MAKER, entity_id=entity_of(company, "DE"))
    content = company.run_file({}, {"COMPANY_CODE": "NL"}, {})
    receipt = payment_intake.receive_run(company.acting(nell), "erp", "run.csv", content, PROFILE)
    assert [(line.outcome, line.code) for line in receipt.lines] == [
        ("accepted", ""),
        ("refused", "beyond_grant"),
        ("accepted", ""),
    ]
    assert "Nell Narrow" in receipt.lines[1].sentence
    assert company.evidence("run.csv") == [content]


def test_a_run_goes_on_with_what_its_maker_may_make_by_then(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever goes on with it: a worker asks for the one who handed it in."""
    nell = narrowed(company, Role.MAKER)
    monkeypatch.setattr("nostro.workflows.run_reading.PORTION", 1)
    monkeypatch.setattr(run_import, "carry_on", lambda *_: None)
    content = company.run_file({}, {})
    receipt = payment_intake.receive_run(company.acting(nell), "erp", "run.csv", content, PROFILE)
    monkeypatch.undo()
    with tenant(company.tenant_id):
        people.withdraw(UUID(nell.id))
    run_import.carry_on(company.job, receipt.run_id)
    with tenant(company.tenant_id):
        codes = models.RunLine.objects.values_list("outcome", "code")
        assert list(codes) == [("refused", "not_a_maker")] * 2


def test_who_makes_no_payments_hands_in_no_run(company: Company) -> None:
    stream = io.BytesIO(company.run_file({}))
    acting, heard = company.acting(company.ann), lambda *_: None
    told = refusal(
        lambda: payment_intake.import_run(
            acting, "erp", "run.csv", stream, PROFILE, heard, company.ann
        )
    )
    assert told == "not_a_maker"
    assert company.evidence("run.csv") == []


def of_payment(company: Company, nell: Member, entity: str) -> Iterator[Callable[[], object]]:
    """Each door to one payment of an entity, made ready by somebody else."""
    acting = company.acting(nell)

    def made(word: str) -> UUID:
        return company.ask(company.request(f"{entity}-{word}", entity_code=entity))[0]

    held, wish = made("hold"), cancelling.Wish(reason=RecallReason.CUSTOMER, text="not ours")
    yield lambda: holding.place_hold(acting, nell, [held], "look at it")
    yield lambda: approval.release_hold(acting, nell, held, "looked")
    back = made("back")
    yield lambda: cancelling.take_back(acting, nell, [back], wish)
    denied = made("again")
    cancelling.take_back(company.acting(), company.maker, [denied], wish)
    yield lambda: reissue.reissue(acting, nell, denied, Correction(), "after all")
    agreed = made("approve")
    seen = company.seen([agreed])
    yield lambda: approval.approve(acting, nell, [agreed], seen)
    new = case_work.new_case(
        company.job, CaseKind.CONTRADICTION, f"of/{agreed}", "Both?", "Ask.", order_id=agreed
    )
    with tenant(company.tenant_id):
        cases.open_all([new], company.clock.now())
    yield lambda: case_work.resolve(acting, nell, new.id, "the bank says it was a slip")
    entity_id = UUID(entity_of(company, entity))
    yield lambda: freezing.freeze(acting, nell, FreezeScope.ENTITY, entity_id, "fraud?")


def test_every_door_to_a_payment_asks_how_far_the_grant_reaches(company: Company) -> None:
    nell = narrowed(company, entity_id=entity_of(company, "DE"))
    assert {refusal(door) for door in of_payment(company, nell, "DE")} == {""}
    hold, release, *others = [refusal(door) for door in of_payment(company, nell, "NL")]
    assert release == "move_not_allowed", "for it was not held"
    assert {hold, *others} == {"beyond_grant"}


def test_what_a_bank_said_is_stated_only_for_payments_that_the_grant_reaches(
    company: Company,
) -> None:
    file, _ = company.send()
    nell = narrowed(company, entity_id=entity_of(company, "NL"))
    dee = narrowed(company, entity_id=entity_of(company, "DE"))
    told = Told(
        kind=EvidenceKind.BANK_REJECTED_IT,
        submission_id=file,
        told_by="Ms Fikt",
        text="it is there",
    )
    assert refusal(lambda: operator_evidence.state(company.acting(nell), nell, told)) == (
        "beyond_grant"
    )
    stated, counts = operator_evidence.state(company.acting(dee), dee, told)
    assert not counts
    confirm = operator_evidence.confirm
    assert refusal(lambda: confirm(company.acting(nell), nell, stated)) == "beyond_grant"
    confirm(company.acting(company.cy), company.cy, stated)


def test_a_stop_is_set_by_place_whatever_the_amount_and_lifted_only_by_who_reaches_all(
    company: Company,
) -> None:
    small = narrowed(company, up_to=Money(1_00, "EUR"))
    nell = narrowed(company, entity_id=entity_of(company, "DE"))
    account = UUID(account_of(company, "DE-EUR"))
    bank, payee = company.bank_id, company.payee_ids["V1"]

    def stop(who: Member, scope: FreezeScope, subject: UUID) -> UUID:
        return freezing.freeze(company.acting(who), who, scope, subject, "fraud?")

    for scope, subject in ((FreezeScope.CONNECTION, bank), (FreezeScope.PAYEE, payee)):
        assert refusal(lambda: stop(nell, scope, subject)) == "beyond_grant"  # noqa: B023
        stop(small, scope, subject)
    stop_id = stop(nell, FreezeScope.ACCOUNT, account)
    acting = company.acting(small)
    assert refusal(lambda: freezing.lift(acting, small, stop_id, "all good")) == "beyond_grant"
    freezing.lift(company.acting(company.cy), company.cy, stop_id, "all good")
    assert company.states(company.ask(company.request("later"))) == [OrderState.AWAITING_APPROVAL]


ROOT = Path(nostro.__file__).parent
# Asked in payment_checks, payment by payment; and whether an approval still counts for anything
# is asked before it is asked for what.
ASKED_ELSEWHERE = {
    ("reissue", "making.may_make"),
    ("payment_intake", "making.may_make"),
    ("recheck", "approval.may_still_approve"),
}


def policies() -> dict[str, int]:
    """The policies that take `about`, as module.name, with its place among their parameters."""
    found = {}
    for module in (ROOT / "domain").rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.FunctionDef):
                names = [one.arg for one in node.args.args]
                if names[:1] == ["member"] and "about" in names and node.name.startswith("may_"):
                    found[f"{module.stem}.{node.name}"] = names.index("about")
    return found


def asked(module: ast.Module) -> Iterator[tuple[str, int]]:
    """What a workflow calls of the domain, as module.name, with how many words it tells."""
    names = {
        alias.asname or alias.name: alias.name
        for node in module.body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("nostro.domain")
        for alias in node.names
    }
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            of = names.get(getattr(node.func.value, "id", ""), "")
            yield f"{of}.{node.func.attr}", len(node.args)


def test_each_policy_that_takes_a_place_is_told_one_by_its_workflows() -> None:
    """A walk over the source: no workflow asks whether somebody may, and not where."""
    wanted = policies()
    assert len(wanted) >= 10
    most: dict[tuple[str, str], int] = {}
    for module in (ROOT / "workflows").rglob("*.py"):
        for name, told in asked(ast.parse(module.read_text())):
            if name in wanted:
                most[module.stem, name] = max(most.get((module.stem, name), 0), told)
    assert {name for _, name in most} == wanted.keys(), "asked by nobody"
    without = {one for one, told in most.items() if told <= wanted[one[1]]}
    assert without == ASKED_ELSEWHERE


def test_only_what_has_a_place_is_narrowed() -> None:
    placed = {role for role in Role if reach.has_a_place(role)}
    assert placed == {
        Role.MAKER, Role.APPROVER, Role.RELEASER, Role.TREASURER, Role.RECONCILER,
    }  # fmt: skip
    assert all(Action.DECIDE_ACCESS not in ACTIONS_OF[role] for role in placed)
