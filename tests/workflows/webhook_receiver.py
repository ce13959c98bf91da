"""A customer's program that takes webhooks, written against the standard and not against us.

It checks every call with the `standardwebhooks` library, keeps what it took, and misbehaves by a
seed: refuses, hangs up before it has kept anything, or keeps it and then drops the answer.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from standardwebhooks import Webhook


class Taken(NamedTuple):
    """One call that was kept."""

    id: str
    sequence: int
    body: bytes


class Receiver:
    """`answers` are given first, one a call; afterwards `faulty` of 100 calls go wrong."""

    def __init__(self, seed: int = 0, faulty: int = 0) -> None:
        self.secrets: list[str] = []
        self.taken: list[Taken] = []
        self.calls = 0
        self.not_ours: list[str] = []
        self.answers: list[str] = []
        self.refuses: set[int] = set()
        self._dice = random.Random(seed)
        self._faulty = faulty
        self._lock = threading.Lock()

    def take(self, headers: dict[str, str], body: bytes) -> str:
        """What to do with a call: "yes", "hang up", or a status."""
        with self._lock:
            self.calls += 1
            for secret in self.secrets:
                try:
                    Webhook(secret).verify(body, headers)
                except Exception as error:
                    self.not_ours.append(repr(error))
                    raise
            call = Taken(headers["webhook-id"], int(headers["nostro-sequence"]), body)
            answer = self.answers.pop(0) if self.answers else self._drawn()
            if call.sequence in self.refuses:
                answer = "500"
            if answer in ("yes", "keep and hang up", "keep and 500"):
                self.taken.append(call)
            return answer.removeprefix("keep and ")

    def _drawn(self) -> str:
        if self._dice.randrange(100) >= self._faulty:
            return "yes"
        return self._dice.choice(["500", "429", "hang up", "keep and hang up", "keep and 500"])

    @property
    def sequences(self) -> list[int]:
        """Every sequence that was taken, once each, in order."""
        return sorted({call.sequence for call in self.taken})


@contextmanager
def listening(receiver: Receiver) -> Iterator[str]:
    """Serve a receiver on this machine; gives its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            answer = receiver.take({k.lower(): v for k, v in self.headers.items()}, body)
            if answer == "hang up":
                self.connection.close()
                return
            self.send_response(204 if answer == "yes" else int(answer))
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/nostro"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def is_gap_free(sequences: Sequence[int]) -> bool:
    return list(sequences) == list(range(sequences[0], sequences[-1] + 1))
