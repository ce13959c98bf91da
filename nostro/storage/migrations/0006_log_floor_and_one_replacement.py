"""A log that goes on above what may have been told, and one payment in place of another."""

from django.db import migrations, models

from nostro.storage.isolation import OPS


class Migration(migrations.Migration):
    dependencies = [
        ("storage", "0005_list_indexes"),
    ]

    operations = [
        migrations.AddField(
            model_name="customer",
            name="log_floor",
            field=models.BigIntegerField(default=0, db_default=0),
        ),
        migrations.RunSQL(
            [f"GRANT SELECT (log_floor) ON customer TO {OPS}"],
            [f"REVOKE SELECT (log_floor) ON customer FROM {OPS}"],
        ),
        migrations.RemoveIndex(model_name="order", name="order_replaces"),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.UniqueConstraint(
                fields=["tenant_id", "replaces"],
                condition=models.Q(replaces__isnull=False),
                name="order_replaces_once",
            ),
        ),
    ]
