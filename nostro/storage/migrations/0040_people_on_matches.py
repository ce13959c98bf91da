"""Matches that people undo, with who and why; and whose it is that is kept on account."""

from django.db import migrations, models


def _text() -> "models.TextField[str, str]":
    return models.TextField(default="", db_default="")


class Migration(migrations.Migration):
    dependencies = [
        ("storage", "0039_match_proposals"),
    ]

    operations = [
        migrations.AddField("match", "undone_at", models.DateTimeField(null=True)),
        migrations.AddField("match", "undone_by", _text()),
        migrations.AddField("match", "undo_reason", _text()),
        migrations.AddIndex("match", models.Index(fields=["tenant_id", "id"], name="match_newest")),
        migrations.AddField("adjustment", "customer_number", _text()),
        migrations.AddIndex(
            "adjustment",
            models.Index(
                fields=["tenant_id", "open_item"],
                condition=models.Q(open_item__isnull=False),
                name="adjustment_open_item",
            ),
        ),
    ]
