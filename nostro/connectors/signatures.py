"""Signs what we send to a bank's API: a JSON Web Signature beside the bytes (detached).

RFC 7515 appendix F (the payload is left out of the signature), RFC 7797 (the payload is signed as
it is, `b64` false), RFC 7518 section 3.5 (PS256) and 3.4 (ES256), RFC 8037 section 3.1 (EdDSA).
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from typing import Any, Literal

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import import_key
from joserfc.jws import JWSRegistry

from nostro.domain.errors import ConnectionUnfit

SigningAlgorithm = Literal["PS256", "ES256", "EdDSA"]
_KEY_KINDS: dict[str, Literal["RSA", "EC", "OKP"]] = {
    "PS256": "RSA",
    "ES256": "EC",
    "EdDSA": "OKP",
}


def detached_signature(
    content: bytes,
    signing_key: str,
    algorithm: SigningAlgorithm,
    *,
    key_id: str = "",
    encoded: bool = False,
) -> str:
    """`header..signature` over `content`, as it is or, when `encoded`, in base64url.

    `signing_key` is a private key in PEM without a password; `key_id` becomes `kid`. Raises
    ConnectionUnfit when the key cannot sign so: nothing was sent.
    """
    header: dict[str, Any] = {"alg": algorithm}
    if key_id:
        header["kid"] = key_id
    if not encoded:
        header |= {"b64": False, "crit": ["b64"]}
    head = _base64url(msgspec.json.encode(header))
    payload = _base64url(content) if encoded else content
    # The algorithm itself, as joserfc's own way to unencoded payloads takes text only, and
    # leaves a payload of plain letters inside the signature.
    model = JWSRegistry.algorithms[algorithm]
    try:
        key = import_key(signing_key, _KEY_KINDS[algorithm])
        model.check_key(key)
        if not key.is_private:
            raise ValueError("a public key cannot sign")
        signature = model.sign(head + b"." + payload, key)
    except (JoseError, ValueError, TypeError) as error:
        raise ConnectionUnfit(
            "signing_key_unusable",
            f"The signing key of the connection cannot sign with {algorithm}.",
            "Nothing was sent.",
            "Store a private key of the right kind in PEM, without a password: RSA for PS256,"
            " P-256 for ES256, Ed25519 for EdDSA.",
        ) from error
    return (head + b".." + _base64url(signature)).decode()


def _base64url(content: bytes) -> bytes:
    return urlsafe_b64encode(content).rstrip(b"=")
