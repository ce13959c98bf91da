"""A company's sign-in service, as far as nobody signs in: it publishes itself and knows a client.

Written against OpenID Connect Discovery 1.0 and RFC 6749 section 5.2, not against us; one thing at
a time may be wrong with it.
"""

from __future__ import annotations

import json
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Network
from typing import Any

from joserfc.jwk import ECKey

from nostro.connectors import outgoing
from nostro.connectors.outgoing import Reach


class Service:
    """`clients` are secrets by client id; `vague`: it does not say what is wrong with a code."""

    def __init__(self) -> None:
        self.issuer = ""
        self.clients: dict[str, str] = {}
        self.calls_itself = ""
        self.vague = False
        self._key = ECKey.generate_key("P-256").as_dict(private=False)

    def answer(self, path: str, authorization: str) -> tuple[int, dict[str, Any]]:
        if path == "/.well-known/openid-configuration":
            ends = {"authorization_endpoint": "/auth", "token_endpoint": "/token",
                    "jwks_uri": "/keys"}  # fmt: skip
            told = {name: self.issuer + end for name, end in ends.items()}
            return 200, {"issuer": self.calls_itself or self.issuer, **told}
        if path == "/keys":
            return 200, {"keys": [self._key]}
        if self.vague:
            return 500, {}
        if authorization in [self._basic(*one) for one in self.clients.items()]:
            return 400, {"error": "invalid_grant"}
        return 401, {"error": "invalid_client"}

    def _basic(self, client_id: str, secret: str) -> str:
        return f"Basic {b64encode(f'{client_id}:{secret}'.encode()).decode()}"


@contextmanager
def sign_in_service() -> Iterator[Service]:
    """The service at an address of this machine, which is within reach meanwhile."""
    service = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._say(*service.answer(self.path, ""))

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self._say(*service.answer(self.path, self.headers.get("Authorization", "")))

        def _say(self, status: int, told: dict[str, Any]) -> None:
            body = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Requests are no news."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    before = outgoing.reach()
    outgoing.install(Reach(networks=(IPv4Network("127.0.0.0/8"),)))
    service.issuer = f"http://127.0.0.1:{server.server_port}"
    try:
        yield service
    finally:
        outgoing.install(before)
        server.shutdown()
        thread.join()
        server.server_close()
