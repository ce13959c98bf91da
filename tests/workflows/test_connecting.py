"""Connections set up, changed and tried: settings named, host keys confirmed, nothing sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from nostro.connectors import ssh_host_key
from nostro.domain.errors import Invalid, Refused
from nostro.domain.party import Account, LegalEntity, Role
from nostro.storage import change_requests, models, parties, passwords, people
from nostro.storage.tenancy import tenant
from nostro.workflows import connecting, setting_up
from nostro.workflows.connecting import Wanted
from nostro.workflows.context import Acting
from tests import units_of_work
from tests.simulator.houses import House
from tests.simulator.test_sftp_door import Sftp
from tests.workflows.company import ADDRESS, Company, iban
from tests.workflows.test_change_requests import admins, agree, ask, refusal

__all__ = ["admins"]


def folders(tmp_path: Path, **more: Any) -> Wanted:
    for name in ("in", "out"):
        (tmp_path / name).mkdir(exist_ok=True)
    told = {"drop_folder": str(tmp_path / "in"), "pickup_folder": str(tmp_path / "out")}
    return Wanted(settings={**told, **more})


def test_a_connection_is_set_up_tried_and_changed(company: Company, tmp_path: Path) -> None:
    acting = company.acting()
    connection_id = connecting.create(acting, "New bank", "host_folder", folders(tmp_path))
    (tmp_path / "out" / "statement.xml").write_text("<a/>")
    found = connecting.tried(acting, "new bank")
    assert (found.worked, found.looked[0].said) == (True, "the first is statement.xml")
    assert set(found.can) == {"SendsPayments", "DeliversMessages", "TakesCheckFiles"}
    assert "RecallsPayments" in found.cannot
    assert list((tmp_path / "in").iterdir()) == [], "nothing was sent"
    config = connecting.change(
        acting, "New bank", Wanted(settings={"taken_folders": ["/taken"]}), "it moves them"
    )
    assert config["taken_folders"] == ["/taken"]
    (changed,) = company.events("connection.changed")
    assert changed["before"] == {"taken_folders": None}
    assert changed["after"] == {"taken_folders": ["/taken"]}
    assert changed["reason"] == "it moves them"
    (created,) = company.events("connection.created")
    assert created["settings"]["drop_folder"] == str(tmp_path / "in")
    with tenant(company.tenant_id):
        row = models.Connection.objects.get(id=connection_id)
    assert row.next_action_at == company.clock.now(), "its messages are collected"


@pytest.mark.parametrize(
    ("kind", "settings", "field"),
    [
        ("host_folder", {"drop_folder": "/a"}, "pickup_folder"),
        ("host_folder", {"drop_folder": "/a", "pickup_folder": "/b", "colour": "red"}, "colour"),
        ("rest_bank", {"base_url": "https://bank.example", "answer_mebibytes_max": "x"}, ""),
        ("sftp", {"host": "", "user": "n", "drop_folder": "/", "port": "many"}, "port"),
    ],
)
def test_a_setting_that_will_not_do_is_named(
    company: Company, kind: str, settings: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as caught:
        connecting.create(company.acting(), "Odd", kind, Wanted(settings=settings))
    assert caught.value.code == "connection_settings_invalid"
    assert caught.value.field == (field or "answer_mebibytes_max")
    assert company.events("connection.created") == []


def test_secrets_go_to_their_place_and_into_no_event(company: Company) -> None:
    settings = {"base_url": "https://bank.example", "client_id": "acme"}
    wanted = Wanted(settings=settings, secrets={"client_secret": "s3cret-s3cret"})
    connection_id = connecting.create(company.acting(), "API", "rest_bank", wanted)
    kept = company.world.secrets.read(f"connection.{connection_id}.client_secret")
    assert kept == "s3cret-s3cret"
    (created,) = company.events("connection.created")
    assert created["secrets"] == ["client_secret"]
    assert "s3cret" not in repr(created)
    unknown = Wanted(settings=settings, secrets={"pin": "1"})
    with pytest.raises(Invalid) as caught:
        connecting.create(company.acting(), "B", "rest_bank", unknown)
    assert caught.value.code == "connection_secret_unknown"


def test_a_host_key_is_pinned_once_its_fingerprint_is_confirmed(
    company: Company, tmp_path: Path
) -> None:
    acting = company.acting()
    with Sftp(House(), tmp_path) as bank:
        told = {
            "host": "127.0.0.1", "port": str(bank.door.port), "user": "nostro",
            "drop_folder": "/in", "pickup_folder": "/out",
        }  # fmt: skip
        secrets = {"password": "s3cret"}
        for guess in ("", "SHA256:somebody-else"):
            wanted = Wanted(settings=told, secrets=secrets, fingerprint=guess)
            with pytest.raises(Refused) as caught:
                connecting.create(acting, "SFTP", "sftp", wanted)
            assert caught.value.code == "host_key_unconfirmed"
        shown = caught.value.happened.split("host key ")[1].split(" ")[0]
        wanted = Wanted(settings=told, secrets=secrets, fingerprint=shown)
        connecting.create(acting, "SFTP", "sftp", wanted)
        row = connecting.named(acting, "SFTP")
        assert row.config["host_keys"] == [bank.door.public_key()]
        assert row.config["port"] == bank.door.port
        assert connecting.tried(acting, "SFTP").worked
        secret = f"connection.{row.id}.password"
        company.world.secrets.write(secret, "wrong")
        failed = connecting.tried(acting, "SFTP")
        assert not failed.worked
        assert "did not let nostro in" in failed.looked[0].said
        assert list(bank.folder.drop.iterdir()) == []


def test_not_changed_unseen_while_a_file_is_in_doubt(company: Company) -> None:
    submission_id, _ = company.send()
    with tenant(company.tenant_id):
        models.Submission.objects.filter(id=submission_id).update(state="unknown")
    same = Wanted(settings={"name": company.code})
    with pytest.raises(Refused) as caught:
        connecting.change(company.acting(), "Bank", same, "another server")
    assert caught.value.code == "connection_in_doubt"
    other = connecting.create(company.acting(), "Other", "scripted", same)
    with pytest.raises(Refused) as caught:
        attach(company, "Other")
    assert caught.value.code == "connection_in_doubt"
    connecting.change(company.acting(), "Bank", same, "its new key", despite_doubt=True)
    assert company.events("connection.changed")[0]["files_in_doubt"]
    with tenant(company.tenant_id):
        models.Submission.objects.filter(id=submission_id).update(state="delivered")
    attach(company, "Other")
    with tenant(company.tenant_id):
        account = setting_up.account_of(company.accounts["DE-EUR"])
    assert UUID(account.connection_id) == other


def attach(company: Company, connection: str) -> None:
    number = company.accounts["DE-EUR"]
    setting_up.attach_account(company.acting(), number, "EUR", connection, "the bank moved")


def test_from_nothing_to_a_customer_with_an_account(company: Company, tmp_path: Path) -> None:
    code = f"N{company.code}"
    actor, world = company.acting().actor, company.world
    customer = setting_up.found_customer(world, actor, code, "New group", "Test partner")
    with pytest.raises(Refused):
        setting_up.found_customer(world, actor, code.lower(), "Twice", "Test partner")
    acting = Acting(tenant_id=customer, actor=actor, world=world)
    email, password = f"{code.lower()}@example.com", "a-long-Passw0rd-here"
    person = setting_up.add_person(acting, email, "Ann", password, [Role.APPROVER])
    assert passwords.person_with(email.upper(), password) == person
    for wrong in ((email, "another"), ("nobody@example.com", password)):
        with pytest.raises(Refused):
            passwords.person_with(*wrong)
    assert people.member(customer, person).roles == {Role.APPROVER}
    entity = LegalEntity(
        id=str(world.ids.new()), code="NL", name="Acme BV", address=ADDRESS,
        functional_currency="EUR", receivables_account="",
    )  # fmt: skip
    setting_up.add_entity(acting, entity)
    bank = connecting.create(acting, "Bank", "host_folder", folders(tmp_path))
    account = Account(
        id=str(world.ids.new()), legal_entity_id=entity.id, connection_id=str(bank), name="Main",
        iban=iban(company.seed + 77), bic="", currency="EUR", ledger_account="",
        clearing_account="",
    )  # fmt: skip
    setting_up.add_account(acting, account)
    with pytest.raises(Refused):
        setting_up.add_account(acting, account)
    with tenant(customer):
        assert [row.iban for row in parties.accounts()] == [account.iban]
        kinds = models.Event.objects.values_list("type", flat=True)
        told = {"customer.created", "person.granted", "entity.created", "connection.created"}
        assert told | {"account.created"} <= set(kinds)


def test_the_key_that_was_agreed_to_is_the_one_that_is_kept(
    company: Company, admins: Any, tmp_path: Path
) -> None:
    """The server is asked once, before any unit of work (tests.units_of_work fails this test else),
    and what it shows later changes nothing: it is not even there when the change is made."""
    ada, ben, _ = admins
    with Sftp(House(), tmp_path / "one") as bank, Sftp(House(), tmp_path / "two") as moved:
        told = {
            "host": "127.0.0.1", "port": bank.door.port, "user": "nostro",
            "drop_folder": "/in", "pickup_folder": "/out",
        }  # fmt: skip
        wanted = {"name": "SFTP", "kind": "sftp", "settings": told}
        with pytest.raises(Refused) as caught:
            ask(company, ada, wanted, "new_connection")
        shown = caught.value.happened.split("host key ")[1].split(" ")[0]
        new = ask(company, ada, {**wanted, "fingerprint": shown}, "new_connection")
        key, other_key, port = bank.door.public_key(), moved.door.public_key(), moved.door.port
        with tenant(company.tenant_id):
            row = change_requests.request(new)
            assert row
            assert row.after["host_keys"] == row.wanted["settings"]["host_keys"] == [key]
        move = {"name": "Bank", "settings": {"port": port}}
        with tenant(company.tenant_id):
            models.Connection.objects.filter(name="Bank").update(
                connector="sftp", config={**told, "host_keys": [key]}
            )
        with pytest.raises(Refused) as caught:
            ask(company, ada, move, "connection")
        assert caught.value.code == "host_key_unconfirmed"
        shown = caught.value.happened.split("host key ")[1].split(" ")[0]
        moving = ask(company, ada, {**move, "fingerprint": shown}, "connection")
    assert agree(company, ben, new)
    assert agree(company, ben, moving)
    assert connecting.named(company.acting(), "SFTP").config["host_keys"] == [key]
    config = connecting.named(company.acting(), "Bank").config
    assert (config["port"], config["host_keys"]) == (port, [other_key])


def test_a_request_of_before_without_its_key_is_asked_anew(company: Company, admins: Any) -> None:
    ada, ben, _ = admins
    settings = {"host": "127.0.0.1", "user": "n", "drop_folder": "/", "pickup_folder": "/"}
    wanted = {"name": "Old", "kind": "sftp", "settings": {**settings, "host_keys": ["ssh-rsa A"]}}
    request_id = ask(company, ada, wanted, "new_connection")
    with tenant(company.tenant_id):
        before = {**wanted, "settings": settings, "fingerprint": "SHA256:x"}
        models.ChangeRequest.objects.filter(id=request_id).update(wanted=before)
    assert refusal(lambda: agree(company, ben, request_id)) == "host_key_unconfirmed"
    assert company.events("connection.created") == []


def test_the_watch_over_units_of_work_sees_who_is_asked_inside(
    company: Company, tmp_path: Path
) -> None:
    with Sftp(House(), tmp_path) as bank, tenant(company.tenant_id):
        assert ssh_host_key.shown("127.0.0.1", bank.door.port)
    assert "ssh_host_key.py" in units_of_work.found[0]
    units_of_work.found.clear()
