"""One reader under the fuzzer; bench/fuzz.py starts it, FUZZ_FORMAT names the format."""

from __future__ import annotations

import os
import sys
from io import BytesIO

import atheris

with atheris.instrument_imports(include=["nostro.formats", "nostro.domain"]):
    from nostro import formats
    from nostro.domain.errors import Invalid

    FORM = formats.find()[os.environ["FUZZ_FORMAT"]]  # Imports the readers: they are watched too.

READ = formats.reader(FORM)
PROFILE = formats.Profile()


class Unplaced(Exception):
    """A refusal that does not say what, where, or what to do."""


def one_input(data: bytes) -> None:
    FORM.identify(data[: formats.HEAD_BYTES])
    try:
        for _record in READ(BytesIO(data), PROFILE):
            pass
    except Invalid as refusal:
        if not all((refusal.code, refusal.happened, refusal.can_do, refusal.location)):
            raise Unplaced(str(refusal)) from refusal


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
