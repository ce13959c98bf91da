"""ACH payment files to write: whatever a Nacha file can carry, and no more."""

from __future__ import annotations

from datetime import date
from typing import Any

from hypothesis import strategies as st

from nostro.domain.money import Money
from nostro.domain.payment_file import (
    Address,
    Agent,
    BankAccount,
    Method,
    Party,
    Payment,
    PaymentBatch,
    PaymentFile,
)
from nostro.formats.american.nacha_layout import check_digit

PRINTABLE = "".join(map(chr, range(32, 127)))
ODFI = "09100001"
DIRECTIONS = {
    "220": ("22", "32", "42", "52"),
    "225": ("27", "37", "47"),
    "200": ("22", "27", "32", "37"),
}
KINDS = {"2": "CACC", "3": "SVGS", "4": "OTHR", "5": "LOAN"}
SEC_CODES = ("PPD", "CCD", "WEB", "TEL", "CTX", "ARC", "POP", "CIE", "POS", "SHR", "TRC", "IAT")
CREDITS = frozenset(("CIE",))
DEBITS = frozenset(("TEL", "ARC", "POP", "SHR", "TRC"))


def texts(most: int, least: int = 0) -> st.SearchStrategy[str]:
    """Text of a column: printable, without blanks at its end, which a column cannot show."""
    return st.text(PRINTABLE, min_size=least, max_size=most).filter(
        lambda text: text == text.rstrip() and len(text) >= least
    )


def words(most: int, least: int = 1) -> st.SearchStrategy[str]:
    return st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ 0123456789", min_size=least, max_size=most).map(
        lambda text: text.strip() or "X"
    )


def routing_numbers() -> st.SearchStrategy[str]:
    eight = st.integers(1000000, 99999999).map(lambda number: f"{number:08d}")
    return eight.map(lambda digits: digits + check_digit(digits))


def codes(**columns: int) -> st.SearchStrategy[tuple[tuple[str, str], ...]]:
    """Named codes in the order in which they are read, the blank ones left out."""
    told = st.tuples(*(texts(length) for length in columns.values()))
    return told.map(
        lambda values: tuple(
            (name, text) for name, text in zip(columns, values, strict=True) if text
        )
    )


def _columns(sec_code: str) -> dict[str, Any]:
    """Strategies of the fields in positions 40 to 78 by class."""
    named = {"name": texts(22), "end_to_end_id": texts(15), "codes": codes(discretionary_data=2)}
    own: dict[str, dict[str, Any]] = {
        "CTX": {"name": texts(16), "codes": codes(reserved=2, discretionary_data=2)},
        "CIE": {"name": texts(15), "end_to_end_id": texts(22)},
        "ARC": {"check_number": texts(15), "end_to_end_id": st.just("")},
        "POP": {
            "check_number": texts(9),
            "end_to_end_id": st.just(""),
            "codes": codes(terminal_city=4, terminal_state=2, discretionary_data=2),
        },
        "SHR": {
            "name": st.just(""),
            "end_to_end_id": st.just(""),
            "codes": codes(
                card_expiration_date=4,
                document_reference_number=11,
                card_account_number=22,
                card_transaction_type=2,
                reference_information_1=7,
                terminal_location=27,
            ),
        },
        "TRC": {
            "name": st.just(""),
            "check_number": texts(15),
            "end_to_end_id": st.just(""),
            "codes": codes(process_control=6, item_research_number=16, discretionary_data=2),
        },
    }
    return {**named, **own.get(sec_code, {})}


def addresses() -> st.SearchStrategy[Address]:
    return st.builds(
        Address,
        street=words(35),
        town=words(15),
        subdivision=words(10),
        country=st.sampled_from(["US", "CA", "DE"]),
        post_code=words(8),
    )


@st.composite
def payments(draw: st.DrawFn, sec_code: str, method: Method, code: str, trace: str) -> Payment:
    credit = code[1] == "2"
    own = Method.TRANSFER if credit else Method.DIRECT_DEBIT
    told: dict[str, Any] = {
        name: draw(strategy) for name, strategy in _columns(sec_code).items() if sec_code != "IAT"
    }
    routing = draw(routing_numbers())
    agent = Agent(clearing_system="USABA", member_id=routing)
    party = Party(name=told.pop("name", ""))
    if sec_code == "IAT":
        party, agent, told = draw(_international(routing, credit))
    elif sec_code in ("PPD", "CCD", "WEB", "CIE", "CTX"):
        most = 400 if sec_code == "CTX" else 80
        remittance = draw(st.none() | texts(most, 1).filter(lambda text: "*" not in text))
        told["remittance"] = () if remittance is None else (remittance,)
    account = draw(texts(35 if sec_code == "IAT" else 17, 1).filter(str.strip))
    return Payment(
        amount=Money(draw(st.integers(1, 10**10 - 1)), "USD"),
        counterparty=party,
        counterparty_account=BankAccount(number=account, scheme="BBAN", kind=KINDS[code[0]]),
        counterparty_agent=agent,
        rail_reference=trace,
        transaction_code=code,
        method=None if own is method else own,
        **told,
    )


