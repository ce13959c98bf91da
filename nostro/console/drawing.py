"""The picture of a payment's way, stop after stop: what is done, what waits, what broke."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from nostro.console.journey import Step

WIDTH: Final = 1240
RADIUS: Final = 13
GAP: Final = 5
# state of a step: class of its node, kind of its status, icon
_LOOK: Final = {
    "done": ("d", "ok", "circle-check"),
    "wait": ("w", "warn", "clock"),
    "stop": ("b", "bad", "circle-x"),
    "ahead": ("", "mut", "circle-dashed"),
}
_SPOKEN: Final = {"done": "done", "wait": "waits here", "stop": "stopped here", "ahead": "to come"}


class Stop(msgspec.Struct, frozen=True, kw_only=True):
    """One step with its place in the picture; `wire` leads to it from the stop before."""

    step: Step
    x: int
    node: str
    kind: str
    icon: str
    when: str
    wire: str
    from_x: int
    to_x: int


def stops(steps: Sequence[Step], now: datetime) -> list[Stop]:
    width = WIDTH // max(len(steps), 1)
    found = []
    for number, step in enumerate(steps):
        x = width * number + width // 2
        node, kind, icon = _LOOK[step.state]
        found.append(
            Stop(
                step=step,
                x=x,
                node=node,
                kind=kind,
                icon=icon,
                when=_when(step.at, now),
                wire=_wire(step) if number else "",
                from_x=x - width + RADIUS + GAP,
                to_x=x - RADIUS - GAP,
            )
        )
    return found


def spoken(steps: Sequence[Step]) -> str:
    """The picture in words, for who cannot see it."""
    parts = [f"{step.title}, {step.detail or 'no detail'}: {_SPOKEN[step.state]}" for step in steps]
    return "The way of this payment. " + "; ".join(parts)


def _wire(step: Step) -> str:
    return {"done": "done", "wait": "wait"}.get(step.state, "plain")


def _when(at: datetime | None, now: datetime) -> str:
    if at is None:
        return ""
    return f"{at:%H:%M:%S}" if at.date() == now.date() else f"{at:%-d %b, %H:%M}"
