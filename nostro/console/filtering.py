"""What a person asks a list of payments for, as the address of the page says it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Final, TypeVar
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from django.http import QueryDict

from nostro.console import words
from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.order import OrderState
from nostro.storage.payment_search import Wanted

UNKNOWN: Final = "unknown"  # Not a state of a payment: its attempt's outcome is unknown.
# The names in the address, in the order in which they are written there.
NAMES: Final = (
    "state", "q", "account", "bank", "payee", "currency", "from", "to", "least", "most", "case",
    "run",
)  # fmt: skip
_AMOUNTS: Final = ("least", "most")
Value = TypeVar("Value")


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The filter as it stands in the address, and as it is looked for.

    `unused` says in a sentence what of it could not be used.
    """

    values: dict[str, str]
    wanted: Wanted
    unused: str = ""

    @property
    def states(self) -> tuple[OrderState, ...]:
        return tuple(OrderState(one) for one in self.wanted.state.split(",") if one)

    @property
    def narrowed(self) -> bool:
        """By more than the state and a text: the drawer of filters stays open then."""
        return any(name not in ("state", "q") for name in self.values)

    def query(self, **changes: str) -> str:
        """The address of the same list with some values changed; "" takes one away."""
        told = {**self.values, **changes}
        return "?" + urlencode({n: told[n] for n in (*NAMES, "cursor") if told.get(n)})


def asked_of(sent: QueryDict) -> Asked:
    """Raises Invalid, naming the field, for what is not a value of it."""
    values = {name: told for name in NAMES if (told := sent.get(name, "").strip())}
    if "currency" not in values and any(name in values for name in _AMOUNTS):
        usable = {name: told for name, told in values.items() if name not in _AMOUNTS}
        unused = "Amounts are compared in one currency: choose one, then the limits count."
        return Asked(values=values, wanted=_wanted(usable), unused=unused)
    return Asked(values=values, wanted=_wanted(values))


def _wanted(values: Mapping[str, str]) -> Wanted:
    state, currency = values.get("state", ""), values.get("currency", "").upper()
    return Wanted(
        state=_states(state) if state != UNKNOWN else "",
        outcome_unknown=state == UNKNOWN,
        account=_read(values, "account", UUID),
        connection=_read(values, "bank", UUID),
        run=_read(values, "run", UUID),
        payee=values.get("payee", ""),
        currency=currency,
        requested_from=_read(values, "from", date.fromisoformat),
        requested_to=_read(values, "to", date.fromisoformat),
        amount_from=_read(values, "least", lambda text: _minor(text, currency)),
        amount_to=_read(values, "most", lambda text: _minor(text, currency)),
        has_open_case=True if values.get("case") else None,
        q=values.get("q", ""),
    )


def _states(text: str) -> str:
    try:
        return ",".join(OrderState(part.strip()) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise _unfit("state", text, f"Use one of: {', '.join(OrderState)}.") from error


def _read(values: Mapping[str, str], name: str, reads: Callable[[str], Value]) -> Value | None:
    text = values.get(name, "")
    try:
        return reads(text) if text else None
    except (ValueError, Invalid) as error:
        can_do = error.can_do if isinstance(error, Invalid) else "Choose it again from the list."
        raise _unfit(name, text, can_do) from error


def _minor(text: str, currency: str) -> int:
    """An amount as people write it, with or without group separators."""
    return Money.parse(text.replace(",", "").replace(" ", ""), currency).minor


def _unfit(name: str, text: str, can_do: str) -> Invalid:
    return Invalid(
        "filter_unfit",
        f"{text[:40]!r} is not a value of the filter “{words.FILTERS.get(name, name)}”.",
        can_do=can_do,
        field=name,
    )
