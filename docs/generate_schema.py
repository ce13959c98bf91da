"""Writes docs/schema/*.json, one JSON Schema a kind of record: `python docs/generate_schema.py`."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import msgspec

from nostro.domain.records import RECORDS

FOLDER = Path(__file__).with_name("schema")
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema(name: str) -> dict[str, Any]:
    """The schema of one kind of record, as `records.to_json` writes it and `from_json` takes it."""
    kind = RECORDS[name]
    (_,), parts = msgspec.json.schema_components([kind], ref_template="#/$defs/{name}")
    whole = parts.pop(kind.__name__)
    whole["properties"] = {"record": {"const": name}, **whole["properties"]}
    whole["required"] = ["record", *whole.get("required", [])]
    whole["additionalProperties"] = False
    whole["description"] = inspect.getdoc(kind) or ""
    return {
        "$schema": DIALECT,
        "$id": f"{name}.json",
        **whole,
        **({"$defs": dict(sorted(parts.items()))} if parts else {}),
    }


def pages() -> dict[str, str]:
    """File name to content, for every kind of record."""
    return {
        f"{name}.json": json.dumps(schema(name), indent=1, ensure_ascii=False) + "\n"
        for name in sorted(RECORDS)
    }


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    written = pages()
    for page in FOLDER.glob("*.json"):
        if page.name not in written:
            page.unlink()
    for name, text in written.items():
        FOLDER.joinpath(name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
