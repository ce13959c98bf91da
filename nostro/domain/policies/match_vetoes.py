"""What may not be matched by itself: customers, or ways of matching, that people decide on.

A veto stops no proposal. It only takes away that a proposal counts before a person confirms it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import msgspec

from nostro.domain.policy import Policy


class Veto(msgspec.Struct, frozen=True, kw_only=True):
    """Receipts by this rule, of this customer, wait for a person; "" is any of them."""

    rule: str = ""
    customer_number: str = ""


class MatchVetoes(Policy, frozen=True, kw_only=True):
    """Every veto of a customer."""

    KIND: ClassVar[str] = "match_vetoes"
    vetoes: tuple[Veto, ...] = ()


def may_post(rule: str, customer_number: str, vetoes: Iterable[Veto]) -> bool:
    """Whether what this rule found of a customer may count by itself."""
    return not any(
        veto.rule in ("", rule) and veto.customer_number in ("", customer_number) for veto in vetoes
    )
