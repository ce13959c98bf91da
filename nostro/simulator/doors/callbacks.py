"""The calls that the simulated bank makes: each message to the customer's address, signed.

Standard Webhooks (webhook-id, webhook-timestamp, webhook-signature); at least once, in order.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import httpx
from standardwebhooks import Webhook

from nostro.simulator.desk import Desk
from nostro.simulator.state import Message

DOOR = "callback"
LOOKS_EVERY_SECONDS = 0.2
WAITS_SECONDS_MAX = 60.0
TIMEOUT_SECONDS = 10.0


class Callbacks:
    """Calls `url` with every new message until the customer says 2xx. `secret`: "whsec_..."."""

    def __init__(self, desk: Desk, url: str, secret: str) -> None:
        self._desk = desk
        self._url = url
        self._signer = Webhook(secret)
        self._client = httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="callbacks", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()
        self._client.close()

    def _watch(self) -> None:
        pause = LOOKS_EVERY_SECONDS
        while not self._stop.wait(pause):
            pause = LOOKS_EVERY_SECONDS if self.call() else min(pause * 2, WAITS_SECONDS_MAX)

    def call(self) -> bool:
        """Tell all that is new; False when the customer did not take it all."""
        given = self._desk.delivered(DOOR)
        for message in self._desk.messages(given):
            if not self._tell(message):
                return False
            given += 1
            self._desk.note_delivered(DOOR, given)
        return True

    def _tell(self, message: Message) -> bool:
        now = datetime.now(UTC)  # The signature must hold in the customer's real time.
        number = f"msg_{message.id}"
        headers = {
            "content-type": message.media_type,
            "webhook-id": number,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._signer.sign(number, now, message.content.decode()),
        }
        try:
            answer = self._client.post(self._url, content=message.content, headers=headers)
        except httpx.HTTPError as error:
            self._desk.tell(f"the call about {message.name} failed: {type(error).__name__}")
            return False
        if not answer.is_success:
            self._desk.tell(f"the call about {message.name} was answered {answer.status_code}")
        return answer.is_success
