"""Made-up secrets that tests give to the product: a test that puts one out fails.

Who makes one registers it; who shows one on purpose, once, as the product does, says so with the
fixture `shown_on_purpose`. Looked at is what pytest captured (output, errors, log) and what a test
read of it itself; not what a program of its own wrote into a pipe.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Generator, Mapping
from typing import Any, Final

import pytest

LETTERS_MIN: Final = 8  # A shorter one would be found by chance.
Source = Callable[[], Mapping[str, str]]

_KNOWN: dict[str, str] = {}
_SOURCES: list[Source] = []
_READ: Final = pytest.StashKey[list[str]]()
_SHOWN: Final = pytest.StashKey[set[str]]()


def register(name: str, secret: str) -> str:
    """Let no test put this out from now on; returns it. `name` is what a failure calls it."""
    if len(secret) >= LETTERS_MIN:
        _KNOWN[secret] = name
    return secret


def register_all_of(source: Source) -> None:
    """The same for secrets that change: they are asked for, by name, whenever something was put
    out."""
    _SOURCES.append(source)


def seen_in(text: str, shown: set[str]) -> list[str]:
    """The names of the secrets that stand in a text, as they are or in base64."""
    for source in _SOURCES if text else ():
        for name, secret in source().items():
            register(name, secret)
    return sorted(
        {
            name
            for secret, name in _KNOWN.items()
            if secret not in shown and any(form in text for form in _forms(secret))
        }
    )


def _forms(secret: str) -> tuple[str, str]:
    return secret, base64.b64encode(secret.encode()).decode().rstrip("=")


@pytest.fixture
def shown_on_purpose(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """What this test may put out: `shown_on_purpose(token)`."""
    return request.node.stash.setdefault(_SHOWN, set()).add  # type: ignore[no-any-return]  # node: Any


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(request: pytest.FixtureRequest) -> Generator[None, Any, Any]:
    """Keep what a test reads of its own output: pytest then has it no more."""
    made = yield
    if isinstance(made, pytest.CaptureFixture):
        kept = request.node.stash.setdefault(_READ, [])
        read = made.readouterr

        def readouterr() -> Any:
            told = read()
            kept.extend(
                one.decode(errors="replace") if isinstance(one, bytes) else one for one in told
            )
            return told

        made.readouterr = readouterr  # type: ignore[method-assign]  # of this one alone
    return made


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    own = [text for title, text in report.sections if title.endswith(f" {report.when}")]
    read = item.stash.get(_READ, [])
    told = "\n".join([*own, *read])
    read.clear()
    if report.passed and (names := seen_in(told, item.stash.get(_SHOWN, set()))):
        report.outcome = "failed"
        report.longrepr = f"This test put out what is secret: {', '.join(names)}."
    return report
