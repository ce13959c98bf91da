"""A customer's own OpenID provider, asked who somebody is: the code flow with PKCE, nothing else.

OpenID Connect Core 1.0 section 3.1, Discovery 1.0 section 4, RFC 7636 (PKCE, S256). What comes back
counts only when the provider's signature, issuer, audience, times and our number used once agree.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import httpx
import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from nostro.connectors.outgoing import JudgedTransport
from nostro.domain.errors import Invalid, Refused, Unavailable

ALGORITHMS: Final = ["RS256", "PS256", "ES256", "EdDSA"]  # Never "none", never a shared secret.
SLACK_SECONDS: Final = 60  # How far two clocks may be apart.
_SECONDS: Final = 10
_BYTES_MAX: Final = 1 << 20
_UNKNOWN_CLIENT: Final = ("invalid_client", "unauthorized_client")


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """Who we are at the provider, and where it is. The issuer is compared letter by letter."""

    issuer: str
    client_id: str
    client_secret: str


class Endpoints(msgspec.Struct, frozen=True, kw_only=True):
    """What the provider publishes about itself."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


class Pending(msgspec.Struct, frozen=True, kw_only=True):
    """One sign-in under way: what only the browser's own session may bring back."""

    state: str
    nonce: str
    verifier: str


class _TokenError(msgspec.Struct, frozen=True):
    """RFC 6749 section 5.2."""

    error: str = ""


