"""All policies in one place: by number, with the difference, and their examples beside them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from nostro.domain.errors import Invalid
from nostro.domain.policies.approval import ApprovalRules
from nostro.domain.policy import Example
from nostro.storage import parties, policies
from nostro.storage.tenancy import tenant
from nostro.workflows import changes, policy_book
from nostro.workflows.changes.approval_rules import WantedRules, _read, _tell, _write
from nostro.workflows.policy_changes import policy_kind
from tests.workflows.company import Company


def keep(company: Company, needed: int, days: int) -> None:
    with tenant(company.tenant_id):
        policies.add(
            company.world.ids.new(),
            ApprovalRules(needed=needed),
            valid_from=company.clock.now() + timedelta(days=days),
            changed_by="two people",
            reason=f"{needed} from now on",
        )


def test_what_counts_what_comes_and_every_version_page_by_page(company: Company) -> None:
    kind = changes.named("approval_rules")
    with tenant(company.tenant_id):
        (empty,) = policy_book.sheets(company.job, kind)
        assert (empty.counts.number, empty.coming) == (0, ())
    for needed, days in ((3, 0), (5, 20), (4, 10)):
        keep(company, needed, days)
    with tenant(company.tenant_id):
        (sheet,) = policy_book.sheets(company.job, kind)
        assert sheet.counts.says["people"] == 3
        assert [one.number for one in sheet.coming] == [3, 2], "in the order in which they count"
        seen, cursor = list[tuple[int, object]](), ""
        while True:
            page = policy_book.turns(kind, "", 2, cursor)
            seen += [(one.version.number, one.before and one.before.number) for one in page.rows]
            cursor = page.next
            if not cursor:
                break
        assert seen == [(3, 2), (2, 1), (1, 0), (0, None)]
        with pytest.raises(Invalid, match="cursor"):
            policy_book.turns(kind, "", 2, "nonsense")


def test_cut_offs_of_a_connections_settings_stand_there_too(company: Company) -> None:
    kind = changes.named("bank_calendar")
    with tenant(company.tenant_id):
        row = parties.connection(company.bank_id)
        told = [{"at": "15:30:00", "time_zone": "Europe/Berlin", "currency": "EUR"}]
        parties.configure_connection(company.bank_id, {**row.config, "cut_offs": told})
        sheet = policy_book.sheet(company.job, kind, str(company.bank_id))
    assert sheet
    assert sheet.counts.number == 0, "nobody has agreed on a calendar"
    assert sheet.counts.says["cut_offs"] == ["15:30 Europe/Berlin EUR"]


def test_the_examples_of_a_kind_are_held_against_the_rules_of_now(company: Company) -> None:
    def examples(rules: ApprovalRules) -> list[Example]:
        return [Example(name="any payment", expected="2", found=str(rules.needed))]

    kind = policy_kind(
        ApprovalRules,
        name="made_up",
        title="Made up",
        wanted=WantedRules,
        read=_read,
        tell=_tell,
        write=_write,
        examples=examples,
    )
    with tenant(company.tenant_id):
        assert [one.holds for one in policy_book.examples(company.job, kind)] == [True]
    keep(company, 3, 0)
    with tenant(company.tenant_id):
        (one,) = policy_book.examples(company.job, kind)
        assert (one.found, one.holds) == ("3", False)
        assert policy_book.examples(company.job, changes.named("bank_calendar")) == ()
