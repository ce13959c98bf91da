"""Secrets that are given with a wish for a change: locked beside it, and never a part of it.

What is asked for is shown, logged and told to programs; these are not. They become what they are
for when the change is made, and are destroyed when it ends in any other way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from nostro.domain.errors import Invalid
from nostro.storage import stored_secrets
from nostro.workflows.changes import Kind
from nostro.workflows.context import Acting


def checked(kind: Kind, wish: Any, given: Mapping[str, str]) -> dict[str, str]:
    """Those that were given, tried out where the kind can; outside any unit of work, for that may
    ask somebody over the network. Raises Invalid for one that the kind has no use for."""
    found = {name: value for name, value in given.items() if value}
    if unknown := sorted(found.keys() - set(kind.secrets)):
        raise Invalid(
            "change_secret_unknown",
            f"{kind.title} takes no secret named {unknown[0][:40]!r}.",
            "Nothing was asked for.",
            "Leave it out.",
            field="secrets",
        )
    if found and kind.try_secrets:
        kind.try_secrets(wish, found)
    return found


def keep(acting: Acting, request_id: UUID, given: Mapping[str, str]) -> None:
    """Lock them beside a request; inside the unit of work that asks for it."""
    for name, value in given.items():
        stored_secrets.write(f"{_of(request_id)}{name}", value, acting.world.clock.now())


def given_with(request_id: UUID, name: str) -> str:
    """A secret that was given with a request; "" when none was."""
    found = stored_secrets.read([full := f"{_of(request_id)}{name}"])
    return found.get(full, "")


def forget(request_id: UUID) -> None:
    """The request has ended: they are needed no more."""
    stored_secrets.forget_all(_of(request_id))


def _of(request_id: UUID) -> str:
    return f"change_request.{request_id}."
