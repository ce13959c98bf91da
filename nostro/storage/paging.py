"""How long lists are read in pieces: keyset cursors, so a page stays right while rows arrive.

A cursor is opaque to its holder: the list's name and the sort key of the last row, in base64.
Reading goes on after that key; nothing is counted or skipped, whatever page it is.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator
from typing import Any, Final, Generic, TypeVar

import msgspec

from nostro.domain.errors import Invalid

LIMIT_MAX: Final = 200
LIMIT_DEFAULT: Final = 50

Row = TypeVar("Row")


class Page(msgspec.Struct, Generic[Row], frozen=True, kw_only=True):
    """Some rows of a list. `next` is the cursor of the rest, "" at the end."""

    rows: tuple[Row, ...]
    next: str = ""


def every(listed: Callable[..., Page[Row]]) -> Iterator[Row]:
    """All rows of a list, page after page; for short lists such as accounts and balances."""
    cursor = ""
    while True:
        page = listed(limit=LIMIT_MAX, cursor=cursor)
        yield from page.rows
        if not page.next:
            return
        cursor = page.next


def checked_limit(limit: int) -> int:
    if 1 <= limit <= LIMIT_MAX:
        return limit
    raise Invalid(
        "limit_out_of_range",
        f"A page of {limit} rows was asked for; a page has 1 to {LIMIT_MAX}.",
        can_do=f"Ask for at most {LIMIT_MAX} and follow the cursor in `next`.",
        field="limit",
    )


def cursor_of(name: str, *key: str) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode([name, *key])).decode().rstrip("=")


def key_of(name: str, cursor: str, reads: Callable[..., tuple[Any, ...]]) -> tuple[Any, ...]:
    """The sort key inside a cursor of the list `name`; `reads` turns its texts into values."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        found = msgspec.json.decode(base64.urlsafe_b64decode(padded), type=list[str])
        if found[:1] != [name]:
            raise ValueError("the cursor of another list")
        if any("\0" in text for text in found):
            raise ValueError("a zero byte, which no key has")
        return reads(*found[1:])
    except (ValueError, TypeError, OverflowError, binascii.Error, msgspec.DecodeError) as error:
        raise Invalid(
            "cursor_unknown",
            "The cursor is not one that this list gave out.",
            can_do="Use the `next` of the previous answer unchanged, or begin without a cursor.",
            field="cursor",
        ) from error


def page_of(
    name: str, found: list[Row], limit: int, key: Callable[[Row], tuple[str, ...]]
) -> Page[Row]:
    """A page out of `limit` + 1 rows: the surplus row only says that there is more."""
    rows = tuple(found[:limit])
    more = len(found) > limit
    return Page(rows=rows, next=cursor_of(name, *key(rows[-1])) if more else "")
