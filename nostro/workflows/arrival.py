"""How bytes arrive: kept first, in a transaction of their own, then told apart by content."""

from __future__ import annotations

import io
from typing import BinaryIO
from uuid import UUID

from nostro import formats
from nostro.domain.errors import Invalid
from nostro.formats import Format
from nostro.storage import evidence
from nostro.storage.tenancy import tenant
from nostro.workflows.context import Acting

UNKNOWN_TYPE = "application/octet-stream"
PACKED_TYPE = "application/zip"


def keep(acting: Acting, name: str, content: bytes) -> tuple[Format, UUID]:
    """Keep what came in, whatever it is; returns its format and where it is kept.

    Raises Invalid when it is of no type that we can read; it is kept even then.
    """
    return keep_stream(acting, name, io.BytesIO(content))


def keep_stream(
    acting: Acting, name: str, stream: BinaryIO, *, confidential: bool = False
) -> tuple[Format, UUID]:
    """The same for a file too long for memory; it is read from its beginning, more than once.

    A confidential one is so from its first byte, whether or not it can be read. Raises Unavailable
    when the database's volume is nearly full.
    """
    acting.world.space.check()
    try:
        form = formats.identify(stream.read(formats.HEAD_BYTES))
    except Invalid:
        _keep(acting, name, stream, UNKNOWN_TYPE, confidential=confidential)
        raise
    return form, _keep(acting, name, stream, form.media_type, confidential=confidential)


def keep_packed(acting: Acting, name: str, stream: BinaryIO) -> UUID:
    """Keep an archive as it came; what is in it is kept besides, file by file."""
    acting.world.space.check()
    return _keep(acting, name, stream, PACKED_TYPE, confidential=False)


def _keep(
    acting: Acting, name: str, stream: BinaryIO, media_type: str, *, confidential: bool
) -> UUID:
    with tenant(acting.tenant_id):
        kept = evidence.keep_stream(
            acting.world.ids.new(),
            stream,
            name=name,
            media_type=media_type,
            direction="in",
            now=acting.world.clock.now(),
        )
        if confidential:
            evidence.hide(kept)
        return kept
