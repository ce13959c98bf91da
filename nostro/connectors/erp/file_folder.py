"""An ERP that takes journals as files from a folder: each is written once, under its message id."""

from __future__ import annotations

from pathlib import Path

import msgspec

from nostro.connectors import Connector
from nostro.connectors.write_once import write_once
from nostro.ports import Outgoing, Receipt


class ErpFolderConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`outbox_folder` is where the ERP picks journals up. `taken_folders`: where it moves what it
    has taken; a journal found there is not written again.

    `posting` says what this ERP books by itself ("payment_run_only", "statements_too"; "" is the
    first), and `source` for which source of payments ("" for every one without its own).
    """

    outbox_folder: str
    taken_folders: tuple[str, ...] = ()
    posting: str = ""
    source: str = ""


class ErpFolder:
    def __init__(self, config: ErpFolderConfig) -> None:
        self._config = config

    def post(self, outgoing: Outgoing) -> Receipt:
        """The name comes from the message id alone: the same posting can never lie there twice."""
        name = f"{outgoing.message_id}{Path(outgoing.file_name).suffix}"
        write_once(self._config.outbox_folder, name, outgoing.content, self._config.taken_folders)
        return Receipt(reference=name)


def _open(config: ErpFolderConfig, secrets: dict[str, str]) -> ErpFolder:
    return ErpFolder(config)


CONNECTOR = Connector(
    name="erp_folder",
    title="ERP by folder (journal files)",
    document="POSIX.1-2017 files: link, rename and fsync; the file's layout is the format's matter",
    config=ErpFolderConfig,
    open=_open,
    example=ErpFolderConfig(outbox_folder="/var/lib/erp/journals"),
)
