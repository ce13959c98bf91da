"""Payment files to write, by hand and made up by hypothesis, for tests of every payment format."""

from __future__ import annotations

from datetime import date
from typing import Any

from hypothesis import strategies as st

from nostro.domain.currency import EXPONENT
from nostro.domain.identifier import mod97
from nostro.domain.money import Money
from nostro.domain.payment_file import (
    NO_ADDRESS,
    NO_AGENT,
    NOBODY,
    Address,
    Agent,
    BankAccount,
    Mandate,
    Method,
    Party,
    Payment,
    PaymentBatch,
    PaymentFile,
)
from nostro.domain.remittance import ReferredDocument

IBAN = "DE89370400440532013000"
OTHER_IBAN = "AT611904300234573201"
QR_IBAN = "CH4431999123000889012"
QR_REFERENCE = "210000000003139471430009017"
CREDITOR_ID = "DE98ZZZ09999999999"
ADDRESS = Address(
    street="Hauptstrasse", building="12", post_code="53111", town="Bonn", country="DE"
)
DAY = date(2026, 11, 20)
_NEW_PARTS = ("building_name", "floor", "post_box", "room", "town_location", "district")


def payment(**changes: Any) -> Payment:
    fields: dict[str, Any] = {
        "end_to_end_id": "E2E-1",
        "amount": Money(123450, "EUR"),
        "counterparty": Party(name="Papier Huber", address=ADDRESS),
        "counterparty_account": BankAccount(iban=OTHER_IBAN),
        "counterparty_agent": Agent(bic="BKAUATWW"),
        "remittance": ("Invoice R-881",),
    }
    return Payment(**{**fields, **changes})


def collection(**changes: Any) -> Payment:
    return payment(**{"mandate": Mandate(mandate_id="MANDATE-1", signed_on=DAY), **changes})


def batch(*payments: Payment, **changes: Any) -> PaymentBatch:
    fields: dict[str, Any] = {
        "batch_id": "NOSTRO-1-B1",
        "method": Method.TRANSFER,
        "requested_date": DAY,
        "own": Party(name="Vesterholt Group", address=ADDRESS),
        "own_account": BankAccount(iban=IBAN),
        "own_agent": Agent(bic="COBADEFFXXX"),
        "service_level": "SEPA",
        "charge_bearer": "SLEV",
    }
    return PaymentBatch(payments=payments or (payment(),), **{**fields, **changes})


def cross_border(*payments: Payment, **changes: Any) -> PaymentBatch:
    return batch(*payments, **{"service_level": "", "charge_bearer": "SHAR", **changes})


def collecting(*payments: Payment, **changes: Any) -> PaymentBatch:
    fields = {
        "method": Method.DIRECT_DEBIT,
        "local_instrument": "CORE",
        "sequence_type": "RCUR",
        "creditor_id": CREDITOR_ID,
    }
    return batch(*(payments or (collection(),)), **{**fields, **changes})


def payment_file(*batches: PaymentBatch, **changes: Any) -> PaymentFile:
    fields: dict[str, Any] = {
        "message_id": "NOSTRO-1",
        "created_at": "2026-11-19T08:30:00",
        "initiator": Party(name="Vesterholt Group"),
    }
    return PaymentFile(batches=batches or (batch(),), **{**fields, **changes})


# --- What hypothesis may make up -----------------------------------------------------------------

# EPC132-08, section 1.4.
ALLOWED = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-?:().,'+ ")


def texts(longest: int) -> st.SearchStrategy[str]:
    """SEPA text that a writer takes: no space at an end."""
    letters = st.text(st.sampled_from(sorted(ALLOWED)), min_size=1, max_size=longest)
    return letters.map(lambda text: text.strip(" ") or "A")


def maybe(strategy: st.SearchStrategy[Any], absent: Any = "") -> st.SearchStrategy[Any]:
    return st.just(absent) | strategy


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


