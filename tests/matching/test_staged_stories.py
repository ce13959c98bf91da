"""The staged matcher, story by story: what came, what was open, what must be decided."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from tests.matching.staged import decided, item, paid

ONE = [item("INV-2026-0001234", "1000.00")]


class Story(NamedTuple):
    """One payment. `status` "" means that it must not post, however it is told."""

    what: str
    items: list[dict[str, str]]
    payment: dict[str, str]
    status: str
    cleared: dict[str, int]
    says: str = ""


WHOLE = {"INV-2026-0001234": 100000}
STORIES = [
    Story("exact", ONE, paid("1000.00", "Rechnung INV-2026-0001234"), "post", WHOLE, "exact"),
    Story("blanks", ONE, paid("1000.00", "inv 2026 0001234 danke"), "post", WHOLE),
    Story("all in one", ONE, paid("1000.00", "INV20260001234"), "post", WHOLE),
    Story("slashes", ONE, paid("1000.00", "re 2026/0001234"), "post", WHOLE),
    Story(
        "charges told by the bank", ONE, paid("985.00", "INV-2026-0001234", charges="15.00"),
        "post", WHOLE, "itemises",
    ),
    Story("a fee kept", ONE, paid("990.00", "INV-2026-0001234"), "suggest", WHOLE, "may have kept"),
    Story(
        "discount in its terms",
        [item("R-20260077", "500.00", discount_amount="10.00", discount_until="2026-03-28")],
        paid("490.00", "R-20260077"), "suggest", {"R-20260077": 50000}, "within its terms",
    ),
    Story(
        "two named", [item("R-20260077", "500.00"), item("R-20260178", "250.10")],
        paid("750.10", "R-20260077, R-20260178"), "post",
        {"R-20260077": 50000, "R-20260178": 25010}, "adds up",
    ),
    Story(
        "a credit note netted",
        [item("R-20260077", "500.00"), item("G-20260901", "-120.00", kind="credit_note")],
        paid("380.00", "R-20260077 abzgl. G-20260901"), "post",
        {"R-20260077": 50000, "G-20260901": -12000},
    ),
    Story("another payer", ONE, paid("1000.00", "INV-2026-0001234", payer="Nordlicht"), "", WHOLE),
    Story("pending", ONE, paid("1000.00", "INV-2026-0001234", status="pending"), "suggest", WHOLE),
    Story("noise", ONE, paid("12.34", "Danke 4711"), "none", {}, "nothing that is open"),
    Story("yen", [item("R-20260077", "1500", currency="JPY")],
          paid("1500", "R-20260077", currency="JPY"), "post", {"R-20260077": 1500}),
]  # fmt: skip


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.what)
def test_one_payment(story: Story) -> None:
    told = decided([story.payment], story.items)[story.payment["id"]]
    assert told.cleared == story.cleared
    assert told.status == story.status or (not story.status and told.status != "post")
    assert story.says in told.evidence


def test_the_second_payment_of_a_document_is_no_payment_of_a_sibling() -> None:
    items = [item("INV-2026-0001234", "1000.00"), item("INV-2026-0005678", "1000.00")]
    first = paid("1000.00", "INV-2026-0001234")
    again = paid("1000.00", "INV-2026-0001234", booking_date="2026-03-30")
    much_later = paid("1000.00", "INV-2026-0001234", booking_date="2026-05-30")
    told = decided([again, first, much_later], items)
    assert told[first["id"]].cleared == {"INV-2026-0001234": 100000}
    assert {told[one["id"]].status for one in (again, much_later)} == {"none"}


def test_a_return_goes_with_its_original_and_the_payment_made_anew_is_no_duplicate() -> None:
    first = paid("1000.00", "INV-2026-0001234")
    back = paid("-1000.00", "RETOURE INV-2026-0001234", booking_date="2026-03-29",
                return_reason="AC04")  # fmt: skip
    anew = paid("1000.00", "INV-2026-0001234", booking_date="2026-03-30")
    told = decided([first, back, anew], ONE)
    assert told[back["id"]] is told[first["id"]]
    assert (told[back["id"]].status, told[back["id"]].cleared) == ("reversal", {})
    assert (told[anew["id"]].status, told[anew["id"]].cleared) == ("post", WHOLE)


def test_what_people_decided_stays() -> None:
    payment = paid("1000.00", "INV-2026-0001234")
    items = [*ONE, item("INV-2026-0005678", "1000.00")]
    people = [([payment["id"]], [("INV-2026-0005678", 100000)])]
    told = decided([payment], items, people=people)[payment["id"]]
    assert (told.status, told.cleared) == ("post", {"INV-2026-0005678": 100000})
