"""Mail to payees by the customer's own mail server (SMTP submission).

    what we see                                     what it means
    no connection, no TLS, log-in or sender refused Unavailable or ConnectionUnfit: nothing was sent
    the recipient or the message put off (4yz)      Unavailable
    the recipient or the message refused (5yz)      Refused
    the line breaks once the message is on its way  InDoubt: the server may have it

Only the server's word after the last line of the message counts; what it does then is its affair.
"""

from __future__ import annotations

import contextlib
import re
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Final, Literal

import msgspec

from nostro.connectors import Connector, outgoing
from nostro.connectors.tls import certificate_trouble, tls_context
from nostro.domain.errors import ConnectionUnfit, InDoubt, Invalid, Refused, Unavailable
from nostro.domain.payee import mail
from nostro.ports import Outgoing, Receipt

WHOLE_CALL_SECONDS_MAX: Final = 100  # However lively the other side is.
_SAID_MAX: Final = 200
_NOTHING: Final = "Nobody was told anything."


class SmtpConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`host` and `port` of the server that takes your mails, `sender` the address they come from.
    `security`: starttls, or tls from the first byte; none only for a server on this machine.

    `user` signs in with the password; "": nobody signs in. `certificate_authority` is a PEM text:
    with it only servers that this authority vouches for are believed.
    """

    host: str
    sender: str
    port: int = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    certificate_authority: str = ""
    timeout_seconds: int = 30


class Smtp:
    def __init__(self, config: SmtpConfig, secrets: dict[str, str]) -> None:
        if config.security == "none" and not _is_this_machine(config.host):
            raise Invalid(
                "mail_not_encrypted",
                "Mails would go to another machine in the clear: anyone could read them.",
                can_do="Choose starttls or tls.",
                field="security",
            )
        if not mail(config.sender):
            raise Invalid(
                "invalid_mail_address",
                "The mails would come from nobody.",
                can_do="Give the address that they come from.",
                field="sender",
            )
        self._config = config
        self._password = secrets.get("password", "")

    @property
    def by_mail(self) -> bool:
        return True

    def sender(self) -> str:
        return self._config.sender

    def greet(self) -> str:
        with self._session():
            return "it lets us in"

    def tell_payee(self, notice: Outgoing, recipient: str) -> Receipt:
        with self._session() as line:
            _address(line, self._config.sender, recipient)
            return Receipt(reference=_hand_over(line, notice.content))

    @contextlib.contextmanager
    def _session(self) -> Iterator[_Line]:
        """Signed in. What goes wrong before that is told as it is: nothing was sent."""
        line = _Line(self._config)
        watch = threading.Timer(WHOLE_CALL_SECONDS_MAX, line.hang_up)
        watch.daemon = True
        watch.start()
        try:
            self._sign_in(line)
            yield line
            with contextlib.suppress(OSError, smtplib.SMTPException):
                line.quit()
        finally:
            watch.cancel()
            line.close()

    def _sign_in(self, line: _Line) -> None:
        try:
            code, said = line.connect(self._config.host, self._config.port)
            if code != 220:
                raise _put_off(code, said)
            line.ehlo_or_helo_if_needed()
            if self._config.security == "starttls":
                self._encrypt(line)
            if self._config.user:
                line.login(self._config.user, self._password)
        except smtplib.SMTPAuthenticationError as error:
            if 400 <= error.smtp_code < 500:
                raise _put_off(error.smtp_code, error.smtp_error) from error
            raise _unfit(
                "mail_login_refused",
                f"The mail server did not let {self._config.user} in.",
                "Check user and password of the connection.",
            ) from error
        except smtplib.SMTPNotSupportedError as error:
            raise _unfit(
                "mail_login_refused",
                "The mail server offers no way to sign in.",
                "Check port and security of the connection, or leave the user out.",
            ) from error
        except (OSError, smtplib.SMTPException) as error:
            raise self._not_reached(error) from error

    def _encrypt(self, line: _Line) -> None:
        if not line.has_extn("starttls"):
            raise _unfit(
                "mail_not_encrypted",
                "The mail server does not offer TLS on this port.",
                "Ask for the port on which it does; mails never go in the clear.",
            )
        line.starttls(context=line.tls())
        line.ehlo()

    def _not_reached(self, error: Exception) -> Unavailable:
        told = certificate_trouble(error)
        if told:
            return _unfit(
                "certificate_not_accepted",
                f"No connection to the mail server: {told[0]}.",
                "Check the address and the authority of the connection. We try again.",
            )
        return Unavailable(
            "mail_server_not_reached",
            f"The mail server could not be reached ({_one_line(str(error)) or 'it hung up'}).",
            _NOTHING,
            "We try again; if it lasts, check the address of the connection.",
        )


class _Line(smtplib.SMTP):
    """A connection to addresses that were judged, and to no others."""

    def __init__(self, config: SmtpConfig) -> None:
        own_name = config.sender.rpartition("@")[2]
        super().__init__(local_hostname=own_name, timeout=config.timeout_seconds)
        self._config = config
        self._host = config.host  # smtplib holds the certificate against it.

    def tls(self) -> ssl.SSLContext:
        return tls_context(self._config.certificate_authority)

    def hang_up(self) -> None:
        if self.sock is not None:
            with contextlib.suppress(OSError):
                # Not SSLSocket's own, which would pull the TLS away from under the reader.
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        failure: OSError = OSError(f"{host} has no address")
        for address in outgoing.reach().addresses(host, port):
            try:
                plain = socket.create_connection((address, port), timeout)
            except OSError as error:
                failure = error
                continue
            if self._config.security != "tls":
                return plain
            return self.tls().wrap_socket(plain, server_hostname=host)
        raise failure


def _address(line: _Line, sender: str, recipient: str) -> None:
    """From whom and to whom; nothing of the message has left yet."""
    try:
        code, said = line.mail(sender)
        if code != 250:
            raise _sender_refused(code, said)
        code, said = line.rcpt(recipient)
    except (OSError, smtplib.SMTPException) as error:
        raise Unavailable(
            "mail_server_not_reached",
            "The mail server hung up before the message began.",
            _NOTHING,
            "We try again.",
        ) from error
    if code in (250, 251):
        return
    if 400 <= code < 500:
        raise Unavailable(
            "mail_put_off",
            f"The mail server takes nothing for this payee now: {code} {_text(said)}".rstrip(),
            _NOTHING,
            "We try again for three days.",
        )
    raise Refused(
        "mail_recipient_refused",
        f"The mail server takes nothing for this payee: {code} {_text(said)}".rstrip(),
        _NOTHING,
        "Correct the payee's address, then send the advice again.",
    )


def _hand_over(line: _Line, content: bytes) -> str:
    """The message itself; the server's words about it."""
    try:
        code, said = line.docmd("DATA")
    except (OSError, smtplib.SMTPException) as error:
        raise Unavailable(
            "mail_server_not_reached",
            "The mail server hung up before the message began.",
            _NOTHING,
            "We try again.",
        ) from error
    if code == 354:
        try:
            line.send(_stuffed(content))
            code, said = line.getreply()
        except (OSError, smtplib.SMTPException) as error:
            raise InDoubt(
                "mail_may_have_been_sent",
                "The connection to the mail server broke when the message was on its way.",
                "We do not know whether the payee gets it.",
                "The same message goes again under the same Message-ID; he may get it twice.",
            ) from error
    if code == 250:
        return _text(said)
    if 400 <= code < 500:
        raise _put_off(code, said)
    raise Refused(
        "mail_refused",
        f"The mail server refused the message: {code} {_text(said)}".rstrip(),
        _NOTHING,
        "Ask who runs the mail server; then send the advice again.",
    )


