"""No secret stands in the source: every file is looked through, each exception has its reason.

In the tests, which are full of made-up passwords, only what has the form of a real provider's token
or of a private key is looked for.
"""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
from detect_secrets.core.scan import scan_file
from detect_secrets.plugins.high_entropy_strings import Base64HighEntropyString
from detect_secrets.plugins.keyword import DENYLIST, KeywordDetector
from detect_secrets.settings import get_plugins, transient_settings

from tests.needs import absent

ROOT = Path(__file__).parents[2]
ALLOWED = ROOT / "security" / "secrets-allowed.toml"
# Tables, schemas and samples that others published, fonts, locks with a digest a line.
NOT_OURS = (
    "docs/schema/", "lock/", "nostro/formats/tables/", "nostro/console/static/console/htmx",
    "security/secrets-allowed.toml", "tests/golden/",
)  # fmt: skip
BY_LOOK = {"Base64HighEntropyString", "HexHighEntropyString", "KeywordDetector"}
# What a line must have for a costly finder to find something: 4.5 bits take 23 different letters.
LIKELY: dict[Any, re.Pattern[str]] = {
    KeywordDetector: re.compile("|".join(DENYLIST), re.IGNORECASE),
    Base64HighEntropyString: re.compile(r"[A-Za-z0-9+/=_-]{23}"),
}
FILTERS = [
    {"path": f"detect_secrets.filters.{name}"}
    for name in (
        "allowlist.is_line_allowlisted",
        "heuristic.is_indirect_reference",
        "heuristic.is_potential_uuid",
        "heuristic.is_sequential_string",
        "heuristic.is_templated_secret",
    )
]


def plugins(*, without: Iterable[str] = ()) -> list[dict[str, str]]:
    kinds: Iterable[type] = get_mapping_from_secret_type_to_class().values()
    names = sorted(kind.__name__ for kind in kinds)
    # An address of the internet is no secret.
    return [{"name": name} for name in names if name not in {*without, "IPPublicDetector"}]


def found_in(files: Iterable[Path], *, by_look: bool = True) -> list[tuple[Path, str, str]]:
    """What the finders point at: the file, which finder, the line. No network is asked."""
    used: dict[str, Any] = {"filters_used": FILTERS}
    used["plugins_used"] = plugins(without=() if by_look else BY_LOOK)
    told = []
    with transient_settings(used):
        finders: list[Any] = list(get_plugins())
        for path in files:
            try:
                text = path.read_text()
            except (UnicodeDecodeError, IsADirectoryError):
                continue
            # A look at the whole first: line by line costs a minute for all of them.
            if not any(seen(finder, path, text) for finder in finders):
                continue
            lines = text.splitlines()
            for one in scan_file(str(path)):
                told.append((path, one.type, lines[one.line_number - 1].strip()))
    return told


def seen(finder: Any, path: Path, text: str) -> bool:
    """Whether a finder might find something; costly ones look at the lines that might have it."""
    likely = LIKELY.get(type(finder))
    lines = [text] if likely is None else filter(likely.search, text.splitlines())
    return any(finder.analyze_line(str(path), line) for line in lines)


def sources() -> list[Path]:
    """Every file that is in the repository or about to be."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    try:
        told = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        absent("git")
    return [ROOT / name for name in told.stdout.splitlines() if not name.startswith(NOT_OURS)]


def allowed() -> list[dict[str, str]]:
    found: list[dict[str, str]] = tomllib.loads(ALLOWED.read_text())["allowed"]
    return found


def is_allowed(entry: dict[str, str], path: Path, kind: str, line: str) -> bool:
    place = path.relative_to(ROOT).as_posix()
    return (place, kind) == (entry["path"], entry["kind"]) and entry["line"] in line


@pytest.fixture(scope="module")
def found() -> list[tuple[Path, str, str]]:
    tests = [path for path in sources() if path.is_relative_to(ROOT / "tests")]
    others = [path for path in sources() if not path.is_relative_to(ROOT / "tests")]
    return found_in(others) + found_in(tests, by_look=False)


def test_no_secret_stands_in_the_source(found: list[tuple[Path, str, str]]) -> None:
    entries = allowed()
    unknown = [one for one in found if not any(is_allowed(entry, *one) for entry in entries)]
    assert not unknown


def test_every_exception_is_still_one_and_has_its_reason(
    found: list[tuple[Path, str, str]],
) -> None:
    for entry in allowed():
        assert entry["reason"]
        assert any(is_allowed(entry, *one) for one in found), entry


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ("aws = 'AKIA" + "Q3EGV7OLD5RXW2TZ'", "AWS Access Key"),
        ("-----BEGIN RSA PRIVATE " + "KEY-----", "Private Key"),
        ("pushed with ghp_" + "w8Kd0pT4mZr7VqXyN2sLbG6hJc1fQe3uAi5o", "GitHub Token"),
        ("database_password = 'Xw7" + "-quiet-Harbour-19'", "Secret Keyword"),
        ("token = '" + "c3VwZXItbG9uZy1zZWNyZXQtdmFsdWUtOTg3NjU0MzIxMHF3ZXJ0eQ'", "Base64"),
    ],
)
def test_a_planted_one_is_found(tmp_path: Path, content: str, kind: str) -> None:
    planted = tmp_path / "settings.py"
    planted.write_text(f'"""Nothing to see here."""\n\n{content}\n')
    assert any(kind in told and line == content for _, told, line in found_in([planted]))
    by_form = kind in ("AWS Access Key", "Private Key", "GitHub Token")
    assert bool(found_in([planted], by_look=False)) == by_form
