"""An ERP that books whatever it is given, as often as it is given it, and forgets to answer.

It commits first; then the answers that a test names are dropped on the way. Nothing here keeps
anything from being booked twice: that is ours to do.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from nostro import connectors, formats
from nostro.connectors import Connector
from nostro.domain.errors import InDoubt, Unavailable
from nostro.domain.journal import JournalEvent
from nostro.domain.payment_status import PaymentStatus
from nostro.formats import Profile
from nostro.ports import Outgoing, Receipt

CUT = InDoubt("cut", "The connection was lost before the answer came.")


class ForgetfulErp:
    """`drops` are the numbers of the answers that never arrive, `loses` those of the requests;
    both count every call from 0 on, questions too."""

    def __init__(self) -> None:
        self.booked: list[Outgoing] = []
        self.told: list[Outgoing] = []
        self.drops: frozenset[int] = frozenset()
        self.loses: frozenset[int] = frozenset()
        self.calls = 0

    def post(self, outgoing: Outgoing) -> Receipt:
        return self._take(self.booked, outgoing)

    def status_format(self) -> str:
        return "payment_status_csv"

    def tell(self, outgoing: Outgoing) -> Receipt:
        return self._take(self.told, outgoing)

    def knows(self, message_id: str) -> bool | None:
        number, self.calls = self.calls, self.calls + 1
        if number in self.drops | self.loses:
            raise Unavailable("cut", "The question was not answered.")
        return any(one.message_id == message_id for one in (*self.booked, *self.told))

    def _take(self, into: list[Outgoing], outgoing: Outgoing) -> Receipt:
        number, self.calls = self.calls, self.calls + 1
        if number in self.loses:
            raise CUT
        into.append(outgoing)
        if number in self.drops:
            raise CUT
        return Receipt(reference=f"ERP-{number}")

    def journals(self) -> list[JournalEvent]:
        return [item for one in self.booked for item in _read("journal_csv", one.content)]

    def statuses(self) -> list[PaymentStatus]:
        return [item for one in self.told for item in _read("payment_status_csv", one.content)]


def _read(name: str, content: bytes) -> Iterator[Any]:
    return formats.reader(formats.find()[name])(io.BytesIO(content), Profile())


class ForgetfulConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`name` is the ERP in ERPS that this connection reaches."""

    name: str
    source: str = ""


ERPS: dict[str, ForgetfulErp] = {}


def _open(config: ForgetfulConfig, secrets: dict[str, str]) -> object:
    return ERPS[config.name]


FORGETFUL = Connector(
    name="forgetful",
    title="An ERP that forgets to answer",
    document="tests, 2026",
    config=ForgetfulConfig,
    open=_open,
    example=ForgetfulConfig(name="example"),
)


@contextmanager
def forgetful_connector() -> Iterator[None]:
    connectors.find()[FORGETFUL.name] = FORGETFUL
    try:
        yield
    finally:
        del connectors.find()[FORGETFUL.name]
