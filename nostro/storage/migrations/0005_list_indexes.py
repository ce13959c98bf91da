"""What lists look for among 100,000 payments: the funnel, changes since, replacements, words."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("storage", "0004_payment_indexes"),
    ]

    operations = [
        migrations.RemoveIndex(model_name="order", name="order_state"),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                fields=["tenant_id", "state", "id"],
                include=["currency", "amount_minor"],
                name="order_state",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["tenant_id", "state_since", "id"], name="order_updated"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                fields=["tenant_id", "replaces"],
                condition=models.Q(replaces__isnull=False),
                name="order_replaces",
            ),
        ),
        migrations.AddIndex(
            model_name="approval",
            index=models.Index(
                fields=["tenant_id", "order"],
                condition=models.Q(voided_at__isnull=False),
                name="approval_voided",
            ),
        ),
        migrations.AddIndex(
            model_name="fact",
            index=models.Index(
                fields=["tenant_id", "submission", "received_at"], name="fact_submission"
            ),
        ),
    ]
