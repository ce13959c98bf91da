"""A database that is nearly full: programs are told so (507), banks keep their messages, people see
it on every page; and when there is room again everything goes on."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import msgspec
import pytest

from nostro import app
from nostro.domain.errors import Unavailable
from nostro.domain.party import Role
from nostro.ops.free_space import FreeSpace, Watermark
from nostro.storage import models
from nostro.storage.tenancy import tenant
from nostro.workflows import answers, arrival
from tests import seed
from tests.api import door
from tests.workflows.company import Company, scripted_connector

LATER = itertools.count(10**16, 10**10)  # Every look is long after the one before.


@pytest.fixture
def volume(database: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """The volume of the database as we say that it is: percent free."""
    said = {"free": 5}

    def measure() -> FreeSpace:
        return FreeSpace(free_bytes=said["free"] * 10**9, whole_bytes=100 * 10**9)

    space = app.world().space
    monkeypatch.setattr(space, "measure", measure)
    monkeypatch.setattr(space, "elapsed", LATER.__next__)
    return said


@pytest.fixture
def company() -> Iterator[Company]:
    with scripted_connector():
        yield Company()


def test_programs_are_told_and_may_try_again(volume: dict[str, int]) -> None:
    seeded = seed.customer("SPACE")
    token, asked = door.key(seeded), {"payments": [door.payment(seeded, "R1")]}
    told = door.post(token, "/v1/payments", asked, "one")
    door.is_problem(told, 507, "database_nearly_full")
    assert told["Retry-After"] == "60"
    assert "5 % (5.0 GB)" in told.json()["happened"]
    health = door.call(token, "GET", "/v1/health").json()
    assert (health["status"], health["free_space_percent"]) == ("low_on_space", 5)
    volume["free"] = 40
    again = door.post(token, "/v1/payments", asked, "one")
    assert again.status_code == 201, again.content
    assert door.call(token, "GET", "/v1/health").json()["status"] == "ok"


def test_files_are_refused_and_banks_keep_their_messages(
    volume: dict[str, int], company: Company
) -> None:
    space = Watermark(lambda: FreeSpace(free_bytes=volume["free"], whole_bytes=100))
    full = company.job.world
    low = msgspec.structs.replace(company.job, world=msgspec.structs.replace(full, space=space))
    company.bank.says(b"<Document/>")
    for take in (
        lambda: answers.collect(low, company.bank_id),
        lambda: arrival.keep(low, "statement.xml", b"<Document/>"),
    ):
        with pytest.raises(Unavailable) as caught:
            take()
        assert caught.value.code == "database_nearly_full"
    with tenant(company.tenant_id):
        assert not models.BankMessage.objects.exists()
        assert not models.Evidence.objects.filter(name="statement.xml").exists()
    answers.collect(company.job, company.bank_id)
    with tenant(company.tenant_id):
        assert models.BankMessage.objects.count() == 1


def test_people_see_it_on_every_page(volume: dict[str, int]) -> None:
    person = door.person([seed.customer("SPACESEEN")], roles=[Role.AUDITOR])
    page = door.signed_in(person).get("/payments/").content.decode()
    assert "volume is nearly full" in page
    volume["free"] = 40
    assert "volume is nearly full" not in door.signed_in(person).get("/payments/").content.decode()
