"""The simulated bank's SFTP door, driven by a client that we did not write: asyncssh."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from nostro.simulator.doors.folder import FolderDoor
from nostro.simulator.doors.sftp import SftpDoor, SftpLogin
from tests.simulator.files import pain_001_file
from tests.simulator.houses import House

LONG = 10.0


class Sftp:
    """A bank with an SFTP door, and one call to it by asyncssh as a client."""

    def __init__(self, house: House, home: Path, **login: Any) -> None:
        self.folder = FolderDoor(house.desk, home / "bank")
        host_key = home / "host_key"
        told = {"password": "s3cret", "host_key": host_key, **login}
        self.door = SftpDoor(
            house.desk, self.folder, SftpLogin(user="nostro", **told), host="127.0.0.1", port=0
        )

    def __enter__(self) -> Sftp:
        self.door.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.door.stop()

    def run(
        self,
        work: Callable[[asyncssh.SFTPClient], Any],
        wait_seconds: float = LONG,
        **options: Any,
    ) -> Any:
        async def call() -> Any:
            known = f"[127.0.0.1]:{self.door.port} {self.door.public_key()}\n".encode()
            login = {"password": "s3cret", "client_keys": None, "agent_path": None, **options}
            async with (
                asyncssh.connect(
                    "127.0.0.1",
                    self.door.port,
                    username="nostro",
                    known_hosts=known,
                    config=None,
                    **login,
                ) as connection,
                connection.start_sftp_client() as sftp,
            ):
                try:
                    return await asyncio.wait_for(work(sftp), wait_seconds)
                except TimeoutError:
                    connection.abort()  # A clean good-bye would wait for ever, too.
                    raise

        return asyncio.run(call())


async def _put(sftp: asyncssh.SFTPClient, name: str, message_id: str) -> None:
    async with sftp.open(name, "wb") as file:
        await file.write(pain_001_file(message_id))


def test_sftp_takes_a_file_when_it_has_its_name_and_gives_messages(tmp_path: Path) -> None:
    house = House()

    async def deliver(sftp: asyncssh.SFTPClient) -> list[bool]:
        seen = []
        await _put(sftp, "/in/one.xml.part", "MSG-1")
        seen.append(house.desk.known("MSG-1") is not None)
        await sftp.posix_rename("/in/one.xml.part", "/in/one.xml")
        seen.append(house.desk.known("MSG-1") is not None)
        await _put(sftp, "/in/two.xml", "MSG-2")
        seen.append(house.desk.known("MSG-2") is not None)
        seen.append(await sftp.exists("/taken/one.xml"))
        seen.append(await sftp.exists("/in/one.xml"))
        return seen

    async def collect(sftp: asyncssh.SFTPClient) -> list[str]:
        return sorted(str(name) for name in await sftp.listdir("/out") if not name.startswith("."))

    with Sftp(house, tmp_path) as bank:
        assert bank.run(deliver) == [False, True, True, True, False]
        house.clock.passes(minutes=1)
        bank.folder.look()
        assert bank.run(collect) == [message.name for message in house.desk.messages(0)]
    assert [row.executions for row in house.desk.payments()] == [1, 1]


def test_sftp_does_not_show_half_a_file_to_the_bank(tmp_path: Path) -> None:
    house = House()

    async def half(sftp: asyncssh.SFTPClient) -> list[str]:
        async with sftp.open("/in/one.xml", "wb") as file:
            await file.write(b"<Document")
            bank.folder.look()
            told = [path.name for path in bank.folder.drop.iterdir()]
            await file.write(pain_001_file("MSG-1"), 0)
        return told

    with Sftp(house, tmp_path) as bank:
        assert bank.run(half) == ["one.xml"]
    assert house.desk.known("MSG-1") is not None


@pytest.mark.parametrize(
    ("does", "taken"), [("loses_request", False), ("loses_acknowledgement", True)]
)
def test_sftp_cuts_the_connection(tmp_path: Path, does: str, taken: bool) -> None:
    house = House(f"{does}=1000")
    lost = (asyncssh.ConnectionLost, asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection)
    with Sftp(house, tmp_path) as bank, pytest.raises(lost):
        bank.run(lambda sftp: _put(sftp, "/in/one.xml", "MSG-1"))
    assert (house.desk.known("MSG-1") is not None) == taken
    assert list(bank.folder.drop.iterdir()) == []


def test_sftp_half_open_never_answers(tmp_path: Path) -> None:
    house = House("half_open=1000")

    with Sftp(house, tmp_path) as bank, pytest.raises(TimeoutError):
        bank.run(lambda sftp: _put(sftp, "/in/one.xml", "MSG-1"), wait_seconds=0.5)
    assert house.desk.known("MSG-1") is None


def test_sftp_throttled_is_a_failure(tmp_path: Path) -> None:
    house = House("throttling=1000")
    with Sftp(house, tmp_path) as bank, pytest.raises(asyncssh.SFTPFailure, match="later"):
        bank.run(lambda sftp: _put(sftp, "/in/one.xml", "MSG-1"))
    assert house.desk.known("MSG-1") is None


def test_sftp_lets_in_by_key_or_password_and_nobody_else(tmp_path: Path) -> None:
    key, other = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    allowed = tmp_path / "authorized_keys"
    key.write_public_key(allowed)

    async def look(sftp: asyncssh.SFTPClient) -> list[str]:
        return sorted(str(name) for name in await sftp.listdir("/") if not name.startswith("."))

    with Sftp(House(), tmp_path, password="", authorized_keys=allowed) as bank:
        by_key: dict[str, Any] = {"password": None, "client_keys": [key]}
        assert bank.run(look, **by_key) == ["in", "out", "taken"]
        wrong: dict[str, Any]
        for wrong in ({"password": "s3cret"}, {"password": None, "client_keys": [other]}):
            with pytest.raises(asyncssh.PermissionDenied):
                bank.run(look, **wrong)
    with Sftp(House(), tmp_path) as bank, pytest.raises(asyncssh.PermissionDenied):
        bank.run(look, password="wrong")


def test_the_host_key_stays_the_same_over_restarts(tmp_path: Path) -> None:
    with Sftp(House(), tmp_path) as first:
        told = first.door.public_key()
    with Sftp(House(), tmp_path) as second:
        assert second.door.public_key() == told
