"""Lines that wait for a person are found by their day or their amount, among millions."""

from datetime import date

from django.db import migrations, models
from django.db.models.functions import Coalesce

WAITS = models.Q(match_state__in=["unmatched", "suggested", "ambiguous"], status="BOOK")


class Migration(migrations.Migration):
    dependencies = [
        ("storage", "0040_people_on_matches"),
    ]

    operations = [
        migrations.AddIndex(
            "banktransaction",
            models.Index(
                models.F("tenant_id"),
                models.F("account"),
                Coalesce("booked", "value", models.Value(date.min)),
                models.F("id"),
                condition=WAITS,
                name="transaction_open",
            ),
        ),
        migrations.AddIndex(
            "banktransaction",
            models.Index(
                fields=["tenant_id", "account", "amount_minor", "id"],
                condition=WAITS,
                name="transaction_open_amount",
            ),
        ),
    ]
