"""The bytes of a notice to a payee: made once, kept before the first of them leaves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec

from nostro.domain.advice_notice import NoticeKind, message_name
from nostro.domain.errors import Invalid, Refused
from nostro.domain.money import Money
from nostro.domain.payee import mail
from nostro.domain.payee_advice import PayeeAdvice
from nostro.letters import correction_text, remittance_mail, remittance_text
from nostro.letters.remittance_mail import Attachment, Mail
from nostro.ports import Outgoing, TellsPayees
from nostro.storage import advice_notices, evidence, parties, payees
from nostro.storage.advice_notices import NoticeRow
from nostro.storage.paid_payments import advice_about
from nostro.workflows.context import Acting
from nostro.workflows.remittance_advice import AdviceFormat
from nostro.workflows.remittance_advice import write as written

NO_ADDRESS: Final = "payee_without_mail_address"
_MEDIA_TYPE: Final = "message/rfc822"


class Frozen(msgspec.Struct, frozen=True, kw_only=True):
    """A notice with the bytes that go at every try."""

    row: NoticeRow
    outgoing: Outgoing


def frozen(acting: Acting, row: NoticeRow, channel: TellsPayees) -> Frozen:
    """The bytes of a locked notice: those that were kept, or new ones where nobody can have seen
    them and it tells of other payments, or goes to another address, now. Raises Refused where
    nobody knows where to."""
    ids = advice_notices.orders_of(row.id)
    name = message_name(acting.tenant_id, row.kind, row.round, ids)
    if row.evidence_id and row.doubts:
        return _with(row, evidence.read(row.evidence_id))
    address = _address(row) if channel.by_mail else ""
    if row.evidence_id and (row.message_id, row.address) == (name, address):
        return _with(row, evidence.read(row.evidence_id))
    message = _message(acting, row, ids, Mail(
        name=name, sender=channel.sender(), sender_name="", recipient=address, subject="", text="",
    ))  # fmt: skip
    now = acting.world.clock.now()
    content = remittance_mail.write(message, now)
    kept = evidence.keep(
        acting.world.ids.new(),
        content,
        name=f"{name}.eml",
        media_type=_MEDIA_TYPE,
        direction="out",
        now=now,
    )
    if row.confidential:
        evidence.hide(kept)
    advice_notices.freeze(row.id, message_id=name, evidence_id=kept, address=address)
    told = msgspec.structs.replace(row, message_id=name, evidence_id=kept, address=address)
    return _with(told, content)


def _with(row: NoticeRow, content: bytes) -> Frozen:
    outgoing = Outgoing(
        message_id=row.message_id,
        file_name=f"{row.message_id}.eml",
        media_type=_MEDIA_TYPE,
        content=content,
    )
    return Frozen(row=row, outgoing=outgoing)


def _address(row: NoticeRow) -> str:
    """Where the payee's advice goes by what is known of him today; a correction goes where the
    advice went."""
    first = advice_notices.look(row.corrects_id) if row.corrects_id else None
    if first and first.address:
        return first.address
    known = parties.payee_ids([row.payee_number]) if row.payee_number else {}
    payee_id = known.get(row.payee_number)
    address = payees.details(payee_id).email if payee_id else ""
    try:
        if checked := mail(address):
            return checked
    except Invalid:
        pass  # From before addresses were checked as they are today.
    raise Refused(
        NO_ADDRESS,
        "Nobody knows a mail address of this payee.",
        "He was not told.",
        "Ask for the change of his address (payee_details), then send the advice again.",
    )


def _message(acting: Acting, row: NoticeRow, ids: Sequence[UUID], begun: Mail) -> Mail:
    advice = advice_about(ids, row.executed_on)
    if advice is None:
        raise Refused(
            "advice_of_nothing",
            "The notice tells of no payment any more.",
            "Nobody was told anything.",
            "Look at its payments.",
        )
    if row.kind is NoticeKind.CORRECTION:
        return _correction(row, ids[0], advice, begun)
    now = acting.world.clock.now()
    files = [written(advice, AdviceFormat(one), now) for one in row.formats]
    is_body = bool(begun.recipient)  # Then the text needs no file.
    return msgspec.structs.replace(
        begun,
        sender_name=advice.payer_name,
        subject=remittance_text.subject(advice),
        text=remittance_text.write(advice),
        attachments=tuple(
            Attachment(name=one.name, media_type=one.media_type, content=one.content)
            for one in files
            if not (is_body and one.name.endswith(".txt"))
        ),
    )


def _correction(row: NoticeRow, order_id: UUID, advice: PayeeAdvice, begun: Mail) -> Mail:
    state, minor = advice_notices.became(order_id)
    (paid,) = advice.payments
    text = correction_text.write(advice, state, Money(minor, paid.amount.currency))
    first = advice_notices.look(row.corrects_id) if row.corrects_id else None
    name = f"correction-{paid.number}.txt"
    plain = Attachment(name=name, media_type="text/plain; charset=utf-8", content=text.encode())
    return msgspec.structs.replace(
        begun,
        sender_name=advice.payer_name,
        subject=correction_text.subject(advice),
        text=text,
        attachments=() if begun.recipient else (plain,),
        answers=first.message_id if first else "",
    )
