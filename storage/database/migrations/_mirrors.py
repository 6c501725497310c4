"""The copies of orders in the shop's other system."""

from typing import Final

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint

from storage.database.migrations._checked import CreateCheckedModel

TABLES: Final = [
    CreateCheckedModel(
        name="Mirror",
        fields=[
            ("order_key", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
            ("state", fields.TextField(unique=False)),
            ("copy_id", fields.TextField(null=True, unique=False)),
            ("told", fields.TextField(null=True, unique=False)),
            ("amendments", fields.IntField()),
            ("asked_at", fields.BigIntField()),
            ("looks", fields.IntField()),
            ("failures", fields.IntField()),
            ("failing_since", fields.BigIntField()),
            ("seen_id", fields.TextField(null=True, unique=False)),
            ("recheck", fields.IntField()),
            ("restock", fields.IntField()),
            ("revision", fields.IntField()),
            ("tries", fields.IntField()),
            ("leased", fields.IntField()),
            ("due_at", fields.BigIntField(null=True)),
            ("error", fields.TextField(null=True, unique=False)),
            ("created_at", fields.BigIntField()),
        ],
        options={
            "constraints": [
                CheckConstraint(check="state IN ('wanted', 'asked', 'made', 'failed')", name="mirror_state"),
                CheckConstraint(check="(copy_id IS NOT NULL) = (state = 'made')", name="mirror_made"),
                CheckConstraint(check="(told IS NULL) = (copy_id IS NULL)", name="mirror_told"),
                CheckConstraint(
                    check="told IN ('pending', 'paid', 'cancelled', 'gone')", name="mirror_status"
                ),
                CheckConstraint(check="(asked_at > 0) = (state = 'asked')", name="mirror_asked"),
            ],
            "table": "mirror",
            "app": "storage",
            "pk_attr": "order_key",
        },
        bases=["Model"],
    ),
]
