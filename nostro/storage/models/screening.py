"""Public lists of names not to be paid, above customers, and what each customer cleared."""

from __future__ import annotations

from django.db import models

from nostro.storage.models.tenant import TenantModel, to_tenant


class WatchList(models.Model):
    """One load of one publisher's list; at most one of each list is in force."""

    id = models.UUIDField(primary_key=True)
    code = models.TextField()
    name = models.TextField()
    published_on = models.DateField(null=True)
    file_name = models.TextField()
    file_digest = models.TextField()
    entries = models.IntegerField()
    names = models.IntegerField()
    loaded_at = models.DateTimeField()
    loaded_by = models.TextField()
    in_force = models.BooleanField()

    class Meta:
        db_table = "watch_list"
        constraints = (
            models.UniqueConstraint(
                fields=["code"], condition=models.Q(in_force=True), name="watch_list_in_force"
            ),
        )

    def __str__(self) -> str:
        return f"{self.code} of {self.published_on}"


class WatchListPart(models.Model):
    """Some thousand entries of a list, as compressed JSON: read at once, never searched."""

    id = models.UUIDField(primary_key=True)
    watch_list = models.ForeignKey(WatchList, models.CASCADE, related_name="+")
    position = models.IntegerField()
    content = models.BinaryField()

    class Meta:
        db_table = "watch_list_part"
        constraints = (
            models.UniqueConstraint(fields=["watch_list", "position"], name="watch_list_part_once"),
        )

    def __str__(self) -> str:
        return f"part {self.position} of {self.watch_list_id}"


class ScreeningClearance(TenantModel):
    """A person looked: this payee's name is not this entry of a list, as both are now.

    The payee's name is kept as a digest only; the order tells it as long as it is kept.
    """

    order = to_tenant("storage.Order")
    payee_digest = models.TextField()
    list_code = models.TextField()
    entry_id = models.TextField()
    entry_digest = models.TextField()
    cleared_at = models.DateTimeField()
    cleared_by = models.TextField()
    reason = models.TextField()

    class Meta:
        db_table = "screening_clearance"
        constraints = (
            models.UniqueConstraint(
                fields=["tenant_id", "payee_digest", "list_code", "entry_id", "entry_digest"],
                name="screening_cleared_once",
            ),
        )
        indexes = (models.Index(fields=["tenant_id", "order"], name="screening_clearance_order"),)
