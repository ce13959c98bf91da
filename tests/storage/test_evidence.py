"""Every byte is kept once per customer, whole, and shown to nobody else."""

from __future__ import annotations

import hashlib
from uuid import UUID

import pytest
from django.db import connections

from nostro.domain.errors import Invalid, Refused
from nostro.ops.identifiers import TimeOrderedIds
from nostro.storage import evidence
from nostro.storage.evidence import CHUNK_BYTES
from nostro.storage.tenancy import tenant
from tests import seed

pytestmark = pytest.mark.usefixtures("database")

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
    assert longest <= CHUNK_BYTES


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
