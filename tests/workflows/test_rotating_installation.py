"""What the installation hangs on is changed under load: database roles, API keys, the audit's key.

A hundred times with SOAK=1; fewer otherwise, since each change writes to disk and each request and
each connection is a whole one.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import connections

from nostro import app, verifier
from nostro.domain.errors import Refused
from nostro.domain.event import Actor
from nostro.domain.party import Role
from nostro.ops import audit_archive, checkpoints, sealing
from nostro.ops.checkpoint_folder import CheckpointFolder
from nostro.ops.database_passwords import DatabasePasswords, name_of
from nostro.ops.sealed_stream import BackupKey, OpenedStream, SealingStream
from nostro.ops.secrets import FileSecrets
from nostro.storage import events, key_owning, people
from nostro.storage.database import ALIAS_OF, APP, ROLES, changing_password, django_databases
from nostro.storage.keys import Scope
from nostro.storage.tenancy import tenant
from nostro.workflows import key_work, rotating
from nostro.workflows.context import Acting
from tests import seed
from tests.api import door
from tests.workflows.load import Load

TIMES = 100 if "SOAK" in os.environ else 20
OPERATOR = Acting(
    tenant_id=UUID(int=0),
    actor=Actor(kind="job", id="terminal", name="operator"),
    world=app.world(),
    reason="who knew them has left",
)


@pytest.fixture
def passwords(database: str) -> DatabasePasswords:
    """Those of the test's own server: what is changed is changed in earnest."""
    return DatabasePasswords(FileSecrets(app.configuration().secrets_home))


def server_takes(password: str, role: str = APP) -> bool:
    parameters = connections[ALIAS_OF[role]].get_connection_params()
    try:
        psycopg.connect(**{**parameters, "password": password}).close()
    except psycopg.OperationalError:
        return False
    return True


@pytest.fixture
def pooled(database: str, passwords: DatabasePasswords) -> Iterator[str]:
    """As a web process connects: the name of connections of the app's role out of a pool."""
    wanted = django_databases(database, passwords.of, threads=2)["default"]
    connections.databases["pooled"] = {**connections["default"].settings_dict, **wanted}
    yield "pooled"
    connections["pooled"].close_pool()  # type: ignore[attr-defined]  # Django's for PostgreSQL
    del connections["pooled"], connections.databases["pooled"]


def test_passwords_of_the_database_roles_under_load(
    passwords: DatabasePasswords, pooled: str
) -> None:
    before = {role: passwords.of(role) for role in ROLES}

    def connect_anew(number: int) -> None:
        for alias in ALIAS_OF.values():
            connections[alias].close()
            with connections[alias].cursor() as cursor:
                cursor.execute("SELECT 1")

    def by_the_pool(number: int) -> None:
        with connections[pooled].cursor() as cursor:
            cursor.execute("SELECT 1")
            if number % 5 == 0:  # The pool has to make another one.
                cursor.connection.close()
        connections[pooled].close()

    with Load(connect_anew, by_the_pool).going_on():
        for _ in range(TIMES):
            assert rotating.rotate_database_passwords(OPERATOR, passwords) == list(ROLES)
    for role in ROLES:
        (now,) = passwords.of(role)
        assert server_takes(now, role)
        assert not server_takes(before[role][0], role)


@pytest.mark.parametrize("told_server", [False, True])
def test_a_change_that_was_cut_off_locks_nobody_out(
    passwords: DatabasePasswords, told_server: bool
) -> None:
    def cut_off(password: str) -> None:
        if told_server:
            tell(password)
        raise KeyboardInterrupt

    with changing_password(ALIAS_OF[APP]) as tell, pytest.raises(KeyboardInterrupt):
        passwords.change(APP, cut_off)
    assert len(passwords.of(APP)) == 2
    connections.close_all()
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == (APP,)
    rotating.rotate_database_passwords(OPERATOR, passwords)
    assert len(passwords.of(APP)) == 1


def test_a_wrong_password_is_refused_once_nothing_else_is_known(
    passwords: DatabasePasswords,
) -> None:
    files = FileSecrets(app.configuration().secrets_home)
    (right,) = passwords.of(APP)
    files.write(name_of(APP), "not this one")
    try:
        connections.close_all()
        with pytest.raises(Exception, match="authentication failed"):
            connections["default"].ensure_connection()
    finally:
        files.write(name_of(APP), right)


