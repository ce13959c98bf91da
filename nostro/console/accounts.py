"""Sign-in: people are invited by their customer; nobody signs up by himself."""

from __future__ import annotations

from typing import Any, Final

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib import messages
from django.http import HttpRequest

_SAID: Final = {
    "mfa/messages/totp_activated.txt": "Your authenticator app is set up.",
    "mfa/messages/totp_deactivated.txt": "Your authenticator app counts no more.",
    "mfa/messages/webauthn_added.txt": "Your passkey is added.",
    "mfa/messages/webauthn_removed.txt": "That passkey counts no more.",
    "account/messages/password_changed.txt": "Your password is changed.",
}
_BY_PASSWORD: Final = "reauthenticate"  # noqa: S105 - allauth's name of the way


class InvitedPeopleOnly(DefaultAccountAdapter):  # type: ignore[misc]
    """allauth's adapter with open sign-up closed, and errors that say what to do."""

    error_messages = {  # noqa: RUF012 - allauth's own shape
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": (
            "This e-mail address and password do not belong together. Nobody was signed in."
        ),
        "too_many_login_attempts": (
            "There were too many failed attempts. Wait five minutes, then try again."
        ),
        "account_inactive": "This sign-in was switched off. Ask an administrator.",
        "incorrect_password": "This is not your password. Nothing was changed.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_login_redirect_url(self, request: Any) -> str:
        return "/"

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """Who has a second factor proves himself by it: his password may be what was stolen."""
        found: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        stronger = [way for way in found if way["id"] != _BY_PASSWORD]
        return sorted(stronger, key=lambda way: str(way["id"]), reverse=True) or found

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        message_context: dict[str, Any] | None = None,
        extra_tags: str = "",
        message: str | None = None,
    ) -> None:
        """In our words, or not at all where the page that follows says it better."""
        said = message or _SAID.get(message_template or "")
        if said:
            messages.add_message(request, level, said, extra_tags=extra_tags)
