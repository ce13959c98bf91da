"""Files handed over by SFTP: what was raised, and what really lies at the (emulated) bank."""

from __future__ import annotations

import os
from collections import Counter

import pytest

from nostro.domain.errors import (
    InDoubt,
)
from nostro.ports import Outgoing
from tests.connectors.sftp_files import (
    FILE,
    NAME,
    WAYS,
    Starts,
    habit_of,
    handed_over,
    kind_of,
)
from tests.connectors.sftp_servers import (
    Habits,
)


@pytest.mark.parametrize("verify", ["stat", "none"])
@pytest.mark.parametrize("upload", WAYS)
def test_a_file_is_handed_over_once_in_the_banks_own_way(
    start: Starts, upload: str, verify: str
) -> None:
    bank = start()
    channel = bank.connection(upload=upload, verify=verify)
    channel.send(FILE)
    assert bank.lies() == handed_over(upload)
    written = bank.seen.count("write")
    channel.send(FILE)
    assert bank.seen.count("write") == written, "what is there already is not written again"
    assert bank.lies() == handed_over(upload)


def test_nothing_has_its_name_before_it_is_whole(start: Starts) -> None:
    bank = start()
    bank.connection(upload="temporary_name").send(FILE)
    assert bank.seen == ["stat", "remove", "open", "write", "write", "close", "stat", "rename"] or (
        bank.seen.index("rename") > bank.seen.index("close")
    )


