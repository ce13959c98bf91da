"""What other rules would have made of past payments: shown before anyone agrees to the rules."""

from __future__ import annotations

from datetime import date

import msgspec

SHOWN_MAX = 50


class Different(msgspec.Struct, frozen=True, kw_only=True):
    """One past payment that would have gone another way: in words, how it went and how it would.
    `what` is whom it paid and how much."""

    number: str
    before: str
    after: str
    what: str = ""


class DryRun(msgspec.Struct, frozen=True, kw_only=True):
    """Rules tried on the payments taken in since a day. `different` counts all that would have gone
    another way, `shown` are the newest of them. Confidential payments are not looked at: what would
    become of them tells of them."""

    since: date
    looked_at: int
    different: int
    shown: tuple[Different, ...]
    complete: bool = True  # False: there were more payments than are looked at in one go.
