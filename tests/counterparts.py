"""Real programs on loopback that play the other side, for tests."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nostro.connectors import open_connection
from nostro.ops.demo_bank import DemoBank

FRIDAY = datetime(2026, 11, 20, 8, tzinfo=UTC)


class MockBank(DemoBank):
    """mock-bank with its books under `home`: the demo's own bank, on a Friday morning."""

    def __init__(self, home: Path, *, start_at: datetime = FRIDAY, **more: Any) -> None:
        super().__init__(home, start_at=start_at, password="made-up", **more)

    def connection(self, **settings: Any) -> Any:
        """Our connector, opened towards this bank."""
        config = {"base_url": self.base_url, "user": self.user, **settings}
        return open_connection("mock_bank", config, {"password": self.password})
