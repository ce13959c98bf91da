"""A folder where notices to payees are put as files, for a portal or another program that tells
them. Each file lies there once, under a name made of the notice's id alone."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path

import msgspec

from nostro.connectors import Connector
from nostro.connectors.write_once import not_usable, write_once
from nostro.domain.errors import Invalid
from nostro.ports import Outgoing, Receipt


class AdviceFolderConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`folder` is where the other program picks notices up. `taken_folders`: where it moves what it
    has taken; a file found there is not written again."""

    folder: str
    taken_folders: tuple[str, ...] = ()


class AdviceFolder:
    def __init__(self, config: AdviceFolderConfig) -> None:
        self._config = config

    @property
    def by_mail(self) -> bool:
        return False

    def sender(self) -> str:
        return ""

    def tell_payee(self, notice: Outgoing, recipient: str) -> Receipt:
        """Writes what is attached to the notice. A name that is taken by the same bytes is a
        notice that was told already, so repeating it tells nothing twice."""
        message = message_from_bytes(notice.content, policy=SMTP)
        files = [
            (f"{notice.message_id}{Path(part.get_filename() or '').suffix}", part)
            for part in message.iter_attachments()
        ]
        if not files:
            raise Invalid(
                "advice_without_file",
                "The notice has no file, and this connection writes files only.",
                "Nothing was written.",
                "Name a format in the rule: text, pdf or x12_820.",
            )
        for name, part in files:
            content = part.get_payload(decode=True)
            if isinstance(content, bytes):
                write_once(self._config.folder, name, content, self._config.taken_folders)
        return Receipt(reference=", ".join(name for name, _ in files))

    def greet(self) -> str:
        folder = Path(self._config.folder)
        try:
            return f"there are {len(list(folder.iterdir()))} files"
        except OSError as error:
            raise not_usable(folder, error) from error


def _open(config: AdviceFolderConfig, secrets: dict[str, str]) -> AdviceFolder:
    return AdviceFolder(config)


CONNECTOR = Connector(
    name="advice_folder",
    title="Notices to payees by folder",
    document="POSIX.1-2017 files: link, rename and fsync; X12 820 version 005010, text and PDF",
    config=AdviceFolderConfig,
    open=_open,
    example=AdviceFolderConfig(folder="/var/lib/portal/advice"),
)
