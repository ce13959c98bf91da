"""No test opens a connection to anybody outside inside a unit of work: the database would wait for
him, with its locks. One that does fails, whatever it was about.

Looked at is every connect in this process (Python's own audit event); the database's client is not
among them, for it connects in C.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Generator
from typing import Any, Final

import pytest

# Where our own store of files is read while a file's row is: it is storage, as the database is.
OWN_STORE: Final = "nostro/connectors/object_store.py"
found: Final[list[str]] = []


def _watch(kind: str, told: tuple[Any, ...]) -> None:
    if kind != "socket.connect" or isinstance(told[1], str | bytes):
        return  # The latter: a socket of this machine's own files.
    tenancy = sys.modules.get("nostro.storage.tenancy")
    if tenancy is None or not tenancy.is_open():
        return
    ours = [frame for frame in traceback.extract_stack() if "/nostro/" in frame.filename]
    if ours and not any(frame.filename.endswith(OWN_STORE) for frame in ours):
        last = " <- ".join(f"{one.filename}:{one.lineno}" for one in reversed(ours[-4:]))
        found.append(f"to {told[1]}: {last}")


sys.addaudithook(_watch)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.passed and found:
        report.outcome = "failed"
        report.longrepr = "Connected inside a unit of work: " + "; ".join(dict.fromkeys(found))
    found.clear()
    return report
