"""Payments handed over to a treasury hub by folders: once, findable, and no more promised."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from nostro.connectors import capabilities, open_connection
from nostro.domain.errors import Invalid, NostroError, Refused, Unavailable
from nostro.ports import Outgoing

FOLDERS = ("in", "taken", "refused", "out", "archive")


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    for name in FOLDERS:
        (tmp_path / name).mkdir()
    return tmp_path


def opened(hub: Path, **settings: Any) -> Any:
    folders = {
        "handover_folder": str(hub / "in"),
        "taken_folders": [str(hub / "taken"), str(hub / "refused")],
    }
    return open_connection("hub_folder", {**folders, **settings}, {})


def outgoing(message_id: str = "MSG-1", content: bytes = b"<Document/>") -> Outgoing:
    return Outgoing(
        message_id=message_id,
        file_name="payments.xml",
        media_type="application/xml",
        content=content,
    )


def lying(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_handed_over_under_its_message_id(hub: Path) -> None:
    assert opened(hub).send(outgoing()).reference == "MSG-1.xml"
    assert (hub / "in" / "MSG-1.xml").read_bytes() == b"<Document/>"
    assert lying(hub / "in") == ["MSG-1.xml"]


def test_the_hub_can_check_what_it_takes(hub: Path) -> None:
    opened(hub, digest_file=True).send(outgoing())
    assert lying(hub / "in") == ["MSG-1.xml", "MSG-1.xml.sha256"]
    check = ["sha256sum", "--check", "--strict", "MSG-1.xml.sha256"]
    assert subprocess.run(check, cwd=hub / "in", capture_output=True, check=False).returncode == 0


def test_a_file_is_never_seen_without_its_digest(
    hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[list[str]] = []
    link = os.link

    def watched(source: Any, target: Any) -> None:
        link(source, target)
        shown.append([name for name in lying(hub / "in") if not name.startswith(".")])

    monkeypatch.setattr(os, "link", watched)
    opened(hub, digest_file=True).send(outgoing())
    assert shown == [["MSG-1.xml.sha256"], ["MSG-1.xml", "MSG-1.xml.sha256"]]


@pytest.mark.parametrize("place", ["in", "taken", "refused"])
def test_what_was_handed_over_is_not_handed_over_again(hub: Path, place: str) -> None:
    channel = opened(hub, digest_file=True)
    channel.send(outgoing())
    for name in lying(hub / "in"):
        shutil.move(hub / "in" / name, hub / place / name)
    channel.send(outgoing())
    assert lying(hub / place) == ["MSG-1.xml", "MSG-1.xml.sha256"]
    assert lying(hub / "in") == (lying(hub / place) if place == "in" else [])


def test_other_bytes_under_our_message_id_are_refused(hub: Path) -> None:
    opened(hub).send(outgoing())
    for digest_file in (False, True):
        with pytest.raises(Refused):
            opened(hub, digest_file=digest_file).send(outgoing(content=b"<Other/>"))
    assert (hub / "in" / "MSG-1.xml").read_bytes() == b"<Document/>"


def test_a_message_id_that_is_no_file_name_is_invalid(hub: Path) -> None:
    for message_id in ("", "../out/x", "a/b", ".hidden"):
        with pytest.raises(Invalid):
            opened(hub).send(outgoing(message_id))
    assert lying(hub / "in") == []


def test_a_hub_without_its_folder_has_nothing(hub: Path) -> None:
    (hub / "in").rmdir()
    with pytest.raises(Unavailable):
        opened(hub).send(outgoing())
    with pytest.raises(NostroError):
        opened(hub).knows("MSG-1")


@pytest.mark.parametrize("place", ["in", "taken", "refused"])
def test_a_file_that_lies_there_is_known(hub: Path, place: str) -> None:
    (hub / place / "MSG-1.xml").write_bytes(b"<Document/>")
    assert opened(hub).knows("MSG-1") is True


@pytest.mark.parametrize(
    "name", ["MSG-1.xml.sha256", "MSG-1.sha256", "MSG-11.xml", "MSG-1.2.xml", "XMSG-1.xml"]
)
def test_nobody_can_say_of_a_file_that_is_not_there_that_it_never_was(hub: Path, name: str) -> None:
    (hub / "in" / name).write_bytes(b"x")
    assert opened(hub).knows("MSG-1") is None


def test_what_the_hub_reports_is_collected(hub: Path) -> None:
    channel = opened(hub, answers_folder=str(hub / "out"), archive_folder=str(hub / "archive"))
    (hub / "out" / "status.xml").write_bytes(b"<pain.002/>")
    ((incoming, cursor),) = channel.collect("")
    assert incoming.content == b"<pain.002/>"
    assert list(channel.collect(cursor)) == []
    assert lying(hub / "archive") == ["status.xml"]


def test_a_hub_promises_no_more_than_it_can(hub: Path) -> None:
    assert capabilities(opened(hub)) == ("SendsPayments", "AnswersEnquiries")
    told = opened(hub, answers_folder=str(hub / "out"))
    assert capabilities(told) == ("SendsPayments", "DeliversMessages", "AnswersEnquiries")
