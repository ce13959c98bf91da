"""Files handed over once and picked up repeatably, on a real file system."""

from __future__ import annotations

import errno
import os
import resource
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nostro.connectors import open_connection, pick_up
from nostro.connectors.write_once import write_once
from nostro.domain.errors import (
    ConnectionUnfit,
    InDoubt,
    Invalid,
    NostroError,
    Refused,
    Unavailable,
)
from nostro.ports import Outgoing

JOURNAL = Outgoing(
    message_id="NOSTRO-20261120-1",
    file_name="journal.csv",
    media_type="text/csv",
    content=b"debit;credit\n",
)


def test_a_file_is_whole_or_not_there(tmp_path: Path) -> None:
    write_once(str(tmp_path), "a.xml", b"x" * 100_000)
    assert [path.name for path in tmp_path.iterdir()] == ["a.xml"]
    assert (tmp_path / "a.xml").read_bytes() == b"x" * 100_000


def test_the_same_again_is_already_done(tmp_path: Path) -> None:
    write_once(str(tmp_path), "a.xml", b"x")
    os.utime(tmp_path / "a.xml", (1, 1))
    write_once(str(tmp_path), "a.xml", b"x")
    assert (tmp_path / "a.xml").stat().st_mtime == 1, "it was not written again"


def test_the_same_name_with_other_bytes_is_refused(tmp_path: Path) -> None:
    write_once(str(tmp_path), "a.xml", b"x")
    with pytest.raises(Refused):
        write_once(str(tmp_path), "a.xml", b"y")
    assert (tmp_path / "a.xml").read_bytes() == b"x"


def test_a_file_that_was_taken_is_not_written_again(tmp_path: Path) -> None:
    out, taken = tmp_path / "out", tmp_path / "taken"
    out.mkdir()
    taken.mkdir()
    (taken / "a.xml").write_bytes(b"x")
    write_once(str(out), "a.xml", b"x", [str(taken)])
    assert list(out.iterdir()) == []


@pytest.mark.parametrize("name", ["", ".", "..", ".hidden", "../a", "a/b", "/a", "a\nb", "a\0b"])
def test_a_name_that_leads_elsewhere_is_invalid(tmp_path: Path, name: str) -> None:
    with pytest.raises(Invalid):
        write_once(str(tmp_path), name, b"x")


