"""What payees got before, payments by account and run, doubtful attempts: from indexes alone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("storage", "0007_plans_for_new_customers"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                fields=["tenant_id", "payee_number", "currency"],
                include=["amount_minor"],
                condition=models.Q(state="settled"),
                name="order_usual",
            ),
        ),
        # A run is found in it too: PostgreSQL skips from account to account.
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                fields=["tenant_id", "account", "run", "state"],
                include=["currency", "amount_minor"],
                name="order_account",
            ),
        ),
        migrations.AddIndex(
            model_name="attempt",
            index=models.Index(
                fields=["tenant_id", "order"],
                condition=models.Q(state="unknown"),
                name="attempt_unknown",
            ),
        ),
    ]
