"""`nostro secrets` and `nostro evidence`: what an operator types, and what it answers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from uuid import UUID

import pytest

from nostro import app
from nostro.cli import secret_work
from nostro.cli.shared_options import Alone
from nostro.domain.errors import Refused
from nostro.ops.database_passwords import DatabasePasswords
from nostro.ops.secrets import FileSecrets
from nostro.storage import evidence
from nostro.storage.tenancy import tenant
from tests import secret_canaries
from tests.workflows.company import Company, scripted_connector


@pytest.fixture
def company(database: str) -> Iterator[Company]:
    with scripted_connector():
        yield Company()


def kept(company: Company) -> UUID:
    with tenant(company.tenant_id):
        return evidence.keep(
            company.world.ids.new(), b"personal", name="f", media_type="text/plain",
            direction="in", now=company.clock.now(),
        )  # fmt: skip


def test_secrets_move_in_are_listed_and_every_key_is_rotated(
    company: Company, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "250")
    files = FileSecrets(app.configuration().secrets_home)
    secret = secret_canaries.register("password of a connection", "canary-secret")
    files.write(f"connection.{company.bank_id}.password", secret)
    file_id = kept(company)
    secret_work.move_files(company.code)
    for kind in ("data", "key-encryption", "signing", "database"):
        secret_work.rotate(kind, company.code if kind == "data" else "", "a test")
    secret_work.lock_evidence(company.code)
    secret_work.show(company.code)
    told = capsys.readouterr().out
    assert f"{company.code}: 1 secrets moved into the database." in told
    assert f"{company.code}: 2 locked anew, 0 old keys destroyed." in told
    assert f"{company.code}: 0 files locked." in told
    assert "Bank: password" in told
    assert "Data key for credentials, version 2" in told
    assert "Password of nostro_owner" in told
    assert "nostro secrets rotate database" in told
    assert "nostro_app has a new password." in told
    passwords = DatabasePasswords(files).now().values()
    assert not [word for word in ("canary", *passwords) if word in told]
    with tenant(company.tenant_id):
        assert app.world().secrets.read(f"connection.{company.bank_id}.password") == "canary-secret"
        assert evidence.read(file_id) == b"personal"


def test_a_file_is_held_and_erased_when_it_may(
    company: Company, capsys: pytest.CaptureFixture[str]
) -> None:
    file_id, code = kept(company), company.code
    with pytest.raises(Refused) as refused:
        secret_work.erase(file_id, "asked by the person", code)
    assert "must be kept until" in refused.value.happened
    secret_work.keep_for(0, Alone(reason="none is needed"), code)
    secret_work.hold("Audit", "tax audit", file_id, date(2999, 1, 1), code)
    secret_work.lift("Audit", Alone(reason="is over"), code)
    assert "Audit is lifted." in capsys.readouterr().out
