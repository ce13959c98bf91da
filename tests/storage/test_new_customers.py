"""A customer of a minute ago, in no statistics yet, is not planned for as one without rows."""

from __future__ import annotations

import json

import pytest
from django.db import connections

from nostro.ops.identifiers import TimeOrderedIds
from nostro.storage import bulk
from nostro.storage.models import Seen
from nostro.storage.tenancy import tenant
from tests import seed

pytestmark = pytest.mark.usefixtures("database")

ROWS = 5000

new = TimeOrderedIds().new


def test_a_new_customer_is_planned_for_as_the_others_are() -> None:
    """Else all indexes look alike, and a portion of a large run may read the whole run."""
    known, unknown = new(), new()
    with tenant(known):
        bulk.insert(
            Seen,
            [
                {
                    "tenant_id": known,
                    "kind": "test",
                    "digest": str(number),
                    "refers_to": known,
                    "first_seen_at": seed.NOW,
                }
                for number in range(ROWS)
            ],
        )
    with connections["owner"].cursor() as cursor:
        cursor.execute("ANALYZE seen")
    with tenant(unknown), connections["default"].cursor() as cursor:
        cursor.execute("EXPLAIN (FORMAT JSON) SELECT * FROM seen")
        (told,) = cursor.fetchone()
    plan = told if isinstance(told, list) else json.loads(told)
    assert plan[0]["Plan"]["Plan Rows"] > ROWS // 10
