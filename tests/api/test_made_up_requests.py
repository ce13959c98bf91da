"""Requests that a program makes up from our description of /v1, right ones and wrong ones.

The program is schemathesis, which we did not write. It holds each answer against the description:
no failure of ours, a shape and a media type that are told there, wrong requests refused, and
nothing given to whoever has no key. What it may ask for is asked of rows that are there.
"""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import positive_data_acceptance

from nostro.api.describe import description
from nostro.domain.party import Role
from nostro.storage.keys import Scope
from nostro.wsgi import application
from tests import seed
from tests.api import door
from tests.security import two_customers

EXAMPLES = 400 if os.environ.get("SOAK") == "1" else 8
DOCUMENT = json.loads(description())
SCHEMA = schemathesis.openapi.from_dict(
    DOCUMENT,
    config=SchemathesisConfig.from_dict({"generation": {"with-security-parameters": False}}),
)
SCHEMA.app = application
OPERATIONS = [(path, method) for path, found in DOCUMENT["paths"].items() for method in found]
# Said of a request whose form is wrong. Another refusal is about the business.
OF_THE_FORM = {
    *("request_invalid", "body_unreadable", "field_repeated", "parameter_unknown"),
    *("idempotency_key_missing", "idempotency_key_invalid"),
}
quickly = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=(Phase.generate,),  # What it finds is told at once, not made smaller first.
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def made(database: str) -> seed.Seeded:
    return two_customers.customer("OAKTREE", seed.IBANS[0])


@pytest.fixture(scope="module")
def token(made: seed.Seeded) -> str:
    return door.key(made, tuple(Scope), person_id=door.person([made], tuple(Role)))


@pytest.fixture(scope="module")
def rows(made: seed.Seeded) -> dict[str, str]:
    return {part: two_customers.named(part, made)[0] for part in two_customers.NAMED}


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_what_is_described_is_what_is_done(
    token: str, rows: dict[str, str], path: str, method: str
) -> None:
    operation = SCHEMA[path][method]
    right = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    wrong = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
    takes_something = bool(DOCUMENT["paths"][path][method].get("parameters")) or method == "post"

    @quickly
    @given(case=st.one_of(right, wrong) if takes_something else right)
    def asked(case: Case[Any]) -> None:
        for name in case.path_parameters:
            if name in rows and len(str(case.path_parameters[name])) == 36:
                case.path_parameters = {**case.path_parameters, name: rows[name]}
        answer = case.call_and_validate(
            headers={"Authorization": f"Bearer {token}"},
            base_url="http://localhost",
            excluded_checks=[positive_data_acceptance],  # We know which refusals are of the form.
        )
        if case.meta and case.meta.generation.mode.is_positive and answer.status_code >= 400:
            told = answer.json()
            assert told["code"] not in OF_THE_FORM, (told, case)

    asked()
