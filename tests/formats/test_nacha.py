"""ACH files: what is written comes back, every total is checked, damage is told with its place."""

from __future__ import annotations

from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.payment_file import Method, Payment, PaymentFile, assemble
from nostro.domain.problem import NOWHERE, Problem, Severity
from nostro.formats import Profile
from nostro.formats.american.nacha_options import ODD_DESCRIPTIONS
from nostro.formats.american.nacha_reader import read
from nostro.formats.american.nacha_writer import unplaced, write
from tests.formats.ach_files import ach_files

GOLDEN = Path(__file__).parents[1] / "golden" / "nacha"
DESCRIPTIONS = set(ODD_DESCRIPTIONS)
LINE_ENDS = {"lf": b"\n", "crlf": b"\r\n", "cr": b"\r", "none": b""}
rounds = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))


def files(data: bytes, **options: Any) -> list[PaymentFile]:
    """The files in the bytes, without the places they were read at; anything else fails."""
    found = [
        item
        for item in assemble(read(BytesIO(data), Profile(options=options)))
        if not (isinstance(item, Problem) and item.code in DESCRIPTIONS)
    ]
    assert all(isinstance(item, PaymentFile) for item in found), found
    return [_without_places(item) for item in found if isinstance(item, PaymentFile)]


def _without_places(file: PaymentFile) -> PaymentFile:
    batches = tuple(
        replace(batch, location=NOWHERE, payments=tuple(map(unplaced, batch.payments)))
        for batch in file.batches
    )
    return replace(file, batches=batches, location=NOWHERE)


@given(file=ach_files(), line_end=st.sampled_from(sorted(LINE_ENDS)))
@rounds
def test_what_is_written_reads_back_equal(file: PaymentFile, line_end: str) -> None:
    data = write(file, Profile(options={"line_end": line_end}))
    [again] = files(data)
    assert again == file
    assert write(again, Profile(options={"line_end": line_end})) == data
    assert len(data.replace(LINE_ENDS[line_end], b"")) % 940 == 0


def sample(name: str) -> bytes:
    return (GOLDEN / f"{name}.in").read_bytes()


def problems(data: bytes, **options: Any) -> dict[str, Problem]:
    """The problems told about bytes, by code."""
    found = read(BytesIO(data), Profile(options=options))
    return {item.code: item for item in found if isinstance(item, Problem)}


def test_one_wrong_entry_does_not_hide_the_others() -> None:
    lines = sample("payments").decode().split("\n")
    lines[2] = lines[2][:29] + "      9.99" + lines[2][39:]
    told = list(read(BytesIO("\n".join(lines).encode()), Profile()))
    assert sum(isinstance(item, Payment) for item in told) == 10
    wrong = [item for item in told if isinstance(item, Problem)]
    assert {item.code for item in wrong} == {"amount_not_a_number", "control_total_wrong"}
    assert wrong[0].raw == lines[2]
    assert str(wrong[0].location) == "line 3, batch 1, entry 1"


@pytest.mark.parametrize("column", [*range(4, 44), *range(79, 94)])
def test_every_digit_of_a_batch_control_is_checked(column: int) -> None:
    lines = sample("payments").decode().split("\n")
    control = lines[5]
    lines[5] = control[:column] + str((int(control[column]) + 1) % 10) + control[column + 1 :]
    told = problems("\n".join(lines).encode())
    assert told.keys() & {"control_total_wrong", "control_differs"}


@pytest.mark.parametrize("column", range(1, 55))
def test_every_digit_of_a_file_control_is_checked(column: int) -> None:
    lines = sample("payments").decode().split("\n")
    place = next(n for n, line in enumerate(lines) if line[:2] == "90")
    control = lines[place]
    lines[place] = control[:column] + str((int(control[column]) + 1) % 10) + control[column + 1 :]
    assert "control_total_wrong" in problems("\n".join(lines).encode())


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r", b""])
def test_line_ends_change_nothing_but_places(end: bytes) -> None:
    data = sample("payments")
    assert files(data.replace(b"\n", end)) == files(data)


def test_a_break_after_each_block_is_read() -> None:
    data = sample("payments").replace(b"\n", b"")
    blocks = b"\r\n".join(data[start : start + 940] for start in range(0, len(data), 940))
    assert files(blocks) == files(sample("payments"))


