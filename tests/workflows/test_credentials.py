"""What a customer's access hangs on is listed with age, end and owner, and ends do not surprise."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from nostro.domain.credential import CredentialState
from nostro.ops.secrets import FileSecrets
from nostro.ops.stored_secrets import StoredSecrets
from nostro.storage import keys, models
from nostro.storage.keys import Scope
from nostro.storage.tenancy import tenant
from nostro.workflows import credentials
from nostro.workflows.context import Acting
from tests import secret_canaries
from tests.workflows.company import Company

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def company() -> Company:
    return Company()


@pytest.fixture
def acting(company: Company, tmp_path: Path) -> Acting:
    stored = StoredSecrets(FileSecrets(tmp_path), company.clock)
    world = msgspec.structs.replace(company.world, secrets=stored)
    return msgspec.structs.replace(company.job, world=world)


def certificate(company: Company, days: int) -> str:
    key, now = ec.generate_private_key(ec.SECP256R1()), company.clock.now()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Bank CA")])
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now).not_valid_after(now + timedelta(days=days))
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def test_each_kind_is_there_with_age_end_and_owner_and_without_what_it_is(
    company: Company, acting: Acting
) -> None:
    with tenant(acting.tenant_id):
        secret = secret_canaries.register("password of a connection", "canary-secret")
        acting.world.secrets.write(f"connection.{company.bank_id}.password", secret)
        config = {"certificate_authority": certificate(company, 20)}
        models.Connection.objects.filter(id=company.bank_id).update(config=config)
        keys.issue(
            acting.world.ids.new(), name="ERP", scopes=frozenset({Scope.PAYMENTS_READ}),
            now=company.clock.now(),
            expires_at=company.clock.now() + timedelta(days=5),
        )  # fmt: skip
    company.clock.advance(days=2)
    found = {one.kind.word: one for one in credentials.inventory(acting)}
    assert "canary" not in repr(found)
    assert found["credential"].age_days == 2
    assert found["credential"].name.endswith(": password")
    assert found["certificate"].owner == "CN=Bank CA"
    assert found["certificate"].state is CredentialState.EXPIRES_SOON
    assert found["API key"].state is CredentialState.EXPIRES_SOON
    assert found["data key"].state is CredentialState.FINE
    company.clock.advance(days=400)
    later = {one.kind.word: one for one in credentials.inventory(acting)}
    assert later["credential"].state is CredentialState.OLD
    assert later["certificate"].state is CredentialState.EXPIRED
    assert [one.state for one in credentials.inventory(acting)][:2] == [CredentialState.EXPIRED] * 2


def test_an_end_opens_one_case_ahead_and_another_when_it_moves(
    company: Company, acting: Acting
) -> None:
    def renewed(days: int) -> None:
        config = {"certificate_authority": certificate(company, days)}
        with tenant(acting.tenant_id):
            models.Connection.objects.filter(id=company.bank_id).update(config=config)

    before = len(company.cases())
    renewed(40)
    assert credentials.watch(acting) == 0
    company.clock.advance(days=15)
    assert credentials.watch(acting) == credentials.watch(acting) == 1
    told = company.cases()[before:]
    assert len(told) == 1
    assert "certificate_authority (certificate) expires on" in told[0][1]
    renewed(300)
    assert credentials.watch(acting) == 0
    company.clock.advance(days=290)
    assert credentials.watch(acting) == 1
    assert len(company.cases()) == before + 2


def test_who_did_nothing_is_told_again_a_week_and_a_day_before_the_end(
    company: Company, acting: Acting
) -> None:
    config = {"certificate_authority": certificate(company, 31)}
    with tenant(acting.tenant_id):
        models.Connection.objects.filter(id=company.bank_id).update(config=config)
    before, told = len(company.cases()), []
    for _ in range(33):  # The day after its end, too: nobody is told a fifth time.
        credentials.watch(acting)
        told.append(len(company.cases()) - before)
        company.clock.advance(days=1)
    assert [told.count(number) for number in range(4)] == [1, 23, 6, 3]


def test_the_watch_looks_once_an_hour_at_every_customer(company: Company) -> None:
    config = {"certificate_authority": certificate(company, 10)}
    with tenant(company.tenant_id):
        models.Connection.objects.filter(id=company.bank_id).update(config=config)
    watch, now = credentials.HourlyWatch(), company.clock.now()
    before = len(company.cases())
    assert watch.look(now) >= 1
    assert watch.look(now + timedelta(minutes=59)) == 0
    assert watch.look(now + timedelta(minutes=61)) >= 1
    assert len(company.cases()) == before + 1
