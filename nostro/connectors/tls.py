"""Who is at the other end of the wire: the bank's certificate, ours, and what went wrong with them.

A private key is never on disk in the clear: OpenSSL reads keys from files only, so it gets one
that is encrypted under a password of the moment, readable by us alone and gone after the call.
"""

from __future__ import annotations

import os
import secrets
import ssl
import tempfile
from pathlib import Path

import httpx
from cryptography.hazmat.primitives import serialization

from nostro.domain.errors import ConnectionUnfit

# Alerts by which a server says no to our certificate (RFC 8446 section 6.2), as OpenSSL calls
# them. They belong to the handshake: a server that sends one has read nothing that we sent.
_CERTIFICATE_ALERTS = {
    "SSLV3_ALERT_BAD_CERTIFICATE": "it cannot read it",
    "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE": "it is of a kind that it does not take",
    "SSLV3_ALERT_CERTIFICATE_REVOKED": "it was revoked",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "it has expired",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "it does not accept it",
    "TLSV1_ALERT_UNKNOWN_CA": "it does not know who issued it",
    "TLSV1_ALERT_ACCESS_DENIED": "it gives no access to its holder",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "it wants one and got none",
}


def tls_context(
    certificate_authority: str = "", client_certificate: str = "", client_key: str = ""
) -> ssl.SSLContext:
    """TLS 1.2 or later, the other side's certificate and name always verified. All are PEM texts.

    With `certificate_authority` only what it issued is trusted, else the public authorities. With
    `client_certificate` (and its chain) and `client_key` we show who we are (mutual TLS). Raises
    ConnectionUnfit when one of them cannot be used: nothing was sent.
    """
    try:
        context = (
            ssl.create_default_context(cadata=certificate_authority)
            if certificate_authority
            else httpx.create_ssl_context(trust_env=False)
        )
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        # A certificate is asked for before we send or never: so its refusal proves "nothing sent".
        context.options |= ssl.OP_NO_RENEGOTIATION
        if client_certificate or client_key:
            _show_ourselves(context, client_certificate, client_key)
    except (ValueError, TypeError, OSError) as error:  # ssl.SSLError is an OSError
        raise ConnectionUnfit(
            "certificate_unusable",
            "The certificate or key of the connection cannot be used: it is not in PEM, or the"
            " two do not belong together.",
            "Nothing was sent.",
            "Store the certificate with its chain, its key without a password, and the bank's"
            " authority again, each as PEM.",
        ) from error
    return context


def certificate_trouble(error: BaseException) -> tuple[str, bool] | None:
    """A sentence when certificates are why a call failed, and whether it is ours that was refused;
    None when something else is."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            return f"its certificate is not to be trusted: {seen.verify_message}", False
        if isinstance(seen, ssl.SSLError) and seen.reason in _CERTIFICATE_ALERTS:
            return f"it refused our certificate: {_CERTIFICATE_ALERTS[seen.reason]}", True
        # httpcore hands the cause on as its argument. Not __context__: it may be an older failure.
        inner = seen.args[0] if seen.args else None
        seen = inner if isinstance(inner, BaseException) else seen.__cause__
    return None


def _show_ourselves(context: ssl.SSLContext, certificate: str, key: str) -> None:
    password = secrets.token_bytes(24).hex().encode()
    private = serialization.load_pem_private_key(key.encode(), password=None)
    sealed = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(password),
    )
    descriptor, name = tempfile.mkstemp(prefix=".nostro-", suffix=".pem")  # mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(certificate.encode() + b"\n" + sealed)
        context.load_cert_chain(name, password=password)
    finally:
        Path(name).unlink(missing_ok=True)
