"""Customers as master data: the newest told counts, and who pays for whom explains bank lines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nostro.domain.debtor import Debtor
from nostro.storage import models
from nostro.storage.debtors import DebtorsWanted, debtors
from nostro.storage.tenancy import tenant
from nostro.workflows.debtors import DebtorsReceipt, take_debtors
from tests.workflows.bank_words import Booking
from tests.workflows.company import Company, iban
from tests.workflows.test_line_deciding import line_of, line_state, proposals_of
from tests.workflows.test_statements import comes, owed

DAY = datetime(2026, 11, 1, 18, tzinfo=UTC)
NUMBERS = ("K1", "K2", "P1")


def take(company: Company, *told: Debtor, minutes: int = 0) -> DebtorsReceipt:
    with tenant(company.tenant_id):
        return take_debtors(
            company.job, "DE", told, source="erp", told_at=DAY + timedelta(minutes=minutes)
        )


def kept(company: Company) -> list[Any]:
    """What is known of the customers, and the keys of each."""
    with tenant(company.tenant_id):
        rows = debtors(DebtorsWanted(), limit=200).rows
        keys = models.DebtorKey.objects.order_by("debtor__number", "kind", "key")
        listed = list(keys.values_list("debtor__number", "kind", "key"))
    return [[(row.number, row.parent_number, row.ibans, row.told_at) for row in rows], listed]


def from_parent(minor: int) -> Booking:
    """Nothing in it names an invoice, or the customer who owes."""
    return Booking(minor=minor, text="Sammelzahlung", party="Holding", party_iban=iban(8))


LISTS = st.lists(
    st.dictionaries(
        st.sampled_from(NUMBERS),
        st.tuples(st.sampled_from(("", "P9")), st.sampled_from(((), (iban(7),), (iban(8),)))),
        min_size=1,
    ),
    min_size=2,
    max_size=4,
)


@given(LISTS, st.randoms(use_true_random=False))
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_in_whatever_order_lists_come_the_same_is_known_at_the_end(
    company: Company, lists: list[dict[str, Any]], dice: Any
) -> None:
    # Each example of later moments than the one before: what is known of these numbers begins anew.
    start = len(company.events("debtors.received")) * 10
    moments = list(enumerate(lists, start=start))
    ends = []
    for offset in (0, 1_000_000):
        dice.shuffle(moments)
        for place, told in moments:
            listed = [
                Debtor(number=f"{number}-{offset}-{start}", parent_number=parent, ibans=ibans)
                for number, (parent, ibans) in told.items()
            ]
            take(company, *listed, minutes=place)
        rows, keys = kept(company)
        mine = f"-{offset}-{start}"
        ends.append(
            (
                [(row[0].removesuffix(mine), *row[1:]) for row in rows if row[0].endswith(mine)],
                [(key[0].removesuffix(mine), *key[1:]) for key in keys if key[0].endswith(mine)],
            )
        )
    assert ends[0] == ends[1]


def test_the_parent_of_the_master_data_pays_for_the_child(company: Company) -> None:
    owed(company, ("RE-2026-101", 500_00), ("RE-2026-202", 700_00))
    comes(company, from_parent(500_00))
    assert line_state(company, line_of(company, 500_00)) == "unmatched"
    told = take(
        company,
        Debtor(number="K1", name="Kunde", parent_number="P1"),
        Debtor(number="P1", name="Mutter AG", ibans=(iban(7), iban(8))),
    )
    assert (told.new, told.changed, told.older) == (2, 0, 0)
    comes(company, from_parent(700_00), statement_id="ST-2")
    line = line_of(company, 700_00)
    assert line_state(company, line) == "suggested"
    with tenant(company.tenant_id):
        (first, *_) = models.MatchProposal.objects.filter(id__in=proposals_of(company, line))
    assert first.evidence_class.split("/")[:3] == ["exact", "none", "parent"]


def test_a_further_name_finds_his_items_and_an_account_taken_off_finds_none(
    company: Company,
) -> None:
    owed(company, ("RE-2026-101", 500_00), ("RE-2026-202", 700_00), ("RE-2026-303", 900_00))
    take(company, Debtor(number="K1", ibans=(iban(8),), further_names=("Anders & Co. KG",)))
    comes(company, Booking(minor=500_00, text="Danke", party="ANDERS UND CO", party_iban=iban(9)))
    assert line_state(company, line_of(company, 500_00)) == "suggested"
    comes(company, from_parent(700_00), statement_id="ST-2")
    assert line_state(company, line_of(company, 700_00)) == "suggested"
    take(company, Debtor(number="K1"), minutes=1)
    comes(company, from_parent(900_00), statement_id="ST-3")
    assert line_state(company, line_of(company, 900_00)) == "unmatched"


def test_what_an_item_says_of_its_payer_counts_before_the_master_data(company: Company) -> None:
    owed(company, ("RE-2026-101", 500_00))
    with tenant(company.tenant_id):
        models.OpenItem.objects.update(parent_number="P2")
    take(company, Debtor(number="K1", parent_number="P1"), Debtor(number="P1", ibans=(iban(8),)))
    comes(company, from_parent(500_00))
    with tenant(company.tenant_id):
        classes = models.MatchProposal.objects.values_list("evidence_class", flat=True)
        assert not any("/parent/" in one for one in classes)
