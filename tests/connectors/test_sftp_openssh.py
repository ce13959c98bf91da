"""The same connector against real OpenSSH."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import asyncssh
import pytest

from nostro.domain.errors import ConnectionUnfit, InDoubt, NostroError, Refused, Unavailable
from nostro.ports import Outgoing
from tests.connectors.sftp_servers import HOST_KEY, OUR_KEY, OpenSsh, private_text, public_text
from tests.connectors.test_openpgp import BANK, BANKS, US, public

FILE = Outgoing(
    message_id="ACME-261120-0a1b2c3d4e5f",
    file_name="ACME-261120-0a1b2c3d4e5f.xml",
    media_type="application/xml",
    content=b"<Document>" + bytes(range(256)) * 2000 + b"</Document>",
)
NAME = FILE.file_name


@pytest.fixture
def server(tmp_path: Path) -> Iterator[OpenSsh]:
    with OpenSsh(tmp_path / "bank").running() as running:
        yield running


def lies(server: OpenSsh, folder: str = "drop") -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((server.home / folder).iterdir())}


@pytest.mark.parametrize("verify", ["stat", "none"])
@pytest.mark.parametrize("upload", ["direct", "temporary_name", "done_file"])
def test_a_file_arrives_once(server: OpenSsh, upload: str, verify: str) -> None:
    channel = server.connection(upload=upload, verify=verify)
    channel.send(FILE)
    first = lies(server)
    assert first.pop(NAME) == FILE.content
    assert first == ({f"{NAME}.done": b""} if upload == "done_file" else {})
    written = (server.home / "drop" / NAME).stat().st_mtime_ns
    channel.send(FILE)
    assert (server.home / "drop" / NAME).stat().st_mtime_ns == written
    assert channel.knows(FILE.message_id) is (None if upload == "direct" else True)


@pytest.mark.parametrize("upload", ["direct", "temporary_name", "done_file"])
def test_other_content_is_never_overwritten(server: OpenSsh, upload: str) -> None:
    (server.home / "drop" / NAME).write_bytes(b"somebody else's")
    with pytest.raises(Refused):
        server.connection(upload=upload).send(FILE)
    assert lies(server) == {NAME: b"somebody else's"}


def test_the_plain_rename_does_not_replace_a_name_that_appears_meanwhile(server: OpenSsh) -> None:
    """What our care for the name hangs on, asked of OpenSSH itself."""

    async def rename() -> None:
        async with (
            asyncssh.connect(
                "127.0.0.1",
                server.port,
                known_hosts=None,
                client_keys=[OUR_KEY],
                config=None,
            ) as connection,
            connection.start_sftp_client() as sftp,
        ):
            await sftp.rename(str(server.home / "drop" / "a"), str(server.home / "drop" / "b"))

    (server.home / "drop" / "a").write_bytes(b"new")
    (server.home / "drop" / "b").write_bytes(b"old")
    with pytest.raises(asyncssh.SFTPError):
        asyncio.run(rename())
    assert lies(server) == {"a": b"new", "b": b"old"}


def test_a_folder_that_is_not_there(server: OpenSsh) -> None:
    with pytest.raises(Unavailable):
        server.connection(drop_folder=str(server.home / "nowhere")).send(FILE)


def test_another_host_key_is_refused(server: OpenSsh) -> None:
    other = public_text(asyncssh.generate_private_key("ssh-ed25519"))
    with pytest.raises(ConnectionUnfit) as caught:
        server.connection(host_keys=[other]).send(FILE)
    assert HOST_KEY.get_fingerprint() in caught.value.happened
    assert lies(server) == {}
    server.connection(host_keys=[other, public_text(HOST_KEY)]).send(FILE)


def test_another_key_of_ours_is_not_let_in(server: OpenSsh) -> None:
    stranger = private_text(asyncssh.generate_private_key("ssh-ed25519"))
    with pytest.raises(ConnectionUnfit) as caught:
        server.connection({"private_key": stranger}).send(FILE)
    assert caught.value.code == "sftp_login_refused"
    assert lies(server) == {}


@pytest.mark.parametrize("upload", ["direct", "temporary_name", "done_file"])
def test_a_server_to_which_nothing_may_be_written(tmp_path: Path, upload: str) -> None:
    with OpenSsh(tmp_path / "bank", "-R").running() as bank:
        with pytest.raises(ConnectionUnfit):
            bank.connection(upload=upload).send(FILE)
        assert lies(bank) == {}
        (bank.home / "pickup" / "a.xml").write_text("a")
        ((_, cursor),) = bank.connection().collect("")
        assert list(bank.connection().collect(cursor)) == []


def test_a_server_that_denies_every_rename(tmp_path: Path) -> None:
    with OpenSsh(tmp_path / "bank", "-P rename,posix-rename").running() as bank:
        with pytest.raises(ConnectionUnfit) as caught:
            bank.connection(upload="temporary_name").send(FILE)
        assert caught.value.code == "sftp_rename_refused"
        assert lies(bank) == {}
        bank.connection(upload="done_file").send(FILE)
        assert sorted(lies(bank)) == [NAME, f"{NAME}.done"]


@pytest.mark.parametrize("first", ["rename", "posix-rename"])
def test_a_server_that_denies_one_of_the_two_renames(tmp_path: Path, first: str) -> None:
    with OpenSsh(tmp_path / "bank", f"-P {first}").running() as bank:
        bank.connection(upload="temporary_name").send(FILE)
        assert lies(bank) == {NAME: FILE.content}


@pytest.mark.parametrize("upload", ["direct", "temporary_name", "done_file"])
def test_a_folder_into_which_one_may_only_write(tmp_path: Path, upload: str) -> None:
    blind = "-P opendir,readdir,stat,lstat,fstat,read,remove"
    with OpenSsh(tmp_path / "bank", blind).running() as bank:
        channel = bank.connection(upload=upload, verify="none")
        channel.send(FILE)
        before = lies(bank)
        assert before[NAME] == FILE.content
        assert channel.knows(FILE.message_id) is None
        with pytest.raises(InDoubt):
            channel.send(FILE)
        assert lies(bank)[NAME] == before[NAME]


def test_a_server_that_is_killed_in_between_leaves_nothing_unexplained(tmp_path: Path) -> None:
    """Not there at all, there, and gone again: three calls, three honest answers."""
    bank = OpenSsh(tmp_path / "bank")
    with pytest.raises(Unavailable):
        bank.connection().send(FILE)
    with bank.running():
        bank.connection().send(FILE)
    with pytest.raises(NostroError) as caught:
        bank.connection().knows(FILE.message_id)
    assert isinstance(caught.value, Unavailable)
    assert lies(bank) == {NAME: FILE.content}


def test_messages_are_picked_up_and_archived(server: OpenSsh) -> None:
    channel = server.connection(after_pickup="archive", archive_folder=str(server.home / "archive"))
    for name in ("b.xml", "a.xml"):
        (server.home / "pickup" / name).write_text(name)
    first = list(channel.collect(""))
    assert [incoming.content for incoming, _ in first] == [b"a.xml", b"b.xml"]
    assert list(channel.collect("")) == first
    assert list(channel.collect(first[-1][1])) == []
    assert sorted(lies(server, "archive")) == ["a.xml", "b.xml"]
    assert lies(server, "pickup") == {}


def test_sealed_there_and_sealed_back(server: OpenSsh) -> None:
    """The bank opens our file and knows our signature; we open its answer and know its own."""
    channel = server.connection({"openpgp_key": str(US)}, encrypt_to=public(BANK))
    sealed = channel.seal(FILE)
    channel.send(sealed)
    channel.send(sealed)
    ((name, content),) = lies(server).items()
    assert name == f"{NAME}.pgp"
    assert BANKS.unseal(content) == FILE.content
    assert channel.knows(FILE.message_id) is True
    (server.home / "pickup" / "answer.xml.pgp").write_bytes(BANKS.seal(b"answer", armored=True))
    ((incoming, _),) = channel.collect("")
    assert channel.unseal(incoming.content) == b"answer"
    forged = sealed.content[:-1] + bytes([sealed.content[-1] ^ 1])
    with pytest.raises(Refused):
        channel.unseal(forged)


def test_an_acknowledgement_is_what_counts(server: OpenSsh) -> None:
    channel = server.connection(verify="acknowledgement_file")
    with pytest.raises(InDoubt):
        channel.send(FILE)
    assert channel.knows(FILE.message_id) is None
    (server.home / "drop" / f"{NAME}.ack").touch()
    assert channel.knows(FILE.message_id) is True
