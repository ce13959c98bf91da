"""What a customer of the simulated bank sees, read by the product's own readers."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from typing import Any

from nostro.domain.bank_status import StatusReport
from nostro.domain.cancellation import CancellationAnswer
from nostro.domain.statement import Entry, Statement
from nostro.formats import Profile, documents, identify
from nostro.formats.iso20022.validation.schema import validate
from nostro.simulator.bank import Bank
from nostro.simulator.state import Message
from tests.simulator.files import MONDAY

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
WEEK = timedelta(days=8)  # With every return.


def read(message: Message) -> Any:
    """The one document of a message, after its official schema was asked."""
    validate(message.content)
    form = identify(message.content)
    (found,) = documents(form, BytesIO(message.content), Profile())
    return found


def reports(bank: Bank) -> list[StatusReport]:
    return [one for one in map(read, bank.messages()) if isinstance(one, StatusReport)]


def statements(bank: Bank) -> list[Statement]:
    return [one for m in bank.messages() if "camt.053" in m.name for one in [read(m)]]


def notices(bank: Bank) -> list[Entry]:
    return [e for m in bank.messages() if "camt.054" in m.name for e in read(m).entries]


def answers(bank: Bank) -> list[CancellationAnswer]:
    return [one for one in map(read, bank.messages()) if isinstance(one, CancellationAnswer)]


def words(bank: Bank) -> list[tuple[str, str, str]]:
    """(end-to-end id or "", status, reason) in the order in which the bank said them."""
    told = []
    for report in reports(bank):
        if report.group_status:
            told.append(("", report.group_status, report.group_reason))
        told += [(t.original_end_to_end_id, t.status, t.reason) for t in report.transactions]
    return told


def kinds(bank: Bank) -> list[str]:
    return [message.name.split("-")[1] for message in bank.messages()]


def bank_of(personality: str, seed: int = 1, **more: Any) -> Bank:
    return Bank(seed, now=MONDAY, personality=personality, **more)
