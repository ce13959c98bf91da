"""New versions of what is known of a payee: stored with source, proof and who stands by it.

Every way to a new version ends here: a change request, a file of payees, a bank's correction, an
ERP's account that somebody accepted. Each tells its own event; nothing is overwritten.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from nostro.domain import identifier
from nostro.domain.errors import Invalid, Refused
from nostro.domain.event import Event
from nostro.domain.local_account import local_account
from nostro.domain.party import PayeeAccount, PostalAddress
from nostro.domain.payee import PayeeDetails, VersionOrigin, VersionSource, mail
from nostro.storage import events, evidence, freezes, parties, payees
from nostro.workflows.changes import Done
from nostro.workflows.context import Acting
from nostro.workflows.wake import wake

DOCUMENT_MAX = 200
_COUNTRY = 2


class NewAccount(msgspec.Struct, frozen=True, kw_only=True):
    """Where a payee is paid from now on, checked. `by` is in words who stands by it, `person` who
    asked for it, where that was a person, `request` the request that was agreed to."""

    iban: str
    bic: str
    origin: VersionOrigin
    by: str
    local_account: str = ""
    person: UUID | None = None
    request: UUID | None = None


class ForPayee(msgspec.Struct, frozen=True, kw_only=True):
    """A payee as he is now, and where he is paid from now on."""

    payee_id: UUID
    number: str
    details: PayeeDetails
    new: NewAccount

    def as_details(self) -> NewDetails:
        return NewDetails(
            payee_id=self.payee_id,
            number=self.number,
            details=self.details,
            origin=self.new.origin,
            by=self.new.by,
        )


def add_account(acting: Acting, payee_id: UUID, number: str, name: str, new: NewAccount) -> int:
    """Store a version of an account and wake what waits for it; returns its number."""
    one = ForPayee(payee_id=payee_id, number=number, details=PayeeDetails(name=name), new=new)
    return add_accounts(acting, [one])[0]


def add_accounts(acting: Acting, added: Sequence[ForPayee]) -> list[int]:
    """The same of many payees, each once; the database is asked as often as for one."""
    if not added:
        return []
    freezes.close_gate()  # No file to the old account begins to leave meanwhile.
    kept = parties.current_payee_accounts([one.number for one in added])
    rows = [_account_row(acting, one, kept.get(one.number)) for one in added]
    # An account that an earlier one of these payees gets is his, too.
    owners = parties.payee_numbers_of_accounts(row.number for row in rows)
    told = []
    for one, row in zip(added, rows, strict=True):
        other = owners.setdefault(row.number, one.number)
        told.append(_account_event(acting, one, row, kept.get(one.number), other))
    parties.add_payee_accounts(
        parties.AddedAccount(
            account=row,
            changed_by_person=one.new.person,
            origin=one.new.origin,
            request_id=one.new.request,
        )
        for one, row in zip(added, rows, strict=True)
    )
    events.record(told)
    wake("release_payments", tenant_id=acting.tenant_id)
    return [row.version for row in rows]


def _account_row(acting: Acting, one: ForPayee, before: PayeeAccount | None) -> PayeeAccount:
    return PayeeAccount(
        id=str(acting.world.ids.new()),
        payee_id=str(one.payee_id),
        payee_number=one.number,
        payee_name=one.details.name,
        version=before.version + 1 if before else 1,
        iban=one.new.iban,
        local_account=one.new.local_account,
        bic=one.new.bic,
        valid_from=acting.world.clock.now(),
        changed_by=one.new.by,
        confirmed=False,
    )


def _account_event(
    acting: Acting, one: ForPayee, row: PayeeAccount, before: PayeeAccount | None, owner: str
) -> Event:
    told = {
        "number": one.number,
        "version": row.version,
        "before": kept_account(before) if before else {},
        "after": kept_account(row),
        **_also(owner, one.number),
        "confirmation_ended": bool(before and before.confirmed),
        **told_of(one.new.origin),
    }
    return acting.event("payee.account_changed", "payee", one.payee_id, **told)


def named_account(iban: str, local: str) -> dict[str, str]:
    """The one of the two that names the account, as it is kept; raises Invalid."""
    if local and not iban:
        return {"account": local_account(local)}
    if local:
        raise Invalid(
            "invalid_local_account",
            "There is an IBAN and another account number.",
            "Nothing was asked for.",
            "Keep one of them.",
            field="account",
        )
    return {"iban": identifier.iban(iban)}


def kept_account(current: PayeeAccount) -> dict[str, str]:
    """What names an account as it is kept, and its bank."""
    named = {"iban": current.iban} if current.iban else {"account": current.local_account}
    return {**named, "bic": current.bic}


def also_of(account: Mapping[str, str], number: str) -> dict[str, str]:
    """Another payee of the same account: whoever agrees should know."""
    named = account.get("iban") or account.get("account", "")
    return _also(parties.payee_numbers_of_accounts([named]).get(named, number), number)


def _also(owner: str, number: str) -> dict[str, str]:
    return {} if owner == number else {"also_the_account_of": owner}


def add_payee(
    acting: Acting, payee_id: UUID, number: str, told: PayeeDetails, new: NewAccount
) -> None:
    """A payee who was not known, with the first version of all."""
    add_payees(acting, [ForPayee(payee_id=payee_id, number=number, details=told, new=new)])


def add_payees(acting: Acting, added: Sequence[ForPayee]) -> None:
    """Payees who were not known, with the first versions of all."""
    parties.add_payees((one.payee_id, one.number, one.details.name) for one in added)
    events.record(
        [
            acting.event(
                "payee.added",
                "payee",
                one.payee_id,
                number=one.number,
                after=written(one.details),
                **told_of(one.new.origin),
            )
            for one in added
        ]
    )
    change_details(acting, [one.as_details() for one in added])
    add_accounts(acting, added)


class NewDetails(msgspec.Struct, frozen=True, kw_only=True):
    """Who a payee is from now on, and who stands by it."""

    payee_id: UUID
    number: str
    details: PayeeDetails
    origin: VersionOrigin
    by: str

    def version(self, row_id: UUID, number: int) -> payees.AddedDetails:
        return payees.AddedDetails(
            id=row_id,
            payee_id=self.payee_id,
            version=number,
            told=self.details,
            origin=self.origin,
            changed_by=self.by,
        )


def add_details(
    acting: Acting,
    payee_id: UUID,
    number: str,
    told: PayeeDetails,
    origin: VersionOrigin,
    by: str,
) -> None:
    """Store who the payee is from now on."""
    one = NewDetails(payee_id=payee_id, number=number, details=told, origin=origin, by=by)
    change_details(acting, [one])


def change_details(acting: Acting, changed: Sequence[NewDetails]) -> None:
    """The same of many payees, each once. What they were called before is kept, too."""
    now, ids = acting.world.clock.now(), acting.world.ids
    known = payees.details_of(one.payee_id for one in changed)
    numbers = payees.details_numbers(known)
    rows, told = [], []
    for one in changed:
        before, last = known[one.payee_id], numbers.get(one.payee_id, 0)
        if not last and before != one.details:
            last = 1  # Nobody knows who told what was known without a version.
            was = msgspec.structs.replace(one, details=before, origin=VersionOrigin(), by="")
            rows.append(was.version(ids.new(), last))
        rows.append(one.version(ids.new(), last + 1))
        if before != one.details:
            told.append(_details_event(acting, one, before, last + 1))
    payees.add_details(rows, now)
    events.record(told)


def _details_event(acting: Acting, one: NewDetails, before: PayeeDetails, number: int) -> Event:
    said = {"number": one.number, "version": number, **told_of(one.origin)}
    sides = {"before": written(before), "after": written(one.details)}
    return acting.event("payee.details_changed", "payee", one.payee_id, **said, **sides)


def told_of(origin: VersionOrigin) -> dict[str, str]:
    """Where a version comes from, as its event says it."""
    found = {
        "source": origin.source.value,
        "source_detail": origin.detail,
        "evidence_id": origin.evidence_id,
        "document": origin.document,
        "asked_by": origin.asked_by,
        "agreed_by": origin.agreed_by,
    }
    return {name: value for name, value in found.items() if value}


def written(told: PayeeDetails) -> dict[str, Any]:
    """Who a payee is, as people read it side by side; what is empty is left out."""
    found = {"name": told.name, "email": told.email, **msgspec.to_builtins(told.address)}
    return {name: value for name, value in found.items() if value}


def checked_details(
    name: str, *, street: str, post_code: str, town: str, country: str, email: str
) -> PayeeDetails:
    """Who a payee is, as it was asked for; raises Invalid, naming what is wrong."""
    land = country.strip().upper()
    if not name.strip():
        raise Invalid(
            "payee_incomplete",
            "A payee has a number and a name.",
            "Nothing was asked for.",
            "Give both.",
            field="wanted",
        )
    if land and not (len(land) == _COUNTRY and land.isascii() and land.isalpha()):
        raise Invalid(
            "invalid_country",
            f"{country[:20]!r} is no code of a country.",
            "Nothing was asked for.",
            "Use the two letters of ISO 3166, such as NL.",
            field="country",
        )
    address = PostalAddress(
        street=street.strip(), post_code=post_code.strip(), town=town.strip(), country=land
    )
    return PayeeDetails(name=name.strip(), address=address, email=mail(email))


def checked_proof(document: str) -> tuple[str, str]:
    """A proof as (evidence id, document): the id of a file that is kept here, or what a document
    elsewhere is called. Raises Refused for an id of no file, Invalid for what is no text."""
    told = document.strip()
    if len(told) > DOCUMENT_MAX or not told.isprintable():
        raise Invalid(
            "document_unfit",
            f"What proves it is named in up to {DOCUMENT_MAX} plain characters.",
            "Nothing was asked for.",
            "Name the letter, contract or ticket, or give the id of a file that is kept here.",
            field="document",
        )
    try:
        kept = UUID(told)
    except ValueError:
        return "", told
    try:
        evidence.describe(kept)
    except Refused:
        raise Refused(
            "document_unknown",
            f"No file {told} is kept here.",
            "Nothing was asked for.",
            "Give the id of a file that is kept, or name the document in words.",
        ) from None
    return told, ""


def by_request(acting: Acting, done: Done, document: str) -> VersionOrigin:
    """The origin of what two people asked for here and agreed to."""
    evidence_id, named = checked_proof(document)
    return VersionOrigin(
        source=VersionSource.CHANGE,
        detail=done.reason,
        evidence_id=evidence_id,
        document=named,
        asked_by=done.asked_by_name,
        agreed_by=acting.actor.name,
    )


def account_of(
    acting: Acting, done: Done, account: Mapping[str, str], bic: str, origin: VersionOrigin
) -> NewAccount:
    """What was asked for and agreed to, as a version that is to be."""
    return NewAccount(
        iban=account.get("iban", ""),
        local_account=account.get("account", ""),
        bic=identifier.bic(bic) if bic else "",
        origin=origin,
        by=f"{done.asked_by_name} and {acting.actor.name}",
        person=person_of(done.asked_by),
        request=done.request_id,
    )


def person_of(text: str) -> UUID | None:
    """Who asked, where that was a person."""
    try:
        return UUID(text)
    except ValueError:
        return None
