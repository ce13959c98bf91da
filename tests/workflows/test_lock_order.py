"""Two jobs about one file at the same time: one waits for the other, never both for each other."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connections
from structlog.testing import capture_logs

from nostro.domain.policies.recall import RecallReason
from nostro.workflows import cancelling
from nostro.workflows.cancelling import Wish
from nostro.workflows.jobs import TRIES_MAX, fresh
from tests.workflows.booking_words import Sent
from tests.workflows.company import Company

TOGETHER_WITHIN = 1.0  # Seconds: one that the database keeps waiting does not come to the barrier.

LOCKS_FILE = ('FROM "submission"', "UPDATE")
LOCKS_ORDERS = ('FROM "payment_order"', "UPDATE")
NAMES_REFERENCE = ("UPDATE attempt SET bank_reference", "")


@contextmanager
def pausing(mark: tuple[str, str], barrier: threading.Barrier, came: list[str]) -> Iterator[None]:
    """On this thread's connection, wait for the other one after the first statement like `mark`."""
    waited = False

    def watch(execute: Callable[..., Any], sql: str, *more: Any) -> Any:
        nonlocal waited
        result = execute(sql, *more)
        if not waited and mark[0] in sql and sql.rstrip().endswith(mark[1]):
            waited = True
            came.append(mark[0])
            with contextlib.suppress(threading.BrokenBarrierError):
                barrier.wait(TOGETHER_WITHIN)  # Unless the other one waits for this one's lock.
        return result

    with connections["default"].execute_wrapper(watch):
        yield


def at_once(*jobs: tuple[tuple[str, str], Callable[[], object]]) -> list[BaseException]:
    """Run jobs in threads of their own that meet where each holds its first lock; their failures.

    Asserts that each came there.
    """
    barrier, came = threading.Barrier(len(jobs)), list[str]()
    failures: list[BaseException] = []

    def run(mark: tuple[str, str], job: Callable[[], object]) -> None:
        try:
            with pausing(mark, barrier, came):
                job()
        except BaseException as failure:
            failures.append(failure)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(came) == sorted(mark[0] for mark, _ in jobs)
    return failures


@pytest.mark.parametrize(
    ("of_report", "of_notice"),
    [
        pytest.param(LOCKS_FILE, LOCKS_ORDERS, id="file and orders"),
        pytest.param(LOCKS_ORDERS, NAMES_REFERENCE, id="orders and attempts"),
    ],
)
def test_a_report_and_a_notice_on_one_file_are_understood_at_once(
    company: Company, of_report: tuple[str, str], of_notice: tuple[str, str]
) -> None:
    sent = Sent(company, 4)
    report = sent.report((3, "RJCT", "AC04"), (0, "ACSP", ""), (1, "ACSC", ""))
    notice = sent.camt("054", sent.debit(2), sent.debit(1), sent.debit(0))
    failures = at_once(
        (of_report, lambda: sent.hears(report)), (of_notice, lambda: sent.hears(notice))
    )
    assert failures == []
    assert sent.attempts == ["executed", "executed", "executed", "rejected"]


def test_two_payments_of_one_file_are_asked_back_while_it_is_reported_on(company: Company) -> None:
    sent = Sent(company, 4)
    report = sent.report(*((number, "ACSP", "") for number in (3, 2, 1, 0)))
    wish = Wish(reason=RecallReason.CUSTOMER, text="Wrong payee")
    acting = company.acting(company.cy)
    failures = at_once(
        (LOCKS_ORDERS, lambda: sent.hears(report)),
        (LOCKS_FILE, lambda: cancelling.take_back(acting, company.cy, sent.ids[2:], wish)),
    )
    assert failures == []
    assert sent.attempts == ["accepted"] * 4
    assert sent.kinds() == ["recall", "recall"]


def test_two_reports_on_one_file_with_their_lines_in_other_orders(company: Company) -> None:
    sent = Sent(company, 4)
    lines = [(number, "RJCT" if number % 2 else "ACSC", "") for number in range(4)]
    one = sent.report(*lines, message_id="S1")
    other = sent.report(*reversed(lines), message_id="S2")
    failures = at_once(
        (LOCKS_FILE, lambda: sent.hears(one)), (LOCKS_FILE, lambda: sent.hears(other))
    )
    assert failures == []
    assert sent.attempts == ["executed", "rejected"] * 2


def deadlock(error: type[psycopg.Error]) -> OperationalError:
    """As Django tells what PostgreSQL said."""
    told = OperationalError("deadlock detected\nDETAIL:  Process 1 waits for process 2.")
    told.__cause__ = error()
    return told


@pytest.mark.parametrize(
    "error", [psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure]
)
def test_a_job_that_the_database_ended_for_another_is_done_again_at_once(
    database: str, error: type[psycopg.Error]
) -> None:
    tries: list[str] = []

    @fresh
    def job(message: str) -> None:
        tries.append(message)
        if len(tries) < TRIES_MAX:
            raise deadlock(error)

    with capture_logs() as logged:
        job(message="M1")
    assert tries == ["M1"] * TRIES_MAX
    assert [(line["event"], line["log_level"]) for line in logged] == [
        ("job_done_again", "warning")
    ] * (TRIES_MAX - 1)
    assert all(line["cause"] == "deadlock detected" for line in logged)


def test_what_goes_on_being_in_the_way_is_told_in_the_end(database: str) -> None:
    @fresh
    def job() -> None:
        raise deadlock(psycopg.errors.DeadlockDetected)

    with pytest.raises(OperationalError):
        job()


def test_a_lost_database_is_no_reason_to_do_a_job_again(database: str) -> None:
    tries: list[int] = []

    @fresh
    def job() -> None:
        tries.append(1)
        raise OperationalError("server closed the connection") from psycopg.OperationalError()

    with pytest.raises(OperationalError):
        job()
    assert len(tries) == 1
