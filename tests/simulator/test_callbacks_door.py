"""The simulated bank calls us with each message, signed by a standard that we did not write."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer

from standardwebhooks import Webhook

from nostro.simulator.doors.callbacks import Callbacks
from tests.simulator.files import pain_001_file
from tests.simulator.houses import House

SECRET = "whsec_" + base64.b64encode(b"x" * 24).decode()


class _Listener(BaseHTTPRequestHandler):
    calls: list[tuple[dict[str, str], bytes]]
    says: Callable[[], int]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        type(self).calls.append(({k.lower(): v for k, v in self.headers.items()}, body))
        self.send_response(type(self).says())
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


def test_the_bank_calls_with_every_message_until_it_is_taken() -> None:
    answers = [500, 200, 200, 503]
    listener = type(
        "Listener",
        (_Listener,),
        {"calls": [], "says": staticmethod(lambda: answers.pop(0) if answers else 200)},
    )
    server = HTTPServer(("127.0.0.1", 0), listener)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    house = House()
    house.desk.submit(pain_001_file("MSG-1"))
    house.clock.passes(minutes=1)
    calls = Callbacks(house.desk, f"http://127.0.0.1:{server.server_port}/hook", SECRET)
    try:
        outcomes = [calls.call() for _ in range(4)]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert outcomes == [False, False, True, True]
    for headers, body in listener.calls:  # type: ignore[attr-defined]
        Webhook(SECRET).verify(body, headers, json_parse=False)
    heard = [(h["webhook-id"], body) for h, body in listener.calls]  # type: ignore[attr-defined]
    told = [(f"msg_{one.id}", one.content) for one in house.desk.messages(0)]
    assert list(dict.fromkeys(heard)) == told
    assert len(heard) == len(told) + 2  # Twice it was not taken, and came again.
