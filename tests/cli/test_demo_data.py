"""The demo's files: reproducible, and saying of themselves what is true."""

from __future__ import annotations

import csv
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from lxml import etree

from nostro.cli import demo_data
from nostro.domain.errors import Invalid
from nostro.domain.identifier import bic, iban, is_creditor_reference
from nostro.domain.money import Money, total
from nostro.domain.party import Role

ROOT = Path(__file__).parents[2]
DATA = demo_data.master_data()
PAID_ROWS = demo_data.read(DATA.payment_run.file).decode().splitlines()
RUN = list(csv.DictReader(PAID_ROWS[:-1], delimiter=";"))
ITEMS = list(
    csv.DictReader(demo_data.read(DATA.open_items.file).decode().splitlines(), delimiter=";")
)
PAYEES = {payee.number: payee for payee in DATA.payees}
ON_PURPOSE = DATA.payment_run
SCHEMA = ROOT / "nostro" / "formats" / "iso20022" / "schemas" / "camt.053.001.08.xsd"
BATCH = {
    "statement_id": "NOSTRO-SAMPLE-1",
    "sequence": "1",
    "created_at": "2026-11-20T18:00:00+00:00",
    "day": "2026-11-20",
    "iban": DATA.accounts[0].iban,
    "currency": "EUR",
    "owner": "Vesterholt Werke GmbH",
    "bic": "MOCKNL2A",
    "opening": "1000.00",
    "closing": "900.00",
    "amount": "100.00",
    "count": "3",
    "message_id": "M1",
    "payment_information_id": "M1-B1",
    "bank_reference": "BATCH-1",
}


def row(item: int) -> dict[str, str]:
    return RUN[item - 1]


def amount(line: dict[str, str], column: str = "AMOUNT") -> Money:
    return Money.parse(line[column], line["CURRENCY"])


def test_generating_again_gives_the_same_bytes(tmp_path: Path) -> None:
    script = ROOT / "examples" / "vesterholt" / "generate.py"
    if not script.exists():
        pytest.skip("only in the source tree")
    subprocess.run([sys.executable, "-I", script, tmp_path], check=True, stdout=subprocess.DEVNULL)
    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert len(written) == 3
    assert written == {name: demo_data.read(name) for name in written}


def test_the_trailer_adds_up() -> None:
    sums = total(amount(line) for line in RUN)
    told = ",".join(f"{currency}={money.number()}" for currency, money in sums.items())
    assert PAID_ROWS[-1] == f"TRAILER;{len(RUN)};{told}"
    assert [line["ITEM"] for line in RUN] == [str(number) for number in range(1, 46)]
    assert {line["RUN_ID"] for line in RUN} == {ON_PURPOSE.run_id}


def test_it_is_big_enough() -> None:
    assert len({line["VENDOR"] for line in RUN}) >= 40
    assert {line["COMPANY_CODE"] for line in RUN} == {entity.code for entity in DATA.entities}
    assert len(DATA.accounts) == 3
    assert {line["CURRENCY"] for line in RUN} == {a.currency for a in DATA.accounts}
    assert len({line["COUNTRY"] for line in RUN}) >= 10
    assert all(line["CITY"] and line["POSTAL_CODE"] and line["STREET"] for line in RUN)


def test_exactly_one_line_has_a_wrong_iban() -> None:
    wrong = []
    for line in RUN:
        bic(line["BIC"])
        try:
            iban(line["IBAN"])
        except Invalid:
            wrong.append(int(line["ITEM"]))
    assert wrong == [ON_PURPOSE.invalid_iban_item]


def test_exactly_one_line_pays_an_account_changed_just_before() -> None:
    differing = []
    for line in RUN:
        versions = PAYEES[line["VENDOR"]].accounts
        assert versions[-1].iban == line["IBAN"] or line["ITEM"] == "9"
        if not versions[-1].confirmed:
            differing.append(int(line["ITEM"]))
            assert (DATA.starts_at - versions[-1].valid_from).days == 1  # 1 day and 18 hours
    assert differing == [ON_PURPOSE.changed_account_item]


