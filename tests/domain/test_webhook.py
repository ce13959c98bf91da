"""How long a delivery is tried, and who is told of what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostro.domain.webhook import (
    DELIVERY,
    LASTS,
    PAUSES,
    DeliveryMove,
    DeliveryState,
    pause_after,
    retry_at,
    wants,
)

BEGAN = datetime(2026, 11, 20, 9, tzinfo=UTC)


@given(delivery_id=st.uuids(), tries=st.integers(1, 60))
def test_a_pause_is_the_ladders_and_up_to_a_fifth_more(delivery_id: UUID, tries: int) -> None:
    rung = PAUSES[min(tries, len(PAUSES)) - 1]
    assert rung <= pause_after(delivery_id, tries) <= rung * 6 / 5
    assert pause_after(delivery_id, tries) == pause_after(delivery_id, tries), "not by chance"


def test_what_failed_together_is_not_tried_again_in_one_moment() -> None:
    assert len({pause_after(UUID(int=number), 3) for number in range(100)}) > 90


@given(delivery_id=st.uuids())
def test_it_is_tried_for_three_days_and_then_once_more_never(delivery_id: UUID) -> None:
    now, tries = BEGAN, 0
    while (again := retry_at(delivery_id, tries := tries + 1, BEGAN, now)) is not None:
        assert now < again <= BEGAN + LASTS
        now = again
    assert now == BEGAN + LASTS, "the last try is at the very end"
    assert 10 < tries < 20


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ((), True),
        (("nostro.order.moved",), True),
        (("nostro.order.*",), True),
        (("nostro.case.*", "nostro.*"), True),
        (("nostro.order",), False),
        (("nostro.order.mov",), False),
        (("nostro.orders.*",), False),
        (("nostro.case.opened",), False),
    ],
)
def test_who_is_told(asked: tuple[str, ...], told: bool) -> None:
    assert wants(asked, "nostro.order.moved") is told


def test_whatever_became_of_a_delivery_it_can_be_replayed() -> None:
    assert DELIVERY.sources(DeliveryMove.REPLAY) == frozenset(DeliveryState)
    assert DELIVERY.reachable() == frozenset(DeliveryState)
    assert not DELIVERY.allows(DeliveryState.SET_ASIDE, DeliveryMove.DELIVER)
    assert timedelta() < LASTS
