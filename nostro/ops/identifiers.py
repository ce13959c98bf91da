"""New identifiers: UUIDv7 (RFC 9562), so that rows made together stand together."""

from __future__ import annotations

from uuid import UUID, uuid4

import uuid_utils.compat


class TimeOrderedIds:
    """UUIDv7 from the operating system's randomness."""

    def new(self) -> UUID:
        return uuid_utils.compat.uuid7()

    def new_uetr(self) -> UUID:
        return uuid4()
