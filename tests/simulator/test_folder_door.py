"""The simulated bank's folders."""

from __future__ import annotations

from pathlib import Path

from nostro.simulator.doors.folder import FolderDoor
from nostro.simulator.script import Script
from tests.simulator.files import pain_001_file
from tests.simulator.houses import House


def test_folders_take_files_once_and_give_messages_back(tmp_path: Path) -> None:
    house = House()
    door = FolderDoor(house.desk, tmp_path, acknowledges=True)
    for name in ("one.xml", ".hidden.xml", "two.xml.part"):
        (door.drop / name).write_bytes(pain_001_file("MSG-1"))
    door.look()
    door.look()
    assert sorted(path.name for path in door.drop.iterdir()) == [".hidden.xml", "two.xml.part"]
    assert [path.name for path in (tmp_path / "taken").iterdir()] == ["one.xml"]
    house.clock.passes(days=1)
    door.look()
    (door.pickup / "MSG-1.ack").unlink()
    found = sorted(door.pickup.iterdir())
    assert [path.read_bytes() for path in found] == [m.content for m in house.desk.messages(0)]
    for path in found:
        path.unlink()  # The customer took them; they do not come again.
    door.look()
    assert list(door.pickup.iterdir()) == []
    assert [row.executions for row in house.desk.payments()] == [1]


def test_a_folder_waits_for_the_done_file(tmp_path: Path) -> None:
    house = House()
    door = FolderDoor(house.desk, tmp_path, done_suffix=".done")
    (door.drop / "one.xml").write_bytes(pain_001_file("MSG-1"))
    door.look()
    assert house.desk.known("MSG-1") is None
    (door.drop / "one.xml.done").touch()
    door.look()
    assert house.desk.known("MSG-1") is not None
    assert list(door.drop.iterdir()) == []


def test_a_folder_loses_files_or_leaves_them_for_later(tmp_path: Path) -> None:
    script = Script(files={"MSG-1": "loses_request", "MSG-2": "throttling"})
    house = House(script=script)
    door = FolderDoor(house.desk, tmp_path)
    for number in (1, 2):
        (door.drop / f"{number}.xml").write_bytes(pain_001_file(f"MSG-{number}"))
    door.look()
    door.look()
    assert [path.name for path in door.drop.iterdir()] == ["2.xml"]
    assert house.desk.known("MSG-1") is None
    assert house.desk.bank.executions() == {}
