"""Who lets whom in by SFTP: host keys, log-ins, settings, what a connection can do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import asyncssh
import pytest

from nostro.connectors import capabilities, open_connection
from nostro.domain.errors import (
    ConnectionUnfit,
    Invalid,
)
from nostro.ports import Outgoing
from tests.connectors.sftp_files import (
    FILE,
    Starts,
    kind_of,
)
from tests.connectors.sftp_servers import (
    HOST_KEY,
    OUR_KEY,
    private_text,
    public_text,
)

# In PKCS#8: OpenSSH's own form of a locked key takes a library (bcrypt) that we do without.
LOCKED_KEY = OUR_KEY.export_private_key("pkcs8-pem", passphrase="made-up").decode()


def test_a_changed_host_key_is_refused_and_named(start: Starts) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519")
    bank = start(host_key=other)
    channel = bank.connection(host_keys=[public_text(HOST_KEY)])
    for call, argument in ((channel.send, FILE), (channel.knows, "M-1")):
        with pytest.raises(ConnectionUnfit) as caught:
            call(argument)
        assert caught.value.code == "sftp_host_key_changed"
        assert other.get_fingerprint() in caught.value.happened
    assert bank.logins == [], "not even our name was told"
    both = bank.connection(host_keys=[public_text(HOST_KEY), f"bank.example {public_text(other)}"])
    assert kind_of(both) == "delivered"


def test_a_host_key_of_another_kind_is_named_too(start: Starts) -> None:
    bank = start(host_key=asyncssh.generate_private_key("ecdsa-sha2-nistp256"))
    with pytest.raises(ConnectionUnfit) as caught:
        bank.connection(host_keys=[public_text(HOST_KEY)]).send(FILE)
    assert bank.host_key.get_fingerprint() in caught.value.happened


def settings(**more: Any) -> dict[str, Any]:
    keys = [public_text(HOST_KEY)]
    return {"host": "127.0.0.1", "user": "u", "host_keys": keys, "drop_folder": "/drop", **more}


@pytest.mark.parametrize("keys", [[], [""], ["  "]])
def test_without_a_host_key_it_does_not_open(keys: list[str]) -> None:
    with pytest.raises(Invalid):
        open_connection("sftp", settings(host_keys=keys), {})


@pytest.mark.parametrize(
    "wrong", [{"upload": "by_pigeon"}, {"timeout_seconds": 600}, {"after_pickup": "archive"}]
)
def test_settings_that_cannot_work_do_not_open(wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        open_connection("sftp", settings(**wrong), {})


@pytest.mark.parametrize(
    ("config", "secrets"),
    [
        ({"host_keys": ["ssh-ed25519 nonsense"]}, {}),
        ({}, {"private_key": "no key"}),
        ({}, {"private_key": LOCKED_KEY}),
    ],
)
def test_keys_that_cannot_be_read_are_refused_without_connecting(
    config: dict[str, Any], secrets: dict[str, str]
) -> None:
    channel = open_connection("sftp", settings(port=1, **config), secrets)
    assert kind_of(channel) == "ConnectionUnfit"


def test_log_in_by_password_and_by_a_key_with_a_passphrase(start: Starts, tmp_path: Path) -> None:
    bank = start(password="made-up")
    config = settings(port=bank.port)
    assert kind_of(open_connection("sftp", config, {"password": "wrong"})) == "ConnectionUnfit"
    assert bank.lies() == {}
    assert kind_of(open_connection("sftp", config, {"password": "made-up"})) == "delivered"
    by_key = start(host_key=HOST_KEY)
    kept = LOCKED_KEY
    secrets = {"private_key": kept, "private_key_passphrase": "made-up"}
    assert kind_of(open_connection("sftp", settings(port=by_key.port), secrets)) == "delivered"
    stranger = private_text(asyncssh.generate_private_key("ssh-ed25519"))
    refused = open_connection("sftp", settings(port=by_key.port), {"private_key": stranger})
    assert kind_of(refused) == "ConnectionUnfit"


def test_nobody_at_the_address_is_surely_not_delivered() -> None:
    assert kind_of(open_connection("sftp", settings(port=1), {})) == "Unavailable"


@pytest.mark.parametrize("name", ["", ".", "..", ".hidden", "../a", "a/b", "/a", "a\nb", "a\\b"])
def test_a_name_that_leads_elsewhere_is_invalid(name: str) -> None:
    wrong = Outgoing(message_id="M", file_name=name, media_type="", content=b"x")
    assert kind_of(open_connection("sftp", settings(port=1), {}), wrong) == "Invalid"


def test_it_says_what_it_can_do_by_its_settings() -> None:
    plain = open_connection("sftp", settings(), {})
    sealing = open_connection("sftp", settings(encrypt_to="a key"), {})
    assert set(capabilities(sealing)) - set(capabilities(plain)) == {"SealsFiles"}
    assert capabilities(plain) == (
        *("SendsPayments", "DeliversMessages", "AnswersEnquiries"),
        "TakesCheckFiles",
    )
