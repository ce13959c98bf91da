"""How open customer items come in: the file is kept, each line read once, the rest reported."""

from __future__ import annotations

import io
from uuid import UUID

import msgspec

from nostro import formats
from nostro.domain.errors import Invalid
from nostro.domain.open_item import OpenItem
from nostro.domain.problem import RejectedLine
from nostro.formats import Profile
from nostro.storage import events, matches, parties
from nostro.storage.tenancy import tenant
from nostro.workflows import arrival
from nostro.workflows.context import Acting


class ItemsReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """How many items a file had, how many were new, and the lines that could not be used."""

    evidence_id: UUID
    read: int
    new: int
    rejected: tuple[RejectedLine, ...]


def receive_open_items(acting: Acting, name: str, content: bytes, profile: Profile) -> ItemsReceipt:
    """Take in a list of open items. An item we know already is not changed."""
    form, kept = arrival.keep(acting, name, content)
    items: list[OpenItem] = []
    rejected: list[RejectedLine] = []
    for found in formats.reader(form)(io.BytesIO(content), profile):
        if isinstance(found, OpenItem):
            items.append(found)
        elif isinstance(found, RejectedLine):
            rejected.append(found)
        else:
            raise Invalid(
                "not_an_open_item_list",
                f"This is a {form.name} file; it carries no open items.",
                "The original is kept; nothing was taken from it.",
            )
    with tenant(acting.tenant_id):
        known = {entity.code for entity in parties.entities()}
        usable = [item for item in items if item.entity_code in known]
        new = matches.load_open_items((acting.world.ids.new(), item) for item in usable)
        received = acting.event(
            "open_items.received",
            "evidence",
            kept,
            file=name,
            read=len(items),
            new=new,
            unusable=len(rejected) + len(items) - len(usable),
        )
        events.record([received])
    return ItemsReceipt(evidence_id=kept, read=len(items), new=new, rejected=tuple(rejected))