@pytest.mark.parametrize("lines", range(1, 41))
def test_a_cut_file_is_never_taken_for_whole(lines: int) -> None:
    whole = sample("payments").split(b"\n")
    data = b"\n".join(whole[:lines])
    if whole[lines - 1][:1] in b"18":
        assert problems(data)["file_control_missing"].severity is Severity.ERROR
    else:
        with pytest.raises(Invalid) as refused:
            problems(data)
        assert (refused.value.code, bool(refused.value.location)) == ("file_cut", True)


def test_a_service_that_sends_no_controls_is_a_profile() -> None:
    lines = sample("returns_crlf_trimmed_two_files").split(b"\r\n")
    bare = b"\n".join(line for line in lines[:12] if line[:1] in b"567")
    told = problems(bare, controls="optional")
    assert {"file_header_missing", "batch_control_missing", "file_control_missing"} <= set(told)
    assert {problem.severity for problem in told.values()} == {Severity.WARNING}


def payment_file() -> PaymentFile:
    return files(sample("payments"))[0]


def test_balanced_batches_get_one_entry_that_offsets_them() -> None:
    profile = {
        "balanced": True,
        "offset_routing": "091000022",
        "offset_account": "9988776655",
        "offset_name": "VESTERHOLT OFFSET",
        "batch_number_start": 41,
        "trace_number_start": 501,
    }
    file = replace(payment_file(), batches=payment_file().batches[:2])
    [written] = files(write(file, Profile(options=profile)))
    assert [batch.batch_id for batch in written.batches] == ["0000041", "0000042"]
    assert [batch.service_class for batch in written.batches] == ["200", "200"]
    first, second = written.batches
    assert [payment.rail_reference[8:] for payment in first.payments] == [
        f"{number:07d}" for number in range(501, 505)
    ]
    offset = first.payments[-1]
    assert (offset.transaction_code, offset.method) == ("27", Method.DIRECT_DEBIT)
    assert offset.amount == Money(449975, "USD")
    assert second.payments[2:] == ()  # Its own debit balances it already.


def test_what_the_bank_wants_comes_from_its_profile() -> None:
    profile = {
        "immediate_destination": " 121000358",
        "immediate_origin": "9876543210",
        "company_ids": {"CCD": "1111111111", "*": "2222222222"},
        "company_names": {"*": "VESTERHOLT US"},
        "descriptive_date": "SD1300",
        "file_id_modifier": "Z",
        "reference_code": "",
        "fill_blocks": False,
    }
    data = write(payment_file(), Profile(options=profile))
    lines = data.decode().splitlines()
    assert lines[0][3:23] == " 1210003589876543210"
    assert lines[0][33] == "Z"
    headers = [line for line in lines if line[0] == "5"]
    assert {line[40:50] for line in headers if line[50:53] == "CCD"} == {"1111111111"}
    assert {line[40:50] for line in headers if line[50:53] != "CCD"} == {"2222222222"}
    assert {line[63:69] for line in headers if line[50:53] != "IAT"} == {"SD1300"}
    assert lines[-1][:1] == "9"
    assert not lines[-1].startswith("99")


def test_codes_and_kinds_follow_from_the_account_when_nothing_is_said() -> None:
    file = payment_file()
    batch = file.batches[0]
    payments = tuple(replace(payment, transaction_code="", codes=()) for payment in batch.payments)
    plain = replace(batch, service_class="", payments=payments, codes=())
    [written] = files(write(replace(file, batches=(plain,)), Profile()))
    assert [payment.transaction_code for payment in written.batches[0].payments] == [
        "22",
        "32",
        "23",
    ]


def test_what_the_bank_need_not_know_is_left_out_only_by_name() -> None:
    file = payment_file()
    batch = file.batches[0]
    payments = tuple(replace(payment, instruction_id="I-1") for payment in batch.payments)
    file = replace(file, batches=(replace(batch, payments=payments),))
    with pytest.raises(Invalid, match="instruction_id") as refused:
        write(file, Profile())
    assert refused.value.code == "not_carried"
    write(file, Profile(options={"leave_out": ["instruction_id"]}))