def leis() -> st.SearchStrategy[str]:
    def made(text: str) -> str:
        return f"{text}{98 - mod97(text + '00'):02d}"

    return st.text(st.sampled_from("ABC0123456789"), min_size=18, max_size=18).map(made)


def uetrs() -> st.SearchStrategy[str]:
    return st.uuids(version=4).map(str)


@st.composite
def addresses(draw: st.DrawFn, *, new: bool = True, hybrid: bool = False) -> Address:
    """A structured address; `new` with the parts of PostalAddress24; `hybrid` with lines too."""
    told: dict[str, Any] = {
        "department": draw(maybe(texts(70))),
        "street": draw(maybe(texts(70))),
        "building": draw(maybe(texts(16))),
        "post_code": draw(maybe(texts(16))),
        "town": draw(texts(35)),
        "subdivision": draw(maybe(texts(35))),
        "country": draw(st.sampled_from(["DE", "FR", "JP"])),
    }
    if new and draw(st.booleans()):
        told.update({part: draw(maybe(texts(16))) for part in _NEW_PARTS})
    if hybrid:
        told["lines"] = tuple(draw(st.lists(texts(70), max_size=2)))
    return Address(**told)


BICS = st.sampled_from(["COBADEFF", "BKAUATWWXXX"])


def agents() -> st.SearchStrategy[Agent]:
    return st.builds(Agent, bic=BICS) | st.builds(
        Agent,
        bic=maybe(BICS),
        clearing_system=st.sampled_from(["", "USABA", "CHBCC", "a bank's own"]),
        member_id=texts(28),
        name=maybe(texts(140)),
        address=maybe(addresses(new=False), NO_ADDRESS),
        branch=maybe(texts(35)),
    )


@st.composite
def parties(draw: st.DrawFn, longest: int = 70, *, new: bool = True, hybrid: bool = False) -> Party:
    told: dict[str, Any] = {
        "name": draw(texts(longest)),
        "address": draw(maybe(addresses(new=new, hybrid=hybrid), NO_ADDRESS)),
        "residence": draw(st.sampled_from(["", "NL"])),
    }
    identity = draw(st.sampled_from(["", "", "LEI", "BIC", "CUST", "", "its own register"]))
    if identity or draw(st.booleans()):
        told["scheme"] = identity
        told["identifier"] = draw(
            leis() if identity == "LEI" else BICS if identity == "BIC" else texts(35)
        )
        told["is_person"] = identity not in ("LEI", "BIC") and draw(st.booleans())
    return Party(**told)


def accounts(*, iban_only: bool) -> st.SearchStrategy[BankAccount]:
    more = {"currency": st.sampled_from(["", "EUR"]), "name": maybe(texts(70))}
    kind = st.sampled_from(["", "CACC", "its own kind"])
    plain = st.builds(BankAccount, iban=ibans(), kind=kind, **more)
    scheme = st.sampled_from(["", "BBAN", "CUID", "a long scheme"])
    other = st.builds(BankAccount, number=texts(30), scheme=scheme, kind=kind, **more)
    return plain if iban_only else plain | other


def amounts(currency: st.SearchStrategy[str]) -> st.SearchStrategy[Money]:
    return st.builds(Money, st.integers(1, 99_999_999_999), currency)


def documents(*, with_amounts: bool) -> st.SearchStrategy[ReferredDocument]:
    money = maybe(amounts(st.sampled_from(["EUR", "JPY", "KWD"])), None)
    shown = money if with_amounts else st.none()
    return st.builds(
        ReferredDocument,
        number=texts(35),
        kind=st.sampled_from(["", "CINV", "CREN"]),
        day=st.dates() if with_amounts else st.none(),
        due=shown,
        paid=shown,
        discount=shown,
        adjustment=shown,
        text=maybe(texts(140)),
    )


Codes = tuple[tuple[str, str], ...]


