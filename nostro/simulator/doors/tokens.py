"""Who may call the REST door: OAuth 2.0 client credentials, and signatures under payment files.

RFC 6749 sections 2.3.1 and 4.4; RFC 7515 appendix F (detached content).
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from datetime import datetime, timedelta
from urllib.parse import parse_qs, unquote

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

TOKEN_SECONDS = 3600
SIGNED_BYTES_MAX = 1 << 30
_ALGORITHMS = ["ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "RS256", "Ed25519", "EdDSA"]

PublicKey = RSAKey | ECKey | OKPKey


class Tokens:
    """Access tokens of one client. Without a client id everybody may come in.

    `session` is the bank's: after a restart of the bank, tokens of before are unknown.
    """

    def __init__(self, client_id: str, client_secret: str, seconds: int = TOKEN_SECONDS) -> None:
        self._client_id = client_id
        self._client_secret = client_secret
        self.seconds = seconds
        self._issued: dict[str, tuple[int, datetime]] = {}

    def issue(self, body: bytes, authorization: str, session: int, now: datetime) -> str:
        """A new token, or "" when these are not the client's credentials."""
        form = {name: values[-1] for name, values in parse_qs(body.decode("latin-1")).items()}
        told = _basic(authorization) or (form.get("client_id", ""), form.get("client_secret", ""))
        right = (self._client_id, self._client_secret)
        same = all(_same(one, other) for one, other in zip(told, right, strict=True))
        if self._client_id and not same:
            return ""
        if form.get("grant_type") != "client_credentials":
            return ""
        token = secrets.token_urlsafe(24)
        self._issued[token] = (session, now + timedelta(seconds=self.seconds))
        return token

    def allow(self, authorization: str, session: int, now: datetime) -> bool:
        if not self._client_id:
            return True
        kind, _, token = authorization.partition(" ")
        of_session, until = self._issued.get(token.strip(), (0, now))
        return kind.lower() == "bearer" and of_session == session and now < until


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _basic(authorization: str) -> tuple[str, str] | None:
    kind, _, coded = authorization.partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(coded).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return unquote(name), unquote(secret)


def read_public_key(pem: bytes) -> PublicKey:
    """A public key (PEM) with which a customer's signatures are checked. Raises ValueError."""
    for kind in (RSAKey, ECKey, OKPKey):
        try:
            return kind.import_key(pem)
        except (ValueError, TypeError, JoseError):
            continue
    raise ValueError("no RSA, EC or Ed25519 public key in PEM")


def is_signed(content: bytes, signature: str, key: PublicKey) -> bool:
    """Whether a detached JWS ("header..signature", b64 true or false) signs these bytes."""
    registry = jws.JWSRegistry(algorithms=_ALGORITHMS, strict_check_header=False)
    registry.max_payload_length = SIGNED_BYTES_MAX
    try:
        jws.deserialize_compact(signature, key, registry=registry, payload=content)
    except (JoseError, ValueError):
        return False
    return True
