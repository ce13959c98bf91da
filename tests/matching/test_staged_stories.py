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
        paid("490.00", "R-20260077"), "post", {"R-20260077": 50000}, "within its terms",
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
    Story(
        "last digits in a list",
        [item("INV0032535", "58.99"), item("INV0032536", "614.53"), item("INV0039999", "1.00")],
        paid("673.52", "INV0032535 2536"), "", {"INV0032535": 5899, "INV0032536": 61453},
    ),
    Story(
        "a slip of the pen", [item("INV0033769", "1821.90"), item("INV0040012", "1821.90")],
        paid("1821.90", "INV0033679"), "suggest", {"INV0033769": 182190}, "but for a slip",
    ),
    Story(
        "a number cut off", [item("FA2605/27253", "241.90"), item("FA2605/99253", "17.00")],
        paid("241.90", "/INV/FA2605/27"), "suggest", {"FA2605/27253": 24190}, "is like the number",
    ),
    Story(
        "no reference", [item("INV0033769", "1821.90")], paid("1821.90", "Danke"),
        "suggest", {"INV0033769": 182190}, "account is known",
    ),
    Story(
        "equal amounts without reference: oldest first, and ambiguous",
        [item("INV0033769", "49.00"), item("INV0033770", "49.00", due_date="2026-03-15")],
        paid("49.00", "Danke"), "ambiguous", {"INV0033770": 4900}, "1 other explanation",
    ),
    Story(
        "a discount without reference is nobody's",
        [item("INV0033769", "500.00", discount_amount="10.00", discount_until="2026-03-30")],
        paid("490.00", "Danke"), "none", {},
    ),
    Story(
        "a discount too late stays open",
        [item("INV0033769", "500.00", discount_amount="10.00", discount_until="2026-03-22")],
        paid("490.00", "INV0033769"), "suggest", {"INV0033769": 49000}, "too late",
    ),
    Story(
        "a part", ONE, paid("400.00", "INV-2026-0001234"),
        "suggest", {"INV-2026-0001234": 40000}, "a part of the document",
    ),
    Story(
        "a run of what is due", [
            item("INV0033701", "101.01", due_date="2026-03-10"),
            item("INV0033702", "202.02", due_date="2026-03-12"),
            item("INV0033703", "303.03", due_date="2026-03-14"),
            item("INV0033904", "999.99", due_date="2026-04-14"),
        ],
        paid("606.06", "Sammelzahlung"), "suggest",
        {"INV0033701": 10101, "INV0033702": 20202, "INV0033703": 30303}, "one after the other",
    ),
    Story(
        "a sum of what nothing names never posts", [
            item("INV0033701", "101.01", due_date="2026-03-10"),
            item("INV0033702", "202.02", due_date="2026-03-12"),
            item("INV0033703", "303.03", due_date="2026-03-14"),
        ],
        paid("404.04", "Sammelzahlung"), "suggest",
        {"INV0033701": 10101, "INV0033703": 30303}, "no proof",
    ),
    Story(
        "a list cut off", [
            item("INV0033701", "101.01", due_date="2026-03-10"),
            item("INV0033702", "202.02", due_date="2026-03-12"),
            item("INV0033703", "303.03", due_date="2026-03-14"),
        ],
        paid("606.06", "INV0033701, INV0033702, INV00"), "suggest",
        {"INV0033701": 10101, "INV0033702": 20202, "INV0033703": 30303}, "one after the other",
    ),
    Story(
        "the parent pays", [item("INV0033769", "297.50", party="T", parent_party_id="C-Huber"),
                            item("INV0033999", "1.00")],
        paid("297.50", "INV0033769"), "post", {"INV0033769": 29750}, "parent",
    ),
    Story(
        "the original amount", [item("INV0033769", "1628.45", currency="GBP")],
        paid("1875.71", "INV0033769", original_amount="1628.45", original_currency="GBP"),
        "post", {"INV0033769": 162845},
    ),
    Story(
        "a payout by its reference", [item("po_1qPWsJzS7BpraMY", "541.38", kind="psp_payout")],
        paid("541.38", "STRIPE po_1qPWsJzS7BpraMY"), "post", {"po_1qPWsJzS7BpraMY": 54138},
    ),
    Story(
        "a payout by its amount alone", [item("po_1qPWsJzS7BpraMY", "541.38", kind="psp_payout")],
        paid("541.38", "STRIPE"), "", {},
    ),
    Story(
        "a payment of ours", [item("NOS3562126967", "-869.09", kind="own_payment")],
        paid("-869.09", "Rechnung 17", end_to_end_id="NOS3562126967"),
        "post", {"NOS3562126967": -86909},
    ),
    Story(
        "the wrong number of another customer",
        [item("INV0033769", "1821.90"), item("INV0011435", "17.00", party="Nordlicht")],
        paid("1821.90", "INV0011435"), "suggest", {"INV0033769": 182190}, "names another document",
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


BATCH = [
    item(
        f"NOS990{n}",
        f"-{n}00.00",
        kind="own_payment",
        batch_id="B20260328-1",
        party=f"Payee {n}",
        issue_date="2026-03-27",
    )
    for n in (1, 2, 4)
]
ALL = {"NOS9901": -10000, "NOS9902": -20000, "NOS9904": -40000}


@pytest.mark.parametrize(
    ("payment", "cleared", "adjusted"),
    [
        (paid("-700.00", "SAMMLER B20260328-1", payer=""), ALL, {}),
        (paid("-702.50", "", end_to_end_id="B20260328-1", charges="2.50", payer=""), ALL,
         {"fee": -250}),
        (paid("-700.00", "SAMMLER 3 POSTEN", payer=""), ALL, {}),
        (paid("-500.00", "SAMMLER B20260328-1", payer=""),
         {"NOS9901": -10000, "NOS9904": -40000}, {}),
        (paid("-650.00", "SAMMLER B20260328-1", payer=""), {}, {}),
    ],
    ids=["gross", "with charges", "counted", "one was rejected", "a difference is never spread"],
)  # fmt: skip
def test_a_batch_of_payments_of_ours(
    payment: dict[str, str], cleared: dict[str, int], adjusted: dict[str, int]
) -> None:
    told = decided([payment], BATCH)[payment["id"]]
    assert (told.cleared, told.adjusted) == (cleared, adjusted)


def test_instalments_are_paid_as_the_text_says_else_oldest_first() -> None:
    parts = [
        item(f"INV0032584/{n}", "71.40", kind="instalment", references="INV0032584",
             due_date=f"2026-0{n}-15")
        for n in (1, 2, 3)
    ]  # fmt: skip
    third = paid("71.40", "INV0032584 Rate 3/3", booking_date="2026-03-01")
    second = paid("71.40", "INV0032584/2", booking_date="2026-03-20")
    first = paid("71.40", "INV0032584", booking_date="2026-04-20")
    told = decided([first, second, third], parts)
    assert told[third["id"]].cleared == {"INV0032584/3": 7140}
    assert told[second["id"]].cleared == {"INV0032584/2": 7140}
    assert told[first["id"]].cleared == {"INV0032584/1": 7140}


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


PRICE = [item("INV0033769", "49.00"), item("INV0033767", "49.00", due_date="2026-04-30")]


@pytest.mark.parametrize(
    ("items", "payment", "says"),
    [
        (PRICE, paid("49.00", "INV0033769"), "has this number but for a slip"),
        ([*PRICE, item("INV0051122", "10.00")], paid("49.00", "INV0033769 1122"), "seems to name"),
        (PRICE, paid("49.00", "INV0033679"), "owes the same amount"),
        ([item("INV0033769", "900.00")], paid("900.00", "Danke"), "the amount is round"),
    ],
    ids=["a number that a slip makes", "more is named", "one price", "a round amount"],
)
def test_what_may_mean_another_document_is_told_and_does_not_post(
    items: list[dict[str, str]], payment: dict[str, str], says: str
) -> None:
    told = decided([payment], items)[payment["id"]]
    assert told.cleared
    assert told.status != "post"
    assert says in told.evidence


def test_a_number_that_a_slip_makes_is_no_doubt_once_both_are_named() -> None:
    first, second = paid("49.00", "INV0033769"), paid("49.00", "INV0033767")
    told = decided([first, second], PRICE)
    assert {told[one["id"]].status for one in (first, second)} == {"post"}


def test_a_part_of_what_is_named_is_no_payment_of_another_document() -> None:
    items = [item("FA2510/63428", "2200.00"), item("FA2510/63438", "1300.00")]
    payment = paid("1300.00", "FA2510/63428")
    told = decided([payment], items)[payment["id"]]
    assert told.cleared == {"FA2510/63428": 130000}
    assert "a part of the document" in told.evidence


def test_leading_zeros_count_in_the_end_of_a_number() -> None:
    items = [item("RE-2026-097126", "88.20"), item("RE-2026-054321", "88.20")]
    payment = paid("88.20", "RE-2026-000126")
    told = decided([payment], items)[payment["id"]]
    assert "the end of the number" not in told.evidence
    assert told.status == "ambiguous"


def test_of_equal_payments_without_reference_none_is_the_only_explanation() -> None:
    first, second = paid("49.00", "Danke"), paid("49.00", "Merci", booking_date="2026-04-28")
    told = decided([first, second], PRICE)
    assert {told[one["id"]].status for one in (first, second)} == {"ambiguous"}


def test_what_is_paid_anew_after_a_return_never_takes_the_return_back() -> None:
    first = paid("1000.00", "INV-2026-0001234", account="A2", booking_date="2026-03-01")
    back = paid("-1000.00", "INV-2026-0001234", booking_date="2026-03-09")
    anew = paid("1000.00", "INV-2026-0001234", booking_date="2026-03-12")
    told = decided([first, back, anew], ONE)
    assert (told[back["id"]].status, told[back["id"]].cleared) == ("reversal", {})
    assert told[back["id"]] is told[first["id"]]
    assert told[anew["id"]].cleared == WHOLE


def test_money_moved_between_accounts_of_ours_is_no_return() -> None:
    out = paid("-5000.00", "SWEEP 2026-03-28", payer="Cash Pool", counterparty_iban="")
    came = paid(
        "5000.00", "FUNDING 2026-03-28", payer="Cash Pool", counterparty_iban="", account="A2"
    )
    told = decided([out, came], ONE)
    assert {told[one["id"]].status for one in (out, came)} == {"none"}
