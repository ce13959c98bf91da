"""What the matcher has learnt of each customer is kept version by version."""

from django.db import migrations, models

from nostro.storage.isolation import IsolateTenants


class Migration(migrations.Migration):
    dependencies = [
        ("storage", "0044_repeated_lines_hidden"),
    ]

    operations = [
        migrations.CreateModel(
            name="MatchModel",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("version", models.IntegerField()),
                ("fitted_at", models.DateTimeField()),
                ("target_millionths", models.IntegerField()),
                ("judged", models.IntegerField()),
                ("right_count", models.IntegerField()),
                ("since", models.DateTimeField(null=True)),
                ("until", models.DateTimeField(null=True)),
                ("content", models.JSONField()),
                ("calibration", models.JSONField()),
            ],
            options={
                "db_table": "match_model",
                "constraints": [
                    models.UniqueConstraint(
                        fields=["tenant_id", "version"], name="match_model_version"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(right_count__gte=0)
                        & models.Q(right_count__lte=models.F("judged"))
                        & models.Q(version__gte=1),
                        name="match_model_counts",
                    ),
                ],
            },
        ),
        IsolateTenants(["MatchModel"], "SELECT, INSERT"),
    ]