def _some(codes: list[Codes]) -> st.SearchStrategy[Codes]:
    """Some of them, in their order."""
    kept = st.sets(st.integers(0, len(codes) - 1), max_size=3)
    return kept.map(lambda chosen: tuple(pair for at in sorted(chosen) for pair in codes[at]))


# What belongs together, in the order of the schema; every version but .13 takes all of it.
_PAYMENT_CODES: list[Codes] = [
    (("RgltryRptg/DbtCdtRptgInd", "DEBT"), ("RgltryRptg[2]/DbtCdtRptgInd", "CRED")),
    (("Tax/Cdtr/TaxId", "T 17"), ("Tax/TtlTaxAmt@Ccy", "EUR"), ("Tax/TtlTaxAmt", "12.50")),
    (("RltdRmtInf/RmtId", "Letter & line\nbreak"),),
]
_TRANSFER_CODES: list[Codes] = [
    (("PmtTpInf/LclInstrm/Prtry", "CH01"),),
    (("XchgRateInf/RateTp", "SPOT"),),
    (("IntrmyAgt2/FinInstnId/Nm", "Bank of Nowhere"),),
]
_COLLECTION_CODES: list[Codes] = [
    (("DrctDbtTx/PreNtfctnId", "Notice 5"),),
    (("DbtrAgtAcct/Id/IBAN", IBAN),),
]


@st.composite
def payments(draw: st.DrawFn, *, sepa: bool, collects: bool, new: bool, rich: bool) -> Payment:
    """A payment that ISO 20022 can carry; `new` from the version on that has UETR and more."""
    longest = 70 if sepa else 140
    currency = st.just("EUR") if sepa else st.sampled_from(sorted(EXPONENT))
    who = parties(longest, new=new)
    told: dict[str, Any] = {
        "end_to_end_id": draw(references()),
        "amount": draw(amounts(currency)),
        "counterparty": draw(who),
        "counterparty_account": draw(accounts(iban_only=sepa)),
        "counterparty_agent": draw(maybe(agents(), NO_AGENT)),
        "purpose": draw(st.sampled_from(["", "SALA", "its own purpose"])),
        "category_purpose": draw(st.sampled_from(["", "SUPP"])),
        "priority": draw(st.sampled_from(["", "HIGH"])),
        "ultimate_debtor": draw(maybe(who, NOBODY)),
        "ultimate_creditor": draw(maybe(who, NOBODY)),
        "uetr": draw(maybe(uetrs())) if new else "",
        **draw(_remittance(sepa=sepa, rich=rich)),
    }
    codes = _PAYMENT_CODES
    if not sepa:
        told["charge_bearer"] = draw(st.sampled_from(["", "SHAR", "DEBT"]))
        told["instructions_to_agent"] = draw(st.sampled_from([(), ("/Call first",)]))
        if not collects and told["instructions_to_agent"]:
            told["instructions_to_agent"] = ("PHOB/+49 1", "HOLD", "/Call first")
    if collects:
        codes = _COLLECTION_CODES + codes
        told["mandate"] = draw(_mandates())
        told["creditor_id"] = draw(st.sampled_from(["", CREDITOR_ID]))
    else:
        codes = _TRANSFER_CODES + codes
        told["intermediary"] = draw(maybe(agents(), NO_AGENT))
        if not sepa and draw(st.booleans()):
            told["equivalent"] = told["amount"]
            told["amount"] = Money(0, draw(currency))
            told["exchange_contract"] = draw(maybe(texts(35)))
            told["exchange_rate"] = draw(st.sampled_from(["", "1.0842"]))
    told["codes"] = draw(st.just(()) | _some(codes))
    if rich and not any(name.startswith("RgltryRptg") for name, _ in told["codes"]):
        told["regulatory"] = tuple(draw(st.lists(texts(35), max_size=2)))
    return Payment(**told)


