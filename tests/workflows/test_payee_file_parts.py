"""A long file of payees: checked whole before anything is asked for, its parts told apart."""

from __future__ import annotations

from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from nostro.domain.errors import Invalid
from nostro.domain.party import Member
from nostro.storage import change_requests as stored
from nostro.storage import models
from nostro.storage.tenancy import tenant
from nostro.workflows import payee_files
from tests.workflows.company import Company, iban
from tests.workflows.test_change_requests import admins, agree

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


def asked(company: Company, content: bytes) -> UUID:
    """The one request that this file makes."""
    with tenant(company.tenant_id):
        before = {row.id for row in stored.listed().rows}
    payee_files.ask(company.acting(company.maker), company.maker, content, "s.csv", "from the ERP")
    with tenant(company.tenant_id):
        (request_id,) = {row.id for row in stored.listed().rows} - before
    return request_id


@pytest.mark.parametrize("again", [False, True], ids=["new", "moved and renamed"])
def test_many_payees_are_agreed_to_with_as_many_statements_as_few(
    company: Company, admins: tuple[Member, Member], again: bool
) -> None:
    counts = []
    for first, count in ((100, 10), (2000, 400)):
        rows = [f"N{n},Payee {n},{iban(n)}" for n in range(first, first + count)]
        later = [f"N{n},Renamed {n},{iban(n + 90_000)}" for n in range(first, first + count)]
        for told in (rows, later) if again else (rows,):
            request_id = asked(company, "\n".join(["number,name,iban", *told]).encode())
            with CaptureQueriesContext(connection) as sent:
                assert agree(company, company.ann, request_id)
        counts.append(len(sent))
    assert counts[1] <= counts[0] + 5, counts
    with tenant(company.tenant_id):
        kept = models.PayeeAccount.objects.filter(payee__number__startswith="N")
        assert kept.count() == 410 * (1 + again)
        newest = models.Payee.objects.get(number="N2399")
        assert newest.name == ("Renamed 2399" if again else "Payee 2399")
        versions = models.PayeeDetails.objects.filter(payee_id=newest.id).order_by("version")
        assert [row.version for row in versions] == [1, 2][: 1 + again]
    assert len(company.events("payee.account_changed")) == 410 * (1 + again)
    assert len(company.events("payee.details_changed")) == 410 * again


def test_an_account_that_two_payees_of_one_file_share_is_told(
    company: Company, admins: tuple[Member, Member]
) -> None:
    same = iban(4711)
    content = f"number,name,iban\nN1,One,{same}\nN2,Two,{same}\nN3,Three,{iban(4712)}".encode()
    assert agree(company, company.ann, asked(company, content))
    shared = {
        told["number"]: told.get("also_the_account_of")
        for told in company.events("payee.account_changed")
    }
    assert shared == {"N1": None, "N2": "N1", "N3": None}
