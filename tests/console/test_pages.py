"""Every page in light, in dark and on a phone: no barrier, no refused code, no sideways scroll."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Browser, expect

from nostro.domain.case import CaseKind
from nostro.storage.case_listing import CaseFilter, cases
from nostro.storage.listing import payment
from nostro.storage.parties import payee_named
from nostro.storage.payee_change_listing import change
from nostro.storage.tenancy import tenant
from tests.console.browser import LOOKS, Look, faults, look_at, picture, session
from tests.console.seed import Vesterholt

pytestmark = [pytest.mark.browser]

PAGES: dict[str, Callable[[Vesterholt], str]] = {
    "today": lambda v: "/",
    "cash": lambda v: "/cash/",
    "cash-by-currency": lambda v: "/cash/?by=currency",
    "payments": lambda v: "/payments/",
    "payments-nothing-found": lambda v: "/payments/?q=nothing-like-this",
    "payment-settled": lambda v: f"/payments/{v.order_ids['settled']}/",
    "payment-unknown": lambda v: f"/payments/{v.order_ids['unknown']}/",
    "payment-rejected": lambda v: f"/payments/{v.order_ids['rejected']}/",
    "payment-held": lambda v: f"/payments/{v.order_ids['duplicate']}/",
    "payment-waiting": lambda v: f"/payments/{v.order_ids['waiting']}/",
    "approvals": lambda v: "/approvals/",
    "holds": lambda v: "/holds/",
    "payments-filtered": lambda v: "/payments/?currency=EUR&least=1,000&case=open",
    "payment-ways": lambda v: f"/payments/{v.order_ids['waiting']}/ways/",
    "payment-change": lambda v: f"/payments/{v.order_ids['waiting']}/change/",
    "payment-again": lambda v: f"/payments/{v.order_ids['rejected']}/again/",
    "files": lambda v: "/files/",
    "policies": lambda v: "/policies/",
    "policy": lambda v: "/policies/approval_rules/",
    "policy-of-a-bank": lambda v: "/policies/bank_calendar/",
    "positive-pay": lambda v: "/positive-pay/",
    "calendar": lambda v: "/calendar/",
    "calendar-all": lambda v: "/calendar/?clearings=all",
    "file-unknown": lambda v: f"/files/{v.file_ids['Werke US dollar account']}/",
    "file-answered": lambda v: f"/files/{v.file_ids['Werke operating account']}/",
    "cases": lambda v: "/cases/",
    "case-to-ring": lambda v: f"/cases/{case_of(v, CaseKind.ENQUIRY)}/",
    "case-rejection": lambda v: f"/cases/{case_of(v, CaseKind.REJECTION)}/",
    "payees": lambda v: "/payees/",
    "payees-found": lambda v: "/payees/?q=e&standing=changed_recently",
    "payee-netting": lambda v: f"/payees/{netted_payee(v)}/",
    "payee": lambda v: f"/payees/{payee_of(v)}/",
    "payee-call": lambda v: f"/changes/ask/payee_call_back/?number={changed_payee(v)}",
    "corrections": lambda v: "/corrections/",
    "correction": lambda v: f"/corrections/{v.change_id}/",
    "case-correction": lambda v: f"/cases/{case_of(v, CaseKind.CORRECTION)}/",
    "stops": lambda v: "/stops/",
    "stops-account": lambda v: "/stops/?scope=account",
    "stops-chosen": lambda v: "/stops/?scope=customer",
    "stops-payee": lambda v: "/stops/?scope=payee&payee=e",
    "open-items": lambda v: "/open-items/",
    "open-items-settled": lambda v: "/open-items/?settled=1&due=2027-01-31",
    "customers-who-owe-before-any": lambda v: "/open-items/customers/",
    "statements": lambda v: "/statements/",
    "pending": lambda v: "/statements/pending/",
    "pending-all": lambda v: "/statements/pending/?booked=1",
    "reconcile": lambda v: "/reconcile/",
    "how-sure-before-anything-is-judged": lambda v: "/reconcile/how-sure/",
    "statement-closes": lambda v: f"/statements/{v.statement_ids['closes']}/",
    "statement-does-not-close": lambda v: f"/statements/{v.statement_ids['does_not_close']}/",
    "customers": lambda v: "/customers/",
    "profile": lambda v: "/profile/",
    "invitations": lambda v: "/invitations/",
    "company-sign-in": lambda v: "/sign-in/company/",
    "password": lambda v: "/password/",
    "sign-out": lambda v: "/sign-out/",
    "not-found": lambda v: "/nothing/here/",
}


def payee_of(seeded: Vesterholt) -> UUID:
    """The payee whose account a bank corrects."""
    with tenant(seeded.tenant_id):
        row = change(seeded.change_id)
        assert row
        return row.payee_id


def netted_payee(seeded: Vesterholt) -> UUID:
    """A payee who owes us something back."""
    with tenant(seeded.tenant_id):
        found = payee_named(changed_payee(seeded))
        assert found
        return found[0]


def changed_payee(seeded: Vesterholt) -> str:
    """The number of a payee with an open payment."""
    with tenant(seeded.tenant_id):
        row = payment(seeded.order_ids["waiting"])
        assert row
        return row.payee_number


def case_of(seeded: Vesterholt, kind: CaseKind) -> UUID:
    with tenant(seeded.tenant_id):
        return cases(CaseFilter(kinds=(kind,)), limit=1).rows[0].id


@pytest.fixture(scope="module")
def treasurer(chromium: Browser, address: str, seeded: Vesterholt) -> Any:
    """The session of the first approver."""
    return session(chromium, address, seeded.email(seeded.first.name), seeded.password)


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
@pytest.mark.parametrize("name", PAGES)
def test_page(
    chromium: Browser, address: str, seeded: Vesterholt, treasurer: Any, name: str, look: Look
) -> None:
    with look_at(chromium, look, treasurer) as seen:
        answer = seen.page.goto(address + PAGES[name](seeded), wait_until="load")
        assert answer
        assert answer.status == (404 if name == "not-found" else 200)
        seen.page.evaluate("document.fonts.ready")
        picture(seen.page, f"{name}-{look.name}")
        assert not faults(seen)
        assert seen.page.locator("h1").count() == 1


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_sign_in_page(chromium: Browser, address: str, look: Look) -> None:
    with look_at(chromium, look) as seen:
        seen.page.goto(f"{address}/sign-in/", wait_until="load")
        seen.page.evaluate("document.fonts.ready")
        picture(seen.page, f"sign-in-{look.name}")
        assert not faults(seen)


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
@pytest.mark.parametrize(
    "name",
    [
        "approvals",
        "payments",
        "cash",
        "statements",
        "pending",
        "statement-closes",
        "files",
        "file-unknown",
        "cases",
        "case-to-ring",
    ],
)
def test_no_amount_is_out_of_sight(
    chromium: Browser, address: str, seeded: Vesterholt, treasurer: Any, name: str, look: Look
) -> None:
    """Nobody may decide on a figure that he must first scroll sideways to see."""
    with look_at(chromium, look, treasurer) as seen:
        seen.page.goto(address + PAGES[name](seeded), wait_until="load")
        hidden = seen.page.evaluate(
            """() => [...document.querySelectorAll("main table td.n, main table th.n")]
            .filter(cell => cell.offsetParent && cell.textContent.trim())
            .filter(cell => {
              const box = cell.getBoundingClientRect();
              const frame = cell.closest(".scroll, .card").getBoundingClientRect();
              return box.width > 1 && (box.right > frame.right + 1 || box.left < frame.left - 1);
            }).map(cell => cell.textContent.trim())"""
        )
        assert not hidden


def test_ways_that_do_not_fit_for_one_reason_share_a_line(
    chromium: Browser, address: str, seeded: Vesterholt, treasurer: Any
) -> None:
    with look_at(chromium, LOOKS[0], treasurer) as seen:
        seen.page.goto(address + PAGES["payment-ways"](seeded))
        rows = seen.page.locator("section[aria-labelledby=h-not] tbody tr")
        carries = rows.filter(has=seen.page.locator("th", has_text="Does not carry EUR"))
        expect(carries).to_have_count(1)
        expect(carries).to_contain_text("ACH to a company (CCD)")
        counts = [int(text) for text in rows.locator("td.n").all_inner_texts()]
        assert counts == sorted(counts, reverse=True)
        told = seen.page.locator("section[aria-labelledby=h-not] .sp").inner_text()
        assert told.startswith(str(sum(counts)))


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_a_file_of_payees(chromium: Browser, address: str, seeded: Vesterholt, look: Look) -> None:
    state = session(chromium, address, seeded.email(seeded.maker.name), seeded.password)
    number = changed_payee(seeded)
    good = (
        f"number,name,iban\n{number},Renamed,DE02100100100006820101\nV-7,New,NL91ABNA0417164300\n"
    )
    bad = "number,name,iban,bic\nV-8,,NL00ABNA0417164300,XX\nV-9,Short\n"
    with look_at(chromium, look, state) as seen:
        seen.page.goto(f"{address}/payees/file/")
        picture(seen.page, f"payee-file-{look.name}")
        assert not faults(seen)
        for name, content in (("bad", bad), ("good", good)):
            seen.page.get_by_label("List of payees, as CSV").set_input_files(
                {"name": "suppliers.csv", "mimeType": "text/csv", "buffer": content.encode()}
            )
            seen.page.get_by_role("button", name="Look at it").click()
            expect(seen.page.locator("h1")).to_contain_text("suppliers.csv")
            picture(seen.page, f"payee-file-{name}-{look.name}")
            assert not faults(seen)
        expect(seen.page.get_by_role("button", name="Ask for it")).to_be_visible()
