"""A mail server that we did not write (aiosmtpd); it refuses, puts off and hangs up when told."""

from __future__ import annotations

import ssl
from asyncio import Server, Transport
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NamedTuple

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST = "127.0.0.1"
USER, PASSWORD = "nostro", "made-up mail word"


class Taken(NamedTuple):
    """One message as the server has it."""

    sender: str
    recipients: list[str]
    content: bytes

    @property
    def message(self) -> EmailMessage:
        read = message_from_bytes(self.content, policy=default)
        assert isinstance(read, EmailMessage)
        return read


class MailServer:
    """What aiosmtpd asks at each step. `at_rcpt` and `at_data` are answers given once each, first
    come first; "cut" hangs up without a word after the message was kept, "lose" before."""

    def __init__(self) -> None:
        self.taken: list[Taken] = []
        self.tried = 0
        self.at_rcpt: list[str] = []
        self.at_data: list[str] = []
        self.authority = ""
        self.port = 0

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, _: list[str]
    ) -> str:
        if self.at_rcpt and (answer := self.at_rcpt.pop(0)):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 yes"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.tried += 1
        answer = self.at_data.pop(0) if self.at_data else ""
        if answer in ("", "cut"):
            content = envelope.original_content or b""
            self.taken.append(Taken(str(envelope.mail_from), envelope.rcpt_tos, content))
        if answer in ("cut", "lose"):
            assert isinstance(server.transport, Transport)
            server.transport.abort()
        return answer or "250 kept as 4711"

    def config(self, **more: Any) -> dict[str, Any]:
        """The settings of a connection to it."""
        told = {"host": HOST, "port": self.port, "sender": "payments@payer.example", "user": USER}
        return {**told, "certificate_authority": self.authority, **more}


class _Signed(Controller):
    """With STARTTLS and a log-in, as submission servers have it."""

    def __init__(self, handler: MailServer, context: ssl.SSLContext | None, **more: Any) -> None:
        super().__init__(handler, hostname=HOST, port=0, **more)
        self._context = context

    def factory(self) -> SMTP:
        def known(_: Any, __: Any, ___: Any, ____: str, data: Any) -> AuthResult:
            right = LoginPassword(USER.encode(), PASSWORD.encode())
            return AuthResult(success=data == right, handled=False)

        encrypted = self._context is not None
        return SMTP(
            self.handler,
            tls_context=self._context,
            require_starttls=encrypted,
            auth_required=encrypted,
            authenticator=known if encrypted else None,
        )

    def _trigger_server(self) -> None:
        """The port is the system's choice: aiosmtpd would knock at port 0."""
        assert isinstance(self.server, Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


@contextmanager
def mail_server(folder: Path, *, encrypted: bool = True) -> Iterator[MailServer]:
    """A running server; its certificate is of an authority of its own."""
    handler = MailServer()
    context = None
    if encrypted:
        certificate, key = _certificate(folder)
        handler.authority = certificate.read_text()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
    controller = _Signed(handler, context)
    controller.start()
    handler.port = controller.port
    try:
        yield handler
    finally:
        controller.stop()


def _certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / "mail.pem", folder / "mail.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate, private
