"""Messages picked up by SFTP: each once, repeatable, and what cannot be read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nostro.connectors.sftp_pickup import FILE_BYTES_MAX
from nostro.domain.errors import (
    NostroError,
    Refused,
    Unavailable,
)
from tests.connectors.sftp_files import (
    Starts,
)
from tests.connectors.sftp_servers import (
    EmulatedBank,
    Habits,
)


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
