"""Wires cut at every byte, and answers that never get done: doubts, and what is none."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from nostro.domain.errors import (
    Unavailable,
)
from tests.connectors.rest_bank import CuttingWire, EmulatedBank
from tests.connectors.rest_calls import (
    FILE,
    SIGNED_IN,
    connected,
    outcome,
    outgoing,
)
from tests.connectors.test_classify import peer


@pytest.fixture
def wire(bank: EmulatedBank) -> Iterator[CuttingWire]:
    wire = CuttingWire(bank.port)
    yield wire
    wire.close()


def test_a_request_cut_at_any_byte_is_a_doubt_and_nothing_is_kept(
    bank: EmulatedBank, wire: CuttingWire
) -> None:
    opened = connected(wire.url)
    assert outcome(opened, outgoing("WHOLE")) == "done"
    for size in range(wire.request_bytes):
        wire.request_bytes_max = size
        assert outcome(opened, outgoing("BROKE")) == "InDoubt", size
    wire.request_bytes_max = None
    assert outcome(opened, outgoing("AFTER")) == "done"
    bank.wait_until_idle()
    assert set(bank.files) == {"WHOLE", "AFTER"}


def test_an_answer_cut_at_any_byte_is_a_doubt(bank: EmulatedBank, wire: CuttingWire) -> None:
    opened = connected(wire.url)
    assert outcome(opened, outgoing("WHOLE")) == "done"
    whole = wire.answer_bytes
    for size in range(whole):
        wire.answer_bytes_max = size
        assert outcome(opened, outgoing("BROKE")) == "InDoubt", size
    wire.answer_bytes_max = whole
    assert outcome(opened, outgoing("BROKE")) == "done"
    assert bank.files == {"WHOLE": FILE, "BROKE": FILE}


def test_a_sign_in_cut_at_any_byte_is_no_doubt(bank: EmulatedBank, wire: CuttingWire) -> None:
    bank.asks_for_pass = True
    signing_in = {**SIGNED_IN, "sign_in_url": f"{wire.url}/oauth/token"}
    assert outcome(connected(bank.url, **signing_in), outgoing("WHOLE")) == "done"
    asked, answered = wire.request_bytes, wire.answer_bytes
    opened = connected(bank.url, **signing_in)
    for size in range(asked):
        wire.request_bytes_max = size
        assert outcome(opened, outgoing("BROKE")) == "Unavailable", size
    wire.request_bytes_max = None
    for size in range(answered):
        wire.answer_bytes_max = size
        assert outcome(opened, outgoing("BROKE")) == "Unavailable", size
    wire.answer_bytes_max = None
    assert outcome(opened, outgoing("AFTER")) == "done"
    assert set(bank.files) == {"WHOLE", "AFTER"}


def answering(raw: bytes) -> Callable[[socket.socket], None]:
    """A peer that takes a request and answers letter by letter, never silent for long."""

    def behave(caller: socket.socket) -> None:
        caller.recv(65536)
        between = threading.Event()
        for letter in raw:
            try:
                caller.sendall(bytes([letter]))
            except OSError:  # the caller has hung up
                return
            between.wait(0.02)

    return behave


YES = b"HTTP/1.1 202 Accepted\r\nContent-Length: 19\r\n"
SLOW = {
    "letters of a head": YES + b"X: " + b"x" * 100 + b"\r\n\r\n" + b'{"reference": "R1"}',
    "letters of a body": YES + b"\r\n" + b'{"reference": "R1"}',
    "letters until the end": b"HTTP/1.0 202 Accepted\r\n\r\n" + b'{"reference": "R1"}' + b" " * 99,
}


@pytest.mark.parametrize("raw", SLOW.values(), ids=SLOW)
def test_an_answer_that_never_gets_done_is_a_doubt_and_no_sign_in(raw: bytes) -> None:
    """Each letter comes in time; the whole does not."""
    with peer(answering(raw)) as slow:
        assert outcome(connected(slow.url, timeout_seconds=0.06), outgoing()) == "InDoubt"
        signing_in = connected(slow.url, timeout_seconds=0.06, **SIGNED_IN)
        assert outcome(signing_in, outgoing()) == "Unavailable"


def test_a_half_open_connection_is_a_doubt_and_no_sign_in() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        assert outcome(connected(url, timeout_seconds=0.1), outgoing()) == "InDoubt"
        opened = connected(url, timeout_seconds=0.1, **SIGNED_IN)
        assert outcome(opened, outgoing()) == "Unavailable"
        with pytest.raises(Unavailable):
            opened.knows("MSG-1")
