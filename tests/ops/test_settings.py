"""What the settings become behind a proxy that ends TLS, and without one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec

ASK = """
import json, django
from django.conf import settings
from django.http import HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.test import RequestFactory
django.setup()
token = "a" * 32
request = RequestFactory().post(
    "/", {"csrfmiddlewaretoken": token}, HTTP_HOST="pay.example.com",
    HTTP_ORIGIN="https://pay.example.com", HTTP_X_FORWARDED_PROTO="https",
)
request.COOKIES["csrftoken"] = token
refused = CsrfViewMiddleware(HttpResponse).process_view(request, HttpResponse, (), {})
print(json.dumps([
    refused is None, request.is_secure(), settings.SECURE_HSTS_SECONDS > 0,
    settings.SESSION_COOKIE_SECURE, settings.SESSION_COOKIE_AGE,
    settings.SESSION_SAVE_EVERY_REQUEST,
]))
"""


def told(home: Path, public_host: str) -> list[object]:
    variables = {
        "NOSTRO_HOME": str(home),
        "NOSTRO_PUBLIC_HOST": public_host,
        "NOSTRO_DATABASE_URL": "postgresql://localhost/unused",
        "DJANGO_SETTINGS_MODULE": "nostro.settings",
    }
    answer = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ASK],
        env={**os.environ, **variables}, check=True, capture_output=True,
    )  # fmt: skip
    return msgspec.json.decode(answer.stdout.splitlines()[-1], type=list[object])


def test_behind_a_proxy_forms_are_taken_and_all_is_secure(tmp_path: Path) -> None:
    assert told(tmp_path, "pay.example.com") == [True, True, True, True, 3600, True]


def test_without_one_nobody_can_claim_a_secure_connection(tmp_path: Path) -> None:
    assert told(tmp_path, "")[1:] == [False, False, False, 3600, True]