def test_the_server_is_never_told_a_password_in_the_clear(passwords: DatabasePasswords) -> None:
    """It would stand in the server's log of statements; it is told what it keeps of it."""
    statements: list[str] = []

    def note(execute: Any, statement: str, *rest: Any) -> Any:
        statements.append(statement)
        return execute(statement, *rest)

    with connections["default"].execute_wrapper(note):
        rotating.rotate_database_passwords(OPERATOR, passwords)
    told = [one for one in statements if one.startswith("ALTER ROLE")]
    assert len(told) == 1
    assert "SCRAM-SHA-256$" in told[0]
    assert passwords.of(APP)[0] not in told[0]


def test_api_keys_under_load(database: str) -> None:
    """Programs go on with the key they have and take the new one when they are given it."""
    own = seed.customer("KEYS", payments=1)
    owner = people.member(
        own.tenant_id, door.person([own], [Role.AUDITOR]), app.world().clock.now()
    )
    acting = Acting(
        tenant_id=own.tenant_id,
        actor=Actor(kind="person", id=owner.id, name=owner.name),
        world=app.world(),
    )
    key_id, now = door.new(), app.world().clock.now()
    with tenant(own.tenant_id):
        key_owning.prepare(
            key_id, name="erp", scopes=[Scope.ACCOUNTS_READ], networks=[], now=now,
            owner_id=UUID(owner.id), expires_at=now.replace(year=now.year + 1),
        )  # fmt: skip
    given = key_work.draw(acting, owner, key_id)
    tokens = [given]

    def ask(number: int) -> None:
        token = tokens[-1] if number % 2 else tokens[max(0, len(tokens) - 2)]
        assert door.get(token, "/v1/accounts").status_code == 200

    with Load(ask, ask).going_on():
        for _ in range(TIMES):
            key_id, token = key_work.rotate(acting, owner, key_id, overlap_hours=1)
            tokens.append(token)
    assert len(set(tokens)) == TIMES + 1
    key_work.rotate(acting, owner, key_id, overlap_hours=0)
    assert door.get(tokens[-1], "/v1/accounts").status_code == 401


def test_the_key_that_signs_checkpoints_under_load(database: str, tmp_path: Path) -> None:
    """The log goes on and is signed meanwhile; who holds any key of it follows it to the end."""
    secrets, folder = FileSecrets(tmp_path / "secrets"), CheckpointFolder(tmp_path / "outside")
    own, now = seed.customer("SIGN", payments=1).tenant_id, seed.NOW
    sealing.seal_all(now)
    checkpoints.attend(secrets, [folder], now)
    known = [checkpoints.public_key(secrets)]

    def happen(number: int) -> None:
        with tenant(own):
            events.record([seed.event("payment.created", door.new())])

    def sign(number: int) -> None:
        sealing.seal_all(now)
        checkpoints.attend(secrets, [folder], now, at_once=True)

    with Load(happen, sign).going_on():
        for _ in range(TIMES):
            checkpoints.change_key(secrets, now)
            known.append(checkpoints.public_key(secrets))
    sign(0)
    exported = io.BytesIO()
    audit_archive.write(own, exported, now, 0)
    held = verifier.held_statements(str(folder.path(own)))
    changes = [one for one in held if one.said["kind"] == "key_change"]
    assert len(changes) == TIMES == len(set(known)) - 1
    for public in (known[0], known[TIMES // 2], known[-1]):
        exported.seek(0)
        found = verifier.verify(exported, public, held)
        assert (found.whole, found.why, found.covered) == (True, "", found.own)


def test_keys_of_backups_change_and_old_backups_want_theirs() -> None:
    """A backup is made in one go with one key: nothing is under way when the key is another."""
    made = []
    for number in range(TIMES):
        key, file = BackupKey(BackupKey.new()), io.BytesIO()
        stream = SealingStream(file, key)
        stream.write(str(number).encode())
        stream.close()
        made.append((key, file))
    for number, (key, file) in enumerate(made):
        file.seek(0)
        assert OpenedStream(file, key).read() == str(number).encode()
        file.seek(0)
        with pytest.raises(Refused, match=made[number][0].name):
            OpenedStream(file, made[number - 1][0])
