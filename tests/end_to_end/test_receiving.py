"""Money that arrives at a bank that is not ours: what is sure is matched, the rest people decide.

The bank is mock-bank: it books the credits on its own clock and tells them in its own camt.053,
beside the bookings of what we paid.
"""

from __future__ import annotations

import pytest

from nostro.domain.money import Money
from nostro.domain.party import Role
from nostro.ops.demo_bank import Credit
from nostro.workflows import line_deciding, lines_again
from tests.end_to_end.partners import HTTP, OPENING, OURS, SFTP, MockBankByHttp
from tests.end_to_end.story import Story
from tests.workflows.company import iban
from tests.workflows.test_line_deciding import (
    SMALL,
    allocate,
    employ,
    line_of,
    line_state,
    proposals_of,
    reasons,
    settles,
)
from tests.workflows.test_lines_again import entity
from tests.workflows.test_statements import journals_of, owed, still_open

PAYER = iban(8)
BILLS = (
    ("RE-2026-101", 500_00), ("RE-2026-202", 700_00), ("RE-2026-303", 900_00),
    ("RE-2026-404", 300_00), ("RE-2026-505", 250_00), ("RE-2026-606", 80_00),
)  # fmt: skip
EXACT, TOGETHER, SHORT, FIRST_PART, SECOND_PART, STRANGER, CENTS = (
    500_00, 1600_00, 200_00, 150_00, 100_00, 123_00, 79_60,
)  # fmt: skip


def arrives(bank: MockBankByHttp, minor: int, *note: str, name: str = "Kunde GmbH") -> None:
    bank.bank.credit(
        OURS,
        Credit(
            amount=Money(minor, "EUR"),
            end_to_end_id=f"CUST-{minor}",
            debtor_name=name,
            debtor_iban=PAYER if name.startswith("Kunde") else iban(9),
            note=note,
        ),
    )


def everything_arrives(bank: MockBankByHttp) -> None:
    arrives(bank, EXACT, "Rechnung RE-2026-101")
    arrives(bank, TOGETHER, "RE-2026-202,", "RE-2026-303")
    arrives(bank, SHORT, "RE-2026-404")
    arrives(bank, FIRST_PART, "RE-2026-505 Teil 1")
    arrives(bank, SECOND_PART, "RE-2026-505 Rest")
    arrives(bank, STRANGER, "Danke", name="Jemand")
    arrives(bank, CENTS, "RE-2026-606")


def state(story: Story, minor: int) -> str:
    return line_state(story.company, line_of(story.company, minor))


@pytest.mark.parametrize("bank", [HTTP, SFTP], indirect=True)
@pytest.mark.parametrize("bills", ["before the money", "after the money"])
def test_what_customers_pay_is_matched_or_decided(
    story: Story, bank: MockBankByHttp, bills: str
) -> None:
    company = story.company
    clerk = employ(company, "Rita Reconciler", Role.RECONCILER)
    reasons(company, SMALL)
    if bills == "before the money":
        owed(company, *BILLS, payer=PAYER)
    ids = story.pay("V1", "V2")
    story.send()
    story.hear()
    everything_arrives(bank)
    assert "camt_053" in story.end_days()
    if bills == "after the money":
        assert state(story, EXACT) == "unmatched"
        owed(company, *BILLS, payer=PAYER)
        lines_again.look_again(company.job, entity(company))

    assert set(story.states(ids)) == {"settled"}, "what we paid matches by itself"
    assert [state(story, minor) for minor in (EXACT, TOGETHER)] == ["matched"] * 2
    assert [state(story, minor) for minor in (SHORT, FIRST_PART, SECOND_PART, CENTS)] == (
        ["suggested"] * 4
    )
    assert state(story, STRANGER) == "unmatched"

    for minor in (SHORT, FIRST_PART, SECOND_PART):
        first = proposals_of(company, line_of(company, minor))[0]
        line_deciding.confirm_one(company.acting(clerk), clerk, first)
    decision = settles(company, ("RE-2026-606", 80_00), write_off=-40)
    allocate(company, clerk, line_of(company, CENTS), decision)
    assert still_open(company) == {
        "RE-2026-101": 0, "RE-2026-202": 0, "RE-2026-303": 0, "RE-2026-404": 100_00,
        "RE-2026-505": 0, "RE-2026-606": 0,
    }  # fmt: skip
    cleared = [one for one in journals_of(company) if one[0] == "receipt_matched"]
    assert sorted(minor for *_, minor in cleared) == sorted(
        (EXACT, TOGETHER, SHORT, FIRST_PART, SECOND_PART, CENTS)
    )
    came = EXACT + TOGETHER + SHORT + FIRST_PART + SECOND_PART + STRANGER + CENTS
    assert story.closing() == OPENING.minor + came - sum(story.amounts(ids))
    assert bank.balance() == Money(OPENING.minor + came - sum(story.amounts(ids)), "EUR")
    assert story.verdicts() == ["closes"]
