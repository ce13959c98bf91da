"""What holds a customer's data is written for nobody else on the machine."""

import os
from pathlib import Path

import pytest

from nostro.cli.output_file import output


@pytest.mark.parametrize(("private", "mode"), [(True, 0o600), (False, 0o644)])
def test_the_mode_of_a_result(tmp_path: Path, private: bool, mode: int) -> None:

    before = os.umask(0o022)
    try:
        with output(str(tmp_path / "told"), private=private) as told:
            told.stream.write(b"x")
    finally:
        os.umask(before)
    assert (tmp_path / "told").stat().st_mode & 0o777 == mode
