"""How figures, times, states and icons are written on every page.

Filters: `money` (with currency), `figure` (amount alone), `neg` (class of a negative), `iban`,
`clock`, `day`, `count`. Tags: `{% icon "send" %}`, `{% state row.state "order" %}` (tables in
nostro.console.words), `{% age moment %}`, `{% seal %}`, `{% sections as places %}`, `{% sprite %}`.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any, Final

import msgspec
from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from nostro.console import words
from nostro.console.change_words import SCOPES
from nostro.console.views.preferences import CHOICES
from nostro.console.words import NO_BREAK, Status
from nostro.domain import local_account
from nostro.domain.money import Money, exponent_of
from nostro.domain.problem import Location
from nostro.storage.pages.stops import StopView

register = template.Library()

NOTHING: Final = "–"
MINUTE, HOUR, DAY = 60, 3600, 86400

# address, name, icon, short name on phones, heading before it
SECTIONS: Final = (
    ("/", "Today", "house", "Today", ""),
    ("/cash/", "Cash position", "landmark", "", ""),
    ("/payments/", "Payments", "arrow-left-right", "Payments", "Move money"),
    ("/approvals/", "Approvals", "check-check", "Approvals", ""),
    ("/holds/", "Holds", "pause", "", ""),
    ("/payees/", "Payees", "building-2", "", ""),
    ("/files/", "Files to banks", "send", "", ""),
    ("/policies/", "Policies", "shield-check", "", ""),
    ("/positive-pay/", "Positive pay", "scroll-text", "", ""),
    ("/calendar/", "Bank calendar", "calendar", "", ""),
    ("/reconcile/", "Reconcile", "git-compare", "", "Match and fix"),
    ("/cases/", "Cases", "inbox", "Cases", ""),
    ("/corrections/", "Corrections", "pencil", "", ""),
    ("/statements/", "Statements", "file-text", "", ""),
    ("/open-items/", "Open items", "scroll-text", "", ""),
    ("/people/", "People and roles", "users", "", "Look after"),
    ("/changes/", "Change requests", "user-plus", "", ""),
    ("/keys/", "API keys", "key-round", "", ""),
    ("/credentials/", "Credentials", "lock", "", ""),
    ("/audit/", "Audit", "scroll-text", "", ""),
)


@register.filter
def money(amount: Money | None) -> str:
    """1,234.50 EUR with a true minus and no break inside."""
    return words.money(amount) if amount else NOTHING


@register.filter
def figure(amount: Money | None) -> str:
    """1,234.50, where the currency stands in the column's head."""
    return amount.grouped() if amount else NOTHING


@register.filter
def percent(millionths: int) -> str:
    """How sure a match is: 99.97%. Only what is proven is 100%."""
    hundredths = millionths // 100
    return f"{hundredths // 100}.{hundredths % 100:02}".rstrip("0").rstrip(".") + "%"


@register.filter
def neg(amount: Money | None) -> str:
    """The class of a negative amount."""
    return "neg" if amount and amount.minor < 0 else ""


@register.filter
def decimals(amount: Money) -> int:
    """How many decimals the currency has, for sums in the browser."""
    return exponent_of(amount.currency)


@register.filter
def iban(text: str) -> str:
    """NL91 ABNA 0417 1643 00: in groups of four, as people read it; another account in words."""
    if not text:
        return NOTHING
    told = local_account.spelled(text)
    return told if ":" in text else told.replace(" ", NO_BREAK)


@register.filter
def ending(text: str) -> str:
    """The last characters of an account's number."""
    return local_account.ending(text)


@register.filter
def clock(moment: datetime | None) -> str:
    """2 Nov 2026, 09:00 UTC."""
    if moment is None:
        return NOTHING
    return f"{day(moment.astimezone(UTC).date())}, {moment.astimezone(UTC):%H:%M} UTC"


@register.filter
def day(when: date | None) -> str:
    """2 Nov 2026."""
    return f"{when.day} {when:%b %Y}".replace(" ", NO_BREAK) if when else NOTHING


@register.filter
def count(number: int) -> str:
    return f"{number:,}"


@register.filter
def plural(number: int, word: str) -> str:
    """1 payment, 2 payments; irregular ones as "entry,entries"."""
    one, _, many = word.partition(",")
    return f"{number:,}{NO_BREAK}{one if number == 1 else many or one + 's'}"


@register.filter
def rate(value: Decimal) -> str:
    """1.0842: without the zeros that the database adds."""
    return f"{value.normalize():f}"


@register.filter
def report_kind(kind: str) -> str:
    return words.REPORT_KINDS.get(kind, kind)


@register.filter
def balance_code(code: str) -> str:
    return words.BALANCE_CODES.get(code, code)


@register.filter
def connector(name: str) -> str:
    """mock_bank, as people write it."""
    return name.replace("_", " ").capitalize()


@register.filter
def where(location: dict[str, Any]) -> str:
    """Where in a file, as the file's reader noted it."""
    return str(msgspec.convert(location, Location)) or "whole file"


@register.simple_tag
def icon(name: str, size: str = "") -> SafeString:
    return format_html(
        '<svg class="ic{}" aria-hidden="true"><use href="#i-{}"/></svg>',
        f" {size}" if size else "",
        name,
    )


@register.simple_tag
def state(value: str, table: str) -> SafeString:
    """A state as icon and word."""
    return status(words.shown(table, value))


@register.simple_tag
def status(found: Status) -> SafeString:
    """A status that a view worked out, as icon and word."""
    return label(found.kind, found.icon, found.word)


