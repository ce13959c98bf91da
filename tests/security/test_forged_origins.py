"""No other site can act through somebody's browser: each address refuses a forged origin.

Addresses come from the URL resolver, so that none can be forgotten. The browser is signed in, with
every right, and even sends the right token; only the Origin is another site's.
"""

from __future__ import annotations

from http import HTTPStatus

import pytest
from django.test import Client

from nostro.domain.party import Role
from tests import seed
from tests.api import door
from tests.security import two_customers
from tests.security.test_other_customers_ids import NOBODYS, addresses

MUTATING = ("POST", "PUT", "PATCH", "DELETE")
READ_ONLY = {"/v1/openapi.json"}  # The same text whatever is asked.
FORGED = {"Origin": "https://elsewhere.example"}


@pytest.fixture(scope="module")
def made(database: str) -> seed.Seeded:
    return two_customers.customer("OAKTREE", seed.IBANS[0])


def browser(made: seed.Seeded) -> Client:
    return door.signed_in(door.person([made], tuple(Role), "Visitor of OAKTREE"))


def test_every_address_refuses_a_forged_origin(made: seed.Seeded) -> None:
    pages = browser(made)
    token = _token(pages)
    before = two_customers.fingerprint(made)
    taken = {
        f"{method} {address.path}": status
        for address in addresses()
        if address.path not in READ_ONLY
        for method in MUTATING
        for path in address.filled("7" if address.is_numbered else NOBODYS)
        if (status := _asked(pages, method, path, token)) not in _REFUSED
    }
    assert taken == {}
    assert two_customers.fingerprint(made) == before


def test_the_same_browser_may_from_our_own_pages(made: seed.Seeded) -> None:
    """Else the test above would hold for a browser that is refused everything."""
    pages = browser(made)
    token = _token(pages)
    answer = pages.post("/preferences/", {"csrfmiddlewaretoken": token, "next": "/"})
    assert answer.status_code != HTTPStatus.FORBIDDEN


# A program's address never looks at cookies: without a key it knows nobody. 405: nothing is done
# there by this method.
_REFUSED = (HTTPStatus.FORBIDDEN, HTTPStatus.UNAUTHORIZED, HTTPStatus.METHOD_NOT_ALLOWED)


def _token(pages: Client) -> str:
    """The right token, as a page of ours gives it."""
    pages.get("/sign-out/")
    return pages.cookies["csrftoken"].value


def _asked(pages: Client, method: str, path: str, token: str) -> int:
    headers = {**FORGED, "X-CSRFToken": token}
    return int(pages.generic(method, path, "reason=because", headers=headers).status_code)
