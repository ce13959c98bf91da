"""Files signed and encrypted by us, opened and checked by us; and the same across with GnuPG."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pysequoia
import pytest

from nostro.connectors import open_connection
from nostro.connectors.openpgp import OpenPgp
from nostro.domain.errors import Refused
from nostro.ports import Outgoing, SealsFiles
from tests.needs import absent

CONTENT = b"<Document>" + bytes(range(256)) * 40 + b"</Document>"
US, BANK, STRANGER = (pysequoia.Tsk.generate(f"{who} <x@{who}>") for who in ("us", "bank", "other"))


def public(key: pysequoia.Tsk) -> str:
    return str(key.extract_certificate())


def side(own: pysequoia.Tsk | str, others: str, signing: str = "", passphrase: str = "") -> OpenPgp:
    return OpenPgp(
        own_key=str(own), passphrase=passphrase, encrypt_to=others, bank_signing_key=signing
    )


OURS = side(US, public(BANK))
BANKS = side(BANK, public(US))


def by_bank(content: bytes, **more: Any) -> bytes:
    signer = more.pop("signer", BANK).signer()
    receivers = [more.pop("to", US).extract_certificate()]
    return pysequoia.encrypt(content, recipients=receivers, signer=signer, armor=False)


@pytest.mark.parametrize("armored", [True, False])
@pytest.mark.parametrize("content", [CONTENT, b"", b"\0" * 3_000_000])
def test_what_we_seal_only_the_bank_opens_and_knows_as_ours(content: bytes, armored: bool) -> None:
    sealed = OURS.seal(content, armored=armored)
    assert sealed.startswith(b"-----BEGIN PGP MESSAGE") == armored
    assert content not in sealed or not content
    assert BANKS.unseal(sealed) == content
    with pytest.raises(Refused):
        side(STRANGER, public(US)).unseal(sealed)


def test_two_seals_differ_so_the_first_must_be_kept() -> None:
    assert OURS.seal(CONTENT, armored=False) != OURS.seal(CONTENT, armored=False)


def test_what_the_bank_sends_is_opened() -> None:
    assert OURS.unseal(by_bank(CONTENT)) == CONTENT


def test_what_a_stranger_signed_is_refused() -> None:
    with pytest.raises(Refused) as caught:
        OURS.unseal(by_bank(CONTENT, signer=STRANGER))
    assert caught.value.code == "file_not_unsealed"


def test_what_nobody_signed_is_refused() -> None:
    unsigned = pysequoia.encrypt(CONTENT, recipients=[US.extract_certificate()])
    with pytest.raises(Refused):
        OURS.unseal(unsigned)


def test_the_bank_may_sign_with_another_key_than_it_opens_with() -> None:
    ours = side(US, public(BANK), public(STRANGER))
    assert ours.unseal(by_bank(CONTENT, signer=STRANGER)) == CONTENT
    with pytest.raises(Refused):
        ours.unseal(by_bank(CONTENT, signer=BANK))


def test_any_changed_or_missing_byte_is_refused() -> None:
    sealed = by_bank(CONTENT)
    places = range(0, len(sealed), len(sealed) // 60)
    for place in places:
        changed = bytearray(sealed)
        changed[place] ^= 1
        try:
            opened = OURS.unseal(bytes(changed))
        except Refused:
            continue
        assert opened == CONTENT, f"byte {place}: only what changes nothing may pass"
    for length in places:
        with pytest.raises(Refused):
            OURS.unseal(sealed[:length])


@pytest.mark.parametrize("content", [b"", b"<Document/>", b"-----BEGIN PGP MESSAGE-----\n\nx"])
def test_what_is_no_sealed_file_is_refused(content: bytes) -> None:
    with pytest.raises(Refused):
        OURS.unseal(content)


def test_old_and_new_keys_serve_together_while_they_change() -> None:
    new, banks_new = (pysequoia.Tsk.generate(f"new <x@{n}>") for n in "ab")
    ours = side(f"{new}\n{US}", public(BANK), f"{public(BANK)}\n{public(banks_new)}")
    assert ours.unseal(by_bank(CONTENT, to=US)) == CONTENT
    assert ours.unseal(by_bank(CONTENT, to=new, signer=banks_new)) == CONTENT
    assert side(BANK, public(new)).unseal(ours.seal(CONTENT, armored=False)) == CONTENT


@pytest.mark.parametrize(
    ("own", "others", "field"),
    [
        ("", public(BANK), "openpgp_key"),
        ("made-up", public(BANK), "openpgp_key"),
        (public(US), public(BANK), "openpgp_key"),
        (str(US)[:300] + "\n-----END PGP PRIVATE KEY BLOCK-----", public(BANK), "openpgp_key"),
        (str(US), "made-up", "encrypt_to"),
        (str(US), str(BANK), "encrypt_to"),
        (str(US), public(BANK)[:200] + "\n-----END PGP PUBLIC KEY BLOCK-----", "encrypt_to"),
    ],
)
def test_a_key_that_does_not_serve_is_named(own: str, others: str, field: str) -> None:
    with pytest.raises(Refused) as caught:
        side(own, others).seal(CONTENT, armored=False)
    assert caught.value.code == "openpgp_key_unusable"
    assert caught.value.field == field
    assert "\n" not in str(caught.value), "one sentence, not the library's stack"
    assert "PRIVATE KEY BLOCK-----\n" not in str(caught.value)


def channel(own: str, bank: str, **more: Any) -> SealsFiles:
    config = {"host": "h", "user": "u", "host_keys": ["k"], "drop_folder": "/d", **more}
    secrets = {"openpgp_key": own}
    opened = open_connection("sftp", {**config, "encrypt_to": bank}, secrets)
    assert isinstance(opened, SealsFiles)
    return opened


@pytest.mark.parametrize("suffix", [".pgp", ".gpg", ""])
def test_a_sealed_file_keeps_its_message_id_and_gets_the_banks_suffix(suffix: str) -> None:
    clear = Outgoing(message_id="M-1", file_name="M-1.xml", media_type="text/xml", content=CONTENT)
    sealed = channel(str(US), public(BANK), sealed_suffix=suffix).seal(clear)
    assert (sealed.message_id, sealed.file_name) == ("M-1", f"M-1.xml{suffix}")
    assert BANKS.unseal(sealed.content) == CONTENT
    assert channel(str(US), public(BANK)).unseal(by_bank(CONTENT)) == CONTENT


class GnuPG:
    """The bank's side: the gpg program with a home of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        home.chmod(0o700)

    def run(self, *arguments: str, given: bytes = b"") -> bytes:
        command = ["gpg", "--homedir", str(self.home), "--batch", "--yes", "--quiet"]
        told = subprocess.run(
            [*command, "--pinentry-mode", "loopback", "--passphrase", "", *arguments],
            input=given,
            capture_output=True,
            check=False,
        )
        if told.returncode:
            raise AssertionError(told.stderr.decode())
        return told.stdout

    def make_key(self, name: str, *kind: str) -> str:
        self.run("--quick-generate-key", f"{name} <{name}@bank>", *kind)
        return self.run("--armor", "--export", name).decode()

    def stop(self) -> None:
        subprocess.run(["gpgconf", "--homedir", str(self.home), "--kill", "all"], check=False)


