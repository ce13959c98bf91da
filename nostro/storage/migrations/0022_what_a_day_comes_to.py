"""What is paid in a day, and to an account whatever its payee is called: limits and duplicates."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("storage", "0021_sign_on_removed"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                fields=["tenant_id", "creditor_iban", "amount_minor"], name="order_paid_to"
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["tenant_id", "requested_date"], name="order_day"),
        ),
    ]