@pytest.mark.parametrize("way", ["to_bank", "to_us"])
@pytest.mark.parametrize("upload", WAYS)
def test_a_line_cut_at_any_byte_proves_only_what_it_proves(
    start: Starts, upload: str, way: str
) -> None:
    """Emulated bank, real bytes on a cut wire: no delivery that is proven not to be is one, and
    after a proven non-delivery the same bytes go again."""
    bank = start()
    channel = bank.connection(by_wire=True, upload=upload)
    channel.send(FILE)
    total = bank.carried_to_bank if way == "to_bank" else bank.carried_to_us
    kinds: Counter[str] = Counter()
    greeting = min(6000, total)  # Until we are in; after it go the requests and the file.
    cuts = {greeting * step // 10 for step in range(10)}
    cuts |= {greeting + (total - greeting) * step // 10 for step in range(10)}
    cuts |= {total - bytes_left for bytes_left in (1, 90, 200, 300, 400)}
    for cut in sorted(cuts):
        for path in (bank.home / "drop").iterdir():
            path.unlink()
        setattr(bank, f"cut_{way}", cut)
        kind = kind_of(channel)
        kinds[kind] += 1
        setattr(bank, f"cut_{way}", None)
        there = bank.lies()
        if kind == "delivered":
            assert there == handed_over(upload)
        elif kind == "Unavailable":
            taken = NAME in there and upload != "done_file"
            assert not taken, f"cut at {cut} of {total}"
            assert f"{NAME}.done" not in there
            assert kind_of(channel) == "delivered"
            assert bank.lies() == handed_over(upload)
        else:
            assert kind == "InDoubt"
            whole = there == handed_over(upload)
            assert channel.knows(FILE.message_id) is (
                True if whole and upload != "direct" else None
            )
    assert kinds["Unavailable"] > 5
    assert kinds["InDoubt"] >= 1, f"{total} bytes, {kinds}"


@pytest.mark.parametrize(
    ("upload", "lost", "kind"),
    [
        ("direct", "open", "InDoubt"),
        ("direct", "write", "InDoubt, or delivered"),  # as many blocks as it still took
        ("direct", "close", "delivered"),
        ("temporary_name", "open", "Unavailable"),
        ("temporary_name", "write", "Unavailable"),
        ("temporary_name", "close", "Unavailable"),
        ("temporary_name", "rename", ""),
        ("done_file", "open", "Unavailable"),
        ("done_file", "write", "Unavailable"),
    ],
)
@pytest.mark.parametrize("how", ["loses_answer_of", "stalls"])
def test_an_answer_that_never_comes(
    start: Starts, upload: str, lost: str, kind: str, how: str
) -> None:
    """Emulated: the server does it and breaks off, or keeps silent. What counts is which request
    it was, and then what lies there."""
    bank = start(habit_of(how, {lost}))
    kind = kind or {"loses_answer_of": "delivered", "stalls": "InDoubt"}[how]
    raised = kind_of(bank.connection(upload=upload, timeout_seconds=2))
    assert raised in kind
    assert (bank.lies() == handed_over(upload)) == (raised == "delivered")
    if kind == "Unavailable":
        setattr(bank.habits, how, set())
        assert NAME not in bank.lies() or upload == "done_file"
        assert kind_of(bank.connection(upload=upload)) == "delivered"
        assert bank.lies() == handed_over(upload)


def test_a_rename_that_was_done_but_not_answered_and_swept_is_asked_about(start: Starts) -> None:
    bank = start(Habits(loses_answer_of={"rename"}, sweeps_to="taken"))
    assert kind_of(bank.connection()) == "InDoubt"
    assert bank.lies() == {}
    assert bank.connection().knows(FILE.message_id) is None
    assert bank.connection(taken_folders=["/taken"]).knows(FILE.message_id) is True


def test_a_swept_file_is_found_by_the_second_look_where_the_bank_shows_it(start: Starts) -> None:
    bank = start(Habits(loses_answer_of={"rename"}, sweeps_to="taken"))
    assert kind_of(bank.connection(taken_folders=["/taken"])) == "delivered"
    assert bank.lies("taken") == {NAME: FILE.content}


@pytest.mark.parametrize("habit", ["denies", "fails", "lacks"])
def test_a_server_that_lets_nobody_rename(start: Starts, habit: str) -> None:
    bank = start(habit_of(habit, {"rename", "posix_rename"}))
    assert kind_of(bank.connection(upload="temporary_name")) == "ConnectionUnfit"
    assert bank.lies() == {}, "nothing final, and nothing left over"
    assert kind_of(bank.connection(upload="direct")) == "delivered"


@pytest.mark.parametrize("habit", ["denies", "fails", "lacks"])
@pytest.mark.parametrize("first", ["rename", "posix_rename"])
def test_a_server_with_one_of_the_two_renames(start: Starts, habit: str, first: str) -> None:
    bank = start(habit_of(habit, {first}))
    assert kind_of(bank.connection()) == "delivered"
    assert bank.lies() == {NAME: FILE.content}


BLIND = {"stat", "read", "list", "remove"}


@pytest.mark.parametrize("habit", ["denies", "fails"])
@pytest.mark.parametrize("upload", WAYS)
def test_a_write_only_folder(start: Starts, upload: str, habit: str) -> None:
    """Without looking we still overwrite nothing; and what we can't see we don't claim to know."""
    bank = start(habit_of(habit, set(BLIND)))
    channel = bank.connection(upload=upload, verify="none", absent_means_never=True)
    assert kind_of(channel) == "delivered"
    assert bank.lies() == handed_over(upload)
    assert channel.knows(FILE.message_id) is None
    other = Outgoing(
        message_id=FILE.message_id, file_name=NAME, media_type="", content=b"other bytes"
    )
    assert kind_of(channel, other) == "InDoubt"
    assert bank.lies()[NAME] == FILE.content
    assert "posix_rename" not in bank.seen, "it would replace a name that we cannot see"


def test_a_profile_that_wants_to_look_where_nobody_may(start: Starts) -> None:
    bank = start(Habits(denies=set(BLIND)))
    assert kind_of(bank.connection(verify="stat")) == "ConnectionUnfit"
    assert NAME not in bank.lies()


@pytest.mark.parametrize("upload", WAYS)
def test_a_folder_that_we_may_not_write_to(start: Starts, upload: str) -> None:
    bank = start(Habits(denies={"open"}))
    assert kind_of(bank.connection(upload=upload)) == "ConnectionUnfit"
    assert bank.lies() == {}


@pytest.mark.parametrize("upload", WAYS)
def test_a_folder_that_is_not_there(start: Starts, upload: str) -> None:
    bank = start()
    assert kind_of(bank.connection(upload=upload, drop_folder="/nowhere")) == "Unavailable"


@pytest.mark.parametrize(
    ("upload", "kind"),
    [("direct", "InDoubt"), ("temporary_name", "Unavailable"), ("done_file", "Unavailable")],
)
def test_a_disk_that_is_full_in_the_middle(start: Starts, upload: str, kind: str) -> None:
    bank = start(Habits(full_after_bytes=1000))
    channel = bank.connection(upload=upload)
    assert kind_of(channel) == kind
    bank.habits.full_after_bytes = None
    if kind == "Unavailable":
        assert kind_of(channel) == "delivered"
        assert bank.lies() == handed_over(upload)
    else:
        assert kind_of(channel) == "InDoubt", "half of it is there: nobody writes over it"
        assert len(bank.lies()[NAME]) == 1000


@pytest.mark.parametrize(
    ("upload", "kind"),
    [("direct", "InDoubt"), ("temporary_name", "Unavailable"), ("done_file", "Unavailable")],
)
def test_a_server_that_says_yes_and_stores_half(start: Starts, upload: str, kind: str) -> None:
    """What the comparing of sizes is for."""
    bank = start(Habits(keeps_bytes=1000))
    assert kind_of(bank.connection(upload=upload, verify="stat")) == kind
    assert (NAME in bank.lies()) == (upload != "temporary_name")
    assert f"{NAME}.done" not in bank.lies()


def test_half_a_file_under_a_name_that_only_whole_ones_get_is_not_ours(start: Starts) -> None:
    bank = start()
    (bank.home / "drop" / NAME).write_bytes(FILE.content[:100])
    assert kind_of(bank.connection(upload="temporary_name")) == "Refused"
    assert bank.lies() == {NAME: FILE.content[:100]}


def test_a_rename_that_replaces_is_not_used_on_a_name_that_we_cannot_see(start: Starts) -> None:
    bank = start(Habits(denies={*BLIND, "rename"}))
    (bank.home / "drop" / NAME).write_bytes(b"somebody else's")
    assert kind_of(bank.connection(upload="temporary_name", verify="none")) == "ConnectionUnfit"
    assert bank.lies()[NAME] == b"somebody else's"


def test_a_done_file_that_is_refused_hands_nothing_over(start: Starts) -> None:
    bank = start()
    (bank.home / "drop" / NAME).write_bytes(FILE.content)
    bank.habits.denies = {"open"}
    assert kind_of(bank.connection(upload="done_file")) == "ConnectionUnfit"
    assert f"{NAME}.done" not in bank.lies()


def test_a_done_file_without_its_file_was_told_already(start: Starts) -> None:
    bank = start()
    (bank.home / "drop" / f"{NAME}.done").touch()
    assert kind_of(bank.connection(upload="done_file")) == "InDoubt"
    assert "write" not in bank.seen


@pytest.mark.parametrize("verify", ["stat", "none"])
@pytest.mark.parametrize("upload", ["direct", "temporary_name"])
def test_a_bank_that_sweeps_at_once(start: Starts, upload: str, verify: str) -> None:
    """A file absent after upload proves nothing."""
    bank = start(Habits(sweeps_to="taken"))
    channel = bank.connection(upload=upload, verify=verify)
    assert kind_of(channel) == "delivered"
    assert bank.lies() == {}
    assert bank.lies("taken") == {NAME: FILE.content}
    assert channel.knows(FILE.message_id) is None, "absent is not never"
    seeing = bank.connection(upload=upload, verify=verify, taken_folders=["/taken"])
    assert seeing.knows(FILE.message_id) is True
    assert kind_of(seeing) == "delivered", "a file that was taken is not written again"
    assert bank.lies() == {}


def test_a_bank_that_takes_even_temporary_names_leaves_a_doubt(start: Starts) -> None:
    bank = start(Habits(sweeps_to="taken", sweeps=(".xml", ".tmp")))
    assert kind_of(bank.connection(verify="stat")) == "InDoubt"
    assert kind_of(bank.connection(verify="none")) == "InDoubt"


@pytest.mark.parametrize("upload", WAYS)
def test_other_content_under_the_name_is_never_overwritten(start: Starts, upload: str) -> None:
    bank = start()
    for there in (b"somebody else's", FILE.content + b"more", b"x" * len(FILE.content)):
        (bank.home / "drop" / NAME).write_bytes(there)
        assert kind_of(bank.connection(upload=upload)) == "Refused"
        assert bank.lies() == {NAME: there}


def test_a_left_over_temporary_name_is_written_anew(start: Starts) -> None:
    bank = start()
    (bank.home / "drop" / f"{NAME}.tmp").write_bytes(FILE.content + b"left over and longer")
    assert kind_of(bank.connection()) == "delivered"
    assert bank.lies() == {NAME: FILE.content}


def test_a_left_over_that_shares_its_bytes_with_a_taken_file_spares_it(start: Starts) -> None:
    """As OpenSSH's plain rename leaves it when it dies in between: one file, two names."""
    bank = start()
    taken = bank.home / "taken" / "another.xml"
    taken.write_bytes(b"taken before")
    os.link(taken, bank.home / "drop" / f"{NAME}.tmp")
    assert kind_of(bank.connection()) == "delivered"
    assert taken.read_bytes() == b"taken before"


def test_an_acknowledgement_is_waited_for(start: Starts) -> None:
    bank = start()
    channel = bank.connection(verify="acknowledgement_file")
    with pytest.raises(InDoubt) as caught:
        channel.send(FILE)
    assert caught.value.code == "acknowledgement_awaited"
    assert bank.lies() == {NAME: FILE.content}
    assert channel.knows(FILE.message_id) is None, "our own file is no word of the bank's"
    (bank.home / "drop" / f"{FILE.message_id}.ack").touch()
    assert channel.knows(FILE.message_id) is True


def test_an_acknowledgement_at_once_is_delivery(start: Starts) -> None:
    bank = start(Habits(acknowledges=True, sweeps_to="taken"))
    assert kind_of(bank.connection(verify="acknowledgement_file")) == "delivered"


@pytest.mark.parametrize("by_name", ["{}.xml", "{}.xml.pgp", "20261120_{}.xml", "{}_0001.XML"])
def test_names_that_banks_make_of_ours_are_found(start: Starts, by_name: str) -> None:
    bank = start()
    channel = bank.connection(taken_folders=["/taken"], absent_means_never=True)
    assert channel.knows(FILE.message_id) is False
    (bank.home / "taken" / by_name.format(FILE.message_id.upper())).touch()
    assert channel.knows(FILE.message_id) is True
    assert channel.knows(FILE.message_id[:-1]) is False, "the beginning of an id is another id"


def test_never_is_said_only_where_the_profile_says_it_and_all_was_seen(start: Starts) -> None:
    bank = start()
    assert bank.connection().knows("M-1") is None
    assert bank.connection(absent_means_never=True).knows("M-1") is False
    missing = bank.connection(absent_means_never=True, taken_folders=["/nowhere"])
    assert missing.knows("M-1") is None
    (bank.home / "drop" / "M-1.xml").touch()
    direct = bank.connection(absent_means_never=True, upload="direct")
    assert direct.knows("M-1") is None, "it may be half of it, and the bank may read it"
    (bank.home / "drop" / "M-2.xml.tmp").touch()
    assert bank.connection(absent_means_never=True).knows("M-2") is False
