"""Single sign-on against a real OpenID provider: npm's oidc-provider, run by node for the test."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx
import msgspec
import pytest
from django.test import Client

from nostro.app import world
from nostro.connectors import outgoing
from nostro.connectors.openid import Provider
from nostro.connectors.outgoing import Reach
from nostro.domain.errors import NostroError
from nostro.domain.event import Actor
from nostro.domain.party import Role
from nostro.storage import events, people, sign_on
from nostro.storage.tenancy import tenant
from nostro.workflows import credentials, single_sign_on
from nostro.workflows.context import Acting
from tests import seed
from tests.needs import absent

HERE = Path(__file__).parent
VERSION = "9.13.3"
BACK = "http://localhost/sign-in/company/back/"
GROUPS = {"treasury": (Role.APPROVER, Role.TREASURER), "books": (Role.RECONCILER,)}


@pytest.fixture(scope="module")
def program() -> Path:
    """The provider's own files, fetched by npm once a machine."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        absent("node and npm (apt-get install nodejs npm), for a real OpenID provider")
    home = Path(tempfile.gettempdir()) / f"nostro-oidc-provider-{VERSION}"
    if not (home / "node_modules" / "oidc-provider").exists():
        asked = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(home)]
        done = subprocess.run(
            [*asked, f"oidc-provider@{VERSION}"], capture_output=True, check=False
        )
        if done.returncode:
            absent(f"npm's oidc-provider: {done.stderr.decode()[-300:]}")
    return home


