"""The list of payees and the page of one, asked as a browser asks for them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from nostro.domain.party import Role
from nostro.storage import credit_notes, listing, models, nettings, parties
from nostro.storage.tenancy import tenant
from nostro.workflows import netting
from tests.console.seed import Vesterholt
from tests.console.test_actions import colleague, entered, text_of


@pytest.fixture(scope="module")
def first(seeded: Vesterholt) -> Client:
    return entered(seeded.email(seeded.first.name), seeded.password)


@pytest.fixture(scope="module")
def maker(seeded: Vesterholt) -> Client:
    return colleague(seeded, [Role.MAKER], "Mia Maker")


def waiting(seeded: Vesterholt) -> tuple[UUID, str, str, str]:
    """A payee with an open payment: his id, number, name, and the payment's number."""
    with tenant(seeded.tenant_id):
        row = listing.payment(seeded.order_ids["waiting"])
        assert row
        found = parties.payee_named(row.payee_number)
        assert found
    return found[0], row.payee_number, found[1], row.number


def test_payees_are_found_by_number_name_and_the_end_of_an_iban(
    seeded: Vesterholt, first: Client
) -> None:
    payee_id, number, name, _ = waiting(seeded)
    with tenant(seeded.tenant_id):
        iban = parties.current_payee_accounts([number])[number].iban
    for q in (number, name[:5].lower(), iban[-6:]):
        assert f"/payees/{payee_id}/" in text_of(first.get("/payees/", {"q": q})), q
    assert "No payee is like that" in text_of(first.get("/payees/", {"q": "nobody at all"}))


def test_the_page_of_a_payee_shows_versions_payments_and_where_to_change_them(
    seeded: Vesterholt, first: Client, maker: Client
) -> None:
    payee_id, number, name, payment = waiting(seeded)
    told = text_of(first.get(f"/payees/{payee_id}/"))
    for word in (name, number, payment, "Account, version by version", "open payments come from"):
        assert word in told
    assert "Change account" not in told
    assert f"/changes/ask/payee_account/?number={number}" in text_of(
        maker.get(f"/payees/{payee_id}/")
    )
    assert first.get(f"/payees/{seeded.change_id}/").status_code == 404


def test_the_form_of_another_account_shows_the_payments_that_it_touches(
    seeded: Vesterholt, maker: Client
) -> None:
    _, number, _, payment = waiting(seeded)
    told = text_of(maker.get("/changes/ask/payee_account/", {"number": number}))
    assert "Open payments that it touches" in told
    assert payment in told
    assert "Can be approved no more" in told


def test_credit_notes_are_proposed_to_their_source_and_change_no_payment(
    seeded: Vesterholt, first: Client, maker: Client
) -> None:
    payee_id, number, _, payment = waiting(seeded)
    page = f"/payees/{payee_id}/"
    told = text_of(maker.get(page))
    for word in ("Payments less credit notes", "Possible now", "CN-101", "CN-202", payment):
        assert word in told
    assert "Propose to its source" in told
    assert "Propose to its source" not in text_of(first.get(page))  # Who approves makes none.
    with tenant(seeded.tenant_id):
        (one,) = netting.possible(number)
        before = list(models.Order.objects.order_by("id").values_list())
    missing = maker.post(f"{page}netting/dismiss/", {"digest": one.digest, "reason": " "})
    assert "A reason of 1 to" in text_of(missing)
    assert maker.post(f"{page}netting/pay/", {"digest": one.digest}).status_code == 404
    moved = maker.post(f"{page}netting/propose/", {"digest": one.digest}, follow=True)
    assert "To be given to its source" in text_of(moved)
    with tenant(seeded.tenant_id):
        (row,) = nettings.nettings(payee=number).rows
    letter = maker.get(f"/nettings/{row.id}/message/")
    assert "attachment" in letter["Content-Disposition"]
    assert "CN-101 (Credit 101)" in text_of(letter)
    assert first.post(f"/nettings/{row.id}/send/", {"words": "Ms Lind"}).status_code != 302
    sent = maker.post(f"/nettings/{row.id}/send/", {"words": "Ms Lind"}, follow=True)
    assert "Given to Ms Lind" in text_of(sent)
    stands = maker.post(f"/nettings/{row.id}/take/")
    assert "The credit notes stay open." in text_of(stands)
    ended = maker.post(f"/nettings/{row.id}/dismiss/", {"words": "paid as it is"}, follow=True)
    assert "paid as it is" in text_of(ended)
    with tenant(seeded.tenant_id):
        assert list(models.Order.objects.order_by("id").values_list()) == before
        (note, *_) = [one for one in credit_notes.open_of(number, 9) if one.reference == "CN-202"]
    gone = maker.post(f"/credit-notes/{note.id}/withdraw/", {"reason": "a mistake"}, follow=True)
    assert "Withdrawn" in text_of(gone)
    assert "CN-202" not in text_of(maker.get(page))


