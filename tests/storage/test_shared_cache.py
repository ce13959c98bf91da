"""What all processes remember together: once only, for a while, and never as code."""

from __future__ import annotations

import pytest

from nostro.storage.models import SharedNote
from nostro.storage.shared_cache import SharedCache

pytestmark = pytest.mark.usefixtures("database")


def cache() -> SharedCache:
    return SharedCache("", {})


def test_what_was_written_is_read_by_another() -> None:
    cache().set("failed", [1.5, 2], timeout=60)
    assert cache().get("failed") == [1.5, 2]
    assert cache().get("unknown", "nothing") == "nothing"
    assert cache().delete("failed")
    assert cache().get("failed") is None


def test_a_code_is_used_once() -> None:
    assert cache().add("code", "y", timeout=60)
    assert not cache().add("code", "y", timeout=60)


def test_what_has_expired_is_gone_and_may_be_added_again() -> None:
    cache().set("over", 1, timeout=0)
    assert cache().get("over") is None
    assert not cache().touch("over", 60)
    assert cache().add("over", 2, timeout=60)
    assert cache().get("over") == 2


def test_writing_sweeps_out_what_has_expired() -> None:
    cache().set("old", 1, timeout=0)
    cache().set("new", 1, timeout=60)
    assert not SharedNote.objects.filter(key__contains="old").exists()
