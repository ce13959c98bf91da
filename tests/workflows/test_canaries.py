"""Canaries in the place of secrets: none is ever seen in what a run puts out."""

from __future__ import annotations

import base64
import traceback
from pathlib import Path

import msgspec
import pytest
from django.conf import settings
from django.db import connections

from nostro.cli.failures import keep_traceback
from nostro.domain.errors import NostroError
from nostro.ops import envelope
from nostro.ops.configuration import Configuration
from nostro.ops.key_encryption import HeldKeys, KeyFile
from nostro.ops.secrets import FileSecrets
from nostro.ops.signing_keys import SigningKeys
from nostro.ops.stored_secrets import StoredSecrets
from nostro.storage import data_keys, evidence
from nostro.storage.key_ring import using
from nostro.storage.tenancy import tenant
from nostro.workflows import connecting, credentials, rotating, webhook_keys
from nostro.workflows.connecting import Wanted
from nostro.workflows.context import Acting
from tests import secret_canaries
from tests.workflows.company import Company

pytestmark = pytest.mark.usefixtures("database")
CANARY = secret_canaries.register("canary of every output", "canary-7f3e91")


@pytest.fixture
def acting(tmp_path: Path) -> Acting:
    company = Company()
    stored = StoredSecrets(FileSecrets(tmp_path / "files"), company.clock)
    world = msgspec.structs.replace(company.world, secrets=stored)
    return msgspec.structs.replace(company.job, world=world)


def every_row() -> str:
    """Each row of each table as text: what a dump would show."""
    told = []
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            told += [str(row) for (row,) in cursor.fetchall()]
    return "\n".join(told)


def command_lines() -> str:
    """The process list, as anybody on the machine sees it."""
    lines = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(process.read_bytes().decode(errors="replace"))
        except OSError:
            continue  # It ended just now.
    return "\n".join(lines)


def forms(secret: bytes) -> list[str]:
    """How a secret may look in an output: as it is, as Python shows it, hexadecimal, base64."""
    as_it_is = secret.decode(errors="replace")
    return [as_it_is, repr(secret)[2:-1], secret.hex(), base64.b64encode(secret).decode()]


def test_no_secret_is_seen_in_any_output(
    acting: Acting, tmp_path: Path, capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("NOSTRO_HOME", str(tmp_path))
    kept, signing = KeyFile(tmp_path / "keys"), FileSecrets(tmp_path)
    SigningKeys(signing, acting.world.clock).rotate()
    said: list[str] = []
    with using(HeldKeys(kept.held)):
        wanted = Wanted(
            settings={"base_url": "https://127.0.0.1:1", "client_id": "acme"},
            secrets={"client_secret": f"{CANARY}-connection"},
        )
        connecting.create(acting, "API", "rest_bank", wanted)
        said.append(repr(connecting.tried(acting, "API")))
        for wrong in (Wanted(settings={"nonsense": "1"}, secrets=wanted.secrets),
                      Wanted(secrets={"nonsense": f"{CANARY}-wrong"})):  # fmt: skip
            try:
                connecting.change(acting, "API", wrong, "a slip")
            except NostroError as error:
                said += [str(error), traceback.format_exc(), keep_traceback(error).read_text()]
        with tenant(acting.tenant_id):
            endpoint = acting.world.ids.new()
            webhook = webhook_keys.make(acting, endpoint)
            evidence.keep(
                acting.world.ids.new(), f"{CANARY}-file".encode(), name="f",
                media_type="text/plain", direction="in", now=acting.world.clock.now(),
            )  # fmt: skip
            held = [data_keys.newest(purpose) for purpose in data_keys.ROTATED]
            said.append(repr(held))
        said.append(envelope.seal_text("second_factor", f"{CANARY}-factor"))
        rotating.rotate_data_keys(acting)
        said += [repr(credentials.inventory(acting)), repr(Configuration()), repr(kept.held())]
        said += [repr(SigningKeys(signing, acting.world.clock).all()), command_lines(), every_row()]
    captured = capfd.readouterr()
    said += [captured.out, captured.err]
    secrets = [CANARY.encode(), webhook.removeprefix("whsec_").encode(), *(one.key for one in held)]
    secrets += [one.key for one in kept.held()]
    secrets += [one.key.encode() for one in SigningKeys(signing, acting.world.clock).all()]
    whole = "\n".join(said)
    assert "https://127.0.0.1:1" in whole, "what is no secret is seen"
    seen = [form[:6] for secret in secrets for form in forms(secret) if form in whole]
    assert not seen
    assert settings.SECRET_KEY not in whole
