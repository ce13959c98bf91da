"""The profile: by what a person proves himself, and where he is signed in."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from allauth.account.decorators import reauthentication_required
from allauth.mfa.base.views import AuthenticateView, ReauthenticateView
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView, ViewRecoveryCodesView
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from allauth.mfa.webauthn.internal import auth
from allauth.mfa.webauthn.views import (
    AddWebAuthnView,
    EditWebAuthnView,
    LoginWebAuthnView,
    ReauthenticateWebAuthnView,
    RemoveWebAuthnView,
)
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from nostro.app import world
from nostro.console.visiting import Visit, page, show, signed_in
from nostro.console.words import several
from nostro.storage import sign_ins
from nostro.workflows import access_log

PROFILE = reverse_lazy("mfa_index")


@require_safe
@page
def profile(request: HttpRequest, visit: Visit) -> HttpResponse:
    person_id, key = UUID(visit.member.id), str(request.session.session_key)
    told = {
        "factors": sign_ins.factors(person_id),
        # Sessions end by the real clock, also where the demo has set another one.
        "sign_ins": sign_ins.sign_ins(person_id, key, timezone.now()),
        "idle_minutes": settings.SESSION_COOKIE_AGE // 60,
        "longest_hours": settings.SESSION_LONGEST_SECONDS // 3600,
    }
    return show(request, visit, "profile.html", told)


@require_POST
@signed_in
def sign_out_there(request: HttpRequest, visit: Visit, sign_in_id: int) -> HttpResponse:
    """End one sign-in of this person; this browser's own is ended by signing out."""
    person_id = UUID(visit.member.id)
    if sign_ins.end(person_id, sign_in_id):
        _ended(visit, 1)
        messages.success(request, "You are signed out there, from this moment on.")
    return redirect("mfa_index")


@require_POST
@signed_in
def sign_out_elsewhere(request: HttpRequest, visit: Visit) -> HttpResponse:
    """End every sign-in of this person but this one."""
    ended = sign_ins.end_others(UUID(visit.member.id), str(request.session.session_key))
    if ended:
        _ended(visit, ended)
    messages.success(request, f"You are signed out in {several(ended, 'other browser')}.")
    return redirect("mfa_index")


def _ended(visit: Visit, count: int) -> None:
    told = {"sign_ins": count}
    access_log.record(
        world(), UUID(visit.member.id), visit.member.name, "signed_out_elsewhere", **told
    )


class AddPasskey(AddWebAuthnView):  # type: ignore[misc]
    """A new passkey. It must know its person by itself: it signs in without a password."""

    template_name = "console/passkey_add.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        told: dict[str, Any] = super().get_context_data(**kwargs)
        told["js_data"] = {
            "creation_options": auth.begin_registration(self.request.user, passwordless=True)
        }
        return told


add_passkey = never_cache(AddPasskey.as_view())
rename_passkey = never_cache(
    EditWebAuthnView.as_view(template_name="console/passkey_name.html", success_url=PROFILE)
)
remove_passkey = never_cache(
    RemoveWebAuthnView.as_view(template_name="console/passkey_remove.html", success_url=PROFILE)
)
add_authenticator = never_cache(
    ActivateTOTPView.as_view(template_name="console/authenticator_add.html")
)
remove_authenticator = never_cache(
    DeactivateTOTPView.as_view(
        template_name="console/authenticator_remove.html", success_url=PROFILE
    )
)
recovery_codes = never_cache(
    reauthentication_required(app="allauth.mfa")(
        ViewRecoveryCodesView.as_view(template_name="console/recovery_codes.html")
    )
)
new_recovery_codes = never_cache(
    GenerateRecoveryCodesView.as_view(template_name="console/recovery_codes_new.html")
)
second_step = AuthenticateView.as_view(template_name="console/second_step.html")
passkey_sign_in = never_cache(LoginWebAuthnView.as_view())
confirm_by_code = never_cache(ReauthenticateView.as_view(template_name="console/confirm_code.html"))
confirm_by_passkey = never_cache(
    ReauthenticateWebAuthnView.as_view(template_name="console/confirm_passkey.html")
)
