"""Objects to write and bytes to read, for tests of formats."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from hypothesis import strategies as st

from nostro import formats
from nostro.domain.journal import (
    BusinessEvent,
    JournalEvent,
    JournalLine,
    PostingAction,
    PostingOwner,
)
from nostro.domain.money import Money
from nostro.domain.order import OrderState
from nostro.domain.payment_status import PaymentStatus
from nostro.formats import Profile
from tests.formats.payments import IBAN, OTHER_IBAN

__all__ = ["IBAN", "OTHER_IBAN", "journals", "payment_statuses", "read", "write"]


def read(name: str, data: bytes, profile: Profile | None = None) -> list[Any]:
    """Whole documents that a format reads from bytes; raises Invalid at the first error."""
    return list(formats.documents(formats.find()[name], BytesIO(data), profile or Profile()))


def write(name: str, items: Any, **options: Any) -> bytes:
    return formats.writer(formats.find()[name])(items, Profile(options=options))


def journals() -> st.SearchStrategy[list[JournalEvent]]:
    cell = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
    money = st.builds(Money, st.integers(-(10**15), 10**15), st.sampled_from(["EUR", "JPY", "KWD"]))
    line = st.builds(
        JournalLine,
        ledger_account=cell,
        document=money,
        functional=money,
        open_item=cell,
        text=cell,
    )
    return st.lists(
        st.builds(
            JournalEvent,
            id=cell,
            event=st.sampled_from(BusinessEvent),
            owner=st.sampled_from(PostingOwner),
            action=st.sampled_from(PostingAction),
            entity_code=cell,
            posting_date=st.dates(),
            reference=cell,
            text=cell,
            lines=st.lists(line, max_size=3).map(tuple),
        ),
        max_size=4,
    )


def payment_statuses() -> st.SearchStrategy[list[PaymentStatus]]:
    cell = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)

    def status(currency: str) -> st.SearchStrategy[PaymentStatus]:
        money = st.builds(Money, st.integers(-(10**15), 10**15), st.just(currency))
        return st.builds(
            PaymentStatus,
            source_reference=cell,
            run=cell,
            number=cell,
            end_to_end_id=cell,
            state=st.sampled_from(OrderState),
            reason=cell,
            reason_text=cell,
            day=st.dates(),
            amount=money,
            returned=st.none() | money,
        )

    return st.lists(st.sampled_from(["EUR", "JPY", "KWD"]).flatmap(status), max_size=4)
