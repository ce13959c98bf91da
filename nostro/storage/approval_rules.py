"""Which rules of approving count for a payment: those of the version that it was checked under."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from nostro.domain.policies.approval import ApprovalRules, version_name, version_number
from nostro.domain.policy import Version
from nostro.storage import policies


def in_force(now: datetime) -> tuple[str, ApprovalRules]:
    """The name of the version that counts now, as it stands in what is approved; and its rules."""
    return named(policies.version_in_force(ApprovalRules, now))


def named(version: Version[ApprovalRules]) -> tuple[str, ApprovalRules]:
    """The name of this version, and its rules."""
    return version_name(version.number), version.content


def of(policy_version: str) -> ApprovalRules:
    """The rules of the version of this name."""
    return of_all([policy_version])[policy_version]


def of_all(policy_versions: Iterable[str]) -> dict[str, ApprovalRules]:
    """The rules of each of these versions, by its name."""
    numbers = {name: version_number(name) for name in policy_versions}
    found = policies.numbered(ApprovalRules, set(numbers.values()))
    return {name: found[number] for name, number in numbers.items()}
