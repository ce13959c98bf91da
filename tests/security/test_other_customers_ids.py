"""Every address x method x kind of id of another customer: nothing is told, nothing changes.

Addresses come from the URL resolver and ids from the database's catalogue, so that neither a new
page nor a new table can be forgotten. An id of another customer is answered exactly as an id that
nobody has: even that it exists is not told.
"""

from __future__ import annotations

import itertools
import json
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import msgspec
import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from nostro.api.describe import description
from nostro.domain.party import Role
from nostro.storage.keys import Scope
from tests import seed
from tests.api import door
from tests.security import two_customers
from tests.security.two_customers import fingerprint, ids_in, ids_inside, told_apart

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
SOAK = os.environ.get("SOAK") == "1"
NOBODYS = "00000000-0000-4000-8000-000000000000"
TEMPLATES = Path(__file__).parents[2] / "nostro" / "console" / "templates"

# Parts of addresses that are no ids: what is put there.
WORDS = {"deed": ("take", "note", "due", "resolve", "reopen")}


class Address(msgspec.Struct, frozen=True):
    """An address with {names} of what stands in it."""

    path: str
    names: tuple[str, ...]

    def filled(self, value: str) -> Iterator[str]:
        """The address with this id in all its places, once for each word."""
        choices = [WORDS.get(name, (value,)) for name in self.names]
        for chosen in itertools.product(*choices):
            yield self.path.format(**dict(zip(self.names, chosen, strict=True)))


def addresses() -> list[Address]:
    """Every address of the product, from Django's own table."""
    return list(_walk(get_resolver().url_patterns, "/"))


def _walk(patterns: Iterable[Any], before: str) -> Iterator[Address]:
    for one in patterns:
        route = str(one.pattern)
        if isinstance(one, URLResolver):
            yield from _walk(one.url_patterns, before + route)
        elif isinstance(one, URLPattern) and not route.startswith("^"):  # The last: "not found".
            path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", before + route)
            yield Address(path, tuple(re.findall(r"{(\w+)}", path)))


WITH_IDS = [address for address in addresses() if set(address.names) - set(WORDS)]


class Visitor(msgspec.Struct):
    """Somebody with every right at one customer, on the console and by a personal token."""

    made: seed.Seeded
    pages: Client
    programs: Client
    token: str

    def ask(self, method: str, path: str, body: Any = None) -> HttpResponse:
        response: HttpResponse = self._asked(method, path, body)
        if response.streaming:  # Read at once: it can be looked through only one time.
            whole = response.getvalue()
            response = HttpResponse(whole, status=response.status_code, headers=response.headers)
        return response

    def _asked(self, method: str, path: str, body: Any) -> Any:
        if not path.startswith("/v1/"):
            form = urlencode(body or {"reason": "because", "text": "because"})
            kind = "application/x-www-form-urlencoded"
            return self.pages.generic(method, path, form, kind)
        right = door.body_for(two_customers.without_ids(path), self.made)
        sent = right if body is None else body
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": str(uuid4())}
        text = "" if method == "GET" else json.dumps(sent)
        return self.programs.generic(method, path, text, "application/json", headers=headers)


@pytest.fixture(scope="module")
def two(database: str) -> tuple[Visitor, Visitor]:
    oak = two_customers.customer("OAKTREE", seed.IBANS[0])
    elm = two_customers.customer("ELMWOOD", seed.IBANS[2])
    return visitor(oak), visitor(elm)


def visitor(made: seed.Seeded) -> Visitor:
    person_id = door.person([made], tuple(Role), f"Visitor of {made.code}")
    token = door.key(made, tuple(Scope), person_id=person_id)
    pages = door.browser()
    assert pages.login(email=f"{person_id}@example.com", password=door.PASSWORD)
    return Visitor(made, pages, door.browser(), token)


def ids_to_try(made: seed.Seeded, most: int | None = None if SOAK else 1) -> list[str]:
    """An id of each kind that this customer has rows of, with SOAK=1 every one, and its own."""
    kinds = (name for name, columns in two_customers.tables().items() if "id" in columns)
    found = {one for name in kinds for one in ids_in(name, made.tenant_id)[:most]}
    return [str(one) for one in sorted(found | {made.tenant_id})]


def said(response: HttpResponse, asked: str) -> tuple[int, str]:
    """The answer without what differs each time anyhow: the id asked for, tokens, moments."""
    text = response.content.decode(errors="replace").replace(asked, NOBODYS)
    text = re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", text)
    text = re.sub(r'X-CSRFToken":\s*"[^"]*"', "", text)
    return response.status_code, text


