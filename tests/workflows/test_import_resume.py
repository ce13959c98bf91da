"""An import that is interrupted anywhere, by anything, ends as if it had not been."""

from __future__ import annotations

import io
import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nostro.domain.errors import Invalid, Refused
from nostro.domain.order import OrderState
from nostro.domain.payment_run import RunState
from nostro.storage import due, models, runs
from nostro.storage.tenancy import tenant
from nostro.workflows import payment_intake, run_import, run_reading, tick
from tests.workflows.company import PROFILE, Company, iban

PORTION = 3
State = list[tuple[Any, ...]]


@pytest.fixture(autouse=True)
def small_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_reading, "PORTION", PORTION)


def run_of(company: Company) -> bytes:
    """Fourteen lines: good, held, refused, and duplicates of lines in other portions."""
    invoice = {"VENDOR": "V1", "INVOICES": "F1", "AMOUNT": "50.00"}
    return company.run_file(
        invoice, {}, {"IBAN": "NL00FIKT0123456789"}, {}, {"VENDOR": "V77"}, invoice,
        {"COMPANY_CODE": "FR"}, {"VENDOR": "V2", "INVOICES": "F2", "AMOUNT": "7.00"}, invoice,
        {"COMPANY_CODE": "NL", "VENDOR": "V3"}, {"CITY": "", "VENDOR": "V4"}, {"VENDOR": "V5"},
        {"VENDOR": "V2", "INVOICES": "F2", "AMOUNT": "7.00"}, {"VENDOR": "V6", "IBAN": iban(5)},
    )  # fmt: skip


def state_of(company: Company) -> State:
    """Everything that must not depend on interruptions, without ids and the company's code."""
    with tenant(company.tenant_id):
        orders = {row.id: row for row in models.Order.objects.all()}
        lines = models.RunLine.objects.order_by("run__received_at", "line")
        found: State = [("numbers", models.Customer.objects.get().next_payment_number)]
        for line in lines:
            order = orders.get(line.order_id) if line.order_id else None
            told = order and (
                order.number, order.state, order.amount_minor, order.payee_number,
                order.end_to_end_id.removeprefix(company.code), order.maker_name,
            )  # fmt: skip
            open_holds = models.Hold.objects.filter(order=order).order_by("code", "sentence")
            holds = open_holds.values_list("code", "refers_to")
            found.append((line.line, line.outcome, line.code, told,
                          [(c, r if r.startswith("PAY-") else "") for c, r in holds]))  # fmt: skip
        received = models.Event.objects.filter(type="order.received")
        assert received.count() == len(orders)
        assert len({row.number for row in orders.values()}) == len(orders)
        runs_there = models.PaymentRun.objects.all()
        found.append(tuple((row.state, row.lines_done, row.line_count) for row in runs_there))
        assert all(row.next_action_at is None for row in runs_there if row.state == "complete")
        return found


def deliver(
    company: Company, heard: Callable[[int, int], None] = lambda _done, _of: None, name: str = "r"
) -> UUID:
    stream = io.BytesIO(run_of(company))
    return payment_intake.import_run(company.acting(), "erp", name, stream, PROFILE, heard).run_id


@pytest.fixture(scope="module")
def whole(database: str) -> State:
    """What an import comes to that nobody interrupts."""
    run_reading.PORTION, before = PORTION, run_reading.PORTION
    company = Company()
    deliver(company)
    run_reading.PORTION = before
    return state_of(company)


class Interrupted(BaseException):
    """As Ctrl-C: no error of ours, so nobody catches it."""


def stop_after(portions: int) -> Callable[[int, int], None]:
    left = [portions]

    def heard(_done: int, _of: int) -> None:
        left[0] -= 1
        if left[0] <= 0:
            raise Interrupted

    return heard


def test_the_whole_import_is_what_we_think_it_is(whole: State) -> None:
    outcomes = [(line[1], line[2]) for line in whole[1:-1]]
    assert outcomes.count(("accepted", "")) == 6
    assert outcomes.count(("held", "duplicate_suspected")) == 3
    assert [code for outcome, code in outcomes if outcome == "refused"] == [
        "invalid_iban", "entity_unknown", "address_incomplete",
    ]  # fmt: skip
    assert whole[-1] == (("complete", 14, 14),)


@pytest.mark.parametrize("portions", range(1, 6))
def test_interrupted_between_two_portions(company: Company, whole: State, portions: int) -> None:
    with pytest.raises(Interrupted):
        deliver(company, stop_after(portions))
    heard: list[int] = []
    deliver(company, lambda done, _of: heard.append(done))
    assert state_of(company) == whole
    assert heard == [done for done in (3, 6, 9, 12, 14) if done > portions * PORTION]


