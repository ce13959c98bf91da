"""Evidence is kept for as long as it must be; erased, it is gone and the log still whole."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest

from nostro.domain.errors import Invalid, Refused
from nostro.domain.policies.recall import RecallReason
from nostro.domain.policies.retention import kept_until
from nostro.ops import sealing
from nostro.storage import events, evidence, models, retention
from nostro.storage.tenancy import tenant
from nostro.workflows import cancelling, payment_intake
from nostro.workflows.cancelling import Wish
from nostro.workflows.retention import erase_evidence, lift_hold, place_hold, set_retention
from tests.workflows.company import PROFILE, Company

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def company() -> Company:
    return Company()


def kept(company: Company, content: bytes = b"personal data") -> UUID:
    with tenant(company.tenant_id):
        return evidence.keep(
            company.world.ids.new(), content, name="list of Ms Muster.csv",
            media_type="text/csv", direction="in", now=company.clock.now(),
        )  # fmt: skip


def refusal(company: Company, evidence_id: UUID) -> Refused:
    with pytest.raises(Refused) as refused:
        erase_evidence(company.job, evidence_id, "asked by Ms Muster")
    with tenant(company.tenant_id):
        assert evidence.read(evidence_id)
    return refused.value


@pytest.mark.parametrize(
    ("day", "months", "until"),
    [
        (date(2024, 1, 1), 0, date(2024, 12, 31)),
        (date(2024, 12, 31), 120, date(2034, 12, 31)),
        (date(2024, 5, 5), 1, date(2025, 1, 31)),
        (date(2024, 5, 5), 14, date(2026, 2, 28)),
        (date(2026, 5, 5), 18 + 6, date(2028, 12, 31)),
        (date(2026, 5, 5), 14, date(2028, 2, 29)),
    ],
)
def test_time_begins_with_the_end_of_the_year(day: date, months: int, until: date) -> None:
    assert kept_until(day, months) == until


def test_refused_with_the_date_while_retention_runs(company: Company) -> None:
    one = kept(company)
    year = company.clock.now().year
    assert f"until {year + 10}-12-31" in refusal(company, one).happened
    set_retention(company.job, 6, "what our lawyer says")
    told = refusal(company, one)
    assert told.code == "evidence_must_be_kept"
    assert f"until {year + 1}-06-30" in told.happened
    company.clock.advance(days=3 * 366)
    erase_evidence(company.job, one, "asked by Ms Muster")
    with tenant(company.tenant_id), pytest.raises(Refused) as refused:
        evidence.read(one)
    assert refused.value.code == "evidence_erased"


def test_refused_while_a_payment_in_it_is_under_way(company: Company) -> None:
    content = company.run_file({}, {})
    receipt = payment_intake.receive_run(company.acting(), "erp", "run.csv", content, PROFILE)
    ids = [line.order_id for line in receipt.lines if line.order_id]
    with tenant(company.tenant_id):
        run = models.PaymentRun.objects.get(id=receipt.run_id)
    set_retention(company.job, 0, "none is needed")
    company.clock.advance(days=366)
    told = refusal(company, run.evidence_id)
    numbers = [row.number for row in company.orders(ids)]
    assert f"payments in it are under way: {', '.join(numbers)}" in told.happened
    wish = Wish(reason=RecallReason.DUPLICATE, text="entered twice")
    cancelling.take_back(company.acting(company.cy), company.cy, ids, wish)
    erase_evidence(company.job, run.evidence_id, "asked by Ms Muster")


def test_refused_while_a_legal_hold_runs(company: Company) -> None:
    one, other = kept(company), kept(company, b"other")
    set_retention(company.job, 0, "none is needed")
    company.clock.advance(days=366)
    today = company.clock.now().date()
    ends = date(today.year + 1, 3, 4)
    place_hold(company.job, "Dispute", "letter of 3 May", evidence_id=one, ends_on=ends)
    assert f"Dispute forbids it until {ends}" in refusal(company, one).happened
    erase_evidence(company.job, other, "not in dispute")
    place_hold(company.job, "Audit", "tax audit")
    assert "Audit forbids it until it is lifted" in refusal(company, one).happened
    lift_hold(company.job, "Audit", "is over")
    with pytest.raises(Refused) as refused:
        lift_hold(company.job, "Audit", "again")
    assert refused.value.code == "legal_hold_unknown"
    company.clock.advance(days=2 * 366)
    erase_evidence(company.job, one, "the dispute is over")
    with pytest.raises(Refused) as refused:
        place_hold(company.job, "Dispute", "again")
    assert refused.value.code == "legal_hold_name_taken"
    with tenant(company.tenant_id):
        assert [hold.name for hold in retention.holds() if hold.lifted_at is None] == ["Dispute"]


def test_the_log_says_who_and_why_and_stays_whole(company: Company) -> None:
    one = kept(company)
    set_retention(company.job, 0, "none is needed")
    company.clock.advance(days=366)
    erase_evidence(company.job, one, "asked by Ms Muster")
    erase_evidence(company.job, one, "asked again")
    (told,) = company.events("evidence.erased")
    assert told == {"reason": "asked by Ms Muster"}
    sealing.seal_all(company.clock.now())
    assert sealing.verify(company.tenant_id).whole


def test_another_customers_file_is_unknown_and_reasons_are_needed(company: Company) -> None:
    foreign = kept(Company())
    for ask in (
        lambda: erase_evidence(company.job, foreign, "why not"),
        lambda: place_hold(company.job, "Hold", "why not", evidence_id=foreign),
    ):
        with pytest.raises(Refused) as refused:
            ask()
        assert refused.value.code == "evidence_unknown"
    with pytest.raises(Invalid):
        erase_evidence(company.job, foreign, " ")
    with pytest.raises(Invalid):
        set_retention(company.job, -1, "a slip")


def test_every_event_about_an_erased_file_is_emptied(company: Company) -> None:
    """Also where it was looked at more often than a story of it shows."""
    one = kept(company)
    told = {"name": "list of Ms Muster.csv"}
    looks = [company.job.event("evidence.revealed", "evidence", one, **told) for _ in range(600)]
    with tenant(company.tenant_id):
        events.record(looks)
    sealing.seal_all(company.clock.now())
    set_retention(company.job, 0, "none is needed")
    company.clock.advance(days=366)
    erase_evidence(company.job, one, "asked by Ms Muster")
    assert not [told for told in company.events("evidence.revealed") if "Muster" in str(told)]


def test_a_hold_that_is_over_holds_nothing_and_is_refused(company: Company) -> None:
    with pytest.raises(Invalid) as refused:
        place_hold(company.job, "Tax", "letter", ends_on=date(2020, 1, 1))
    assert refused.value.code == "legal_hold_over"
    with tenant(company.tenant_id):
        assert not models.LegalHold.objects.exists()
