"""A form that begins with what is in force and is sent as it is asks for nothing else."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from django.http import QueryDict

from nostro.console import change_form
from nostro.workflows import changes

SAID: dict[str, dict[str, Any]] = {
    "payment_limits": {
        "limits": [
            {"name": "A", "limit": "1.00 EUR a day by payee", "when": "source x", "effect": "hold"},
            {"name": "B", "limit": "2.00 EUR a payment", "when": "", "effect": "refuse"},
        ]
    },
    "duplicates": {"window_days": 30, "swapped_days": 0, "prefixes": ["INV", "RE"]},
    "payee_checks": {
        "first_payment": "unconfirmed",
        "shared_account": True,
        "usual_times": 5,
        "blocks": [{"name": "Lawsuit", "when": "payee V1, V2", "effect": "hold"}],
    },
    "statement_calendar": {
        "expected": [
            {
                "account": "DE02120300000000202051",
                "by": "07:30 Europe/Berlin",
                "calendars": "target, england",
                "days_after": 1,
                "grace_minutes": 30,
                "missing_after_days": 2,
            }
        ]
    },
    "screening": {"countries": ["KP", "IR"], "lists_needed": True, "least_percent": 90},
    "fraud_monitoring": {
        "procedure": "FM-12, version 3",
        "responsible": "Head of treasury",
        "reviewed_on": "2026-06-19",
    },
}


STANDARD: dict[str, dict[str, Any]] = {name: {} for name in SAID if name != "fraud_monitoring"}


@pytest.mark.parametrize(("name", "said"), [*SAID.items(), *STANDARD.items()])
def test_what_is_in_force_comes_back_from_its_form(name: str, said: dict[str, Any]) -> None:
    kind = changes.named(name)
    wish = changes.read(kind, said)
    sent = QueryDict(mutable=True)
    told = change_form.as_sent(wish)
    for field in change_form.fields_of(kind, told, (), ()):
        chosen = [choice.value for choice in field.choices if choice.chosen]
        sent[field.name] = chosen[0] if field.shape == "select" and chosen else field.value
    found = changes.read(kind, change_form.wish_of(kind, sent))
    assert msgspec.to_builtins(found) == msgspec.to_builtins(wish)
