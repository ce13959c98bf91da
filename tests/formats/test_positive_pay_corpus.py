"""The two banks' issue files, field by field, against the export definitions that the corpus holds.

Skipped, saying so, where the corpus is not beside the project.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from nostro.formats.american.positive_pay_layout import Field, layout_of

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus" / "bc-exchange-definitions"
PARTS = {"DETAIL": "detail", "HEADER": "header", "FOOTER": "trailer"}
# What a definition calls a column, and what ours holds there.
HOLDS = {
    "Account Number": {"account"},
    "Record Type Code": {"action"},
    "Void Check Indicator": {"action"},
    "Check/Serial Number": {"check_number"},
    "Check Number": {"check_number"},
    "Amount": {"amount"},
    "Check Amount": {"amount"},
    "Date": {"issued", "created"},
    "Issue Date of Check": {"issued"},
    "Date of File": {"created"},
    "Payee": {"payee"},
    "Payee Name or Additional Data": {"payee"},
    "Company Name": {"company"},
    "Item Count Total": {"count"},
    "Check Issue Record Count": {"count"},
    "Dollar Amount Total": {"total"},
    "Total Dollar Amount": {"total"},
    "Filler": {"blank"},
    "Blank Spaces": {"blank"},
}


def definition(code: str) -> etree._Element:
    found = sorted(CORPUS.rglob(f"{code}.xml")) if CORPUS.is_dir() else []
    if not found:
        pytest.skip(f"the corpus is not there: {CORPUS}")
    return etree.fromstring(found[0].read_bytes())


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize(
    ("code", "name"), [("BANKOFAMERICA-PP", "bank_of_america"), ("CITIBANK-PP", "citibank")]
)
def test_each_column_is_where_the_definition_has_it(code: str, name: str, part: str) -> None:
    (lines,) = definition(code).findall(f".//DataExchLineDef[@Code='{part}']")
    fields: tuple[Field, ...] = getattr(layout_of(name), PARTS[part]).fields
    columns = lines.findall("DataExchColumnDef")
    assert [one.length for one in fields] == [int(column.attrib["Length"]) for column in columns]
    for ours, column in zip(fields, columns, strict=True):
        told = {str(key): str(text) for key, text in column.attrib.items()}
        if constant := told.get("Constant"):
            assert (ours.holds, ours.text) == ("constant", constant)
            continue
        assert ours.holds in HOLDS[told["Name"]], told["Name"]
        if told.get("PadCharacter"):
            assert (ours.pad, ours.align) == (told["PadCharacter"], "right")
        if "<Year4>" in told.get("DataFormat", ""):
            assert ours.date == "YYYYMMDD"
