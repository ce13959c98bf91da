"""Lists of names not to be paid, loaded once for all customers, and what each customer cleared."""

import django.db.models.deletion
from django.db import migrations, models

from nostro.storage.isolation import IsolateTenants


class Migration(migrations.Migration):
    dependencies = [
        ("storage", "0017_confidential"),
    ]

    operations = [
        migrations.CreateModel(
            name="WatchList",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("code", models.TextField()),
                ("name", models.TextField()),
                ("published_on", models.DateField(null=True)),
                ("file_name", models.TextField()),
                ("file_digest", models.TextField()),
                ("entries", models.IntegerField()),
                ("names", models.IntegerField()),
                ("loaded_at", models.DateTimeField()),
                ("loaded_by", models.TextField()),
                ("in_force", models.BooleanField()),
            ],
            options={
                "db_table": "watch_list",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("in_force", True)),
                        fields=("code",),
                        name="watch_list_in_force",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="WatchListPart",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("position", models.IntegerField()),
                ("content", models.BinaryField()),
                (
                    "watch_list",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="storage.watchlist",
                    ),
                ),
            ],
            options={
                "db_table": "watch_list_part",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("watch_list", "position"), name="watch_list_part_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ScreeningClearance",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("payee_digest", models.TextField()),
                ("list_code", models.TextField()),
                ("entry_id", models.TextField()),
                ("entry_digest", models.TextField()),
                ("cleared_at", models.DateTimeField()),
                ("cleared_by", models.TextField()),
                ("reason", models.TextField()),
                (
                    "order",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="storage.order",
                    ),
                ),
            ],
            options={
                "db_table": "screening_clearance",
                "indexes": [
                    models.Index(fields=["tenant_id", "order"], name="screening_clearance_order")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=(
                            "tenant_id",
                            "payee_digest",
                            "list_code",
                            "entry_id",
                            "entry_digest",
                        ),
                        name="screening_cleared_once",
                    )
                ],
            },
        ),
        IsolateTenants(["ScreeningClearance"]),
    ]
