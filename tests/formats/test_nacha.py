"""ACH files: what is written comes back, every total is checked, damage is told with its place."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from nostro.domain.payment_file import PaymentFile, assemble
from nostro.domain.problem import NOWHERE
from nostro.formats import Profile
from nostro.formats.american.nacha_reader import read
from nostro.formats.american.nacha_writer import unplaced, write
from tests.formats.ach_files import ach_files

LINE_ENDS = {"lf": b"\n", "crlf": b"\r\n", "cr": b"\r", "none": b""}
rounds = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))


def files(data: bytes, **options: Any) -> list[PaymentFile]:
    """The files in the bytes, without the places they were read at; anything else fails."""
    found = list(assemble(read(BytesIO(data), Profile(options=options))))
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
