"""Bank statements and balance reports of American banks: BAI2, as banks really send it.

Cash Management Balance Reporting Specifications, Version 2 (Bank Administration Institute): a file
(01, 99) of groups (02, 98) of accounts (03, 49) with entries (16) and continuations (88). One
statement an account. Control totals and record counts of all three levels are checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from nostro.domain.statement import Statement
from nostro.formats import Format, Profile, options_of
from nostro.formats.american.bai2_reading import Options, reading
from nostro.formats.american.bai2_writer import write

_HEAD = re.compile(rb"(?:\xef\xbb\xbf)?\s*01,[^,\r\n]*,[^,\r\n]*,\d{6}(?:\d\d)?,")
_SURE = 95


def identify(head: bytes) -> int:
    """A file header: record code 01, sender, receiver, a date."""
    return _SURE if _HEAD.match(head) else 0


def read(stream: BinaryIO, profile: Profile) -> Iterator[object]:
    """Yield the records of each account of a BAI2 file, in the order of the file.

    Memory is that of one account's balances. Raises Invalid with a location for whatever `Lines`
    refuses, and `bai2_file_header_missing`, `bai2_record_too_long`, `bai2_file_cut`,
    `profile_option_wrong`. Book nothing before the iterator has ended by itself.
    """
    return reading(stream, options_of(profile, Options), profile)


FORMAT = Format(
    name="bai2",
    media_type="text/plain",
    standard="BAI Cash Management Balance Reporting, version 2",
    section="Record formats 01 to 99",
    versions=("2",),
    identify=identify,
    options=Options,
    read=read,
    write=write,
    documents=(Statement,),
    several="list",
)
