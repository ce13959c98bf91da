"""New versions of what is known of a payee: stored with source, proof and who stands by it.

Every way to a new version ends here: a change request, a file of payees, a bank's correction, an
ERP's account that somebody accepted. Each tells its own event; nothing is overwritten.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec

from nostro.domain import identifier
from nostro.domain.errors import Invalid, Refused
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


def add_account(acting: Acting, payee_id: UUID, number: str, name: str, new: NewAccount) -> int:
    """Store a version of an account and wake what waits for it; returns its number."""
    freezes.close_gate()  # No file to the old account begins to leave meanwhile.
    before = parties.current_payee_accounts([number]).get(number)
    version = before.version + 1 if before else 1
    row = PayeeAccount(
        id=str(acting.world.ids.new()),
        payee_id=str(payee_id),
        payee_number=number,
        payee_name=name,
        version=version,
        iban=new.iban,
        local_account=new.local_account,
        bic=new.bic,
        valid_from=acting.world.clock.now(),
        changed_by=new.by,
        confirmed=False,
    )
    named = {"account": new.local_account} if new.local_account else {"iban": new.iban}
    also = also_of(named, number)
    parties.add_payee_account(row, new.person, new.origin, new.request)
    told = {
        "number": number,
        "version": version,
        "before": kept_account(before) if before else {},
        "after": {**named, "bic": new.bic},
        **also,
        "confirmation_ended": bool(before and before.confirmed),
        **told_of(new.origin),
    }
    events.record([acting.event("payee.account_changed", "payee", payee_id, **told)])
    wake("release_payments", tenant_id=acting.tenant_id)
    return version


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
    other = parties.payee_numbers_of_accounts([named]).get(named, number)
    return {} if other == number else {"also_the_account_of": other}


def add_payee(
    acting: Acting, payee_id: UUID, number: str, told: PayeeDetails, new: NewAccount
) -> None:
    """A payee who was not known, with the first version of all."""
    parties.add_payee(payee_id, number, told.name)
    events.record(
        [
            acting.event(
                "payee.added",
                "payee",
                payee_id,
                number=number,
                after=written(told),
                **told_of(new.origin),
            )
        ]
    )
    add_details(acting, payee_id, number, told, new.origin, new.by)
    add_account(acting, payee_id, number, told.name, new)


def add_details(
    acting: Acting,
    payee_id: UUID,
    number: str,
    told: PayeeDetails,
    origin: VersionOrigin,
    by: str,
) -> None:
    """Store who the payee is from now on. What he was called before is kept, too."""
    now, ids = acting.world.clock.now(), acting.world.ids
    before = payees.details(payee_id)
    if not payees.has_details(payee_id) and before != told:
        payees.add_details(ids.new(), payee_id, before, VersionOrigin(), "", now)
    version = payees.add_details(ids.new(), payee_id, told, origin, by, now)
    if before == told:
        return  # A new payee, whose event said so.
    said = {"number": number, "version": version, **told_of(origin)}
    sides = {"before": written(before), "after": written(told)}
    events.record([acting.event("payee.details_changed", "payee", payee_id, **said, **sides)])


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
