"""What browsers refused reaches whoever runs the installation; what anybody forges does no harm."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nostro.app import world
from nostro.cli.browser_reports import tell
from nostro.console.views import browser_reports as view
from nostro.console.views.browser_reports import BYTES_MAX, refusals
from nostro.storage import browser_reports
from nostro.storage.browser_reports import KINDS_MAX, Refusal
from tests.api import door

ID = "01a206ea-50a5-71ff-b058-d27028343068"
OLD = {
    "csp-report": {
        "document-uri": f"https://pay.example/payments/{ID}/?q=NL91ABNA0417164300#top",
        "effective-directive": "script-src-elem",
        "blocked-uri": "https://evil.example/steal.js?token=4711",
        "source-file": "https://pay.example/static/console/console.js?v=12",
        "line-number": 7,
        "script-sample": "const secret='4711'",
    }
}
NEW = [
    {
        "type": "csp-violation",
        "body": {
            "documentURL": f"https://pay.example/payments/{ID}/?q=NL91ABNA0417164300",
            "effectiveDirective": "script-src-elem",
            "blockedURL": "https://evil.example/steal.js",
            "sourceFile": "https://pay.example/static/console/console.js",
            "lineNumber": 7,
        },
    }
]
EXPECTED = Refusal(
    directive="script-src-elem",
    page="/payments/{id}/",
    blocked="https://evil.example",
    source="/static/console/console.js:7",
)


@pytest.fixture
def client(database: str) -> Iterator[Client]:
    cache.clear()
    view._limiter.forget()
    yield door.browser(enforce_csrf_checks=True)
    cache.clear()
    view._limiter.forget()


def send(client: Client, told: Any, **headers: str) -> int:
    body = told if isinstance(told, bytes) else json.dumps(told)
    kind = "application/csp-report"
    return client.post("/browser-reports/", body, content_type=kind, headers=headers).status_code


@pytest.mark.parametrize("told", [OLD, NEW], ids=["report-uri", "reporting api"])
def test_only_what_explains_it_is_kept(client: Client, told: Any) -> None:
    """Neither ids nor what people searched for nor samples of code."""
    assert send(client, told) == 204
    assert send(client, told, Origin="http://localhost") == 204
    (one,) = browser_reports.read().kinds
    assert one.refusal == EXPECTED
    assert one.count == 2


def test_the_operator_sees_them(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    tell()
    assert "No browser refused anything" in capsys.readouterr().out
    send(client, OLD)
    tell()
    assert "script-src-elem" in capsys.readouterr().out


@pytest.mark.parametrize(
    "told",
    [
        b"", b"{}", b"[]", b"null", b"7", b"{", b"\xff\xfe", b"[" * 9000, b'{"csp-report": 7}',
        {"csp-report": {"effective-directive": "script-src"}},
        {"csp-report": {"effective-directive": "<script>", "document-uri": "https://a/b"}},
        {"csp-report": {"effective-directive": "script-src", "document-uri": "https://[/"}},
        {"csp-report": {"effective-directive": "img-src", "document-uri": "https://a/\u001b[2J"}},
        [{"body": 7}, 8, {"body": {"effectiveDirective": ["a"], "documentURL": {}}}],
    ],
)  # fmt: skip
def test_what_is_no_report_is_not_counted(client: Client, told: Any) -> None:
    assert send(client, told) == 400
    assert browser_reports.read().total == 0


def test_another_site_cannot_report_about_us(client: Client) -> None:
    assert send(client, OLD, Origin="https://elsewhere.example") == 403
    assert browser_reports.read().total == 0


def test_what_is_too_long_is_not_read(client: Client) -> None:
    assert send(client, b" " * (BYTES_MAX + 1)) == 413


def test_a_flood_is_cut_off(client: Client) -> None:
    told = [send(client, OLD) for _ in range(60)]
    assert 429 in told
    assert browser_reports.read().total == told.count(204) < 60


def test_forged_kinds_take_no_more_room(client: Client) -> None:
    now = world().clock.now()
    for number in range(KINDS_MAX + 20):
        browser_reports.count([Refusal(directive="img-src", page=f"/{number}/")], now)
    told = browser_reports.read()
    assert len(told.kinds) == KINDS_MAX
    assert told.total == KINDS_MAX + 20


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.recursive(
        st.none() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(st.sampled_from([*OLD["csp-report"], "csp-report", "body"]), inner)
        ),
    )
)
def test_whatever_is_sent_only_plain_words_come_out(told: Any) -> None:
    for one in refusals(json.dumps(told).encode()):
        assert all(text.isascii() and text.isprintable() for text in (one.page, one.blocked))
