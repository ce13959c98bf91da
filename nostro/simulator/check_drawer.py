"""What the simulated bank knows of checks: issued ones, paid ones, and those that it asks about."""

from __future__ import annotations

import msgspec

from nostro.domain.check_exception import Decision, PresentedCheck
from nostro.domain.issued_check import IssuedCheck
from nostro.simulator.books import Account


class Item(msgspec.Struct, kw_only=True):
    """One check that the bank asks about, and what it heard."""

    account: Account
    told: PresentedCheck
    decision: Decision | None = None
    done: bool = False


class Drawer:
    """What this bank knows of checks: of each, by account and number, what it was told last."""

    def __init__(self) -> None:
        self.issued: dict[tuple[str, str], IssuedCheck] = {}
        self.paid: set[tuple[str, str]] = set()
        self.items: list[Item] = []
        self.files = 0
        self.if_nobody = Decision.RETURN
