"""The stand-alone verifier finds whoever tampered, and says what it cannot know.

The attacker holds the database and the current signing key. The auditor holds the last checkpoint
that was exported before, and the public key.
"""

from __future__ import annotations

import ast
import io
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from nostro import verifier
from nostro.domain.audit_chain import ERASED
from tests.audit_log import Entry, Log, Signer, entry, log

COUNT, EVERY = 200, 36  # The last checkpoint is at 180: 20 entries are not covered.
COVERED = COUNT // EVERY * EVERY
TAMPERS = 100_000 if os.environ.get("SOAK") else 10_000

dice = random.Random(20261123)
MADE = [entry(number, dice) for number in range(1, COUNT + 1)]
SIGNER = Signer(1)
WHOLE = log(MADE, SIGNER, EVERY)
KEY = SIGNER.public
HELD = [WHOLE.statements[-1]]


def test_a_whole_log_is_whole_and_its_tail_is_named() -> None:
    found = WHOLE.verify(KEY, HELD)
    assert (found.whole, found.entries, found.covered, found.unsealed) == (True, COUNT, COVERED, 2)
    told = "\n".join(verifier.told(found))
    assert f"NOT COVERED: {COVERED + 1} to {COUNT}" in told
    assert "2 unsealed events" in told
    alone = WHOLE.verify(KEY, [])
    assert alone.whole
    assert "You gave no checkpoint of your own" in "\n".join(verifier.told(alone))


# ---- Tampering with lines, without sealing anew what follows: named exactly.

Lines = list[bytes]
Tamper = Callable[[Lines, int, random.Random], int]


def field(line: bytes, *path: str) -> bytes:
    """The line with another value in one field, and its own hash made to fit."""
    told = msgspec.json.decode(line)
    inner = told
    for step in path[:-1]:
        inner = inner[step]
    before = inner[path[-1]]
    inner[path[-1]] = before + 1 if isinstance(before, int) else before + "x"
    return fitting(told)


def fitting(told: dict[str, Any]) -> bytes:
    order = msgspec.json.Encoder(order="sorted")
    head, body = order.encode(told["entry"]), order.encode(told["content"])
    covered = head if "version" in told["entry"] else head + b"\n" + body
    told["hash"] = verifier._hex(covered)
    key = order.encode(told["key"])
    return b'{"hash":"%b","key":%b,"entry":%b,"content":%b}\n' % (
        told["hash"].encode(), key, head, body
    )  # fmt: skip


def edit_bytes(lines: Lines, place: int, dice: random.Random) -> int:
    line = bytearray(lines[place])
    spot = dice.randrange(len(line) - 1)
    line[spot] = dice.choice([one for one in b'0123456789xyz"{},:' if one != line[spot]])
    lines[place] = bytes(line)
    return place + 1


def edit_content(lines: Lines, place: int, dice: random.Random) -> int:
    told = msgspec.json.decode(lines[place])
    told["content"]["data"]["n"] += 1
    if told["key"] is None:
        told["hash"] = dice.randbytes(32).hex()
        lines[place] = lines[place].replace(b'"n":', b'"n":1')
    else:
        lines[place] = fitting(told)
    return place + 1


def edit_and_seal(lines: Lines, place: int, dice: random.Random) -> int:
    told = msgspec.json.decode(lines[place])
    v1 = told["key"] is None
    paths = [("content", "type")] if v1 else [("entry", "event", "type"), ("entry", "commitment")]
    path = dice.choice(paths)
    if path[-1] == "commitment":
        told["entry"]["commitment"] = dice.randbytes(32).hex()
        lines[place] = fitting(told)
    else:
        lines[place] = field(lines[place], *path)
    return place + 1


def edit_hash(lines: Lines, place: int, dice: random.Random) -> int:
    line = lines[place]
    lines[place] = line[:9] + dice.randbytes(32).hex().encode() + line[73:]
    return place + 1


def remove(lines: Lines, place: int, dice: random.Random) -> int:
    del lines[place : place + dice.choice([1, 1, 2, 9])]
    return place + 1


