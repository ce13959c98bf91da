"""A sealed stream: what was written comes out; whatever is done to it on the way is seen."""

from __future__ import annotations

import io
import random

import pytest

from nostro.domain.errors import Invalid, NostroError, Refused
from nostro.ops.backup_file import members, write_member
from nostro.ops.sealed_stream import (
    CHUNK_BYTES,
    MAGIC,
    NAME_BYTES,
    SALT_BYTES,
    TAG_BYTES,
    BackupKey,
    OpenedStream,
    SealingStream,
)

KEY = BackupKey(BackupKey.new())
HEAD = len(MAGIC) + NAME_BYTES + SALT_BYTES
SEALED = CHUNK_BYTES + TAG_BYTES


def sealed(content: bytes, pieces: int = 3) -> bytes:
    below = io.BytesIO()
    stream = SealingStream(below, KEY)
    step = len(content) // pieces + 1
    for begin in range(0, len(content), step):
        stream.write(content[begin : begin + step])
    stream.close()
    return below.getvalue()


def opened(content: bytes, key: BackupKey = KEY) -> bytes:
    return io.BufferedReader(OpenedStream(io.BytesIO(content), key)).read()


def some(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


@pytest.mark.parametrize(
    "size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES, 2_500_000]
)
def test_what_goes_in_comes_out(size: int) -> None:
    assert opened(sealed(some(size))) == some(size)


def test_nothing_of_it_can_be_read_in_the_file_and_no_two_files_are_alike() -> None:
    content = b"private key of the bank " * 50_000
    first, second = sealed(content), sealed(content)
    assert b"private key" not in first
    assert first[HEAD:] != second[HEAD:]


def test_every_change_is_seen() -> None:
    """Bits anywhere, chunks left out, doubled, in another order, cut, of another file."""
    content, dice = some(3 * CHUNK_BYTES + 5), random.Random(5)
    whole = sealed(content)
    chunks = [whole[at : at + SEALED] for at in range(HEAD, len(whole), SEALED)]
    other = sealed(some(3 * CHUNK_BYTES + 5, seed=2))
    changed = [
        whole[:HEAD] + b"".join(chunks[n] for n in order)
        for order in ([0, 1, 3], [1, 0, 2, 3], [0, 0, 1, 2, 3], [0, 1, 2], [], [3], [0, 1, 2, 3, 3])
    ]  # fmt: skip
    changed += [whole[:-1], whole[: HEAD - 1], whole + b"x", other[:HEAD] + whole[HEAD:]]
    changed.append(whole[:HEAD] + b"".join(chunks[:2]) + other[HEAD + 2 * SEALED :])
    for _ in range(40):
        at = dice.randrange(len(whole))
        changed.append(whole[:at] + bytes([whole[at] ^ 1 << dice.randrange(8)]) + whole[at + 1 :])
    assert [number for number, one in enumerate(changed) if not is_refused(one)] == []


def is_refused(content: bytes) -> bool:
    try:
        opened(content)
    except NostroError:
        return True
    return False


def test_another_key_is_named() -> None:
    other = BackupKey(BackupKey.new())
    with pytest.raises(Refused) as caught:
        opened(sealed(b"x"), other)
    assert caught.value.code == "backup_key_wrong"
    assert KEY.name in caught.value.happened
    assert other.name in caught.value.happened


@pytest.mark.parametrize("text", ["", "short", "ü" * 32, "A" * 43])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        BackupKey(text)
    assert caught.value.code == "backup_key_invalid"
    assert not text or text not in str(caught.value)


def test_a_file_that_is_no_backup_is_said() -> None:
    with pytest.raises(Invalid) as caught:
        opened(b"PGDMP" + bytes(100))
    assert caught.value.code == "backup_unreadable"


def test_members_come_in_order_and_may_be_passed_over() -> None:
    whole = io.BytesIO()
    told = [write_member(whole, name, [some(9), b"", some(70_000)]) for name in ("a", "b", "c")]
    whole.seek(0)
    assert [one.size_bytes for one in told] == [70_009] * 3
    assert [name for name, _ in members(whole)] == ["a", "b", "c"]
    whole.seek(0)
    assert [b"".join(pieces) for _, pieces in members(whole)] == [some(9) + some(70_000)] * 3


@pytest.mark.parametrize("content", [b"\0\0", b"\xff\xff\xff\xff", b"\0\0\0\1a\0\0\0\5abc"])
def test_a_layout_that_is_not_known_is_refused(content: bytes) -> None:
    with pytest.raises(Invalid) as caught:
        [b"".join(pieces) for _, pieces in members(io.BytesIO(content))]
    assert caught.value.code == "backup_unlike"
