"""A bank reached by two folders on this machine: we drop payment files, we pick its messages up.

The usual host-to-host link, with somebody else's program carrying the folders to the bank.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from nostro.connectors import Connector
from nostro.connectors.pick_up import pick_up
from nostro.connectors.write_once import write_once
from nostro.domain.payment import Rail
from nostro.domain.rail import OF_BANKS
from nostro.ports import Incoming, Outgoing, Receipt


class HostFolderConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`drop_folder` is where we put files, `pickup_folder` where the bank puts its own.

    `taken_folders`: where the bank's program moves files that it has taken; a file found there
    counts as delivered. `archive_folder`: where picked-up files go once they are safely kept (on
    the same file system as `pickup_folder`); empty leaves them. `profile`: the bank's dialect.

    `formats`: the formats of
    rails that this bank takes otherwise ({"ach_ccd": "nacha"}), `format_options`: what only this
    customer's files say of a format, by its name ({"nacha": {"company_ids": {"*": "1234567890"}}}).
    """

    drop_folder: str
    pickup_folder: str
    archive_folder: str = ""
    taken_folders: tuple[str, ...] = ()
    payment_format: str = "pain_001"
    formats: dict[Rail, str] = {}
    format_options: dict[str, dict[str, Any]] = {}
    profile: str = ""

    @property
    def rails(self) -> frozenset[Rail]:
        return OF_BANKS


class HostFolder:
    def __init__(self, config: HostFolderConfig) -> None:
        self._config = config

    def rails(self) -> frozenset[Rail]:
        return self._config.rails

    def payment_format(self, rail: Rail) -> str:
        return self._config.formats.get(rail, self._config.payment_format)

    def send(self, outgoing: Outgoing) -> Receipt:
        """Delivered means: in the bank's folder, whole. The bank's word comes as a message."""
        config = self._config
        write_once(config.drop_folder, outgoing.file_name, outgoing.content, config.taken_folders)
        return Receipt(reference="")

    def tell_checks(self, outgoing: Outgoing) -> Receipt:
        return self.send(outgoing)

    def collect(self, cursor: str) -> Iterator[tuple[Incoming, str]]:
        return pick_up(self._config.pickup_folder, self._config.archive_folder, cursor)


def _open(config: HostFolderConfig, secrets: dict[str, str]) -> HostFolder:
    return HostFolder(config)


CONNECTOR = Connector(
    name="host_folder",
    title="Bank by folders (host to host)",
    document="POSIX.1-2017 files: link, rename and fsync; tried with mock-bank 0.9.0's folders",
    config=HostFolderConfig,
    open=_open,
    example=HostFolderConfig(
        drop_folder="/var/lib/bank/out", pickup_folder="/var/lib/bank/in", profile="mock_bank"
    ),
)
