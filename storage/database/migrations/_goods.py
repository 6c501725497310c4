"""What can be taken: pieces, places, what is switched off."""

from typing import Final

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint

from storage.database.migrations._checked import CreateCheckedModel

TABLES: Final = [
    CreateCheckedModel(
        name="ProductOff",
        fields=[
            ("sku", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
            ("off_since", fields.BigIntField()),
            ("switched_by", fields.TextField(unique=False)),
        ],
        options={"table": "product_off", "app": "storage", "pk_attr": "sku"},
        bases=["Model"],
    ),
    CreateCheckedModel(
        name="Quota",
        fields=[
            ("name", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=128)),
            ("taken", fields.BigIntField()),
            ("ends_at", fields.BigIntField(null=True)),
        ],
        options={
            "constraints": [CheckConstraint(check="taken >= 0", name="quota_taken")],
            "table": "quota",
            "app": "storage",
            "pk_attr": "name",
        },
        bases=["Model"],
    ),
    CreateCheckedModel(
        name="Stock",
        fields=[
            ("sku", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
            ("declared", fields.BigIntField()),
            ("in_file", fields.BigIntField()),
            ("in_served", fields.BigIntField(null=True)),
            ("reserved", fields.BigIntField()),
            ("sold", fields.BigIntField()),
        ],
        options={
            "constraints": [CheckConstraint(check="reserved >= 0 AND sold >= 0", name="stock_counts")],
            "table": "stock",
            "app": "storage",
            "pk_attr": "sku",
        },
        bases=["Model"],
    ),
]
