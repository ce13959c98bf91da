"""Every byte is kept once per customer, whole, and shown to nobody else."""

from __future__ import annotations

import hashlib
import os
import tempfile
import tracemalloc
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.db import connections

from nostro.domain.errors import Invalid, Refused
from nostro.ops.identifiers import TimeOrderedIds
from nostro.storage import data_keys, evidence, evidence_keys
from nostro.storage.ciphertext import NONCE_BYTES, TAG_BYTES
from nostro.storage.evidence import CHUNK_BYTES
from nostro.storage.tenancy import tenant
from tests import seed

pytestmark = pytest.mark.usefixtures("database")
LATER = datetime(2100, 1, 1, tzinfo=UTC)

new = TimeOrderedIds().new
SIZES = (0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES + 5)


def keep(content: bytes, name: str = "file.xml") -> UUID:
    return evidence.keep(
        new(), content, name=name, media_type="application/xml", direction="in", now=seed.NOW
    )


def bytes_of(size: int) -> bytes:
    """All byte values, zero among them, in no short period."""
    return hashlib.shake_128(str(size).encode()).digest(size)


def counted(evidence_id: UUID) -> tuple[int, int]:
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT count(*), coalesce(max(length(content)), 0) FROM evidence_chunk"
            " WHERE evidence_id = %s",
            [evidence_id],
        )
        (found,) = cursor.fetchall()
    return int(found[0]), int(found[1])


