"""A simulated bank whose clock stands, and its REST door, for tests of doors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from nostro.simulator.desk import Desk
from nostro.simulator.doors.rest import RestDoor
from nostro.simulator.doors.tokens import Tokens, read_public_key
from nostro.simulator.journal import Began
from nostro.simulator.script import Script
from nostro.simulator.state import Level
from tests.simulator.files import MONDAY, Line, pain_001_file

LONG = 10.0


class StandingClock:
    """The real time, as a test wants it."""

    def __init__(self) -> None:
        self.at = MONDAY

    def __call__(self) -> datetime:
        return self.at

    def passes(self, **step: int) -> None:
        self.at += timedelta(**step)


class House:
    """A bank with its clock standing."""

    def __init__(self, personality: str = "", *, state: Path | None = None, **more: Any) -> None:
        self.clock = StandingClock()
        began: dict[str, Any] = {
            "script": Script(),
            "accounts": (),
            "deduplicates": False,
            "level": Level.TRANSACTION,
            **more,
        }
        self.desk = Desk(
            Began(at=MONDAY, seed=1, personality=personality, **began), self.clock, state=state
        )


@contextmanager
def rest(
    house: House, *, key: bytes = b"", client: tuple[str, str] = ("", "")
) -> Iterator[httpx.Client]:
    public = read_public_key(key) if key else None
    door = RestDoor(house.desk, host="127.0.0.1", port=0, tokens=Tokens(*client), key=public)
    door.start()
    try:
        with httpx.Client(base_url=door.url, timeout=LONG, trust_env=False) as made:
            yield made
    finally:
        door.stop()


def post(client: httpx.Client, message_id: str = "MSG-1", *lines: Line, **headers: str) -> Any:
    content = pain_001_file(message_id, lines or [Line("E2E-1")])
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post("/files", content=content, headers={"Idempotency-Key": message_id, **names})
