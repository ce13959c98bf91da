"""An ERP that works with folders: journals and payment status are written there, each once, under
their message id, and it can be looked up there whether they are."""

from __future__ import annotations

from pathlib import Path

import msgspec

from nostro.connectors import Connector
from nostro.connectors.write_once import not_usable, write_once
from nostro.ports import Outgoing, Receipt

STATUS_FORMAT = "payment_status_csv"


class ErpFolderConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`outbox_folder` is where the ERP picks journals up. `taken_folders`: where it moves what it
    has taken; a file found there is not written again, and only with them we can tell that the ERP
    never had one. `status_folder` is where it picks payment status up; "": it wants none.

    `posting` says what this ERP books by itself ("payment_run_only", "statements_too"; "" is the
    first), and `source` for which source of payments ("" for every one without its own).
    `charges_account` is its ledger account of bank charges; "": charges are not posted.
    """

    outbox_folder: str
    taken_folders: tuple[str, ...] = ()
    status_folder: str = ""
    posting: str = ""
    source: str = ""
    charges_account: str = ""


class ErpFolder:
    def __init__(self, config: ErpFolderConfig) -> None:
        self._config = config

    def post(self, outgoing: Outgoing) -> Receipt:
        """The name comes from the message id alone: the same posting can never lie there twice."""
        return self._write(self._config.outbox_folder, outgoing)

    def status_format(self) -> str:
        return STATUS_FORMAT if self._config.status_folder else ""

    def tell(self, outgoing: Outgoing) -> Receipt:
        return self._write(self._config.status_folder, outgoing)

    def knows(self, message_id: str) -> bool | None:
        """Looks where the file was put before it looks where it is moved to, so that one that is
        moved meanwhile is seen. Without `taken_folders` a file that is gone may have been read."""
        config = self._config
        put = [folder for folder in (config.outbox_folder, config.status_folder) if folder]
        for folder in (*put, *config.taken_folders):
            if _holds(Path(folder), message_id):
                return True
        return False if config.taken_folders else None

    def _write(self, folder: str, outgoing: Outgoing) -> Receipt:
        name = f"{outgoing.message_id}{Path(outgoing.file_name).suffix}"
        write_once(folder, name, outgoing.content, self._config.taken_folders)
        return Receipt(reference=name)


def _holds(folder: Path, message_id: str) -> bool:
    """Is there a file of this message in a folder? Raises Unavailable or Refused."""
    try:
        return any(path.stem == message_id for path in folder.iterdir())
    except OSError as error:
        raise not_usable(folder, error) from error


def _open(config: ErpFolderConfig, secrets: dict[str, str]) -> ErpFolder:
    return ErpFolder(config)


CONNECTOR = Connector(
    name="erp_folder",
    title="ERP by folder (journal and payment status files)",
    document="POSIX.1-2017 files: link, rename and fsync; the files' layout is the formats' matter",
    config=ErpFolderConfig,
    open=_open,
    example=ErpFolderConfig(outbox_folder="/var/lib/erp/journals"),
)
