"""A treasury hub that pays for us: approved payments are handed over to it by folder.

The hub, not we, speaks to the bank. That it has a file is all we can know by ourselves; what became
of the payments is what the hub or the bank reports. Recalls are made in the hub.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from nostro.connectors import Connector
from nostro.connectors.pick_up import pick_up
from nostro.connectors.write_once import not_usable, write_once
from nostro.domain.payment import Rail
from nostro.ports import Incoming, Outgoing, Receipt

_DIGEST = ".sha256"


class HubFolderConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`handover_folder` is where the hub takes our files from.

    `taken_folders`: where it moves what it has taken or refused, under the same name. With
    `digest_file` a file NAME.sha256 is there first, so that the hub can check what it takes.
    `answers_folder`: where it puts status reports and statements; empty: it reports nothing.
    `archive_folder`: where answers go once they are kept (same file system); empty leaves them.
    `profile`: the hub's dialect.

    `formats`: the formats of
    rails that this bank takes otherwise ({"ach_ccd": "nacha"}), `format_options`: what only this
    customer's files say of a format, by its name ({"nacha": {"company_ids": {"*": "1234567890"}}}).
    """

    handover_folder: str
    taken_folders: tuple[str, ...] = ()
    digest_file: bool = False
    answers_folder: str = ""
    archive_folder: str = ""
    payment_format: str = "pain_001"
    formats: dict[Rail, str] = {}
    format_options: dict[str, dict[str, Any]] = {}
    profile: str = ""

    @property
    def rails(self) -> frozenset[Rail]:
        return frozenset(Rail) - {Rail.PSP_PAYOUT}


class HubFolder:
    def __init__(self, config: HubFolderConfig) -> None:
        self._config = config

    def rails(self) -> frozenset[Rail]:
        return self._config.rails

    def payment_format(self, rail: Rail) -> str:
        return self._config.formats.get(rail, self._config.payment_format)

    def send(self, outgoing: Outgoing) -> Receipt:
        """Delivered means: in the hub's folder, whole, under a name made of the message id alone,
        so the same payments can never lie there twice. The digest goes first: a file without
        its digest is never seen, and a digest without its file says nothing."""
        config = self._config
        name = f"{outgoing.message_id}{Path(outgoing.file_name).suffix or '.dat'}"
        if config.digest_file:
            digest = f"{hashlib.sha256(outgoing.content).hexdigest()}  {name}\n".encode()
            write_once(config.handover_folder, name + _DIGEST, digest, config.taken_folders)
        write_once(config.handover_folder, name, outgoing.content, config.taken_folders)
        return Receipt(reference=name)

    def knows(self, message_id: str) -> bool | None:
        """True when the file lies where we put it or where the hub puts what it took. Never False:
        a hub that clears its folders has had files that nobody finds there."""
        for folder in (self._config.handover_folder, *self._config.taken_folders):
            try:
                names = [path for path in Path(folder).iterdir() if path.suffix != _DIGEST]
            except OSError as error:
                raise not_usable(Path(folder), error) from error
            if any(path.stem == message_id for path in names):
                return True
        return None


class HubFolderThatReports(HubFolder):
    """A hub that passes on what the banks say."""

    def collect(self, cursor: str) -> Iterator[tuple[Incoming, str]]:
        return pick_up(self._config.answers_folder, self._config.archive_folder, cursor)


def _open(config: HubFolderConfig, secrets: dict[str, str]) -> HubFolder:
    return HubFolderThatReports(config) if config.answers_folder else HubFolder(config)


CONNECTOR = Connector(
    name="hub_folder",
    title="Treasury hub by folders (it pays for us)",
    document="POSIX.1-2017 files: link, rename and fsync; digests as sha256sum of coreutils 9",
    config=HubFolderConfig,
    open=_open,
    example=HubFolderConfig(
        handover_folder="/var/lib/hub/in",
        taken_folders=("/var/lib/hub/taken", "/var/lib/hub/refused"),
        digest_file=True,
        answers_folder="/var/lib/hub/out",
    ),
)
