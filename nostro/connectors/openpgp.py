"""Signs and encrypts files to a bank, opens and checks what it sends: OpenPGP, without any I/O.

RFC 9580 (and RFC 4880, which most banks' programs still write). A key is text in ASCII armor. A
text may hold several keys one after the other, so that old and new are valid together while they
change: of ours the first signs and each opens; of the bank's each may have signed.

pysequoia checks no signature inside a compressed part of an encrypted file, so such a file is
refused: our key should say that it prefers uncompressed files, as docs/channels/sftp.md shows.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import pysequoia

from nostro.domain.errors import Refused

_BLOCK = re.compile(
    "-----BEGIN PGP (PUBLIC|PRIVATE) KEY BLOCK-----.*?-----END PGP \\1 KEY BLOCK-----", re.DOTALL
)
_COMPRESSED = "it is compressed inside, where its signature cannot be checked"
_Made = TypeVar("_Made")


class OpenPgp:
    """One side of a pair: our key with its passphrase, the bank's keys, all as armored text.

    Keys are read when they are used: a wrong one is Refused then, naming which.
    """

    def __init__(
        self, *, own_key: str, passphrase: str, encrypt_to: str, bank_signing_key: str
    ) -> None:
        self._own_key = own_key
        self._passphrase = passphrase or None
        self._encrypt_to = encrypt_to
        self._bank_signing_key = bank_signing_key or encrypt_to

    def seal(self, content: bytes, *, armored: bool) -> bytes:
        """`content` signed with our first key and encrypted to each key of the bank's.

        Two seals of one content differ. Raises Refused when a key does not serve.
        """
        own = self._own()[0]
        signer = _tried("openpgp_key", own.signer, self._passphrase)
        banks = _certificates("encrypt_to", self._encrypt_to)
        for bank in banks:
            if bank.is_revoked:
                raise _unusable("encrypt_to", f"the key {bank.fingerprint} is revoked")
        return _tried(
            "encrypt_to",
            pysequoia.encrypt,
            content,
            recipients=banks,
            signer=signer,
            armor=armored,
        )

    def unseal(self, content: bytes) -> bytes:
        """The clear content, whose signature is by one of the bank's keys; raises Refused.

        Clear content of which the signature does not hold is never handed out.
        """
        signers = _certificates("bank_signing_key", self._bank_signing_key)
        why = ""
        for own in self._own():
            decryptor = _tried("openpgp_key", own.decryptor, self._passphrase)
            try:
                opened = pysequoia.decrypt(
                    content, decryptor=decryptor, store=lambda _key_ids: signers
                )
            except RuntimeError as error:
                why = _COMPRESSED if "message structure" in str(error) else _first_line(error)
                continue
            trusted = {signer.fingerprint for signer in signers}
            by_bank = any(found.certificate in trusted for found in opened.valid_sigs)
            if opened.bytes is not None and by_bank:
                return opened.bytes
            why = "it carries no signature of the bank's"
        raise Refused(
            "file_not_unsealed",
            f"A file of the bank's could not be opened and checked: {why}.",
            "It is kept as it came; nothing in it was used.",
            "Ask the bank which keys it signs with and encrypts to, and that it does not compress;"
            " correct the connection's keys.",
        )

    def _own(self) -> list[pysequoia.Tsk]:
        blocks = _blocks("openpgp_key", self._own_key, "PRIVATE")
        return [_tried("openpgp_key", pysequoia.Tsk.from_bytes, block) for block in blocks]


def _certificates(field: str, text: str) -> list[pysequoia.Cert]:
    blocks = _blocks(field, text, "PUBLIC")
    return [_tried(field, pysequoia.Cert.from_bytes, block) for block in blocks]


def _blocks(field: str, text: str, kind: str) -> list[bytes]:
    found = [block for block in _BLOCK.finditer(text) if block[1] == kind]
    if not found:
        raise _unusable(field, f"it is no armored {kind.lower()} key")
    return [block[0].encode() for block in found]


def _tried(field: str, make: Callable[..., _Made], *what: Any, **how: Any) -> _Made:
    """pysequoia raises RuntimeError for everything, with its own stack in the text."""
    try:
        return make(*what, **how)
    except RuntimeError as error:
        raise _unusable(field, _first_line(error)) from None


def _first_line(error: RuntimeError) -> str:
    return (str(error).splitlines() or ["unknown"])[0].rstrip(".")


def _unusable(field: str, why: str) -> Refused:
    return Refused(
        "openpgp_key_unusable",
        f"The OpenPGP key in {field} cannot be used: {why}.",
        "Nothing was signed, encrypted or opened.",
        "Store the right key, whole, with its BEGIN and END lines; check its passphrase and dates.",
        field=field,
    )
