"""How sign-ins are written: the browser by its name, a moment of real time, options for scripts."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any, Final

from django import template

register = template.Library()

# The first that is found counts: every browser claims to be the ones before it, too.
_BROWSERS: Final = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)
_POCKET: Final = re.compile(r"iPhone|Android.+Mobile")


@register.filter
def as_json(told: Any) -> str:
    """What a script reads out of an attribute; the template escapes it."""
    return json.dumps(told)


@register.filter
def browser(agent: str) -> str:
    """Firefox on Windows, out of what a browser says about itself."""
    name = next((word for mark, word in _BROWSERS if mark in agent), "Another program")
    system = next((word for mark, word in _SYSTEMS if mark in agent), "")
    return f"{name} on {system}" if system else name


@register.filter
def device_icon(agent: str) -> str:
    return "smartphone" if _POCKET.search(agent) else "monitor"


@register.filter
def since(moment: datetime | None) -> str:
    """23 Nov 2026, 09:15 UTC; "never" for none."""
    return f"{moment.astimezone(UTC):%-d %b %Y, %H:%M} UTC" if moment else "never"
