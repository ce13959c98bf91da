"""What the programs write of themselves: nothing that comes every minute and says nothing."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from nostro.ops.logging import configure


@pytest.fixture
def as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)


@pytest.mark.usefixtures("as_before")
def test_connections_are_not_told_one_by_one(capsys: pytest.CaptureFixture[str]) -> None:
    configure("worker")
    for name in ("asyncssh", "asyncssh.sftp"):
        logging.getLogger(name).info("[conn=1] Beginning auth for user nostro")
        logging.getLogger(name).warning("the host key is odd")
    logging.getLogger("ours").info("a payment left")
    told = capsys.readouterr().out
    assert "Beginning auth" not in told
    assert told.count("the host key is odd") == 2
    assert "a payment left" in told
