"""The ERP is told what became of its payments and posts its journals, once, whatever is dropped."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connections

from nostro import formats
from nostro.connectors.erp.file_folder import ErpFolder, ErpFolderConfig
from nostro.domain.errors import Refused
from nostro.domain.order import OrderState
from nostro.domain.payment_status import PaymentStatus
from nostro.formats import Profile
from nostro.ports import Outgoing
from nostro.storage import evidence, models, parties
from nostro.storage import source_status as stored
from nostro.storage.tenancy import tenant
from nostro.workflows import dispatch, jobs, posting, source_status
from nostro.workflows.tick import tick
from tests.workflows.company import Company
from tests.workflows.forgetful_erp import ERPS, ForgetfulErp, forgetful_connector

NO = Refused("not_this", "The account is closed.", can_do="Ask the payee.")


@pytest.fixture
def erp(company: Company) -> Iterator[ForgetfulErp]:
    with forgetful_connector():
        made = ERPS[company.code] = ForgetfulErp()
        yield made


def connect(company: Company, source: str = "", name: str = "") -> UUID:
    connection_id = company.world.ids.new()
    with tenant(company.tenant_id):
        parties.create_connection(
            connection_id,
            f"ERP of {source or 'all'}",
            "forgetful",
            {"name": name or company.code, "source": source},
            collect_from=company.clock.now(),
        )
    return connection_id


def reject(company: Company, prefix: str, count: int = 1, source: str = "test") -> list[UUID]:
    """Payments that the bank has refused: each makes a journal, and news for its source."""
    asked = [company.request(f"{prefix}{n}", 100_00 + n) for n in range(count)]
    ids = company.ask(*asked, source=source)
    company.approve(ids)
    (submission_id,) = company.release()
    company.bank.outcomes = [NO]
    dispatch.attend(company.job, submission_id)
    assert set(company.states(ids)) == {OrderState.REJECTED}
    return ids


def post(company: Company, connection_id: UUID) -> UUID | None:
    with tenant(company.tenant_id):
        return posting.deliver_journals(company.job, connection_id)


def files(company: Company, connection_id: UUID) -> list[models.Submission]:
    with tenant(company.tenant_id):
        return list(models.Submission.objects.filter(connection_id=connection_id).order_by("id"))


def run_on(company: Company, connection_id: UUID, rounds: int = 40) -> list[str]:
    """Attend to every file of the ERP each time it is due, and once too often; their states."""
    for _ in range(rounds):
        waiting = [row for row in files(company, connection_id) if row.next_action_at]
        if not waiting:
            break
        due = min(row.next_action_at for row in waiting if row.next_action_at)
        company.clock.advance(seconds=max((due - company.clock.now()).total_seconds(), 0))
        tick(company.clock.now())
        for row in waiting:
            for _ in range(2):
                dispatch.attend(company.job, row.id)
    return [row.state for row in files(company, connection_id)]


def content_of(company: Company, submission_id: UUID) -> list[PaymentStatus]:
    with tenant(company.tenant_id):
        row = models.Submission.objects.get(id=submission_id)
        content = evidence.read(row.evidence_id)
    form = formats.find()["payment_status_csv"]
    return list(formats.documents(form, io.BytesIO(content), Profile()))


def journals_of(company: Company) -> list[str]:
    with tenant(company.tenant_id):
        return [str(row) for row in models.JournalEvent.objects.values_list("id", flat=True)]


# Journals.


@pytest.mark.parametrize(
    "drops",
    [{0}, {1}, {2}, {0, 1}, {0, 1, 2}, {0, 2, 3}, {1, 2, 3, 4}, set(range(12))],
    ids=str,
)
def test_each_answer_to_a_posting_is_dropped_after_its_commit(
    company: Company, erp: ForgetfulErp, drops: set[int]
) -> None:
    """Answers to questions are dropped too: they count on from the answers to postings."""
    connection_id = connect(company)
    erp.drops = frozenset(drops)
    for portion in range(3):
        reject(company, f"{portion}-", 2)
        assert post(company, connection_id)
        assert post(company, connection_id) is None
    assert run_on(company, connection_id) == ["delivered"] * 3
    posted = Counter(journal.id for journal in erp.journals())
    assert set(posted) == set(journals_of(company))
    assert set(posted.values()) == {1}
    assert len({one.message_id for one in erp.booked}) == len(erp.booked) == 3


def test_a_posting_that_never_arrived_goes_again_with_the_same_bytes_and_once(
    company: Company, erp: ForgetfulErp
) -> None:
    connection_id = connect(company)
    erp.loses = frozenset({0})
    reject(company, "P", 2)
    post(company, connection_id)
    assert run_on(company, connection_id) == ["delivered"]
    (row,) = files(company, connection_id)
    assert (row.tries, len(erp.booked)) == (2, 1)
    assert erp.booked[0].message_id == row.message_id, "the external reference is the same"


# The folder.


def folder(tmp_path: Path, **more: Any) -> ErpFolder:
    for name in ("out", "taken", "status"):
        (tmp_path / name).mkdir()
    config: dict[str, Any] = {
        "outbox_folder": str(tmp_path / "out"),
        "taken_folders": (str(tmp_path / "taken"),),
        "status_folder": str(tmp_path / "status"),
    }
    return ErpFolder(ErpFolderConfig(**{**config, **more}))


def outgoing(message_id: str = "JRN-1") -> Outgoing:
    return Outgoing(message_id=message_id, file_name="any.csv", media_type="text/csv", content=b"x")


def test_a_file_is_looked_up_where_it_was_put_and_where_it_is_moved_to(tmp_path: Path) -> None:
    erp = folder(tmp_path)
    assert erp.knows("JRN-1") is False
    assert erp.post(outgoing()).reference == "JRN-1.csv"
    assert erp.knows("JRN-1") is True
    assert erp.knows("JRN") is False, "part of a name is another name"
    (tmp_path / "out" / "JRN-1.csv").rename(tmp_path / "taken" / "JRN-1.csv")
    assert erp.knows("JRN-1") is True
    erp.post(outgoing())
    assert list((tmp_path / "out").iterdir()) == [], "what it took is not written again"
    erp.tell(outgoing("STA-1"))
    assert [path.name for path in (tmp_path / "status").iterdir()] == ["STA-1.csv"]
    assert erp.knows("STA-1") is True


def test_a_file_half_written_is_not_there(tmp_path: Path) -> None:
    erp = folder(tmp_path)
    (tmp_path / "out" / ".JRN-1.csv.abc.part").write_bytes(b"x")
    assert erp.knows("JRN-1") is False


def test_without_a_folder_of_taken_files_a_missing_one_proves_nothing(tmp_path: Path) -> None:
    erp = folder(tmp_path, taken_folders=(), status_folder="")
    assert erp.knows("JRN-1") is None
    assert erp.status_format() == ""
    erp.post(outgoing())
    assert erp.knows("JRN-1") is True


# What the source is told.


def test_a_source_is_told_once_of_each_end(company: Company, erp: ForgetfulErp) -> None:
    connection_id = connect(company)
    rejected = reject(company, "R", 2)
    company.ask(company.request("WAITS"))
    (file,) = source_status.tell(company.job, connection_id)
    assert source_status.tell(company.job, connection_id) == []
    told = content_of(company, file)
    assert [one.source_reference for one in told] == ["R0", "R1"]
    rows = {row.source_reference: row for row in company.orders(rejected)}
    for one in told:
        row = rows[one.source_reference]
        assert (one.number, one.end_to_end_id) == (row.number, row.instruction.end_to_end_id)
        assert (one.state, one.reason) == (OrderState.REJECTED, "not_this")
        assert "account is closed" in one.reason_text
        assert (one.amount, one.returned) == (row.instruction.amount, None)
        assert one.day == company.clock.now().date()
    (made,) = files(company, connection_id)
    assert (made.purpose, made.line_count, made.state) == ("statuses", 2, "built")
    assert made.message_id.startswith("STA-20261120-")


def test_what_changes_after_it_was_told_is_told_again(company: Company, erp: ForgetfulErp) -> None:
    connection_id = connect(company)
    (order_id,) = reject(company, "R")
    source_status.tell(company.job, connection_id)
    told = []
    for state, returned in (
        ("partially_returned", 30_00),
        ("partially_returned", 30_00),
        ("partially_returned", 50_00),
        ("in_flight", 0),
        ("settled", 0),
    ):
        with tenant(company.tenant_id):
            models.Order.objects.filter(id=order_id).update(state=state, returned_minor=returned)
        told += [
            (one.state.value, one.returned.number() if one.returned else "")
            for file in source_status.tell(company.job, connection_id)
            for one in content_of(company, file)
        ]
    assert told == [
        ("partially_returned", "30.00"),
        ("partially_returned", "50.00"),
        ("settled", ""),
    ]


def test_each_source_over_its_own_connection_and_the_rest_over_the_common_one(
    company: Company, erp: ForgetfulErp
) -> None:
    common, own = connect(company), connect(company, source="payroll")
    for source in ("payroll", "api", "erp"):
        reject(company, f"{source}-", source=source)
    for connection_id, expected in ((own, ["payroll-0"]), (common, ["api-0", "erp-0"])):
        (file,) = source_status.tell(company.job, connection_id)
        assert [one.source_reference for one in content_of(company, file)] == expected
    assert source_status.tell(company.job, company.bank_id) == [], "a bank is no source"


def test_news_and_file_are_one_transaction(company: Company, erp: ForgetfulErp) -> None:
    connection_id = connect(company)
    reject(company, "R", 2)

    def power_goes_off() -> None:
        with tenant(company.tenant_id):
            assert source_status._next_file(company.job, connection_id)
            raise RuntimeError("before the commit")

    with pytest.raises(RuntimeError, match="before the commit"):
        power_goes_off()
    assert files(company, connection_id) == []
    (file,) = source_status.tell(company.job, connection_id)
    assert len(content_of(company, file)) == 2


def test_of_many_workers_each_news_is_in_one_file(
    company: Company, erp: ForgetfulErp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_status, "LINES_MAX", 3)
    connection_id = connect(company)
    reject(company, "R", 10)

    def act(_: int) -> list[UUID]:
        try:
            return source_status.tell(company.job, connection_id)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        made = [file for some in pool.map(act, range(4)) for file in some]
    made += source_status.tell(company.job, connection_id)  # What was locked when others looked.
    told = [one.source_reference for file in made for one in content_of(company, file)]
    assert sorted(told) == [f"R{n}" for n in range(10)]
    assert len(made) >= 4


def test_another_customers_news_is_not_seen(company: Company, erp: ForgetfulErp) -> None:
    other = Company()
    reject(other, "O")
    connection_id = connect(company)
    assert source_status.tell(company.job, connection_id) == []
    with tenant(company.tenant_id):
        assert stored.lock_untold("", [], 10) == []


def test_the_tick_finds_news_that_nobody_woke_for(company: Company, erp: ForgetfulErp) -> None:
    connection_id = connect(company)
    reject(company, "R")
    assert tick(company.clock.now())
    jobs.collect_messages(tenant_id=str(company.tenant_id), connection_id=str(connection_id))
    (row,) = files(company, connection_id)
    assert row.purpose == "statuses"


@pytest.mark.parametrize("drops", [set(), {0}, {1}, {0, 1}, {0, 1, 2}, set(range(12))], ids=str)
def test_each_answer_to_a_status_file_is_dropped_after_its_commit(
    company: Company, erp: ForgetfulErp, drops: set[int]
) -> None:
    connection_id = connect(company)
    erp.drops = frozenset(drops)
    for portion in range(2):
        reject(company, f"{portion}-", 2)
        source_status.tell(company.job, connection_id)
        source_status.tell(company.job, connection_id)
    assert run_on(company, connection_id) == ["delivered"] * 2
    told = Counter((one.source_reference, one.state) for one in erp.statuses())
    assert len(told) == 4
    assert set(told.values()) == {1}


def test_a_status_file_waits_for_a_connection_that_takes_it_and_has_a_voice(
    company: Company,
) -> None:
    erp = ERPS[company.code] = ForgetfulErp()
    with forgetful_connector():
        connection_id = connect(company)
        reject(company, "R")
        (file,) = source_status.tell(company.job, connection_id)
        with tenant(company.tenant_id):
            models.Connection.objects.filter(id=connection_id).update(
                connector="scripted", config={"name": company.code}
            )
        assert dispatch.attend(company.job, file) is None
        assert erp.told == []
        assert [kind for kind, _ in company.cases()].count("connection") == 1
        with tenant(company.tenant_id):
            models.Connection.objects.filter(id=connection_id).update(connector="forgetful")
        company.clock.advance(hours=2)
        assert dispatch.attend(company.job, file) == "delivered"
    assert len(erp.told) == 1