def sent(client: Client, content: str, name: str = "suppliers.csv") -> Any:
    return client.post("/payees/file/", {"file": SimpleUploadedFile(name, content.encode())})


def test_a_file_with_bad_lines_is_told_line_by_line_with_the_column_and_nothing_is_kept(
    seeded: Vesterholt, maker: Client
) -> None:
    with tenant(seeded.tenant_id):
        before = models.Evidence.objects.count()
    answer = sent(
        maker,
        "number;name;iban;bic;country\n"
        "V-901;Good;NL91ABNA0417164300;;\n"
        "V-902;;NL00ABNA0417164300;XX;Holland\n"
        "V-903;Short\n"
        "V-901;Again;NL91ABNA0417164300;;\n",
    )
    told = text_of(answer)
    assert answer.status_code == 422
    for word in ("Line 2", "stands in the file 2 times", "Line 3", "column 3", "NL00ABNA"):
        assert word in told
    assert "Line 4 has 2 columns, the first line 5." in told
    assert "is not a BIC" in told
    assert "Ask for it" not in told
    with tenant(seeded.tenant_id):
        assert models.Evidence.objects.count() == before


def test_a_file_shows_what_it_changes_and_touches_and_goes_to_a_second_person(
    seeded: Vesterholt, maker: Client, first: Client
) -> None:
    _, number, name, payment = waiting(seeded)
    content = (
        "number,name,iban\n"
        f"{number},{name},DE02100100100006820101\nV-777,New Works,NL91ABNA0417164300\n"
    )
    told = text_of(sent(maker, content))
    for word in (
        "would make 2\u00a0changes",
        payment,
        "Can be approved no more",
        "V-777",
        "New Works",
    ):
        assert word in told
    with tenant(seeded.tenant_id):
        assert not models.ChangeRequest.objects.filter(kind="payee_import").exists()
        kept = models.Evidence.objects.get(name="suppliers.csv").id
    refused = text_of(maker.post("/payees/file/ask/", {"kept": str(kept), "reason": ""}))
    assert "reason" in refused
    answer = maker.post("/payees/file/ask/", {"kept": str(kept), "reason": "from the ERP"})
    request = f"{answer.headers['Location']}"
    seen = text_of(first.get(request))
    for word in ("New payees", payment, "Can be approved no more"):
        assert word in seen
    with tenant(seeded.tenant_id):
        assert parties.payee_named("V-777") is None


def test_another_kept_file_is_not_read_out_and_who_may_not_ask_sees_no_form(
    seeded: Vesterholt, maker: Client, first: Client
) -> None:
    with tenant(seeded.tenant_id):
        other = models.Evidence.objects.exclude(name="suppliers.csv").first()
        assert other
    told = text_of(maker.post("/payees/file/ask/", {"kept": str(other.id), "reason": "why"}))
    assert "is no list of payees" in told
    assert "Look at it" not in text_of(first.get("/payees/file/"))
    told = text_of(sent(first, "number,name,iban\nV1,A,NL91ABNA0417164300\n"))
    assert "may not ask for this kind of change" in told
    assert "is no list of payees" in text_of(sent(maker, "colour\nred\n"))
    assert "No file was chosen" in text_of(maker.post("/payees/file/"))
