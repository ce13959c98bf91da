"""Small workbooks (XLSX) for tests, written by hand: what a sheet may hold is decided here."""

from __future__ import annotations

import zipfile
from io import BytesIO

_RELATED = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STYLES = f"""<styleSheet xmlns="{_MAIN}">
<numFmts count="1"><numFmt numFmtId="164" formatCode="dd/mm/yyyy;@"/></numFmts>
<cellXfs count="3"><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/></cellXfs>
</styleSheet>"""


def cell(value: str, column: int, row: int) -> str:
    """One cell: "=..." a formula, "d:46346" a dated number, "n:1.5" a number, else a text."""
    place = f'r="{chr(64 + column)}{row}"'
    if value.startswith("="):
        formula, _, result = value[1:].partition("=")
        return f"<c {place}><f>{formula}</f><v>{result}</v></c>"
    if value.startswith("d:"):
        return f'<c {place} s="2"><v>{value[2:]}</v></c>'
    if value.startswith("n:"):
        return f"<c {place}><v>{value[2:]}</v></c>"
    return f'<c {place} t="inlineStr"><is><t>{value}</t></is></c>'


def sheet(rows: list[list[str]], head: str = "") -> str:
    lines = [
        f'<row r="{number}">'
        + "".join(cell(value, place, number) for place, value in enumerate(row, 1) if value)
        + "</row>"
        for number, row in enumerate(rows, 1)
    ]
    told = "\n".join(lines)
    return f'{head}<worksheet xmlns="{_MAIN}"><sheetData>\n{told}\n</sheetData></worksheet>'


def workbook(
    rows: list[list[str]], *, head: str = "", second: bool = False, sheet_xml: str = ""
) -> bytes:
    """A workbook of one sheet (or two), not compressed, the same bytes every time."""
    more = '<sheet name="Notes" sheetId="2" r:id="rId2"/>' if second else ""
    parts = {
        "[Content_Types].xml": "<Types/>",
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATED}"><sheets>'
        f'<sheet name="List" sheetId="1" r:id="rId1"/>{more}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": "<Relationships>"
        f'<Relationship Id="rId1" Type="{_RELATED}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{_RELATED}/worksheet" Target="/xl/worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId3" Type="{_RELATED}/styles" Target="styles.xml"/>'
        f'<Relationship Id="rId4" Type="{_RELATED}/sharedStrings" Target="sharedStrings.xml"/>'
        "</Relationships>",
        "xl/styles.xml": STYLES,
        "xl/sharedStrings.xml": f'<sst xmlns="{_MAIN}"><si><r><t>Booking </t></r><r><t>date</t></r>'
        "<rPh><t>reading</t></rPh></si></sst>",
        "xl/worksheets/sheet1.xml": sheet_xml or sheet(rows, head),
    }
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in parts.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 11, 20, 0, 0, 0)), text)
    return packed.getvalue()


TITLES = ["Booking date", "Amount", "Currency", "Counterparty", "Remittance", "Balance"]
