"""Bank days at the terminal: shown, changed alone while it is set up, asked for once two decide."""

from __future__ import annotations

from pathlib import Path

import pytest

from nostro.domain.errors import Invalid
from nostro.domain.party import Member
from tests.cli.test_deciding import Heard, admins, agree, company, typed  # noqa: F401
from tests.workflows.company import Company


def test_until_when_and_which_days(company: Company, capsys: Heard) -> None:  # noqa: F811
    said = typed(company, capsys, "calendar", "show")
    assert "As of 2026-11-20 09:00 UTC." in said
    assert "Thanksgiving" in said
    assert "clearing" in said


def test_it_is_set_up_alone_and_kept_by_version(
    company: Company,  # noqa: F811
    capsys: Heard,
    tmp_path: Path,
) -> None:
    told = tmp_path / "bank.toml"
    told.write_text('cut_offs = ["15:00 Europe/Berlin"]\ntakes_ahead_days = 15\n')
    line = ("calendar", "change", "Bank", "--settings", str(told), "--reason", "our contract")
    assert "is now version 1" in typed(company, capsys, *line)
    more = ("--term", "cut_offs=14:00 Europe/Berlin", "--term", "from_day=2026-12-01")
    assert "is now version 2" in typed(company, capsys, "calendar", "change", "Bank", *more)
    said = typed(company, capsys, "calendar", "bank", "Bank")
    assert "Version 1 (counts now)" in said
    assert "our contract" in said
    assert "takes_ahead_days: 15" in said
    assert "Version 2, from 2026-12-01 00:00 UTC" in said
    with pytest.raises(Invalid):
        typed(company, capsys, "calendar", "change", "Bank", "--term", "opens=early")


def test_nobody_has_set_one(company: Company, capsys: Heard) -> None:  # noqa: F811
    assert "Nobody has set a calendar of Bank" in typed(company, capsys, "calendar", "bank", "Bank")


def test_once_two_can_decide_it_is_asked_for(
    company: Company,  # noqa: F811
    admins: tuple[Member, Member],  # noqa: F811
    capsys: Heard,
) -> None:
    line = ("calendar", "change", "Bank", "--term", "takes_ahead_days=3")
    said = typed(company, capsys, *line)
    assert "Asked for" in said
    assert company.events("connection.calendar_changed") == []
    assert agree(company, said, *admins)
    (told,) = company.events("connection.calendar_changed")
    assert told["after"]["takes_ahead_days"] == 3
