"""A long file of payees: checked whole before anything is asked for, its parts told apart."""

from __future__ import annotations

import pytest

from nostro.domain.errors import Invalid
from nostro.domain.party import Member
from nostro.storage import change_requests as stored
from nostro.storage.tenancy import tenant
from nostro.workflows import payee_files
from tests.workflows.company import Company, iban
from tests.workflows.test_change_requests import admins

__all__ = ["admins"]


def listed(count: int, *, bad: int = 0) -> bytes:
    """A file of so many payees, with a wrong IBAN in this line."""
    rows = ["number,name,iban"]
    for n in range(count):
        number = "NL00WRONG" if bad == n + 2 else iban(n)
        rows.append(f"N{n},Payee {n},{number}")
    return "\n".join(rows).encode()


def test_a_bad_line_at_the_end_leaves_no_request_behind(
    company: Company, admins: tuple[Member, Member]
) -> None:
    mia = company.maker
    with pytest.raises(Invalid) as caught:
        payee_files.ask(company.acting(mia), mia, listed(1101, bad=1051), "s.csv", "from the ERP")
    assert caught.value.happened.startswith("Line 1051: ")
    with tenant(company.tenant_id):
        assert not stored.listed().rows


def test_parts_have_names_and_what_waits_already_is_told(
    company: Company, admins: tuple[Member, Member]
) -> None:
    mia = company.maker
    payee_files.ask(company.acting(mia), mia, listed(1101), "s.csv", "from the ERP")
    with tenant(company.tenant_id):
        named = {row.subject for row in stored.listed().rows}
        found = payee_files.waiting(listed(1003))
    assert named == {"1 to 1,000 of s.csv", "1,001 to 1,101 of s.csv"}
    assert [(row.subject, count) for row, count in found] == [
        ("1 to 1,000 of s.csv", 1000),
        ("1,001 to 1,101 of s.csv", 3),
    ]
