"""Sign-in: people are invited by their customer; nobody signs up by himself."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

# The page that follows says it better than a message would.
_UNSAID = ("account/messages/logged_in.txt", "account/messages/logged_out.txt")


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
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_login_redirect_url(self, request: Any) -> str:
        return "/"

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        *told: Any,
        **named: Any,
    ) -> None:
        if message_template not in _UNSAID:
            super().add_message(request, level, message_template, *told, **named)
