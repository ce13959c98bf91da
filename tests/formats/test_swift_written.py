"""What is written as MT940 and MT101 is read back equal, and refused when it could not be."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nostro import formats
from nostro.domain.balance_gate import balance_verdict
from nostro.domain.currency import EXPONENT
from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.payment_file import (
    NO_ACCOUNT,
    NO_ADDRESS,
    NO_AGENT,
    NOBODY,
    Address,
    Agent,
    BankAccount,
    Method,
    Party,
    Payment,
    PaymentBatch,
    PaymentFile,
)
from nostro.domain.problem import NOWHERE, Location, Problem
from nostro.domain.remittance import ReferredDocument
from nostro.domain.statement import (
    Balance,
    Closing,
    Entry,
    EntryStatus,
    ReportKind,
    Statement,
    TransactionDetail,
)
from nostro.formats import Profile
from tests.formats.payments import ibans, maybe

GOLDEN = Path(__file__).parents[1] / "golden"


def read(name: str, data: bytes) -> list[Any]:
    form = formats.find()[name]
    return list(formats.documents(form, BytesIO(data), Profile()))


def write(name: str, document: Any, **options: Any) -> bytes:
    return formats.writer(formats.find()[name])(document, Profile(options=options))


def placeless(value: Any) -> Any:
    """The same without locations, at any depth, and without what was said of it."""
    if isinstance(value, msgspec.Struct):
        told = {name: placeless(getattr(value, name)) for name in value.__struct_fields__}
        if "location" in told:
            told["location"] = NOWHERE
        return type(value)(**told)
    if isinstance(value, tuple):
        return tuple(placeless(inner) for inner in value if not isinstance(inner, Problem))
    return value


def refused(doing: Callable[[], object]) -> str:
    with pytest.raises(Invalid) as caught:
        doing()
    assert caught.value.happened
    assert caught.value.can_do
    return caught.value.code


# --- MT940

DAY = date(2026, 3, 18)
DAYS = st.dates(date(2025, 9, 1), date(2026, 9, 30))
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcxyz0123456789"


def words(longest: int) -> st.SearchStrategy[str]:
    text = st.text(st.sampled_from(LETTERS + " ().,'"), min_size=1, max_size=longest)
    return text.map(lambda told: " ".join(told.split()) or "A")


def references() -> st.SearchStrategy[str]:
    return st.text(st.sampled_from(LETTERS), min_size=1, max_size=16).filter(
        lambda text: text != "NONREF"
    )


def detail(**changes: Any) -> TransactionDetail:
    return TransactionDetail(**{"amount": Money(0, "EUR"), **changes})


def entry(**changes: Any) -> Entry:
    fields: dict[str, Any] = {
        "amount": Money(1250, "EUR"),
        "status": EntryStatus.BOOK,
        "booked": DAY,
        "value": DAY,
        "bank_reference": "",
        "entry_reference": "",
        "transaction_code": "",
        "proprietary_code": "NTRF",
        "proprietary_issuer": "SWIFT",
        "reversal": False,
        "text": "",
        "details": (),
        "location": NOWHERE,
    }
    return Entry(**{**fields, **changes})


def balance(code: str, minor: int, day: date = DAY, **changes: Any) -> Balance:
    tags = {"OPBD": "60F", "CLBD": "62F", "CLAV": "64", "FWAV": "65"}
    fields = {"bank_code": tags[code], "currency": "EUR", **changes}
    return Balance(
        code=code,
        amount=Money(minor, fields.pop("currency")),
        day=day,
        **fields,
    )


def statement(*entries: Entry, **changes: Any) -> Statement:
    total = sum(one.amount.minor for one in entries)
    fields: dict[str, Any] = {
        "statement_id": "STMT-1",
        "account": "0532013000",
        "currency": "EUR",
        "kind": ReportKind.PREVIOUS_DAY,
        "sequence": 7,
        "created_at": None,
        "from_day": None,
        "to_day": None,
        "location": NOWHERE,
        "bank_code": "37040044",
        "balances": (balance("OPBD", 1000), balance("CLBD", 1000 + total)),
        "entries": entries,
        "problems": (),
    }
    return Statement(**{**fields, **changes})


@st.composite
def details_german(draw: st.DrawFn) -> TransactionDetail:
    has_words = draw(st.booleans())
    purpose = draw(st.lists(words(27), max_size=4))
    told: dict[str, Any] = {
        "counterparty_name": draw(maybe(words(40))),
        "counterparty_iban": draw(maybe(ibans())),
        "counterparty_bic": draw(st.sampled_from(["", "COBADEFF", "BKAUATWWXXX"])),
        "remittance": tuple(purpose),
    }
    if has_words:
        told["end_to_end_id"] = draw(references())
        told["mandate_id"] = draw(maybe(references()))
        told["remittance"] = (draw(words(100)),)
    return detail(**told)


@st.composite
def details_slash(draw: st.DrawFn) -> TransactionDetail:
    return detail(
        end_to_end_id=draw(references()),
        mandate_id=draw(maybe(references())),
        counterparty_name=draw(maybe(words(40))),
        counterparty_iban=draw(maybe(ibans())),
        counterparty_bic=draw(st.sampled_from(["", "COBADEFF"])),
        remittance=draw(st.just(()) | st.tuples(words(100))),
        return_reason=draw(st.sampled_from(["", "MS03"])),
    )


@st.composite
def entries(
    draw: st.DrawFn, currency: str, details: st.SearchStrategy[TransactionDetail], gvc: str
) -> Entry:
    limit = 10 ** (14 - (EXPONENT[currency] or 0)) - 1
    minor = draw(st.integers(-limit, limit))
    value = draw(DAYS)
    told = draw(details)
    kind = draw(st.sampled_from(["NTRF", "NMSC", "FDDT", "S051"])) + gvc
    supplement = draw(maybe(words(34)))
    return entry(
        amount=Money(minor, currency),
        value=value,
        booked=draw(st.none() | st.integers(-150, 150).map(lambda n: value + timedelta(n))),
        reversal=draw(st.booleans()) and minor != 0,
        proprietary_code=kind,
        proprietary_issuer="DK" if gvc else "SWIFT",
        customer_reference=draw(maybe(references())),
        bank_reference=draw(maybe(references())),
        funds_code=draw(st.sampled_from(["", "R", "K"])),
        codes=(("61/9", supplement),) if supplement else (),
        details=(msgspec.structs.replace(told, amount=Money(minor, currency)),),
    )


@st.composite
def statements(draw: st.DrawFn, dialect: str) -> Statement:
    currency = draw(st.sampled_from(["EUR", "JPY", "KWD"]))
    gvc = "+166" if dialect == "german" else ""
    details = {
        "german": details_german(),
        "slash": details_slash(),
        "plain": st.builds(detail, remittance=st.tuples(words(64), words(64))),
    }[dialect]
    booked = tuple(draw(st.lists(entries(currency, details, gvc), max_size=4)))
    opening = draw(st.integers(-(10**8), 10**8))
    closing = opening + sum(one.amount.minor for one in booked)
    closing = max(min(closing, 10**11), -(10**11))
    balances = [balance("OPBD", opening, currency=currency)]
    balances.append(balance("CLBD", closing, draw(DAYS), currency=currency))
    for code in draw(st.lists(st.sampled_from(["CLAV", "FWAV"]), max_size=3)):
        balances.append(balance(code, opening, draw(DAYS), currency=currency))
    account = {"account": "0532013000", "bank_code": draw(st.sampled_from(["", "37040044"]))}
    if draw(st.booleans()):
        account = {"account": draw(ibans()), "bank_bic": draw(st.sampled_from(["", "COBADEFF"]))}
    return statement(
        *booked,
        statement_id=draw(references()),
        currency=currency,
        sequence=draw(st.none() | st.integers(1, 99999)),
        page=draw(st.none() | st.integers(0, 99999)),
        balances=tuple(balances),
        text=draw(maybe(words(60))),
        **{"bank_code": "", **account},
    )


def without_raw(found: Statement) -> Statement:
    """The statement without :86: as it is written, which the reader always keeps."""
    booked = tuple(msgspec.structs.replace(one, text="") for one in found.entries)
    return msgspec.structs.replace(found, entries=booked)


@pytest.mark.parametrize("dialect", ["german", "slash", "plain"])
@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_a_statement_reads_back_as_written(dialect: str, data: st.DataObject) -> None:
    given_one = data.draw(statements(dialect))
    try:
        written = write("mt940", given_one, narrative=dialect)
    except Invalid as refusal:
        assert refusal.code in ("too_many_lines", "date_not_carried"), refusal  # noqa: PT017
        return
    assert formats.identify(written[:4096]).name in ("mt940", "mt950")
    (found,) = read("mt940", written)
    assert placeless(without_raw(found)) == placeless(given_one)
    assert write("mt940", found, narrative=dialect) == written


@pytest.mark.parametrize("sample", sorted(GOLDEN.glob("mt940/*.in")), ids=lambda path: path.stem)
def test_a_second_pass_is_the_same_to_the_byte(sample: Path) -> None:
    for found in read("mt940", sample.read_bytes()):
        try:
            once = write("mt940", found, leave_out=["charges", "instructed"])
        except Invalid as refusal:
            assert refusal.code in ("not_carried", "code_not_carried", "too_long")  # noqa: PT017
            continue
        (again,) = read("mt940", once)
        assert write("mt940", again) == once


def test_a_written_statement_closes() -> None:
    (found,) = read("mt940", write("mt940", statement(entry(), entry(amount=Money(-50, "EUR")))))
    assert balance_verdict(found).verdict is Closing.CLOSES


def test_what_mt940_cannot_carry_may_be_left_out_knowingly() -> None:
    given_one = statement(entry(transaction_code="PMNT/RCDT/ESCT"), owner_name="Kiel Werft")
    assert refused(lambda: write("mt940", given_one)) == "not_carried"
    written = write("mt940", given_one, leave_out=["transaction_code", "owner_name"])
    (found,) = read("mt940", written)
    assert not found.owner_name


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"statement_id": "SEVENTEEN-LETTERS"}, "too_long"),
        ({"statement_id": "/STMT"}, "reference_not_swift"),
        ({"statement_id": "STMT_1"}, "characters_not_swift"),
        ({"kind": ReportKind.INTRADAY}, "not_a_day_statement"),
        ({"balances": (balance("OPBD", 0),)}, "balance_missing"),
        ({"entries": (entry(amount=Money(1, "USD")),)}, "currencies_differ"),
        ({"entries": (entry(amount=Money(10**15, "EUR")),)}, "amount_too_large"),
        ({"entries": (entry(status="PDNG"),)}, "status_not_carried"),
        ({"entries": (entry(value=None, booked=None),)}, "date_missing"),
        ({"entries": (entry(value=date(1999, 1, 1)),)}, "date_not_carried"),
        ({"entries": (entry(proprietary_code="195"),)}, "code_not_carried"),
        ({"entries": (entry(details=(detail(), detail())),)}, "details_not_carried"),
        ({"entries": (entry(details=(detail(uetr="x"),)),)}, "narrative_not_carried"),
        ({"entries": (entry(text="A\n" * 7),)}, "too_many_lines"),
        ({"entries": (entry(text=":x"),)}, "line_not_swift"),
        ({"created_at": None, "legal_sequence": 4}, "not_carried"),
    ],
)
def test_a_statement_that_does_not_fit_is_refused(changes: dict[str, Any], code: str) -> None:
    assert refused(lambda: write("mt940", statement(**changes))) == code


# --- MT101


def lines(most: int) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(words(35), max_size=most).map(tuple)


ACCOUNTS = st.builds(BankAccount, iban=ibans()) | st.builds(
    BankAccount, number=st.text(st.sampled_from("0123456789"), min_size=1, max_size=20)
)
BICS = st.sampled_from(["COBADEFF", "BKAUATWWXXX", "CITIUS33ABC"])
PARTIES = (
    st.builds(Party, identifier=BICS, scheme=st.just("BIC"))
    | st.builds(
        Party,
        name=words(33),
        address=st.builds(
            Address, street=maybe(words(33)), country=st.just("US"), town=maybe(words(20))
        ),
    )
    | st.builds(
        Party,
        name=words(35),
        address=st.just(NO_ADDRESS) | st.builds(Address, lines=lines(3).filter(bool)),
    )
)
AGENTS = (
    st.just(NO_AGENT)
    | st.builds(Agent, bic=BICS)
    | st.builds(Agent, clearing_system=st.just("USABA"), member_id=st.just("021000021"))
)


@st.composite
def payments(draw: st.DrawFn, reference: str) -> Payment:
    currency = draw(st.sampled_from(["EUR", "JPY", "KWD"]))
    equivalent = draw(st.booleans())
    return Payment(
        end_to_end_id=draw(st.just(reference) | references()),
        rail_reference=reference,
        amount=Money(0 if equivalent else draw(st.integers(1, 10**10)), currency),
        equivalent=Money(draw(st.integers(1, 10**10)), "EUR") if equivalent else None,
        instructions_to_agent=("EQUI",) if equivalent else draw(st.sampled_from([(), ("URGP",)])),
        counterparty=draw(PARTIES),
        counterparty_account=draw(ACCOUNTS),
        counterparty_agent=draw(AGENTS),
        intermediary=draw(AGENTS),
        charge_bearer=draw(st.sampled_from(["DEBT", "SHAR", "CRED"])),
        exchange_rate=draw(st.sampled_from(["", "1.0842"])),
        exchange_contract=draw(maybe(references())),
        creditor_reference=draw(maybe(references())),
        documents=tuple(
            ReferredDocument(number=number, kind="CINV")
            for number in draw(st.lists(references(), max_size=1))
        ),
        remittance=draw(lines(1)),
        regulatory=draw(lines(3)),
    )


@st.composite
def payment_files(draw: st.DrawFn) -> PaymentFile:
    batches = []
    for number in range(draw(st.integers(1, 2))):
        day = draw(st.dates(date(2000, 1, 1), date(2079, 12, 31)))
        owns = [Party(name=f"Kiel Werft {index}") for index in range(draw(st.integers(1, 2)))]
        for place, own in enumerate(owns):
            count = draw(st.integers(1, 2))
            batches.append(
                PaymentBatch(
                    batch_id=f"RUN-{number}",
                    method=Method.TRANSFER,
                    requested_date=day,
                    own=own,
                    own_account=draw(ACCOUNTS | st.just(NO_ACCOUNT)),
                    own_agent=draw(AGENTS),
                    payments=tuple(
                        draw(payments(f"P{number}{place}{index}")) for index in range(count)
                    ),
                )
            )
    several = len({batch.batch_id for batch in batches}) > 1
    envelope = draw(st.booleans())
    return PaymentFile(
        message_id=draw(references()) if several or draw(st.booleans()) else "RUN-0",
        created_at="",
        initiator=draw(
            st.just(NOBODY) | st.builds(Party, identifier=references(), scheme=st.just("CUST"))
        ),
        version="MT101" if envelope else "",
        forwarding_agent=Agent(bic="KIELDEFF") if envelope else NO_AGENT,
        receiver="NORDDEFFABC" if envelope else "",
        batches=tuple(batches),
    )


@given(file=payment_files())
@settings(max_examples=200, deadline=None)
def test_a_payment_file_reads_back_as_written(file: PaymentFile) -> None:
    written = write("mt101", file)
    assert formats.identify(written[:4096]).name == "mt101"
    (found,) = read("mt101", written)
    assert placeless(found) == file
    assert write("mt101", found) == written


def test_a_chain_is_written_again_to_the_byte() -> None:
    (sample,) = GOLDEN.glob("mt101/*.in")
    (found,) = read("mt101", sample.read_bytes())
    once = write("mt101", found, leave_out=["codes"])
    (again,) = read("mt101", once)
    assert write("mt101", again) == once


def payment(**changes: Any) -> Payment:
    fields: dict[str, Any] = {
        "end_to_end_id": "E2E-1",
        "amount": Money(123450, "EUR"),
        "counterparty": Party(name="Papier Huber"),
        "counterparty_account": BankAccount(number="0532013000"),
        "charge_bearer": "SHAR",
    }
    return Payment(**{**fields, **changes})


def payment_file(*paid: Payment, **changes: Any) -> PaymentFile:
    batch = {
        "batch_id": "RUN-1",
        "method": Method.TRANSFER,
        "requested_date": DAY,
        "own": Party(name="Kiel Werft"),
        **{name: changes.pop(name) for name in list(changes) if name in ("method", "batch_id")},
    }
    batches = (PaymentBatch(payments=paid or (payment(),), **batch),)
    told = {"message_id": "RUN-1", "created_at": "", "initiator": NOBODY, "batches": batches}
    return PaymentFile(**{**told, **changes})


def test_a_payment_without_rail_reference_uses_its_own() -> None:
    (found,) = read("mt101", write("mt101", payment_file()))
    assert found.batches[0].payments[0].rail_reference == "E2E-1"


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (payment_file(batches=()), "nothing_to_write"),
        (payment_file(created_at="2026-11-19T08:30:00"), "not_carried"),
        (payment_file(codes=(("9", "x"),)), "code_not_carried"),
        (payment_file(method=Method.DIRECT_DEBIT), "method_not_carried"),
        (payment_file(batch_id="A-BATCH-OF-SEVENTEEN"), "too_long"),
        (payment_file(payment(), payment()), "reference_repeated"),
        (payment_file(payment(end_to_end_id="")), "reference_not_swift"),
        (payment_file(payment(charge_bearer="SLEV")), "charges_missing"),
        (payment_file(payment(equivalent=Money(1, "EUR"))), "equivalent_wrong"),
        (payment_file(payment(uetr="x")), "not_carried"),
        (payment_file(payment(codes=(("99", "x"),))), "code_not_carried"),
        (payment_file(payment(amount=Money(1, "XXX"))), "unknown_currency"),
        (payment_file(payment(counterparty=Party(name="Größe"))), "characters_not_swift"),
        (payment_file(payment(counterparty=NOBODY)), "party_missing"),
        (payment_file(payment(counterparty_agent=Agent(bic="NO"))), "invalid_bic"),
        (payment_file(payment(remittance=("a", "b", "c", "d", "e"))), "too_many_lines"),
        (
            payment_file(
                *(
                    payment(
                        end_to_end_id=f"E{number}",
                        remittance=("x" * 35,) * 4,
                        regulatory=("y" * 35,) * 3,
                    )
                    for number in range(40)
                )
            ),
            "message_too_long",
        ),
    ],
)
def test_a_payment_file_that_does_not_fit_is_refused(file: PaymentFile, code: str) -> None:
    assert refused(lambda: write("mt101", file)) == code


FOREIGN = payment_file(
    payment(
        counterparty=Party(name="Größe & Søn", address=Address(lines=("Öl-Kai 3", "Århus"))),
        remittance=("- für März",),
        documents=(ReferredDocument(number="RÉ-7", kind="CINV"),),
    )
)


def test_foreign_letters_are_replaced_when_chosen_and_every_change_is_told() -> None:
    form = formats.find()["mt101"]
    assert form.fit is not None
    made, changes = form.fit(FOREIGN, Profile())
    told = {change.field: (change.where, change.before, change.after) for change in changes}
    where = "batch RUN-1, payment 1"
    assert told == {
        "counterparty name": (where, "Größe & Søn", "Grose + Son"),
        "counterparty address lines": (where, "Århus", "Arhus"),
        "remittance": (where, "- für März", ".- fur Marz"),
        "document number": (where, "RÉ-7", "RE-7"),
    }
    assert form.fit(made, Profile()) == (made, ())
    assert write("mt101", FOREIGN, transliterate=True) == write("mt101", made)
    assert refused(lambda: write("mt101", FOREIGN)) == "characters_not_swift"


def test_references_are_never_transliterated() -> None:
    file = payment_file(payment(end_to_end_id="É-1"))
    code = refused(lambda: write("mt101", file, transliterate=True))
    assert code == "characters_not_swift"


def test_locations_are_left_to_the_reader() -> None:
    assert placeless(entry(location=Location(line=4))) == entry()