@pytest.fixture
def gnupg() -> Iterator[GnuPG]:
    if not shutil.which("gpg"):
        absent("gpg (Debian: gnupg)")
    with tempfile.TemporaryDirectory(prefix="gpg") as short:  # sockets want a short path
        program = GnuPG(Path(short))
        try:
            yield program
        finally:
            program.stop()


@pytest.mark.parametrize("kind", ["default", "future-default"])
@pytest.mark.parametrize("armored", [True, False])
def test_gnupg_opens_what_we_seal_and_knows_our_signature(
    gnupg: GnuPG, kind: str, armored: bool
) -> None:
    banks_key = gnupg.make_key("bank", kind)
    gnupg.run("--import", given=public(US).encode())
    (gnupg.home / "file").write_bytes(side(US, banks_key).seal(CONTENT, armored=armored))
    opened = gnupg.run("--status-file", str(gnupg.home / "told"), "-d", str(gnupg.home / "file"))
    assert opened == CONTENT
    told = (gnupg.home / "told").read_bytes()
    signed = [line for line in told.splitlines() if line.startswith(b"[GNUPG:] VALIDSIG ")]
    assert len(signed) == 1
    assert signed[0].endswith(US.extract_certificate().fingerprint.upper().encode())
    assert b"DECRYPTION_OKAY" in told


