"""Every format of a watch list, against made-up samples: add a format, get its tests."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nostro.domain.errors import Invalid
from nostro.domain.watch_list import EntryKind, ListedName, NameKind, WatchListEntry, WatchListHead
from nostro.formats import watch_lists
from nostro.formats.watch_lists import HEAD_BYTES, WatchListFormat, published
from tests.test_formats import refusal_of

GOLDEN = Path(__file__).parents[1] / "golden_watch_lists"
SAMPLES = sorted(GOLDEN.glob("*.in"))
each_sample = pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.stem)


def form_of(sample: Path) -> WatchListFormat:
    return next(form for name, form in watch_lists.find().items() if sample.stem.startswith(name))


def read(sample: Path) -> list[WatchListHead | WatchListEntry]:
    return list(form_of(sample).read(BytesIO(sample.read_bytes())))


@each_sample
def test_reads_as_blessed(sample: Path, request: pytest.FixtureRequest) -> None:
    got = json.dumps(msgspec.to_builtins(read(sample)), indent=1, ensure_ascii=False) + "\n"
    blessed = sample.with_suffix(".json")
    if request.config.getoption("--bless"):
        blessed.write_text(got)
    assert got == blessed.read_text()


@pytest.mark.parametrize("name", watch_lists.find())
def test_every_format_has_a_sample(name: str) -> None:
    assert [sample for sample in SAMPLES if sample.stem.startswith(name)]


@each_sample
def test_is_taken_for_its_own_format_only(sample: Path) -> None:
    head = sample.read_bytes()[:HEAD_BYTES]
    taken = [name for name, form in watch_lists.find().items() if form.identify(head)]
    assert [watch_lists.find()[name] for name in taken] == [form_of(sample)]
    assert watch_lists.identify(head) is form_of(sample)


@each_sample
def test_reads_the_same_in_drops(sample: Path) -> None:
    class Drops(BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(7)

    assert list(form_of(sample).read(Drops(sample.read_bytes()))) == read(sample)


@each_sample
def test_begins_with_its_head_and_names_everybody(sample: Path) -> None:
    head, *entries = read(sample)
    assert isinstance(head, WatchListHead)
    assert entries
    for entry in entries:
        assert isinstance(entry, WatchListEntry)
        assert entry.id
        assert entry.names
        assert all(name.text == name.text.strip() != "" for name in entry.names)


@each_sample
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_damage_is_read_or_refused_with_a_place(sample: Path, data: st.DataObject) -> None:
    whole = sample.read_bytes()
    at = data.draw(st.integers(0, len(whole)))
    gone = data.draw(st.integers(0, 40))
    put = data.draw(st.binary(max_size=6) | st.sampled_from([b'"', b";", b"\n", b"<sdnEntry>"]))
    damaged = whole[:at] + put + whole[at + gone :]
    refusal = refusal_of(lambda: list(form_of(sample).read(BytesIO(damaged))))
    if refusal is not None:
        assert all((refusal.code, refusal.location, refusal.happened, refusal.can_do)), refusal


@pytest.mark.parametrize(
    ("sample", "before", "after", "code"),
    [
        ("ofac_sdn_xml", b"<uid>90002</uid>", b"", "watch_list_entry_wrong"),
        ("ofac_sdn_xml", b"<lastName>PHANTOM TIDE</lastName>", b"", "watch_list_entry_wrong"),
        ("ofac_sdn_xml", b"<sdnList", b"<!DOCTYPE x><sdnList", "doctype_refused"),
        ("ofac_sdn_csv", b'"vessel",', b"", "watch_list_entry_wrong"),
        ("ofac_alt_csv", b"90002,2", b"x,2", "watch_list_entry_wrong"),
        ("ofac_advanced_xml", b'<Profile ID="90001"', b"<Profile", "watch_list_entry_wrong"),
        ("eu_xml", b' euReferenceNumber="EU.90001.1" logicalId="90001"', b"",
         "watch_list_entry_wrong"),
        ("eu_xml", b"</export>", b"", "file_cut"),
        ("eu_csv", b"90001;EU.90001.1", b";", "watch_list_entry_wrong"),
        ("un_xml", b"<FIRST_NAME>MADE-UP TRADING COMPANY</FIRST_NAME>", b"",
         "watch_list_entry_wrong"),
        ("uk_csv", b"MADE-UP TRADING COMPANY", b"", "watch_list_entry_wrong"),
        ("uk_csv", b"TST0003,99003", b",", "watch_list_entry_wrong"),
    ],
)  # fmt: skip
def test_a_list_with_a_hole_is_refused(sample: str, before: bytes, after: bytes, code: str) -> None:
    path = GOLDEN / f"{sample}.in"
    content = path.read_bytes()
    assert before in content
    with pytest.raises(Invalid) as refused:
        list(form_of(path).read(BytesIO(content.replace(before, after))))
    assert refused.value.code == code
    assert refused.value.location.startswith("line ")


def test_what_is_no_list_is_refused() -> None:
    with pytest.raises(Invalid, match="no list") as refused:
        watch_lists.identify(b"name,amount\nAcme,12\n")
    assert refused.value.code == "watch_list_unknown"


def test_files_that_tell_of_the_same_entry_are_joined() -> None:
    (first, alias) = (
        read(GOLDEN / "ofac_sdn_csv.in")[2],
        read(GOLDEN / "ofac_alt_csv.in")[2],
    )
    assert isinstance(first, WatchListEntry)
    assert isinstance(alias, WatchListEntry)
    (joined,) = watch_lists.merged([first, alias])
    assert joined.kind is EntryKind.PERSON
    assert joined.names == (
        ListedName(text="ZYXWVUT, Qwert Asdf"),
        ListedName(text="SYXVUT, Kvert", kind=NameKind.ALIAS),
    )
    assert joined.programs == ("TEST-EO1",)


def test_an_entry_that_changed_has_another_digest() -> None:
    (_, entry, *_rest) = read(GOLDEN / "eu_xml.in")
    assert isinstance(entry, WatchListEntry)
    changed = msgspec.structs.replace(entry, programs=("OTHER",))
    assert changed.digest() != entry.digest() == msgspec.structs.replace(entry).digest()


@pytest.mark.parametrize(
    ("text", "born"),
    [
        ("28 Jul 1963", "1963-07-28"), ("circa 1960", "1960"), ("1958 to 1960", "1958"),
        ("dd/mm/1963", "1963"), ("00/00/1963", "1963"), ("Jul 1963", "1963"), ("unknown", ""),
    ],
)  # fmt: skip
def test_dates_of_birth_as_far_as_they_are_known(text: str, born: str) -> None:
    assert published.born(text) == born


def test_countries_have_many_names() -> None:
    told = ("Russia", "Russian Federation", "Iran (Islamic Republic of)", "Atlantis")
    assert [published.country(text) for text in told] == ["RU", "RU", "IR", "Atlantis"]
