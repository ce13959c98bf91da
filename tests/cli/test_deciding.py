"""What the terminal does alone: setting up, and in an emergency; else it asks and two agree."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from nostro import app as joined
from nostro.cli.commands import app
from nostro.domain.errors import NostroError
from nostro.domain.party import Member, Role
from nostro.storage import change_requests as stored
from nostro.storage import keys, models, partners, people, retention, sign_on
from nostro.storage.tenancy import tenant
from nostro.workflows import change_requests, hosting, key_work
from tests import secret_canaries
from tests.api.door import PASSWORD
from tests.workflows.company import Company, scripted_connector

Heard = pytest.CaptureFixture[str]


@pytest.fixture
def company(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Company]:
    with scripted_connector():
        made = Company()
        monkeypatch.setattr(joined, "start", lambda: made.world)
        yield made


@pytest.fixture
def admins(company: Company) -> tuple[Member, Member]:
    made = [company._member(name, frozenset({Role.ADMINISTRATOR})) for name in ("Ada", "Ben")]
    with tenant(company.tenant_id):
        for one in made:
            company.employ(one)
    return made[0], made[1]


@pytest.fixture
def password(tmp_path: Path) -> str:
    path = tmp_path / "password"
    path.write_text(PASSWORD)
    return str(path)


def typed(company: Company, heard: Heard, *line: str) -> str:
    """What a line typed at the terminal answers."""
    heard.readouterr()
    app([*line, "--customer", company.code], result_action="return_value")
    return heard.readouterr().out


def agree(company: Company, said: str, *by: Member) -> bool:
    """All of them agree to what was asked for; True when it is made."""
    (request_id,) = re.findall(r"Asked for: (\S+)\.", said)
    made = [
        change_requests.agree(company.acting(one), one, UUID(request_id), "looked at it")
        for one in by
    ]
    return made == [False] * (len(by) - 1) + [True]


def mail(company: Company, word: str) -> str:
    return f"{word}.{company.code.lower()}@example.com"


def roles(company: Company, address: str) -> set[Role]:
    person_id = people.person_of_email(address)
    with tenant(company.tenant_id):
        grants = people.grants_of(person_id) if person_id else None
    return {grant.role for grant in grants or ()}


def connections(company: Company) -> list[str]:
    with tenant(company.tenant_id):
        return list(models.Connection.objects.values_list("name", flat=True))


def months(company: Company) -> int | None:
    with tenant(company.tenant_id):
        return retention.months()


def open_holds(company: Company) -> list[str]:
    with tenant(company.tenant_id):
        return [row.name for row in retention.holds() if row.lifted_at is None]


def of_partner(company: Company) -> str:
    address = mail(company, "host")
    partner = partners.named("test partner")
    hosting.join(company.world, partner, email=address, name="Hal Host", password=PASSWORD)
    return address


Case = tuple[list[str], Callable[[], Any], Any]


def cases(company: Company, password: str, folder: Path) -> dict[str, Case]:
    """Each command that is one person's only while nobody could agree: the line, what is looked
    at, and what that is once it is made."""
    ann, bank = mail(company, "ann"), f"{folder}"
    host = of_partner(company)
    setting = ["--set", f"drop_folder={bank}/in", "--set", f"pickup_folder={bank}/out"]
    (folder / "in").mkdir()
    (folder / "out").mkdir()
    add = ["people", "add", ann, "--name", "Ann", "--role", "approver"]
    return {
        "membership": (
            [*add, "--password-file", password],
            lambda: roles(company, ann),
            {Role.APPROVER},
        ),
        "new_connection": (
            ["connections", "create", "New", "--kind", "host_folder", *setting],
            lambda: "New" in connections(company),
            True,
        ),
        "retention": (
            ["evidence", "keep-for", "24", "--reason", "the lawyer says"],
            lambda: months(company),
            24,
        ),
        "legal_hold_lift": (
            ["evidence", "lift", "Audit", "--reason", "closed"],
            lambda: open_holds(company),
            [],
        ),
        "partner_access": (
            ["partners", "grant", host, "--role", "auditor"],
            lambda: roles(company, host),
            {Role.AUDITOR},
        ),
    }


def hold(company: Company, heard: Heard) -> None:
    typed(company, heard, "evidence", "hold", "Audit", "--reason", "tax audit")


def test_where_two_can_decide_the_terminal_only_asks(
    company: Company, admins: tuple[Member, Member], password: str, tmp_path: Path, capsys: Heard
) -> None:
    hold(company, capsys)
    assert open_holds(company) == ["Audit"], "placing one is safe"
    for kind, (line, look, made) in cases(company, password, tmp_path).items():
        before = look()
        said = typed(company, capsys, *line)
        assert "Nothing changes before two people agree" in said, kind
        assert look() == before != made, kind
        with tenant(company.tenant_id):
            assert stored.listed().rows[0].kind == kind
        assert agree(company, said, *admins), kind
        assert look() == made, kind


def test_while_a_customer_is_set_up_it_is_done_at_once_and_says_so(
    company: Company, password: str, tmp_path: Path, capsys: Heard
) -> None:
    hold(company, capsys)
    for kind, (line, look, made) in cases(company, password, tmp_path).items():
        said = typed(company, capsys, *line)
        assert "Done alone: fewer than two people can decide on access here yet." in said, kind
        assert look() == made, kind


def test_who_is_sent_away_does_not_bring_setting_up_back(
    company: Company, admins: tuple[Member, Member], capsys: Heard
) -> None:
    before = months(company)
    with tenant(company.tenant_id):
        people.withdraw(UUID(admins[1].id))
    with suppress(NostroError):  # Nobody could agree to it any more.
        typed(company, capsys, "evidence", "keep-for", "24", "--reason", "alone")
    assert months(company) == before != 24


def test_in_an_emergency_it_is_done_at_once_with_an_alarm(
    company: Company, admins: tuple[Member, Member], password: str, tmp_path: Path, capsys: Heard
) -> None:
    hold(company, capsys)
    told = cases(company, password, tmp_path)
    for kind, (line, look, made) in told.items():
        why = [] if "--reason" in line else ["--reason", "nobody is there"]
        said = typed(company, capsys, *line, *why, "--break-glass")
        assert "under a broken glass" in said, kind
        assert look() == made, kind
    rung = company.events("customer.glass_broken")
    assert [one["change"] for one in rung] == list(told)
    assert [kind for kind, _ in company.cases()] == ["access"] * len(told)
    marked = [*company.events("person.granted"), *company.events("connection.created")]
    assert len(marked) == 3
    assert {one["break_glass"] for one in marked} < {one["case"] for one in rung}


def test_an_emergency_has_a_reason(
    company: Company, admins: tuple[Member, Member], capsys: Heard
) -> None:
    line = ("keys", "issue", "--name", "erp", "--scope", "payments:read", "--break-glass")
    with pytest.raises(NostroError) as refused:
        typed(company, capsys, *line)
    assert refused.value.code == "reason_missing"
    assert company.cases() == []


def test_a_key_that_was_agreed_to_is_drawn_by_its_owner(
    company: Company, admins: tuple[Member, Member], capsys: Heard
) -> None:
    ada, ben = admins
    line = ["keys", "issue", "--name", "erp", "--scope", "payments:read", "--network", "10.0.0.0/8"]
    owner = company.ann  # Of two administrators none could: the other would agree alone.
    said = typed(company, capsys, *line, "--owner", f"{owner.id}@example.com")
    assert "nk_" not in said
    assert agree(company, said, ada, ben)
    (request_id,) = re.findall(r"Asked for: (\S+)\.", said)
    token = key_work.draw(company.acting(owner), owner, UUID(request_id))
    found = keys.authenticate(token, company.clock.now(), "10.1.2.3")
    assert (found.name, found.networks) == ("erp", ("10.0.0.0/8",))


def test_while_a_customer_is_set_up_a_key_is_shown_at_once_and_on_record(
    company: Company, capsys: Heard, shown_on_purpose: Callable[[str], None]
) -> None:
    line = ("keys", "issue", "--name", "erp", "--scope", "payments:read")
    said = typed(company, capsys, *line, "--network", "10.0.0.0/8")
    (token,) = re.findall(r"nk_\S+", said)
    shown_on_purpose(secret_canaries.register("token of an API key", token))
    found = keys.authenticate(token, company.clock.now(), "10.1.2.3")
    assert (found.name, found.networks) == ("erp", ("10.0.0.0/8",))
    (told,) = company.events("api_key.granted")
    assert told["after"]["scopes"] == ["payments:read"]


def test_settings_of_a_connection_are_asked_for_and_a_secret_is_renewed_at_once(
    company: Company, admins: tuple[Member, Member], tmp_path: Path, capsys: Heard
) -> None:
    secret = tmp_path / "token"
    secret.write_text("a new secret")
    url = "base_url=https://bank.example"
    create = ["connections", "create", "API", "--kind", "rest_bank", "--set", url]
    said = typed(company, capsys, *create, "--secret", f"callback_secret={secret}")
    assert "Secrets are no part of what is asked for, and were not kept." in said
    assert agree(company, said, *admins)
    change = ["connections", "change", "API", "--reason", "yearly"]
    said = typed(company, capsys, *change, "--secret", f"callback_secret={secret}")
    assert "API is changed." in said
    with tenant(company.tenant_id):
        connection_id = models.Connection.objects.get(name="API").id
    assert company.world.secrets.read(f"connection.{connection_id}.callback_secret")
    said = typed(company, capsys, *change, "--set", "base_url=https://elsewhere.example")
    with tenant(company.tenant_id):
        assert models.Connection.objects.get(name="API").config["base_url"] == url[9:]
    assert agree(company, said, *admins)
    with tenant(company.tenant_id):
        config = models.Connection.objects.get(name="API").config
    assert config["base_url"] == "https://elsewhere.example"


def test_groups_of_single_sign_on_give_roles_once_two_agreed(
    company: Company, admins: tuple[Member, Member]
) -> None:
    ada, ben = admins
    wanted = {"groups": [{"group": "treasury", "role": "approver"}], "groups_claim": "teams"}

    def ask() -> UUID:
        return change_requests.ask(company.acting(ada), ada, "group_roles", wanted, "new work")

    with pytest.raises(NostroError) as refused:
        ask()
    assert refused.value.code == "sign_on_not_set_up"
    with tenant(company.tenant_id):
        row = sign_on.ProviderRow(
            id=company.world.ids.new(), issuer="https://id.example", client_id="nostro",
            groups_claim="groups", group_roles={}, just_in_time=True,
        )  # fmt: skip
        sign_on.keep(row, company.clock.now())
    change_requests.agree(company.acting(ben), ben, ask(), "looked")
    with tenant(company.tenant_id):
        found = sign_on.provider()
    assert found
    assert (found.groups_claim, found.group_roles) == ("teams", {"treasury": (Role.APPROVER,)})
    (told,) = company.events("customer.sign_on_changed")
    assert told["groups"] == {"treasury": ["approver"]}
