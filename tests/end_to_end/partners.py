"""The banks of these tests, each behind its real channel: two mock-banks and our own simulator.

mock-bank is an independent program: over HTTP, and over real OpenSSH with GnuPG on the bank's side.
The third is our bank simulator behind its REST door, a simulator and no proof of a real bank.
"""

from __future__ import annotations

import base64
import getpass
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import httpx
import msgspec
import pysequoia

from nostro.domain.money import Money
from nostro.simulator.books import OpenAccount
from nostro.simulator.desk import Desk
from nostro.simulator.doors.rest import RestDoor
from nostro.simulator.doors.tokens import Tokens
from nostro.simulator.journal import Began
from nostro.simulator.script import Script
from nostro.simulator.state import Level
from nostro.storage import models
from nostro.storage.tenancy import tenant
from tests import secret_canaries
from tests.connectors.sftp_servers import HOST_KEY, OUR_KEY, OpenSsh, private_text, public_text
from tests.connectors.test_openpgp import GnuPG
from tests.connectors.test_sftp_mock_bank import AT_ONCE, Gateway
from tests.counterparts import MockBank
from tests.workflows.company import Company

HTTP, SFTP = "mock-bank over HTTP", "mock-bank over OpenSSH, OpenPGP"
REST = "bank simulator over REST"
CHANNELS = (HTTP, SFTP, REST)
OPENING = Money(10_000_00, "EUR")
ACCOUNT = "DE-EUR"
OURS = "US"  # What mock-bank calls our account.
CLIENT = ("nostro", "made-up client secret")
CALLBACK_SECRET = "whsec_" + base64.b64encode(b"made up, 24 bytes long..").decode()


class Paid(msgspec.Struct, frozen=True):
    """One payment in the bank's own books."""

    minor: int
    times: int


class Counterpart(Protocol):
    """What a story needs of its bank."""

    def keeps_account_of(self, company: Company) -> None:
        """Open the company's account here, and the company's connection towards here."""

    def carry(self) -> None:
        """Let everything happen that happens between two of our looks."""

    def end_days(self, count: int) -> None:
        """Let calendar days pass, for the bank and for us."""


class Partner(Counterpart, Protocol):
    """A bank that a test arranges; what it did is in its own books."""

    def restart(self) -> None: ...

    def refuses_payee(self, iban: str) -> None:
        """Its account is closed: AC04."""

    def gives_back(self, end_to_end_id: str) -> None: ...

    def is_silent_about(self, message_id: str) -> None: ...

    def leaves_out(self, end_to_end_id: str) -> None:
        """The booking of this payment, the last of its day, is missing in the statement."""

    def gets(self, content: bytes) -> None:
        """The bank is given these bytes, and not by us."""

    def books(self) -> Mapping[str, Paid]:
        """What was really paid, by end-to-end id."""

    def balance(self) -> Money: ...


def connect(
    company: Company, connector: str, config: dict[str, Any], secrets: dict[str, str]
) -> None:
    """Make the company's connection a real one."""
    with tenant(company.tenant_id):
        models.Connection.objects.filter(id=company.bank_id).update(
            connector=connector, config=config
        )
    for name, value in secrets.items():
        secret_canaries.register(name, value)
        company.world.secrets.write(f"connection.{company.bank_id}.{name}", value)


class MockBankByHttp:
    """mock-bank, spoken to over HTTP."""

    def __init__(self, bank: MockBank) -> None:
        self.bank = bank

    def keeps_account_of(self, company: Company) -> None:
        self.company = company
        self.bank.close_seeded_accounts()
        iban = company.accounts[ACCOUNT]
        self.bank.add_account(OURS, name="Us", iban=iban, opening=OPENING)
        self._connect(company)

    def _connect(self, company: Company) -> None:
        config = {"base_url": self.bank.base_url, "user": self.bank.user, "account_ids": [OURS]}
        connect(company, "mock_bank", config, {"password": self.bank.password})

    def carry(self) -> None:
        """It answers while we send."""

    def end_days(self, count: int) -> None:
        self.company.clock.advance(days=count)
        self.bank.advance(count)

    def restart(self) -> None:
        self.bank.stop()
        self.bank.start()

    def refuses_payee(self, iban: str) -> None:
        self.bank.add_account("GONE", name="Gone", iban=iban, opening=Money(0, "EUR"), closed=True)

    def gives_back(self, end_to_end_id: str) -> None:
        told: dict[str, Any] = {"days": 2, "reason": "AC04", "end_to_end_id": end_to_end_id}
        self.bank.set_behaviour(OURS, "return-later", **told)

    def is_silent_about(self, message_id: str) -> None:
        self.bank.set_behaviour(OURS, "silent")

    def leaves_out(self, end_to_end_id: str) -> None:
        self.bank.set_behaviour(OURS, "statement-gap")

    def gets(self, content: bytes) -> None:
        hand_over(self.bank, content)

    def books(self) -> Mapping[str, Paid]:
        ledger = self.bank.ledger()
        times = Counter(line.end_to_end_id for line in ledger if line.booked)
        return {
            line.end_to_end_id: Paid(line.amount.minor, times[line.end_to_end_id])
            for line in ledger
            if line.end_to_end_id in times
        }

    def balance(self) -> Money:
        return self.bank.balance(OURS)


