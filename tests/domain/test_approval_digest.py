"""What an approval signed stays what it signed: the digest of a plain payment never changes."""

from __future__ import annotations

from datetime import date

import msgspec

from nostro.domain.money import Money
from nostro.domain.party import PostalAddress
from nostro.domain.payment import (
    Approvable,
    ChargeBearer,
    Instruction,
    Rail,
    RollRule,
    Route,
    WayOut,
)

PLAIN = Approvable(
    order_id="019ab5c0-0000-7000-8000-000000000001",
    instruction=Instruction(
        end_to_end_id="ACME-1",
        amount=Money(123456, "EUR"),
        creditor_name="Payee V1",
        creditor_address=PostalAddress(
            street="Kade", building="1", post_code="1011", town="Utrecht", country="NL"
        ),
        creditor_iban="NL91ABNA0417164300",
        creditor_bic="ABNANL2A",
        requested_date=date(2026, 11, 23),
        latest_date=date(2026, 12, 3),
        roll_rule=RollRule.NEXT_BANK_DAY,
        remittance="Invoice 7",
        creditor_reference="",
    ),
    route=Route(
        account_id="019ab5c0-0000-7000-8000-000000000002",
        debtor_iban="DE89370400440532013000",
        connection_id="019ab5c0-0000-7000-8000-000000000003",
        rail=Rail.SEPA_CREDIT_TRANSFER,
        charge_bearer=ChargeBearer.SLEV,
        rule="EUR from DE-EUR, SEPA reaches the payee",
    ),
    payee_account_id="019ab5c0-0000-7000-8000-000000000004",
    payee_account_version=2,
    policy_version="approval-0",
)
# As the version before routing rules, fallback and enrichment worked it out.
SIGNED = "987984f2083aaf30175f128ac8fb674c021c189c8f4550e7e4a565881780f230"
OTHER = WayOut(
    account_id="019ab5c0-0000-7000-8000-000000000009",
    debtor_iban="DE02100100109307118603",
    connection_id="019ab5c0-0000-7000-8000-00000000000a",
    rail=Rail.SEPA_CREDIT_TRANSFER,
)


def test_the_digest_of_a_plain_payment() -> None:
    assert PLAIN.digest() == SIGNED


def test_a_list_of_ways_to_fall_back_to_is_part_of_what_is_signed() -> None:
    route = msgspec.structs.replace(PLAIN.route, fallback=(OTHER,))
    listed = msgspec.structs.replace(PLAIN, route=route)
    assert listed.digest() != SIGNED
    taken = route.taking(OTHER, first=route.way())
    assert taken.way() == OTHER
    assert taken.debtor_iban == OTHER.debtor_iban
    assert taken.charge_bearer == route.charge_bearer
    assert taken.as_approved() == route
    again = msgspec.structs.replace(PLAIN, route=taken.as_approved())
    assert again.digest() == listed.digest()
