"""Positive pay: the checks a company drew, told to its bank so that it pays no others.

There is no standard; each bank publishes its own layout. Layouts are data (positive_pay_layout).
"""

from __future__ import annotations

import codecs

from nostro.domain.issued_check import IssueFile
from nostro.formats import Format
from nostro.formats.american.positive_pay_layout import recognised
from nostro.formats.american.positive_pay_reader import PositivePayOptions, read
from nostro.formats.american.positive_pay_writer import write


def identify(head: bytes) -> int:
    """90 for a file whose first lines are those of exactly one layout, else 0."""
    text = head.removeprefix(codecs.BOM_UTF8).decode("latin-1")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return 90 if recognised(lines[:2]) is not None else 0


FORMAT = Format(
    name="positive_pay",
    media_type="text/plain",
    standard="none: each bank's own layout of issued checks",
    identify=identify,
    options=PositivePayOptions,
    read=read,
    write=write,
    documents=(IssueFile,),
)
