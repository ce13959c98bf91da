"""The home folder holds secrets: others on the machine have nothing to look for in it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from nostro.domain.errors import Invalid
from nostro.ops import home_folder
from tests.needs import absent


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_home_is_closed_to_others_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        home_folder.make(tmp_path / "above" / "home")
    finally:
        os.umask(before)
    assert mode(tmp_path / "above" / "home") == 0o700
    assert home_folder.open_to_others(tmp_path / "above" / "home") == ""


@pytest.mark.parametrize("found", [0o755, 0o750, 0o711, 0o701])
def test_one_that_is_there_is_told_of_and_left_as_it_is(tmp_path: Path, found: int) -> None:
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(found)
    home_folder.make(home)
    assert mode(home) == found
    assert home_folder.open_to_others(home).endswith(f"({found:04o}): chmod 0700 {home}")


def test_the_database_of_another_user_may_be_passed_to(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        absent("root, who may give folders away")
    home = tmp_path / "home"
    (home / "postgresql" / "database").mkdir(parents=True)
    os.chown(home / "postgresql" / "database", 65534, 65534)
    home.chmod(0o711)
    assert home_folder.open_to_others(home) == ""
    home.chmod(0o755)
    assert home_folder.open_to_others(home).endswith(f"chmod 0711 {home}")


def test_a_home_that_cannot_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Invalid) as caught:
        home_folder.make(tmp_path / "file" / "home")
    assert caught.value.code == "home_unusable"
