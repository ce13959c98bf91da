"""An emulated bank with a REST API and odd habits, and the wires to it: no bank's own program.

It keeps a file only when it came whole, as any bank does; every answer can be scripted, with or
without acting first, which is what a lost answer looks like.
"""

from __future__ import annotations

import base64
import json
import select
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

RELEASED = "2026-11-20T08:00:00Z"


@dataclass
class Call:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Scripted:
    """What the bank says instead of its own answer; `acts` says whether it does its work first."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    acts: bool = False


Reply = tuple[int, dict[str, str], bytes]


class EmulatedBank:
    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.files: dict[str, bytes] = {}
        self.recalls: dict[str, bytes] = {}
        self.reports: dict[str, bytes] = {}
        self.messages: list[bytes] = []
        self.calls: list[Call] = []
        self.sign_in_answer: dict[str, Any] = {"token_type": "Bearer", "expires_in": 300}
        self.passes: list[str] = []
        self.asks_for_pass = False
        self._scripts: dict[str, list[Scripted]] = {}
        self._busy = threading.Condition()
        self._active = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        if tls:
            self._server.socket = tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.port: int = self._server.server_address[1]
        self.url = f"https://localhost:{self.port}" if tls else f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )
        self._thread.start()

    def script(self, call: str, *answers: Scripted) -> None:
        """The next answers to "POST /files" and the like, in order."""
        self._scripts.setdefault(call, []).extend(answers)

    def made(self, call: str) -> list[Call]:
        return [one for one in self.calls if f"{one.method} {one.path}" == call]

    def revoke(self) -> None:
        self.passes.clear()

    def wait_until_idle(self) -> None:
        """What was under way when the caller gave up has been done, or never will be."""
        with self._busy:
            assert self._busy.wait_for(lambda: self._active == 0, timeout=10)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        bank = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 10

            def do_GET(self) -> None:
                bank._serve(self)

            def do_POST(self) -> None:
                bank._serve(self)

            def handle(self) -> None:
                with bank._busy:
                    bank._active += 1
                try:
                    super().handle()
                except OSError:  # the caller hung up, or did not like our certificate
                    pass
                finally:
                    with bank._busy:
                        bank._active -= 1
                        bank._busy.notify_all()

            def log_message(self, *words: Any) -> None:
                pass

        return Handler

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        length = int(handler.headers.get("Content-Length", "0"))
        body = handler.rfile.read(length)
        if len(body) < length:
            return  # It was cut: nobody acts on half a file.
        url = urlsplit(handler.path)
        headers = {name.lower(): value for name, value in handler.headers.items()}
        path = unquote(url.path)
        call = Call(str(handler.command), path, parse_qs(url.query), headers, body)
        self.calls.append(call)
        scripts = self._scripts.get(f"{call.method} {call.path}")
        scripted = scripts.pop(0) if scripts else None
        status, more, answer = self._do(call) if scripted is None or scripted.acts else (0, {}, b"")
        if scripted is not None:
            status, more, answer = scripted.status, scripted.headers, scripted.body
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(answer)), **more}.items():
            handler.send_header(name, value)
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.wfile.write(answer)

    def _do(self, call: Call) -> Reply:
        if call.path == "/oauth/token":
            return self._let_in()
        shown = call.headers.get("authorization", "").removeprefix("Bearer ")
        if self.asks_for_pass and shown not in self.passes:
            return 401, {"WWW-Authenticate": "Bearer"}, b""
        if call.method == "POST":
            return self._take(call)
        if call.path == "/messages":
            return self._mailbox(call)
        return self._about(call.path.removeprefix("/files/"))

    def _let_in(self) -> Reply:
        new = f"pass-{len(self.made('POST /oauth/token'))}"
        self.passes.append(new)
        return _json(200, {"access_token": new, **self.sign_in_answer})

    def _take(self, call: Call) -> Reply:
        kept = self.files if call.path == "/files" else self.recalls
        key = call.headers.get("idempotency-key", "")
        if not key or not call.body:
            return _json(400, {"code": "no_key_or_body"})
        if kept.setdefault(key, call.body) != call.body:
            return _json(409, {"code": "other_bytes", "text": "Key in use"})
        return _json(202, {"reference": f"REF-{key}"})

    def _about(self, rest: str) -> Reply:
        message_id = rest.removesuffix("/status")
        if message_id not in self.files:
            return _json(404, {"code": "unknown_file"})
        if rest == message_id:
            told = {"reference": f"REF-{message_id}", "received_at": RELEASED}
            return _json(200, {"message_id": message_id, **told})
        report = self.reports.get(message_id)
        if report is None:
            return 204, {}, b""
        return 200, {"Content-Type": "application/xml; charset=utf-8"}, report

    def _mailbox(self, call: Call) -> Reply:
        after = int(call.query.get("after", ["0"])[0])
        last = after + int(call.query["limit"][0])
        page = [
            message(str(number), content)
            for number, content in enumerate(self.messages, 1)
            if after < number <= last
        ]
        told = {"messages": page, "next": str(after + len(page))}
        return _json(200, {**told, "more": last < len(self.messages)})


def message(number: str, content: bytes) -> dict[str, str]:
    return {
        "id": number,
        "name": f"statement-{number}.xml",
        "media_type": "application/xml",
        "released_at": RELEASED,
        "content": base64.b64encode(content).decode(),
    }


def _json(status: int, told: dict[str, Any]) -> Reply:
    return status, {"Content-Type": "application/json"}, json.dumps(told).encode()


class CuttingWire:
    """A wire to a server that breaks after so many bytes of the request or of the answer."""

    def __init__(self, port: int) -> None:
        self.request_bytes_max: int | None = None
        self.answer_bytes_max: int | None = None
        self.request_bytes = self.answer_bytes = 0
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                ours, _ = self._listener.accept()
            except OSError:  # closed: the test is over
                return
            with ours, socket.create_connection(("127.0.0.1", self._port)) as theirs:
                self.request_bytes = self.answer_bytes = 0
                # A connection keeps the limits it began with: the test may be setting the
                # next one's while this one is still being taken down.
                limits = self.request_bytes_max, self.answer_bytes_max
                try:
                    self._carry(ours, theirs, *limits)
                except OSError:  # one of them hung up: so do we, on both
                    continue

    def _carry(
        self,
        ours: socket.socket,
        theirs: socket.socket,
        request_bytes_max: int | None,
        answer_bytes_max: int | None,
    ) -> None:
        while request_bytes_max != self.request_bytes and answer_bytes_max != self.answer_bytes:
            ready, _, _ = select.select([ours, theirs], [], [], 10)
            if not ready:
                return
            if theirs in ready:
                part = theirs.recv(_room(answer_bytes_max, self.answer_bytes))
                self.answer_bytes += len(part)
                ours.sendall(part)
            else:
                part = ours.recv(_room(request_bytes_max, self.request_bytes))
                self.request_bytes += len(part)
                theirs.sendall(part)
            if not part:
                return


def _room(most: int | None, done: int) -> int:
    return 65536 if most is None else most - done


@contextmanager
def emulated_bank(tls: ssl.SSLContext | None = None) -> Iterator[EmulatedBank]:
    bank = EmulatedBank(tls)
    try:
        yield bank
    finally:
        bank.close()
