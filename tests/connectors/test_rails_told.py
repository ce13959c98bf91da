"""What settings say of rails and formats is what the opened connection does."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from nostro import connectors
from nostro.domain.payment import Rail
from nostro.ports import SendsPayments

NACHA = {"ach_ccd": "nacha"}


@pytest.mark.parametrize("name", sorted(connectors.find()))
def test_settings_and_connection_tell_the_same_rails(name: str) -> None:
    connector = connectors.find()[name]
    config: dict[str, Any] = msgspec.to_builtins(connector.example)
    if "formats" in connector.config.__struct_fields__:
        config["formats"] = NACHA
    opened = connectors.open_connection(name, config, dict.fromkeys(connector.secret_names, "x"))
    told = connectors.rails_told(name, config)
    if not isinstance(opened, SendsPayments):
        assert told is None
        return
    assert told is not None
    assert told.keys() == opened.rails()
    assert told == {rail: opened.payment_format(rail) for rail in opened.rails()}


def test_mock_bank_takes_what_its_settings_name() -> None:
    config = {"base_url": "http://127.0.0.1:8090", "formats": NACHA}
    assert connectors.rails_told("mock_bank", config) == {
        Rail.SEPA_CREDIT_TRANSFER: "pain_001",
        Rail.CROSS_BORDER_TRANSFER: "pain_001",
        Rail.ACH_CCD: "nacha",
    }


def test_settings_that_cannot_be_read_tell_nothing() -> None:
    assert connectors.rails_told("mock_bank", {}) is None
    assert connectors.rails_told("gone", {}) is None
