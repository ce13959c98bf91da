"""What is kept and never changed: evidence, events and their seals, natural keys, answers given."""

from __future__ import annotations

from django.db import models

from nostro.storage.models.tenant import TenantModel, to_tenant


class Evidence(TenantModel):
    """Bytes received or sent, kept once per customer by their digest."""

    digest = models.TextField()
    media_type = models.TextField()
    name = models.TextField()
    size_bytes = models.BigIntegerField()
    direction = models.TextField()
    recorded_at = models.DateTimeField()
    confidential = models.BooleanField(default=False, db_default=False)

    class Meta:
        db_table = "evidence"
        constraints = (
            models.UniqueConstraint(fields=["tenant_id", "digest"], name="evidence_once"),
        )


class EvidenceChunk(TenantModel):
    """A piece of evidence, at most CHUNK_BYTES long."""

    evidence = to_tenant("storage.Evidence")
    sequence = models.IntegerField()
    content = models.BinaryField()

    class Meta:
        db_table = "evidence_chunk"
        constraints = (
            models.UniqueConstraint(
                fields=["tenant_id", "evidence", "sequence"], name="evidence_chunk_once"
            ),
        )


class Seen(models.Model):
    """Natural keys that may be used once: the same file, statement or message changes nothing."""

    pk = models.CompositePrimaryKey("tenant_id", "kind", "digest")
    tenant_id = models.UUIDField()
    kind = models.TextField()
    digest = models.TextField()
    refers_to = models.UUIDField()
    first_seen_at = models.DateTimeField()

    class Meta:
        db_table = "seen"


class Idempotency(models.Model):
    """The answer once given to an idempotency key: same key and body, same answer for ever."""

    pk = models.CompositePrimaryKey("tenant_id", "key")
    tenant_id = models.UUIDField()
    key = models.TextField()
    body_digest = models.TextField()
    body = models.JSONField()
    status = models.IntegerField()
    answer = models.JSONField()
    answered_at = models.DateTimeField()

    class Meta:
        db_table = "idempotency"


class Event(models.Model):
    """The one log. Partitioned by time; no position until it is sealed.

    INSERT only, but for an erasure, which empties content and key of a row in one statement.
    """

    pk = models.CompositePrimaryKey("tenant_id", "id", "occurred_at")
    tenant_id = models.UUIDField()
    id = models.UUIDField()
    occurred_at = models.DateTimeField()
    type = models.TextField()
    subject_kind = models.TextField()
    subject_id = models.UUIDField()
    actor = models.JSONField()
    data = models.JSONField()
    on_behalf_of = models.JSONField(null=True)
    reason = models.TextField()
    trace_id = models.TextField()
    source_address = models.TextField()
    commitment_key = models.UUIDField(null=True)
    erased_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "event"
        managed = False


class Unsealed(models.Model):
    """Events that the sealer has not reached yet."""

    pk = models.CompositePrimaryKey("tenant_id", "event_id")
    tenant_id = models.UUIDField()
    event_id = models.UUIDField()
    occurred_at = models.DateTimeField()

    class Meta:
        db_table = "unsealed"


class EventSeal(models.Model):
    """The customer's chain: position, and a hash over all before. INSERT only."""

    pk = models.CompositePrimaryKey("tenant_id", "position")
    tenant_id = models.UUIDField()
    position = models.BigIntegerField()
    event_id = models.UUIDField()
    occurred_at = models.DateTimeField()
    previous_hash = models.TextField()
    hash = models.TextField()
    sealed_at = models.DateTimeField()
    commitment = models.TextField(default="", db_default="")

    class Meta:
        db_table = "event_seal"
        constraints = (
            models.UniqueConstraint(fields=["tenant_id", "event_id"], name="event_seal_once"),
        )


class SealBatch(models.Model):
    """The tree over a customer's chain as it stood after entries were sealed together."""

    pk = models.CompositePrimaryKey("tenant_id", "position")
    tenant_id = models.UUIDField()
    position = models.BigIntegerField()
    entries = models.BigIntegerField()
    root = models.TextField()
    peaks = models.JSONField()
    sealed_at = models.DateTimeField()

    class Meta:
        db_table = "seal_batch"


class AuditStatement(models.Model):
    """What was signed about a customer's chain: checkpoints, and changes of the signing key."""

    pk = models.CompositePrimaryKey("tenant_id", "number")
    tenant_id = models.UUIDField()
    number = models.BigIntegerField()
    kind = models.TextField()
    position = models.BigIntegerField()
    statement = models.TextField()
    signature = models.TextField()
    made_at = models.DateTimeField()
    exported_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "audit_statement"
