"""The pool hands out no connection that the server has ended, and asks the others nothing."""

from __future__ import annotations

import select
from typing import Any

import psycopg
import pytest
from django.db import connections

from nostro.storage.postgresql.base import QuietPool


def connect() -> psycopg.Connection[Any]:
    parameters = {**connections["default"].get_connection_params(), "autocommit": True}
    return psycopg.connect(**parameters)


def test_a_connection_that_the_server_ended_is_found(database: str) -> None:
    with connect() as here:
        with connect() as other:
            QuietPool.check_connection(here)
            other.execute("SELECT pg_terminate_backend(%s)", [here.info.backend_pid])
            assert select.select([here.fileno()], [], [], 30)[0], "its end never came"
        with pytest.raises(psycopg.OperationalError):
            QuietPool.check_connection(here)


def test_a_working_connection_is_asked_nothing(database: str) -> None:
    with connect() as here:
        asked = "SELECT query FROM pg_stat_activity WHERE pid = %s"
        here.execute("SELECT 'the last that was asked'")
        QuietPool.check_connection(here)
        with connect() as other:
            found = other.execute(asked, [here.info.backend_pid]).fetchone()
    assert found == ("SELECT 'the last that was asked'",)
