"""Where a customer's files are kept from now on, and which of them are still in the database."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("storage", "0015_single_sign_on"),
    ]

    operations = [
        migrations.AddField(
            model_name="customer",
            name="evidence_kept_in",
            field=models.TextField(default="", db_default=""),
        ),
        migrations.AddIndex(
            model_name="evidencekey",
            index=models.Index(
                fields=["tenant_id", "evidence"],
                condition=models.Q(kept_in="database", locked__isnull=False),
                name="evidence_key_in_database",
            ),
        ),
    ]
