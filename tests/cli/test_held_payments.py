"""Held payments at the terminal: nobody decides on what he was not shown the reasons of."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from nostro import app as joined
from nostro.cli import terminal
from nostro.cli.commands import app
from nostro.domain.errors import Refused
from nostro.domain.order import OrderState
from nostro.domain.party import Member
from nostro.domain.policies.checks import Effect, Finding
from nostro.storage import models, orders
from nostro.storage.tenancy import tenant
from nostro.workflows import watch_list_loading
from nostro.workflows.holding import place_hold
from tests.workflows.company import Company, scripted_connector

LISTED = Path(__file__).parents[1] / "golden_watch_lists" / "eu_xml.in"
WHO = ("--as", "ann@example.com", "--reason", "ok all")


@pytest.fixture
def company(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Company]:
    with scripted_connector():
        made = Company()
        monkeypatch.setattr(joined, "start", lambda: made.world)
        monkeypatch.setattr("sys.stdin", io.StringIO())
        yield made


@pytest.fixture
def run(
    company: Company, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Any:
    def typed(*words: str, by: Member | None = None) -> tuple[int, str]:
        """What `nostro payments WORDS` ends with and prints, typed by this person."""
        member, status = by or company.ann, 0
        monkeypatch.setattr(terminal, "person", lambda *_: (company.acting(member), member))
        capsys.readouterr()
        try:
            app(["payments", *words, "--customer", company.code], result_action="return_value")
        except SystemExit as ended:
            status = int(ended.code or 0)
        return status, capsys.readouterr().out

    return typed


def held(company: Company, count: int = 2) -> list[UUID]:
    ids = company.ask(*(company.request(f"P{n}") for n in range(count)))
    place_hold(company.acting(), company.maker, ids, "invoice disputed")
    return ids


def numbers(company: Company, ids: list[UUID]) -> list[str]:
    return [row.number for row in company.orders(ids)]


def digest_in(said: str) -> str:
    return said.partition("--digest ")[2].split()[0]


def also_held(company: Company, order_id: UUID) -> None:
    finding = Finding(code="duplicate_suspected", effect=Effect.HOLD, sentence="Paid twice?")
    with tenant(company.tenant_id):
        orders.insert_holds([(company.world.ids.new(), order_id, finding)], company.clock.now())


def test_nothing_goes_before_its_reasons_were_shown(company: Company, run: Any) -> None:
    ids = held(company)
    named = numbers(company, ids)
    status, said = run("release", *named, *WHO)
    assert status == 1
    assert said.count("invoice disputed") == 2
    assert "2 payments: 200.00 EUR" in said
    assert "Nothing was let go." in said
    assert company.states(ids) == [OrderState.HELD] * 2
    status, said = run("release", *named, *WHO, "--digest", digest_in(said))
    assert status == 0
    assert company.states(ids) == [OrderState.AWAITING_APPROVAL] * 2


def test_a_reason_that_came_since_is_not_let_go_unseen(company: Company, run: Any) -> None:
    (one,) = held(company, 1)
    (number,) = numbers(company, [one])
    digest = digest_in(run("release", number, *WHO)[1])
    also_held(company, one)
    with pytest.raises(Refused) as caught:
        run("release", number, *WHO, "--digest", digest)
    assert caught.value.code == "selection_changed"
    assert company.states([one]) == [OrderState.HELD]
    said = run("release", number, *WHO)[1]
    assert "Paid twice?" in said
    assert run("release", number, *WHO, "--digest", digest_in(said))[0] == 0


def test_several_go_only_for_one_same_reason_and_all_or_none(company: Company, run: Any) -> None:
    ids = held(company, 3)
    also_held(company, ids[1])
    with pytest.raises(Refused) as caught:
        run("release", *numbers(company, ids), *WHO)
    assert caught.value.code == "held_for_other_reasons"
    assert numbers(company, ids)[1] in caught.value.happened
    assert company.states(ids) == [OrderState.HELD] * 3


def test_hits_on_watch_lists_go_one_by_one_and_show_the_listed_name(
    company: Company, run: Any
) -> None:
    watch_list_loading.load(company.acting(), [("eu.xml", io.BytesIO(LISTED.read_bytes()))])
    try:
        ids = company.ask(*(company.request(f"H{n}", payee_name="Qwert Zyxwvut") for n in range(2)))
        named = numbers(company, ids)
        with pytest.raises(Refused) as caught:
            run("release", *named, *WHO)
        assert caught.value.code == "released_one_by_one"
        status, said = run("release", named[0], *WHO)
        assert status == 1
        for told in ("Qwert Asdf Zyxwvut", "88 % alike", "EU.90002.2", "TST"):
            assert told in said
        with tenant(company.tenant_id):
            assert not models.Hold.objects.filter(closed_at__isnull=False).exists()
    finally:
        watch_list_loading.remove(company.acting(), "eu")


def test_who_may_not_is_told_before_anything_is_shown(
    company: Company, run: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    (one,) = held(company, 1)
    (number,) = numbers(company, [one])
    with pytest.raises(Refused) as caught:
        run("release", number, *WHO, by=company.maker)
    assert caught.value.code == "maker_cannot_release"
    assert caught.value.location == number
    assert "invoice disputed" not in capsys.readouterr().out


def test_a_run_that_came_twice_is_denied_as_one(company: Company, run: Any) -> None:
    rows = [{"VENDOR": "V1", "INVOICES": f"INV-{n * 101}"} for n in range(1, 4)]
    company.receive(company.run_file(*rows))
    again = [row | {"RUN_ID": "R2"} for row in rows]
    company.receive(company.run_file(*again), name="again.csv", source="other")
    with tenant(company.tenant_id):
        found = {row.run_id for row in orders.in_state(OrderState.HELD)}
    (twice,) = found
    stray = held(company, 1)
    chosen = ("deny", "--run", str(twice), "--held-for", "duplicate_suspected")
    status, said = run(*chosen, *WHO)
    assert status == 1
    assert "3 payments" in said
    assert "3 held: duplicate suspected" in said
    status, said = run(*chosen, *WHO, "--digest", digest_in(said))
    assert (status, "3 payments denied by" in said) == (0, True)
    assert company.states(stray) == [OrderState.HELD]
    with tenant(company.tenant_id):
        assert not models.Hold.objects.filter(closed_at=None, order__run_id=twice).exists()
        assert len(orders.in_state(OrderState.DENIED)) == 3
        assert len(orders.in_state(OrderState.AWAITING_APPROVAL)) == 3


def test_many_are_denied_all_or_none(company: Company, run: Any) -> None:
    ids = held(company, 2)
    also_held(company, ids[1])
    named = numbers(company, ids)
    said = run("deny", *named, *WHO)[1]
    with pytest.raises(Refused) as caught:
        run("deny", named[0], *WHO, "--digest", digest_in(said))
    assert caught.value.code == "selection_changed"
    with pytest.raises(Refused) as caught:
        run("deny", *named, *WHO, by=company.maker)
    assert caught.value.code == "maker_cannot_release"
    assert caught.value.location == ", ".join(named)
    assert company.states(ids) == [OrderState.HELD] * 2
    assert run("deny", *named, *WHO, "--digest", digest_in(said))[0] == 0
    assert company.states(ids) == [OrderState.DENIED] * 2
