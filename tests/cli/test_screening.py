"""`nostro screening`: what an operator types, and what it answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nostro.cli import screening_work
from nostro.domain.errors import Invalid
from tests.workflows.company import Company, scripted_connector

GOLDEN = Path(__file__).parents[1] / "golden_watch_lists"


@pytest.fixture
def company(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Company]:
    monkeypatch.setenv("COLUMNS", "200")
    with scripted_connector():
        yield Company()


def sample(name: str) -> str:
    return str(GOLDEN / f"{name}.in")


def test_a_list_is_loaded_asked_and_taken_away(
    company: Company, capsys: pytest.CaptureFixture[str]
) -> None:
    screening_work.list_lists()
    assert "payees are compared with none" in capsys.readouterr().out
    files = [sample("ofac_sdn_csv"), sample("ofac_alt_csv")]
    screening_work.load(files, "ofac_consolidated", "2026-01-02")
    told = capsys.readouterr().out
    assert "OFAC consolidated (non-SDN) of 2 Jan 2026: 3 entries with 6 names are in force." in told
    screening_work.list_lists()
    told = capsys.readouterr().out
    assert "2026-01-02" in told
    assert "too old" in told
    screening_work.check("Kvert Syksvut", "", "1963", "", 0)
    assert "both born 1963" in capsys.readouterr().out.lower()
    screening_work.check("Somebody Else", "", "", "", 0)
    assert "Nobody on the lists in force is 85 % like" in capsys.readouterr().out
    screening_work.check("Made Up Shipping", "DE", "", "HRB4711", 90)
    assert "100 % like" in capsys.readouterr().out
    screening_work.remove("ofac_consolidated")
    screening_work.remove("ofac_consolidated")
    told = capsys.readouterr().out
    assert "not compared with ofac_consolidated any more" in told
    assert "was not in force" in told


@pytest.mark.parametrize(
    ("name", "code", "day", "problem"),
    [
        ("eu_xml", "eu", "yesterday", "day_invalid"),
        ("eu_xml", "mars", "", "watch_list_unknown"),
        ("not_there", "", "", "file_missing"),
        ("ofac_sdn_xml", "", "2099-01-01", "watch_list_in_future"),
    ],
)
def test_what_makes_no_sense_is_refused(
    company: Company, name: str, code: str, day: str, problem: str
) -> None:
    with pytest.raises(Invalid) as refused:
        screening_work.load([sample(name)], code, day)
    assert refused.value.code == problem


@pytest.mark.parametrize("name", ["", "  ", "...", "\0"])
def test_a_name_that_cannot_be_compared_is_not_called_clean(company: Company, name: str) -> None:
    with pytest.raises(Invalid) as refused:
        screening_work.check(name, "", "", "HRB4711", 0)
    assert refused.value.code == "name_not_comparable"


@pytest.mark.parametrize("least", [-1, 101, 500])
def test_no_name_is_more_than_wholly_like_another(company: Company, least: int) -> None:
    with pytest.raises(Invalid) as refused:
        screening_work.check("Ivan Petrov", "", "", "", least)
    assert refused.value.code == "percent_out_of_range"


def test_a_newer_list_is_not_replaced_by_a_slip(
    company: Company, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = Path(sample("ofac_sdn_csv")).read_text()
    many = tmp_path / "sdn.csv"
    first = whole.splitlines(keepends=True)[0]
    number = first.partition(",")[0]
    more = [f"9{one:05}{first[len(number) :]}" for one in range(8)]
    many.write_text(whole.rstrip("\x1a\r\n") + "\r\n" + "".join(more))
    aliases = sample("ofac_alt_csv")
    fewer = [sample("ofac_sdn_csv"), aliases]
    screening_work.load([str(many), aliases], "ofac_sdn", "2026-11-02")
    for day, problem in (
        ("2026-10-30", "watch_list_older"),
        ("", "watch_list_undated"),
        ("2026-11-03", "watch_list_shorter"),
    ):
        with pytest.raises(Invalid) as refused:
            screening_work.load(fewer, "ofac_sdn", day)
        assert refused.value.code == problem
        assert "11 entries" in refused.value.happened
    capsys.readouterr()
    screening_work.load(fewer, "ofac_sdn", "2026-10-30", anyway=True)
    assert "Before: OFAC SDN of 2 Nov 2026, 11 entries." in capsys.readouterr().out