@st.composite
def _remittance(draw: st.DrawFn, *, sepa: bool, rich: bool) -> dict[str, Any]:
    """One text or one reference within SEPA; elsewhere several, and documents."""
    structured = draw(st.booleans())
    told: dict[str, Any] = {}
    if structured or not sepa:
        reference = draw(st.sampled_from(["", "SCOR", "OWN KIND"]))
        if reference:
            told["creditor_reference_kind"] = reference
            told["creditor_reference"] = draw(rf_references())
        found = draw(st.lists(documents(with_amounts=rich), max_size=1 if sepa else 3))
        told["documents"] = tuple(found)
    if not structured or not sepa:
        told["remittance"] = tuple(draw(st.lists(texts(140), max_size=1 if sepa else 3)))
    return told


def _mandates() -> st.SearchStrategy[Mandate]:
    return st.builds(
        Mandate,
        mandate_id=texts(35),
        signed_on=st.dates(),
        original_mandate_id=maybe(texts(35)),
        original_creditor_id=st.sampled_from(["", CREDITOR_ID]),
        original_account_iban=maybe(ibans()),
        electronic_signature=maybe(texts(140)),
    )


@st.composite
def batches(draw: st.DrawFn, name: str, *, collects: bool, new: bool, rich: bool) -> PaymentBatch:
    sepa = draw(st.booleans())
    one = payments(sepa=sepa, collects=collects, new=new, rich=rich)
    told: dict[str, Any] = {
        "batch_id": name,
        "own": draw(parties(70, new=new)),
        "own_account": draw(accounts(iban_only=sepa)),
        "own_agent": draw(maybe(agents(), NO_AGENT)),
        "ultimate_own": draw(maybe(parties(70, new=new), NOBODY)),
        "requested_date": draw(st.dates(date(2000, 1, 1), date(2099, 12, 31))),
        "requested_time": draw(st.sampled_from(["", "+01:00"])),
        "batch_booking": draw(st.sampled_from([None, True, False])),
        "service_level": "SEPA" if sepa else draw(st.sampled_from(["", "URGP", "a word of its"])),
        "charge_bearer": draw(st.sampled_from(["", "SLEV"] if sepa else ["", "SHAR", "CRED"])),
        "codes": draw(st.sampled_from([(), (("ChrgsAcctAgt/FinInstnId/Nm", "Bank of Charges"),)])),
        "local_instrument": "CORE" if collects else draw(st.sampled_from(["", "INST"])),
        "creditor_id": CREDITOR_ID if collects else "",
        "sequence_type": draw(st.sampled_from(["FRST", "OOFF"])) if collects else "",
    }
    if new and not collects and draw(st.booleans()):
        told["requested_time"] = "10:30:00+02:00"
    made = [
        _with_id(each, f"{name}.{place}.{each.end_to_end_id}"[:35])
        for place, each in enumerate(draw(st.lists(one, min_size=1, max_size=3)))
    ]
    return batch(*made, method=Method.DIRECT_DEBIT if collects else Method.TRANSFER, **told)


def _with_id(each: Payment, name: str) -> Payment:
    fields = {field: getattr(each, field) for field in each.__struct_fields__}
    return Payment(**{**fields, "end_to_end_id": name})


@st.composite
def payment_files(
    draw: st.DrawFn,
    *,
    version: str = "",
    collects: bool = False,
    new: bool = True,
    rich: bool = True,
) -> PaymentFile:
    """Any file that a writer must take: unique ids are given at the end.

    `new`: versions with PostalAddress24, UETR and execution times; `rich`: with documents' amounts.
    """
    made = [
        draw(batches(f"B{number}", collects=collects, new=new, rich=rich))
        for number in range(draw(st.integers(1, 2)))
    ]
    return payment_file(
        *made,
        message_id=draw(references()),
        version=version,
        initiator=draw(parties(70, new=new)),
        forwarding_agent=draw(maybe(agents(), NO_AGENT)),
        codes=draw(st.sampled_from([(), (("InitgPty/CtctDtls/Nm", "A program"),)])),
    )
