"""What the matcher has learnt of one customer, version by version."""

from __future__ import annotations

from django.db import models

from nostro.storage.models.tenant import TenantModel


class MatchModel(TenantModel):
    """One fit: what it was fitted on, and what it says. Never changed once it is written.

    `content` are its classes and its stake, `calibration` how sure it had been said and how often
    it was right. `since` and `until` are when the first and the last of the judgements were made.
    """

    version = models.IntegerField()
    fitted_at = models.DateTimeField()
    target_millionths = models.IntegerField()
    judged = models.IntegerField()
    right_count = models.IntegerField()
    since = models.DateTimeField(null=True)
    until = models.DateTimeField(null=True)
    content = models.JSONField()
    calibration = models.JSONField()

    class Meta:
        db_table = "match_model"
        constraints = (
            models.UniqueConstraint(fields=["tenant_id", "version"], name="match_model_version"),
            models.CheckConstraint(
                condition=models.Q(right_count__gte=0)
                & models.Q(right_count__lte=models.F("judged"))
                & models.Q(version__gte=1),
                name="match_model_counts",
            ),
        )
