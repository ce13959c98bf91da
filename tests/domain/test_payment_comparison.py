"""Two payment files side by side: what is paid differently is told, however the files are cut."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from nostro.domain.field_comparison import Difference, Weight
from nostro.domain.money import Money
from nostro.domain.payment_comparison import Comparison, compare
from nostro.domain.payment_file import (
    NO_ACCOUNT,
    Address,
    Agent,
    BankAccount,
    Party,
    PaymentBatch,
    PaymentFile,
)
from nostro.domain.payment_pairing import PairedBy
from nostro.formats.sepa_characters import transliterate
from tests.formats.payments import IBAN, batch, payment

OTHER = BankAccount(iban="NO9386011117947")


def file(*batches: PaymentBatch, **changes: Any) -> PaymentFile:
    fields: dict[str, Any] = {
        "message_id": "MESSAGE-1",
        "created_at": "2026-11-20T10:00:00Z",
        "initiator": Party(name="Vesterholt Group"),
    }
    return PaymentFile(batches=batches or (batch(),), **{**fields, **changes})


def compared(a: PaymentFile, b: PaymentFile, **how: Any) -> Comparison:
    return compare([a], [b], spellings=(transliterate, lambda text: text.replace("ü", "ue")), **how)


def told(found: Comparison) -> list[tuple[str, str, str, Weight]]:
    return [(f.path, f.a, f.b, f.weight) for one in found.differing for f in one.fields]


def one_against(left: dict[str, Any], right: dict[str, Any]) -> Comparison:
    return compared(file(batch(payment(**left))), file(batch(payment(**right))))


def test_the_same_file_is_the_same() -> None:
    found = compared(file(), file())
    assert found.same
    assert (found.pairs, found.differing, found.of_files) == (1, (), ())


def test_ids_order_and_batches_may_differ_and_are_told_as_expected() -> None:
    one, other = payment(), payment(end_to_end_id="E2E-2", uetr="u-1")
    fresh = msgspec.structs.replace(other, uetr="u-2")
    ours = file(batch(one, other))
    theirs = file(
        batch(fresh, batch_id="X"), batch(one, batch_id="Y"), message_id="M", created_at="later"
    )
    found = compared(ours, theirs)
    assert found.same
    assert {one.path for one in found.of_files} == {
        "message_id", "created_at", "batch_id", "batches", "order",
    }  # fmt: skip
    assert told(found) == [("uetr", "u-1", "u-2", Weight.EXPECTED)]


def test_another_amount_is_told_with_the_totals() -> None:
    found = one_against({}, {"amount": Money(123460, "EUR")})
    assert not found.same
    assert told(found) == [("amount", "1234.50 EUR", "1234.60 EUR", Weight.DIFFERENT)]
    assert found.of_files == (Difference("total", "1234.50 EUR", "1234.60 EUR", Weight.DIFFERENT),)


def test_a_payment_that_stands_twice_is_one_too_many() -> None:
    twice = file(batch(payment(end_to_end_id=""), payment(end_to_end_id="")))
    found = compared(twice, file(batch(payment(end_to_end_id=""))))
    assert [one.place for one in found.only_a] == [1]
    assert not found.only_b
    assert {one.path for one in found.of_files} == {"payments", "total"}
    assert not found.same


def test_other_ids_pair_by_content() -> None:
    found = one_against({"end_to_end_id": "OLD-1"}, {"end_to_end_id": "NEW-1"})
    assert [one.by for one in found.differing] == [PairedBy.CONTENT]
    assert told(found) == [("end_to_end_id", "OLD-1", "NEW-1", Weight.DIFFERENT)]


def test_running_numbers_that_mean_nothing_do_not_pair() -> None:
    """Two systems number their payments 1, 2, 3 and write them in another order."""
    payees = ["AT611904300234573201", "NO9386011117947", "GB29NWBK60161331926819"]

    def numbered(order: list[int]) -> PaymentFile:
        return file(batch(*(
            payment(
                end_to_end_id=str(number), amount=Money(100 + n, "EUR"),
                counterparty_account=BankAccount(iban=payees[n]), remittance=(f"R-{n}",),
            )
            for number, n in enumerate(order)
        )))  # fmt: skip

    found = compared(numbered([0, 1, 2]), numbered([2, 0, 1]))
    assert {one.by for one in found.differing} == {PairedBy.CONTENT}
    assert {path for path, *_ in told(found)} == {"end_to_end_id"}


def test_a_changed_account_is_still_the_same_payment() -> None:
    found = one_against({}, {"counterparty_account": OTHER})
    assert told(found) == [
        ("counterparty_account.iban", "AT611904300234573201", OTHER.iban, Weight.DIFFERENT)
    ]


def test_strangers_do_not_pair() -> None:
    other = {
        "end_to_end_id": "X", "amount": Money(1, "EUR"), "counterparty_account": OTHER,
        "remittance": ("Rent",),
    }  # fmt: skip
    found = one_against({}, other)
    assert (found.pairs, len(found.only_a), len(found.only_b)) == (0, 1, 1)


def test_letters_are_counted_apart() -> None:
    for theirs in ("Muller", "Mueller", "MUELLER"):
        found = one_against(
            {"counterparty": Party(name="Müller")}, {"counterparty": Party(name=theirs)}
        )
        assert told(found) == [("counterparty.name", "Müller", theirs, Weight.LETTERS)]
        assert (found.payments(Weight.LETTERS), found.payments(Weight.DIFFERENT)) == (1, 0)
        assert not found.same


def test_two_plain_names_are_not_one_by_transliteration() -> None:
    found = one_against({"counterparty": Party(name="Bauer")}, {"counterparty": Party(name="Baur")})
    assert told(found) == [("counterparty.name", "Bauer", "Baur", Weight.DIFFERENT)]


def test_ids_and_accounts_are_never_the_same_by_transliteration() -> None:
    found = one_against({"instruction_id": "Ü-1"}, {"instruction_id": "U-1"})
    assert [weight for *_, weight in told(found)] == [Weight.DIFFERENT]


def test_what_is_written_alike_may_differ() -> None:
    found = one_against(
        {"remittance": ("Invoice R-881 and", "R-882"), "counterparty_agent": Agent(bic="BKAUATWW")},
        {"remittance": ("Invoice  R-881 and R-882",),
         "counterparty_agent": Agent(bic="BKAUATWWXXX")},
    )  # fmt: skip
    assert found.same
    assert {weight for *_, weight in told(found)} == {Weight.EXPECTED}


def test_what_batches_say_counts_for_their_payments() -> None:
    pair = payment(), payment(end_to_end_id="E2E-2")
    changed = batch(*pair, own_account=BankAccount(iban="DE75512108001245126199"),
                    requested_date=date(2026, 11, 23))  # fmt: skip
    found = compared(file(batch(*pair)), file(changed))
    assert {(one.difference.path, one.payments, one.first) for one in found.shared} == {
        ("own_account.iban", 2, "E2E-1"),
        ("requested_date", 2, "E2E-1"),
    }


def test_a_field_may_stand_on_the_batch_or_on_each_payment() -> None:
    on_batch = batch(payment(), charge_bearer="SLEV", service_level="SEPA")
    on_payment = batch(
        payment(charge_bearer="SLEV", service_level="SEPA"), charge_bearer="", service_level=""
    )
    assert compared(file(on_batch), file(on_payment)).same


def silent_files() -> tuple[PaymentFile, PaymentFile]:
    ours = batch(*(payment(end_to_end_id=f"E-{n}", purpose=f"P{n}") for n in range(3)))
    theirs = batch(*(payment(end_to_end_id=f"E-{n}") for n in range(3)))
    return file(ours), file(theirs)


def test_a_field_that_one_file_never_says_is_told_once() -> None:
    found = compared(*silent_files())
    assert [(s.difference.path, s.payments) for s in found.silent] == [("purpose", 3)]
    assert not found.differing
    assert not found.same


def test_another_standard_may_lack_a_field_but_never_an_account() -> None:
    assert compared(*silent_files(), same_standard=False).same
    with_account, without = (
        batch(*(payment(end_to_end_id=f"E-{n}", counterparty_account=account) for n in range(2)))
        for account in (OTHER, NO_ACCOUNT)
    )
    found = compared(file(with_account), file(without), same_standard=False)
    assert [s.difference.path for s in found.silent] == ["counterparty_account.iban"]
    assert not found.same


def test_ignored_fields_are_left_out() -> None:
    ours, theirs = file(batch(charge_bearer="SLEV")), file(batch(charge_bearer="SHAR"))
    assert not compared(ours, theirs).same
    assert compared(ours, theirs, ignored=lambda one: one.path == "charge_bearer").same


payments = st.builds(
    payment,
    end_to_end_id=st.sampled_from(["", "NOTPROVIDED", "1", "2", "3"]),
    amount=st.builds(Money, st.integers(1, 3), st.just("EUR")),
    counterparty=st.builds(
        Party, st.sampled_from(["Müller", "Mueller"]), st.just(Address(country="DE"))
    ),
    counterparty_account=st.sampled_from([BankAccount(iban=IBAN), OTHER, NO_ACCOUNT]),
    remittance=st.sampled_from([(), ("R-1",), ("R-2",)]),
)
lists = st.lists(payments, min_size=1, max_size=8)


@given(lists, st.randoms(use_true_random=False), st.integers(1, 4))
def test_order_and_batches_never_matter(listed: list[Any], dice: Any, size: int) -> None:
    mixed = dice.sample(listed, len(listed))
    cut = [batch(*mixed[n : n + size]) for n in range(0, len(mixed), size)]
    found = compared(file(batch(*listed)), file(*cut))
    assert found.same
    assert found.pairs == len(listed)


@given(lists, lists)
def test_every_payment_is_paired_or_left_over_and_sides_can_change(a: Any, b: Any) -> None:
    found, turned = compared(file(batch(*a)), file(batch(*b))), compared(
        file(batch(*b)), file(batch(*a))
    )  # fmt: skip
    assert found.pairs + len(found.only_a) == len(a)
    assert found.pairs + len(found.only_b) == len(b)
    assert found.same == turned.same
    left = sorted(map(str, a))
    assert found.same == (left == sorted(map(str, b)))