@register.filter
def stopped(stop: StopView) -> str:
    """What a stop is about: `bank “Nordhaven”`."""
    return words.stopped(stop.freeze.scope, stop.subject)


@register.filter
def phrase(text: str) -> str:
    """A code of ours as people write it."""
    return words.phrase(text)


@register.filter
def scope(code: str) -> str:
    """What a key may be used for, in words."""
    return SCOPES.get(code, code)


@register.filter
def initials(name: str) -> str:
    return words.initials(name)


@register.filter
def short_hash(text: str) -> str:
    """The first eight digits of a digest in two groups, as people compare them."""
    return f"{text[:4]}{NO_BREAK}{text[4:8]}" if text else NOTHING


@register.filter
def second(moment: datetime) -> str:
    """23 Nov, 07:46:12, in UTC."""
    return f"{moment.astimezone(UTC):%-d %b, %H:%M:%S}".replace(" ", NO_BREAK)


@register.filter
def fact_kind(kind: str) -> str:
    return words.FACT_KINDS.get(kind, kind.replace("_", " "))


@register.simple_tag
def label(kind: str, icon_name: str, word: str) -> SafeString:
    """A tag of any words: one of ok, warn, bad, info, mut, with its icon."""
    return format_html('<span class="tag {}">{}{}</span>', kind, icon(icon_name), word)


@register.simple_tag(takes_context=True)
def age(context: dict[str, Any], moment: datetime | None) -> SafeString:
    """How long ago, with the exact moment behind it."""
    if moment is None:
        return format_html("<span>{}</span>", "never")
    spoken = _ago(moment, context["now"])
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', moment.isoformat(), clock(moment), spoken
    )


@register.simple_tag(takes_context=True)
def due(context: dict[str, Any], moment: datetime) -> SafeString:
    """Until when, as a tag: late ones in red."""
    seconds = int((moment - context["now"]).total_seconds())
    if seconds < 0:
        return label("bad", "triangle-alert", f"{_spoken(-seconds)} overdue")
    return label("warn" if seconds < DAY else "mut", "clock", f"Due in {_spoken(seconds)}")


@register.simple_tag(takes_context=True)
def seal(context: dict[str, Any]) -> SafeString:
    """Whether the audit chain is complete, and since when."""
    frame, now = context["frame"], context["now"]
    if frame.log_broken:
        return label("bad hide-s", "triangle-alert", "The log is broken")
    if frame.unsealed:
        waits = f"{words.several(frame.unsealed, 'event')} to seal"
        return label("warn hide-s", "clock", f"{waits}, oldest {_ago(frame.waiting_since, now)}")
    if frame.sealed_at is None:
        return label("mut hide-s", "circle-dashed", "Audit chain not begun")
    sealed_at = frame.sealed_at.astimezone(UTC)
    same_day = sealed_at.date() == now.astimezone(UTC).date()
    when = f"{sealed_at:%H:%M}" if same_day else f"{sealed_at:%-d %b, %H:%M}"
    return label("ok hide-s", "shield-check", f"Audit chain sealed {when} UTC")


@register.simple_tag(takes_context=True)
def sections(context: dict[str, Any]) -> list[dict[str, object]]:
    """The places of the console, with what waits in them."""
    request = context["request"]
    frame = context["frame"]
    waiting = {"/approvals/": frame.to_decide, "/cases/": frame.open_cases}
    hidden = set() if context["visit"].may_read_log else {"/audit/"}
    waiting |= {"/corrections/": frame.corrections, "/changes/": frame.changes}
    return [
        {
            "href": href,
            "name": name,
            "icon": icon_name,
            "short": short,
            "heading": heading,
            "count": waiting.get(href, 0),
            "current": request.path == href or (href != "/" and request.path.startswith(href)),
        }
        for href, name, icon_name, short, heading in SECTIONS
        if href not in hidden
    ]


@register.simple_tag(takes_context=True)
def preferences(context: dict[str, Any]) -> SafeString:
    """What this browser chose, so that the first paint is right."""
    request = context.get("request")
    chosen = request.COOKIES if request else {}
    told = SafeString("")
    for name, allowed in CHOICES.items():
        if chosen.get(name) in allowed:
            told += format_html(' data-{}="{}"', name, chosen[name])
    return told


@register.simple_tag
@cache
def asset(name: str) -> str:
    """The address of one of our static files; another content is another address."""
    content = (files("nostro.console") / f"static/console/{name}").read_bytes()
    return f"{static(f'console/{name}')}?v={sha256(content).hexdigest()[:12]}"


@register.simple_tag
def sprite() -> SafeString:
    """All icons, hidden, once a page: swapped fragments can use any of them."""
    return mark_safe(_sprite())  # noqa: S308 - our own file


@cache
def _sprite() -> str:
    found = files("nostro.console") / "static" / "console" / "icons.svg"
    return found.read_text(encoding="utf-8").replace("<svg ", "<svg hidden ", 1)


def _spoken(seconds: int) -> str:
    """A length of time in its largest unit."""
    if seconds >= DAY:
        return words.several(seconds // DAY, "day")
    return f"{seconds // HOUR} h" if seconds >= HOUR else f"{max(seconds // MINUTE, 1)} min"


def _ago(moment: datetime, now: datetime) -> str:
    seconds = int((now - moment).total_seconds())
    if seconds < MINUTE:
        return "just now"
    if seconds < HOUR:
        return f"{seconds // MINUTE} min ago"
    if seconds < DAY:
        return f"{seconds // HOUR} h {seconds % HOUR // MINUTE} min ago"
    days = seconds // DAY
    return f"{days} day ago" if days == 1 else f"{days} days ago"
