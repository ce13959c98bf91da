"""Files handed over by SFTP: what was raised, and what really lies at the (emulated) bank."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from nostro.connectors import capabilities, open_connection
from nostro.connectors.sftp_pickup import FILE_BYTES_MAX
from nostro.domain.errors import (
    ConnectionUnfit,
    InDoubt,
    Invalid,
    NostroError,
    Refused,
    Unavailable,
)
from nostro.ports import Outgoing
from tests.connectors.sftp_servers import (
    HOST_KEY,
    OUR_KEY,
    EmulatedBank,
    Habits,
    private_text,
    public_text,
)

FILE = Outgoing(
    message_id="ACME-261120-0a1b2c3d4e5f",
    file_name="ACME-261120-0a1b2c3d4e5f.xml",
    media_type="application/xml",
    content=b"<Document>" + bytes(range(256)) * 200 + b"</Document>",
)
NAME = FILE.file_name
# In PKCS#8: OpenSSH's own form of a locked key takes a library (bcrypt) that we do without.
LOCKED_KEY = OUR_KEY.export_private_key("pkcs8-pem", passphrase="made-up").decode()
WAYS = ("direct", "temporary_name", "done_file")
Starts = Callable[..., EmulatedBank]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Starts]:
    banks: list[EmulatedBank] = []

    def started(habits: Habits | None = None, **more: Any) -> EmulatedBank:
        bank = EmulatedBank(tmp_path, habits, **more)
        banks.append(bank)
        return bank.__enter__()

    yield started
    for bank in banks:
        bank.__exit__(None, None, None)


def handed_over(upload: str) -> dict[str, bytes]:
    """What the drop folder of a bank that takes nothing holds after one delivery."""
    done = {f"{NAME}.done": b""} if upload == "done_file" else {}
    return {NAME: FILE.content, **done}


def kind_of(channel: Any, outgoing: Outgoing = FILE) -> str:
    try:
        channel.send(outgoing)
    except NostroError as failure:
        return type(failure).__name__
    return "delivered"


def habit_of(how: str, requests: set[str]) -> Habits:
    habits = Habits()
    setattr(habits, how, requests)
    return habits


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


def test_a_changed_host_key_is_refused_and_named(start: Starts) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519")
    bank = start(host_key=other)
    channel = bank.connection(host_keys=[public_text(HOST_KEY)])
    for call, argument in ((channel.send, FILE), (channel.knows, "M-1")):
        with pytest.raises(ConnectionUnfit) as caught:
            call(argument)
        assert caught.value.code == "sftp_host_key_changed"
        assert other.get_fingerprint() in caught.value.happened
    assert bank.logins == [], "not even our name was told"
    both = bank.connection(host_keys=[public_text(HOST_KEY), f"bank.example {public_text(other)}"])
    assert kind_of(both) == "delivered"


def test_a_host_key_of_another_kind_is_named_too(start: Starts) -> None:
    bank = start(host_key=asyncssh.generate_private_key("ecdsa-sha2-nistp256"))
    with pytest.raises(ConnectionUnfit) as caught:
        bank.connection(host_keys=[public_text(HOST_KEY)]).send(FILE)
    assert bank.host_key.get_fingerprint() in caught.value.happened


def settings(**more: Any) -> dict[str, Any]:
    keys = [public_text(HOST_KEY)]
    return {"host": "127.0.0.1", "user": "u", "host_keys": keys, "drop_folder": "/drop", **more}


@pytest.mark.parametrize("keys", [[], [""], ["  "]])
def test_without_a_host_key_it_does_not_open(keys: list[str]) -> None:
    with pytest.raises(Invalid):
        open_connection("sftp", settings(host_keys=keys), {})


@pytest.mark.parametrize(
    "wrong", [{"upload": "by_pigeon"}, {"timeout_seconds": 600}, {"after_pickup": "archive"}]
)
def test_settings_that_cannot_work_do_not_open(wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        open_connection("sftp", settings(**wrong), {})


@pytest.mark.parametrize(
    ("config", "secrets"),
    [
        ({"host_keys": ["ssh-ed25519 nonsense"]}, {}),
        ({}, {"private_key": "no key"}),
        ({}, {"private_key": LOCKED_KEY}),
    ],
)
def test_keys_that_cannot_be_read_are_refused_without_connecting(
    config: dict[str, Any], secrets: dict[str, str]
) -> None:
    channel = open_connection("sftp", settings(port=1, **config), secrets)
    assert kind_of(channel) == "ConnectionUnfit"


def test_log_in_by_password_and_by_a_key_with_a_passphrase(start: Starts, tmp_path: Path) -> None:
    bank = start(password="made-up")
    config = settings(port=bank.port)
    assert kind_of(open_connection("sftp", config, {"password": "wrong"})) == "ConnectionUnfit"
    assert bank.lies() == {}
    assert kind_of(open_connection("sftp", config, {"password": "made-up"})) == "delivered"
    by_key = start(host_key=HOST_KEY)
    kept = LOCKED_KEY
    secrets = {"private_key": kept, "private_key_passphrase": "made-up"}
    assert kind_of(open_connection("sftp", settings(port=by_key.port), secrets)) == "delivered"
    stranger = private_text(asyncssh.generate_private_key("ssh-ed25519"))
    refused = open_connection("sftp", settings(port=by_key.port), {"private_key": stranger})
    assert kind_of(refused) == "ConnectionUnfit"


def test_nobody_at_the_address_is_surely_not_delivered() -> None:
    assert kind_of(open_connection("sftp", settings(port=1), {})) == "Unavailable"


@pytest.mark.parametrize("name", ["", ".", "..", ".hidden", "../a", "a/b", "/a", "a\nb", "a\\b"])
def test_a_name_that_leads_elsewhere_is_invalid(name: str) -> None:
    wrong = Outgoing(message_id="M", file_name=name, media_type="", content=b"x")
    assert kind_of(open_connection("sftp", settings(port=1), {}), wrong) == "Invalid"


def test_it_says_what_it_can_do_by_its_settings() -> None:
    plain = open_connection("sftp", settings(), {})
    sealing = open_connection("sftp", settings(encrypt_to="a key"), {})
    assert set(capabilities(sealing)) - set(capabilities(plain)) == {"SealsFiles"}
    assert capabilities(plain) == ("SendsPayments", "DeliversMessages", "AnswersEnquiries")


def pickup(bank: EmulatedBank, **more: Any) -> Any:
    return bank.connection(pickup_folder="/pickup", **more)


def names(messages: list[tuple[Any, str]]) -> list[str]:
    return [incoming.name for incoming, _ in messages]


def until_it_fails(
    messages: Iterator[tuple[Any, str]],
) -> tuple[list[tuple[Any, str]], NostroError | None]:
    given = []
    try:
        for message in messages:
            given.append(message)
    except NostroError as failure:
        return given, failure
    return given, None


@pytest.mark.parametrize("after", ["leave", "archive", "delete"])
def test_picking_up_repeats_until_the_cursor_moves(start: Starts, after: str) -> None:
    bank = start()
    channel = pickup(bank, after_pickup=after, archive_folder="/archive")
    for name in ("b.xml", "a.xml", "c.xml", ".hidden", "d.xml.part", "e.tmp"):
        (bank.home / "pickup" / name).write_text(name)
    first = list(channel.collect(""))
    assert names(first) == ["a.xml", "b.xml", "c.xml"]
    assert first[0][0].content == b"a.xml"
    assert list(channel.collect("")) == first
    assert names(list(channel.collect(first[0][1]))) == ["b.xml", "c.xml"]
    assert list(channel.collect(first[2][1])) == []
    left = {"leave": {"a.xml", "b.xml", "c.xml"}}.get(after, set())
    assert {name for name in bank.lies("pickup") if name in "a.xml b.xml c.xml"} == left
    assert len(bank.lies("archive")) == (3 if after == "archive" else 0)


@pytest.mark.parametrize("after", ["leave", "archive"])
def test_a_name_used_again_for_other_content_is_another_message(start: Starts, after: str) -> None:
    bank = start()
    channel = pickup(bank, after_pickup=after, archive_folder="/archive")
    cursor = ""
    for content in ("first", "second one", "third"):
        (bank.home / "pickup" / "statement.xml").write_text(content)
        ((incoming, cursor),) = channel.collect(cursor)
        assert incoming.content == content.encode()
        assert list(channel.collect(cursor)) == []
    if after == "archive":
        assert len(bank.lies("archive")) == 3, "none was overwritten"
    else:
        assert len(cursor.split()) == 1, "what is gone is forgotten"


def test_files_are_fetched_one_at_a_time(start: Starts) -> None:
    bank = start()
    for name in ("a.xml", "b.xml", "c.xml"):
        (bank.home / "pickup" / name).write_text(name)
    messages = pickup(bank).collect("")
    assert bank.seen == []
    next(messages)
    assert bank.seen.count("read") == 1
    messages.close()
    assert bank.lies("archive") == {}, "the session is closed"


def test_a_server_from_which_one_can_only_read(start: Starts) -> None:
    bank = start(Habits(denies={"open", "rename", "posix_rename", "remove"}))
    (bank.home / "pickup" / "a.xml").write_text("a")
    ((_, cursor),) = pickup(bank).collect("")
    assert list(pickup(bank).collect(cursor)) == []
    (bank.home / "pickup" / "b.xml").write_text("b")
    given, failure = until_it_fails(pickup(bank, after_pickup="delete").collect(cursor))
    assert isinstance(failure, Refused)
    assert names(given) == ["b.xml"], "what will not go away keeps nobody from reading the rest"
    assert len(given[0][1].split()) == 2, "and stays known"


def test_what_is_no_plain_file_or_too_large_is_refused_after_the_others(start: Starts) -> None:
    bank = start()
    folder = bank.home / "pickup"
    (folder / "a.xml").symlink_to(bank.home / "drop")
    (folder / "b.xml").write_text("b")
    with (folder / "c.xml").open("wb") as file:
        file.truncate(FILE_BYTES_MAX + 1)
    (folder / "folder").mkdir()
    given, failure = until_it_fails(pickup(bank).collect(""))
    assert names(given) == ["b.xml"]
    assert isinstance(failure, Refused)
    assert "a.xml" in failure.happened


def test_a_folder_that_cannot_be_listed(start: Starts) -> None:
    bank = start(Habits(denies={"list"}))
    with pytest.raises(Refused):
        list(pickup(bank).collect(""))
    bank.habits.denies = set()
    with pytest.raises(Unavailable):
        list(bank.connection(pickup_folder="/nowhere").collect(""))
    assert list(bank.connection().collect("")) == [], "no pick-up folder: nothing to collect"


def test_a_line_that_breaks_while_reading_loses_nothing(start: Starts) -> None:
    bank = start()
    for number in range(4):
        (bank.home / "pickup" / f"{number}.xml").write_bytes(bytes([number]) * 5000)
    bank.cut_to_us = 12_000
    channel = pickup(bank, by_wire=True)
    given, failure = until_it_fails(channel.collect(""))
    assert isinstance(failure, Unavailable)
    assert 0 < len(given) < 4
    bank.cut_to_us = None
    given += channel.collect(given[-1][1])
    assert names(given) == ["0.xml", "1.xml", "2.xml", "3.xml"]


def test_a_name_that_is_no_unicode_is_read_all_the_same(start: Starts) -> None:
    bank = start()
    path = os.fsencode(bank.home / "pickup") + b"/gr\xfc\xdfe.xml"
    Path(os.fsdecode(path)).write_text("x")
    ((incoming, _),) = pickup(bank).collect("")
    assert incoming.content == b"x"
    incoming.name.encode()
