"""Payees who are like somebody on a list wait for a person, who is asked once and not again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError

from nostro.domain.errors import Invalid, Refused
from nostro.domain.order import OrderState
from nostro.domain.party import Member, PostalAddress
from nostro.domain.policies.screening import (
    COUNTRY,
    HIT,
    NO_LISTS,
    OLD_LISTS,
    ScreeningRules,
)
from nostro.storage import dossier, events, models, policies, watch_lists
from nostro.storage.tenancy import tenant
from nostro.workflows import approval, changes, screening, watch_list_loading
from tests.workflows.company import Company
from tests.workflows.test_change_requests import admins, agree, refusal
from tests.workflows.test_change_requests import ask as ask_change

__all__ = ["admins"]

GOLDEN = Path(__file__).parents[1] / "golden_watch_lists"
LISTED = "Qwert Zyxwvut"


def load(
    company: Company,
    *names: str,
    published: date | None = None,
    changed: tuple[bytes, bytes] = (b"", b""),
) -> None:
    """Bring a made-up list into force, with one word in the place of another."""
    streams = []
    for name in names:
        content = (GOLDEN / f"{name}.in").read_bytes()
        content = content.replace(*changed) if changed[0] else content
        streams.append((f"{name}.in", BytesIO(content)))
    watch_list_loading.load(company.acting(), streams, "", published, anyway=True)


@pytest.fixture
def listed(company: Company) -> Iterator[Company]:
    load(company, "eu_xml")
    yield company
    watch_list_loading.remove(company.acting(), "eu")


def ask(company: Company, reference: str, name: str = LISTED, **more: Any) -> UUID:
    (order_id,) = company.ask(company.request(reference, payee_name=name, **more))
    return order_id


def state(company: Company, order_id: UUID) -> OrderState:
    (row,) = company.orders([order_id])
    return row.state


def holds(company: Company, order_id: UUID, code: str = HIT) -> list[str]:
    """The sentences of the open holds of a payment."""
    with tenant(company.tenant_id):
        found = models.Hold.objects.filter(order_id=order_id, code=code, closed_at__isnull=True)
        return list(found.order_by("id").values_list("sentence", flat=True))


def let_go(company: Company, order_id: UUID, reason: str = "another person: passport seen") -> None:
    ann = company.ann
    approval.release_hold(company.acting(ann), ann, order_id, reason)


def test_a_listed_payee_waits_with_the_evidence(listed: Company) -> None:
    order_id = ask(listed, "A")
    assert state(listed, order_id) is OrderState.HELD
    (sentence,) = holds(listed, order_id)
    assert sentence == (
        "'Qwert Zyxwvut' is 88 % like 'Qwert Asdf Zyxwvut' (main name) on EU consolidated list of"
        " 30 Oct 2026, entry EU.90002.2, programme TST, born 1953, 1963-07-28. Words that agree:"
        " qwert, zyxwvut."
    )


def test_the_evidence_is_kept_as_fields_and_stays_when_the_list_goes(company: Company) -> None:
    load(company, "eu_xml")
    order_id = ask(company, "A", "Выдуманная ООО")
    watch_list_loading.remove(company.acting(), "eu")
    with tenant(company.tenant_id):
        (hold,) = dossier.holds(order_id)
    (found,) = hold.listed
    assert (found.ours, found.listed, found.kind) == ("Выдуманная ООО", "ООО Выдуманная", "alias")
    assert (found.percent, found.entry, found.programs) == (97, "EU.90001.1", ("TST",))
    assert (found.watch_list, found.published) == ("EU consolidated list", date(2026, 10, 30))
    assert found.because == ("listed in BY, the payee is in NL",)


def test_another_script_is_no_hiding_place(listed: Company) -> None:
    order_id = ask(listed, "A", "Выдуманная ООО")
    (sentence,) = holds(listed, order_id)
    assert sentence == (
        "'Выдуманная ООО' is 97 % like 'ООО Выдуманная' (alias) on EU consolidated list of 30 Oct"
        " 2026, entry EU.90001.1, programme TST. Words that agree: vydumannaya. Listed in BY, the"
        " payee is in NL."
    )
    assert holds(listed, ask(listed, "B", "Vydumannaya LLC"))


def test_everybody_else_passes(listed: Company) -> None:
    assert state(listed, ask(listed, "A", "Nobody Of That Name")) is OrderState.AWAITING_APPROVAL


def test_without_a_list_nobody_waits(company: Company) -> None:
    assert state(company, ask(company, "A")) is OrderState.AWAITING_APPROVAL


def test_what_a_person_cleared_is_not_asked_again(listed: Company) -> None:
    order_id = ask(listed, "A")
    with pytest.raises(Refused):  # Never the maker.
        approval.release_hold(listed.acting(), listed.maker, order_id, "it is fine")
    with pytest.raises(Invalid):
        let_go(listed, order_id, "  ")
    let_go(listed, order_id)
    assert state(listed, ask(listed, "B")) is OrderState.AWAITING_APPROVAL
    assert state(listed, ask(listed, "C", "Zyxwvut, Qwert A.")) is OrderState.HELD
    with tenant(listed.tenant_id):
        told = [one for one in events.about([order_id]) if one.type == "order.payee_cleared"]
    assert [one.data["entries"] for one in told] == [[{"list": "eu", "entry": "EU.90002.2"}]]
    assert told[0].actor.name == listed.ann.name


def test_a_clearance_ends_when_the_entry_changes(listed: Company) -> None:
    let_go(listed, ask(listed, "A"))
    load(listed, "eu_xml", published=date(2026, 11, 19))
    assert state(listed, ask(listed, "B")) is OrderState.AWAITING_APPROVAL
    load(listed, "eu_xml", changed=(b'middleName="Asdf"', b'middleName="Asdfg"'))
    (sentence,) = holds(listed, ask(listed, "C"))
    assert "Asdfg" in sentence


def test_a_clearance_is_its_customers_own(listed: Company) -> None:
    let_go(listed, ask(listed, "A"))
    other = Company()
    assert state(other, ask(other, "A")) is OrderState.HELD


def test_a_newer_list_stops_what_is_about_to_leave(company: Company) -> None:
    ids = [ask(company, "A"), ask(company, "B", "Nobody Of That Name")]
    company.approve(ids)
    load(company, "eu_xml")
    assert len(company.release()) == 1
    assert [state(company, one) for one in ids] == [OrderState.HELD, OrderState.SCHEDULED]
    assert holds(company, ids[0])
    assert company.attempts(ids[1:]) == ["prepared"]
    let_go(company, ids[0])
    company.approve(ids[:1])
    assert len(company.release()) == 1
    watch_list_loading.remove(company.acting(), "eu")


def test_a_payment_that_was_let_go_leaves(listed: Company) -> None:
    order_id = ask(listed, "A")
    let_go(listed, order_id)
    listed.approve([order_id])
    assert len(listed.release()) == 1


def test_a_name_rewritten_for_the_bank_is_compared_as_it_was_written(listed: Company) -> None:
    order_id = ask(listed, "A", "Выдуманная")
    (told,) = listed.orders([order_id])
    assert told.instruction.creditor_name.isascii()
    let_go(listed, order_id)
    listed.approve([order_id])
    assert len(listed.release()) == 1


def put(company: Company, rules: ScreeningRules) -> None:
    with tenant(company.tenant_id):
        policies.add(
            company.world.ids.new(),
            rules,
            valid_from=company.clock.now(),
            changed_by="a test",
            reason="a test",
        )


def test_blocked_countries_wait(company: Company) -> None:
    rules = ScreeningRules(countries=frozenset({"KP", "NL"}))
    put(company, rules)
    order_id = ask(company, "A", payee_address=PostalAddress(town="Pyongyang", country="KP"))
    (sentence,) = holds(company, order_id, COUNTRY)
    assert sentence == (
        "Payments to this country wait for a person: the payee's address is in KP, the account is"
        " in NL."
    )
    let_go(company, order_id)
    company.approve([order_id])
    assert len(company.release()) == 1


def test_a_country_blocked_later_stops_what_is_about_to_leave(company: Company) -> None:
    order_id = ask(company, "A")
    company.approve([order_id])
    put(company, ScreeningRules(countries=frozenset({"NL"})))
    assert company.release() == []
    assert holds(company, order_id, COUNTRY)


def test_one_list_of_each_kind_is_in_force(company: Company) -> None:
    load(company, "ofac_sdn_xml")
    load(company, "ofac_sdn_csv", "ofac_alt_csv", published=date(2026, 11, 10))
    found = [one for one in watch_lists.loaded() if one.code == "ofac_sdn"]
    assert [(one.in_force, one.published_on) for one in found] == [
        (True, date(2026, 11, 10)),
        (False, date(2026, 11, 3)),
    ]
    assert (found[0].entries, found[0].names) == (3, 6)
    kept = {one.watch_list_id for one in models.WatchListPart.objects.all()}
    assert found[0].id in kept
    assert found[1].id not in kept
    assert holds(company, ask(company, "A", "Invented Maritime Ltd"))
    assert watch_list_loading.remove(company.acting(), "ofac_sdn")
    assert not watch_list_loading.remove(company.acting(), "ofac_sdn")
    assert state(company, ask(company, "B", "Invented Maritime Ltd")) is (
        OrderState.AWAITING_APPROVAL
    )


def test_every_customer_is_told_of_a_list(company: Company) -> None:
    other = Company()
    load(company, "un_xml")
    for one in (company, other):
        with tenant(one.tenant_id):
            found = models.Event.objects.filter(type="customer.watch_list_loaded")
            assert [told["list"] for told in found.values_list("data", flat=True)] == ["un"]
    watch_list_loading.remove(company.acting(), "un")


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (("ofac_alt_csv",), "watch_list_incomplete"),
        (("eu_xml", "un_xml"), "files_of_several_lists"),
    ],
)
def test_what_is_no_whole_list_is_refused(
    listed: Company, names: tuple[str, ...], code: str
) -> None:
    before = watch_lists.in_force()
    with pytest.raises(Invalid) as refused:
        load(listed, *names)
    assert refused.value.code == code
    assert watch_lists.in_force() == before


def test_a_list_without_anybody_is_refused(company: Company) -> None:
    empty = b'<CONSOLIDATED_LIST dateGenerated="2026-10-30"></CONSOLIDATED_LIST>'
    with pytest.raises(Invalid) as refused:
        watch_list_loading.load(company.acting(), [("un.xml", BytesIO(empty))])
    assert refused.value.code == "watch_list_empty"


def test_the_app_cannot_change_a_list(listed: Company) -> None:
    with pytest.raises(DatabaseError, match="permission denied"):
        models.WatchList.objects.update(in_force=False)


def test_a_list_that_nobody_renewed_is_told(company: Company) -> None:
    load(company, "eu_xml")
    load(company, "un_xml", published=date(2026, 9, 1))
    assert screening.lists_too_old(date(2026, 11, 20)) == ["un"]
    assert screening.lists_too_old(date(2026, 12, 20)) == ["eu", "un"]
    for code in ("eu", "un"):
        watch_list_loading.remove(company.acting(), code)


def test_payments_wait_while_lists_are_missing_or_too_old(company: Company) -> None:
    put(company, ScreeningRules(lists_needed=True, list_days_max=30))
    first = ask(company, "A", "Nobody Of That Name")
    assert holds(company, first, NO_LISTS) == [
        "No watch list is loaded: the payee was compared with none."
    ]
    load(company, "eu_xml")
    second = ask(company, "B", "Nobody Of That Name")
    assert state(company, second) is OrderState.AWAITING_APPROVAL
    company.approve([second])
    load(company, "eu_xml", published=date(2026, 9, 1))
    assert company.release() == []
    (sentence,) = holds(company, second, OLD_LISTS)
    assert sentence == (
        "The payee was compared with lists older than 30 days: EU consolidated list of 1 Sep 2026."
    )
    let_go(company, second)
    company.approve([second])
    assert len(company.release()) == 1
    watch_list_loading.remove(company.acting(), "eu")


def test_two_people_change_how_payees_are_held_against_lists(listed: Company, admins: Any) -> None:
    ada, ben, _ = admins
    held, other = ask(listed, "A"), ask(listed, "B", "Nobody Of That Name")
    kind, since = changes.named("screening"), listed.clock.now() - timedelta(days=1)
    wanted = {"least_percent": 100, "countries": ["nl"], "list_days_max": 7}
    assert kind.dry_run
    with tenant(listed.tenant_id):
        tried = kind.dry_run(listed.acting(), changes.read(kind, wanted), since)
        as_is = kind.dry_run(listed.acting(), changes.read(kind, {}), since)
        strict = kind.dry_run(listed.acting(), changes.read(kind, {"least_percent": 100}), since)
    assert (tried.looked_at, tried.different, as_is.different) == (2, 1, 0)
    assert "account is in NL" in tried.shown[0].after
    assert [(one.before[:5], one.after) for one in strict.shown] == [("held:", "not held for this")]
    agree(listed, ben, wish(listed, ada, wanted))
    (order,) = listed.ask(listed.request("C"))
    assert holds(listed, order, COUNTRY)
    assert state(listed, held) is OrderState.HELD
    assert state(listed, other) is OrderState.AWAITING_APPROVAL
    for code, bad in (
        ("percent_out_of_range", {"least_percent": 59}),
        ("days_out_of_range", {"list_days_max": 0}),
        ("invalid_country", {"countries": ["Korea"]}),
    ):
        assert refusal(partial(wish, listed, ada, bad)) == code


def wish(company: Company, member: Member, wanted: dict[str, Any]) -> UUID:
    return ask_change(company, member, wanted, "screening")
