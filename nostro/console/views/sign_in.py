"""Signing in and out, and a new password: allauth's views with our own pages."""

from __future__ import annotations

from allauth.account.internal.stagekit import clear_login
from allauth.account.views import (
    LoginView,
    LogoutView,
    PasswordChangeView,
    ReauthenticateView,
)
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render

_sign_in = LoginView.as_view(template_name="console/sign_in.html")
sign_out = LogoutView.as_view(template_name="console/sign_out.html")
change_password = login_required(
    PasswordChangeView.as_view(template_name="console/password.html", success_url="/profile/")
)
confirm_by_password = login_required(
    ReauthenticateView.as_view(template_name="console/confirm_password.html")
)


def sign_in(request: HttpRequest) -> HttpResponseBase:
    """Sign in; `?again` begins anew instead of asking on for the second step."""
    if "again" in request.GET:
        clear_login(request)
        return redirect("account_login")
    answer: HttpResponseBase = _sign_in(request)
    return answer


def inactive(request: HttpRequest) -> HttpResponse:
    """A person whose sign-in was switched off."""
    return render(request, "console/inactive.html", status=403)
