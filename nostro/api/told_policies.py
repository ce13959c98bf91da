"""What /v1 tells about policies: what counts, what comes, every version, and the examples."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel

from nostro.api.told import Told
from nostro.domain.policy import Example
from nostro.workflows.policy_book import Sheet


class PolicyVersion(Told):
    """One version. `says` has its parts in the words that people read; number 0 is what counts
    where nobody has said anything."""

    number: int
    says: dict[str, Any]
    valid_from: datetime | None
    changed_by: str
    reason: str


class PolicySheet(BaseModel):
    """The rules of one subject; `subject` is empty for those of the customer as a whole."""

    subject_id: str
    subject: str
    counts: PolicyVersion
    coming: list[PolicyVersion]


class PolicyExample(BaseModel):
    """An example beside the rules, and what they make of it now."""

    name: str
    expected: str
    found: str
    holds: bool


class Policy(Told):
    """One kind of rules. It is changed by a change request of this kind; `tried_on_payments`: that
    change can be tried on past payments."""

    kind: str
    title: str
    tried_on_payments: bool
    sheets: list[PolicySheet]
    examples: list[PolicyExample]
    as_of: datetime


def told_sheet(sheet: Sheet) -> PolicySheet:
    return PolicySheet(
        subject_id=sheet.subject.id,
        subject=sheet.subject.name,
        counts=PolicyVersion.model_validate(sheet.counts),
        coming=[PolicyVersion.model_validate(one) for one in sheet.coming],
    )


def told_example(one: Example) -> PolicyExample:
    return PolicyExample(name=one.name, expected=one.expected, found=one.found, holds=one.holds)
