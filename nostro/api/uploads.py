"""Files that programs send as they are: the body itself, or the one file of a form.

They are read once into a file of our own, never into memory, and known by their digest.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, Final, cast

import msgspec
from django.http import HttpRequest

from nostro.domain.errors import Invalid

FILE_BYTES_MAX: Final = 1 << 30  # A million lines of camt.053 are half of it.
ADDRESSES: Final = frozenset({"/v1/statements"})
_IN_MEMORY: Final = 8 << 20
_PIECE: Final = 1 << 20
_FORM: Final = "multipart/form-data"
_BYTES = {"schema": {"type": "string", "format": "binary"}}
_PART = {"type": "object", "properties": {"file": _BYTES["schema"]}, "required": ["file"]}
# What the description says of a body that is a file.
FILE_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": _BYTES, _FORM: {"schema": _PART}},
    }
}


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A file as it was sent, at its beginning."""

    name: str
    stream: BinaryIO


@contextmanager
def sent_file(request: HttpRequest, name: str) -> Iterator[Sent]:
    """The file of a request; `name` is what its sender calls it, where the form does not say.

    Raises Invalid (`file_missing`). From then on the request is known by name and digest.
    """
    source, told = _source(request, name)
    digest = hashlib.sha256()
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as file:
        while piece := source.read(_PIECE):
            digest.update(piece)
            file.write(piece)
        if not file.tell():
            raise _missing()
        file.seek(0)
        request.sent_body = {"name": told, "sha256": digest.hexdigest()}  # type: ignore[attr-defined]
        yield Sent(name=told, stream=cast(BinaryIO, file))


def _source(request: HttpRequest, name: str) -> tuple[Any, str]:
    if request.content_type != _FORM:
        return request, name
    files = list(request.FILES.values())
    if len(files) != 1:
        raise _missing()
    return files[0], name or str(getattr(files[0], "name", "") or "")


def _missing() -> Invalid:
    return Invalid(
        "file_missing",
        "The request carries no file.",
        "Nothing was kept.",
        "Send the bytes of one file as the body, or as the only file of a form.",
        field="body",
    )
