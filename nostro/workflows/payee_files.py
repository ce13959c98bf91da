"""A file of payees before anybody asks for it: every bad line with its column, what it would
change, and the open payments that it would touch. Asked for, it is one change or several.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec

from nostro.domain import identifier
from nostro.domain.errors import Invalid, Refused
from nostro.domain.party import Member
from nostro.formats.tables import payee_list
from nostro.formats.tables.payee_list import BadLine, PayeeList
from nostro.storage import change_requests as stored
from nostro.storage import evidence
from nostro.storage.change_requests import RequestRow
from nostro.storage.paging import Page
from nostro.storage.tenancy import tenant
from nostro.workflows import change_requests, changes, touched_payments
from nostro.workflows import payee_versions as versions
from nostro.workflows.changes.payee_import import PAYEES_MAX
from nostro.workflows.context import Acting
from nostro.workflows.touched_payments import Touched

FILE_BYTES_MAX: Final = 4 * 1024 * 1024
KIND: Final = "payee_import"
_KINDS: Final = (KIND, "payee", "payee_account", "payee_details")
_COUNTS: Final = (
    "new_payees",
    "other_accounts",
    "other_names_or_addresses",
    "stay_as_they_are",
)
_COLUMN_OF: Final = {"creditor_iban": "iban", "wanted": "name"}  # By the field of an error.


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """A file as it was looked at. With `bad` lines nothing else is worked out. `counts` are new
    payees, other accounts, other names or addresses, and those that stay; `shown` some of them."""

    name: str
    payees: int
    bad: tuple[BadLine, ...] = ()
    counts: dict[str, int] = {}
    shown: tuple[str, ...] = ()
    touched: Page[Touched] | None = None

    @property
    def changes(self) -> int:
        return sum(self.counts[name] for name in _COUNTS[:3])


def look(acting: Acting, content: bytes, name: str) -> Looked:
    """What a file would do, or all that is wrong in it; inside a unit of work. Raises Invalid for
    what is no list of payees at all."""
    found = checked(content)
    payees = [one for _, one in found.payees]
    bad = tuple(sorted([*found.bad, *_wrong(found)], key=lambda one: (one.line, one.place)))
    if bad:
        return Looked(name=name, payees=len(payees) + len(found.bad), bad=bad)
    counts, shown = Counter[str](), []
    kind = changes.named(KIND)
    for wish in _wishes(payees, name, ""):
        seen = kind.look(acting, changes.read(kind, wish), acting.world.ids.new())
        counts.update({count: seen.after.get(count, 0) for count in _COUNTS})
        if "new_payees" not in seen.after:  # Nothing of these changes: it is told as it was.
            counts["stay_as_they_are"] += len(wish["payees"])
        shown += seen.after.get("shown", [])
    return Looked(
        name=name,
        payees=len(payees),
        counts={count: counts[count] for count in _COUNTS},
        shown=tuple(shown),
        touched=touched_payments.by_list([(one["number"], one["iban"]) for one in payees]),
    )


def checked(content: bytes) -> PayeeList:
    """The file's lines; raises Invalid for one that is too large or no list of payees."""
    if len(content) > FILE_BYTES_MAX:
        raise Invalid(
            "payees_unfit",
            f"The file is larger than {FILE_BYTES_MAX // 1024 // 1024} MB.",
            "Nothing was asked for.",
            "Cut it into several.",
        )
    return payee_list.read_all(content)


def keep(acting: Acting, content: bytes, name: str) -> UUID:
    """Keep a file's bytes as the proof of what is asked for; inside a unit of work."""
    return evidence.keep(
        acting.world.ids.new(),
        content,
        name=name,
        media_type="text/csv",
        direction="in",
        now=acting.world.clock.now(),
    )


def ask(
    acting: Acting, member: Member | None, content: bytes, name: str, reason: str
) -> list[tuple[int, UUID | None]]:
    """Ask for all of it: for each part of a thousand payees its first line, and the request that
    was made, None where nothing of it is new. All lines are checked before any part is asked for.
    Raises Invalid, naming the first bad line and how many there are."""
    payees = payee_list.read(content)
    _refuse_bad(checked(content))
    with tenant(acting.tenant_id):
        kept = keep(acting, content, name)
    made: list[tuple[int, UUID | None]] = []
    for wish in _wishes(payees, name, str(kept)):
        try:
            request_id = change_requests.ask(acting, member, KIND, wish, reason)
        except Refused as error:
            if error.code != "nothing_changes":
                raise
            made.append((wish["first_line"], None))
            continue
        made.append((wish["first_line"], request_id))
    return made


def waiting(content: bytes) -> list[tuple[RequestRow, int]]:
    """Requests that nobody has decided on, and how many payees of this file each names already;
    inside a unit of work."""
    named = {one["number"] for _, one in checked(content).payees}
    found = [(row, named & _numbers(row)) for row in stored.waiting(_KINDS)]
    return [(row, len(common)) for row, common in found if common]


def _numbers(row: RequestRow) -> set[str]:
    several = row.wanted.get("payees", [row.wanted])
    return {one.get("number", "") for one in several}


def _refuse_bad(found: PayeeList) -> None:
    bad = sorted(_wrong(found), key=lambda one: (one.line, one.place))
    if not bad:
        return
    more = f" {len(bad) - 1:,} more are wrong." if len(bad) > 1 else ""
    raise Invalid(
        "payees_unfit",
        f"Line {bad[0].line}: {bad[0].happened}{more}",
        "Nothing of the file was asked for.",
        "Mend it and give the whole file again.",
        field=bad[0].column,
    )


def _wishes(payees: Sequence[dict[str, str]], name: str, kept: str) -> Iterator[dict[str, Any]]:
    for first in range(0, len(payees), PAYEES_MAX):
        yield {
            "file": name,
            "evidence": kept,
            "first_line": first + 2,
            "payees": payees[first : first + PAYEES_MAX],
        }


def _wrong(found: PayeeList) -> Iterator[BadLine]:
    """Every cell that cannot be, line by line; a payee that stands there twice is wrong twice."""
    times = Counter(one["number"] for _, one in found.payees)
    for line, one in found.payees:
        number = one["number"]
        if not number:
            yield _bad(found, line, one, "number", "The payee has no number.")
        elif times[number] > 1:
            told = f"Payee {number[:60]} stands in the file {times[number]} times."
            yield _bad(found, line, one, "number", told)
        for error in _errors(one):
            column = _COLUMN_OF.get(error.field, error.field)
            yield _bad(found, line, one, column, error.happened)


def _errors(one: dict[str, str]) -> Iterator[Invalid]:
    address = {name: one.get(name, "") for name in ("street", "post_code", "town", "country")}
    for check in (
        lambda: identifier.iban(one["iban"]),
        lambda: one.get("bic") and identifier.bic(one["bic"]),
        lambda: versions.checked_details(one["name"], email=one.get("email", ""), **address),
    ):
        try:
            check()
        except Invalid as error:
            yield error


def _bad(found: PayeeList, line: int, one: dict[str, str], column: str, happened: str) -> BadLine:
    return BadLine(
        line=line,
        happened=happened,
        column=column,
        place=found.place(column),
        text=one.get(column, "")[:60],
    )
