"""mock-bank over HTTP: the independent program that plays the bank in the demo and in tests.

Its mailbox is one for all its customers and anyone may take messages from it, so we take none: we
read its list of everything it ever sent and remember in the cursor which messages we have kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import httpx
import msgspec

from nostro.connectors import Connector
from nostro.connectors.classify import Answer, HttpChannel
from nostro.domain.errors import InDoubt, Refused
from nostro.domain.payment import Rail
from nostro.ports import Incoming, Outgoing, Receipt

_EXTENSION = {"nacha.ack": ".txt", "nacha.return": ".ach", "bai2.statement": ".bai2"}


class MockBankConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`user` is empty for a bank started without `--auth`.

    `account_ids` are the bank's own names of our accounts: messages about others are left alone
    (messages about no account are ours: the bank could not read whose file it refused). Empty
    takes everything. `profile` names the bank's dialect.

    `formats`: the formats of
    rails that this bank takes otherwise ({"ach_ccd": "nacha"}), `format_options`: what only this
    customer's files say of a format, by its name ({"nacha": {"company_ids": {"*": "1234567890"}}}).
    """

    base_url: str
    user: str = ""
    account_ids: tuple[str, ...] = ()
    profile: str = "mock_bank"
    formats: dict[Rail, str] = {}
    format_options: dict[str, dict[str, Any]] = {}
    timeout_seconds: int = 30

    @property
    def payment_format(self) -> str:
        return "pain_001"

    @property
    def rails(self) -> frozenset[Rail]:
        always = {Rail.SEPA_CREDIT_TRANSFER, Rail.CROSS_BORDER_TRANSFER}
        return frozenset(always | self.formats.keys())


class _Message(msgspec.Struct, frozen=True, rename="camel"):
    id: int
    type: str
    account: str | None
    released_at: datetime
    body: str


class MockBank:
    def __init__(self, config: MockBankConfig, password: str) -> None:
        self._config = config
        self._channel = HttpChannel(
            config.base_url,
            other_side="mock-bank",
            auth=httpx.BasicAuth(config.user, password) if config.user else None,
            timeout_seconds=config.timeout_seconds,
        )

    def rails(self) -> frozenset[Rail]:
        return self._config.rails

    def payment_format(self, rail: Rail) -> str:
        return self._config.formats.get(rail, self._config.payment_format)

    def send(self, outgoing: Outgoing) -> Receipt:
        answer = self._channel.send(
            "/payments", outgoing.content, outgoing.media_type, understood=frozenset({422})
        )
        if answer.status == 422:
            raise _refusal(outgoing.message_id, answer)
        return Receipt(reference="")  # mock-bank names nothing of its own in its answer

    def collect(self, cursor: str) -> Iterator[tuple[Incoming, str]]:
        """Messages in the order of their numbers. A message held back by the bank gets its number
        before it can be seen, so the cursor is a set of numbers ("1-7 9"), not a high mark."""
        kept = _numbers(cursor)
        messages = self._sent()
        if kept and max(kept) > max((message.id for message in messages), default=0):
            raise Refused(
                "mailbox_started_anew",
                "mock-bank's mailbox has started anew: it no longer has messages that we kept.",
                "Nothing was collected.",
                "If the bank was reset on purpose, empty the connection's cursor.",
            )
        for message in messages:
            if message.id not in kept:
                kept.add(message.id)
                if self._is_ours(message):
                    yield _incoming(message), _cursor(kept)

    def knows(self, message_id: str) -> bool | None:
        """mock-bank decides and books within the request, so what it does not list it never had.

        A file that it refused whole has no payments; its status report names it.
        """
        rows = self._channel.get("/_mock/payments").json()
        if any(row.get("msg_id") == message_id for row in rows):
            return True
        named = f"<OrgnlMsgId>{_escaped(message_id)}</OrgnlMsgId>"
        return any(named in message.body for message in self._sent("pain.002"))

    def _sent(self, kind: str = "") -> list[_Message]:
        """Everything the bank sent, after it has released what is due (only a look into the
        mailbox makes it do that)."""
        self._channel.get("/_mock/mailbox", query={"leave": "", "type": "nothing"})
        answer = self._channel.get("/_mock/messages", query={"type": kind} if kind else None)
        return _decoded(answer)

    def _is_ours(self, message: _Message) -> bool:
        ours = self._config.account_ids
        return not ours or message.account is None or message.account in ours


def _decoded(answer: Answer) -> list[_Message]:
    try:
        return sorted(
            msgspec.json.decode(answer.content, type=list[_Message]),
            key=lambda message: message.id,
        )
    except msgspec.DecodeError as error:
        raise Refused(
            "not_mock_bank",
            f"The answer is not a mailbox of mock-bank 0.9: {error}.",
            "Nothing was collected.",
            "Check the address of the connection.",
        ) from None


def _refusal(message_id: str, answer: Answer) -> InDoubt | Refused:
    told: dict[str, Any] = answer.json()
    if told.get("reason") == "DUPL":
        return InDoubt(
            "bank_has_message_id",
            f"mock-bank says that it already has a file {message_id}.",
            "We sent nothing more and treat the file as possibly delivered.",
            "We ask the bank what became of the first one.",
        )
    return Refused(
        "bank_refused_file",
        f"mock-bank refused the file {message_id}: {told.get('reason')} {told.get('reason_text')}",
        "No payment in it was made.",
        "Correct the cause; a corrected file is a new file with a new message id.",
    )


def _incoming(message: _Message) -> Incoming:
    """`received_at` is the bank's own clock: it and ours are moved together."""
    extension = _EXTENSION.get(message.type, ".xml")
    return Incoming(
        name=f"{message.type}-{message.account or 'bank'}-{message.id}{extension}",
        media_type="application/xml" if extension == ".xml" else "text/plain",
        content=message.body.strip().encode() + b"\n",
        received_at=message.released_at,
    )


def _numbers(cursor: str) -> set[int]:
    """ "1-3 7" as {1, 2, 3, 7}."""
    numbers: set[int] = set()
    for part in cursor.split():
        first, _, last = part.partition("-")
        numbers.update(range(int(first), int(last or first) + 1))
    return numbers


def _cursor(numbers: Iterable[int]) -> str:
    ranges: list[list[int]] = []
    for number in sorted(numbers):
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return " ".join(str(a) if a == b else f"{a}-{b}" for a, b in ranges)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _open(config: MockBankConfig, secrets: dict[str, str]) -> MockBank:
    return MockBank(config, secrets.get("password", ""))


CONNECTOR = Connector(
    name="mock_bank",
    title="mock-bank (demo and tests)",
    document="mock-bank 0.9.0, README (github.com/rseufert/mock-bank)",
    config=MockBankConfig,
    open=_open,
    example=MockBankConfig(base_url="http://127.0.0.1:8090"),
    secret_names=frozenset({"password"}),
)