def test_a_missing_folder_is_surely_not_delivered(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        write_once(str(tmp_path / "not mounted"), "a.xml", b"x")


def test_a_full_disk_is_surely_not_delivered(tmp_path: Path) -> None:
    """The size limit of a process stands for the disk: both fail in the middle of writing."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, hard))
    try:
        with pytest.raises(Unavailable):
            write_once(str(tmp_path), "a.xml", b"x" * 100_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []


NOTHING_HANDED_OVER = ("EACCES", "ENOSPC", "EDQUOT", "EROFS", "ENOTDIR", "EXDEV")


@pytest.mark.parametrize("step", ["link", "rename"])
@pytest.mark.parametrize("told", ["EIO", "ESTALE", "ETIMEDOUT", "ENOENT", *NOTHING_HANDED_OVER])
def test_a_folder_that_fails_while_the_file_gets_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: str, step: str
) -> None:
    """A file server may have done it and lost its answer: only some answers are proof."""

    def fail(number: int) -> Any:
        def failing(*_: Any) -> None:
            raise OSError(number, os.strerror(number))

        return failing

    number = getattr(errno, told)
    monkeypatch.setattr(os, "link", fail(number if step == "link" else errno.EPERM))
    monkeypatch.setattr(Path, "rename", fail(number))
    with pytest.raises(NostroError) as caught:
        write_once(str(tmp_path), "a.xml", b"x")
    assert isinstance(caught.value, InDoubt) == (told not in NOTHING_HANDED_OVER)
    assert list(tmp_path.iterdir()) == []


def test_a_hidden_name_that_stays_hides_no_delivery(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stale(*_: Any, **__: Any) -> None:
        raise OSError(errno.ESTALE, "stale")

    monkeypatch.setattr(Path, "unlink", stale)
    write_once(str(tmp_path), "a.xml", b"x")
    assert (tmp_path / "a.xml").read_bytes() == b"x"


def test_of_many_writers_of_one_name_one_wins(tmp_path: Path) -> None:
    outcomes: list[str] = []
    start = threading.Barrier(16)

    def write(content: bytes) -> None:
        start.wait()
        try:
            write_once(str(tmp_path), "a.xml", content)
            outcomes.append(content.decode())
        except NostroError as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=write, args=(b"%d" % n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("file_name_taken") == 15
    assert (tmp_path / "a.xml").read_text() in outcomes
    assert len(list(tmp_path.iterdir())) == 1


def erp(tmp_path: Path) -> Any:
    return open_connection("erp_folder", {"outbox_folder": str(tmp_path)}, {})


def test_a_journal_is_posted_once_under_its_message_id(tmp_path: Path) -> None:
    assert erp(tmp_path).post(JOURNAL).reference == "NOSTRO-20261120-1.csv"
    assert erp(tmp_path).post(JOURNAL).reference == "NOSTRO-20261120-1.csv"
    assert (tmp_path / "NOSTRO-20261120-1.csv").read_bytes() == JOURNAL.content
    assert len(list(tmp_path.iterdir())) == 1
    changed = Outgoing(
        message_id=JOURNAL.message_id, file_name="x.csv", media_type="text/csv", content=b"other"
    )
    with pytest.raises(Refused):
        erp(tmp_path).post(changed)


def pickup(tmp_path: Path, archive: bool) -> Any:
    folders = {"drop_folder": str(tmp_path / "drop"), "pickup_folder": str(tmp_path / "in")}
    (tmp_path / "in").mkdir(exist_ok=True)
    kept = {"archive_folder": str(tmp_path / "kept")} if archive else {}
    return open_connection("host_folder", {**folders, **kept}, {})


def names(messages: list[tuple[Any, str]]) -> list[str]:
    return [incoming.name for incoming, _ in messages]


@pytest.mark.parametrize("archive", [True, False])
def test_picking_up_repeats_until_the_cursor_moves(tmp_path: Path, archive: bool) -> None:
    folder = pickup(tmp_path, archive)
    for name in ("b.xml", "a.xml", "c.xml"):
        (tmp_path / "in" / name).write_text(name)
    for name in (".hidden", "d.xml.part", "e.tmp"):
        (tmp_path / "in" / name).write_text("not finished")
    first = list(folder.collect(""))
    assert names(first) == ["a.xml", "b.xml", "c.xml"]
    assert list(folder.collect("")) == first
    assert names(list(folder.collect(first[0][1]))) == ["b.xml", "c.xml"]
    assert names(list(folder.collect(first[0][1]))) == ["b.xml", "c.xml"]
    assert list(folder.collect(first[2][1])) == []
    assert (tmp_path / "kept").exists() == archive


@pytest.mark.parametrize("archive", [True, False])
def test_a_name_used_again_for_other_content_is_another_message(
    tmp_path: Path, archive: bool
) -> None:
    folder = pickup(tmp_path, archive)
    cursor = ""
    for content in ("first", "second one", "third"):
        (tmp_path / "in" / "statement.xml").write_text(content)
        ((incoming, cursor),) = folder.collect(cursor)
        assert incoming.content == content.encode()
        assert list(folder.collect(cursor)) == []
    if archive:
        assert len(list((tmp_path / "kept").iterdir())) == 3, "none was overwritten"
    else:
        assert len(cursor.split()) == 1, "what is gone is forgotten"


def test_an_older_file_that_appears_later_is_not_missed(tmp_path: Path) -> None:
    folder = pickup(tmp_path, archive=False)
    (tmp_path / "in" / "b.xml").write_text("b")
    ((_, cursor),) = folder.collect("")
    (tmp_path / "in" / "a.xml").write_text("a")
    os.utime(tmp_path / "in" / "a.xml", (0, 0))
    assert names(list(folder.collect(cursor))) == ["a.xml"]


def test_a_pickup_folder_that_is_not_mounted_is_tried_again(tmp_path: Path) -> None:
    folder = pickup(tmp_path, archive=False)
    (tmp_path / "in").rmdir()
    with pytest.raises(Unavailable):
        list(folder.collect(""))


def _link(path: Path) -> None:
    (path.parent.parent / "secret").write_text("not the bank's")
    path.symlink_to(path.parent.parent / "secret")


def _too_large(path: Path) -> None:
    path.write_bytes(b"x" * 11)


STRANGE: dict[str, Callable[[Path], None]] = {
    "a link": _link,
    "a link to nowhere": lambda path: path.symlink_to("nowhere"),
    "a link to a folder": lambda path: path.symlink_to(path.parent),
    "a pipe": os.mkfifo,
    "too large": _too_large,
}


@pytest.mark.parametrize("kind", STRANGE)
def test_what_is_no_plain_file_is_refused_by_name_and_the_others_are_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(pick_up, "FILE_BYTES_MAX", 10)
    folder = pickup(tmp_path, archive=False)
    STRANGE[kind](tmp_path / "in" / "b.xml")
    for name in ("a.xml", "c.xml"):
        (tmp_path / "in" / name).write_bytes(b"x" * 10)
    (tmp_path / "in" / "folder").mkdir()
    collected = folder.collect("")
    taken = [next(collected), next(collected)]
    with pytest.raises(Refused, match=r"b\.xml"):
        next(collected)
    assert names(taken) == ["a.xml", "c.xml"]


def test_a_folder_to_which_we_have_no_right_waits_for_a_person(tmp_path: Path) -> None:
    """Nothing was written: what was to leave waits until somebody mends the connection."""
    (tmp_path / "out").write_text("a file where a folder should be")
    with pytest.raises(ConnectionUnfit) as caught:
        write_once(str(tmp_path / "out"), "a.xml", b"<a/>")
    assert caught.value.code == "folder_not_allowed"
