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
import time
from collections.abc import Container, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

import msgspec
import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from nostro.api.describe import description
from nostro.console.views import cases
from nostro.console.views import changes as change_views
from nostro.domain.party import Role
from nostro.storage.keys import Scope
from nostro.workflows import changes
from tests import seed
from tests.api import door
from tests.security import two_customers
from tests.security.two_customers import fingerprint, ids_in, ids_inside, named, told_apart

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
SOAK = os.environ.get("SOAK") == "1"
NOBODYS = "00000000-0000-4000-8000-000000000000"
TEMPLATES = Path(__file__).parents[2] / "nostro" / "console" / "templates"

NO_NUMBER = "987654321"
NUMBERED = {"pk", "sign_in_id"}  # What others wrote counts its rows.
OTHER_KINDS = 4

# Parts of addresses that are no ids: what is put there, by where the address begins.
WORDS = {
    ("/cases/", "deed"): tuple(cases.DEEDS),
    ("/changes/", "deed"): tuple(change_views.DEEDS),
    ("/payments/", "form"): ("text", "pdf", "x12_820"),
    ("/positive-pay/checks/", "deed"): ("void", "stop", "told"),
    ("/payees/", "deed"): ("propose", "dismiss"),
    ("/nettings/", "deed"): ("send", "take", "dismiss"),
    ("/changes/", "kind_name"): tuple(changes.find()),
    ("/policies/", "kind_name"): tuple(changes.find()),
    ("/v1/policies/", "kind_name"): tuple(changes.find()),
}


class Address(msgspec.Struct, frozen=True):
    """An address with {names} of what stands in it."""

    path: str
    names: tuple[str, ...]

    def words(self, name: str) -> tuple[str, ...]:
        """What the part of this name can be, when it is a word; () when it names something."""
        found = (words for (begin, part), words in WORDS.items()
                 if part == name and self.path.startswith(begin))  # fmt: skip
        return next(found, ())

    @property
    def is_numbered(self) -> bool:
        return bool(NUMBERED & set(self.names))

    @property
    def ids(self) -> list[str]:
        return [name for name in self.names if not self.words(name)]

    def put(self, values: Mapping[str, str]) -> Iterator[str]:
        """The address with these values in its places, once for each word."""
        choices = [self.words(name) or (values[name],) for name in self.names]
        for chosen in itertools.product(*choices):
            yield self.path.format(**dict(zip(self.names, chosen, strict=True)))

    def filled(self, value: str) -> Iterator[str]:
        """The address with this id in all its places, once for each word."""
        return self.put(dict.fromkeys(self.names, value))

    def of_others(self, mine: seed.Seeded, theirs: seed.Seeded) -> Iterator[tuple[str, str]]:
        """The address with what it names: another customer's in one place or in all. And the same
        with what nobody has instead."""
        ids = [name for name in self.ids if name not in two_customers.NO_ID]
        for foreign in itertools.product((True, False), repeat=len(ids)):
            if not any(foreign) or len(ids) < len(self.ids):
                continue
            values, nobodys = {}, {}
            for name, is_foreign in zip(ids, foreign, strict=True):
                values[name] = named(name, theirs if is_foreign else mine)[0]
                nobodys[name] = nobodys_for(values[name]) if is_foreign else values[name]
            yield from zip(self.put(values), self.put(nobodys), strict=True)


def nobodys_for(value: str) -> str:
    return NO_NUMBER if value.isdecimal() else NOBODYS


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


WITH_IDS = [address for address in addresses() if address.ids]


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
    _confirm(pages, person_id)
    return Visitor(made, pages, door.browser(), token)


def _confirm(pages: Client, person_id: UUID) -> None:
    """As if the person had given his password just now, for as long as the tests take: else his
    profile asks for it before anything is looked up."""
    session = pages.session
    proof = {"method": "password", "at": time.time() + 24 * 60 * 60}
    session["account_authentication_methods"] = [proof]
    session["account_authentication_methods_user"] = str(person_id)
    session.save()


