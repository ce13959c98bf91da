"""Open items: told again and again, in any order; the newest told counts, and our matches too."""

from __future__ import annotations

import io
import itertools
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.open_item import DiscountTerm, ItemKind, OpenItem, check, item_id, still_open
from nostro.formats import Profile
from nostro.storage import events, models, open_item_listing, parties
from nostro.storage.open_item_listing import ItemsWanted
from nostro.storage.tenancy import tenant
from nostro.workflows import answers, receivables
from nostro.workflows.receivables import ItemsReceipt
from tests.workflows.bank_words import Booking, camt_053
from tests.workflows.company import Company

DAY = datetime(2026, 11, 1, 18, tzinfo=UTC)
HEAD = (
    "entity,document,customer_number,open_amount,currency,due_date,document_amount,instalment"
    ",customer_name"
)


def told(*rows: tuple[str, str], entity: str = "DE", whole: str = "") -> bytes:
    lines = [
        f"{entity},{document},K1,{amount},EUR,2026-11-30,{whole},0,Kunde"
        for document, amount in rows
    ]
    return "\n".join([HEAD, *lines]).encode()


def take(company: Company, content: bytes, days: int, **more: Any) -> ItemsReceipt:
    asked: dict[str, Any] = {"source": "erp", "told_at": DAY + timedelta(days=days)} | more
    return receivables.receive_open_items(
        company.job, "items.csv", io.BytesIO(content), Profile(name="open_items"), **asked
    )


def still(company: Company) -> dict[str, int]:
    with tenant(company.tenant_id):
        return dict(models.OpenItem.objects.values_list("document", "open_minor"))


def state(company: Company, source: str) -> list[dict[str, Any]]:
    """All that is kept of a source's items but their ids."""
    left_out = ("id", "source")
    names = [f.name for f in models.OpenItem._meta.concrete_fields if f.name not in left_out]
    with tenant(company.tenant_id):
        rows = models.OpenItem.objects.filter(source=source).order_by("document")
        return list(rows.values(*names))


def pays(company: Company, minor: int, text: str, statement_id: str = "ST-1") -> None:
    booking = Booking(minor=minor, text=text, party="Kunde")
    content = camt_053(company.accounts["DE-EUR"], [booking], statement_id=statement_id)
    answers.receive_message(company.job, company.bank_id, "b.xml", content)


def test_a_list_is_taken_and_told_again(company: Company) -> None:
    first = take(company, told(("RE-1001", "500.00"), ("RE-1102", "300.00")), 0)
    assert (first.read, first.new, first.changed, first.older) == (2, 2, 0, 0)
    again = take(company, told(("RE-1001", "500.00"), ("RE-1102", "300.00")), 0)
    assert (again.new, again.changed, again.older) == (0, 0, 2)
    later = take(company, told(("RE-1001", "200.00")), 1)
    assert (later.new, later.changed) == (0, 1)
    assert still(company) == {"RE-1001": 200_00, "RE-1102": 300_00}
    with tenant(company.tenant_id):
        kinds = list(models.Event.objects.values_list("type", flat=True))
    assert kinds.count("open_items.received") == 3


def test_a_complete_list_closes_what_it_does_not_hold(company: Company) -> None:
    take(company, told(("RE-1001", "500.00"), ("RE-1102", "300.00")), 0)
    receipt = take(company, told(("RE-1203", "10.00")), 1, complete=True)
    assert (receipt.new, receipt.closed) == (1, 2)
    assert still(company) == {"RE-1001": 0, "RE-1102": 0, "RE-1203": 10_00}


def test_a_list_with_a_line_that_cannot_be_used_closes_nothing(company: Company) -> None:
    take(company, told(("RE-1001", "500.00")), 0)
    receipt = take(company, told(("RE-1102", "3.OO")), 1, complete=True)
    assert (receipt.closed, receipt.rejected_count) == (0, 1)
    assert "1 lines could not be used" in receipt.not_closed
    assert still(company) == {"RE-1001": 500_00}


def test_an_entity_that_nobody_knows_is_told_line_by_line(company: Company) -> None:
    receipt = take(company, told(("RE-1001", "5.00"), entity="XX"), 0)
    assert [line.code for line in receipt.rejected] == ["entity_unknown"]
    assert still(company) == {}


