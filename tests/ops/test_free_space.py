"""Below the watermark nothing new is taken in, long before the database has no room to live."""

from __future__ import annotations

import itertools
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from nostro.domain.errors import Unavailable
from nostro.ops.free_space import FRESH_SECONDS, FreeSpace, Watermark, of_allotment, of_volume
from nostro.storage.server import Server
from tests.needs import absent

MEGABYTES = 400


@pytest.mark.parametrize(
    ("free", "whole", "low"), [(10, 100, False), (99, 1000, True), (0, 0, True), (-5, 100, True)]
)
def test_the_watermark_is_a_share_of_the_volume(free: int, whole: int, *, low: bool) -> None:
    watermark = Watermark(lambda: FreeSpace(free_bytes=free, whole_bytes=whole), 10)
    assert watermark.is_low() is low
    if low:
        with pytest.raises(Unavailable) as caught:
            watermark.check()
        assert caught.value.code == "database_nearly_full"
        assert caught.value.retry_after_seconds
    else:
        watermark.check()


def test_it_is_measured_again_only_after_a_while() -> None:
    seen: list[int] = []
    now = [0]

    def measure() -> FreeSpace:
        seen.append(now[0])
        return FreeSpace(free_bytes=50, whole_bytes=100)

    watermark = Watermark(measure, elapsed=lambda: now[0])
    for second in (0, 1, FRESH_SECONDS, FRESH_SECONDS + 1):
        now[0] = second * 1_000_000_000
        assert watermark.left() is not None
    assert [at // 1_000_000_000 for at in seen] == [0, FRESH_SECONDS]


def test_where_nobody_can_tell_nothing_is_stopped(tmp_path: Path) -> None:
    watermark = Watermark(of_volume(lambda: tmp_path / "gone"))
    watermark.check()
    assert watermark.left() is None


def test_what_a_server_allots_is_measured_by_the_databases_size() -> None:
    used = [80]
    later = itertools.count(0, 10**10).__next__
    watermark = Watermark(of_allotment(100, lambda: used[0]), elapsed=later)
    watermark.check()
    used[0] = 91
    with pytest.raises(Unavailable):
        watermark.check()


@pytest.fixture
def small_volume() -> Iterator[Path]:
    """A volume of its own, in memory; only root can make one."""
    if os.geteuid() != 0:
        absent("root, to mount a small volume")
    folder = Path(tempfile.mkdtemp(prefix="nostro-volume-"))
    options = f"size={MEGABYTES}m,mode=755"
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True, check=False
    )
    if made.returncode != 0:
        folder.rmdir()
        absent("the right to mount a small volume")
    yield folder
    subprocess.run(["umount", folder], check=True)
    folder.rmdir()


def take_in(ballast: Path, watermark: Watermark) -> None:
    """As intake does: look, then store; until it is refused."""
    with ballast.open("wb") as file:
        for _ in range(MEGABYTES):
            watermark.check()
            file.write(bytes(1_000_000))
            file.flush()


def test_on_a_volume_that_fills_intake_stops_and_the_database_lives(small_volume: Path) -> None:
    server = Server(small_volume / "home")
    server.ensure()
    try:
        later = itertools.count(0, 10**10).__next__
        watermark = Watermark(of_volume(lambda: server.folder), elapsed=later)
        watermark.check()
        ballast = small_volume / "ballast"
        with pytest.raises(Unavailable) as caught:
            take_in(ballast, watermark)
        assert caught.value.code == "database_nearly_full"
        with psycopg.connect(server.admin_url(), autocommit=True) as admin:
            admin.execute("CREATE TABLE kept AS SELECT generate_series(1, 10000) AS number")
            assert admin.execute("SELECT count(*) FROM kept").fetchone() == (10000,)
        ballast.unlink()
        watermark.check()
    finally:
        server.stop()
