"""What every row of a customer has in common: whose it is."""

from __future__ import annotations

from typing import Any

from django.db import models


class TenantModel(models.Model):
    """A row of one customer. Django sees `id` as key; the database has (tenant_id, id)."""

    id = models.UUIDField(primary_key=True)
    tenant_id = models.UUIDField()

    class Meta:
        abstract = True


def to_tenant(model: str, **options: Any) -> models.ForeignKey[Any, Any]:
    """A foreign key inside one customer: the database has (tenant_id, x_id), see isolation."""
    options.setdefault("on_delete", models.PROTECT)
    options.setdefault("related_name", "+")
    return models.ForeignKey(model, db_constraint=False, db_index=False, **options)
