"""Payees as master data: versions with source and proof, confirmation, files of payees, and what
payments bring."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from nostro.domain.errors import Invalid
from nostro.domain.order import OrderState
from nostro.domain.party import Member, Role
from nostro.formats.tables import payee_list
from nostro.storage import evidence, freezes, models, parties, payee_change_listing, payees
from nostro.storage.tenancy import tenant
from nostro.workflows import approval, payee_changing
from nostro.workflows.payee_changing import NewAccount
from tests.workflows.company import Company, iban
from tests.workflows.test_change_requests import agree, ask, refusal


@pytest.fixture
def clerk(company: Company) -> Member:
    """Makes payments and asks for payees; approves nothing."""
    return employed(company, "Cora Clerk", Role.MAKER)


def employed(company: Company, name: str, role: Role) -> Member:
    made = company._member(name, frozenset({role}))
    with tenant(company.tenant_id):
        company.employ(made)
    return made


def versions(company: Company, number: str) -> list[dict[str, Any]]:
    with tenant(company.tenant_id):
        rows = models.PayeeAccount.objects.filter(payee__number=number).order_by("version")
        return [dict(row) for row in rows.values()]


def moved(company: Company, clerk: Member, number: str = "V1", **more: Any) -> str:
    """The payee has a second account, asked for by the clerk, agreed to by Bob."""
    account = iban(company.seed + 700)
    wanted = {"number": number, "iban": account, **more}
    assert agree(company, company.bob, ask(company, clerk, wanted, "payee_account"))
    return account


def call(company: Company, number: str = "V1", **more: Any) -> dict[str, Any]:
    return {
        "number": number,
        "spoke_with": "Ms Payee",
        "number_called": "+31 20 555 01 00",
        "number_source": "own_records",
        "called_at": company.clock.now().isoformat(),
        "said": "She read the last four digits to me.",
        **more,
    }


def test_a_version_says_its_source_its_proof_and_who_stands_by_it(
    company: Company, clerk: Member
) -> None:
    moved(company, clerk, document="letter of 3 May")
    first, second = versions(company, "V1")
    assert (first["iban"], first["source"]) == (company.payees["V1"], "")
    told = {name: second[name] for name in ("source", "document", "asked_by_name", "version")}
    assert told == {
        "source": "change_request",
        "document": "letter of 3 May",
        "asked_by_name": "Cora Clerk",
        "version": 2,
    }
    assert (second["agreed_by_name"], second["changed_by_person"]) == (
        "Bob Approver",
        UUID(clerk.id),
    )
    (event,) = company.events("payee.account_changed")
    assert (event["source"], event["document"]) == ("change_request", "letter of 3 May")
    assert event["confirmation_ended"] is True


def test_a_file_that_is_kept_is_a_proof_and_another_id_is_none(
    company: Company, clerk: Member
) -> None:
    with tenant(company.tenant_id):
        kept = evidence.keep(
            company.world.ids.new(), b"a letter", name="letter.pdf", media_type="application/pdf",
            direction="in", now=company.clock.now(),
        )  # fmt: skip
    moved(company, clerk, document=str(kept))
    assert versions(company, "V1")[-1]["evidence_id"] == kept
    wanted = {"number": "V2", "iban": iban(company.seed + 701), "document": str(UUID(int=7))}
    assert refusal(lambda: ask(company, clerk, wanted, "payee_account")) == "document_unknown"


def test_a_name_and_addresses_are_versions_too(company: Company, clerk: Member) -> None:
    wanted = {"number": "V1", "name": "Payee One B.V.", "town": "Utrecht", "country": "nl",
              "email": "ar@payee.example"}  # fmt: skip
    assert agree(company, company.bob, ask(company, clerk, wanted, "payee_details"))
    with tenant(company.tenant_id):
        rows = models.PayeeDetails.objects.order_by("version").values_list("version", "name")
        assert list(rows) == [(1, "Payee V1"), (2, "Payee One B.V.")]
        kept = payees.details(company.payee_ids["V1"])
        assert parties.payee_named("V1") == (company.payee_ids["V1"], "Payee One B.V.")
    assert (kept.email, kept.address.country) == ("ar@payee.example", "NL")
    (event,) = company.events("payee.details_changed")
    assert event["before"] == {"name": "Payee V1"}
    for code, bad in (
        ("invalid_mail_address", {"number": "V1", "email": "nobody"}),
        ("invalid_country", {"number": "V1", "country": "Holland"}),
        ("payee_unknown", {"number": "V99"}),
        ("nothing_changes", wanted),
    ):
        assert refusal(partial(ask, company, clerk, bad, "payee_details")) == code


def test_who_asked_for_an_account_neither_calls_nor_agrees_that_it_was_confirmed(
    company: Company, clerk: Member
) -> None:
    """Cora asked for the account and Bob agreed. Dan calls; Cora could not, and Ann agrees."""
    moved(company, clerk)
    company.clock.advance(hours=1)
    own = partial(ask, company, clerk, call(company), "payee_call_back")
    assert refusal(own) == "own_change"
    dan = employed(company, "Dan Clerk", Role.MAKER)
    request_id = ask(company, dan, call(company), "payee_call_back")
    assert agree(company, company.ann, request_id)
    assert versions(company, "V1")[-1]["confirmed"]
    (event,) = company.events("payee.confirmed")
    assert (event["method"], event["asked_by"], event["agreed_by"]) == (
        "call_back", "Dan Clerk", "Ann Approver",
    )  # fmt: skip
    assert event["after"]["number_called"] == "+31 20 555 01 00"
    again = partial(ask, company, dan, call(company), "payee_call_back")
    assert refusal(again) == "nothing_changes"


def test_an_approver_who_asked_for_an_account_does_not_agree_to_its_confirmation(
    company: Company,
) -> None:
    """A treasurer asks for payees in no role here; an approver who also makes does."""
    both = company._member("Eve Both", frozenset({Role.MAKER, Role.APPROVER}))
    with tenant(company.tenant_id):
        company.employ(both)
    wanted = {"number": "V1", "iban": iban(company.seed + 702)}
    assert agree(company, company.bob, ask(company, both, wanted, "payee_account"))
    company.clock.advance(hours=1)
    request_id = ask(company, company.ann, call(company), "payee_call_back")
    assert refusal(lambda: agree(company, both, request_id)) == "stands_in_for_another"
    assert agree(company, company.bob, request_id)


@pytest.mark.parametrize("hours", [-2, 1])
def test_a_call_from_before_the_change_or_from_the_future_confirms_nothing(
    company: Company, clerk: Member, hours: int
) -> None:
    moved(company, clerk)
    company.clock.advance(hours=1)
    when = (company.clock.now() + timedelta(hours=hours)).isoformat()
    for code, wanted in (
        ("call_time_unfit", call(company, called_at=when)),
        ("call_incomplete", call(company, said=" ")),
    ):
        asking = partial(ask, company, company.ann, wanted, "payee_call_back")
        assert refusal(asking) == code


def test_a_confirmed_account_no_longer_holds_its_payments_and_the_next_version_does_again(
    company: Company, clerk: Member
) -> None:
    account = company.payees["V1"] = moved(company, clerk)
    (before,) = company.ask(company.request("before"))
    assert held_for(company, before) == ["account_recently_changed"]
    company.clock.advance(hours=1)
    request_id = ask(company, company.ann, call(company), "payee_call_back")
    assert agree(company, company.cy, request_id)
    (after,) = company.ask(company.request("after"))
    assert company.states([after]) == [OrderState.AWAITING_APPROVAL]
    wanted = {"number": "V1", "iban": iban(company.seed + 703)}
    agree(company, company.bob, ask(company, clerk, wanted, "payee_account"))
    company.payees["V1"] = wanted["iban"]
    (third,) = company.ask(company.request("third"))
    assert held_for(company, third) == ["account_recently_changed"]
    assert account != wanted["iban"]


def held_for(company: Company, order_id: UUID) -> list[str]:
    with tenant(company.tenant_id):
        rows = models.Hold.objects.filter(order_id=order_id, closed_at=None)
        return list(rows.values_list("code", flat=True))


def listed(company: Company, **changes: str) -> dict[str, Any]:
    rows = {
        "V1": {"number": "V1", "name": "Payee V1", "iban": company.payees["V1"]},
        "V2": {"number": "V2", "name": "Payee Two", "iban": company.payees["V2"], "email": "a@b.c"},
        "V3": {"number": "V3", "name": "Payee V3", "iban": iban(company.seed + 704)},
        "V70": {"number": "V70", "name": "New", "iban": iban(company.seed + 705), "town": "Ghent"},
    }
    return {"file": "suppliers.csv", "payees": list(rows.values()), **changes}


def test_a_file_of_payees_is_one_change_of_two_people(company: Company, clerk: Member) -> None:
    request_id = ask(company, clerk, listed(company), "payee_import")
    with tenant(company.tenant_id):
        row = models.ChangeRequest.objects.get(id=request_id)
    assert {name: row.after[name] for name in row.after if name != "shown"} == {
        "new_payees": 1, "other_accounts": 1, "other_names_or_addresses": 1, "stay_as_they_are": 1,
    }  # fmt: skip
    assert agree(company, company.bob, request_id)
    (new,) = versions(company, "V70")
    assert (new["source"], new["source_detail"]) == ("import", "suppliers.csv, line 5")
    assert [row["version"] for row in versions(company, "V1")] == [1]
    assert [row["version"] for row in versions(company, "V3")] == [1, 2]
    with tenant(company.tenant_id):
        assert payees.details(company.payee_ids["V2"]).email == "a@b.c"
    assert len(company.events("payee.added")) == 1
    again = partial(ask, company, clerk, listed(company), "payee_import")
    assert refusal(again) == "nothing_changes"
    # Who agreed to the file changed the account of each payee in it.
    company.payees["V70"] = new["iban"]
    (order,) = company.ask(company.request("n", payee="V70"))
    seen = company.seen([order])
    approve = partial(approval.approve, company.acting(company.bob), company.bob, [order], seen)
    assert refusal(approve) == "payee_editor_cannot_approve"


def test_a_file_of_payees_does_not_write_over_what_changed_meanwhile(
    company: Company, clerk: Member
) -> None:
    request_id = ask(company, clerk, listed(company), "payee_import")
    moved(company, clerk, "V3")
    assert refusal(lambda: agree(company, company.bob, request_id)) == "subject_changed"


def test_a_file_of_payees_with_a_wrong_line_is_not_taken(company: Company, clerk: Member) -> None:
    wrong = listed(company)
    wrong["payees"][2]["iban"] = "NL00INGB0001234567"
    with pytest.raises(Invalid, match="Line 4") as told:
        ask(company, clerk, wrong, "payee_import")
    assert told.value.code == "invalid_iban"
    twice = listed(company)
    twice["payees"].append(twice["payees"][0])
    assert refusal(lambda: ask(company, clerk, twice, "payee_import")) == "payees_unfit"


def test_a_list_of_payees_is_read_by_the_names_of_its_columns() -> None:
    content = "\ufeffNumber;IBAN;Name;Post code\r\nV1;NL1;Müller; 1011 AB\r\n".encode()
    assert payee_list.read(content) == [
        {"number": "V1", "iban": "NL1", "name": "Müller", "post_code": "1011 AB"}
    ]
    for code, wrong in (
        ("not_text", b"\xff\xfe"),
        ("missing_columns", b"number,name\nV1,A\n"),
        ("missing_columns", b"number,name,iban,colour\nV1,A,B,C\n"),
        ("wrong_column_count", b"number,name,iban\nV1,A\n"),
        ("wrong_column_count", b'number,name,iban\nV1,"A\nB",C\n'),
        ("empty_file", b"number,name,iban\n"),
    ):
        with pytest.raises(Invalid) as told:
            payee_list.read(wrong)
        assert told.value.code == code


def test_another_account_in_payments_is_proposed_and_written_over_nothing(
    company: Company,
) -> None:
    other = iban(company.seed + 706)
    first, second = company.ask(
        company.request("p1", creditor_iban=other), company.request("p2", creditor_iban=other)
    )
    assert held_for(company, first) == ["account_differs"]
    assert [row["iban"] for row in versions(company, "V1")] == [company.payees["V1"]]
    (event,) = company.events("payee.account_proposed")
    assert (event["after"]["iban"], event["before"]["iban"]) == (other, company.payees["V1"])
    with tenant(company.tenant_id):
        (change,) = payee_change_listing.changes().rows
        assert change.origin == "payments"
        # Payments to the account that is kept go on.
        assert "V1" not in freezes.frozen_payee_numbers()
    acting, account = company.acting(company.ann), NewAccount(iban=other)
    payee_changing.accept(acting, company.ann, change.id, account, "rang them")
    old, new = versions(company, "V1")
    assert (new["source"], new["agreed_by_name"], new["document"]) == (
        "erp", "Ann Approver", "rang them",
    )  # fmt: skip
    assert "p1" in new["source_detail"]
    assert old["iban"] == company.payees["V1"]
    # What was held pays to this very account: released by somebody, two others approve it.
    for order in (first, second):
        approval.release_hold(company.acting(company.cy), company.cy, order, "is his now")
    approve = partial(
        approval.approve, acting, company.ann, [first, second], company.seen([first, second])
    )
    assert refusal(approve) == "payee_editor_cannot_approve"
    seen = company.seen([first, second])
    approval.approve(company.acting(company.bob), company.bob, [first, second], seen)


def test_who_brought_another_account_does_not_accept_it(company: Company) -> None:
    company.ask(company.request("p1", creditor_iban=iban(company.seed + 707)))
    with tenant(company.tenant_id):
        (change,) = payee_change_listing.changes().rows
    assert change.proposed_by == company.maker.id
    account = NewAccount(iban=change.after["iban"])
    told = refusal(
        lambda: payee_changing.accept(company.acting(), company.maker, change.id, account, "mine")
    )
    assert told in ("own_change", "not_an_approver")


def test_a_confidential_payment_proposes_nothing(company: Company) -> None:
    other = iban(company.seed + 708)
    company.ask(company.request("p1", creditor_iban=other, confidential=True))
    assert company.events("payee.account_proposed") == []
    with tenant(company.tenant_id):
        assert payee_change_listing.changes().rows == ()
