"""Lists with their filters as people keep them: each for herself, or one for everybody."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec
from django.db.models import Q

from nostro.domain.errors import Invalid
from nostro.storage.models import SavedView
from nostro.storage.tenancy import current

NAME_MAX = 60
QUERY_MAX = 1000
FOR_EVERYBODY = ""  # In place of a person's id.
PAYMENTS = "payments"


class SavedRow(msgspec.Struct, frozen=True, kw_only=True):
    """One kept list. `query` is the query string of its page; `person_id` is "" for everybody."""

    id: UUID
    page: str
    name: str
    query: str
    person_id: str

    @property
    def shared(self) -> bool:
        return self.person_id == FOR_EVERYBODY


def seen_by(page: str, person_id: str) -> list[SavedRow]:
    """What this person may choose on a page: hers and everybody's, by name."""
    found = SavedView.objects.filter(Q(person_id=person_id) | Q(person_id=FOR_EVERYBODY), page=page)
    names = SavedRow.__struct_fields__
    return [SavedRow(**row) for row in found.order_by("name", "id").values(*names)]


def keep(
    view_id: UUID, page: str, name: str, query: str, person_id: str, now: datetime
) -> SavedRow:
    """Keep a list under a name; the same name of the same person is replaced.

    Raises Invalid without a name, or when name or query are far too long.
    """
    name = name.strip()
    if not name or len(name) > NAME_MAX or not name.isprintable() or len(query) > QUERY_MAX:
        raise Invalid(
            "view_name_unfit",
            f"A saved filter needs a name of 1 to {NAME_MAX} printable characters.",
            "Nothing was saved.",
            "Give it a short name.",
            field="name",
        )
    row, _ = SavedView.objects.update_or_create(
        tenant_id=current(),
        page=page,
        person_id=person_id,
        name=name,
        defaults={"query": query},
        create_defaults={"id": view_id, "query": query, "created_at": now},
    )
    return SavedRow(id=row.id, page=page, name=name, query=query, person_id=person_id)


def forget(view_id: UUID) -> None:
    SavedView.objects.filter(id=view_id).delete()
