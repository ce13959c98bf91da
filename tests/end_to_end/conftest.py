"""The three partners, each behind its real channel, and a company of its own for each test."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.connectors.test_openpgp import GnuPG, our_key_made_as_the_page_says
from tests.end_to_end.partners import CHANNELS, HTTP, SFTP, Keys, Partner, by_http, by_rest, by_sftp
from tests.end_to_end.story import Story
from tests.needs import absent
from tests.workflows.company import scripted_connector


@pytest.fixture(scope="session")
def keys() -> Iterator[Keys]:
    """Both sides' OpenPGP keys, made by GnuPG once."""
    if not shutil.which("gpg"):
        absent("gpg (Debian: gnupg)")
    with tempfile.TemporaryDirectory(prefix="gpg") as short:  # sockets want a short path
        gnupg = GnuPG(Path(short))
        try:
            banks_key = gnupg.make_key("bank", "future-default")
            ours, own = our_key_made_as_the_page_says(gnupg)
            yield Keys(gnupg, banks_key, ours, own.extract_certificate())
        finally:
            gnupg.stop()


@pytest.fixture(params=CHANNELS)
def bank(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Partner]:
    with ExitStack() as stack:
        if request.param == HTTP:
            yield stack.enter_context(by_http(tmp_path))
        elif request.param == SFTP:
            keys = request.getfixturevalue("keys")
            yield stack.enter_context(by_sftp(tmp_path, keys))
        else:
            yield stack.enter_context(by_rest(tmp_path))


@pytest.fixture
def story(database: str, bank: Partner) -> Iterator[Story]:
    with scripted_connector():
        yield Story(bank)
