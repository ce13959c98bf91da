"""The letter for when a person must ring the bank, filled from what is stored about the file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from nostro.domain.case import CaseKind
from nostro.domain.errors import Refused
from nostro.domain.party import PostalAddress
from nostro.domain.submission import SubmissionState
from nostro.letters.bank_letter import BankLetter, LetterKind, LetterPayment, write
from nostro.storage import cases, submissions
from nostro.storage.letter_facts import LetterFacts, asked_back_with, letter_facts
from nostro.storage.tenancy import tenant
from nostro.workflows.case_work import locked
from nostro.workflows.context import Acting
from nostro.workflows.revealing import reveal_letter

# What is told about the state that a file is in, besides when it was made and left.
_TOLD = {
    SubmissionState.UNKNOWN: "Connection lost",
    SubmissionState.DELIVERED: "Handed over",
    SubmissionState.ACKNOWLEDGED: "You received it",
    SubmissionState.REFUSED: "You refused it",
    SubmissionState.NOT_DELIVERED: "Could not be sent",
}


def enquiry(acting: Acting, submission_id: UUID) -> bytes:
    """The letter (PDF) that asks whether a file arrived; Refused for what goes to no bank."""
    with tenant(acting.tenant_id):
        facts = _facts(submission_id)
        asked = cases.open_about_submission(submission_id, CaseKind.ENQUIRY)
        number = case_number(asked[0].id if asked else submission_id)
        reveal_letter(acting, "submission", submission_id)
        return write(_letter(acting, LetterKind.ENQUIRY, number, facts, ()))


def recall(acting: Acting, case_id: UUID) -> bytes:
    """The letter (PDF) that asks for payments back, all those of one request."""
    with tenant(acting.tenant_id):
        case = locked(case_id)
        if case.kind is not CaseKind.RECALL or case.submission_id is None:
            raise Refused(
                "no_recall",
                f"This case is a {case.kind}: nothing is asked back by it.",
                can_do="Recall the payment first, or take the letter of its file.",
            )
        facts = _facts(case.submission_id, asked_back_with(case.id, case.request_id))
        times = (("Recall asked for", case.opened_at),)
        reveal_letter(acting, "case", case_id)
        return write(_letter(acting, LetterKind.RECALL, case_number(case.id), facts, times))


def case_number(case_id: UUID) -> str:
    """What a case is called in letters and on the telephone."""
    return case_id.hex[-8:].upper()


def _facts(submission_id: UUID, attempt_ids: Sequence[UUID] = ()) -> LetterFacts:
    found = submissions.load([submission_id])
    if not found:
        raise Refused("submission_unknown", "There is no such file for this customer.")
    facts = letter_facts(submission_id, attempt_ids)
    if found[0].purpose != submissions.PAYMENTS or facts is None:
        raise Refused(
            "no_payment_file",
            f"{found[0].file_name} carries no payments to a bank.",
            "No letter was made.",
            "Take the letter of the payment file that it is about.",
        )
    return facts


def _letter(
    acting: Acting,
    kind: LetterKind,
    number: str,
    facts: LetterFacts,
    times: Sequence[tuple[str, datetime]],
) -> BankLetter:
    by_person = acting.actor.kind == "person"
    return BankLetter(
        kind=kind,
        case_number=number,
        as_of=acting.world.clock.now(),
        brand_name=facts.partner_name,
        customer_name=facts.entity.name,
        customer_address=_lines(facts.entity.address),
        contact_name=acting.actor.name if by_person else facts.entity.name,
        bank_name=facts.connection_name,
        bank_bic=facts.account.bic,
        debit_accounts=(facts.account.iban,),
        message_id=facts.message_id,
        payment_information_ids=tuple(
            dict.fromkeys(row.payment_information_id for row in facts.payments)
        ),
        file_name=facts.file_name,
        size_bytes=facts.size_bytes,
        digests=facts.digests,
        times=(*_times(facts), *times),
        payments=tuple(
            LetterPayment(
                end_to_end_id=row.end_to_end_id,
                amount=row.amount,
                payee_name=row.payee_name,
                uetr=str(row.uetr),
            )
            for row in facts.payments
        ),
        signers=(acting.actor.name,) if by_person else (),
    )


def _times(facts: LetterFacts) -> list[tuple[str, datetime]]:
    told = [("File made", facts.created_at)]
    if facts.dispatched_at:
        told.append(("Left us", facts.dispatched_at))
    if word := _TOLD.get(facts.state):
        told.append((word, facts.state_since))
    return told


def _lines(address: PostalAddress) -> tuple[str, ...]:
    street = f"{address.street} {address.building}".strip()
    town = f"{address.post_code} {address.town}".strip()
    return tuple(line for line in (street, town, address.country) if line)
