"""A file of payees as one change: new ones, other accounts, other names; two people agree to it.

Nothing of it counts before that, and what changed meanwhile is not written over: then the request
is refused and asked for anew. Who is not in the file stays as he is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import msgspec

from nostro.domain import identifier
from nostro.domain.canonical import digest
from nostro.domain.errors import Invalid
from nostro.domain.party import Action, PayeeAccount
from nostro.domain.payee import PayeeDetails, VersionOrigin, VersionSource
from nostro.storage import parties, payees
from nostro.workflows import payee_versions as versions
from nostro.workflows.changes import Change, Done, Kind
from nostro.workflows.context import Acting

PAYEES_MAX = 1000
SHOWN = 40


class WantedOne(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One payee as the file has him. What is empty of an address is not known; a payee's own
    name and addresses stay where the file has nothing but number, name and account."""

    number: str
    name: str
    iban: str
    bic: str = ""
    street: str = ""
    post_code: str = ""
    town: str = ""
    country: str = ""
    email: str = ""


class WantedPayees(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`file` is what people call it, `evidence` the id under which its bytes are kept, or "";
    the first payee stands in `first_line`."""

    file: str
    payees: tuple[WantedOne, ...]
    first_line: int = 2
    evidence: str = ""


class _Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line against what is kept: what it would change."""

    line: int
    one: WantedOne
    payee_id: UUID | None
    account: PayeeAccount | None
    iban: str
    bic: str
    before: PayeeDetails | None
    after: PayeeDetails

    @property
    def moves(self) -> bool:
        """Whether it gives another account."""
        held = self.account
        same_bank = not self.bic or held is None or self.bic == held.bic
        return held is None or held.iban != self.iban or not same_bank

    @property
    def renames(self) -> bool:
        """Whether it gives another name or address; a file that has no addresses leaves them."""
        if self.before is None or self.before == self.after:
            return False
        bare = PayeeDetails(name=self.after.name) == self.after
        return not bare or self.before.name != self.after.name


def _look(acting: Acting, wanted: WantedPayees, request_id: UUID) -> Change:
    lines = list(_lines(wanted))
    new = [one for one in lines if one.payee_id is None]
    moved = [one for one in lines if one.payee_id and one.moves]
    renamed = [one for one in lines if one.payee_id and one.renames]
    told = [*map(_as_new, new), *map(_as_moved, moved), *map(_as_renamed, renamed)]
    standing = [
        {"number": one.one.number, "account": one.account and one.account.id, "was": one.before}
        for one in lines
    ]
    after: dict[str, Any] = {
        "new_payees": len(new),
        "other_accounts": len(moved),
        "other_names_or_addresses": len(renamed),
        "stay_as_they_are": sum(not _changes(one) for one in lines),
        "shown": told[:SHOWN] + ([f"and {len(told) - SHOWN} more"] if len(told) > SHOWN else []),
    }
    kept = digest(msgspec.to_builtins(standing))
    before = {"kept": kept}
    return Change(
        subject_id=request_id,
        subject=_subject(wanted),
        before=before,
        after=after if told else before,
    )


def _subject(wanted: WantedPayees) -> str:
    """Parts of one long file are told apart by the places of their payees in it."""
    count, first = len(wanted.payees), wanted.first_line - 1
    if first == 1 and count < PAYEES_MAX:
        return f"{count} payees of {wanted.file}"
    return f"{first:,} to {first + count - 1:,} of {wanted.file}"


def _apply(acting: Acting, wanted: WantedPayees, change: Change, done: Done) -> None:
    lines = [line for line in _lines(wanted) if _changes(line)]
    new = [line for line in lines if line.payee_id is None]
    renamed = [line for line in lines if line.renames]
    moved = [line for line in lines if line.payee_id and line.moves]

    def told(line: _Line) -> versions.ForPayee:
        origin = _origin(acting, wanted, line, done)
        account = {"iban": line.iban}
        return versions.ForPayee(
            payee_id=line.payee_id or acting.world.ids.new(),
            number=line.one.number,
            details=line.after,
            new=versions.account_of(acting, done, account, line.bic, origin),
        )

    versions.add_payees(acting, [told(line) for line in new])
    versions.change_details(acting, [told(line).as_details() for line in renamed])
    versions.add_accounts(acting, [told(line) for line in moved])


def _origin(acting: Acting, wanted: WantedPayees, line: _Line, done: Done) -> VersionOrigin:
    return VersionOrigin(
        source=VersionSource.IMPORT,
        detail=f"{wanted.file}, line {line.line}",
        evidence_id=wanted.evidence,
        asked_by=done.asked_by_name,
        agreed_by=acting.actor.name,
    )


def _changes(line: _Line) -> bool:
    return line.payee_id is None or line.moves or line.renames


def _lines(wanted: WantedPayees) -> Iterator[_Line]:
    """Each line against what is kept; raises Invalid for the first that cannot be."""
    if not wanted.payees or len(wanted.payees) > PAYEES_MAX or not wanted.file.strip():
        raise Invalid(
            "payees_unfit",
            f"A file of {len(wanted.payees)} payees was given; it has a name, and 1 to"
            f" {PAYEES_MAX} of them.",
            "Nothing was asked for.",
            "Cut a longer list into several.",
            field="payees",
        )
    versions.checked_proof(wanted.evidence)
    _check_once(wanted)
    numbers = [one.number for one in wanted.payees]
    accounts, ids = parties.current_payee_accounts(numbers), parties.payee_ids(numbers)
    known = payees.details_of(ids.values())
    for place, one in enumerate(wanted.payees):
        payee_id = ids.get(one.number)
        try:
            yield _Line(
                line=wanted.first_line + place,
                one=one,
                payee_id=payee_id,
                account=accounts.get(one.number),
                iban=identifier.iban(one.iban),
                bic=identifier.bic(one.bic) if one.bic else "",
                before=known[payee_id] if payee_id else None,
                after=_details(one),
            )
        except Invalid as error:
            error.happened = f"Line {wanted.first_line + place}: {error.happened}"
            raise


def _check_once(wanted: WantedPayees) -> None:
    named = Counter(one.number for one in wanted.payees)
    number, times = named.most_common(1)[0]
    if times == 1 and all(name.strip() and name == name.strip() for name in named):
        return
    raise Invalid(
        "payees_unfit",
        f"Payee {number[:60]} stands in it {times} times."
        if times > 1
        else "A payee has no number.",
        "Nothing was asked for.",
        "Give each payee one line, with his number.",
        field="payees",
    )


def _details(one: WantedOne) -> PayeeDetails:
    return versions.checked_details(
        one.name,
        street=one.street,
        post_code=one.post_code,
        town=one.town,
        country=one.country,
        email=one.email,
    )


def _as_new(line: _Line) -> str:
    return f"new: {line.after.name} ({line.one.number}), {line.iban}"


def _as_moved(line: _Line) -> str:
    held = line.account.iban if line.account else "none"
    return f"account: {line.after.name} ({line.one.number}), {held} → {line.iban}"


def _as_renamed(line: _Line) -> str:
    was = line.before.name if line.before else ""
    if was == line.after.name:
        return f"address: {was} ({line.one.number})"
    return f"name: {was} ({line.one.number}) → {line.after.name}"


KIND = Kind(
    name="payee_import",
    title="A file of payees",
    wanted=WantedPayees,
    asks=(Action.PROPOSE_PAYEES,),
    decides=Action.DECIDE_PAYEES,
    look=_look,
    apply=_apply,
)
