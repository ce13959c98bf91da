"""Mails to payees: golden, the same bytes each time; nobody else writes a line of their head."""

from __future__ import annotations

from datetime import UTC, date, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.order import OrderState
from nostro.domain.party import PostalAddress
from nostro.domain.payee import mail
from nostro.domain.payee_advice import PaidInvoice, PaidPayment, PayeeAdvice
from nostro.letters import correction_text, remittance_letter, remittance_mail, remittance_text
from nostro.letters.remittance_mail import Attachment, Mail

GOLDEN = Path(__file__).parent / "golden"
AT = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)
ADVICE = PayeeAdvice(
    brand_name="Harbour Treasury",
    payer_code="VH-DE",
    payer_name="Müller & Söhne, Hafen GmbH",
    payer_address=PostalAddress(street="Hafenstraße", building="12", town="Hamburg", country="DE"),
    payee_number="V-2210",
    payee_name="Papier Huber GmbH",
    payments=(
        PaidPayment(
            order_id="0193460a-0000-7000-8000-00000000002a",
            number="P-000042",
            amount=Money(123456, "EUR"),
            executed_on=date(2026, 11, 20),
            rail="sepa_credit_transfer",
            end_to_end_id="E2E-42",
            account_ending="3000",
            invoices=(PaidInvoice(number="R-881", amount=Money(123456, "EUR")),),
        ),
    ),
)
MAIL = Mail(
    name="ADV-0F0F",
    sender="payments@payer.example",
    sender_name=ADVICE.payer_name,
    recipient="accounts@payee.example",
    subject=remittance_text.subject(ADVICE),
    text=remittance_text.write(ADVICE),
)
ATTACHED = msgspec.structs.replace(
    MAIL,
    attachments=(
        Attachment(
            name="remittance-advice-P-000042.edi",
            media_type="application/edi-x12",
            content=b"ISA*00*~ST*820*0001~",
        ),
        Attachment(name="a.txt", media_type="text/plain; charset=utf-8", content="Ä\n".encode()),
    ),
)


def correction(became: OrderState, minor: int) -> Mail:
    text = correction_text.write(ADVICE, became, Money(minor, "EUR"))
    subject = correction_text.subject(ADVICE)
    told = {"subject": subject, "text": text, "name": "ADV-1E1E", "answers": MAIL.name}
    return msgspec.structs.replace(MAIL, **told)


def read(content: bytes) -> EmailMessage:
    found = message_from_bytes(content, policy=default)
    assert isinstance(found, EmailMessage)
    return found


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("advice", MAIL),
        ("attached", ATTACHED),
        ("returned", correction(OrderState.RETURNED, 123456)),
        ("returned_in_part", correction(OrderState.PARTIALLY_RETURNED, 23456)),
        ("recalled", correction(OrderState.RECALLED, 0)),
    ],
)
def test_golden(name: str, told: Mail, request: pytest.FixtureRequest) -> None:
    content = remittance_mail.write(told, AT)
    golden = GOLDEN / f"{name}.eml"
    if request.config.getoption("--bless"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_bytes(content)
    assert content == golden.read_bytes()
    assert max(map(len, content.split(b"\r\n"))) < 998
    assert content.isascii()
    assert b"\n" not in content.replace(b"\r\n", b"")


def test_the_pdf_is_attached_whole() -> None:
    pdf = remittance_letter.write(ADVICE)
    one = Attachment(name="a.pdf", media_type="application/pdf", content=pdf)
    (part,) = read(
        remittance_mail.write(msgspec.structs.replace(MAIL, attachments=(one,)), AT)
    ).iter_attachments()
    assert part.get_payload(decode=True) == pdf
    assert (part.get_content_type(), part.get_filename()) == ("application/pdf", "a.pdf")


HEADS = ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Type"]
FORGED = st.text('aÄß \r\n\t:<>@,;"\\\u2028\u202e\x00\x85=?', max_size=120)


@given(name=FORGED, subject=FORGED)
def test_nobody_else_writes_a_line_of_the_head(name: str, subject: str) -> None:
    told = msgspec.structs.replace(
        MAIL, sender_name=f"{name}\r\nBcc: x@y.example", subject=f"{subject}\nTo: z@y.example\r\n"
    )
    message = read(remittance_mail.write(told, AT))
    usual = {*HEADS, "Content-Transfer-Encoding", "MIME-Version"}
    assert set(message.keys()) == usual
    assert len(message.keys()) == len(usual)
    assert [one.addr_spec for one in message["To"].addresses] == [MAIL.recipient]
    assert [one.addr_spec for one in message["From"].addresses] == [MAIL.sender]


@given(FORGED)
def test_the_text_is_read_back_as_it_was(text: str) -> None:
    body = "".join(f"{line}\n" for line in text.splitlines())
    message = read(remittance_mail.write(msgspec.structs.replace(MAIL, text=body), AT))
    assert message.get_content().replace("\r\n", "\n").rstrip("\n") == body.rstrip("\n")


@given(st.text('a1@.,;<>" \r\n\\()[]:é-_+', max_size=40))
def test_an_address_is_one_address_and_nothing_else(text: str) -> None:
    try:
        kept = mail(text)
    except Invalid as error:
        assert error.code == "invalid_mail_address"  # noqa: PT017 - any other code fails
        return
    if kept:
        message = read(remittance_mail.write(msgspec.structs.replace(MAIL, recipient=kept), AT))
        assert [one.addr_spec for one in message["To"].addresses] == [kept]


@pytest.mark.parametrize(
    "text", ["a@b.example", "a.b+c@x-y.co.example", "A_1@b.example", "o'neil@xn--mller-kva.example"]
)
def test_usual_addresses(text: str) -> None:
    assert mail(f" {text} ") == text


@pytest.mark.parametrize(
    "text",
    [
        *("nobody", "a@b", "a@b.example, c@d.example", "a@b.example>", "<a@b.example>"),
        *("a@b.example\r\nBcc: c@d.example", '"a b"@c.example', "a@[127.0.0.1]", "a..b@c.example"),
        *("müller@c.example", "a@-b.example", f"{'a' * 65}@b.example", f"a@{'b' * 250}.example"),
        *("a@b@c.example", ".a@b.example", "a@b.example SIZE=1"),
    ],
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(Invalid):
        mail(text)
