"""What the tests of our SFTP connector share: a file, and words for what became of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nostro.domain.errors import (
    NostroError,
)
from nostro.ports import Outgoing
from tests.connectors.sftp_servers import (
    EmulatedBank,
    Habits,
)

FILE = Outgoing(
    message_id="ACME-261120-0a1b2c3d4e5f",
    file_name="ACME-261120-0a1b2c3d4e5f.xml",
    media_type="application/xml",
    content=b"<Document>" + bytes(range(256)) * 200 + b"</Document>",
)
NAME = FILE.file_name
WAYS = ("direct", "temporary_name", "done_file")
Starts = Callable[..., EmulatedBank]


def handed_over(upload: str) -> dict[str, bytes]:
    """What the drop folder of a bank that takes nothing holds after one delivery."""
    done = {f"{NAME}.done": b""} if upload == "done_file" else {}
    return {NAME: FILE.content, **done}


def kind_of(channel: Any, outgoing: Outgoing = FILE) -> str:
    try:
        channel.send(outgoing)
    except NostroError as failure:
        return type(failure).__name__
    return "delivered"


def habit_of(how: str, requests: set[str]) -> Habits:
    habits = Habits()
    setattr(habits, how, requests)
    return habits
