"""What the tests of our REST connector share: a file, its secrets, a connection to the emulator."""

from __future__ import annotations

import base64
from typing import Any

from nostro.connectors import open_connection
from nostro.domain.errors import (
    NostroError,
)
from nostro.ports import Outgoing
from tests import secret_canaries

FILE = b"<Document>\xc3\xa9</Document>"
CALLBACK_KEY = b"k" * 24
SECRETS = {
    "client_secret": "s3cr:t & more",
    "callback_secret": f"whsec_{base64.b64encode(CALLBACK_KEY).decode()}",
}
for name, secret in SECRETS.items():
    secret_canaries.register(name, secret)
SIGNED_IN = {"client_id": "us", "scope": "payments"}
PROMISING = {
    "repeatable_hours": 24,
    "nothing_done_statuses": [429, 503],
    "unknown_means_never": True,
    "silence_means_accepted_hours": 48,
    "callbacks": True,
}


def connected(url: str, **config: Any) -> Any:
    settings = {"base_url": url, "timeout_seconds": 10, **config}
    return open_connection("rest_bank", settings, SECRETS)


def outgoing(message_id: str = "MSG-1", content: bytes = FILE) -> Outgoing:
    return Outgoing(
        message_id=message_id,
        file_name=f"{message_id}.xml",
        media_type="application/xml",
        content=content,
    )


def outcome(opened: Any, one: Outgoing) -> str:
    try:
        opened.send(one)
    except NostroError as error:
        return type(error).__name__ if error.can_do else f"{error.code} says nothing to do"
    return "done"
