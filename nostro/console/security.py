"""What a browser may do on our pages: our own files only, no inline code, no frames, no devices."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'; report-uri /browser-reports/"
)


# No page uses these; passkeys are asked for by our own pages only.
PERMISSIONS: Final = ", ".join(
    (
        *(f"{name}=()" for name in ("accelerometer",  "camera", "display-capture",
          "geolocation", "gyroscope", "hid", "magnetometer", "microphone", "midi", "payment",
          "serial", "usb", "xr-spatial-tracking")),
        "publickey-credentials-create=(self)",
        "publickey-credentials-get=(self)",
    )
)  # fmt: skip
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "Permissions-Policy": PERMISSIONS,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",  # For browsers that do not know frame-ancestors.
    "Referrer-Policy": "same-origin",
}


class ContentSecurityPolicy:
    """Middleware, outside of all others: put these headers on every answer, refusals and files."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        for name, value in HEADERS.items():
            response[name] = value
        return response


class BodyLimit:
    """Middleware: what says that it is larger than we ever take is not read at all."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        length = str(request.META.get("CONTENT_LENGTH") or "0")
        too_large = length.isdecimal() and int(length) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if too_large and not request.path.startswith("/v1/"):  # There it is told as a problem.
            most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 1024 // 1024
            return HttpResponse(
                f"This is larger than {most} MB. Nothing of it was read; send a smaller file.",
                content_type="text/plain; charset=utf-8",
                status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            )
        return self.get_response(request)
