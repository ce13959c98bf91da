"""Sealed texts and the key-encryption keys under which they stand."""

from __future__ import annotations

import base64
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import settings

from nostro.domain.errors import Invalid, NostroError, Refused
from nostro.ops import envelope
from nostro.ops.configuration import Configuration
from nostro.ops.key_encryption import HeldKeys, KeyFile, configured, key_file, parsed
from nostro.storage import ciphertext


@contextmanager
def failing(kind: type[NostroError], code: str) -> Iterator[pytest.ExceptionInfo[NostroError]]:
    with pytest.raises(kind) as refused:
        yield refused
    assert refused.value.code == code


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KeyFile:
    """Key-encryption keys of this test's own."""
    kept = KeyFile(tmp_path / "secrets" / "key_encryption_keys")
    monkeypatch.setattr(settings, "KEY_ENCRYPTION", HeldKeys(kept.held))
    return kept


@pytest.mark.parametrize("text", ["", "JBSWY3DPEHPK3PXP", "Ünïcode\n" * 500])
def test_what_was_sealed_opens_for_its_purpose(keys: KeyFile, text: str) -> None:
    sealed = envelope.seal_text("mfa", text)
    assert sealed.isascii()
    assert envelope.is_sealed(sealed)
    assert not text or text not in sealed
    assert envelope.open_text("mfa", sealed) == text
    assert sealed != envelope.seal_text("mfa", text)


def test_another_purpose_and_every_changed_part_are_refused(keys: KeyFile) -> None:
    sealed, other = (envelope.seal_text(purpose, "secret") for purpose in ("mfa", "other"))
    version, key_id, wrapped, locked = sealed.split(".")
    swapped = ".".join((version, key_id, wrapped, other.split(".")[3]))
    flipped = ".".join((version, key_id, wrapped, ("B" if locked[0] == "A" else "A") + locked[1:]))
    for changed in (other, swapped, flipped, "plain", "v1.a.b.c", f"{version}.{key_id}.."):
        with failing(Refused, "sealed_for_elsewhere"):
            envelope.open_text("mfa", changed)


def test_old_keys_read_on_and_are_not_needed_after_rewrapping(keys: KeyFile) -> None:
    sealed = envelope.seal_text("mfa", "secret")
    old = envelope.wrapped_under(sealed)
    new = keys.add()
    assert envelope.open_text("mfa", sealed) == "secret"
    assert envelope.wrapped_under(envelope.seal_text("mfa", "x")) == new.id != old
    rewrapped = envelope.rewrap_text("mfa", sealed)
    assert rewrapped == envelope.rewrap_text("mfa", rewrapped)
    with failing(Refused, "key_encryption_in_use"):
        keys.drop([new.id])
    keys.drop([old])
    assert envelope.open_text("mfa", rewrapped) == "secret"
    with failing(Refused, "key_encryption_unknown"):
        envelope.open_text("mfa", sealed)


def test_the_file_is_for_its_owner_alone_and_begun_once(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "keys"
    with ThreadPoolExecutor(8) as at_once:
        begun = {one[0].id for one in at_once.map(lambda _: KeyFile(path).held(), range(16))}
    assert len(begun) == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_keys_may_come_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2))
    monkeypatch.setenv("NOSTRO_HOME", str(tmp_path))
    monkeypatch.setenv("NOSTRO_KEY_ENCRYPTION_KEYS", f"{second},{first}")
    chosen = Configuration()
    assert first not in repr(chosen)
    assert configured(chosen).newest() == ciphertext.key_id(bytes([2]) * 32)
    assert not (tmp_path / "secrets").exists()
    with failing(Refused, "key_encryption_elsewhere"):
        key_file(chosen)


@pytest.mark.parametrize(
    "line", ["", "short", "AAAA", "A" * 44, base64.b64encode(b"x" * 31).decode()]
)
def test_a_wrong_key_is_refused_without_telling_it(line: str) -> None:
    with failing(Invalid, "key_encryption_wrong") as refused:
        parsed([line], "the file")
    assert not line or line not in str(refused.value)