def hand_over(bank: MockBank, content: bytes) -> None:
    """Hand a file to mock-bank as anybody could; a duplicate is answered 422, and by a pain.002."""
    httpx.post(
        f"{bank.base_url}/payments",
        content=content,
        headers={"Content-Type": "application/xml"},
        auth=(bank.user, bank.password),
        trust_env=False,
    )


class Keys(msgspec.Struct, frozen=True):
    """GnuPG with both sides' keys: our private key as text, and what the bank knows of it."""

    gnupg: GnuPG
    banks_key: str
    our_key: str
    our_certificate: pysequoia.Cert


class MockBankBySftp(MockBankByHttp):
    """mock-bank behind OpenSSH, its files opened and sealed by GnuPG in between."""

    def __init__(self, bank: MockBank, server: OpenSsh, keys: Keys, inside: Path) -> None:
        super().__init__(bank)
        self.server = server
        self.keys = keys
        self.inside = inside
        self._gateway = Gateway(keys.gnupg, server, inside)

    def _connect(self, company: Company) -> None:
        home = self.server.home
        config = {
            "host": "127.0.0.1",
            "port": self.server.port,
            "user": getpass.getuser(),
            "host_keys": [public_text(HOST_KEY)],
            "drop_folder": str(home / "drop"),
            "taken_folders": [str(home / "taken")],
            "pickup_folder": str(home / "pickup"),
            "after_pickup": "delete",
            "encrypt_to": self.keys.banks_key,
            "profile": "mock_bank",
            "timeout_seconds": 20,
        }
        secrets = {"private_key": private_text(OUR_KEY), "openpgp_key": self.keys.our_key}
        connect(company, "sftp", config, secrets)

    def carry(self) -> None:
        self._gateway.pass_on(self.keys.our_certificate)
        self.bank.scan_drop_folder()
        self._gateway.pass_on(self.keys.our_certificate)

    def gets(self, content: bytes) -> None:
        self.carry()
        (self.inside / "bank_in" / "again.xml").write_bytes(content)
        assert self.bank.scan_drop_folder() == 1


class SimulatedBank:
    """Our bank simulator behind its REST door; its clock is the company's."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._port = 0

    def keeps_account_of(self, company: Company) -> None:
        self.company = company
        self.iban = company.accounts[ACCOUNT]
        self.open()
        config = {
            "base_url": self.door.url,
            "client_id": CLIENT[0],
            "repeatable_hours": 24,
            "unknown_means_never": True,
            "callbacks": True,
            "timeout_seconds": 10,
        }
        secrets = {"client_secret": CLIENT[1], "callback_secret": CALLBACK_SECRET}
        connect(company, "rest_bank", config, secrets)

    def open(self) -> None:
        began = Began(
            at=self.company.clock.now(),
            seed=4,
            personality="",
            script=Script(),
            accounts=(OpenAccount(self.iban, OPENING),),
            deduplicates=True,
            level=Level.TRANSACTION,
        )
        self.desk = Desk(began, self.company.clock.now, state=self._state)
        tokens = Tokens(*CLIENT)
        self.door = RestDoor(self.desk, host="127.0.0.1", port=self._port, tokens=tokens)
        self.door.start()
        self._port = int(self.door.url.rpartition(":")[2])

    def close(self) -> None:
        self.door.stop()
        self.desk.close()

    def carry(self) -> None:
        self.company.clock.advance(seconds=5)

    def end_days(self, count: int) -> None:
        """To just before the hour it was: what this bank gives back comes a day later or more."""
        self.company.clock.advance(days=count, hours=-1)

    def restart(self) -> None:
        self.close()
        self.open()

    def refuses_payee(self, iban: str) -> None:
        self.desk.follow(Script(payees={iban: "RJCT AC04"}))

    def gives_back(self, end_to_end_id: str) -> None:
        self.desk.follow(Script(payments={end_to_end_id: "late_return:whole"}))

    def is_silent_about(self, message_id: str) -> None:
        self.desk.follow(Script(files={message_id: "silent"}))

    def leaves_out(self, end_to_end_id: str) -> None:
        self.desk.follow(Script(payments={end_to_end_id: "statement_gap:line"}))

    def gets(self, content: bytes) -> None:
        """As through its folder: there a duplicate is answered by a pain.002."""
        self.desk.submit(content, written=True)

    def books(self) -> Mapping[str, Paid]:
        return {
            row.end_to_end_id: Paid(Money.parse(row.amount, row.currency).minor, row.executions)
            for row in self.desk.payments()
            if row.executions
        }

    def balance(self) -> Money:
        return dict(self.desk.balances())[self.iban]


@contextmanager
def by_http(home: Path) -> Iterator[MockBankByHttp]:
    with MockBank(home / "bank") as bank:
        yield MockBankByHttp(bank)


@contextmanager
def by_sftp(home: Path, keys: Keys) -> Iterator[MockBankBySftp]:
    drop, pickup = home / "bank_in", home / "bank_out"
    drop.mkdir()
    pickup.mkdir()
    with (
        OpenSsh(home / "gate").running() as server,
        MockBank(home / "bank", drop_folder=drop, pickup_folder=pickup, options=AT_ONCE) as bank,
    ):
        yield MockBankBySftp(bank, server, keys, home)


@contextmanager
def by_rest(home: Path) -> Iterator[SimulatedBank]:
    bank = SimulatedBank(home / "bank.journal")
    try:
        yield bank
    finally:
        bank.close()
