"""How bytes arrive: kept first, in a transaction of their own, then told apart by content."""

from __future__ import annotations

from uuid import UUID

from nostro import formats
from nostro.domain.errors import Invalid
from nostro.formats import Format
from nostro.storage import evidence
from nostro.storage.tenancy import tenant
from nostro.workflows.context import Acting

UNKNOWN_TYPE = "application/octet-stream"


def keep(acting: Acting, name: str, content: bytes) -> tuple[Format, UUID]:
    """Keep what came in, whatever it is; returns its format and where it is kept.

    Raises Invalid when it is of no type that we can read; it is kept even then.
    """
    try:
        form = formats.identify(content)
    except Invalid:
        _keep(acting, name, content, UNKNOWN_TYPE)
        raise
    return form, _keep(acting, name, content, form.media_type)


def _keep(acting: Acting, name: str, content: bytes, media_type: str) -> UUID:
    with tenant(acting.tenant_id):
        return evidence.keep(
            acting.world.ids.new(),
            content,
            name=name,
            media_type=media_type,
            direction="in",
            now=acting.world.clock.now(),
        )
