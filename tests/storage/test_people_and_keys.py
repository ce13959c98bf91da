"""Who may sign in, what a key proves, and that neither outlives its end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.contrib.auth import authenticate as sign_in
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.db import connections
from django.utils.module_loading import import_string

from nostro.domain.errors import Invalid, NostroError, Refused
from nostro.domain.party import Role
from nostro.ops.identifiers import TimeOrderedIds
from nostro.storage import keys, models, people
from nostro.storage.keys import Scope
from nostro.storage.tenancy import tenant
from tests import seed
from tests.database import GUESS_COST

new = TimeOrderedIds().new
DAY = timedelta(days=1)
PASSWORD = "a rather long sentence"


@pytest.fixture(scope="module")
def here(database: str) -> seed.Seeded:
    return seed.customer("KEYS", payments=0)


def person(name: str = "Ada Approver", email: str = "", password: str = PASSWORD) -> UUID:
    person_id = new()
    address = email or f"{person_id}@example.com"
    people.create_person(person_id, email=address, name=name, password=password, now=seed.NOW)
    return person_id


def issue(here: seed.Seeded, **changes: Any) -> tuple[keys.KeyRow, str]:
    asked: dict[str, Any] = {"name": "erp", "scopes": [Scope.PAYMENTS_READ], "now": seed.NOW,
             "expires_at": seed.NOW + DAY} | changes  # fmt: skip
    with tenant(here.tenant_id):
        return keys.issue(new(), **asked)


def test_a_person_signs_in_with_address_and_password(here: seed.Seeded) -> None:
    made = person(email="Ada@Example.com")
    found = sign_in(None, email="ada@example.com", password=PASSWORD)
    assert found is not None
    assert found.pk == made
    assert sign_in(None, email="ada@example.com", password="wrong") is None
    assert people.person_of_email(" ADA@example.com ") == made
    assert people.person_of_email("nobody@example.com") is None


@pytest.mark.parametrize(
    "password",
    [
        "nothing but small letters",
        "ÄÖÜ und ein 字 darin",
        " begins and ends with spaces ",
        "x" * 40 + "y" * 60,
    ],
)
def test_a_password_of_any_letters_and_length_counts_exactly_as_it_was_given(
    here: seed.Seeded, password: str
) -> None:
    made = person(password=password)
    row = models.Person.objects.get(id=made)
    assert row.password.startswith("argon2$argon2id$")
    assert sign_in(None, email=row.email, password=password) is not None
    for other in (password.swapcase(), password + " ", password.strip()[:-1]):
        assert sign_in(None, email=row.email, password=other) is None


def test_guessing_a_password_is_costly() -> None:
    """Argon2id with what OWASP's Password Storage Cheat Sheet asks: 2 passes over 19 MiB."""
    (configured,) = settings.PASSWORD_HASHERS
    assert import_string(configured) is Argon2PasswordHasher
    passes, kibibytes, lanes = GUESS_COST  # The tests' own hashes are cheap.
    assert passes >= 2
    assert kibibytes >= 19 * 1024
    assert lanes >= 1


@pytest.mark.parametrize(
    ("email", "password", "code"),
    [
        ("no address", PASSWORD, "email_invalid"),
        ("short@example.com", "short", "password_too_weak"),
        ("common@example.com", "1qaz2wsx3edc", "password_too_weak"),
        ("taken@example.com", PASSWORD, "person_exists"),
    ],
)
def test_a_person_that_cannot_be_made(
    here: seed.Seeded, email: str, password: str, code: str
) -> None:
    if not people.person_of_email("taken@example.com"):
        person(email="taken@example.com")
    with pytest.raises(NostroError) as told:
        people.create_person(new(), email=email, name="X", password=password, now=seed.NOW)
    assert told.value.code == code


