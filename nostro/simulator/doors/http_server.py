"""A small HTTP/1.1 server for the simulated bank: quick to connect to, and able to misbehave.

One thread a connection, no name look-ups, no delayed packets.
"""

from __future__ import annotations

import socket
import socketserver
import struct
import threading
from http.server import BaseHTTPRequestHandler
from typing import Any, Protocol

import msgspec

BODY_BYTES_MAX = 1 << 30
_WAITING_CONNECTIONS_MAX = 1024
_LOOKS_EVERY_SECONDS = 0.25
_AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: close with a reset.


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One request; names of headers in small letters."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """One answer; or with `cut` a closed connection, with `held` an open one without any."""

    status: int = 200
    content: bytes = b""
    media_type: str = "application/json"
    headers: dict[str, str] = {}
    cut: bool = False
    held: bool = False


class Answers(Protocol):
    def answer(self, asked: Asked) -> Said: ...


class HttpServer(socketserver.ThreadingTCPServer):
    """Answers by `answers`. Raises OSError when it cannot listen."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = _WAITING_CONNECTIONS_MAX

    def __init__(self, host: str, port: int, answers: Answers) -> None:
        self.answers = answers
        self.stopping = threading.Event()
        super().__init__((host, port), _Handler)
        self._thread = threading.Thread(target=self._serve, name="rest", daemon=True)

    def port(self) -> int:
        return int(self.server_address[1])

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.stopping.set()
        self.shutdown()
        self._thread.join()
        self.server_close()

    def _serve(self) -> None:
        self.serve_forever(poll_interval=_LOOKS_EVERY_SECONDS)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A customer that goes away in the middle is no news for a bank."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # Head and body in one packet.
    server_version = "nostro-bank-simulator"
    sys_version = ""
    server: HttpServer

    def _handle(self) -> None:
        body = self._body()
        if body is None:
            return
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        said = self.server.answers.answer(
            Asked(method=self.command, path=path, query=query, headers=headers, body=body)
        )
        if said.held:
            self._hold()
        if said.held or said.cut:
            self._cut()
            return
        self._say(said)

    do_GET = do_POST = do_PUT = do_DELETE = _handle  # noqa: N815 - names that the library asks for

    def _body(self) -> bytes | None:
        """The whole body; None when there is no telling where it ends."""
        length = self.headers.get("Content-Length", "0")
        if self.headers.get("Transfer-Encoding") or not length.isdigit():
            self._say(Said(status=411, content=b'{"code":"length_required"}'))
            self.close_connection = True
            return None
        if int(length) > BODY_BYTES_MAX:
            self._say(Said(status=413, content=b'{"code":"too_large"}'))
            self.close_connection = True
            return None
        body = self.rfile.read(int(length))
        if len(body) < int(length):  # It was cut off: nothing came.
            self.close_connection = True
            return None
        return body

    def _say(self, said: Said) -> None:
        self.send_response(said.status)
        if said.content:
            self.send_header("Content-Type", said.media_type)
        for name, value in said.headers.items():
            self.send_header(name, value)
        if said.status != 204:
            self.send_header("Content-Length", str(len(said.content)))
        self.end_headers()
        self.wfile.write(said.content)

    def _hold(self) -> None:
        """Leave the connection open without a word, until the customer or the bank goes."""
        self.connection.settimeout(_LOOKS_EVERY_SECONDS)
        while not self.server.stopping.is_set():
            try:
                if not self.connection.recv(1 << 16):
                    return
            except TimeoutError:
                continue
            except OSError:
                return

    def _cut(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self.connection.close()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """The bank tells what happens itself."""
