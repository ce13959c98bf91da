"""Payments to mock-bank over real OpenSSH, in the clear and sealed: paid once, answered, stated.

mock-bank reads and writes its own folders; sshd stands before them. For sealed files GnuPG, with
keys of the bank's, opens what came and seals what goes, as a bank's gateway does.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pysequoia
import pytest

from nostro import formats
from nostro.domain.money import Money
from nostro.ports import Incoming
from tests.connectors.sftp_servers import OpenSsh
from tests.connectors.test_mock_bank import CLOSED, PAYEE, outgoing, pain_001, prepare
from tests.connectors.test_openpgp import GnuPG, gnupg, our_key_made_as_the_page_says, to
from tests.counterparts import MockBank

__all__ = ["gnupg"]
AT_ONCE = ("--drop-settle-ms", "0", "--drop-interval-ms", "3600000")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[OpenSsh]:
    with OpenSsh(tmp_path / "gate").running() as running:
        yield running


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[MockBank]:
    drop, pickup = tmp_path / "bank_in", tmp_path / "bank_out"
    drop.mkdir()
    pickup.mkdir()
    home = tmp_path / "bank"
    with MockBank(home, drop_folder=drop, pickup_folder=pickup, options=AT_ONCE) as running:
        prepare(running)
        yield running


def by_format(messages: list[Incoming]) -> dict[str, bytes]:
    """What came, by the format that our readers know it for."""
    return {formats.identify(one.content).name: one.content for one in messages}


def paid_once_and_told(bank: MockBank, messages: list[Incoming]) -> None:
    """By the bank's own books: one payment made, one refused; and its messages say the same."""
    told = {line.end_to_end_id: (line.status, line.booked) for line in bank.ledger()}
    assert told == {"M1-1": ("accepted", True), "M1-2": ("rejected", False)}
    assert bank.balance("US") == Money(100_000 - 1_050, "EUR")
    came = by_format(messages)
    assert set(came) == {"pain_002", "camt_053", "camt_054"}
    assert b"AC04" in came["pain_002"]
    assert b"M1-1" in came["camt_053"]
    assert b"M1-2" not in came["camt_053"]


def test_in_the_clear(server: OpenSsh, bank: MockBank, tmp_path: Path) -> None:
    channel = server.connection(
        drop_folder=str(tmp_path / "bank_in"),
        taken_folders=[str(tmp_path / "bank_in" / "processed")],
        pickup_folder=str(tmp_path / "bank_out"),
    )
    file = outgoing("M1", pain_001("M1", PAYEE, CLOSED))
    channel.send(file)
    assert channel.knows("M1") is True
    assert bank.scan_drop_folder() == 1
    assert channel.knows("M1") is True, "where the bank moved it"
    channel.send(file)
    assert bank.scan_drop_folder() == 0, "what was taken is not handed over again"
    bank.advance(1)
    first = list(channel.collect(""))
    paid_once_and_told(bank, [incoming for incoming, _ in first])
    assert list(channel.collect(first[-1][1])) == []


class Gateway:
    """The bank's own program between the server's folders and the bank's: gpg, both ways."""

    def __init__(self, gnupg: GnuPG, server: OpenSsh, inside: Path) -> None:
        self.gnupg = gnupg
        self.server = server
        self.inside = inside

    def pass_on(self, ours: pysequoia.Cert) -> None:
        for path in (self.server.home / "drop").glob("*.xml.pgp"):
            told = self.gnupg.home / "told"
            clear = self.gnupg.run("--status-file", str(told), "-d", str(path))
            signed = [one for one in told.read_bytes().splitlines() if b" VALIDSIG " in one]
            assert [one.endswith(ours.fingerprint.upper().encode()) for one in signed] == [True]
            (self.inside / "bank_in" / path.stem).write_bytes(clear)
            path.rename(self.server.home / "taken" / path.name)
        for path in (self.inside / "bank_out").iterdir():
            sealed = self.gnupg.run(
                "-u", "bank", "--sign", "--encrypt", *to(ours), given=path.read_bytes()
            )
            (self.server.home / "pickup" / f"{path.name}.pgp").write_bytes(sealed)
            path.unlink()


def test_sealed(server: OpenSsh, bank: MockBank, gnupg: GnuPG, tmp_path: Path) -> None:
    banks_key = gnupg.make_key("bank", "future-default")
    ours, own = our_key_made_as_the_page_says(gnupg)
    gateway = Gateway(gnupg, server, tmp_path)
    channel = server.connection(
        {"openpgp_key": ours},
        encrypt_to=banks_key,
        taken_folders=[str(server.home / "taken")],
        after_pickup="delete",
    )
    sealed = channel.seal(outgoing("M1", pain_001("M1", PAYEE, CLOSED)))
    assert PAYEE.encode() not in sealed.content
    for _ in range(2):
        channel.send(sealed)
        gateway.pass_on(own.extract_certificate())
        bank.scan_drop_folder()
    assert channel.knows("M1") is True
    bank.advance(1)
    gateway.pass_on(own.extract_certificate())
    first = list(channel.collect(""))
    clear = [
        msgspec.structs.replace(incoming, content=channel.unseal(incoming.content))
        for incoming, _ in first
    ]
    paid_once_and_told(bank, clear)
    assert list(channel.collect(first[-1][1])) == []
    assert list((server.home / "pickup").iterdir()) == [], "removed once it was kept"
