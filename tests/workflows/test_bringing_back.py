"""`nostro backup` and `nostro restore`: what comes back is what went in, and nothing leaves twice.

The drill (P23): a company pays through the simulated bank, is backed up, pays more, goes back.
"""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from django.db import connections

from nostro.domain.errors import NostroError, Refused
from nostro.domain.event import Actor
from nostro.ops import backing_up, high_water, key_encryption, sealing
from nostro.ops.backing_up import Made
from nostro.ops.backup_file import MANIFEST, Manifest, members, write_member
from nostro.ops.configuration import Configuration
from nostro.ops.sealed_stream import BackupKey, OpenedStream, SealingStream
from nostro.storage import data_keys, replacing
from nostro.storage.database import OWNER, prepare
from nostro.storage.postgresql.address import Address
from nostro.storage.tenancy import tenant
from nostro.workflows import bringing_back, context
from nostro.workflows.bringing_back import Back, Place
from tests.database import Cluster, point_at
from tests.storage import dumping
from tests.workflows.company import scripted_connector
from tests.workflows.restore_story import Story
from tests.workflows.test_restoring import tell_the_end

KEY = BackupKey(BackupKey.new())
OPERATOR = Actor(kind="job", id="terminal", name="operator")
STANDARD = str.maketrans("-_", "+/")
SECRET = "-----BEGIN PRIVATE KEY----- of the bank"
STORIES = 8 if os.environ.get("SOAK") == "1" else 1


def quiet(what: str, done: int, whole: int) -> None:
    """Nobody watches."""


@pytest.fixture(autouse=True)
def _connector() -> Iterator[None]:
    with scripted_connector():
        yield


class House:
    """One installation: a database on the test's server, a home, its secrets."""

    def __init__(self, cluster: Cluster, url: str, home: Path) -> None:
        self.cluster, self.home, self.secrets = cluster, home, home / "secrets"
        self.database = url.partition("?")[0].rpartition("/")[2]
        self.secrets.mkdir(parents=True)
        (self.secrets / "bank.private_key").write_text(SECRET)
        for role, word in dumping.passwords().items():
            (self.secrets / f"database_{role}").write_text(word)
        keys = key_encryption.key_file(Configuration())
        keys.held()  # Made by now.
        shutil.copy(keys.path, self.secrets)

    def back_up(self, name: str = "tonight.nostro", tell: backing_up.Tell = quiet) -> Made:
        password = dumping.passwords()[OWNER]
        address = Address.of(self.cluster.url(self.database), OWNER, password)
        world = context.installed()
        return backing_up.make(
            self.home / name, KEY, address, self.secrets, world.clock.now(), tell
        )

    def bring_back(self, path: Path, *, replace: bool = True, key: BackupKey = KEY) -> Back:
        connections.close_all()
        place = Place(
            admin_url=self.cluster.admin_url,
            url_of=self.cluster.url,
            home=self.home,
            secrets_home=self.secrets,
            brings_its_keys=True,
            database=self.database,
        )
        return bringing_back.bring_back(
            path, key, place, OPERATOR, context.installed(), quiet, replace=replace
        )


@pytest.fixture
def house(cluster: Cluster, tmp_path: Path) -> Iterator[House]:
    name = cluster.copy()
    point_at(cluster.url(name))
    yield House(cluster, cluster.url(name), tmp_path)
    connections.close_all()
    with cluster.admin() as admin:
        like = f"{name}%"
        kept = admin.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [like])
        names = [str(found) for (found,) in kept.fetchall()]
    for found in names:
        cluster.drop(found)


def test_pay_back_up_pay_more_restore_nothing_is_sent_again(house: House) -> None:
    stories = [Story(seed) for seed in range(STORIES)]
    for story in stories:
        story.ask(3)
        story.go_on(6)
    sealing.seal_all(stories[0].company.clock.now())
    made = house.back_up()
    rows = dumping.counts(house.cluster, house.database)
    for story in stories:
        story.go_on(9)
    (house.secrets / "bank.private_key").write_text("a newer one")
    back = house.bring_back(made.path)
    assert set(back.found) == {story.company.code for story in stories}
    assert {found.connections for found in back.found.values()} == {2}
    kept = dumping.counts(house.cluster, back.kept_as)
    assert kept["event"] > rows["event"], "what was there is kept"
    assert (house.secrets / "bank.private_key").read_text() == SECRET
    assert back.secrets_kept is not None
    assert (back.secrets_kept / "bank.private_key").read_text() == "a newer one"
    for number, story in enumerate(stories):
        assert story.stops(), "quarantined before anything could start"
        assert high_water.behind(house.home, story.company.tenant_id) == ""
        tell_the_end(story, number)  # Which quarantines again, as a careful operator may.
        assert sealing.verify(story.company.tenant_id).whole


