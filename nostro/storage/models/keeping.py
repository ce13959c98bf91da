"""Keys of a customer, what is locked with them, and how long records are kept."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from nostro.storage.models.tenant import TenantModel, to_tenant


class DataKey(TenantModel):
    """A key of one customer for one purpose, wrapped under a key-encryption key."""

    purpose = models.TextField()
    version = models.IntegerField()
    key_id = models.TextField()
    wrapped = models.BinaryField()
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "data_key"
        constraints = (
            models.UniqueConstraint(
                fields=["tenant_id", "purpose", "version"], name="data_key_version_once"
            ),
        )


class StoredSecret(TenantModel):
    """A credential of a connection or a signing secret, locked with a data key."""

    name = models.TextField()
    data_key = to_tenant("storage.DataKey")
    locked = models.BinaryField()
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "stored_secret"
        constraints = (
            models.UniqueConstraint(fields=["tenant_id", "name"], name="stored_secret_once"),
        )


class EvidenceKey(TenantModel):
    """The one key of one evidence, locked with a data key; gone once the evidence was erased."""

    evidence = to_tenant("storage.Evidence")
    data_key = to_tenant("storage.DataKey", null=True)
    locked = models.BinaryField(null=True)
    kept_in = models.TextField(default="database", db_default="database")
    erased_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "evidence_key"
        constraints = (
            models.UniqueConstraint(fields=["tenant_id", "evidence"], name="evidence_key_once"),
            models.CheckConstraint(
                condition=models.Q(locked__isnull=False, erased_at__isnull=True)
                | models.Q(locked__isnull=True, erased_at__isnull=False),
                name="evidence_key_or_erased",
            ),
        )
        indexes = (
            models.Index(
                fields=["tenant_id", "evidence"],
                condition=models.Q(kept_in="database", locked__isnull=False),
                name="evidence_key_in_database",
            ),
        )


class RetentionRule(TenantModel):
    """For how many months the records of a kind are kept after the year in which they came."""

    kind = models.TextField()
    months = models.IntegerField()
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "retention_rule"
        constraints = (
            models.UniqueConstraint(fields=["tenant_id", "kind"], name="retention_rule_once"),
        )


class LegalHold(TenantModel):
    """Nothing is erased while a court, an audit or a dispute may need it."""

    name = models.TextField()
    reason = models.TextField()
    evidence = to_tenant("storage.Evidence", null=True)  # None: everything of the customer.
    ends_on = models.DateField(null=True)  # None: until somebody lifts it.
    placed_by = models.TextField()
    placed_at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "legal_hold"
        constraints = (
            models.UniqueConstraint(fields=["tenant_id", "name"], name="legal_hold_name_once"),
        )