@pytest.fixture(scope="module")
def issuer(program: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    asked = ["node", str(HERE / "openid_provider.mjs"), str(port), BACK]
    running = subprocess.Popen(
        asked, cwd=program, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert running.stdout
    for line in running.stdout:
        if line.strip() == "ready":
            break
    yield f"http://127.0.0.1:{port}"
    running.terminate()
    running.wait()


@pytest.fixture(scope="module", autouse=True)
def within_reach() -> Iterator[None]:
    before = outgoing.reach()
    outgoing.install(Reach(networks=(IPv4Network("127.0.0.0/8"),)))
    yield
    outgoing.install(before)


@pytest.fixture(scope="module")
def tenant_id(database: str, issuer: str) -> UUID:
    """A customer whose people sign in by that provider."""
    made = seed.customer("SSO").tenant_id
    provider = Provider(issuer=issuer, client_id="nostro", client_secret="a secret of the test")
    single_sign_on.connect(operator(made), provider, group_roles=GROUPS)
    return made


def operator(tenant_id: UUID) -> Acting:
    actor = Actor(kind="job", id="terminal", name="the terminal")
    return Acting(tenant_id=tenant_id, actor=actor, world=world())


def fresh() -> Client:
    return Client(SERVER_NAME="localhost")


def through_the_provider(address: str, who: str) -> str:
    """Say at the provider's own pages who one is; returns where it sends the browser back to."""
    with httpx.Client(follow_redirects=False) as browser:
        answer = browser.get(address)
        for _ in range(12):
            while answer.is_redirect:
                target = str(answer.headers["location"])
                if target.startswith(BACK):
                    return target
                answer = browser.get(answer.url.join(target))
            form = re.search(r'action="([^"]+)"', answer.text)
            prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)
            assert form, answer.text
            assert prompt, answer.text
            said = {"prompt": prompt[1], "login": who, "password": "any"}
            answer = browser.post(answer.url.join(form[1]), data=said)
    raise AssertionError("the provider asks without end")


def signed_in(who: str) -> tuple[Client, Any]:
    client = fresh()
    away = client.get("/sign-in/company/", {"company": "sso"})
    assert away.status_code == 302
    back = through_the_provider(away["Location"], who)
    return client, client.get(back)


def known(tenant_id: UUID, issuer: str, subject: str) -> UUID:
    with tenant(tenant_id):
        found = sign_on.person_of(issuer, subject)
    assert found
    return found


def test_a_newcomer_is_made_and_his_roles_follow_his_groups(tenant_id: UUID, issuer: str) -> None:
    client, answer = signed_in("ada")
    assert answer.status_code == 302
    assert answer["Location"] == "/"
    assert client.get("/profile/").status_code == 200
    person_id = known(tenant_id, issuer, "ada")
    assert people.person_of_email("ada@sso.example") == person_id
    assert people.member(tenant_id, person_id).roles == {Role.APPROVER, Role.TREASURER}
    # Other groups next time: other roles. None: he works here no more, this session included.
    httpx.get(f"{issuer}/groups?of=books")
    signed_in("ada")
    assert people.member(tenant_id, person_id).roles == {Role.RECONCILER}
    httpx.get(f"{issuer}/groups")
    signed_in("ada")
    assert not people.memberships(person_id)
    assert client.get("/cash/").status_code == 403
    httpx.get(f"{issuer}/groups?of=treasury")
    assert known(tenant_id, issuer, "ada") == person_id
    with tenant(tenant_id):
        kinds = [event.type for event in events.about([person_id])]
    assert kinds[:3] == ["person.joined", "person.granted", "person.signed_in"]
    assert "person.withdrawn" in kinds


def test_an_address_never_joins_a_newcomer_with_somebody_who_is_here(tenant_id: UUID) -> None:
    now = world().clock.now()
    people.create_person(
        world().ids.new(), email="taken@sso.example", name="First", password="a long sentence so",
        now=now,
    )  # fmt: skip
    client, answer = signed_in("taken")
    assert answer.status_code == 409
    assert "address alone proves nothing" in answer.content.decode()
    assert client.get("/cash/").status_code == 302


def test_what_did_not_begin_here_or_was_used_does_not_count(tenant_id: UUID) -> None:
    client = fresh()
    back = through_the_provider(
        client.get("/sign-in/company/", {"company": "SSO"})["Location"], "ada"
    )
    assert fresh().get(back).status_code == 409  # Another browser: somebody was led here.
    state = parse_qs(urlsplit(back).query)["state"][0]
    assert client.get(back.replace(state, "x" * 43)).status_code == 409
    assert client.get(back).status_code == 409  # It began once, and that is over.
    assert client.get("/cash/").status_code == 302


def test_a_token_for_another_number_once_is_refused(tenant_id: UUID) -> None:
    address, pending = single_sign_on.begin(tenant_id, BACK)
    code = parse_qs(urlsplit(through_the_provider(address, "ada")).query)["code"][0]
    other = msgspec.structs.replace(pending, nonce="planted")
    with pytest.raises(NostroError) as caught:
        single_sign_on.finish(world(), tenant_id, other, code, BACK)
    assert caught.value.code == "not_vouched_for"
    with pytest.raises(NostroError) as again:  # The provider takes a code once.
        single_sign_on.finish(world(), tenant_id, pending, code, BACK)
    assert again.value.code == "not_vouched_for"


def test_a_company_without_a_service_is_told_like_none(tenant_id: UUID) -> None:
    seed.customer("NONE")
    told = {fresh().get("/sign-in/company/", {"company": c}).content for c in ("NONE", "nobody")}
    assert len(told) == 1
    with pytest.raises(NostroError) as caught:
        single_sign_on.connect(
            operator(tenant_id),
            Provider(issuer="http://elsewhere.example", client_id="a", client_secret="b"),
        )
    assert caught.value.code == "no_openid_provider"


def test_its_secret_is_one_of_the_customers_credentials(tenant_id: UUID) -> None:
    """So it is locked anew with them, and somebody answers for it."""
    (found,) = [
        (one.name, one.owner)
        for one in credentials.inventory(operator(tenant_id))
        if one.natural_key.startswith("sign_on.")
    ]
    assert found == ("Single sign-on: client_secret", operator(tenant_id).actor.name)
