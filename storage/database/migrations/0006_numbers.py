"""The shop's numbers by day, what each order and customer added to them, and what is still to be added."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from storage.database.migrations._checked import AddEmptyColumn


class Migration(migrations.Migration):
    """All orders and customers begin as not counted. Of messages that wait, no time of reply is counted."""

    dependencies = [("storage", "0005_stock_readings")]  # noqa: RUF012 - the base class wants it so

    operations = [  # noqa: RUF012 - the base class wants it so
        ops.CreateModel(
            name="Figure",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("kind", fields.CharField(max_length=16)),
                ("day", fields.BigIntField()),
                ("name", fields.CharField(max_length=128)),
                ("count", fields.BigIntField()),
                ("amount", fields.BigIntField()),
            ],
            options={
                "table": "figure",
                "app": "storage",
                "unique_together": (("kind", "day", "name"),),
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Counted",
            fields=[
                ("subject", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ("numbers", fields.TextField(unique=False)),
            ],
            options={"table": "counted", "app": "storage", "pk_attr": "subject"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Tally",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("at", fields.BigIntField()),
                ("numbers", fields.TextField(unique=False)),
            ],
            options={"table": "tally", "app": "storage", "pk_attr": "id"},
            bases=["Model"],
        ),
        AddEmptyColumn("Order", "counted", fields.BigIntField(null=True)),
        AddEmptyColumn("Conversation", "counted", fields.BigIntField(null=True)),
        AddEmptyColumn("Outbox", "heard_at", fields.BigIntField(null=True)),
        ops.RunSQL(["CREATE INDEX orders_uncounted ON orders (key) WHERE counted IS NULL"]),
        ops.RunSQL(["CREATE INDEX conversation_uncounted ON conversation (id) WHERE counted IS NULL"]),
    ]
