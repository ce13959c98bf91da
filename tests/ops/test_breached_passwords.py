"""A known password is refused; a list that cannot be asked refuses nothing."""

from __future__ import annotations

import hashlib
from pathlib import Path

import httpx
import pytest
from django.core.exceptions import ValidationError

from nostro.ops.breached_passwords import NotBreached

KNOWN = [f"a known password {number}" for number in range(500)]


def sha1(password: str) -> str:
    return hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_line_of_the_file_is_found_and_nothing_else(tmp_path: Path, end: str) -> None:
    file = tmp_path / "breached.txt"
    file.write_text(end.join(sorted(f"{sha1(one)}:{n}" for n, one in enumerate(KNOWN))), newline="")
    check = NotBreached(file)
    for password in KNOWN:
        with pytest.raises(ValidationError):
            check.validate(password)
        check.validate(f"{password}!")


def test_an_empty_file_refuses_nothing(tmp_path: Path) -> None:
    (tmp_path / "none.txt").touch()
    NotBreached(tmp_path / "none.txt").validate("whatever it is")


def test_the_service_learns_five_digits_and_padding_is_no_match() -> None:
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        rows = [f"{sha1(KNOWN[0])[5:]}:7", f"{sha1(KNOWN[1])[5:]}:0"]
        return httpx.Response(200, text="\r\n".join(rows))

    check = NotBreached(
        address="https://breaches.example/range", transport=httpx.MockTransport(answer)
    )
    with pytest.raises(ValidationError):
        check.validate(KNOWN[0])
    check.validate(KNOWN[1])
    assert asked[0] == f"https://breaches.example/range/{sha1(KNOWN[0])[:5]}"


def test_a_service_that_does_not_answer_refuses_nothing() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectTimeout("nobody there", request=request)

    NotBreached(address="https://x.example", transport=httpx.MockTransport(answer)).validate("x")