class OpenId:
    """Speaks with providers. `transport` is httpx's own unless a test has another."""

    def __init__(self, transport: httpx.BaseTransport | None = None) -> None:
        self._transport = transport

    def endpoints(self, issuer: str) -> Endpoints:
        """Raises Invalid when it is no provider, Unavailable when it does not answer."""
        told = self._json("GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        try:
            found = msgspec.convert(told, Endpoints)
        except msgspec.ValidationError as error:
            raise _no_provider(str(error)) from error
        if found.issuer != issuer:
            raise _no_provider(f"it calls itself {found.issuer[:200]}")
        for address in (found.authorization_endpoint, found.token_endpoint, found.jwks_uri):
            check_address(address)
        return found

    def address(
        self, at: Endpoints, provider: Provider, pending: Pending, redirect_uri: str
    ) -> str:
        """Where the browser goes to be asked who somebody is."""
        digest = hashlib.sha256(pending.verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": provider.client_id,
            "redirect_uri": redirect_uri,
            "scope": "openid email profile",
            "state": pending.state,
            "nonce": pending.nonce,
            "code_challenge": urlsafe_b64encode(digest).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        joint = "&" if urlsplit(at.authorization_endpoint).query else "?"
        return f"{at.authorization_endpoint}{joint}{urlencode(asked)}"

    def claims(
        self,
        at: Endpoints,
        provider: Provider,
        pending: Pending,
        code: str,
        redirect_uri: str,
        now: datetime,
    ) -> dict[str, Any]:
        """What the provider vouches for about who came back with this code. Raises Refused."""
        told = self._json(
            "POST",
            at.token_endpoint,
            auth=(provider.client_id, provider.client_secret),
            data={
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": redirect_uri,
                "code_verifier": pending.verifier,
            },
        )
        keys = self._json("GET", at.jwks_uri)
        try:
            token = jwt.decode(
                str(told["id_token"]),
                KeySet.import_key_set(keys),  # type: ignore[arg-type]
                algorithms=ALGORITHMS,
            )
        except (JoseError, ValueError, KeyError) as error:
            raise _not_vouched("its signature does not hold") from error
        return _checked(dict(token.claims), provider, pending, now)

    def signing_keys(self, at: Endpoints) -> int:
        """How many keys it publishes that may sign what it vouches for. Raises Refused for none
        that can be read, Unavailable when it does not answer."""
        try:
            found = KeySet.import_key_set(self._json("GET", at.jwks_uri))  # type: ignore[arg-type]
        except (JoseError, ValueError, KeyError) as error:
            raise _not_vouched("its keys cannot be read") from error
        return sum(key.key_type in ("RSA", "EC", "OKP") for key in found.keys)

    def knows_us(self, at: Endpoints, provider: Provider) -> bool | None:
        """Whether it takes our client id and secret; None where its answer does not tell.

        It is asked to take a code that it never gave. Who it does not know is refused as a client
        (RFC 6749 section 5.2, invalid_client) before the code is looked at.
        """
        answer = self._ask(
            "POST",
            at.token_endpoint,
            auth=(provider.client_id, provider.client_secret),
            data={"grant_type": "authorization_code", "code": "no-code-of-yours"},
        )
        try:
            error = msgspec.json.decode(answer.content, type=_TokenError).error
        except msgspec.DecodeError:
            error = ""
        if answer.status_code == httpx.codes.UNAUTHORIZED or error in _UNKNOWN_CLIENT:
            return False
        return True if error in ("invalid_grant", "invalid_request") else None

    def _json(self, method: str, address: str, **sent: Any) -> dict[str, Any]:
        answer = self._ask(method, address, **sent)
        if answer.status_code != httpx.codes.OK or len(answer.content) > _BYTES_MAX:
            raise _not_vouched(f"it answered with status {answer.status_code}")
        try:
            return msgspec.json.decode(answer.content, type=dict[str, Any])
        except msgspec.DecodeError as error:
            raise _not_vouched("its answer is no JSON") from error

    def _ask(self, method: str, address: str, **sent: Any) -> httpx.Response:
        check_address(address)
        transport = self._transport or JudgedTransport(httpx.HTTPTransport())
        try:
            with httpx.Client(transport=transport, timeout=_SECONDS) as client:
                return client.request(method, address, **sent)
        except httpx.HTTPError as error:
            raise Unavailable(
                "provider_unreachable",
                f"The sign-in service of your company does not answer ({type(error).__name__}).",
                "Nobody was signed in.",
                "Try again in a moment, or sign in with a password or passkey.",
            ) from error


def check_address(address: str) -> None:
    """Raise Invalid for anything but https; plain http only to this machine, for rehearsals."""
    parts = urlsplit(address)
    here = parts.hostname in ("127.0.0.1", "localhost")
    if not parts.hostname or (parts.scheme != "https" and not (parts.scheme == "http" and here)):
        raise _no_provider(f"{address[:200]!r} is not an https address")


def _checked(
    claims: dict[str, Any], provider: Provider, pending: Pending, now: datetime
) -> dict[str, Any]:
    """OpenID Connect Core 1.0 section 3.1.3.7, what is left after the signature."""
    at = int(now.timestamp())
    audience = claims.get("aud")
    several = audience if isinstance(audience, list) else [audience]
    wrong = [
        word
        for word, holds in (
            ("issuer", claims.get("iss") == provider.issuer),
            ("audience", provider.client_id in several),
            ("party", claims.get("azp", provider.client_id) == provider.client_id),
            ("nonce", claims.get("nonce") == pending.nonce),
            ("expiry", _number(claims, "exp") > at - SLACK_SECONDS),
            ("time", 0 < _number(claims, "iat") <= at + SLACK_SECONDS),
            ("subject", isinstance(claims.get("sub"), str) and 0 < len(claims["sub"]) <= 255),
        )
        if not holds
    ]
    if wrong:
        raise _not_vouched(f"{wrong[0]} is not as it must be")
    return claims


def _number(claims: Mapping[str, Any], name: str) -> int:
    found = claims.get(name)
    return found if isinstance(found, int) else 0


def _no_provider(why: str) -> Invalid:
    return Invalid(
        "no_openid_provider",
        f"This is no OpenID provider that we can use: {why}.",
        "Nothing was changed.",
        "Give the issuer exactly as it calls itself in .well-known/openid-configuration.",
    )


def _not_vouched(why: str) -> Refused:
    return Refused(
        "not_vouched_for",
        f"What the sign-in service of your company sent does not count: {why}.",
        "Nobody was signed in.",
        "Begin again; if it stays so, your administrator compares its settings with ours.",
    )
