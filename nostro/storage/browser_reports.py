"""What browsers refused on our pages, counted by kind: shown to whoever runs the installation."""

from __future__ import annotations

from datetime import datetime
from threading import Lock
from typing import Final

import msgspec
from django.core.cache import cache

_NOTE: Final = "browser_reports"
KEPT_SECONDS: Final = 30 * 24 * 3600  # After the last one.
KINDS_MAX: Final = 50  # The ones seen last.
_one_at_a_time = Lock()  # The web server is one process.


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """What a browser refused: by which rule of the policy, on which page, what, and from where.

    `blocked` is a word or the origin of an address; `source` a path of ours with its line. All of
    it is the browser's word, or that of whoever pretends to be one.
    """

    directive: str
    page: str
    blocked: str = ""
    source: str = ""


class Counted(msgspec.Struct, kw_only=True):
    refusal: Refusal
    count: int
    first_at: datetime
    last_at: datetime


class Reports(msgspec.Struct, kw_only=True):
    """Every kind with its count, and how many reports there were in all."""

    total: int = 0
    kinds: list[Counted] = []


def count(refusals: list[Refusal], now: datetime) -> None:
    with _one_at_a_time:
        told = read()
        known = {one.refusal: one for one in told.kinds}
        for refusal in refusals:
            told.total += 1
            one = known.setdefault(
                refusal, Counted(refusal=refusal, count=0, first_at=now, last_at=now)
            )
            one.count, one.last_at = one.count + 1, now
        told.kinds = sorted(known.values(), key=lambda one: one.last_at, reverse=True)[:KINDS_MAX]
        cache.set(_NOTE, msgspec.to_builtins(told), KEPT_SECONDS)


def read() -> Reports:
    return msgspec.convert(cache.get(_NOTE) or {}, Reports)
