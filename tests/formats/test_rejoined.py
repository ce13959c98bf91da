"""A stream whose first bytes were looked at reads as if nobody had."""

from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostro.formats import rejoined
from nostro.formats.rejoined import Rejoined

texts = st.lists(st.sampled_from([b"a", b"bcdef", b"\n", b"\r\n"]), max_size=30).map(b"".join)


@given(texts, st.integers(-1, 7).filter(bool))
def test_lines_are_those_of_the_stream(data: bytes, size: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rejoined, "_CHUNK", 4)  # So that lines lie across what is read at once.
        patch.setattr(rejoined, "HEAD_BYTES", 6)
        whole, plain = Rejoined(BytesIO(data)), BytesIO(data)
        while expected := plain.readline(size):
            assert whole.readline(size) == expected
        assert whole.readline(size) == b""
