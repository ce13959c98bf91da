"""Our REST connector over TLS, against an emulated bank with certificates made for the moment."""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from nostro.connectors import open_connection
from nostro.connectors.tls import tls_context
from nostro.domain.errors import ConnectionUnfit, InDoubt
from nostro.ports import Outgoing
from tests.connectors.rest_bank import EmulatedBank, emulated_bank

FILE = Outgoing(
    message_id="MSG-1", file_name="MSG-1.xml", media_type="application/xml", content=b"<Document/>"
)
TODAY = datetime.now(UTC)


class Identity(NamedTuple):
    """A certificate and its key, in PEM."""

    certificate: str
    key: str


class Authority:
    """Somebody who issues certificates."""

    def __init__(self, name: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        self._issued = _signed(self._name, self._key.public_key(), self._name, self._key, ca=True)
        self.pem = self._issued.public_bytes(serialization.Encoding.PEM).decode()

    def issue(self, name: str, *, days: int = 1) -> Identity:
        key = ec.generate_private_key(ec.SECP256R1())
        made = _signed(_named(name), key.public_key(), self._name, self._key, host=name, days=days)
        sealed = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return Identity(made.public_bytes(serialization.Encoding.PEM).decode(), sealed.decode())


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _signed(
    subject: x509.Name,
    public: ec.EllipticCurvePublicKey,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    *,
    ca: bool = False,
    host: str = "",
    days: int = 1,
) -> x509.Certificate:
    """Good from ten days ago; with `days` below zero it has expired."""
    building = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(TODAY - timedelta(days=10))
        .not_valid_after(TODAY + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if host:
        names = x509.SubjectAlternativeName([x509.DNSName(host)])
        building = building.add_extension(names, critical=False)
    return building.sign(key, hashes.SHA256())


OURS, STRANGER = Authority("The bank's authority"), Authority("A stranger")


@contextmanager
def secure_bank(
    folder: Path, identity: Identity, *, asks_for: Authority | None = None
) -> Iterator[EmulatedBank]:
    """The emulated bank behind TLS; `asks_for` is whose clients it lets in."""
    chain = folder / "bank.pem"
    chain.write_text(identity.certificate + identity.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    if asks_for:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=asks_for.pem)
    with emulated_bank(context) as bank:
        yield bank


def connected(
    bank: EmulatedBank, client: Identity | None = None, *, authority: str = OURS.pem, **more: Any
) -> Any:
    settings = {
        "base_url": bank.url,
        "certificate_authority": authority,
        "mutual_tls": client is not None,
        "timeout_seconds": 10,
        **more,
    }
    secrets = {"client_secret": "made-up"}
    if client:
        secrets |= {"client_certificate": client.certificate, "client_key": client.key}
    return open_connection("rest_bank", settings, secrets)


def test_both_show_who_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    with secure_bank(tmp_path, OURS.issue("localhost"), asks_for=OURS) as bank:
        opened = connected(bank, OURS.issue("us"), client_id="us", client_authentication="tls")
        assert opened.send(FILE).reference == "REF-MSG-1"
        assert opened.knows("MSG-1") is True
    (sign_in,) = bank.made("POST /oauth/token")
    assert sign_in.body == b"grant_type=client_credentials&client_id=us"
    assert list(scratch.iterdir()) == [], "the key was left on disk"


def test_the_key_is_never_on_disk_in_the_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    us = OURS.issue("us")
    seen: list[tuple[str, int]] = []
    load = ssl.SSLContext.load_cert_chain

    def look(self: ssl.SSLContext, name: str, *more: Any, **named: Any) -> None:
        seen.append((Path(name).read_text(), Path(name).stat().st_mode & 0o777))
        load(self, name, *more, **named)

    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", look)
    tls_context("", us.certificate, us.key)
    ((text, mode),) = seen
    assert mode == 0o600
    assert "BEGIN ENCRYPTED PRIVATE KEY" in text
    assert us.key.splitlines()[1] not in text


BANKS = {
    "expired": (OURS.issue("localhost", days=-1), "certificate has expired"),
    "another name": (OURS.issue("bank.example"), "localhost"),
    "another authority": (STRANGER.issue("localhost"), "unable to get local issuer certificate"),
}


@pytest.mark.parametrize(("identity", "why"), BANKS.values(), ids=BANKS)
def test_a_bank_that_is_not_surely_the_bank_gets_nothing(
    tmp_path: Path, identity: Identity, why: str
) -> None:
    with secure_bank(tmp_path, identity) as bank:
        with pytest.raises(ConnectionUnfit) as caught:
            connected(bank).send(FILE)
        assert caught.value.code == "certificate_not_accepted"
        assert why in caught.value.happened
        assert "Nothing was sent" in caught.value.did
        assert not bank.calls


def test_the_public_authorities_do_not_vouch_for_a_private_one(tmp_path: Path) -> None:
    with secure_bank(tmp_path, OURS.issue("localhost")) as bank:
        with pytest.raises(ConnectionUnfit):
            connected(bank, authority="").send(FILE)
        assert not bank.calls


CLIENTS = {
    "of a stranger": STRANGER.issue("us"),
    "expired": OURS.issue("us", days=-1),
    "none": None,
}


@pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)
def test_a_bank_that_does_not_accept_our_certificate_has_nothing(
    tmp_path: Path, client: Identity | None
) -> None:
    with secure_bank(tmp_path, OURS.issue("localhost"), asks_for=OURS) as bank:
        with pytest.raises(ConnectionUnfit):
            connected(bank, client, client_id="us").send(FILE)
        # Without a sign-in before it, the bank's no may be lost on the way: then it is a doubt.
        with pytest.raises((ConnectionUnfit, InDoubt)) as caught:
            connected(bank, client).send(FILE)
        if isinstance(caught.value, ConnectionUnfit):
            assert caught.value.code == "certificate_not_accepted"
        assert not bank.files
        assert not bank.calls


UNUSABLE = {
    "no certificate": ("made-up", OURS.issue("us").key, OURS.pem),
    "no key": (OURS.issue("us").certificate, "made-up", OURS.pem),
    "two that do not match": (OURS.issue("us").certificate, OURS.issue("us").key, OURS.pem),
    "no authority": (*OURS.issue("us"), "made-up"),
}


@pytest.mark.parametrize(("certificate", "key", "authority"), UNUSABLE.values(), ids=UNUSABLE)
def test_certificates_that_cannot_be_used_leave_payments_as_they_are(
    tmp_path: Path, certificate: str, key: str, authority: str
) -> None:
    with secure_bank(tmp_path, OURS.issue("localhost")) as bank:
        with pytest.raises(ConnectionUnfit) as caught:
            connected(bank, Identity(certificate, key), authority=authority).send(FILE)
        assert caught.value.code == "certificate_unusable"
        assert key not in str(caught.value)
        assert not bank.calls


def test_what_is_older_than_tls_1_2_is_not_spoken(tmp_path: Path) -> None:
    for context in (tls_context(), tls_context(OURS.pem)):
        assert context.minimum_version == ssl.TLSVersion.TLSv1_2
        assert context.verify_mode == ssl.CERT_REQUIRED
        assert context.check_hostname
