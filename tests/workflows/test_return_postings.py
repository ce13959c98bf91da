"""Journals of money that comes back and of itemised charges: balanced, once, by who owns them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from itertools import permutations

import pytest

from nostro.storage import models
from nostro.storage.tenancy import tenant
from nostro.workflows import dispatch, posting
from tests.workflows.booking_words import Sent, Told
from tests.workflows.company import Company

BANK, CLEARING, CHARGES = "18DE", "19DE", "6855"


def erp_says(company: Company, told: Mapping[str, str]) -> None:
    with tenant(company.tenant_id):
        kept = {"name": f"{company.code}-erp", "erp": True, **told}
        models.Connection.objects.filter(id=company.erp_id).update(config=kept)


@pytest.fixture
def sent(company: Company) -> Sent:
    erp_says(company, {"charges_account": CHARGES})
    return Sent(company)


def lines(sent: Sent, event: str) -> list[dict[str, int]]:
    """Each journal of this event: minor units by ledger account; all of them balance."""
    with tenant(sent.company.tenant_id):
        rows = models.JournalEvent.objects.filter(event=event).order_by("reference")
        found = [
            {one.ledger_account: one for one in models.JournalLine.objects.filter(journal=row)}
            for row in rows
        ]
    for journal in found:
        assert sum(line.functional_minor for line in journal.values()) == 0
        assert sum(line.document_minor for line in journal.values()) == 0
    return [{key: line.document_minor for key, line in one.items()} for one in found]


def item_of(sent: Sent) -> str:
    with tenant(sent.company.tenant_id):
        row = models.JournalLine.objects.get(
            journal__event="return_booked", ledger_account=CLEARING
        )
    return row.open_item


def test_a_part_that_came_back_opens_that_part_again(sent: Sent) -> None:
    sent.hears(sent.camt("053", sent.debit(0)))
    sent.hears(sent.camt("053", sent.back(0, 60_00), message_id="N2"))
    assert sent.states[0] == "partially_returned"
    assert lines(sent, "return_booked") == [{BANK: 60_00, CLEARING: -60_00}]
    assert item_of(sent) == sent.company.orders(sent.ids)[0].source_reference
    assert lines(sent, "payment_returned") == [], "the ERP does not reverse the whole of it"


def test_less_charges_the_whole_is_open_again_and_the_charges_are_posted(sent: Sent) -> None:
    sent.hears(sent.camt("053", sent.debit(0)))
    sent.hears(sent.camt("053", sent.back(0, 95_00, charges=5_00), message_id="N2"))
    assert sent.states[0] == "returned"
    assert lines(sent, "return_booked") == [{BANK: 95_00, CHARGES: 5_00, CLEARING: -100_00}]


def test_two_parts_less_charges_that_are_told_together(sent: Sent) -> None:
    sent.hears(sent.camt("053", sent.debit(0)))
    parts = (
        sent.back(0, 58_00, charges=2_00),
        sent.back(0, 37_00, charges=3_00, reference="R9"),
    )
    sent.hears(sent.camt("053", *parts, message_id="N2"))
    assert sent.states[0] == "returned"
    assert sorted(one[CLEARING] for one in lines(sent, "return_booked")) == [-60_00, -40_00]
    assert sum(one[CHARGES] for one in lines(sent, "return_booked")) == 5_00


def test_without_an_account_for_charges_they_stay_open(sent: Sent) -> None:
    erp_says(sent.company, {})
    sent.hears(sent.camt("053", sent.debit(0, minor=-105_00, charges=5_00)))
    sent.hears(sent.camt("053", sent.back(0, 95_00, charges=5_00), message_id="N2"))
    assert lines(sent, "return_booked") == [{BANK: 95_00, CLEARING: -95_00}]
    assert lines(sent, "charges_booked") == []


def test_charges_in_the_booking_of_a_payment_are_posted_once(sent: Sent) -> None:
    told = sent.camt("053", sent.debit(0, minor=-105_00, charges=5_00))
    sent.hears(told)
    sent.hears(told.replace(b"T18:00:00", b"T18:00:01"))
    assert sent.states[0] == "settled"
    assert lines(sent, "payment_settled") == [{CLEARING: 100_00, BANK: -100_00}]
    assert lines(sent, "charges_booked") == [{CHARGES: 5_00, BANK: -5_00}]


def test_an_erp_that_reads_statements_itself_is_told_what_we_expect_and_no_more(
    sent: Sent,
) -> None:
    erp_says(sent.company, {"charges_account": CHARGES, "posting": "statements_too"})
    sent.hears(sent.camt("053", sent.debit(0, minor=-105_00, charges=5_00)))
    sent.hears(sent.camt("053", sent.back(0, 95_00, charges=5_00), message_id="N2"))
    acts = {event: (owner, action) for event, owner, action in sent.journals()}
    assert acts["return_booked"] == acts["charges_booked"] == ("erp", "none")


def test_more_than_was_paid_posts_nothing(sent: Sent) -> None:
    sent.hears(sent.camt("053", sent.debit(0)))
    sent.hears(sent.camt("053", sent.back(0, 100_01), message_id="N2"))
    assert lines(sent, "return_booked") == []


def test_every_order_and_every_repetition_gives_the_same_journals(company: Company) -> None:
    erp_says(company, {"charges_account": CHARGES})
    ends = []
    for number, order in enumerate(permutations(range(4))):
        sent = Sent(company, 1, prefix=f"P{number * 101}-")  # No two a slip apart.
        told = [
            sent.camt("053", sent.debit(0, reference=f"B{number}"), message_id=f"D{number}"),
            _back(sent, "054", number, "A", 60_00),
            _back(sent, "053", number, "A", 60_00),
            _back(sent, "053", number, "B", 40_00),
        ]
        for place in (*order, *order):
            sent.hears(told[place])
        with tenant(company.tenant_id):
            rows = models.JournalLine.objects.filter(journal__order_id=sent.ids[0])
            found = rows.values_list("journal__event", "ledger_account", "document_minor")
            ends.append((sent.states[0], sorted(found)))
    assert ends[0][0] == "returned"
    assert len(ends[0][1]) == 6, "settled, and two parts that came back"
    assert all(end == ends[0] for end in ends)


def _back(sent: Sent, kind: str, number: int, part: str, minor: int) -> bytes:
    one: Told = sent.back(0, minor, reference=f"R{number}{part}")
    return sent.camt(kind, one, message_id=f"{kind}-{number}{part}")


def test_in_another_currency_the_rounded_lines_balance(company: Company) -> None:
    erp_says(company, {"charges_account": CHARGES})
    with tenant(company.tenant_id):
        models.Rate.objects.create(
            id=company.world.ids.new(), tenant_id=company.tenant_id, source="t",
            base="USD", quote="EUR", day=date(2026, 11, 19), rate="0.333",
        )  # fmt: skip
    sent = Sent(company, 1, currency="USD")
    sent.hears(sent.camt("053", sent.debit(0)))
    sent.hears(sent.camt("053", sent.back(0, 98_99, charges=1_01), message_id="N2"))
    (journal,) = lines(sent, "return_booked")
    assert sum(journal.values()) == 0


def test_they_travel_to_the_erp_in_one_file_and_not_again(sent: Sent) -> None:
    company = sent.company
    sent.hears(sent.camt("053", sent.debit(0)))
    sent.hears(sent.camt("053", sent.back(0, 60_00), message_id="N2"))
    with tenant(company.tenant_id):
        file_id = posting.deliver_journals(company.job, company.erp_id)
        assert posting.deliver_journals(company.job, company.erp_id) is None
    assert file_id
    dispatch.attend(company.job, file_id)
    (left,) = company.erp.received
    assert left.content.count(b"return_booked") == 2, "one journal of two lines"
