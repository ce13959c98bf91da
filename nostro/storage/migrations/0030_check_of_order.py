"""A payment order is paid by one check, ever."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("storage", "0029_confidential_payees"),
    ]

    operations = [
        migrations.AddConstraint(
            model_name="issuedcheck",
            constraint=models.UniqueConstraint(
                fields=["tenant_id", "order"],
                condition=models.Q(order__isnull=False),
                name="issued_check_of_order",
            ),
        ),
    ]
