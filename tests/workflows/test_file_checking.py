"""Every kept file is read again: what was changed, cut or taken is named, and it may be stopped."""

from __future__ import annotations

from itertools import islice
from uuid import UUID

import pytest

from nostro.cli import kept_files
from nostro.storage import evidence, models
from nostro.storage.tenancy import tenant
from nostro.workflows import retention
from nostro.workflows.file_checking import check_files
from tests.workflows.company import Company

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def company() -> Company:
    return Company()


def kept(company: Company, count: int) -> list[UUID]:
    with tenant(company.tenant_id):
        return [
            evidence.keep(
                company.world.ids.new(), b"%d" % number * 700_000, name=f"{number}.xml",
                media_type="text/xml", direction="in", now=company.clock.now(),
            )
            for number in range(10, 10 + count)
        ]  # fmt: skip


def test_what_is_whole_and_what_is_not(company: Company) -> None:
    good, swapped, cut, gone = kept(company, 4)
    assert [one.wrong for one in check_files(company.job)] == [""] * 4
    with tenant(company.tenant_id):
        pieces = models.EvidenceChunk.objects.filter
        foreign = pieces(evidence_id=good, sequence=0).values_list("content", flat=True).get()
        pieces(evidence_id=swapped, sequence=0).update(content=foreign)
        pieces(evidence_id=cut, sequence=1).delete()
    retention.set_retention(company.job, 0, "none is needed")
    company.clock.advance(days=366)
    retention.erase_evidence(company.job, gone, "asked for")
    found = {one.id: one for one in check_files(company.job)}
    assert [found[one].erased for one in (good, swapped, cut, gone)] == [False] * 3 + [True]
    assert found[good].wrong == found[gone].wrong == ""
    assert "sealed_for_elsewhere" in found[swapped].wrong
    assert "evidence_incomplete" in found[cut].wrong


def test_it_goes_on_where_it_was_stopped(company: Company) -> None:
    ids = kept(company, 3)
    assert [one.id for one in islice(check_files(company.job), 2)] == ids[:2]
    assert [one.id for one in check_files(company.job, ids[1])] == ids[2:]
    assert list(check_files(Company().job)) == [], "another customer's"


def test_the_terminal_names_what_is_not_whole(
    company: Company, capsys: pytest.CaptureFixture[str]
) -> None:
    (one,) = kept(company, 1)
    assert kept_files.verify(None, company.code)
    with tenant(company.tenant_id):
        models.EvidenceChunk.objects.filter(evidence_id=one).delete()
    assert not kept_files.verify(None, company.code)
    told = capsys.readouterr().out
    assert f"{one} 10.xml" in told
    assert "1 not whole" in told


def test_what_is_due_and_what_is_held(company: Company, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = kept(company, 2)
    year = company.clock.now().year
    (row,), holds = retention.due(company.job)
    assert (row.year, row.files, row.held, row.over, holds) == (year, 2, 0, False, [])
    retention.set_retention(company.job, 0, "none is needed")
    retention.place_hold(company.job, "Dispute", "letter of 3 May", evidence_id=first)
    company.clock.advance(days=366)
    (row,), (hold,) = retention.due(company.job)
    assert (row.held, row.over, row.until.isoformat()) == (1, True, f"{year}-12-31")
    assert (hold.name, hold.evidence_id) == ("Dispute", first)
    kept_files.due(company.code)
    assert "letter of 3 May" in capsys.readouterr().out
    retention.erase_evidence(company.job, second, "asked for")
    assert [row.files for row in retention.due(company.job)[0]] == [1]
    retention.place_hold(company.job, "Audit", "tax audit")
    assert [row.held for row in retention.due(company.job)[0]] == [1]
    retention.lift_hold(company.job, "Audit", "is over")
    assert [one.name for one in retention.due(company.job)[1]] == ["Dispute"]