def test_exactly_one_line_was_paid_before() -> None:
    before = {(p.payee_number, p.money(), p.invoices) for p in DATA.paid}
    again = [
        int(line["ITEM"])
        for line in RUN
        if (line["VENDOR"], amount(line), tuple(line["INVOICES"].split(","))) in before
    ]
    assert again == [ON_PURPOSE.duplicate_item]


def test_within_the_run_nothing_else_looks_like_a_duplicate() -> None:
    counted = Counter((line["VENDOR"], line["INVOICES"]) for line in RUN)
    assert set(counted.values()) == {1}
    assert {line["VENDOR"] for line in RUN} == set(PAYEES)


def test_the_closed_account_is_the_banks_and_nothing_of_ours_is_wrong_with_it() -> None:
    line = row(ON_PURPOSE.closed_account_item)
    assert [closed.iban for closed in DATA.closed_accounts] == [line["IBAN"]]
    assert PAYEES[line["VENDOR"]].accounts[-1].confirmed


def test_references_are_structured_or_free() -> None:
    structured = [line for line in RUN if line["REFERENCE"].startswith("RF")]
    assert len(structured) >= 5
    assert all(is_creditor_reference(line["REFERENCE"]) for line in structured)
    assert any(not line["REFERENCE"] for line in RUN)
    assert max(len(line["REFERENCE"]) for line in RUN) <= 140


def test_receipts_are_what_they_are_there_to_show() -> None:
    owed = {line["DOCUMENT"]: amount(line, "OPEN_AMOUNT") for line in ITEMS}
    accounts = {account.bank_id: account.currency for account in DATA.accounts}
    for receipt in DATA.receipts:
        assert accounts[receipt.bank_id] == receipt.currency
        sums = total(owed[document] for document in receipt.documents)
        if receipt.case in ("exact", "several"):
            assert sums == {receipt.currency: receipt.money()}
        elif receipt.case == "short_pay":
            assert sums[receipt.currency].minor > receipt.money().minor
    cases = Counter(receipt.case for receipt in DATA.receipts)
    assert cases == {"exact": 3, "several": 1, "short_pay": 1, "unknown": 1}
    ids = [receipt.end_to_end_id for receipt in DATA.receipts]
    assert len(set(ids)) == len(ids)


def test_every_other_account_number_is_right() -> None:
    numbers = [account.iban for account in DATA.accounts]
    numbers += [version.iban for payee in DATA.payees for version in payee.accounts]
    numbers += [r.debtor_iban for r in DATA.receipts]
    numbers += [line["PAYER_IBAN"] for line in ITEMS if line["PAYER_IBAN"]]
    assert [iban(number) for number in numbers] == numbers
    assert len({account.iban for account in DATA.accounts}) == 3


def test_there_are_the_people_that_the_main_job_needs() -> None:
    roles = Counter(role for person in DATA.people for role in person.roles)
    assert roles == {Role.MAKER: 1, Role.APPROVER: 3, Role.TREASURER: 1, Role.AUDITOR: 1}
    # Three approvers, two of whom made nothing: the maker may not approve his own.
    released_by = {line["APPROVED_BY"] for line in RUN}
    (maker,) = (person for person in DATA.people if Role.MAKER in person.roles)
    assert released_by == {maker.erp_user}


def test_the_batch_booking_sample_says_whose_it_is_and_fills_every_token() -> None:
    text = demo_data.batch_booking_sample(BATCH).decode()
    assert "not from any bank" in text
    assert "{" not in text
    assert text.count(">100.00<") == 3


def test_the_batch_booking_sample_is_valid_by_the_official_schema() -> None:
    schema = etree.XMLSchema(etree.parse(str(SCHEMA)))
    schema.assertValid(etree.fromstring(demo_data.batch_booking_sample(BATCH)))