@pytest.mark.parametrize("description", ["Reversal", "REVERSE", "PAYROLL", "PURCHASE"])
def test_only_the_word_reversal_turns_a_direction(description: str) -> None:
    file = payment_file()
    batch = next(batch for batch in file.batches if batch.local_instrument == "WEB")
    payments = tuple(replace(p, transaction_code="22", method=None) for p in batch.payments)
    turned = replace(
        batch,
        local_instrument="TEL",
        service_class="220",
        method=Method.TRANSFER,
        payments=payments,
    )
    write(replace(file, batches=(turned,)), Profile())
    wrong = replace(turned, entry_description=description)
    with pytest.raises(Invalid) as refused:
        write(replace(file, batches=(wrong,)), Profile())
    assert refused.value.code == "direction_not_allowed"


@pytest.mark.parametrize(
    ("sec_code", "said", "written"),
    [
        ("WEB", "PURCHASE", "PURCHASE"),
        ("WEB", "BILL", "OURS"),
        ("CCD", "PAYROLL", "OURS"),
    ],
)
def test_a_profile_never_takes_away_a_description_that_the_rules_ask_for(
    sec_code: str, said: str, written: str
) -> None:
    file = payment_file()
    batch = next(batch for batch in file.batches if batch.local_instrument == sec_code)
    named = replace(file, batches=(replace(batch, entry_description=said),))
    [read] = files(write(named, Profile(options={"entry_description": "OURS"})))
    assert [one.entry_description for one in read.batches] == [written]


@pytest.mark.parametrize(
    ("day", "told", "warned"),
    [
        (date(2026, 3, 20), "BILL", ["purchase_description_missing"]),
        (date(2026, 3, 20), "PURCHASE", []),
        (date(2026, 3, 20), "REVERSAL", []),
        (date(2026, 3, 19), "BILL", []),
    ],
)
def test_purchases_on_the_internet_are_described_so(
    day: date, told: str, warned: list[str]
) -> None:
    file = payment_file()
    batch = next(batch for batch in file.batches if batch.local_instrument == "WEB")
    named = replace(file, batches=(replace(batch, entry_description=told, requested_date=day),))
    assert DESCRIPTIONS & set(problems(write(named, Profile()))) == set(warned)


def test_documents_travel_as_x12_inside_ctx() -> None:
    file = payment_file()
    batch = next(batch for batch in file.batches if batch.local_instrument == "CTX")
    [payment] = batch.payments
    told = replace(payment, remittance=())
    changed = replace(file, batches=(replace(batch, payments=(told,)),))
    [written] = files(write(changed, Profile()))
    [again] = written.batches[0].payments
    assert again.documents == payment.documents
    assert again.remittance[0].startswith("ST*820*0001\\BPR*C*1234.50*C*ACH*CTX")
    assert replace(again, remittance=()) == told


def test_ctx_carries_its_9999_addenda_and_no_more() -> None:
    file = payment_file()
    batch = next(batch for batch in file.batches if batch.local_instrument == "CTX")
    long = replace(batch.payments[0], remittance=("X" * 80 * 9999,), documents=())
    whole = replace(file, batches=(replace(batch, payments=(long,)),))
    data = write(whole, Profile())
    assert data.count(b"\n705") == 9999
    found = [item for item in read(BytesIO(data), Profile()) if isinstance(item, Payment)]
    assert [payment.remittance for payment in found] == [long.remittance]
    more = replace(long, remittance=("X" * (80 * 9999 + 1),))
    with pytest.raises(Invalid) as refused:
        write(replace(file, batches=(replace(batch, payments=(more,)),)), Profile())
    assert refused.value.code == "addenda_wrong"


def test_seconds_and_short_batch_numbers_of_other_formats_are_written() -> None:
    file = payment_file()
    batches = tuple(replace(one, batch_id=one.batch_id.lstrip("0") or "1") for one in file.batches)
    other = replace(file, created_at=f"{file.created_at}:33", batches=batches)
    assert write(other, Profile()) == write(file, Profile())


def test_a_party_that_does_not_fit_is_told_by_its_name() -> None:
    file = payment_file()
    own = replace(file.batches[0].own, residence="DE")
    file = replace(file, batches=(replace(file.batches[0], own=own), *file.batches[1:]))
    with pytest.raises(Invalid, match=rf"own '{own.name}'"):
        write(file, Profile())
