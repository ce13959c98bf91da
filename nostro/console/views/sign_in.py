"""Signing in and out, and a new password: allauth's views with our own pages."""

from __future__ import annotations

from allauth.account.views import LoginView, LogoutView, PasswordChangeView
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

sign_in = LoginView.as_view(template_name="console/sign_in.html")
sign_out = LogoutView.as_view(template_name="console/sign_out.html")
change_password = login_required(
    PasswordChangeView.as_view(template_name="console/password.html", success_url="/")
)


def inactive(request: HttpRequest) -> HttpResponse:
    """A person whose sign-in was switched off."""
    return render(request, "console/inactive.html", status=403)
