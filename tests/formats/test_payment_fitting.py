"""What becomes of a payment file so that a bank takes it, and that every change is told."""

from __future__ import annotations

from typing import Any, Literal

from hypothesis import given, settings
from hypothesis import strategies as st

from nostro.domain.payment_file import Address, BankAccount, Party, Payment
from nostro.formats.iso20022.payments.payment_fitting import fitted
from nostro.formats.iso20022.payments.payment_texts import PaymentOptions
from tests.formats.payments import batch, payment, payment_file, payment_files
from tests.formats.samples import write


def ids(*names: str, **options: Any) -> list[str]:
    file = payment_file(batch(*(payment(end_to_end_id=name) for name in names)))
    made, _ = fitted(file, PaymentOptions(**options))
    return [one.end_to_end_id for one in made.batches[0].payments]


def test_foreign_letters_are_rewritten_visibly() -> None:
    odd = payment(
        counterparty=Party(name="Müller & Söhne", address=Address(town="Köln", country="DE")),
        counterparty_account=BankAccount(iban="AT61 1904 3002 3457 3201"),
        remittance=("Rechnung 5 €",),
    )
    made, changes = fitted(payment_file(batch(odd)), PaymentOptions())
    assert [(c.field, c.before, c.after) for c in changes] == [
        ("remittance", "Rechnung 5 €", "Rechnung 5 E"),
        ("counterparty name", "Müller & Söhne", "Muller + Sohne"),
        ("counterparty town", "Köln", "Koln"),
        ("counterparty account IBAN", "AT61 1904 3002 3457 3201", "AT611904300234573201"),
    ]
    assert {c.where for c in changes} == {"batch NOSTRO-1-B1, payment 1"}
    assert write("pain_001", made)
    assert fitted(made, PaymentOptions()) == (made, ())


def test_a_bank_that_takes_any_letter_changes_none() -> None:
    odd = payment(counterparty=Party(name="Müller & Söhne"))
    file = payment_file(batch(odd))
    assert fitted(file, PaymentOptions(characters="utf8")) == (file, ())


def test_ids_that_repeat_are_replaced_and_never_by_one_that_is_taken() -> None:
    assert ids("A", "B") == ["A", "B"]
    assert ids("A", "A", "A-2", "A") == ["A", "A-3", "A-2", "A-4"]
    long = "A" * 35
    assert ids(long, long) == [long, "A" * 33 + "-2"]
    cut = ids("A" * 20, "A" * 21, reference_length=16)
    assert cut == ["A" * 20, "A" * 14 + "-2"]


def test_absent_ids_become_what_the_bank_wants() -> None:
    assert ids("", "NOTPROVIDED") == ["", "NOTPROVIDED"]
    assert ids("", "NOTPROVIDED", missing_id="not_provided") == ["NOTPROVIDED"] * 2
    made = ids("", "NOTPROVIDED", "NOSTRO-1-B1-1", missing_id="derived")
    assert made == ["NOSTRO-1-B1-1-2", "NOSTRO-1-B1-2", "NOSTRO-1-B1-1"]


def test_batch_booking_is_set_visibly() -> None:
    made, (change,) = fitted(payment_file(), PaymentOptions(batch_booking=True))
    assert made.batches[0].batch_booking is True
    assert (change.field, change.before, change.after) == ("batch booking", "None", "True")


def reference(text: str) -> Payment:
    return payment(creditor_reference=text, creditor_reference_kind="SCOR", remittance=())


def test_only_a_valid_reference_loses_its_spaces() -> None:
    made, changes = fitted(
        payment_file(batch(reference("RF18 5390 0754 7034"), reference("RF 19"))), PaymentOptions()
    )
    told = [one.creditor_reference for one in made.batches[0].payments]
    assert told == ["RF18539007547034", "RF 19"]
    assert [c.field for c in changes] == ["creditor reference", "end-to-end id"]


@given(file=payment_files(), missing=st.sampled_from(["refused", "not_provided", "derived"]))
@settings(max_examples=30, deadline=None)
def test_fitting_twice_changes_nothing_more(
    file: Any, missing: Literal["refused", "not_provided", "derived"]
) -> None:
    options = PaymentOptions(missing_id=missing)
    made, _ = fitted(file, options)
    assert fitted(made, options) == (made, ())
    assert write("pain_001", made)
