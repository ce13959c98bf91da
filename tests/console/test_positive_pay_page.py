"""The page of positive pay: read in every look, decided by keys, offered to whom it is allowed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from nostro.app import world
from nostro.domain.check_exception import Decision, ExceptionState, PresentedCheck, PresentedChecks
from nostro.domain.check_state import CheckState
from nostro.domain.money import Money
from nostro.domain.party import Account, Role
from nostro.domain.policies.positive_pay import AccountTerms, PositivePayTerms
from nostro.storage import check_exceptions, checks, models, parties, policies
from nostro.storage.checks import CheckFilter
from nostro.storage.tenancy import tenant
from nostro.workflows import check_register, presented_checks
from nostro.workflows.check_register import NewCheck
from nostro.workflows.context import job_for
from tests.console.browser import LOOKS, Look, faults, look_at, picture, session
from tests.console.seed import MONDAY, Vesterholt, person
from tests.console.test_actions import colleague, text_of

pytestmark = [pytest.mark.browser]
NUMBER = "4471000123"


@pytest.fixture(scope="module")
def asked(seeded: Vesterholt) -> Vesterholt:
    """Checks 1001 to 1003 and 1006; the bank asks about an altered one and one of nobody."""
    with tenant(seeded.tenant_id):
        account = next(one for one in parties.accounts() if one.currency == "USD")
        terms = AccountTerms(
            account_id=account.id, number=NUMBER, layout="bank_of_america", answers="generic",
            decide_by=time(14, 30), time_zone="America/New_York", if_nobody=Decision.RETURN,
            second_above=Money(5_000_00, "USD"),
        )  # fmt: skip
        policies.add(
            world().ids.new(), PositivePayTerms(accounts=(terms,)), valid_from=MONDAY,
            changed_by="Ada and Ben", reason="our contract",
        )  # fmt: skip
    wanted = [
        NewCheck(
            account=NUMBER, number=str(number), amount=Money(1234_50, "USD"),
            payee=("Hudson Paper Mill LLC",), issued_on=date(2026, 11, 20),
        )
        for number in (1001, 1002, 1003, 1006)
    ]  # fmt: skip
    acting = person(seeded.company, seeded.maker)
    check_register.register(acting, seeded.maker, "erp", wanted)
    ask(seeded, account, 1001, 9234_50)
    ask(seeded, account, 1900, 500_00)
    return seeded


def ask(seeded: Vesterholt, account: Account, number: int, minor: int) -> None:
    """The bank presents a check that is not as it was told."""
    check = PresentedCheck(
        account=NUMBER, check_number=str(number), amount=Money(minor, "USD"),
        presented=date(2026, 11, 23), bank_reference=f"TRC{number}",
    )  # fmt: skip
    with tenant(seeded.tenant_id):
        evidence_id = models.Evidence.objects.order_by("id").values_list("id", flat=True)[0]
    told = PresentedChecks((check,))
    presented_checks.take_in(
        job_for(seeded.tenant_id), UUID(account.connection_id), evidence_id, told
    )


def account_of(seeded: Vesterholt) -> Account:
    with tenant(seeded.tenant_id):
        return next(one for one in parties.accounts() if one.currency == "USD")


def state_of(seeded: Vesterholt, number: int) -> ExceptionState:
    with tenant(seeded.tenant_id):
        rows = check_exceptions.exceptions().rows
    return next(row.state for row in rows if row.number == str(number))


@pytest.fixture(scope="module")
def treasurer(chromium: Browser, address: str, asked: Vesterholt) -> Any:
    return session(chromium, address, asked.email(asked.first.name), asked.password)


@pytest.fixture(params=LOOKS, ids=lambda look: look.name)
def seen(request: Any, chromium: Browser, treasurer: Any) -> Iterator[tuple[Page, Look]]:
    with look_at(chromium, request.param, treasurer) as watched:
        yield watched.page, request.param
        assert not faults(watched)


def test_what_must_be_decided_before_which_clock(
    seen: tuple[Page, Look], address: str, asked: Vesterholt
) -> None:
    page, look = seen
    page.goto(f"{address}/positive-pay/")
    main = page.locator("main")
    expect(main).to_contain_text("2 presented checks wait for a decision, the first until 14:30")
    expect(main).to_contain_text("14:30 America/New_York on 23 Nov (19:30 UTC)")
    expect(main).to_contain_text("We issued it over 1234.50 USD; 9234.50 USD is asked for.")
    expect(main).to_contain_text("Nobody entered check 1900")
    expect(main).to_contain_text("1004 to 1005")
    page.evaluate("document.fonts.ready")
    picture(page, f"positive-pay-asked-{look.name}")


def test_decided_by_keys(
    chromium: Browser, address: str, asked: Vesterholt, treasurer: Any
) -> None:
    ask(asked, account_of(asked), 1002, 7_00)
    with look_at(chromium, LOOKS[0], treasurer) as watched:
        page = watched.page
        page.goto(f"{address}/positive-pay/")
        for _ in range(3):
            page.keyboard.press("j")
        current = page.locator("[data-row].cur")
        expect(current).to_contain_text("Check 1002")
        page.keyboard.press("r")
        expect(current.get_by_label("Return")).to_be_checked()
        page.keyboard.type("the amount was altered")
        page.keyboard.press("Enter")
        expect(page.locator("#notices")).to_contain_text("Noted.")
        assert state_of(asked, 1002) is ExceptionState.DECIDED
        page.get_by_role("button", name="Take back the decision on check 1002").click()
        expect(page.locator("#notices")).to_contain_text("Taken back.")
        assert state_of(asked, 1002) is ExceptionState.OPEN
        assert not faults(watched)


def test_a_check_is_stopped_on_the_page(asked: Vesterholt) -> None:
    client = colleague(asked, [Role.MAKER], "Mia Maker")
    with tenant(asked.tenant_id):
        (row,) = checks.checks(CheckFilter(q="1003")).rows
    told = client.post(f"/positive-pay/checks/{row.id}/stop/", {"reason": "lost"})
    assert told.status_code == 302, text_of(told)
    with tenant(asked.tenant_id):
        (row,) = checks.checks(CheckFilter(q="1003")).rows
    assert (row.state, row.reason) == (CheckState.STOP_ASKED, "lost")
    again = client.post(f"/positive-pay/checks/{row.id}/void/", {"reason": "lost"})
    assert again.status_code == 409
    assert "cannot ask void" in text_of(again)
    assert client.post(f"/positive-pay/checks/{row.id}/eat/", {}).status_code == 404


def test_who_may_not_is_not_offered_it(asked: Vesterholt) -> None:
    auditor: Client = colleague(asked, [Role.AUDITOR], "Aud Auditor")
    told = auditor.get("/positive-pay/").content.decode()
    assert 'name="decision"' not in told
    assert "Void or stop" not in told
    with tenant(asked.tenant_id):
        row = check_exceptions.exceptions().rows[0]
    sent = {"decision": "pay", "reason": "x"}
    assert auditor.post(f"/positive-pay/{row.id}/decide/", sent).status_code in (403, 409)
    maker = colleague(asked, [Role.APPROVER], "App Approver")
    assert maker.post(f"/positive-pay/{row.id}/decide/", {"reason": "x"}).status_code == 400
