"""What left on a day is found by its day: limits of a day count it at each release."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("storage", "0041_open_lines"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="attempt",
            index=models.Index(fields=["tenant_id", "execution_date"], name="attempt_day"),
        ),
        migrations.AddIndex(
            model_name="issuedcheck",
            index=models.Index(
                fields=["tenant_id", "issued_on"],
                condition=models.Q(order__isnull=False),
                name="issued_check_day",
            ),
        ),
    ]