def ids_to_try(made: seed.Seeded, most: int | None = None if SOAK else 1) -> list[str]:
    """An id of each kind that this customer has rows of, with SOAK=1 every one, and its own."""
    kinds = (name for name, columns in two_customers.tables().items() if "id" in columns)
    found = {one for name in kinds for one in ids_in(name, made.tenant_id)[:most]}
    return [str(one) for one in sorted(found | {made.tenant_id})]


def said(response: HttpResponse, path: str, asked: Iterable[str]) -> tuple[int, str]:
    """The answer without what differs each time anyhow: the ids asked for, tokens, moments."""
    text = response.content.decode(errors="replace").replace(path, "")
    for one in asked:
        text = text if one.isdecimal() else text.replace(one, NOBODYS)
    text = re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", text)
    text = re.sub(r'X-CSRFToken":\s*"[^"]*"', "", text)
    return response.status_code, text


def leaks(response: HttpResponse, marks: set[str], code: str, asked: Container[str]) -> list[str]:
    """What of another customer stands in an answer or its headers, but for the id asked for."""
    headers = " ".join(f"{name}: {value}" for name, value in response.items())
    text = f"{headers} {response.content.decode(errors='replace')}"
    found = [one for one in ids_inside(text) if one in marks and one not in asked]
    return found + ([code] if code in text else [])


def test_every_part_of_an_address_has_a_row_of_both_customers(two: Any) -> None:
    """A new address whose ids no test tries must not be forgotten: see `two_customers.NAMED`."""
    parts = {name for address in addresses() for name in address.ids}
    assert parts == {*two_customers.NAMED, *two_customers.NO_ID}
    for part in two_customers.NAMED:
        own, other = (set(named(part, visitor.made)) for visitor in two)
        assert own, part
        assert other, part
        assert not own & other, part


def test_every_own_id_is_found_where_it_belongs(two: Any) -> None:
    """Else the tests below would hold for addresses that never find anything."""
    lost = []
    for address in WITH_IDS:
        values = {name: named(name, two[0].made)[0] for name in address.ids
                  if name in two_customers.NAMED}  # fmt: skip
        for path in address.put(values) if len(values) == len(address.ids) else ():
            status = two[0].ask("GET", path).status_code
            lost += [path] if status == 404 else []
    assert lost == []


@pytest.mark.parametrize("way", [0, 1], ids=["oak-to-elm", "elm-to-oak"])
def test_ids_in_addresses(two: Any, way: int) -> None:
    """Each address with every row of the other customer that it can name, and with ids of other
    kinds: a few at each address, in turn; with SOAK=1 all."""
    ask, (mine, other) = two[way].ask, (two[way].made, two[1 - way].made)
    before, marks = fingerprint(other), told_apart(other, mine)
    wrong, kinds = [], itertools.cycle(ids_to_try(other))
    often = len(ids_to_try(other)) if SOAK else OTHER_KINDS
    # The way back shows that it is no matter of who came first: reading is enough for that.
    methods = METHODS if way == 0 or SOAK else ("GET",)
    for method, address in itertools.product(methods, WITH_IDS):
        nowhere = next(address.filled(NO_NUMBER if address.is_numbered else NOBODYS))
        if ask(method, nowhere).status_code == 405:
            continue
        pairs = list(address.of_others(mine, other))
        for one in itertools.islice(kinds, often):
            pairs += zip(address.filled(one), address.filled(NOBODYS), strict=True)
        expected = {path: ask(method, path) for path in {nobodys for _, nobodys in pairs}}
        for path, nobodys in pairs:
            wrong += _told_apart(ask, method, path, (nobodys, expected[nobodys]), marks, other.code)
    assert not wrong, wrong[:20]
    assert fingerprint(other) == before


