"""The published JSON Schemas are current, and what our formats read keeps to them."""

from __future__ import annotations

import json
import runpy
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from nostro import formats
from nostro.domain.errors import Invalid
from nostro.domain.records import RECORDS, from_json, to_json
from nostro.formats import Profile

ROOT = Path(__file__).parents[2]
SAMPLES = sorted((ROOT / "tests" / "golden").glob("*/*.in"))


def pages() -> dict[str, str]:
    made: dict[str, str] = runpy.run_path(str(ROOT / "docs" / "generate_schema.py"))["pages"]()
    return made


def test_the_schemas_are_current() -> None:
    there = {page.name: page.read_text() for page in (ROOT / "docs" / "schema").glob("*.json")}
    assert there == pages(), "run `python docs/generate_schema.py`"


@pytest.fixture(scope="module")
def validators() -> dict[str, Any]:
    made = {}
    for name, text in pages().items():
        Draft202012Validator.check_schema(json.loads(text))
        made[name.removesuffix(".json")] = Draft202012Validator(json.loads(text))
    return made


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_records_keep_their_schema_and_read_back(sample: Path, validators: Any) -> None:
    form = formats.find()[sample.parent.name]
    reading = formats.reader(form)(BytesIO(sample.read_bytes()), Profile())
    for record in reading:
        line = to_json(record)
        told = json.loads(line)
        assert told["record"] in RECORDS
        validators[told["record"]].validate(told)
        assert from_json(line) == record


def test_whole_documents_keep_their_schema(validators: Any) -> None:
    for name in ("camt_053", "pain_001"):
        for sample in (s for s in SAMPLES if s.parent.name == name):
            stream = BytesIO(sample.read_bytes())
            for document in formats.documents(formats.find()[name], stream, Profile()):
                told = json.loads(to_json(document))
                validators[told["record"]].validate(told)


def test_a_wrong_record_is_refused_by_both(validators: Any) -> None:
    wrong = {"record": "input_file", "name": "a.xml", "colour": "red"}
    assert not validators["input_file"].is_valid(wrong)
    with pytest.raises(Invalid, match="colour"):
        from_json(json.dumps(wrong).encode())
