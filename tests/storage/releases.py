"""Records the schema and a seed of a release: `python -m tests.storage.releases v0.1.0`.

Run it on the commit that is tagged and commit the file it writes, tests/storage/releases/<tag>.
test_migrations.py loads the newest one and migrates it to head, so that an upgrade is tested on
rows that a release really wrote. A recorded file is never changed.
"""

from __future__ import annotations

import gzip
import re
import sys
from pathlib import Path

from tests.database import _HOME, Cluster, point_at  # isort: skip  # Readies Django: first.

from django.db import connections

from nostro.ops import sealing
from nostro.storage.server import Server
from tests import seed
from tests.storage import dumping

FOLDER = Path(__file__).with_name("releases")
ENDING = ".sql.gz"
# Said by newer programs and not understood by older servers.
_ONLY_NEWER = re.compile(r"^(\\(un)?restrict .*|SET transaction_timeout = 0;)\n", re.MULTILINE)


def recorded() -> list[Path]:
    """The recorded releases, oldest first."""
    found = FOLDER.glob(f"v*{ENDING}")
    return sorted(found, key=lambda path: [int(part) for part in re.findall(r"\d+", path.name)])


def text_of(recording: Path) -> str:
    return gzip.decompress(recording.read_bytes()).decode()


def seeded_dump(cluster: Cluster) -> str:
    """Two customers with sealed events, as SQL; leaves Django pointing at a dropped database."""
    name = cluster.copy()
    try:
        point_at(cluster.url(name))
        seed.customer("FIRST")
        seed.customer("SECOND", iban=seed.IBANS[2])
        sealing.seal_all(seed.NOW)
        told = dumping.dump(cluster, name, "--enable-row-security")
    finally:
        cluster.drop(name)
    if told.returncode != 0:
        raise RuntimeError(told.stderr)
    return _ONLY_NEWER.sub("", told.stdout)


def record(tag: str) -> Path:
    """Write the recording of this commit under `tag`."""
    if not re.fullmatch(r"v\d+\.\d+\.\d+", tag):
        raise SystemExit("name the tag, for example v0.1.0")
    path = FOLDER / f"{tag}{ENDING}"
    if path.exists():
        raise SystemExit(f"{path} is recorded already and is never changed")
    server = Server(_HOME / "postgresql")
    server.ensure()
    try:
        cluster = Cluster(server.admin_url())
        cluster.make_template()
        text = seeded_dump(cluster)
    finally:
        connections.close_all()
        server.stop()
    FOLDER.mkdir(exist_ok=True)
    path.write_bytes(gzip.compress(text.encode(), mtime=0))
    return path


if __name__ == "__main__":
    record(sys.argv[1] if len(sys.argv) == 2 else "")
