"""Checks a company drew, told to its bank so that no other check is paid (positive pay)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from enum import StrEnum

import msgspec

from nostro.domain.errors import Invalid
from nostro.domain.money import Money, total
from nostro.domain.problem import NOWHERE, Location


class CheckAction(StrEnum):
    """What the bank shall know of a check: it may be paid, was never given out, must be stopped."""

    ISSUE = "issue"
    VOID = "void"
    STOP = "stop"


class IssuedCheck(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One check of an issue file. `check_number` is digits without leading zeros.

    `acted` is the day of a void or a stop, `reason` its reason in the bank's or our own words.
    `payee` holds the lines of the payee's name.
    """

    account: str
    check_number: str
    amount: Money
    issued: date | None
    action: CheckAction = CheckAction.ISSUE
    payee: tuple[str, ...] = ()
    acted: date | None = None
    reason: str = ""
    location: Location = NOWHERE


class IssueFileHeader(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What an issue file says of itself: whose checks, and the day on which it was made."""

    company: str = ""
    created: date | None = None
    location: Location = NOWHERE


class IssueFile(IssueFileHeader, frozen=True, kw_only=True, gc=False):
    """A whole issue file: what a writer takes."""

    checks: tuple[IssuedCheck, ...]


class IssueFileTrailer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The end of an issue file: how many checks were read, and the sums by currency."""

    checks: int
    sums: tuple[Money, ...]
    location: Location = NOWHERE


def assemble(records: Iterable[object]) -> Iterator[object]:
    """Whole issue files out of the records of a reader; other records (problems) pass through.

    Raises Invalid (`trailer_differs`) when the trailer speaks of other checks than came.
    """
    header: IssueFileHeader | None = None
    checks: list[IssuedCheck] = []
    for record in records:
        if isinstance(record, IssuedCheck):
            checks.append(record)
        elif isinstance(record, IssueFileHeader):
            header, checks = record, []
        elif isinstance(record, IssueFileTrailer) and header is not None:
            told = {name: getattr(header, name) for name in IssueFileHeader.__struct_fields__}
            file = IssueFile(**told, checks=tuple(checks))
            _check_trailer(file, record)
            yield file
            header = None
        else:
            yield record


def _check_trailer(file: IssueFile, trailer: IssueFileTrailer) -> None:
    sums = total(check.amount for check in file.checks)
    same = sorted(map(str, sums.values())) == sorted(map(str, trailer.sums))
    if trailer.checks != len(file.checks) or not same:
        raise Invalid(
            "trailer_differs",
            f"The trailer speaks of {trailer.checks} checks; {len(file.checks)} came, or other"
            " amounts.",
            "The file was not used.",
            "Records were lost or changed on their way: make or read the file again.",
            location=str(trailer.location),
        )


def take_apart(file: IssueFile) -> Iterator[IssueFileHeader | IssuedCheck | IssueFileTrailer]:
    """The records of a whole issue file, as a reader yields them."""
    told = {name: getattr(file, name) for name in IssueFileHeader.__struct_fields__}
    yield IssueFileHeader(**told)
    yield from file.checks
    yield IssueFileTrailer(
        checks=len(file.checks),
        sums=tuple(total(check.amount for check in file.checks).values()),
        location=file.location,
    )
