"""When an approval that somebody gave in the ERP counts here, and as whose."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec


class SourceApprover(msgspec.Struct, frozen=True, kw_only=True):
    """Who somebody is of whom a source says that he approved: `name` is what it calls him."""

    source: str
    name: str
    person_id: str


def person_of(approvers: Iterable[SourceApprover], source: str, name: str) -> str:
    """The person behind a source's approver; "" where the rules name none."""
    found = (one.person_id for one in approvers if (one.source, one.name) == (source, name))
    return next(found, "")