@given(deaths=st.lists(st.integers(1, 150), max_size=4))
@settings(
    max_examples=int(os.environ.get("SOAK", "0")) * 200 or 12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_killed_at_any_statement_and_continued(
    company: Company, whole: State, deaths: list[int]
) -> None:
    """kill -9 in forked processes, each at its n-th statement; then somebody goes on."""
    company = Company()
    for statement in deaths:
        _die_at(company, statement)
    deliver(company)
    assert state_of(company) == whole


def _die_at(company: Company, statement: int) -> None:
    connections.close_all()
    child = os.fork()
    if child == 0:
        left = [statement]

        def count(execute: Any, *given: Any) -> Any:
            left[0] -= 1
            if left[0] <= 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return execute(*given)

        with connection.execute_wrapper(count):
            deliver(company)
        os._exit(0)
    os.waitpid(child, 0)


def test_the_same_file_many_times_at_once(company: Company, whole: State) -> None:
    """Renamed, and begun by eight at the same time: one run, every line once."""

    def one(number: int) -> UUID:
        try:
            return deliver(company, name=f"copy {number}")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as threads:
        found = set(threads.map(one, range(8)))
    assert len(found) == 1
    assert state_of(company) == whole


def test_two_runs_at_once_see_each_other(company: Company) -> None:
    """Two ERPs ask to pay the same invoices, at the same time: the second of each waits."""
    files = {
        source: company.run_file(
            *({"VENDOR": "V1", "INVOICES": f"F{n}", "AMOUNT": "9.00"} for n in range(12)),
            {"RUN_ID": source},
        )
        for source in ("erp", "sap")
    }

    def one(source: str) -> None:
        try:
            payment_intake.import_run(
                company.acting(), source, source, io.BytesIO(files[source]), PROFILE,
                lambda _done, _of: None,
            )  # fmt: skip
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(one, files))
    with tenant(company.tenant_id):
        held = models.RunLine.objects.filter(code="duplicate_suspected").count()
        numbers = list(models.Order.objects.values_list("number", flat=True))
    assert held == 12
    assert len(numbers) == len(set(numbers)) == 26


def test_nothing_of_a_run_is_approved_before_all_of_it_is_there(company: Company) -> None:
    with pytest.raises(Interrupted):
        deliver(company, stop_after(2))
    with tenant(company.tenant_id):
        waiting = list(
            models.Order.objects.filter(state="awaiting_approval").values_list("id", flat=True)
        )
    assert waiting
    with pytest.raises(Refused) as caught:
        company.approve(waiting)
    assert caught.value.code == "run_not_complete"
    deliver(company)
    company.approve(waiting)
    assert set(company.states(waiting)) == {OrderState.SCHEDULED}


def test_the_house_clock_continues_what_nobody_continues(company: Company, whole: State) -> None:
    """The maker stays who delivered the file: the job that goes on has made nothing."""
    with pytest.raises(Interrupted):
        deliver(company, stop_after(2))
    now = company.clock.now()
    assert not [row for row in leased(company, now) if row[0] == company.tenant_id]
    company.clock.advance(seconds=61)
    mine = [row for row in leased(company, company.clock.now()) if row[0] == company.tenant_id]
    assert len(mine) == 1
    assert run_import.carry_on(company.job, mine[0][1]) is RunState.COMPLETE
    assert state_of(company) == whole
    assert {name for line in whole[1:-1] if line[3] for name in [line[3][-1]]} == {"Mara Maker"}


def leased(company: Company, now: Any) -> list[tuple[UUID, UUID]]:
    with due.only_one_ticks() as mine:
        assert mine
        return due.lease("payment_run", now, tick.LEASE, 500)


def test_what_does_not_add_up_in_the_end_is_refused_and_told(company: Company) -> None:
    """Somebody changed what was stored while it was stored."""
    with pytest.raises(Interrupted):
        deliver(company, stop_after(2))
    with tenant(company.tenant_id):
        first = models.Order.objects.order_by("number")[0]
        models.Order.objects.filter(id=first.id).update(amount_minor=1)
    run_id = deliver(company)
    with tenant(company.tenant_id):
        assert runs.load(run_id).state is RunState.REFUSED
        assert set(models.Order.objects.values_list("state", flat=True)) == {"cancelled"}
    ((kind, sentence),) = company.cases()
    assert kind == "difference"
    assert "was refused" in sentence
    assert run_import.carry_on(company.job, run_id) is RunState.REFUSED


def test_a_file_that_contradicts_itself_is_refused_whole(company: Company) -> None:
    """Thirteen portions' worth of good lines, and a trailer that says otherwise."""
    content = company.run_file(*({"VENDOR": "V1"} for _ in range(39)), trailer="TRAILER;39;EUR=1\n")
    with pytest.raises(Invalid) as caught:
        payment_intake.import_run(
            company.acting(), "erp", "wrong", io.BytesIO(content), PROFILE, lambda _d, _o: None
        )
    assert caught.value.code == "run_totals_mismatch"
    assert company.evidence("wrong") == [content]
    (told,) = company.events("run.refused")
    assert (told["code"], told["file"]) == ("run_totals_mismatch", "wrong")
    with tenant(company.tenant_id):
        assert models.PaymentRun.objects.count() == models.Order.objects.count() == 0


@pytest.mark.parametrize("unfinished", [False, True])
def test_a_run_of_a_version_that_kept_no_profile_is_recognised_anew(
    company: Company, whole: State, *, unfinished: bool
) -> None:
    def stop(done: int, of: int) -> None:
        if unfinished and done >= PORTION:
            raise KeyboardInterrupt

    with suppress(KeyboardInterrupt):
        deliver(company, stop)
    with tenant(company.tenant_id):
        assert models.PaymentRun.objects.update(format_profile="") == 1
    again = io.BytesIO(run_of(company))
    with pytest.raises(Refused) as caught:
        payment_intake.import_run(company.acting(), "other", "r", again, PROFILE, lambda *_: None)
    assert caught.value.code == "run_came_otherwise"
    run_id = deliver(company)
    assert state_of(company) == whole
    with tenant(company.tenant_id):
        assert runs.load(run_id).state is RunState.COMPLETE
