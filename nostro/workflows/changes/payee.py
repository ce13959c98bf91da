"""A payee that is new: who he is, and the account that he is paid to."""

from __future__ import annotations

from uuid import UUID

import msgspec

from nostro.domain import identifier
from nostro.domain.errors import Invalid, Refused
from nostro.domain.party import Action
from nostro.domain.payee import PayeeDetails
from nostro.storage import parties
from nostro.workflows import payee_versions as versions
from nostro.workflows.changes import Change, Done, Kind
from nostro.workflows.context import Acting


class WantedPayee(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`number` is the customer's own number of the payee, as payments name him. The account is an
    IBAN, or one without as nostro.domain.local_account writes it. Remittance advice goes to
    `email`. `document` proves it: the id of a kept file, or what a letter is called."""

    number: str
    name: str
    iban: str = ""
    bic: str = ""
    account: str = ""
    street: str = ""
    post_code: str = ""
    town: str = ""
    country: str = ""
    email: str = ""
    document: str = ""


def _look(acting: Acting, wanted: WantedPayee, request_id: UUID) -> Change:
    told = _details(wanted)
    if not wanted.number.strip():
        raise Invalid(
            "payee_incomplete",
            "A payee has a number and a name.",
            "Nothing was asked for.",
            "Give both.",
            field="wanted",
        )
    if parties.payee_named(wanted.number) is not None:
        raise Refused(
            "payee_number_taken",
            f"There is a payee {wanted.number} already.",
            "Nothing was asked for.",
            "Ask for a change of its account instead.",
        )
    versions.checked_proof(wanted.document)
    account = versions.named_account(wanted.iban, wanted.account)
    after = {"number": wanted.number, **versions.written(told), **account}
    after |= {"bic": identifier.bic(wanted.bic)} if wanted.bic else {}
    after |= {"document": wanted.document} if wanted.document else {}
    return Change(
        subject_id=request_id,
        subject=f"{told.name} ({wanted.number})",
        before={},
        after=after | versions.also_of(account, wanted.number),
    )


def _apply(acting: Acting, wanted: WantedPayee, change: Change, done: Done) -> None:
    account = versions.named_account(wanted.iban, wanted.account)
    origin = versions.by_request(acting, done, wanted.document)
    new = versions.account_of(acting, done, account, wanted.bic, origin)
    versions.add_payee(acting, done.request_id, wanted.number, _details(wanted), new)


def _details(wanted: WantedPayee) -> PayeeDetails:
    return versions.checked_details(
        wanted.name,
        street=wanted.street,
        post_code=wanted.post_code,
        town=wanted.town,
        country=wanted.country,
        email=wanted.email,
    )


KIND = Kind(
    name="payee",
    title="A new payee",
    wanted=WantedPayee,
    asks=(Action.PROPOSE_PAYEES,),
    decides=Action.DECIDE_PAYEES,
    look=_look,
    apply=_apply,
)
