"""What the first bytes of a workbook (XLSX) already show of its texts, to tell lists apart.

A workbook is a ZIP; its parts are found by their own headers (APPNOTE 4.3.7), because the index
stands at the end. Of a large file only what comes first is seen.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from nostro.formats.profiles import of_format

_PART = b"PK\x03\x04"
_HEADER_BYTES = 30
_STORED, _DEFLATED = 0, 8
_UNPACKED_BYTES_MAX = 1 << 18


def is_workbook(head: bytes) -> bool:
    return head.startswith(_PART) and b"xl/" in head


def shows_payment_run(head: bytes) -> bool:
    """Are the titles of a payment run in sight, in a layout that we know?"""
    return any(_shows(head, table.titles()) for table in of_format("payment_run_csv"))


def _shows(head: bytes, texts: set[str]) -> bool:
    """Do the parts that are in sight hold each of these texts as the text of a cell?"""
    wanted = {f">{text}<".encode() for text in texts}
    for part in _parts(head):
        wanted = {text for text in wanted if text not in part}
        if not wanted:
            return True
    return False


def _parts(head: bytes) -> Iterator[bytes]:
    at = head.find(_PART)
    while at >= 0:
        begins = at + _HEADER_BYTES
        names = _number(head, at + 26) + _number(head, at + 28)
        data = head[begins + names :]
        if _number(head, at + 8) == _DEFLATED:
            yield _unpacked(data)
        elif _number(head, at + 8) == _STORED:
            yield data[: data.find(_PART)] if _PART in data else data
        at = head.find(_PART, begins)


def _number(head: bytes, at: int) -> int:
    return int.from_bytes(head[at : at + 2], "little")


def _unpacked(data: bytes) -> bytes:
    """As much as can be unpacked of a part that may be cut; nothing of one that is damaged."""
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, _UNPACKED_BYTES_MAX)
    except zlib.error:
        return b""