def _stuffed(content: bytes) -> bytes:
    """With a dot before each line that begins with one, and the line that ends it (RFC 5321,
    section 4.5.2)."""
    lines = content if content.endswith(b"\r\n") else content + b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", lines) + b".\r\n"


def _sender_refused(code: int, said: bytes) -> Unavailable:
    if 400 <= code < 500:
        return _put_off(code, said)
    return _unfit(
        "mail_sender_refused",
        f"The mail server takes nothing from our address: {code} {_text(said)}".rstrip(),
        "Check the sender of the connection, and that it has to sign in.",
    )


def _put_off(code: int, said: bytes | str) -> Unavailable:
    return Unavailable(
        "mail_server_busy",
        f"The mail server is busy: {code} {_text(said)}".rstrip(),
        _NOTHING,
        "Nothing to do: we try again.",
    )


def _unfit(code: str, happened: str, can_do: str) -> ConnectionUnfit:
    return ConnectionUnfit(code, happened, _NOTHING, can_do)


def _text(said: bytes | str) -> str:
    return _one_line(said.decode("utf-8", "replace") if isinstance(said, bytes) else said)


def _one_line(text: str) -> str:
    words = " ".join(text.split())[:_SAID_MAX]
    return "".join(letter for letter in words if letter.isprintable())


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _open(config: SmtpConfig, secrets: dict[str, str]) -> Smtp:
    return Smtp(config, secrets)


CONNECTOR = Connector(
    name="smtp",
    title="Mail to payees (SMTP)",
    document="RFC 5321 (SMTP), RFC 3207 (STARTTLS), RFC 4954 (AUTH), RFC 6409 (submission)",
    config=SmtpConfig,
    open=_open,
    example=SmtpConfig(host="mail.example", sender="payments@payer.example"),
    secret_names=frozenset({"password"}),
)
