"""What /v1 tells about the ways that a payment could take."""

from __future__ import annotations

from datetime import date, datetime

from nostro.api.told import Paid, Told


class RouteRule(Told):
    """A rule of routing held against the payment; `because` is the first part that is not so."""

    name: str
    holds: bool
    because: str


class RouteOption(Told):
    """One way. Where it fits: executed on `day`, the file leaves at `leaves_at`, the bank takes it
    until `last` (`is_reference`: the clearing's cut-off, the bank's is not known). Where it does
    not, `because` says why. `fallback`: approved together with the chosen one.
    `on_demand`: taken only when a rule or the source asks for it."""

    account_id: str
    account: str
    bank: str
    rail: str
    rail_title: str
    charge_bearer: str
    on_demand: bool
    chosen: bool
    fallback: bool
    fits: bool
    because: str
    day: date | None
    leaves_at: datetime | None
    last: datetime | None
    is_reference: bool
    time_zone: str
    day_moved_because: str
    fee: Paid | None


class Routes(Told):
    """Every way of one payment, the chosen one first. `rule` says why it was chosen; `rules` are
    those of this `version` of the routing rules (0: the standard), as they count now."""

    as_of: datetime
    version: int
    rule: str
    rules: list[RouteRule]
    options: list[RouteOption]
    left_off: int
