"""What treasury adds to a payment is approved with it and told to the bank."""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec
import pytest

from nostro.domain.dry_run import DryRun
from nostro.domain.payment import Wishes
from nostro.storage.tenancy import tenant
from nostro.workflows import changes, payment_routing
from tests.workflows.company import Company
from tests.workflows.test_change_requests import admins, agree, ask, refusal
from tests.workflows.test_release import lines

__all__ = ["admins"]

SALARIES: dict[str, Any] = {
    "additions": [
        {
            "name": "Salaries", "purpose": "SALA", "category_purpose": "SALA",
            "cost_centre": "4711", "when": 'source == "payroll"',
        },
    ],
    "examples": [{"payment": "amount 1.00 EUR, source payroll", "rule": "Salaries"}],
}  # fmt: skip


@pytest.fixture
def salaries(company: Company, admins: Any) -> None:
    ada, ben, _ = admins
    assert agree(company, ben, ask(company, ada, SALARIES, "enrichment"))


def test_it_is_approved_and_told_to_the_bank(company: Company, salaries: None) -> None:
    paid = company.ask(company.request("S1"), company.request("S2", payee="V2"), source="payroll")
    (other,) = company.ask(company.request("O1", payee="V3"))
    ids = [*paid, other]
    first, _, plain = company.orders(ids)
    assert first.route.added
    assert first.route.added.rule == "rule Salaries of enrichment 1"
    assert (first.route.added.cost_centre, first.route.added.intercompany) == ("4711", False)
    assert plain.route.added is None
    without = msgspec.structs.replace(first, route=msgspec.structs.replace(first.route, added=None))
    assert without.approvable().digest() != first.approval_digest, "it is part of what is signed"
    company.approve(ids)
    (file,) = company.release()
    told = {line.end_to_end_id: (batch, line) for batch, line in lines(company, file)}
    rows = company.orders(ids)
    found = [told[row.instruction.end_to_end_id] for row in rows]
    assert [line.purpose for _, line in found] == ["SALA", "SALA", ""]
    assert [batch.category_purpose for batch, _ in found] == ["SALA", "SALA", ""]


def test_a_purpose_of_the_source_is_never_overwritten(company: Company, salaries: None) -> None:
    wishes = Wishes(purpose="BONU")
    ids = company.ask(company.request("B1", wishes=wishes), source="payroll")
    (row,) = company.orders(ids)
    assert row.route.added
    assert (row.route.purpose, row.route.category_purpose) == ("BONU", "SALA")
    assert "purpose BONU is the source's and stays, not SALA" in row.route.added.rule
    assert payment_routing.asked(row, {}).wishes == wishes, "a check at release asks the same"
    company.approve(ids)
    (file,) = company.release()
    ((batch, line),) = lines(company, file)
    assert (line.purpose, batch.category_purpose) == ("BONU", "SALA")


def test_it_is_tried_on_past_payments_first(company: Company, admins: Any) -> None:
    kind, since = changes.named("enrichment"), company.clock.now().replace(year=2020)
    company.ask(company.request("S1"), source="payroll")
    company.ask(company.request("S2", payee="V2", confidential=True), source="payroll")
    own = Wishes(purpose="BONU", category_purpose="BONU")
    company.ask(company.request("S3", payee="V3", wishes=own), source="payroll")
    company.ask(company.request("O1", payee="V4"))

    def tried() -> DryRun:
        with tenant(company.tenant_id):
            assert kind.dry_run
            return kind.dry_run(company.job, changes.read(kind, SALARIES), since)

    found = tried()
    assert (found.looked_at, found.different) == (3, 2), "a confidential one is not looked at"
    assert [(one.before, one.after) for one in found.shown] == [
        ("nothing is added", "cost centre 4711"),
        ("nothing is added", "purpose SALA, category purpose SALA, cost centre 4711"),
    ]
    ada, ben, _ = admins
    assert agree(company, ben, ask(company, ada, SALARIES, "enrichment"))
    company.ask(company.request("S4", payee="V5"), source="payroll")
    assert tried().different == 2, "what has it already is no different"


def test_what_cannot_be_added_is_refused(company: Company, admins: Any) -> None:
    (rule,) = SALARIES["additions"]
    for code, additions in (
        ("enrichment_unfit", [{**rule, "purpose": "salary"}]),
        ("enrichment_unfit", [{**rule, "cost_centre": "4" * 36}]),
        ("enrichment_unfit", [{"name": "Salaries", "when": ""}]),
        ("rules_unnamed", [rule, rule]),
        ("rule_not_understood", [{**rule, "when": "source = 1"}]),
        ("example_differs", [{**rule, "when": 'source == "erp"'}]),
    ):
        wanted = {**SALARIES, "additions": additions}
        assert refusal(partial(ask, company, admins[0], wanted, "enrichment")) == code


def test_a_new_wish_begins_with_what_counts(company: Company, admins: Any, salaries: None) -> None:
    kind = changes.named("enrichment")
    with tenant(company.tenant_id):
        assert kind.as_it_is
        wish = msgspec.to_builtins(kind.as_it_is(company.job))
    assert refusal(partial(ask, company, admins[0], wish, "enrichment")) == "nothing_changes"
