"""Mail over a server that we did not write: what was taken, what was not, and what nobody knows."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nostro.connectors import open_connection, outgoing
from nostro.connectors.outgoing import Reach
from nostro.connectors.payee.smtp import Smtp
from nostro.domain.errors import (
    ConnectionUnfit,
    InDoubt,
    Invalid,
    NostroError,
    Refused,
    Unavailable,
)
from nostro.ports import Outgoing
from tests.mail_server import PASSWORD, MailServer, mail_server

TO = "accounts@payee.example"
BODY = b"Subject: x\r\n\r\n.begins with a dot\r\n..two\r\nlast"
NOTICE = Outgoing(message_id="M", file_name="M.eml", media_type="message/rfc822", content=BODY)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MailServer]:
    with mail_server(tmp_path) as running:
        yield running


def opened(server: MailServer, password: str = PASSWORD, **more: Any) -> Smtp:
    made = open_connection("smtp", server.config(**more), {"password": password})
    assert isinstance(made, Smtp)
    return made


def failure(smtp: Smtp) -> NostroError:
    with pytest.raises(NostroError) as caught:
        smtp.tell_payee(NOTICE, TO)
    assert caught.value.can_do
    assert caught.value.did
    return caught.value


def test_what_is_taken_is_what_was_written(server: MailServer) -> None:
    """Over TLS, signed in, every byte as it was but for the line end that it lacked."""
    receipt = opened(server).tell_payee(NOTICE, TO)
    assert receipt.reference == "kept as 4711"
    (taken,) = server.taken
    assert (taken.sender, taken.recipients) == ("payments@payer.example", [TO])
    assert taken.content == BODY + b"\r\n"


@pytest.mark.parametrize(
    ("at_rcpt", "at_data", "kind", "code"),
    [
        ("550 no such person", "", Refused, "mail_recipient_refused"),
        ("451 greylisted", "", Unavailable, "mail_put_off"),
        ("", "452 full", Unavailable, "mail_server_busy"),
        ("", "421 going down", Unavailable, "mail_server_busy"),
        ("", "554 looks like spam", Refused, "mail_refused"),
        ("", "cut", InDoubt, "mail_may_have_been_sent"),
        ("", "lose", InDoubt, "mail_may_have_been_sent"),
    ],
)
def test_what_the_server_says(
    server: MailServer, at_rcpt: str, at_data: str, kind: type[NostroError], code: str
) -> None:
    server.at_rcpt, server.at_data = [at_rcpt], [at_data]
    error = failure(opened(server))
    assert (type(error), error.code) == (kind, code)
    assert len(server.taken) == (at_data == "cut")
    assert opened(server).tell_payee(NOTICE, TO).reference == "kept as 4711"


def test_a_wrong_password_sends_nothing(server: MailServer) -> None:
    error = failure(opened(server, password="made-up wrong"))
    assert (type(error), error.code) == (ConnectionUnfit, "mail_login_refused")
    assert server.taken == []


def test_a_certificate_that_nobody_vouches_for_sends_nothing(server: MailServer) -> None:
    error = failure(opened(server, certificate_authority=""))
    assert error.code == "certificate_not_accepted"
    assert server.taken == []


def test_mails_never_go_in_the_clear(tmp_path: Path) -> None:
    """A server that offers no TLS is not used; without is allowed on this machine alone."""
    with mail_server(tmp_path, encrypted=False) as plain:
        assert failure(opened(plain, user="")).code == "mail_not_encrypted"
        assert plain.taken == []
        opened(plain, user="", security="none").tell_payee(NOTICE, TO)
        assert len(plain.taken) == 1
        assert failure(opened(plain, security="none")).code == "mail_login_refused"
    with pytest.raises(Invalid) as caught:
        opened(plain, security="none", host="mail.example")
    assert caught.value.code == "mail_not_encrypted"


def test_nobody_there(server: MailServer) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        error = failure(opened(server, port=free.getsockname()[1]))
    assert (type(error), error.code) == (Unavailable, "mail_server_not_reached")


def test_a_server_in_our_own_network_is_not_reached(server: MailServer) -> None:
    """Unless the installation says so, as it does for these tests."""
    before = outgoing.reach()
    outgoing.install(Reach())
    try:
        error = failure(opened(server))
    finally:
        outgoing.install(before)
    assert (type(error), error.code) == (ConnectionUnfit, "address_not_allowed")
    assert server.tried == 0


def test_who_signs_in_is_told_and_nobody_else_is(server: MailServer) -> None:
    assert opened(server).greet() == "it lets us in"
    assert server.tried == 0


@pytest.mark.parametrize("sender", ["", "nobody", "a@b.example\r\nBcc: c@d.example", "a@b, c@d"])
def test_a_sender_is_an_address(sender: str) -> None:
    with pytest.raises(Invalid) as caught:
        open_connection("smtp", {"host": "mail.example", "sender": sender}, {})
    assert caught.value.code == "invalid_mail_address"
