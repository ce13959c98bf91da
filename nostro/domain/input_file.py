"""Which file the records after it were read from: the first line of each file's records."""

from __future__ import annotations

import msgspec


class InputFile(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A file that was handed in, by the name it was given; "archive.zip:member.xml" in archives.

    `format` is empty when the file was refused before its format was known.
    """

    name: str
    format: str = ""
    profile: str = ""
