"""Every format, against every sample in tests/golden/<format>/. Add a sample, get its tests."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nostro import formats
from nostro.domain.errors import Invalid
from nostro.domain.payment_file import without_locations
from nostro.formats import HEAD_BYTES, Profile
from nostro.formats.iso20022.validation.schema import schemas, validate
from tests.formats.payments import payment_files
from tests.formats.samples import journals, payment_statuses, read, write

GOLDEN = Path(__file__).parent / "golden"
SAMPLES = sorted(GOLDEN.glob("*/*.in"))


def name_of(sample: Path) -> str:
    return f"{sample.parent.name}/{sample.stem}"


each_sample = pytest.mark.parametrize("sample", SAMPLES, ids=name_of)


def plain(value: Any) -> Any:
    """An object for JSON, without the fields that have their default: a new one changes nothing."""
    if isinstance(value, msgspec.Struct):
        fields = msgspec.structs.fields(value)
        told = {field.name: getattr(value, field.name) for field in fields}
        return {f.name: plain(told[f.name]) for f in fields if told[f.name] != f.default}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return msgspec.to_builtins(value)


def readable(items: list[Any]) -> str:
    named = [{type(item).__name__: plain(item)} for item in items]
    return json.dumps(named, indent=1, ensure_ascii=False) + "\n"


@each_sample
def test_reads_as_blessed(sample: Path, request: pytest.FixtureRequest) -> None:
    got = readable(read(sample.parent.name, sample.read_bytes()))
    blessed = sample.with_suffix(".json")
    if request.config.getoption("--bless"):
        blessed.write_text(got)
    assert got == blessed.read_text()


@pytest.mark.parametrize("name", formats.find())
def test_every_format_has_a_sample(name: str) -> None:
    assert [s for s in SAMPLES if s.parent.name == name], f"add tests/golden/{name}/*.in"


@each_sample
def test_is_taken_for_its_own_format_only(sample: Path) -> None:
    head = sample.read_bytes()[:HEAD_BYTES]
    sure = {name: form.identify(head) for name, form in formats.find().items()}
    assert [name for name, percent in sure.items() if percent] == [sample.parent.name]
    assert formats.identify(head).name == sample.parent.name


@each_sample
def test_reads_the_same_in_drops(sample: Path) -> None:
    """A network hands bytes over as it likes: nothing may depend on where a chunk ends."""

    class Drops(BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(7)

    form = formats.find()[sample.parent.name]
    drops = list(formats.documents(form, Drops(sample.read_bytes()), Profile()))
    assert drops == read(form.name, sample.read_bytes())


def lines_in(value: Any) -> list[int]:
    """Every source line that an object, or one inside it, names."""
    if isinstance(value, dict):
        own = [value["line"]] if isinstance(value.get("line"), int) else []
        return own + [line for inner in value.values() for line in lines_in(inner)]
    if isinstance(value, list | tuple):
        return [line for inner in value for line in lines_in(inner)]
    return []


@each_sample
def test_source_lines_are_in_the_file(sample: Path) -> None:
    last = sample.read_bytes().count(b"\n") + 1
    lines = lines_in(msgspec.to_builtins(read(sample.parent.name, sample.read_bytes())))
    assert all(0 < line <= last for line in lines)
    if sample.parent.name in ("camt_053", "payment_run_csv", "open_items_csv"):
        assert lines


def refusal_of(doing: Callable[[], object]) -> Invalid | None:
    try:
        doing()
    except Invalid as refusal:
        return refusal
    return None


@each_sample
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_damage_is_read_or_refused_with_a_place(sample: Path, data: st.DataObject) -> None:
    whole = sample.read_bytes()
    at = data.draw(st.integers(0, len(whole)))
    gone = data.draw(st.integers(0, 40))
    put = data.draw(st.binary(max_size=6) | st.sampled_from([b"<Ntry>", b'"', b";", b"\n", b"9"]))
    damaged = whole[:at] + put + whole[at + gone :]
    formats.find()[sample.parent.name].identify(damaged[:HEAD_BYTES])
    refusal = refusal_of(lambda: read(sample.parent.name, damaged))
    if refusal is not None:
        assert all((refusal.code, refusal.location, refusal.happened, refusal.can_do)), refusal


@given(data=st.data())
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@pytest.mark.parametrize(
    ("name", "version"),
    [
        (name, f"{name.replace('_', '.')}.001.{number}")
        for name in ("pain_001", "pain_008")
        for number in formats.find()[name].versions_written
    ],
)
def test_what_was_written_is_what_was_approved(name: str, version: str, data: Any) -> None:
    number = int(version[-2:])
    collects = name == "pain_008"
    new = number >= (8 if collects else 9)
    rich = number < (11 if collects else 12)
    file = data.draw(payment_files(version=version, collects=collects, new=new, rich=rich))
    written = write(name, file)
    validate(written)
    (again,) = read(name, written)
    assert without_locations(again) == file
    assert write(name, again) == written


@given(events=journals())
@settings(deadline=None)
def test_journals_read_back_as_written(events: Any) -> None:
    assert read("journal_csv", write("journal_csv", events)) == events


@given(statuses=payment_statuses())
@settings(deadline=None)
def test_payment_statuses_read_back_as_written(statuses: Any) -> None:
    assert read("payment_status_csv", write("payment_status_csv", statuses)) == statuses


def test_every_writer_has_a_law_above() -> None:
    writers = {name for name, form in formats.find().items() if form.write}
    assert writers >= {"pain_001", "pain_008", "journal_csv", "payment_status_csv"}


@each_sample
def test_our_own_samples_keep_the_schema(sample: Path) -> None:
    """Messages of a version whose schema we hold are valid, unless their name says they are not."""
    data = sample.read_bytes()
    if not any(f":{version}".encode() in data for version in schemas()):
        return
    if "broken" in sample.stem:
        with pytest.raises(Invalid, match="breaks the schema"):
            validate(data)
    else:
        validate(data)
