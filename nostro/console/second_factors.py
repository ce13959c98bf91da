"""Passkeys, authenticator apps and recovery codes: allauth's, with our pages and sealed secrets."""

from __future__ import annotations

from typing import Any, Final

from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.totp.internal.auth import SECRET_SESSION_KEY, generate_totp_secret
from django import forms

from nostro.ops.envelope import open_text, seal_text

_PURPOSE: Final = "second_factor"


class SealedFactors(DefaultMFAAdapter):  # type: ignore[misc]
    """allauth's adapter: what it keeps in the database is sealed, what it says is said plainly."""

    error_messages = {  # noqa: RUF012 - allauth's own shape
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": (
            "This does not prove that it is you. A code counts for half a minute and only once;"
            " a passkey only where it was made."
        ),
        "cannot_generate_recovery_codes": (
            "Recovery codes stand in for a passkey or an authenticator app; add one of these first."
        ),
    }

    def encrypt(self, text: str) -> str:
        return seal_text(_PURPOSE, text)

    def decrypt(self, encrypted_text: str) -> str:
        return open_text(_PURPOSE, encrypted_text)

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {**super().get_public_key_credential_rp_entity(), "name": "nostro"}


class AuthenticatorForm(ActivateTOTPForm):  # type: ignore[misc]
    """allauth's form for a new authenticator app; its secret waits sealed in the session, too."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.user = kwargs.pop("user")
        forms.Form.__init__(self, *args, **kwargs)
        session = context.request.session
        kept = session.get(SECRET_SESSION_KEY, "") if self.is_bound else ""
        self.secret = open_text(_PURPOSE, kept) if kept else generate_totp_secret()
        if not kept:
            session[SECRET_SESSION_KEY] = seal_text(_PURPOSE, self.secret)
