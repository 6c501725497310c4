"""Audits of the books: which orders changed since they were last audited, and what each audit found."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from storage.database.migrations._checked import AddEmptyColumn


class Migration(migrations.Migration):
    """All orders begin as not audited."""

    dependencies = [("storage", "0001_initial")]  # noqa: RUF012 - the base class wants it so

    operations = [  # noqa: RUF012
        ops.CreateModel(
            name="Audit",
            fields=[
                ("number", fields.BigIntField(generated=False, primary_key=True, unique=True, db_index=True)),
                ("made_at", fields.BigIntField()),
                ("figures", fields.TextField(unique=False)),
                ("digest", fields.TextField(unique=False)),
            ],
            options={"table": "audit", "app": "storage", "pk_attr": "number"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="AuditedOrder",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("audit", fields.BigIntField()),
                ("order_key", fields.CharField(max_length=64)),
                ("facts", fields.IntField()),
                ("facts_digest", fields.TextField(unique=False)),
                ("books_digest", fields.TextField(unique=False)),
                ("figures", fields.TextField(unique=False)),
            ],
            options={
                "table": "audited_order",
                "app": "storage",
                "unique_together": (("order_key", "audit"), ("audit", "order_key")),
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        AddEmptyColumn("Order", "audited", fields.BigIntField(null=True)),
        ops.RunSQL(["CREATE INDEX orders_unaudited ON orders (key) WHERE audited IS NULL"]),
    ]
