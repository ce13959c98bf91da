"""Files that banks deliver packed: ZIP and gzip opened with bounds, member by member.

Formats themselves refuse packed bytes; only who hands over files (the command line) opens them.
"""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

from nostro.domain.errors import Invalid
from nostro.formats.source import packed_as

MEMBERS_MAX = 10_000
TOTAL_BYTES_MAX = 16 << 30
RATIO_MAX = 300
RATIO_FROM_BYTES = 64 << 20  # Below this much, a high ratio harms nobody.
ZIP_MARK = b"PK\x03\x04"
GZIP_MARK = b"\x1f\x8b"
_DID = "Nothing of it was used."
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, ValueError)


def is_packed(head: bytes) -> bool:
    """True for bytes that begin like a ZIP or gzip file."""
    return head.startswith((ZIP_MARK, GZIP_MARK))


def holds_files(stream: Any) -> bool:
    """True for an archive, whether or not it can be opened; false for a workbook, which is packed
    and one file all the same. `stream` is left at its beginning."""
    head = stream.read(len(ZIP_MARK))
    stream.seek(0)
    if not is_packed(head) or head.startswith(GZIP_MARK):
        return is_packed(head)
    try:
        names = zipfile.ZipFile(stream).namelist()
    except (*_BROKEN, KeyError):
        return True
    finally:
        stream.seek(0)
    return not any(map(_of_workbook, names))


def members(stream: Any, name: str, most: int = 0) -> Iterator[tuple[str, Any]]:
    """The files inside a packed file, as (name, stream); a workbook is itself, not what it holds.

    `stream` must be able to seek; `most` is how many bytes are unpacked in all, 0 for what
    any archive may hold. Codes of the
    Invalid raised here or while a member is read: `archive_damaged`, `archive_encrypted`,
    `archive_empty`, `archive_too_many`, `archive_too_large` (also a bomb), `archive_nested`.
    """
    mark = stream.read(4)
    stream.seek(0)
    total = _Total(name, most or TOTAL_BYTES_MAX)
    if mark.startswith(GZIP_MARK):
        # What was packed is counted as it is taken from the stream.
        taken: Any = _Counted(stream)
        unpacked = gzip.GzipFile(fileobj=taken, mode="rb")
        yield name.removesuffix(".gz"), _Bounded(unpacked, name, total, taken)
        return
    archive = _opened(stream, name)
    if any(map(_of_workbook, archive.namelist())):
        stream.seek(0)
        yield name, stream
        return
    yield from _zip_members(archive, name, total)


def _zip_members(archive: zipfile.ZipFile, name: str, total: _Total) -> Iterator[tuple[str, Any]]:
    found = [info for info in archive.infolist() if _is_file(info.filename)]
    if not found:
        raise _refused("archive_empty", "The archive holds no file.", name, "Fetch it again.")
    if len(found) > MEMBERS_MAX:
        happened = f"The archive holds {len(found):,} files; we open at most {MEMBERS_MAX:,}."
        raise _refused("archive_too_many", happened, name, "Unpack it and give us its files.")
    for info in found:
        place = f"{name}:{info.filename}"
        if info.flag_bits & 1:
            happened = "The archive is protected by a password."
            raise _refused("archive_encrypted", happened, place, "Unpack it first.")
        try:
            member = archive.open(info)
        except (*_BROKEN, RuntimeError, KeyError) as error:
            raise _damaged(error, place) from None
        with member:
            yield place, _Bounded(member, place, total, _Fixed(info.compress_size))


def _of_workbook(name: str) -> bool:
    return name.startswith("xl/")


def _is_file(name: str) -> bool:
    """Folders, and what macOS adds, are no files of a bank."""
    return not name.endswith("/") and not name.startswith("__MACOSX/")


def _opened(stream: Any, name: str) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(stream)
    except (*_BROKEN, KeyError) as error:
        raise _damaged(error, name) from None


class _Total:
    """How much was unpacked of one archive."""

    def __init__(self, name: str, most: int) -> None:
        self.name = name
        self.most = most
        self.size = 0


class _Fixed:
    def __init__(self, size: int) -> None:
        self.size = size


class _Counted:
    """A stream that says how much was read of it."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self.size = 0

    def read(self, size: int = -1) -> bytes:
        data: bytes = self.stream.read(size)
        self.size += len(data)
        return data


class _Bounded:
    """A member's bytes, as long as they stay within reason."""

    def __init__(self, member: Any, place: str, total: _Total, packed: _Fixed | _Counted) -> None:
        self.member = member
        self.place = place
        self.total = total
        self.packed = packed
        self.size = 0

    def read(self, size: int = -1) -> bytes:
        if size < 0:
            return b"".join(iter(lambda: self._piece(1 << 20), b""))
        return self._piece(size)

    def _piece(self, size: int) -> bytes:
        try:
            data: bytes = self.member.read(size)
        except _BROKEN as error:
            raise _damaged(error, self.place) from None
        if not self.size and packed_as(data):
            happened = "The archive holds another archive."
            raise _refused("archive_nested", happened, self.place, "Unpack it first.")
        self.size += len(data)
        self.total.size += len(data)
        bomb = self.size > RATIO_FROM_BYTES and self.size > RATIO_MAX * max(1, self.packed.size)
        if bomb or self.total.size > self.total.most:
            happened = (
                f"The archive grows to more than {self.total.size:,} bytes: it was made to harm,"
                " or it is larger than we unpack."
            )
            can_do = "If you trust it, unpack it and give us its files."
            raise _refused("archive_too_large", happened, self.place, can_do)
        return data

    def seekable(self) -> bool:
        return False


def _damaged(error: Exception, place: str) -> Invalid:
    happened = f"The archive is damaged or cut: {str(error) or type(error).__name__}."
    return _refused("archive_damaged", happened, place, "Fetch it again in binary mode.")


def _refused(code: str, happened: str, place: str, can_do: str) -> Invalid:
    return Invalid(code, happened, _DID, can_do, location=place)