@pytest.mark.parametrize("size", SIZES)
def test_bytes_come_back_as_they_were(size: int) -> None:
    content = bytes_of(size)
    with tenant(new()):
        kept = keep(content)
        assert evidence.read(kept) == content
        assert evidence.describe(kept) == (
            "file.xml",
            "application/xml",
            hashlib.sha256(content).hexdigest(),
        )
    count, longest = counted(kept)
    assert count == max(1, -(-size // CHUNK_BYTES))
    assert longest <= CHUNK_BYTES + NONCE_BYTES + TAG_BYTES


def test_the_same_bytes_are_kept_once_a_customer() -> None:
    ours, theirs, content = new(), new(), b"<Document/>"
    with tenant(ours):
        first = keep(content)
        assert keep(content, "another name.xml") == first
        assert evidence.describe(first)[0] == "file.xml"
        assert keep(content + b" ") != first
    with tenant(ours):
        assert keep(content) == first
    with tenant(theirs):
        other = keep(content)
        assert other != first
        assert evidence.read(other) == content
    assert counted(first)[0] == counted(other)[0] == 1


def test_a_name_with_a_zero_byte_is_refused_at_the_door() -> None:
    with tenant(new()), pytest.raises(Invalid, match="not a file name"):
        keep(b"x", "statement\0.xml")


def test_another_customers_bytes_do_not_exist() -> None:
    with tenant(new()):
        kept = keep(b"secret")
    with tenant(new()):
        for ask in (evidence.read, evidence.describe):
            with pytest.raises(Refused) as told:
                ask(kept)
            assert told.value.code == "evidence_unknown"


def test_a_natural_key_is_used_once_a_customer_and_kind() -> None:
    ours, first, second = new(), new(), new()
    with tenant(ours):
        assert evidence.first_time("statement", "d1", first, seed.NOW) is None
        assert evidence.first_time("statement", "d1", second, seed.NOW) == first
        assert evidence.first_time("message", "d1", second, seed.NOW) is None
        assert evidence.first_time("statement", "d2", second, seed.NOW) is None
    with tenant(new()):
        assert evidence.first_time("statement", "d1", second, seed.NOW) is None


def stored(text: str, *asked: UUID | int) -> list[tuple[Any, ...]]:
    with connections["owner"].cursor() as cursor:
        cursor.execute(text, asked)
        return list(cursor.fetchall())


def open_up(evidence_id: UUID, content: bytes) -> None:
    """Make an evidence as it was kept before there were keys."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("DELETE FROM evidence_key WHERE evidence_id = %s", [evidence_id])
        digest = hashlib.sha256(content).hexdigest()
        cursor.execute("UPDATE evidence SET digest = %s WHERE id = %s", [digest, evidence_id])
        for number, at in enumerate(range(0, max(1, len(content)), CHUNK_BYTES)):
            cursor.execute(
                "UPDATE evidence_chunk SET content = %s WHERE evidence_id = %s AND sequence = %s",
                [content[at : at + CHUNK_BYTES], evidence_id, number],
            )


def test_neither_bytes_nor_their_digest_can_be_read_in_the_tables() -> None:
    content = b"<IBAN>DE89370400440532013000</IBAN>"
    with tenant(new()):
        kept = keep(content)
    digest = hashlib.sha256(content).hexdigest()
    for table, column in (("evidence", "id"), ("evidence_chunk", "evidence_id"),
                          ("evidence_key", "evidence_id")):  # fmt: skip
        rows = stored(f"SELECT t::text FROM {table} t WHERE {column} = %s", kept)
        assert rows
        assert content.hex() not in str(rows)
        assert digest not in str(rows)


def test_pieces_swapped_dropped_or_of_another_are_refused() -> None:
    ours, content = new(), bytes_of(3 * CHUNK_BYTES + 7)
    with tenant(ours):
        kept, other = keep(content), keep(content[::-1])
    pieces = "UPDATE evidence_chunk SET content = %s WHERE evidence_id = %s AND sequence = %s"
    piece = "SELECT content FROM evidence_chunk WHERE evidence_id = %s AND sequence = %s"
    ((first,),), ((second,),) = stored(piece, kept, 0), stored(piece, kept, 1)
    ((foreign,),) = stored(piece, other, 0)
    for changed in (second, foreign, bytes(first)[:-1] + bytes([bytes(first)[-1] ^ 1])):
        with connections["owner"].cursor() as cursor:
            cursor.execute(pieces, [changed, kept, 0])
        with tenant(ours), pytest.raises(Refused) as told:
            evidence.read(kept)
        assert told.value.code == "sealed_for_elsewhere"
    with connections["owner"].cursor() as cursor:
        cursor.execute(pieces, [first, kept, 0])
        cursor.execute("DELETE FROM evidence_chunk WHERE evidence_id = %s AND sequence = 3", [kept])
    with tenant(ours), pytest.raises(Refused) as told:
        evidence.read(kept)
    assert told.value.code == "evidence_incomplete"


def test_what_was_kept_open_is_read_known_again_and_locked_one_by_one() -> None:
    ours, contents = new(), [bytes_of(size) for size in SIZES]
    with tenant(ours):
        kept = [keep(content) for content in contents]
    for one, content in zip(kept, contents, strict=True):
        open_up(one, content)
    with tenant(ours):
        for one, content in zip(kept, contents, strict=True):
            assert evidence.read(one) == content
            assert keep(content) == one
        streams = [evidence.reading(one) for one in kept]
        begun = [stream.read(10) for stream in streams]
        after = UUID(int=0)
        while found := evidence_keys.lock_one_open(after):
            after, whole = found
            assert whole
        for one, content, stream, head in zip(kept, contents, streams, begun, strict=True):
            assert head + stream.read() == content
            assert evidence.read(one) == content
            assert keep(content) == one
            assert evidence.describe(one)[2] == hashlib.sha256(content).hexdigest()
    assert stored("SELECT count(*) FROM evidence_key WHERE tenant_id = %s", ours) == [(len(SIZES),)]


def test_open_bytes_that_were_changed_are_told_and_left() -> None:
    ours = new()
    with tenant(ours):
        good, bad = keep(b"good"), keep(b"bad")
    open_up(good, b"good")
    open_up(bad, b"bad")
    with connections["owner"].cursor() as cursor:
        cursor.execute("UPDATE evidence_chunk SET content = 'odd' WHERE evidence_id = %s", [bad])
    with tenant(ours):
        first = evidence_keys.lock_one_open(UUID(int=0))
        assert first is not None
        assert {first, evidence_keys.lock_one_open(first[0])} == {(good, True), (bad, False)}
        assert evidence_keys.lock_one_open(UUID(int=0)) == (bad, False)


def test_an_erased_evidence_is_known_unreadable_and_may_come_again() -> None:
    with tenant(new()):
        kept = keep(b"personal")
        evidence_keys.destroy(kept, seed.NOW)
        with pytest.raises(Refused) as told:
            evidence.read(kept)
        assert told.value.code == "evidence_erased"
        assert evidence.describe(kept) == ("erased", "application/xml", "")
        again = keep(b"personal")
        assert again != kept
        assert evidence.read(again) == b"personal"
    assert counted(kept) == (0, 0)
    ((locked,),) = stored("SELECT locked FROM evidence_key WHERE evidence_id = %s", kept)
    assert locked is None


def test_the_customers_new_key_locks_keys_not_bytes() -> None:
    ours = new()
    with tenant(ours):
        kept = [keep(bytes_of(size)) for size in (1, 2, 3)]
    before = stored("SELECT content FROM evidence_chunk WHERE tenant_id = %s", ours)
    with tenant(ours):
        data_keys.rotate(data_keys.EVIDENCE)
        assert [evidence_keys.relock(2), evidence_keys.relock(2), evidence_keys.relock(2)] == [
            2,
            1,
            0,
        ]
        assert data_keys.drop_unused(LATER) == 1
        assert [len(evidence.read(one)) for one in kept] == [1, 2, 3]
    assert stored("SELECT content FROM evidence_chunk WHERE tenant_id = %s", ours) == before


def test_a_large_file_goes_through_in_little_memory() -> None:
    size = 100 if "SOAK" in os.environ else 24
    ours, name = new(), new()
    with tempfile.TemporaryFile() as file:
        for number in range(size):
            file.write(bytes_of(number + 1) * (CHUNK_BYTES // (number + 1) + 1))
        tracemalloc.start()
        with tenant(ours):
            evidence.keep_stream(
                name, file, name="big", media_type="text/plain", direction="in", now=seed.NOW
            )
            stream, told = evidence.reading(name), hashlib.sha256()
            while piece := stream.read(CHUNK_BYTES):
                told.update(piece)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        file.seek(0)
        assert told.hexdigest() == hashlib.file_digest(file, "sha256").hexdigest()
    assert most < 8 * CHUNK_BYTES
