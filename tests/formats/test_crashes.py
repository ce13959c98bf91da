"""What once broke a reader, found by `make fuzz`: it is read now, or refused with a place."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest

from nostro import formats
from nostro.domain.errors import Invalid
from nostro.formats import HEAD_BYTES, Profile

CRASHES = sorted((Path(__file__).parent / "crashes").glob("*/*.in"))


@pytest.mark.parametrize("crash", CRASHES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_it_breaks_no_more(crash: Path) -> None:
    form = formats.find()[crash.parent.name]
    data = crash.read_bytes()
    form.identify(data[:HEAD_BYTES])
    try:
        list(formats.reader(form)(BytesIO(data), Profile()))
    except Invalid as refusal:
        assert all((refusal.code, refusal.happened, refusal.can_do, refusal.location)), refusal  # noqa: PT017
