"""The same request twice gives the same answer for ever, and does the work once.

The first to come with a key does the work; whoever comes meanwhile waits for its commit and gets
the same answer. A request that failed changed nothing and is not remembered.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any, Final

import msgspec

from nostro.domain.canonical import digest
from nostro.domain.errors import Invalid
from nostro.storage import queries
from nostro.storage.tenancy import before_the_end, current

_KEY = re.compile(r"[\x21-\x7e]{1,255}\Z")
FIELDS_NAMED_MAX: Final = 10


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What was answered: HTTP status and body. `repeated` when it was given before."""

    status: int
    body: Any
    repeated: bool = False


def once(
    operation: str,
    key: str,
    body: Any,
    work: Callable[[], Answer],
    *,
    now: datetime,
) -> Answer:
    """Answer a request under its idempotency key, inside the unit of work that does it.

    `body` is the request as it was sent. Raises Invalid, naming the fields that differ, when the
    key was used with another body.
    """
    before = given(operation, key, body)
    if before:
        return before
    answer, name = work(), f"{operation} {key}"
    kept = {
        "tenant_id": current(),
        "key": name,
        "body_digest": digest(body),
        "body": json.dumps(body),
        "status": int(answer.status),
        "answer": msgspec.json.encode(answer.body).decode(),
        "answered_at": now,
    }
    before_the_end("remember_answer", kept)
    return answer


def given(operation: str, key: str, body: Any) -> Answer | None:
    """What was answered under a key before; None when nothing was. From then on to the end of this
    unit of work nobody else answers under it. Raises as `once` does."""
    _check_key(key)
    name = f"{operation} {key}"
    _, found = queries.together(
        ("idempotency_turn", {"turn": f"idempotency {current()} {name}"}),
        ("answer_given", {"tenant_id": current(), "key": name}),
    )
    for row in found:
        if row["body_digest"] != digest(body):
            raise _other_body(key, json.loads(row["body"]), body)
        return Answer(status=row["status"], body=json.loads(row["answer"]), repeated=True)
    return None


def differences(before: Any, now: Any, path: str = "") -> Iterator[str]:
    """The fields in which two bodies differ, such as payments[2].amount.value."""
    if isinstance(before, dict) and isinstance(now, dict):
        for name in sorted(before.keys() | now.keys()):
            inner = f"{path}.{name}" if path else str(name)
            if name not in before or name not in now:
                yield inner
            else:
                yield from differences(before[name], now[name], inner)
    elif isinstance(before, list) and isinstance(now, list):
        for place in range(max(len(before), len(now))):
            inner = f"{path}[{place}]"
            if place >= min(len(before), len(now)):
                yield inner
            else:
                yield from differences(before[place], now[place], inner)
    elif type(before) is not type(now) or before != now:
        yield path or "body"


def _check_key(key: str) -> None:
    if not _KEY.match(key):
        raise Invalid(
            "idempotency_key_invalid",
            "The idempotency key must have 1 to 255 visible ASCII characters.",
            can_do="Send a new random UUID for each new request.",
            field="Idempotency-Key",
        )


def _other_body(key: str, before: Any, now: Any) -> Invalid:
    fields = list(islice(differences(before, now), FIELDS_NAMED_MAX))
    return Invalid(
        "idempotency_key_reused",
        f"The idempotency key {key} was used before with another body;"
        f" these fields differ: {', '.join(fields)}.",
        "Nothing was done; the first request stands.",
        "Send the first body to get the first answer, or a new key for a new request.",
        field=fields[0] if fields else "body",
    )
