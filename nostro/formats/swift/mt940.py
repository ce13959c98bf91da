"""Bank statements of the day before as SWIFT MT940, in the dialects of many banks.

SWIFT Standards MT, MT940 Customer Statement Message; German dialect: DK annex 3, chapter 8.
"""

from __future__ import annotations

from nostro.domain.statement import Statement
from nostro.formats import Format
from nostro.formats.swift.fin import head_of
from nostro.formats.swift.mt940_writer import write
from nostro.formats.swift.statement_lines import StatementOptions
from nostro.formats.swift.statement_messages import read_statements


def identify(head: bytes) -> int:
    """Sure by the envelope; without one by an opening balance that no other type explains."""
    seen = head_of(head)
    if seen.kind:
        return 100 if seen.kind == "940" else 0
    if seen.interim() or seen.bare_statement():
        return 0
    if seen.has("60F", "60M") and seen.has("20", "25"):
        return 95
    return 80 if seen.has("61") and seen.has("20", "25") else 0


FORMAT = Format(
    name="mt940",
    media_type="text/plain",
    standard="SWIFT MT940",
    section="category 9, Customer Statement Message",
    identify=identify,
    options=StatementOptions,
    read=read_statements,
    write=write,
    documents=(Statement,),
    several="joined",
)
