"""Keys of open items and of who pays them, also of those that are there."""

from typing import Any
from uuid import UUID

from django.db import migrations, models

from nostro.domain.money import Money
from nostro.domain.open_item import OpenItem
from nostro.matching import item_keys
from nostro.storage.isolation import IsolateTenants
from nostro.storage.models.tenant import to_tenant

PORTION = 10_000


def fill(apps: Any, schema_editor: Any) -> None:
    """By the owner, who sees the items of all customers."""
    alias = schema_editor.connection.alias
    told = apps.get_model("storage", "OpenItem").objects.using(alias).order_by("tenant_id", "id")
    found: list[Any] = []
    for row in told.iterator(chunk_size=PORTION):
        if found and (len(found) == PORTION or found[0].tenant_id != row.tenant_id):
            _fill(apps, alias, found)
            found = []
        found.append(row)
    _fill(apps, alias, found)


def _fill(apps: Any, alias: str, rows: list[Any]) -> None:
    item_key, payer_key = (apps.get_model("storage", name) for name in ("OpenItemKey", "PayerKey"))
    items = [_item(row) for row in rows]
    item_key.objects.using(alias).bulk_create(
        (
            item_key(
                id=_id(rows[one.place].id, one.kind, one.key), tenant_id=rows[one.place].tenant_id,
                entity_id=rows[one.place].entity_id, kind=one.kind.value, key=one.key,
                open_item_id=rows[one.place].id,
            )
            for one in item_keys.of_items(items)
        ),
        ignore_conflicts=True,
    )  # fmt: skip
    for entity_id in sorted({row.entity_id for row in rows}):
        mine = [item for item, row in zip(items, rows, strict=True) if row.entity_id == entity_id]
        payer_key.objects.using(alias).bulk_create(
            (
                payer_key(
                    id=_id(entity_id, one.kind, one.key, one.customer_number),
                    tenant_id=rows[0].tenant_id, entity_id=entity_id, kind=one.kind.value,
                    key=one.key, customer_number=one.customer_number,
                )
                for one in item_keys.of_payers(mine)
            ),
            ignore_conflicts=True,
        )  # fmt: skip


def _id(*parts: object) -> UUID:
    """The same for the same key: a migration that is begun anew writes the same rows."""
    told = "/".join(map(str, parts))
    return UUID(int=item_keys.of_text(told) % 2**64 << 64 | item_keys.of_text(f"{told}/") % 2**64)


def _item(row: Any) -> OpenItem:
    return OpenItem(
        id=str(row.id), entity_code="", document=row.document, instalment=row.instalment,
        customer_number=row.customer_number, customer_name=row.customer_name,
        open_amount=Money(row.open_minor, row.currency), due_date=row.due_date,
        payer_iban=row.payer_iban, parent_number=row.parent_number,
        references=tuple(row.further_references),
    )  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [
        ("storage", "0042_left_on_a_day"),
    ]

    operations = [
        migrations.CreateModel(
            name="OpenItemKey",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("entity", to_tenant("storage.legalentity")),
                ("kind", models.SmallIntegerField()),
                ("key", models.BigIntegerField()),
                ("open_item", to_tenant("storage.openitem")),
            ],
            options={
                "db_table": "open_item_key",
                "constraints": [
                    models.UniqueConstraint(
                        fields=["tenant_id", "entity", "kind", "key", "open_item"],
                        name="open_item_key_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PayerKey",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("entity", to_tenant("storage.legalentity")),
                ("kind", models.SmallIntegerField()),
                ("key", models.BigIntegerField()),
                ("customer_number", models.TextField()),
            ],
            options={
                "db_table": "payer_key",
                "constraints": [
                    models.UniqueConstraint(
                        fields=["tenant_id", "entity", "kind", "key", "customer_number"],
                        name="payer_key_once",
                    )
                ],
            },
        ),
        migrations.AddIndex(
            "openitem",
            models.Index(
                fields=["tenant_id", "customer_number", "open_minor"],
                condition=~models.Q(open_minor=0),
                name="open_item_amount",
            ),
        ),
        IsolateTenants(["OpenItemKey", "PayerKey"], "SELECT, INSERT"),
        migrations.RunPython(fill, migrations.RunPython.noop),
        # What was written is checked now: an index is made at the end, and of a table with checks
        # that are still to come PostgreSQL makes none.
        migrations.RunSQL(["SET CONSTRAINTS ALL IMMEDIATE"]),
    ]