def leaks(response: HttpResponse, marks: set[str], code: str, asked: str) -> list[str]:
    """What of another customer stands in an answer or its headers, but for the id asked for."""
    headers = " ".join(f"{name}: {value}" for name, value in response.items())
    text = f"{headers} {response.content.decode(errors='replace')}"
    found = [one for one in ids_inside(text) if one in marks and one != asked]
    return found + ([code] if code in text else [])


@pytest.mark.parametrize("way", [0, 1], ids=["oak-to-elm", "elm-to-oak"])
def test_ids_in_addresses(two: Any, way: int) -> None:
    ask, other = two[way].ask, two[1 - way].made
    before, marks = fingerprint(other), told_apart(other, two[way].made)
    wrong, theirs = [], ids_to_try(other)
    # The way back shows that it is no matter of who came first: reading is enough for that.
    methods = METHODS if way == 0 or SOAK else ("GET",)
    for method, address in itertools.product(methods, WITH_IDS):
        unknown = [said(ask(method, path), NOBODYS) for path in address.filled(NOBODYS)]
        if all(status == 405 for status, _ in unknown):
            continue
        for one in theirs:
            nobodys = zip(address.filled(NOBODYS), unknown, strict=True)
            for path, (nobodys_path, expected) in zip(address.filled(one), nobodys, strict=True):
                answer = ask(method, path)
                told = leaks(answer, marks, other.code, one)
                apart = said(answer, one) != expected
                if apart:  # A page that shows the time may have gone on by a minute: once more.
                    expected = said(ask(method, nobodys_path), NOBODYS)
                    apart = said(ask(method, path), one) != expected
                if apart or answer.status_code >= 500 or told:
                    wrong.append((method, path, answer.status_code, expected[0], told))
    assert not wrong, wrong[:20]
    assert fingerprint(other) == before


def test_ids_in_questions(two: Any) -> None:
    """Every parameter that is described, and every name that a page may be asked by."""
    other = two[1].made
    marks, wrong = told_apart(other, two[0].made), []
    asked = [*map(str, (other.tenant_id, other.entity_id, other.connection_id, other.account_id)),
             str(other.order_ids[0]), str(other.statement_id), f"E-{other.code}"]  # fmt: skip
    for (path, names), one in itertools.product(questions(), asked):
        answer = two[0].ask("GET", f"{path}?{urlencode(dict.fromkeys(names, one))}")
        told = [leak for leak in leaks(answer, marks, other.code, one) if leak not in one]
        if answer.status_code >= 500 or told:
            wrong.append((path, names, one, answer.status_code, told))
    assert not wrong, wrong[:20]


def test_ids_in_what_is_sent(two: Any) -> None:
    """Every field of every body and form, filled with every id of the other customer."""
    asker, other = two[0].made, two[1].made
    # What was sent may be kept as our own words (a name, a remark) and be shown to us again.
    before, marks = fingerprint(other), told_apart(other, asker) - set(ids_to_try(other))
    wrong = []
    for path, body in forms(asker, other):
        answer = two[0].ask("POST", path, body)
        told = leaks(answer, marks, other.code, "")
        if answer.status_code >= 500 or told:
            wrong.append((path, body, answer.status_code, told))
    assert not wrong, wrong[:20]
    assert fingerprint(other) == before


def questions() -> Iterator[tuple[str, list[str]]]:
    """The addresses without ids that are read, and by which names they are asked."""
    for path, told in json.loads(description())["paths"].items():
        if "get" in told and "{" not in path:
            parameters = told["get"].get("parameters", [])
            yield from ((path, [one["name"]]) for one in parameters if one["in"] == "query")
    every_name = fields_of_forms()
    for address in addresses():
        if not address.names and not address.path.startswith("/v1/"):
            yield address.path, every_name


def forms(asker: seed.Seeded, other: seed.Seeded) -> Iterator[tuple[str, Any]]:
    """What could be sent to the addresses without ids: right bodies with one field changed, and
    forms with every name that any form has."""
    theirs = ids_to_try(other)
    for path, told in json.loads(description())["paths"].items():
        right = door.body_for(path, asker) if "post" in told and "{" not in path else {}
        for name, value in right.items():
            if isinstance(value, list):
                yield path, {**right, name: theirs}
            if isinstance(value, str):
                yield from ((path, {**right, name: one}) for one in theirs)
    every_name = fields_of_forms()
    for address in addresses():
        if not address.names and not address.path.startswith(("/v1/", "/sign-", "/password")):
            yield from ((address.path, dict.fromkeys(every_name, one)) for one in theirs)


def fields_of_forms() -> list[str]:
    """The names of all fields of all forms of the console."""
    text = "".join(path.read_text() for path in sorted(TEMPLATES.rglob("*.html")))
    found = set(re.findall(r'<(?:input|select|textarea|button)\b[^>]*?\bname="(\w+)"', text))
    return sorted(found - {"csrfmiddlewaretoken"})
