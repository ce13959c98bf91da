"""By what open items are found again without reading all: whole numbers, indexed."""

from __future__ import annotations

from django.db import models

from nostro.storage.models.tenant import TenantModel, to_tenant


class OpenItemKey(TenantModel):
    """A number or a reference of an open item (item_keys.KeyKind), as lines are looked up by."""

    entity = to_tenant("storage.LegalEntity")
    kind = models.SmallIntegerField()
    key = models.BigIntegerField()
    open_item = to_tenant("storage.OpenItem")

    class Meta:
        db_table = "open_item_key"
        constraints = (
            models.UniqueConstraint(
                fields=["tenant_id", "entity", "kind", "key", "open_item"],
                name="open_item_key_once",
            ),
        )


class PayerKey(TenantModel):
    """An account or a name from which a customer of open items pays, or the one he belongs to."""

    entity = to_tenant("storage.LegalEntity")
    kind = models.SmallIntegerField()
    key = models.BigIntegerField()
    customer_number = models.TextField()

    class Meta:
        db_table = "payer_key"
        constraints = (
            models.UniqueConstraint(
                fields=["tenant_id", "entity", "kind", "key", "customer_number"],
                name="payer_key_once",
            ),
        )