def test_lists_in_any_order_leave_the_same(company: Company) -> None:
    lists: list[tuple[bytes, int, bool]] = [
        (told(("RE-1001", "500.00"), ("RE-1102", "300.00")), 0, True),
        (told(("RE-1001", "400.00"), ("RE-1203", "70.00")), 1, False),
        (told(("RE-1203", "70.00")), 2, True),
        (told(("RE-1203", "90.00"), whole="100.00"), 3, False),
    ]
    states: list[list[dict[str, Any]]] = []
    for order in itertools.permutations(lists):
        source = str(len(states))
        for content, days, complete in order:
            take(company, content, days, complete=complete, source=source)
        states.append(state(company, source))
    assert len(states) == 24
    assert all(found == states[0] for found in states)
    assert [(row["document"], row["open_minor"]) for row in states[0]] == [
        ("RE-1001", 0),
        ("RE-1102", 0),
        ("RE-1203", 90_00),
    ]


def test_what_our_matches_settled_is_not_open_again(company: Company) -> None:
    """The ERP may have heard of a match or not: nothing is told to be open twice."""
    take(company, told(("RE-1001", "500.00")), 0)
    pays(company, 500_00, "RE-1001")
    assert still(company) == {"RE-1001": 0}
    take(company, told(("RE-1001", "500.00")), 1)  # Its posting has not run yet.
    assert still(company) == {"RE-1001": 0}
    take(company, told(("RE-1001", "0.00")), 2)
    assert still(company) == {"RE-1001": 0}


def test_more_on_the_document_opens_the_rest(company: Company) -> None:
    take(company, told(("RE-1001", "500.00")), 0)
    pays(company, 500_00, "RE-1001")
    take(company, told(("RE-1001", "600.00")), 1)
    assert still(company) == {"RE-1001": 100_00}


def test_a_matched_item_keeps_its_currency(company: Company) -> None:
    take(company, told(("RE-1001", "500.00")), 0)
    pays(company, 500_00, "RE-1001")
    other = told(("RE-1001", "500.00")).replace(b"EUR", b"USD")
    receipt = take(company, other, 1)
    assert [line.code for line in receipt.rejected] == ["item_currency_changed"]
    assert still(company) == {"RE-1001": 0}


def test_two_sources_have_items_of_their_own(company: Company) -> None:
    take(company, told(("RE-1001", "500.00")), 0)
    receivables.receive_open_items(
        company.job,
        "other.csv",
        told(("RE-1001", "70.00")),
        Profile(name="open_items"),
        source="other",
        complete=True,
    )
    with tenant(company.tenant_id):
        page = open_item_listing.items(ItemsWanted(document="RE-1001"))
        assert {row.source: row.open_amount for row in page.rows} == {
            "erp": Money(500_00, "EUR"),
            "other": Money(70_00, "EUR"),
        }


def test_a_list_longer_than_one_unit_of_work(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receivables, "AT_ONCE", 3)
    rows = [(f"RE-{number * 101 + 10000}", f"{number + 1}.00") for number in range(10)]
    heard: list[int] = []
    receipt = take(company, told(*rows), 0, heard=heard.append)
    assert receipt.new == 10
    assert heard == [3, 6, 9, 10]
    assert len(still(company)) == 10


def test_items_come_in_pages_due_first(company: Company) -> None:
    take(company, told(*((f"RE-{n * 101 + 1000}", "1.00") for n in range(5))), 0)
    with tenant(company.tenant_id):
        seen, cursor = [], ""
        while True:
            page = open_item_listing.items(ItemsWanted(customer="K1"), limit=2, cursor=cursor)
            seen += [row.document for row in page.rows]
            cursor = page.next
            if not cursor:
                break
    assert sorted(seen) == [f"RE-{n * 101 + 1000}" for n in range(5)]


