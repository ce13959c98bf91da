"""Whether an external server could be recovered to a point in time is told by itself."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from nostro.cli import point_in_time
from nostro.storage import archiving
from nostro.storage.archiving import Archiving
from tests import seed

WELL = Archiving(
    wal_level="replica",
    archive_mode="on",
    by="pgbackrest --stanza=nostro archive-push %p",
    archived_at=seed.NOW,
    failed_at=seed.NOW - timedelta(hours=1),
)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, ""),
        ({"wal_level": "minimal"}, "wal_level is minimal"),
        ({"archive_mode": "off", "by": ""}, "archive_mode is off"),
        ({"by": ""}, "Nothing archives"),
        ({"archived_at": None}, "Nothing was archived yet"),
        ({"failed_at": seed.NOW + timedelta(minutes=1)}, "Archiving fails since"),
    ],
)
def test_what_is_missing_is_said(change: dict[str, object], said: str) -> None:
    missing = " ".join(archiving.what_is_missing(msgspec.structs.replace(WELL, **change)))
    assert missing.startswith(said)
    assert bool(missing) is bool(said)


def test_a_server_that_does_not_archive_says_so(
    database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert archiving.state().archive_mode == "off"
    assert not archiving.is_recovering()
    assert not point_in_time.archiving()
    assert "archive_mode is off" in capsys.readouterr().out