def test_memberships_are_by_customer(here: seed.Seeded) -> None:
    other = seed.customer("KEYT", payments=0, iban=seed.IBANS[2])
    ada = person()
    for seeded, roles in ((here, [Role.APPROVER]), (other, [Role.MAKER, Role.AUDITOR])):
        with tenant(seeded.tenant_id):
            people.grant(new(), ada, roles)
    assert [(row.customer_code, row.roles) for row in people.memberships(ada)] == [
        ("KEYS", frozenset({Role.APPROVER})),
        ("KEYT", frozenset({Role.MAKER, Role.AUDITOR})),
    ]
    found = people.member(here.tenant_id, ada)
    assert (found.id, found.name) == (str(ada), "Ada Approver")
    assert found.roles == frozenset({Role.APPROVER})
    with tenant(here.tenant_id):
        people.grant(new(), ada, [Role.TREASURER])
        assert people.withdraw(ada)
        assert not people.withdraw(ada)
    assert [row.customer_code for row in people.memberships(ada)] == ["KEYT"]
    with pytest.raises(Refused, match="do not work for this customer"):
        people.member(here.tenant_id, ada)


def test_a_key_is_shown_once_and_kept_as_a_hash(here: seed.Seeded) -> None:
    row, token = issue(here)
    assert keys.authenticate(token, seed.NOW) == row
    secret = token.split("_", 2)[2]
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT api_key::text FROM api_key WHERE prefix = %s", [row.prefix])
        ((stored,),) = cursor.fetchall()
    assert secret not in stored
    with tenant(here.tenant_id):
        assert row.id in {one.id for one in keys.issued()}


def test_two_keys_of_one_prefix_are_told_apart_by_their_secrets(here: seed.Seeded) -> None:
    other = seed.customer("KEYU", payments=0, iban=seed.IBANS[3])
    fill = iter([b"\1" * 8, b"\2" * 32, b"\1" * 8, b"\3" * 32])
    first, first_token = issue(here, randomness=lambda _: next(fill))
    second, second_token = issue(other, randomness=lambda _: next(fill))
    assert first.prefix == second.prefix
    assert keys.authenticate(first_token, seed.NOW).tenant_id == here.tenant_id
    assert keys.authenticate(second_token, seed.NOW).tenant_id == other.tenant_id


def test_keys_end(here: seed.Seeded) -> None:
    row, token = issue(here)
    with pytest.raises(Refused) as told:
        keys.authenticate(token, seed.NOW + DAY)
    assert told.value.code == "key_expired"
    with tenant(here.tenant_id):
        assert keys.revoke(row.id, seed.NOW)
        assert not keys.revoke(row.id, seed.NOW)
    with pytest.raises(Refused) as told:
        keys.authenticate(token, seed.NOW)
    assert told.value.code == "key_revoked"


@pytest.mark.parametrize(
    "change",
    [
        lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"),
        lambda token: token + "A",
        lambda token: token + "\n",
        lambda token: token.replace("nk_", "NK_"),
        lambda token: token[:-1] + "é",
        lambda token: "nk_" + "0" * 16 + token[19:],
        lambda _: "",
    ],
)
def test_a_wrong_key_is_unknown(here: seed.Seeded, change: Any) -> None:
    _, token = issue(here)
    with pytest.raises(Refused) as told:
        keys.authenticate(change(token), seed.NOW)
    assert told.value.code == "key_unknown"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"scopes": [Scope.PAYMENTS_APPROVE]}, "keys_never_approve"),
        ({"expires_at": seed.NOW}, "key_expiry_passed"),
    ],
)
def test_a_key_that_is_not_made(here: seed.Seeded, changes: Any, code: str) -> None:
    with pytest.raises(Invalid) as told:
        issue(here, **changes)
    assert told.value.code == code


def test_a_personal_token_may_approve(here: seed.Seeded) -> None:
    ada = person()
    row, token = issue(here, scopes=[Scope.PAYMENTS_APPROVE], person_id=ada)
    assert keys.authenticate(token, seed.NOW).person_id == ada == row.person_id
