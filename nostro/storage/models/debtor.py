"""Customers of our entities as their sources keep them, and the keys by which they are found."""

from __future__ import annotations

from django.db import models

from nostro.storage.models.tenant import TenantModel, to_tenant


class Debtor(TenantModel):
    """One customer of an entity, as its source told him last, at `told_at`."""

    entity = to_tenant("storage.LegalEntity")
    number = models.TextField()
    name = models.TextField()
    parent_number = models.TextField()
    ibans = models.JSONField()
    further_names = models.JSONField()
    source = models.TextField()
    told_at = models.DateTimeField()

    class Meta:
        db_table = "debtor"
        constraints = (
            models.UniqueConstraint(fields=["tenant_id", "entity", "number"], name="debtor_once"),
        )
        indexes = (models.Index(fields=["tenant_id", "number", "id"], name="debtor_by_number"),)


class DebtorKey(TenantModel):
    """A key of his accounts, names and parent (item_keys.KeyKind), those that are told now: what
    was taken off his record finds him no longer."""

    entity = to_tenant("storage.LegalEntity")
    kind = models.SmallIntegerField()
    key = models.BigIntegerField()
    debtor = to_tenant("storage.Debtor")

    class Meta:
        db_table = "debtor_key"
        constraints = (
            models.UniqueConstraint(
                fields=["tenant_id", "entity", "kind", "key", "debtor"], name="debtor_key_once"
            ),
        )
        indexes = (models.Index(fields=["tenant_id", "debtor"], name="debtor_key_of"),)
