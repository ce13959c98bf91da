"""Until when the rails let money come back."""

from __future__ import annotations

from datetime import date, timedelta

from nostro.domain.finality import finality_until
from nostro.domain.payment import Rail


def weekdays(day: date) -> date:
    return day + timedelta(days=max(0, 7 - day.isoweekday() + 1)) if day.isoweekday() > 5 else day


def test_three_bank_days_after_settlement() -> None:
    friday = date(2026, 11, 20)
    sepa = Rail.SEPA_CREDIT_TRANSFER
    assert finality_until(sepa, friday, weekdays) == date(2026, 11, 25)
    assert finality_until(sepa, date(2026, 11, 16), weekdays) == date(2026, 11, 19)


def test_a_rail_without_a_term_is_not_called_final() -> None:
    assert finality_until(Rail.CROSS_BORDER_TRANSFER, date(2026, 11, 20), weekdays) is None
