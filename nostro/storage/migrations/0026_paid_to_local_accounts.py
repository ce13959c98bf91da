"""What is paid to an account that has no IBAN, whatever its payee is called."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("storage", "0025_issued_checks"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("creditor_account", ""), _negated=True),
                fields=["tenant_id", "creditor_account", "amount_minor"],
                name="order_paid_to_local",
            ),
        ),
    ]
