"""What Django and allauth tell about sign-ins and second factors, handed on to the log."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final
from uuid import UUID

from allauth.account import signals as account
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core.internal.httpkit import get_client_ip
from allauth.mfa import signals as factors
from django.contrib.auth import signals as django_auth
from django.db import transaction
from django.http import HttpRequest

from nostro.app import world
from nostro.console.sessions import remember_when
from nostro.workflows import access_log

_FACTOR: Final = {
    "webauthn": "passkey",
    "totp": "authenticator app",
    "recovery_codes": "recovery codes",
}


def connect() -> None:
    """Listen from now on; once a process."""
    django_auth.user_logged_in.connect(remember_when, dispatch_uid="remember_when")
    django_auth.user_login_failed.connect(_failed, dispatch_uid="nostro_failed")
    django_auth.user_logged_out.connect(_signed_out, dispatch_uid="nostro_signed_out")
    account.user_logged_in.connect(_signed_in, dispatch_uid="nostro_signed_in")
    account.password_changed.connect(
        _listener("password_changed"), weak=False, dispatch_uid="nostro_password"
    )
    for signal, kind in (
        (factors.authenticator_added, "factor_added"),
        (factors.authenticator_removed, "factor_removed"),
        (factors.authenticator_reset, "factor_renewed"),
        (factors.authentication_failed, "factor_refused"),
    ):
        signal.connect(_listener(kind), weak=False, dispatch_uid=f"nostro_{kind}")


def _listener(kind: str) -> Callable[..., None]:
    def heard(user: Any, request: Any = None, authenticator: Any = None, **_: Any) -> None:
        told = {"factor": _FACTOR[str(authenticator.type)]} if authenticator else {}
        _record(user, kind, request, **told)

    return heard


def _signed_in(request: HttpRequest, user: Any, **_: Any) -> None:
    _record(user, "signed_in", request, by=_ways(request, user))


def _signed_out(request: HttpRequest, user: Any, **_: Any) -> None:
    if user is not None:
        _record(user, "signed_out", request)


def _failed(credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any) -> None:
    email = str(credentials.get("email") or credentials.get("username") or "")
    access_log.record_failure(world(), email, **_from(request))


def _record(user: Any, kind: str, request: HttpRequest | None, **told: object) -> None:
    # Signals may be sent inside a transaction, and the log of a customer needs one of its own.
    transaction.on_commit(
        partial(
            access_log.record,
            world(),
            UUID(str(user.pk)),
            str(user.name),
            kind,
            **told,
            **_from(request),
        )
    )


def _ways(request: HttpRequest, user: Any) -> list[str]:
    """How he proved who he is, in order: password, passkey, authenticator app ..."""
    found = get_authentication_records(request, user)
    return [_FACTOR.get(str(one.get("type")), str(one["method"])) for one in found]


def _from(request: HttpRequest | None) -> dict[str, str]:
    address = get_client_ip(request) if request is not None else None
    return {"address": address} if address else {}
