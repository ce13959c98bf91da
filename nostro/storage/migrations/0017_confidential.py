"""Confidential runs and payments: marked for life, and left out of what others are shown."""

from django.db import migrations, models

from nostro.storage.migrations._confidential import STEPS


class Migration(migrations.Migration):
    dependencies = [
        ("storage", "0016_where_evidence_is"),
    ]

    operations = [
        *(
            migrations.AddField(
                model_name=name,
                name="confidential",
                field=models.BooleanField(default=False, db_default=False),
            )
            for name in ("paymentrun", "order", "evidence")
        ),
        # The mark stands in these indexes, so that what reads them alone still does.
        migrations.RemoveIndex(model_name="order", name="order_state"),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                fields=["tenant_id", "state", "id"],
                include=["currency", "amount_minor", "confidential"],
                name="order_state",
            ),
        ),
        migrations.RemoveIndex(model_name="order", name="order_usual"),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                fields=["tenant_id", "payee_number", "currency"],
                include=["amount_minor", "confidential"],
                condition=models.Q(state="settled"),
                name="order_usual",
            ),
        ),
        migrations.RemoveIndex(model_name="order", name="order_account"),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                fields=["tenant_id", "account", "run", "state"],
                include=["currency", "amount_minor", "confidential"],
                name="order_account",
            ),
        ),
        migrations.RunSQL([*STEPS]),
    ]
