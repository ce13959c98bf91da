"""Who a payee is: his name, and the address to which remittance advice goes. As versions."""

from __future__ import annotations

from uuid import UUID

import msgspec

from nostro.domain.party import Action
from nostro.domain.payee import PayeeDetails
from nostro.domain.policies.touching import Touch
from nostro.storage import payees
from nostro.workflows import payee_versions as versions
from nostro.workflows.changes import Change, Done, Kind
from nostro.workflows.changes.payee_account import known
from nostro.workflows.context import Acting


class WantedPayeeDetails(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of it as it is to be, but the name: where none is given, it stays."""

    number: str
    name: str = ""
    street: str = ""
    post_code: str = ""
    town: str = ""
    country: str = ""
    email: str = ""
    document: str = ""


def _look(acting: Acting, wanted: WantedPayeeDetails, _: UUID) -> Change:
    payee_id, name = known(wanted.number)
    before, told = payees.details(payee_id), _details(wanted, name)
    versions.checked_proof(wanted.document)
    proof = {"document": wanted.document} if wanted.document else {}
    return Change(
        subject_id=payee_id,
        subject=f"{name} ({wanted.number})",
        before=versions.written(before),
        after=versions.written(told) | (proof if before != told else {}),
    )


def _apply(acting: Acting, wanted: WantedPayeeDetails, change: Change, done: Done) -> None:
    _, name = known(wanted.number)
    origin = versions.by_request(acting, done, wanted.document)
    by = f"{done.asked_by_name} and {acting.actor.name}"
    told = _details(wanted, name)
    versions.add_details(acting, change.subject_id, wanted.number, told, origin, by)


def _details(wanted: WantedPayeeDetails, name: str) -> PayeeDetails:
    return versions.checked_details(
        wanted.name or name,
        street=wanted.street,
        post_code=wanted.post_code,
        town=wanted.town,
        country=wanted.country,
        email=wanted.email,
    )


KIND = Kind(
    name="payee_details",
    title="A payee's name and addresses",
    wanted=WantedPayeeDetails,
    asks=(Action.PROPOSE_PAYEES,),
    decides=Action.DECIDE_PAYEES,
    look=_look,
    apply=_apply,
    touches=Touch.DETAILS,
)
