"""Presented checks that a bank asks about, and the decisions that go back: one format, two files.

There is no standard; each bank publishes its own layout. Layouts are data (check_exception_layout).
"""

from __future__ import annotations

import codecs

from nostro.domain.check_exception import PresentedCheck
from nostro.formats import Format
from nostro.formats.american.check_exception_layout import recognised
from nostro.formats.american.check_exception_reader import CheckExceptionOptions, read
from nostro.formats.american.check_exception_writer import write


def identify(head: bytes) -> int:
    """90 for a file whose first line is that of exactly one layout, else 0."""
    text = head.removeprefix(codecs.BOM_UTF8).decode("latin-1")
    line = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")[0]
    return 90 if recognised(line) is not None else 0


FORMAT = Format(
    name="check_exceptions",
    media_type="text/plain",
    standard="none: each bank's own layout of presented checks and decisions on them",
    identify=identify,
    options=CheckExceptionOptions,
    read=read,
    write=write,
    documents=(PresentedCheck,),
    several="list",
)