@st.composite
def _international(
    draw: st.DrawFn, routing: str, credit: bool
) -> tuple[Party, Agent, dict[str, Any]]:
    identifier = draw(texts(15).filter(lambda text: text == text.strip()))
    party = Party(
        name=draw(words(35)),
        identifier=identifier,
        scheme="CUST" if identifier else "",
        address=draw(addresses()),
    )
    agent = Agent(
        name=draw(words(35)),
        clearing_system="USABA",
        member_id=routing,
        address=Address(country="US"),
    )
    originator = Party(name=draw(words(35)), address=draw(addresses()))
    bank = Agent(name=draw(words(35)), bic="BKAUATWW", address=Address(country="AT"))
    told: dict[str, Any] = {
        "end_to_end_id": "",
        "remittance": tuple(draw(st.lists(words(80), max_size=2))),
        "codes": (
            ("transaction_type", "BUS"),
            ("odfi", f"{'OUR BANK':<35}01091000019{'':25}US"),
            ("receiving_dfi", routing),
        ),
        "ultimate_debtor" if credit else "ultimate_creditor": originator,
    }
    if draw(st.booleans()):
        told["intermediary"] = bank
    return party, agent, told


@st.composite
def batches(draw: st.DrawFn, number: int) -> PaymentBatch:
    sec_code = draw(st.sampled_from(SEC_CODES))
    classes = (
        ["220"] if sec_code in CREDITS else ["225"] if sec_code in DEBITS else ["200", "220", "225"]
    )
    service_class = draw(st.sampled_from(classes))
    method = Method.DIRECT_DEBIT if service_class == "225" else Method.TRANSFER
    allowed = DIRECTIONS[service_class][: 2 if sec_code in ("ARC", "TRC") else 4]
    chosen = draw(st.lists(st.sampled_from(allowed), min_size=1, max_size=4))
    step = draw(st.integers(1, 900))
    identifier = draw(texts(10))
    international = sec_code == "IAT"
    told = codes(company_discretionary_data=20, company_descriptive_date=6)
    if international:
        told = codes(foreign_exchange_indicator=2, foreign_exchange_reference=15)
    return PaymentBatch(
        batch_id=f"{number:07d}",
        method=method,
        requested_date=draw(st.none() | st.dates(date(2000, 1, 1), date(2099, 12, 31))),
        own=Party(
            name="" if international else draw(texts(16)),
            identifier=identifier,
            scheme="CUST" if identifier else "",
        ),
        own_agent=Agent(clearing_system="USABA", member_id=ODFI),
        local_instrument=sec_code,
        entry_description=draw(texts(10)),
        service_class=service_class,
        codes=draw(told),
        payments=tuple(
            draw(payments(sec_code, method, code, f"{ODFI}{place * step:07d}"))
            for place, code in enumerate(chosen, 1)
        ),
    )


@st.composite
def ach_files(draw: st.DrawFn) -> PaymentFile:
    minutes = st.integers(0, 23).flatmap(
        lambda hour: st.integers(0, 59).map(lambda minute: f"T{hour:02d}:{minute:02d}")
    )
    day = draw(st.dates(date(2000, 1, 1), date(2099, 12, 31)))
    return PaymentFile(
        message_id=draw(texts(8)),
        created_at=day.isoformat() + draw(st.just("") | minutes),
        initiator=Party(name=draw(texts(23)), identifier=draw(words(10)), scheme="CUST"),
        forwarding_agent=Agent(
            name=draw(texts(23)), member_id=draw(routing_numbers()), clearing_system="USABA"
        ),
        codes=(("file_id_modifier", draw(st.sampled_from("AZ09"))),),
        batches=tuple(draw(batches(number)) for number in range(1, draw(st.integers(0, 3)) + 1)),
    )