def _told_apart(
    ask: Any, method: str, path: str, unknown: tuple[str, HttpResponse], marks: set[str], code: str
) -> list[object]:
    """What is wrong with the answer to another's id, held against the one to nobody's."""
    asked, (nobodys, expected) = set(path.split("/")), unknown
    answer = ask(method, path)
    told = leaks(answer, marks, code, asked)
    apart = said(answer, path, asked & marks) != said(expected, nobodys, ())
    if apart:  # A page that shows the time may have gone on by a minute: once more.
        again, expected = ask(method, path), ask(method, nobodys)
        apart = said(again, path, asked & marks) != said(expected, nobodys, ())
    if apart or answer.status_code >= 500 or told:
        return [(method, path, answer.status_code, expected.status_code, told)]
    return []


def test_ids_in_questions(two: Any) -> None:
    """Every parameter that is described, and every name that a page may be asked by."""
    other = two[1].made
    marks, wrong = told_apart(other, two[0].made), []
    asked = [*map(str, (other.tenant_id, other.entity_id, other.connection_id, other.account_id)),
             str(other.order_ids[0]), str(other.statement_id), f"E-{other.code}"]  # fmt: skip
    for path, names in questions():
        for one in asked:
            answer = two[0].ask("GET", f"{path}?{urlencode(dict.fromkeys(names, one))}")
            told = [leak for leak in leaks(answer, marks, other.code, one) if leak not in one]
            if answer.status_code >= 500 or told:
                wrong.append((path, names, one, answer.status_code, told))
            if answer.status_code == 405:  # It only takes forms.
                break
    assert not wrong, wrong[:20]


def test_ids_in_what_is_sent(two: Any) -> None:
    """Every field of every body and form, filled with every id of the other customer."""
    asker, other = two[0].made, two[1].made
    # What was sent may be kept as our own words (a name, a remark) and be shown to us again.
    before, marks = fingerprint(other), told_apart(other, asker) - set(ids_to_try(other))
    wrong = []
    for path, bodies in forms(asker, other):
        for body in bodies:
            answer = two[0].ask("POST", path, body)
            told = leaks(answer, marks, other.code, "")
            if answer.status_code >= 500 or told:
                wrong.append((path, body, answer.status_code, told))
            if answer.status_code == 405:  # It is only read.
                break
    assert not wrong, wrong[:20]
    assert fingerprint(other) == before


def questions() -> Iterator[tuple[str, list[str]]]:
    """The addresses without ids that are read, and by which names they are asked."""
    for path, told in json.loads(description())["paths"].items():
        if "get" in told and "{" not in path:
            parameters = told["get"].get("parameters", [])
            yield from ((path, [one["name"]]) for one in parameters if one["in"] == "query")
    every_name = fields_of_forms()
    yield from ((path, every_name) for path in _console())


def forms(asker: seed.Seeded, other: seed.Seeded) -> Iterator[tuple[str, Iterator[Any]]]:
    """What could be sent to the addresses without ids: right bodies with one field changed, and
    forms with every name that any form has."""
    theirs = ids_to_try(other)
    for path, told in json.loads(description())["paths"].items():
        right = door.body_for(path, asker) if "post" in told and "{" not in path else {}
        for name, value in right.items():
            if isinstance(value, list):
                yield path, iter([{**right, name: theirs}])
            if isinstance(value, str):
                yield path, ({**right, name: one} for one in theirs)
    every_name = fields_of_forms()
    for path in _console():
        if not path.startswith(("/sign-", "/password")):
            yield path, (dict.fromkeys(every_name, one) for one in theirs)


def _console() -> Iterator[str]:
    """The pages that name no row, once for each word in their addresses."""
    for address in addresses():
        if not address.ids and not address.path.startswith("/v1/"):
            yield from address.put({})


def fields_of_forms() -> list[str]:
    """The names of all fields of all forms of the console."""
    text = "".join(path.read_text() for path in sorted(TEMPLATES.rglob("*.html")))
    found = set(re.findall(r'<(?:input|select|textarea|button)\b[^>]*?\bname="(\w+)"', text))
    return sorted(found - {"csrfmiddlewaretoken"})
