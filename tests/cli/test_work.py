"""One customer's trouble with the seals is told once and ends no worker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import OperationalError
from structlog.testing import capture_logs

from nostro.cli.work import going_on


def test_what_cannot_be_sealed_ends_no_worker_and_is_told_once() -> None:
    outcomes: Iterator[int | Exception] = iter([ValueError("a"), ValueError("a"), 3])

    def seal() -> int:
        outcome = next(outcomes)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    sealed = going_on(seal)
    with capture_logs() as told:
        assert [sealed(), sealed(), sealed()] == [0, 0, 3]
    assert [line["event"] for line in told] == ["sealing_failed"]


def test_a_database_that_is_away_is_the_workers_matter() -> None:
    def seal() -> int:
        raise OperationalError("away")

    with pytest.raises(OperationalError):
        going_on(seal)()