def test_a_backup_is_of_one_moment_though_all_goes_on(house: House) -> None:
    story = Story(11)
    story.ask(2)
    asked: list[str] = []

    def meanwhile(what: str, done: int, whole: int) -> None:
        if not asked:
            asked.append(what)
            story.ask(3)

    made = house.back_up(tell=meanwhile)
    assert asked == ["database"]
    assert made.manifest.rows["payment_order"] == 2
    assert dumping.counts(house.cluster, house.database)["payment_order"] == 5
    house.bring_back(made.path)
    assert dumping.counts(house.cluster, house.database)["payment_order"] == 2


def test_the_file_hides_everything_and_is_for_its_owner_alone(house: House) -> None:
    story = Story(12)
    story.ask(2)
    made = house.back_up()
    content = made.path.read_bytes()
    assert made.path.stat().st_mode & 0o777 == 0o600
    for word in (SECRET, story.company.code, "PGDMP", "payment_order"):
        assert word.encode() not in content
    opened = backing_up.verify(io.BytesIO(content), KEY)
    assert opened.secrets["bank.private_key"].decode() == SECRET
    assert opened.manifest == made.manifest


def refused(house: House, path: Path, *, replace: bool = True) -> NostroError:
    before = dumping.counts(house.cluster, house.database)
    secrets = {path.name: path.read_bytes() for path in house.secrets.iterdir()}
    with pytest.raises(NostroError) as caught:
        house.bring_back(path, replace=replace)
    assert dumping.counts(house.cluster, house.database) == before
    assert {path.name: path.read_bytes() for path in house.secrets.iterdir()} == secrets
    assert sorted(path.name for path in house.home.iterdir()) == [
        "cut.nostro",
        "secrets",
        "x.nostro",
    ]
    with house.cluster.admin() as admin:
        beside = "SELECT 1 FROM pg_database WHERE datname = %s"
        assert admin.execute(beside, [replacing.BESIDE]).fetchone() is None
    return caught.value


def test_what_cannot_be_restored_leaves_everything_as_it_was(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = Story(13)
    story.ask(1)
    made = house.back_up("x.nostro")
    cut = house.home / "cut.nostro"
    cut.write_bytes(made.path.read_bytes()[:-1])
    assert refused(house, cut).code == "backup_damaged"
    assert refused(house, made.path, replace=False).code == "database_not_empty"
    with house.cluster.admin(house.database):
        assert refused(house, made.path).code == "database_in_use"
    content = made.path.read_bytes()
    manifest = made.manifest
    for changed, code in (
        ({"rows": {**manifest.rows, "payment_order": 7}}, "restored_otherwise"),
        ({"migrations": (*manifest.migrations, "storage.9999_later")}, "backup_of_newer_version"),
        ({"heads": ()}, "restored_otherwise"),
    ):
        other = msgspec.structs.replace(manifest, **changed)
        rewrite(made.path, content, other)
        assert refused(house, made.path).code == code


def test_a_backup_without_the_keys_of_what_is_locked_in_it_is_refused(house: House) -> None:
    story = Story(14)
    with tenant(story.company.tenant_id):
        data_keys.newest(data_keys.EVIDENCE)
    data_keys.forget_unwrapped()
    (house.secrets / key_encryption.FILE).write_text(f"{BackupKey.new().translate(STANDARD)}\n")
    made = house.back_up("x.nostro")
    shutil.copy(made.path, house.home / "cut.nostro")
    assert refused(house, made.path).code == "key_encryption_unknown"


def rewrite(path: Path, content: bytes, manifest: Manifest) -> None:
    """The same backup by somebody who has the key, with another manifest."""
    written = io.BytesIO()
    stream = SealingStream(written, KEY)
    opened = io.BufferedReader(OpenedStream(io.BytesIO(content), KEY))
    for name, pieces in members(opened):
        told = [msgspec.json.encode(manifest)] if name == MANIFEST else pieces
        write_member(stream, name, told)
    stream.close()
    path.write_bytes(written.getvalue())


def test_a_dump_that_fails_leaves_no_file(house: House) -> None:
    def fail(what: str, done: int, whole: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        house.back_up(tell=fail)
    assert [path.name for path in house.home.iterdir()] == ["secrets"]
    (house.home / "there.nostro").write_text("an older backup")
    with pytest.raises(NostroError) as caught:
        house.back_up("there.nostro")
    assert caught.value.code == "backup_there_already"
    assert (house.home / "there.nostro").read_text() == "an older backup"


def test_two_restores_do_not_meet(house: House) -> None:
    passwords = dumping.passwords()
    admin = house.cluster.admin_url
    with (
        replacing.beside(admin, passwords),
        pytest.raises(Refused) as caught,
        replacing.beside(admin, passwords),
    ):
        pytest.fail("two at a time")
    assert caught.value.code == "restore_runs_already"


def test_what_a_killed_restore_left_is_taken_away(house: House) -> None:
    passwords, admin = dumping.passwords(), house.cluster.admin_url
    prepare(admin, passwords, replacing.BESIDE)
    left_over = house.cluster.admin(replacing.BESIDE)
    left_over.execute("CREATE TABLE half (number int)")
    with replacing.beside(admin, passwords) as name, house.cluster.admin(name) as empty:
        assert empty.execute("SELECT to_regclass('half')").fetchone() == (None,)
    left_over.close()
