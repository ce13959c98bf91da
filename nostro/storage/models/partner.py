"""Who works for a partner: above customers, like the partner itself."""

from __future__ import annotations

from django.db import models

from nostro.storage.models.party import Partner
from nostro.storage.models.people import Person


class PartnerMembership(models.Model):
    """A person of the partner's. It opens no customer: each is granted by a membership there."""

    id = models.UUIDField(primary_key=True)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+")
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    active = models.BooleanField(default=True)
    since = models.DateTimeField()

    class Meta:
        db_table = "partner_membership"
        constraints = (
            models.UniqueConstraint(fields=["partner", "person"], name="partner_membership_once"),
        )

    def __str__(self) -> str:
        return f"{self.person_id} of {self.partner_id}"
