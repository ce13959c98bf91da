"""What no bank should send: every reader reads it or refuses it with a place, in bounded memory."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import os
import random
import subprocess
import sys
import tracemalloc
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain, repeat
from pathlib import Path
from time import process_time
from typing import Any

import pytest

from nostro import formats
from nostro.domain.errors import Invalid
from nostro.domain.problem import Location, Problem
from nostro.formats import HEAD_BYTES, Profile, container
from nostro.formats.tables import workbook
from tests.formats.endless import GOLDEN, MEGABYTE, endless, read_only
from tests.formats.workbooks import workbook as workbook_of

READABLE = sorted(name for name, form in formats.find().items() if form.read)
IN_XML = [n for n in READABLE if formats.find()[n].media_type == "application/xml"]
SAMPLES = [sample for name in READABLE for sample in sorted((GOLDEN / name).glob("*.in"))]
XML_SAMPLES = [sample for sample in SAMPLES if sample.parent.name in IN_XML]
GROWTH_MAX = 6 * MEGABYTE
# One message is one record: it is as large as the message, and so is what is kept of it.
ONE_RECORD = {"camt_029", "camt_055", "camt_056", "pain_002"}
STREAM_MEGABYTES = {"camt_053": 64}
HELD_MAX = 16 * MEGABYTE
SOAK_MEGABYTES, SOAK_MAX = 1024, 300 * 1000 * 1000
DEEP = 200_000
SLOW_SECONDS = 1.0  # Of a millisecond that they should take: machines differ.

each_format = pytest.mark.parametrize("name", READABLE)
each_sample = pytest.mark.parametrize(
    "sample", SAMPLES, ids=lambda sample: f"{sample.parent.name}/{sample.stem}"
)
each_xml_sample = pytest.mark.parametrize(
    "sample", XML_SAMPLES, ids=lambda sample: f"{sample.parent.name}/{sample.stem}"
)


def outcome(name: str, data: bytes) -> Invalid | list[Any]:
    """The records, or the refusal. Anything else than Invalid, or a refusal without a place, fails.

    The stream gives bytes and nothing else: it cannot be written, nor searched twice.
    """
    form = formats.find()[name]
    assert 0 <= form.identify(data[:HEAD_BYTES]) <= 100
    try:
        found = list(formats.reader(form)(read_only(iter([data])), Profile()))
    except Invalid as refusal:
        told = (refusal.code, refusal.happened, refusal.can_do, refusal.location)
        assert all(told), f"{name}: {told}"
        return refusal
    for record in found:
        if isinstance(record, Problem):
            assert record.code, record
            assert record.sentence, record
            assert record.can_do, record
            assert record.location != Location(), record
    return found


def zipped(name: str, data: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return packed.getvalue()


def junk() -> Iterator[tuple[str, bytes]]:
    """Files that are of no format at all."""
    dice = random.Random(1)
    yield "nothing", b""
    yield "one byte", b"0"
    yield "one letter", b"<"
    yield "one NUL", b"\0"
    yield "NULs", b"\0" * 100_000
    yield "only LF", b"\n" * 100_000
    yield "only CR", b"\r" * 100_000
    yield "only CR LF", b"\r\n" * 50_000
    yield "only spaces", b" " * 100_000
    yield "a long line", b"A" * (5 * MEGABYTE)
    yield "a line of digits", b"9" * MEGABYTE
    yield "a line of commas", b"," * MEGABYTE
    yield "a line of quotes", b'"' * MEGABYTE
    yield "a mark alone", b"\xef\xbb\xbf"
    yield "UTF-16 mark alone", b"\xff\xfe"
    yield "half a UTF-16 letter", b"\xff\xfe<"
    yield "EBCDIC", ("STATEMENT OF ACCOUNT 0532013000 " * 100).encode("cp037")
    yield "a PDF", b"%PDF-1.7\n1 0 obj\n" + dice.randbytes(5000)
    yield "half a zip", zipped("a", b"x" * 9000)[:60]
    for number in range(8):
        yield f"dice {number}", dice.randbytes(dice.randrange(1, 20_000))
    yield "dice, letters only", bytes(dice.choices(range(32, 127), k=50_000))


@each_format
@pytest.mark.parametrize("what", [what for what, _ in junk()])
def test_junk_is_read_or_refused_with_a_place(name: str, what: str) -> None:
    outcome(name, dict(junk())[what])


@each_format
def test_an_empty_file_is_refused(name: str) -> None:
    refusal = outcome(name, b"")
    assert isinstance(refusal, Invalid)
    assert refusal.code == "empty_file"


def disguised(data: bytes) -> Iterator[tuple[str, bytes]]:
    """A good file, wrapped or written in a way that it does not say."""
    yield "gzip", gzip.compress(data)
    yield "bzip2", bz2.compress(data)
    yield "zip", zipped("a", data)
    yield "mark", b"\xef\xbb\xbf" + data
    yield "two marks", b"\xef\xbb\xbf" * 2 + data
    text = data.decode("latin-1")
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp037", "utf-7"):
        yield encoding, text.encode(encoding, "replace")
    middle = len(data) // 2
    for extra in (b"\0", b"\x1a", b"\xff\xfe", b"\xe4\xf6\xfc\x81", b"\xed\xa0\x80", b"\x85"):
        yield f"{extra!r} inside", data[:middle] + extra + data[middle:]
    yield "twice", data + data
    yield "twice on end", data.rstrip() + data
    yield "CR only", data.replace(b"\r\n", b"\n").replace(b"\n", b"\r")
    yield "CR LF", data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    yield "no line ends", data.replace(b"\r", b"").replace(b"\n", b"")
    yield "spaces before", b" \n\n\t" + data
    yield "Ctrl-Z after", data + b"\x1a"
    yield "NULs after", data + b"\0" * 1000
    for lie in ("utf-16", "utf-7", "x-none", "idna", "hex", "EBCDIC-CP-US", ""):
        yield f"says {lie}", data.replace(b'"UTF-8"', f'"{lie}"'.encode(), 1)


@each_sample
@pytest.mark.parametrize("what", [what for what, _ in disguised(b"")])
def test_a_disguised_file_is_read_or_refused_with_a_place(sample: Path, what: str) -> None:
    outcome(sample.parent.name, dict(disguised(sample.read_bytes()))[what])


@each_sample
def test_a_byte_order_mark_changes_nothing(sample: Path) -> None:
    data = sample.read_bytes()
    if data.startswith((b"\xef\xbb\xbf", b"PK", b"\xff\xfe", b"\xfe\xff")):
        return
    assert isinstance(outcome(sample.parent.name, b"\xef\xbb\xbf" + data), list)


@each_sample
def test_a_cut_file_is_read_or_refused_with_a_place(sample: Path) -> None:
    data = sample.read_bytes()
    for end in range(0, len(data), 97):
        outcome(sample.parent.name, data[:end])


@each_xml_sample
def test_a_cut_message_is_never_read(sample: Path) -> None:
    """XML says where it ends: what lacks its end must not look whole."""
    data = sample.read_bytes().rstrip()
    for end in (len(data) // 3, len(data) // 2, len(data) - 1):
        assert isinstance(outcome(sample.parent.name, data[:end]), Invalid)


BOMB = b"<!DOCTYPE a [<!ENTITY a 'aaaaaaaaaa'>%s]>" % b"".join(
    b"<!ENTITY %c '&%c;&%c;&%c;&%c;&%c;&%c;&%c;&%c;'>" % (98 + n, *[97 + n] * 8) for n in range(20)
)
DOCTYPES = {
    "plain": b"<!DOCTYPE Document>",
    "billion laughs": BOMB,
    "a file": b"<!DOCTYPE a [<!ENTITY u SYSTEM 'file:///etc/passwd'>]>",
    "an address": b"<!DOCTYPE a SYSTEM 'http://127.0.0.1:9/none.dtd'>",
    "parameters": b"<!DOCTYPE a [<!ENTITY % p SYSTEM 'file:///etc/passwd'> %p;]>",
}


@each_xml_sample
@pytest.mark.parametrize("what", DOCTYPES)
def test_a_document_type_is_refused(sample: Path, what: str) -> None:
    data = sample.read_bytes()
    declared = data.find(b"?>") + 2 if data.lstrip(b"\xef\xbb\xbf").startswith(b"<?xml") else 0
    refusal = outcome(sample.parent.name, data[:declared] + DOCTYPES[what] + data[declared:])
    assert isinstance(refusal, Invalid)
    assert refusal.code == "doctype_refused"


@each_xml_sample
@pytest.mark.parametrize("tag", [b"a", b"Ntry", b"Document", b"x:Stmt"])
def test_deep_nesting_is_read_or_refused_with_a_place(sample: Path, tag: bytes) -> None:
    name, data = sample.parent.name, sample.read_bytes()
    opened, closed = b"<%s>" % tag * DEEP, b"</%s>" % tag * DEEP
    outcome(name, opened + closed)
    outcome(name, opened)
    for place in (len(data) // 3, len(data) // 2):
        at = data.find(b"><", place) + 1
        outcome(name, data[:at] + opened + closed + data[at:])


ENDLESS = {
    "line": b"x",
    "attribute": b'<Document a="',
    "tag": b"<Document",
    "text": b"<Document><BkToCstmrStmt><GrpHdr><MsgId>",
    "comment": b"<!--",
    "quoted cell": b'"',
}


@each_format
@pytest.mark.parametrize("what", ENDLESS)
def test_a_line_without_an_end_is_not_held(name: str, what: str) -> None:
    filler = b" " * MEGABYTE if what == "tag" else b"x" * MEGABYTE
    pieces = chain([ENDLESS[what]], repeat(filler, 24))
    tracemalloc.start()
    try:
        with suppress(Invalid):
            for _record in formats.reader(formats.find()[name])(read_only(pieces), Profile()):
                pass
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < HELD_MAX, f"{peak / MEGABYTE:.0f} MB held of one line of 24 MB"


@each_format
def test_nothing_is_held_while_a_long_file_goes_by(name: str) -> None:
    if name in ONE_RECORD or endless(name, 1) is None:
        pytest.skip(f"tests/formats/endless.py knows no record of {name} to repeat")
    told = read_apart(name, STREAM_MEGABYTES.get(name, 8))
    assert told["bytes"] > 7 * MEGABYTE
    assert told["records"] > 1000
    grown = told["peak"] - told["before"]
    assert grown < GROWTH_MAX, f"{grown / MEGABYTE:.0f} MB more for a longer file"


@pytest.mark.soak
@pytest.mark.skipif(os.environ.get("SOAK") != "1", reason="long; run with SOAK=1")
def test_one_gigabyte(capsys: pytest.CaptureFixture[str]) -> None:
    told = read_apart("camt_053", SOAK_MEGABYTES)
    with capsys.disabled():
        size, count = told["bytes"] / 1e6, told["records"]
        print(f"\ncamt.053 of {size:,.0f} MB: {count:,} records, {told['peak'] / 1e6:.0f} MB peak")  # noqa: T201
    assert told["peak"] < SOAK_MAX


def slow() -> Iterator[tuple[str, str, bytes]]:
    """What once took seconds or did not end: a name, the format, the file."""
    statement = (
        ":20:A\n:25:123/456\n:28C:1/1\n:60F:C260101EUR0,00\n"
        ":61:2601010101C{}NTRFX//Y\n:86:{}\n:62F:C260101EUR1,00\n"
    )
    yield "digits of a booking", "mt940", statement.format("1" * 9000 + ",", "x").encode()
    yield "blanks before a text", "mt940", statement.format("1,", " " * 15_000 + "x").encode()
    yield "blanks in a text", "mt940", statement.format("1,", f"a;{' ' * 15_000}b").encode()
    yield "a label's blanks", "mt940", statement.format("1,", f"a; Z RACH.:{' ' * 15_000}").encode()
    yield "question marks", "mt940", statement.format("1,", f"166?20a{'?' * 15_000}").encode()
    yield "a field of one line", "mt940", statement.format("1,", "?" * 900_000).encode()
    titles = b"Booking date,Amount,Currency\n"
    amount = b"x" * 50_000 + b"1" + b"y" * 50_000 + b"1"
    yield "an amount of a list", "bank_csv", titles + b"2026-01-01," + amount + b",EUR\n"
    yield "titles of a list", "bank_csv", b"a," * 20_000 + b"\n" + titles
    lockbox = b"100".ljust(80) + b"\n"
    yield "service records", "bai_lockbox", lockbox + (b"2" + b"1" * 79 + b"\n") * 8_000
    check = b"6" + b"1" * 79 + b"\n"
    overflow = b"4" + b"1" * 79 + b"\n"
    yield "overflow records", "bai_lockbox", lockbox + check + overflow * 8_000
    batch = b"5200".ljust(50) + b"CTX".ljust(44) + b"\n"
    entry = b"622111111118" + b"1" * 82 + b"\n"
    addenda = (b"706".ljust(94) + b"\n") * 5_000 + (b"705".ljust(94) + b"\n") * 4_900
    yield "addenda told once", "nacha", batch + (entry + addenda) * 2
    begun = b":20:A\n:25:NL91ABNA0417164300\n:28C:1/1\n:60F:C260101EUR1,\n"
    yield "closings told twice", "mt950", (begun + b":62F:C260101EUR1,\n" * 4_900) * 8


@pytest.mark.parametrize("what", [what for what, _name, _data in slow()])
def test_what_was_slow_is_read_or_refused_at_once(what: str) -> None:
    name, data = next((name, data) for each, name, data in slow() if each == what)
    before = process_time()
    outcome(name, data)
    assert process_time() - before < SLOW_SECONDS


def test_type_codes_that_are_none_are_not_remembered() -> None:
    head = b"01,S,R,260101,1200,1,,,2/\n02,R,S,1,260101,,EUR,2/\n03,ACC,EUR,010,100,,/\n"
    told = b"x" * 90
    pieces = chain([head], (b"16,J%08d%s,5,,,,t/\n" % (n, told) for n in range(30_000)))
    tracemalloc.start()
    try:
        with suppress(Invalid):
            for _record in formats.reader(formats.find()["bai2"])(read_only(pieces), Profile()):
                pass
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2 * MEGABYTE, f"{peak / MEGABYTE:.1f} MB"


def test_texts_of_a_workbook_have_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "TEXTS_BYTES_MAX", 10)
    refusal = outcome("bank_xlsx", workbook_of([["Date"]]))
    assert isinstance(refusal, Invalid)
    assert (refusal.code, refusal.location) == ("workbook_too_large", "xl/sharedStrings.xml")


WIDE = ":20:A\n:25:1/2\n:28C:1/1\n:60F:C260101EUR1,\n:86:name\n:62F:C260101EUR1,\n"


@pytest.mark.parametrize(
    ("encoding", "named"),
    [("utf-16", ""), ("utf-16", "utf-16"), ("utf-16-le", "utf-16-le"), ("utf-16-be", "utf-16be")],
)
def test_wide_text_is_read_with_and_without_a_mark(encoding: str, named: str) -> None:
    reader = formats.reader(formats.find()["mt940"])
    expected = list(reader(io.BytesIO(WIDE.encode()), Profile()))
    found = list(reader(io.BytesIO(WIDE.encode(encoding)), Profile(encoding=named)))
    assert found == expected


def test_wide_text_that_is_damaged_or_cut_is_refused() -> None:
    wide = WIDE.encode("utf-16")
    half = wide.replace("name".encode("utf-16-le"), b"\x00\xd8b\x00e\x00e\x00")
    for data, code in ((half, "not_text"), (wide[:-3], "file_cut")):
        refusal = outcome("mt940", data)
        assert isinstance(refusal, Invalid)
        assert refusal.code == code


def test_an_archive_is_read_at_once_as_in_pieces() -> None:
    data = bytes(range(256)) * (12 * MEGABYTE // 256)
    packed = io.BytesIO(gzip.compress(data, 1))
    ((_name, member),) = container.members(packed, "a.gz")
    assert member.read() == data


def read_apart(name: str, megabytes: int) -> dict[str, int]:
    """What reading so much costs in a process of its own."""
    command = [sys.executable, "-m", "tests.formats.endless", name, str(megabytes)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told: dict[str, int] = json.loads(done.stdout)
    return told
