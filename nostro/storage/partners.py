"""Partners: whom they host and who works for them. A customer is opened by a membership only.

Written as the owner of the schema: nothing that serves a customer may change what stands above it.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from uuid import UUID

import msgspec

from nostro.domain.errors import Refused
from nostro.storage import models
from nostro.storage.tenancy import current


class PartnerRow(msgspec.Struct, frozen=True, kw_only=True):
    """One partner: the codes of the customers that it hosts, the addresses of its people."""

    id: UUID
    name: str
    customers: tuple[str, ...]
    people: tuple[str, ...]


def partners() -> list[PartnerRow]:
    """Every partner of this installation, by name."""
    hosted: dict[UUID, list[str]] = defaultdict(list)
    customers = models.Customer.objects.using("ops").order_by("code")
    for partner_id, code in customers.values_list("partner_id", "code"):
        hosted[partner_id].append(code)
    staff: dict[UUID, list[str]] = defaultdict(list)
    rows = models.PartnerMembership.objects.filter(active=True).order_by("person__email")
    for partner_id, email in rows.values_list("partner_id", "person__email"):
        staff[partner_id].append(email)
    return [
        PartnerRow(id=i, name=n, customers=tuple(hosted[i]), people=tuple(staff[i]))
        for i, n in models.Partner.objects.order_by("name").values_list("id", "name")
    ]


def named(name: str) -> PartnerRow:
    """The partner of this name; raises Refused when there is none."""
    known = partners()
    for row in known:
        if row.name.casefold() == name.casefold():
            return row
    raise Refused(
        "partner_unknown",
        f"There is no partner named {name}.",
        can_do=f"Partners here: {', '.join(row.name for row in known) or 'none yet'}.",
    )


def host_of(tenant_id: UUID) -> UUID:
    """The partner that hosts a customer; as nostro_ops."""
    found = models.Customer.objects.using("ops").filter(tenant_id=tenant_id)
    partner_id: UUID = found.values_list("partner_id", flat=True).get()
    return partner_id


def hosted(partner_id: UUID) -> list[UUID]:
    """The customers that a partner hosts, by code; as nostro_ops."""
    found = models.Customer.objects.using("ops").filter(partner_id=partner_id).order_by("code")
    return list(found.values_list("tenant_id", flat=True))


def works_for(person_id: UUID, partner_id: UUID) -> bool:
    """Whether a person works for a partner now."""
    rows = models.PartnerMembership.objects.filter(person_id=person_id, partner_id=partner_id)
    return rows.filter(active=True).exists()


def staff() -> frozenset[str]:
    """Who works for the partner that hosts the customer of this unit of work (person ids)."""
    host = models.Customer.objects.filter(id=current()).values("partner_id")
    found = models.PartnerMembership.objects.filter(partner_id__in=host, active=True)
    return frozenset(str(one) for one in found.values_list("person_id", flat=True))


def partner_of(person_id: UUID) -> str:
    """The name of the partner that a person works for; "" for anybody else."""
    rows = models.PartnerMembership.objects.filter(person_id=person_id, active=True)
    return str(rows.order_by("since").values_list("partner__name", flat=True).first() or "")


def join(row_id: UUID, partner_id: UUID, person_id: UUID, now: datetime) -> None:
    """Let a person work for a partner from now on; safe to repeat. As the owner."""
    models.PartnerMembership.objects.using("owner").update_or_create(
        partner_id=partner_id,
        person_id=person_id,
        defaults={"active": True},
        create_defaults={"id": row_id, "active": True, "since": now},
    )


def leave(partner_id: UUID, person_id: UUID) -> None:
    """A person does not work for a partner any more. As the owner."""
    rows = models.PartnerMembership.objects.using("owner")
    rows.filter(partner_id=partner_id, person_id=person_id).update(active=False)
