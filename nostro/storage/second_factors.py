"""What second factors keep sealed, as stored: rewritten under new keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.mfa.models import Authenticator
from django.db import transaction


def rewrite(changed: Callable[[str], str]) -> int:
    """Change the texts in every second factor; returns how many factors were not as they are now.

    `changed` is given every text in them, and gives it back as it is when there is nothing to do.
    """
    count = 0
    for factor_id in Authenticator.objects.order_by("id").values_list("id", flat=True):
        with transaction.atomic():
            found = Authenticator.objects.select_for_update().filter(id=factor_id).first()
            data = _each(found.data, changed) if found else None
            if found and data != found.data:
                Authenticator.objects.filter(id=factor_id).update(data=data)
                count += 1
    return count


def _each(data: Any, changed: Callable[[str], str]) -> Any:
    if isinstance(data, str):
        return changed(data)
    if isinstance(data, dict):
        return {name: _each(value, changed) for name, value in data.items()}
    if isinstance(data, list):
        return [_each(value, changed) for value in data]
    return data
