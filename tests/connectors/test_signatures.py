"""Signatures on what we send, verified here by cryptography's primitives, not by their maker."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from nostro.connectors import open_connection
from nostro.connectors.signatures import SigningAlgorithm, detached_signature
from nostro.domain.errors import ConnectionUnfit
from nostro.ports import Outgoing
from tests.connectors.rest_bank import emulated_bank

KEYS: dict[SigningAlgorithm, Any] = {
    "PS256": rsa.generate_private_key(65537, 2048),
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}
CONTENTS = {
    "text": b"<Document>\xc3\xa9</Document>",
    "letters": b"plain",
    "bytes": b"\x00\xff\xfe.",
}


def pem(key: Any) -> str:
    private: bytes = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return private.decode()


def decoded(part: str) -> bytes:
    assert "=" not in part
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def verify(signature: str, content: bytes, algorithm: str, public: Any) -> dict[str, Any]:
    """The header, when the signature over `content` is right; raises InvalidSignature."""
    head, payload, made = signature.split(".")
    assert payload == "", "the payload is left out"
    header: dict[str, Any] = json.loads(decoded(head))
    assert header["alg"] == algorithm
    if header.get("b64", True):
        content = base64.urlsafe_b64encode(content).rstrip(b"=")
    else:
        assert header["crit"] == ["b64"]
    signed, raw = head.encode() + b"." + content, decoded(made)
    if algorithm == "PS256":
        salted = padding.PSS(padding.MGF1(hashes.SHA256()), hashes.SHA256().digest_size)
        public.verify(raw, signed, salted, hashes.SHA256())
    elif algorithm == "ES256":
        assert len(raw) == 64
        numbers = (int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
        public.verify(encode_dss_signature(*numbers), signed, ec.ECDSA(hashes.SHA256()))
    else:
        public.verify(raw, signed)
    return header


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
@pytest.mark.parametrize("encoded", [False, True])
@pytest.mark.parametrize("algorithm", KEYS)
def test_a_signature_is_right_for_these_bytes_and_no_others(
    algorithm: SigningAlgorithm, encoded: bool, content: bytes
) -> None:
    key = KEYS[algorithm]
    signature = detached_signature(content, pem(key), algorithm, key_id="key-7", encoded=encoded)
    header = verify(signature, content, algorithm, key.public_key())
    assert header["kid"] == "key-7"
    assert ("b64" in header) is not encoded
    with pytest.raises(InvalidSignature):
        verify(signature, content + b" ", algorithm, key.public_key())


@pytest.mark.parametrize("algorithm", KEYS)
def test_what_arrives_at_the_bank_is_signed(algorithm: str) -> None:
    key = KEYS[algorithm]  # type: ignore[index]
    with emulated_bank() as bank:
        settings = {"base_url": bank.url, "signature_algorithm": algorithm}
        opened: Any = open_connection("rest_bank", settings, {"signing_key": pem(key)})
        opened.send(
            Outgoing(
                message_id="MSG-1", file_name="a.xml", media_type="text/xml", content=b"<\xc3\xa9/>"
            )
        )
    (call,) = bank.calls
    assert verify(call.headers["x-jws-signature"], call.body, algorithm, key.public_key())


WRONG_KEYS = {
    "none": "made-up",
    "another kind": pem(KEYS["EdDSA"]),
    "another curve": pem(ec.generate_private_key(ec.SECP384R1())),
    "public": KEYS["ES256"]
    .public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    .decode(),
}


@pytest.mark.parametrize("key", WRONG_KEYS.values(), ids=WRONG_KEYS)
def test_a_key_that_cannot_sign_so_sends_nothing(key: str) -> None:
    with pytest.raises(ConnectionUnfit) as caught:
        detached_signature(b"<Document/>", key, "ES256")
    assert caught.value.code == "signing_key_unusable"
    assert key not in str(caught.value)
