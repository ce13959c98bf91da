"""Every connector, held to the same promises. A new connector is tested by existing."""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest

from nostro import connectors
from nostro.connectors import Connector, capabilities, open_connection
from nostro.domain.errors import Invalid
from nostro.ports import DeliversMessages, Outgoing, SendsPayments

ALL = connectors.find()
SECRETS = {"password": "made-up"}

# What Python reports when a program touches the outside (sys.addaudithook).
OUTSIDE = ("open", "socket.", "os.", "subprocess.", "shutil.", "tempfile.", "urllib.")
_watched: dict[int, list[str]] = {}


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    heard = _watched.get(threading.get_ident()) if _watched else None
    if heard is not None and event.startswith(OUTSIDE):
        heard.append(f"{event} {arguments!r:.100}")


sys.addaudithook(_hear)


@contextmanager
def watching() -> Iterator[list[str]]:
    """What this thread does to the outside meanwhile."""
    heard = _watched[threading.get_ident()] = []
    try:
        yield heard
    finally:
        del _watched[threading.get_ident()]


@pytest.fixture(params=list(ALL.values()), ids=list(ALL))
def connector(request: pytest.FixtureRequest) -> Connector:
    found: Connector = request.param
    return found


def secrets_of(connector: Connector) -> dict[str, str]:
    return dict.fromkeys(connector.secret_names, "made-up")


def test_the_watch_hears() -> None:
    with watching() as heard, open("/dev/null"):  # noqa: PTH123
        pass
    assert heard


def test_config_is_a_frozen_struct_whose_fields_a_form_can_show(connector: Connector) -> None:
    assert issubclass(connector.config, msgspec.Struct)
    assert connector.config.__struct_config__.frozen
    assert isinstance(connector.example, connector.config)
    assert (connector.config.__doc__ or "").strip(), "say what the fields mean"
    stored = msgspec.json.decode(msgspec.json.encode(connector.example))
    assert msgspec.convert(stored, connector.config) == connector.example


def test_secrets_are_no_part_of_the_config(connector: Connector) -> None:
    assert not connector.secret_names & set(connector.config.__struct_fields__)
    guessed = re.compile("password|secret|token|private_key|pin")
    assert not [name for name in connector.config.__struct_fields__ if guessed.search(name)]


def test_opening_does_no_io_and_offers_a_capability(connector: Connector) -> None:
    with watching() as heard:
        opened = connector.open(connector.example, secrets_of(connector))
    assert not heard
    assert capabilities(opened)


def test_names_the_document_it_was_written_against(connector: Connector) -> None:
    assert re.search(r"[0-9]", connector.document), "name the document and its version"
    assert connector.title
    assert re.fullmatch("[a-z][a-z0-9_]*", connector.name)


def test_says_what_it_carries(connector: Connector) -> None:
    opened = connector.open(connector.example, secrets_of(connector))
    if isinstance(opened, SendsPayments):
        assert opened.rails()
        for rail in opened.rails():
            assert re.fullmatch("[a-z][a-z0-9_]*", opened.payment_format(rail))


def test_a_secret_shows_in_no_text_of_it(connector: Connector) -> None:
    opened = connector.open(connector.example, secrets_of(connector))
    assert "made-up" not in f"{opened!r} {opened} {connector.example!r}"


def test_collecting_is_lazy(connector: Connector) -> None:
    """Nothing is fetched before the caller is ready to keep it."""
    opened = connector.open(connector.example, secrets_of(connector))
    if isinstance(opened, DeliversMessages):
        with watching() as heard:
            opened.collect("")
        assert not heard


def test_settings_that_do_not_fit_are_invalid(connector: Connector) -> None:
    with pytest.raises(Invalid) as caught:
        open_connection(connector.name, {"no": "field"}, {})
    assert caught.value.can_do


def test_an_unknown_connector_is_invalid() -> None:
    with pytest.raises(Invalid) as caught:
        open_connection("no_such_bank", {}, {})
    assert "mock_bank" in caught.value.can_do


def test_what_is_sent_is_frozen() -> None:
    assert Outgoing.__struct_config__.frozen
