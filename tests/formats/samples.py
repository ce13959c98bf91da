"""Objects to write and bytes to read, for tests of formats."""

from __future__ import annotations

from datetime import date
from io import BytesIO
from typing import Any

import msgspec
from hypothesis import strategies as st

from nostro import formats
from nostro.domain.currency import EXPONENT
from nostro.domain.identifier import mod97
from nostro.domain.journal import (
    BusinessEvent,
    JournalEvent,
    JournalLine,
    PostingAction,
    PostingOwner,
)
from nostro.domain.money import Money
from nostro.domain.party import PostalAddress
from nostro.domain.payment import Batch, ChargeBearer, Instruction, PaymentFile, Rail, RollRule
from nostro.formats import Profile
from nostro.formats.sepa_characters import ALLOWED

IBAN = "DE89370400440532013000"
OTHER_IBAN = "AT611904300234573201"
ADDRESS = PostalAddress(
    street="Hauptstrasse", building="12", post_code="53111", town="Bonn", country="DE"
)
DAY = date(2026, 11, 20)


def read(name: str, data: bytes, profile: Profile | None = None) -> list[Any]:
    """Whole documents that a format reads from bytes; raises Invalid at the first error."""
    return list(formats.documents(formats.find()[name], BytesIO(data), profile or Profile()))


def write(name: str, items: Any, **options: str) -> bytes:
    return formats.writer(formats.find()[name])(items, Profile(options=options))


def instruction(**changes: Any) -> Instruction:
    fields = {
        "end_to_end_id": "E2E-1",
        "amount": Money(123450, "EUR"),
        "creditor_name": "Papier Huber",
        "creditor_address": ADDRESS,
        "creditor_iban": OTHER_IBAN,
        "creditor_bic": "BKAUATWW",
        "requested_date": DAY,
        "latest_date": DAY,
        "roll_rule": RollRule.NONE,
        "remittance": "Invoice R-881",
        "creditor_reference": "",
    }
    return Instruction(**{**fields, **changes})


def batch(*instructions: Instruction, **changes: Any) -> Batch:
    fields = {
        "payment_information_id": "NOSTRO-1-B1",
        "debtor_name": "Vesterholt Group",
        "debtor_address": ADDRESS,
        "debtor_iban": IBAN,
        "debtor_bic": "COBADEFFXXX",
        "execution_date": DAY,
        "rail": Rail.SEPA_CREDIT_TRANSFER,
        "charge_bearer": ChargeBearer.SLEV,
    }
    return Batch(instructions=instructions or (instruction(),), **{**fields, **changes})


def payment_file(*batches: Batch, **changes: Any) -> PaymentFile:
    fields = {
        "message_id": "NOSTRO-1",
        "created_at": "2026-11-19T08:30:00",
        "initiator": "Vesterholt Group",
    }
    return PaymentFile(batches=batches or (batch(),), **{**fields, **changes})


def cross_border(*instructions: Instruction, **changes: Any) -> Batch:
    return batch(
        *instructions,
        **{"rail": Rail.CROSS_BORDER_TRANSFER, "charge_bearer": ChargeBearer.SHAR, **changes},
    )


# --- What hypothesis may make up -----------------------------------------------------------------


def texts(longest: int) -> st.SearchStrategy[str]:
    """SEPA text that a writer takes: no space at an end."""
    letters = st.text(st.sampled_from(sorted(ALLOWED)), min_size=1, max_size=longest)
    return letters.map(lambda text: text.strip(" ") or "A")


def references() -> st.SearchStrategy[str]:
    return st.text(st.sampled_from("ABCXYZabc019-.:+()"), min_size=1, max_size=35)


def ibans() -> st.SearchStrategy[str]:
    def made(number: int) -> str:
        account = f"{number:018d}"
        return f"DE{98 - mod97(account + 'DE00'):02d}{account}"

    return st.integers(0, 10**18 - 1).map(made)


def rf_references() -> st.SearchStrategy[str]:
    def made(text: str) -> str:
        return f"RF{98 - mod97(text + 'RF00'):02d}{text}"

    return st.text(st.sampled_from("ABC0123456789"), min_size=1, max_size=21).map(made)


def addresses() -> st.SearchStrategy[PostalAddress]:
    return st.builds(
        PostalAddress,
        street=st.just("") | texts(70),
        building=st.just("") | texts(16),
        post_code=st.just("") | texts(16),
        town=texts(35),
        country=st.sampled_from(["DE", "FR", "JP"]),
    )


BICS = st.sampled_from(["", "COBADEFF", "BKAUATWWXXX"])


def instructions(rail: Rail) -> st.SearchStrategy[Instruction]:
    sepa = rail is Rail.SEPA_CREDIT_TRANSFER
    currency = st.just("EUR") if sepa else st.sampled_from(sorted(EXPONENT))
    remitted = st.tuples(st.just("") | texts(140), st.just("")) | st.tuples(
        st.just(""), rf_references()
    )
    return remitted.flatmap(
        lambda told: st.builds(
            instruction,
            end_to_end_id=references(),
            amount=st.builds(Money, st.integers(1, 99_999_999_999), currency),
            creditor_name=texts(70 if sepa else 140),
            creditor_address=addresses() | st.just(PostalAddress()) if sepa else addresses(),
            creditor_iban=ibans(),
            creditor_bic=BICS,
            remittance=st.just(told[0]),
            creditor_reference=st.just(told[1]),
        )
    )


@st.composite
def payment_files(draw: st.DrawFn) -> PaymentFile:
    """Any file the writer must take: unique ids are given at the end."""
    made: list[Batch] = []
    for number in range(draw(st.integers(1, 3))):
        rail = draw(st.sampled_from(Rail))
        found = draw(st.lists(instructions(rail), min_size=1, max_size=4))
        unique = [
            instruction_with(item, f"{number}.{place}.{item.end_to_end_id}"[:35])
            for place, item in enumerate(found)
        ]
        sepa = rail is Rail.SEPA_CREDIT_TRANSFER
        others = [ChargeBearer.SHAR, ChargeBearer.DEBT, ChargeBearer.CRED]
        made.append(
            batch(
                *unique,
                payment_information_id=f"B{number}",
                rail=rail,
                charge_bearer=ChargeBearer.SLEV if sepa else draw(st.sampled_from(others)),
                debtor_name=draw(texts(70)),
                debtor_iban=draw(ibans()),
                debtor_bic=draw(BICS),
                execution_date=draw(st.dates(date(2000, 1, 1), date(2099, 12, 31))),
            )
        )
    return payment_file(*made, message_id=draw(references()), initiator=draw(texts(70)))


def instruction_with(item: Instruction, end_to_end_id: str) -> Instruction:
    return msgspec.structs.replace(item, end_to_end_id=end_to_end_id)


def journals() -> st.SearchStrategy[list[JournalEvent]]:
    cell = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
    money = st.builds(Money, st.integers(-(10**15), 10**15), st.sampled_from(["EUR", "JPY", "KWD"]))
    line = st.builds(
        JournalLine,
        ledger_account=cell,
        document=money,
        functional=money,
        open_item=cell,
        text=cell,
    )
    return st.lists(
        st.builds(
            JournalEvent,
            id=cell,
            event=st.sampled_from(BusinessEvent),
            owner=st.sampled_from(PostingOwner),
            action=st.sampled_from(PostingAction),
            entity_code=cell,
            posting_date=st.dates(),
            reference=cell,
            text=cell,
            lines=st.lists(line, max_size=3).map(tuple),
        ),
        max_size=4,
    )
