"""Which statement of which account it is: what a message says before its balances and entries."""

from __future__ import annotations

from datetime import datetime

from nostro.domain.identifier import compact
from nostro.domain.statement import ReportKind, StatementHeader
from nostro.formats.iso20022.accounts.camt_values import Noticed, count_of, day_of, flag
from nostro.formats.iso20022.xml.shapes import Record


def header_of(
    record: Record, account: str, currency: str, kind: ReportKind, noticed: Noticed
) -> StatementHeader:
    """The header of a statement of `account`, in `currency` where the message names none."""
    get = record.get
    message = record.parent
    created = _created(record, noticed)
    electronic = _sequence(record, "electronic_sequence", noticed)
    legal = _sequence(record, "legal_sequence", noticed)
    paged = record if get("page") or message is None else message
    return StatementHeader(
        statement_id=get("statement_id"),
        account=account,
        currency=get("currency") or currency,
        kind=kind,
        sequence=electronic if electronic is not None else legal,
        created_at=created,
        from_day=day_of(noticed, record, "from", "first day"),
        to_day=day_of(noticed, record, "to", "last day"),
        location=record.location(),
        message_id=message.get("message_id") if message is not None else "",
        legal_sequence=legal,
        page=count_of(paged.get("page")),
        last_page=_last_page(paged, noticed),
        account_name=get("account_name"),
        owner_name=get("owner_name"),
        bank_bic=get("bank_bic"),
        bank_code=get("bank_code"),
        related_account=compact(get("related_account")),
    )


def _last_page(record: Record, noticed: Noticed) -> bool | None:
    return flag(noticed, record, "last_page", "page mark") if record.get("last_page") else None


def _created(record: Record, noticed: Noticed) -> datetime | None:
    """When the bank made the statement; else its message's time; else None with a problem."""
    text = record.get("created") or (record.parent.get("created") if record.parent else "")
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        happened = (
            f"has a creation time that cannot be read ({text[:40]!r}); it was left empty."
            if text
            else "has no creation time; it was left empty."
        )
        can_do = "Nothing: the time of receipt is kept."
        noticed.warn(record, "created_unreadable", happened, can_do)
        return None


def _sequence(record: Record, slot: str, noticed: Noticed) -> int | None:
    text = record.get(slot)
    if text.isascii() and text.isdigit() and len(text) <= 18:
        return int(text)
    if text:
        happened = f"has a sequence number that is not a number ({text[:40]!r})."
        noticed.warn(record, "sequence_unreadable", happened, "Gaps cannot be noticed by number.")
    return None