def insert_a_copy(lines: Lines, place: int, dice: random.Random) -> int:
    other = dice.choice([n for n in range(len(lines)) if abs(n - place) > 1])
    lines.insert(place, lines[other])
    return place + 1


def insert_a_forged_one(lines: Lines, place: int, dice: random.Random) -> int:
    """It fits where it stands, to the last byte; the true one comes after it."""
    forged = log([*MADE[:place], entry(9999, dice)], Signer(1), EVERY)
    lines.insert(place, forged.entries[place])
    return place + 1


def reorder(lines: Lines, place: int, dice: random.Random) -> int:
    other = dice.choice([n for n in range(len(lines)) if n != place])
    lines[place], lines[other] = lines[other], lines[place]
    return min(place, other) + 1


def truncate(lines: Lines, place: int, dice: random.Random) -> int:
    del lines[place:]
    return place + 1


TAMPERINGS: tuple[Tamper, ...] = (
    *(edit_bytes, edit_content, edit_and_seal, edit_hash, remove, insert_a_copy),
    *(reorder, truncate),
)


@pytest.mark.parametrize("tamper", TAMPERINGS)
def test_tampering_is_found_at_the_right_entry(tamper: Tamper) -> None:
    dice = random.Random(tamper.__name__)
    for _ in range(TAMPERS // len(TAMPERINGS)):
        lines = list(WHOLE.entries)
        place = dice.randrange(COVERED)
        right = tamper(lines, place, dice)
        if lines == list(WHOLE.entries):
            continue
        found = msgspec.structs.replace(WHOLE, entries=tuple(lines)).verify(KEY, HELD)
        assert (found.first, found.last) == (right, right), (tamper, place, found)


def test_an_entry_that_fits_where_it_was_put_is_found() -> None:
    dice = random.Random(4)
    for place in range(0, COVERED, 12):
        lines = list(WHOLE.entries)
        right = insert_a_forged_one(lines, place, dice)
        found = msgspec.structs.replace(WHOLE, entries=tuple(lines)).verify(KEY, HELD)
        assert found.first == right, (place, found)


# ---- Entries sealed anew, with every hash after them, and checkpoints signed with the real key.


def changed(place: int, dice: random.Random) -> tuple[str, list[Entry]]:
    """What the attacker makes of the events, and how."""
    made = list(MADE)
    how = dice.choice(["edit", "remove", "insert", "reorder", "truncate"])
    if how == "edit":
        made[place] = entry(place + 1, dice)
    elif how == "remove":
        del made[place]
    elif how == "insert":
        made.insert(place, entry(5000, dice))
    elif how == "reorder":
        other = dice.randrange(place + 1, COUNT)
        made[place], made[other] = made[other], made[place]
    else:
        made[place:] = []
    return how, made


def test_a_chain_sealed_anew_is_found() -> None:
    """Between the checkpoints of the auditor; exactly, when he kept an earlier export."""
    dice, stretches = random.Random(5), []
    for _ in range(TAMPERS // 100):
        place = dice.randrange(COVERED)
        how, made = changed(place, dice)
        forged = log(made, Signer(1), EVERY)
        found = forged.verify(KEY, HELD)
        assert found.first <= place + 1 <= found.last, (how, place, found)
        every = forged.verify(KEY, WHOLE.statements)
        assert every.first <= place + 1 <= every.last, (how, place, every)
        assert every.last - every.first < EVERY
        stretches.append(every.last - every.first)
        earlier = io.BytesIO(WHOLE.content())
        assert verifier.first_difference(earlier, io.BytesIO(forged.content())) == place + 1
    assert min(stretches) == 0


def test_a_whole_log_goes_on_from_an_earlier_export() -> None:
    before = io.BytesIO(log(MADE[:90], Signer(1), EVERY).content())
    assert verifier.first_difference(before, io.BytesIO(WHOLE.content())) == 0


def test_what_follows_the_held_checkpoint_is_printed_as_not_covered() -> None:
    """The one thing that nobody can find: it was not pinned yet."""
    made = [*MADE[: COVERED + 3], entry(7000, random.Random(6)), *MADE[COVERED + 4 :]]
    found = log(made, Signer(1), EVERY).verify(KEY, HELD)
    assert found.whole
    assert f"NOT COVERED: {COVERED + 1} to {COUNT}" in "\n".join(verifier.told(found))


def test_a_log_may_begin_at_a_checkpoint_that_is_held() -> None:
    first = msgspec.json.decode(WHOLE.statements[1])["statement"]["position"]
    part = Log(statements=WHOLE.statements, entries=WHOLE.entries[first:], after=first)
    found = part.verify(KEY, WHOLE.statements[1:])
    assert (found.whole, found.covered, found.entries) == (True, COVERED, COUNT)
    with pytest.raises(verifier.Unreadable, match="give a checkpoint of yours"):
        part.verify(KEY, HELD)
    cut = Log(statements=WHOLE.statements, entries=WHOLE.entries[first + 1 :], after=first)
    assert cut.verify(KEY, WHOLE.statements[1:]).first == first + 1


# ---- Erasures and restores


def erasing(*erased: int, said: bool = True) -> Log:
    """The whole log with the content of some entries erased, and an entry at 190 that says so."""
    ids = [MADE[place].event.id for place in erased]
    dice = random.Random(8)
    made = [
        one
        if place not in erased
        else msgspec.structs.replace(one, erased=True, commitment=commitment(place))
        for place, one in enumerate(MADE)
    ]
    explains = entry(
        190, dice, type=ERASED, subject_kind="customer", data={"events": ids if said else []}
    )
    made[189] = explains
    return log(made, Signer(1), EVERY)


def commitment(place: int) -> str:
    found: str = msgspec.json.decode(WHOLE.entries[place])["entry"]["commitment"]
    return found


def test_an_erased_entry_leaves_the_chain_whole() -> None:
    found = erasing(4, 60).verify(KEY, HELD)
    assert (found.whole, found.erased) == (True, [(5, 190), (61, 190)])
    told = verifier.told(found)
    assert "ONLY THE PART THAT IS NOT COVERED says that 5 was erased." in told


def test_content_that_vanished_without_a_word_is_found() -> None:
    found = erasing(4, 60, said=False).verify(KEY, HELD)
    assert (found.first, found.last) == (5, 5)
    assert "none says that it was erased" in found.why


def test_a_gap_is_whole_only_when_a_restore_explains_it() -> None:
    said = {"subject_kind": "customer", "data": {"log_floor": 1040}}
    restored = entry(51, dice, type="customer.quarantined", **said)
    told = log([*MADE[:50], restored], Signer(1), 10, {40: 1000})
    assert told.verify(KEY, [told.statements[-1]]).whole
    silent = log(MADE[:51], Signer(1), 10, {40: 1000})
    found = silent.verify(KEY, [silent.statements[-1]])
    assert (found.first, found.why) == (41, "entries 41 to 1040 are missing")


# ---- Keys


def test_a_new_key_is_trusted_because_the_old_one_signed_it() -> None:
    signer, second = Signer(1), Signer(2)
    before = log(MADE[:40], signer, 10)
    signer.change(second)
    after = log(MADE[:80], signer, 10)
    held = [before.statements[0], *after.statements]
    assert after.verify(KEY, held[1:]).whole
    assert after.verify(second.public, [after.statements[-1]]).whole
    forged = Signer(3)
    log(MADE[:80], forged, 10)
    lines = [one.line().encode() + b"\n" for one in forged.made]
    wrong = Log(statements=(*before.statements, *lines),
                entries=after.entries)  # fmt: skip
    found = wrong.verify(KEY, [before.statements[-1]])
    assert "not signed by your key" in found.why


@pytest.mark.parametrize("spot", [20, 200, 400])
def test_a_checkpoint_that_was_changed_is_not_signed(spot: int) -> None:
    line = bytearray(HELD[0])
    line[spot] = ord("1") if line[spot] != ord("1") else ord("2")
    try:
        found = WHOLE.verify(KEY, [bytes(line)])
    except verifier.Unreadable:
        return
    assert "not signed" in found.why or "keys older than yours" in found.notes[0]
    assert found.covered == 0


def test_a_log_without_a_signature_is_not_whole() -> None:
    """Every hash in it can be made by anybody, without any key."""
    bare = msgspec.structs.replace(WHOLE, statements=())
    found = bare.verify(KEY, [])
    assert not found.whole
    assert "anybody could have written it" in found.why
    assert bare.verify(KEY, HELD).whole


def test_a_log_that_your_key_signed_nothing_of_is_not_whole() -> None:
    """An attacker with a key of his own writes everything anew; so does a slip with the key."""
    for held in ([], HELD[:1], HELD):
        found = WHOLE.verify(Signer(9).public, held)
        assert not found.whole
        assert "nothing in it is signed by your key" in found.why
        assert found.covered == 0


def test_signatures_are_checked_as_the_library_checks_them() -> None:
    """RFC 8032, section 7.1, test 3; and what cryptography signs."""
    public = bytes.fromhex("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025")
    signature = bytes.fromhex(
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
    )
    assert verifier.signed_by(public, bytes.fromhex("af82"), signature)
    assert not verifier.signed_by(public, bytes.fromhex("af83"), signature)
    made = random.Random(9)
    for _ in range(10):
        key = Ed25519PrivateKey.from_private_bytes(made.randbytes(32))
        text, mine = made.randbytes(50), key.public_key().public_bytes_raw()
        good = key.sign(text)
        assert verifier.signed_by(mine, text, good)
        bad = bytearray(good)
        bad[made.randrange(64)] ^= 1 << made.randrange(8)
        assert not verifier.signed_by(mine, text, bytes(bad))
        assert not verifier.signed_by(made.randbytes(32), text, good)
    order = verifier.ORDER
    again = int.from_bytes(signature[32:], "little") + order
    malleable = signature[:32] + again.to_bytes(32, "little")
    assert not verifier.signed_by(public, bytes.fromhex("af82"), malleable)


# ---- One file, on its own


def test_it_imports_nothing_but_pythons_own_library() -> None:
    tree = ast.parse(Path(verifier.__file__).read_text())
    names = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert names <= set(sys.stdlib_module_names)


@pytest.mark.parametrize(("spoil", "code", "says"), [
    (False, 0, "WHOLE: 200 entries"), (True, 1, "BROKEN at 7: "),
])  # fmt: skip
def test_it_runs_alone(tmp_path: Path, spoil: bool, code: int, says: str) -> None:
    lines = list(WHOLE.entries)
    if spoil:
        edit_hash(lines, 6, random.Random(1))
    wrong = msgspec.structs.replace(WHOLE, entries=tuple(lines))
    (tmp_path / "log.jsonl").write_bytes(wrong.content())
    (tmp_path / "earlier.jsonl").write_bytes(WHOLE.content())
    (tmp_path / "held.jsonl").write_bytes(HELD[0])
    (tmp_path / "key").write_text(KEY.hex())
    (tmp_path / "alone.py").write_bytes(Path(verifier.__file__).read_bytes())
    told = subprocess.run(
        [sys.executable, "-I", "alone.py", "log.jsonl", "--key", "key", "--checkpoints",
         "held.jsonl", "--earlier", "earlier.jsonl"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (told.returncode, told.stderr) == (code, "")
    assert says in told.stdout


@pytest.mark.parametrize("content", [b"", b"{}\n", b"\x00\xff\n", b'{"archive":{"after":"x"}}\n'])
def test_what_is_no_log_is_said_to_be_none(content: bytes) -> None:
    with pytest.raises(verifier.Unreadable, match="no exported log"):
        verifier.verify(io.BytesIO(content), KEY, [])