def to(key: pysequoia.Cert) -> tuple[str, ...]:
    return ("--trust-model", "always", "-r", key.fingerprint)


@pytest.mark.parametrize("kind", ["default", "future-default"])
@pytest.mark.parametrize("armored", [True, False])
def test_we_open_what_gnupg_sends_and_know_its_signature(
    gnupg: GnuPG, kind: str, armored: bool
) -> None:
    """GnuPG as a bank leaves it: it does not compress, because our key says so."""
    banks_key = gnupg.make_key("bank", kind)
    ours, own = our_key_made_as_the_page_says(gnupg)
    how = (*to(own.extract_certificate()), *(("--armor",) if armored else ()))
    sealed = gnupg.run("-u", "bank", "--sign", "--encrypt", *how, given=CONTENT)
    assert side(ours, banks_key).unseal(sealed) == CONTENT
    with pytest.raises(Refused):
        side(ours, public(BANK)).unseal(sealed)
    unsigned = gnupg.run("--encrypt", *how, given=CONTENT)
    with pytest.raises(Refused):
        side(ours, banks_key).unseal(unsigned)


def our_key_made_as_the_page_says(gnupg: GnuPG) -> tuple[str, pysequoia.Tsk]:
    page = (Path(__file__).parents[2] / "docs" / "channels" / "sftp.md").read_text()
    preference = "AES256 AES SHA512 SHA256 Uncompressed"
    assert f"'{preference}'" in page
    gnupg.run("--default-preference-list", preference, "--quick-generate-key", "us <us@us>")
    text = gnupg.run("--armor", "--export-secret-keys", "us@us").decode()
    return text, pysequoia.Tsk.from_bytes(text.encode())


def test_what_is_compressed_inside_is_refused_and_says_so(gnupg: GnuPG) -> None:
    """Its signature could not be checked, so its content is not handed out."""
    banks_key = gnupg.make_key("bank", "future-default")
    gnupg.run("--import", given=public(US).encode())
    how = (*to(US.extract_certificate()), "--compress-algo", "zip")
    sealed = gnupg.run("-u", "bank", "--sign", "--encrypt", *how, given=CONTENT)
    with pytest.raises(Refused) as caught:
        side(US, banks_key).unseal(sealed)
    assert "compressed" in caught.value.happened


def test_our_key_may_be_made_by_gnupg_and_locked(gnupg: GnuPG) -> None:
    gnupg.run("--passphrase", "made-up", "--quick-generate-key", "us <us@us>", "rsa3072")
    locked = gnupg.run("--passphrase", "made-up", "--armor", "--export-secret-keys", "us").decode()
    mine = gnupg.run("--armor", "--export", "us").decode()
    with pytest.raises(Refused):
        side(locked, public(BANK), passphrase="wrong").seal(CONTENT, armored=False)
    ours = side(locked, public(BANK), passphrase="made-up")
    assert side(BANK, mine).unseal(ours.seal(CONTENT, armored=False)) == CONTENT