def test_lists_know_every_column(company: Company) -> None:
    content = (
        b"entity,document,customer_number,customer_name,open_amount,currency,due_date,kind,"
        b"instalment,document_amount,issue_date,discount_amount,discount_until,references,"
        b"parent_number\n"
        b"DE,RE-7,K1,Kunde,60.00,EUR,2026-12-01,invoice,2,100.00,2026-11-01,1.20,2026-11-11,"
        b"PO-1 PO-2,K0\n"
        b"DE,GU-7,K1,Kunde,-5.00,EUR,2026-12-01,,,,,,,,\n"
        b"DE,RE-8,K1,Kunde,5.00,EUR,2026-12-01,credit_note,,,,,,,\n"
        b"DE,RE-9,K1,Kunde,5.00,EUR,2026-12-01,loan,,,,,,,\n"
        b"DE,RE-10,K1,Kunde,5.00,EUR,2026-12-01,,x,,,,,,\n"
    )
    receipt = take(company, content, 0)
    codes = [line.code for line in receipt.rejected]
    assert codes == ["sign_and_kind", "unknown_item_kind", "instalment_not_a_number"]
    with tenant(company.tenant_id):
        note, invoice = sorted(
            open_item_listing.items(ItemsWanted()).rows, key=lambda row: row.document
        )
    assert (note.kind, note.open_amount) == (ItemKind.CREDIT_NOTE, Money(-5_00, "EUR"))
    assert invoice.instalment == 2
    assert invoice.document_amount == Money(100_00, "EUR")
    assert invoice.discount == DiscountTerm(amount=Money(1_20, "EUR"), until=date(2026, 11, 11))
    assert invoice.references == ("PO-1", "PO-2")
    assert invoice.parent_number == "K0"


def item(minor: int, **more: Any) -> OpenItem:
    told_of: dict[str, Any] = {
        "id": item_id("DE", "1"), "entity_code": "DE", "document": "1", "customer_number": "K",
        "customer_name": "", "open_amount": Money(minor, "EUR"), "due_date": date(2026, 11, 30),
    }  # fmt: skip
    return OpenItem(**(told_of | more))


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (item(-1), "sign_and_kind"),
        (item(1, kind=ItemKind.CREDIT_NOTE), "sign_and_kind"),
        (item(1, document_amount=Money(1, "USD")), "document_currency"),
        (item(2, document_amount=Money(1, "EUR")), "more_open_than_due"),
        (item(2, document_amount=Money(-3, "EUR")), "document_sign"),
        (
            item(2, discount=DiscountTerm(amount=Money(2, "EUR"), until=date(2026, 1, 1))),
            "discount_larger",
        ),
    ],
)
def test_what_does_not_fit_together_is_refused(wrong: OpenItem, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        check(wrong)
    assert refused.value.code == code


minor = st.integers(0, 10**9)


@given(told_minor=minor, whole=minor, settled=minor)
def test_no_more_is_open_than_told_nor_than_is_left(
    told_minor: int, whole: int, settled: int
) -> None:
    left = still_open(told_minor, whole, settled)
    assert 0 <= left <= told_minor
    assert left == 0 or left + settled <= whole
    assert still_open(-told_minor, -whole, -settled) == -left


def test_the_event_says_what_a_list_did(company: Company) -> None:
    receipt = take(company, told(("RE-1001", "5.00")), 0)
    with tenant(company.tenant_id):
        (found,) = [row for row in events.about([receipt.evidence_id]) if "open_items" in row.type]
    assert found.data["new"] == 1
    assert found.data["source"] == "erp"


def test_what_is_not_a_list_of_items_is_refused(company: Company) -> None:
    with tenant(company.tenant_id):
        assert parties.entities()
    with pytest.raises(Invalid) as refused:
        take(company, camt_053(company.accounts["DE-EUR"], []), 0)
    assert refused.value.code == "not_an_open_item_list"


def test_no_list_speaks_of_what_is_to_come(company: Company) -> None:
    """Else every later list would be the older one, and nothing could ever be told again."""
    ahead = company.world.clock.now() + timedelta(hours=1) - DAY
    with pytest.raises(Invalid) as refused:
        take(company, told(("RE-1001", "5.00")), 0, told_at=DAY + ahead)
    assert refused.value.code == "told_in_the_future"
    assert still(company) == {}
