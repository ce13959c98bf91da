"""How we sign in to an emulated bank, and what a failed sign-in means: nothing was sent."""

from __future__ import annotations

import base64

import pytest

from nostro.connectors.classify import HttpChannel
from nostro.connectors.oauth import ClientCredentials
from nostro.domain.errors import (
    ConnectionUnfit,
    NostroError,
    Unavailable,
)
from tests.connectors.rest_bank import EmulatedBank, Scripted
from tests.connectors.rest_calls import (
    SIGNED_IN,
    connected,
    outgoing,
)


@pytest.mark.parametrize(
    ("how", "form", "basic"),
    [
        ("basic", "grant_type=client_credentials&scope=payments", True),
        (
            "post",
            "grant_type=client_credentials&scope=payments&client_id=us"
            "&client_secret=s3cr%3At+%26+more",
            False,
        ),
    ],
)
def test_how_the_bank_knows_us(bank: EmulatedBank, how: str, form: str, basic: bool) -> None:
    bank.asks_for_pass = True
    connected(bank.url, **SIGNED_IN, client_authentication=how).send(outgoing())
    (call,) = bank.made("POST /oauth/token")
    assert call.body.decode() == form
    assert call.headers["content-type"] == "application/x-www-form-urlencoded"
    # RFC 6749 section 2.3.1: both are form-encoded before they are put together.
    pair = base64.b64encode(b"us:s3cr%3At%20%26%20more").decode()
    assert call.headers.get("authorization") == (f"Basic {pair}" if basic else None)


def test_one_pass_serves_until_the_bank_does_not_take_it(bank: EmulatedBank) -> None:
    bank.asks_for_pass = True
    opened = connected(bank.url, **SIGNED_IN)
    opened.send(outgoing("A"))
    assert opened.knows("A") is True
    assert len(bank.made("POST /oauth/token")) == 1
    bank.revoke()
    opened.send(outgoing("B"))
    assert len(bank.made("POST /oauth/token")) == 2
    assert set(bank.files) == {"A", "B"}


def test_a_bank_that_takes_no_pass_is_tried_once_more_and_then_not_fit(
    bank: EmulatedBank,
) -> None:
    bank.script("POST /files", *[Scripted(401)] * 3)
    with pytest.raises(ConnectionUnfit) as caught:
        connected(bank.url, **SIGNED_IN).send(outgoing())
    assert caught.value.code == "access_refused"
    assert len(bank.made("POST /files")) == 2
    assert len(bank.made("POST /oauth/token")) == 2


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Scripted(400, b'{"error": "invalid_scope"}'), ConnectionUnfit),
        (
            Scripted(401, b'{"error": "invalid_client", "error_description": "s3cr:t & more"}'),
            ConnectionUnfit,
        ),
        (Scripted(400, b"[" * 100_000), ConnectionUnfit),
        (Scripted(403), ConnectionUnfit),
        (Scripted(404), ConnectionUnfit),
        (Scripted(302, b"", {"Location": "/files"}), ConnectionUnfit),
        (Scripted(409), ConnectionUnfit),
        (Scripted(429, b"", {"Retry-After": "5"}), Unavailable),
        (Scripted(500), Unavailable),
        (Scripted(503), Unavailable),
        (Scripted(200, b"<html>"), Unavailable),
        (Scripted(200, b"{}"), Unavailable),
        (Scripted(200, b'{"access_token": "", "token_type": "Bearer"}'), Unavailable),
        (Scripted(200, b'{"access_token": "x\\r\\ny", "token_type": "Bearer"}'), Unavailable),
        (Scripted(200, b'{"access_token": "abc", "token_type": "mac"}'), Unavailable),
        (Scripted(200, b"[" * 100_000), Unavailable),
    ],
    ids=lambda value: f"{value.status}" if isinstance(value, Scripted) else value.__name__,
)
def test_a_failed_sign_in_sends_nothing(
    bank: EmulatedBank, answer: Scripted, kind: type[NostroError]
) -> None:
    bank.script("POST /oauth/token", answer)
    with pytest.raises(kind) as caught:
        connected(bank.url, **SIGNED_IN).send(outgoing())
    assert "s3cr" not in str(caught.value)
    assert caught.value.can_do
    assert not bank.made("POST /files")


@pytest.mark.parametrize(
    ("life", "good_for"),
    [(300, 270), ("300", 270), (20, 10), (0, 0), (-5, 0), (None, 30)],
)
def test_a_pass_is_renewed_before_its_time_is_up(
    bank: EmulatedBank, life: object, good_for: int
) -> None:
    bank.sign_in_answer["expires_in"] = life
    now = 1000.0
    source = ClientCredentials(
        HttpChannel(f"{bank.url}/oauth/token"), "us", "secret", monotonic=lambda: now
    )
    assert source.authorization() == "Bearer pass-1"
    if good_for:
        now += good_for - 0.001
        assert source.authorization() == "Bearer pass-1"
        now += 0.001
    assert source.authorization() == "Bearer pass-2"
