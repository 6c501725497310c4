"""Orders and their money."""

from typing import Final

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint

from storage.database.migrations._checked import CreateCheckedModel

TABLES: Final = [
    CreateCheckedModel(
        name="Amendment",
        fields=[
            ("key", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
            ("conversation_id", fields.BigIntField()),
            ("order_key", fields.TextField(unique=False)),
            ("kind", fields.TextField(unique=False)),
            ("amount", fields.BigIntField()),
            ("sku", fields.TextField(unique=False)),
            ("pieces", fields.IntField()),
            ("changed_by", fields.TextField(unique=False)),
            ("why", fields.TextField(unique=False)),
            ("destination", fields.TextField(null=True, unique=False)),
            ("created_at", fields.BigIntField()),
            ("caused_by", fields.BigIntField()),
        ],
        options={
            "constraints": [
                CheckConstraint(
                    check="kind IN ('less', 'allowance', 'address', 'refused', 'kept')",
                    name="amendment_kind",
                ),
                CheckConstraint(check="amount >= 0 AND pieces >= 0", name="amendment_amount"),
            ],
            "table": "amendment",
            "app": "storage",
            "indexes": [
                Index(fields=["conversation_id", "order_key"], name="amendment_order"),
                Index(fields=["created_at", "key"], name="amendment_created"),
            ],
            "pk_attr": "key",
        },
        bases=["Model"],
    ),
    CreateCheckedModel(
        name="Attempt",
        fields=[
            (
                "reference_id",
                fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64),
            ),
            ("order_key", fields.TextField(unique=False)),
            ("conversation_id", fields.BigIntField()),
            ("ordinal", fields.IntField()),
            ("amount", fields.BigIntField()),
            ("currency", fields.TextField(unique=False)),
            ("status", fields.TextField(unique=False)),
            ("mode", fields.TextField(null=True, unique=False)),
            ("link_id", fields.TextField(null=True, unique=False)),
            ("short_url", fields.TextField(null=True, unique=False)),
            ("expires_at", fields.BigIntField()),
            ("created_at", fields.BigIntField()),
        ],
        options={
            "constraints": [
                CheckConstraint(
                    check="status IN ('planned', 'creating', 'created', 'withdrawing', 'cancelled',"
                    " 'expired', 'paid', 'refused')",
                    name="attempt_status",
                ),
                CheckConstraint(check="mode IN ('test', 'live')", name="attempt_mode"),
            ],
            "table": "attempt",
            "app": "storage",
            "indexes": [Index(fields=["conversation_id", "order_key"], name="attempt_order")],
            "pk_attr": "reference_id",
        },
        bases=["Model"],
    ),
    ops.CreateModel(
        name="Fact",
        fields=[
            ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
            ("conversation_id", fields.BigIntField()),
            ("order_key", fields.TextField(unique=False)),
            ("entity", fields.TextField(unique=False)),
            ("entity_id", fields.TextField(unique=False)),
            ("state", fields.TextField(unique=False)),
            ("amount", fields.BigIntField()),
            ("currency", fields.TextField(unique=False)),
            ("at", fields.BigIntField()),
            ("detail", fields.TextField(unique=False)),
            ("learned_at", fields.BigIntField()),
            ("learned_from", fields.BigIntField()),
        ],
        options={
            "table": "fact",
            "app": "storage",
            "unique_together": (("conversation_id", "order_key", "entity", "entity_id", "state"),),
            "pk_attr": "id",
        },
        bases=["Model"],
    ),
    CreateCheckedModel(
        name="Invoice",
        fields=[
            ("number", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=16)),
            ("conversation_id", fields.BigIntField()),
            ("order_key", fields.TextField(unique=False)),
            ("kind", fields.TextField(unique=False)),
            ("total", fields.BigIntField()),
            ("body", fields.TextField(unique=False)),
            ("buyer", fields.TextField(null=True, unique=False)),
            ("issued_at", fields.BigIntField()),
            ("caused_by", fields.BigIntField()),
        ],
        options={
            "constraints": [
                CheckConstraint(
                    check="kind IN ('tax invoice', 'bill of supply', 'bill', 'credit note')",
                    name="invoice_kind",
                ),
                CheckConstraint(check="total > 0", name="invoice_total"),
            ],
            "table": "invoice",
            "app": "storage",
            "indexes": [
                Index(fields=["conversation_id", "order_key"], name="invoice_order"),
                Index(fields=["issued_at", "number"], name="invoice_issued"),
            ],
            "pk_attr": "number",
        },
        bases=["Model"],
    ),
    ops.CreateModel(
        name="InvoiceSeries",
        fields=[
            ("name", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=16)),
            ("next_ordinal", fields.BigIntField()),
        ],
        options={"table": "invoice_series", "app": "storage", "pk_attr": "name"},
        bases=["Model"],
    ),
    CreateCheckedModel(
        name="Order",
        fields=[
            ("key", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
            ("conversation_id", fields.BigIntField()),
            ("number", fields.TextField(unique=False)),
            ("lines", fields.TextField(unique=False)),
            ("total", fields.BigIntField()),
            ("currency", fields.TextField(unique=False)),
            ("terms", fields.TextField(unique=False)),
            ("destination", fields.TextField(unique=False)),
            ("payment", fields.TextField(unique=False)),
            ("stage", fields.TextField(null=True, unique=False)),
            ("stage_by", fields.TextField(null=True, unique=False)),
            ("stage_at", fields.BigIntField(null=True)),
            ("todo", fields.TextField(null=True, unique=False)),
            ("lifecycle", fields.TextField(unique=False)),
            ("fulfilled", fields.BigIntField()),
            ("held", fields.BigIntField()),
            ("held_for", fields.TextField(null=True, unique=False)),
            ("placed_at", fields.BigIntField()),
            ("placed_by", fields.BigIntField()),
            ("paid_at", fields.BigIntField(null=True)),
            ("due_at", fields.BigIntField(null=True)),
            ("rating", fields.IntField(null=True)),
        ],
        options={
            "constraints": [
                CheckConstraint(
                    check="lifecycle IN ('open', 'promised', 'lapsed', 'fulfilled', 'returned')",
                    name="orders_lifecycle",
                ),
                CheckConstraint(
                    check="stage IN ('placed', 'accepted', 'preparing', 'ready', 'out', 'delivered',"
                    " 'cancelled', 'refused', 'returned')",
                    name="orders_stage",
                ),
                CheckConstraint(
                    check="payment IN ('unpaid', 'authorised', 'short', 'held', 'cash', 'paid',"
                    " 'refunding', 'refunded', 'cancelled')",
                    name="orders_payment",
                ),
                CheckConstraint(check="fulfilled >= 0 AND held >= 0", name="orders_money"),
                CheckConstraint(check="held = 0 OR held_for IS NOT NULL", name="orders_held"),
                CheckConstraint(check="rating BETWEEN 1 AND 5", name="orders_rating"),
            ],
            "table": "orders",
            "app": "storage",
            "indexes": [
                Index(fields=["conversation_id"], name="orders_conversation"),
                Index(fields=["placed_by"], name="orders_placed_by"),
                Index(fields=["number"], name="orders_number"),
                Index(fields=["placed_at", "key"], name="orders_placed_at"),
                Index(fields=["stage", "placed_at", "key"], name="orders_by_stage"),
                Index(fields=["payment", "placed_at", "key"], name="orders_by_payment"),
            ],
            "pk_attr": "key",
        },
        bases=["Model"],
    ),
    CreateCheckedModel(
        name="Refund",
        fields=[
            ("key", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
            ("conversation_id", fields.BigIntField()),
            ("order_key", fields.TextField(unique=False)),
            ("payment_id", fields.TextField(unique=False)),
            ("amount", fields.BigIntField()),
            ("reason", fields.TextField(unique=False)),
            ("status", fields.TextField(unique=False)),
            ("refund_id", fields.TextField(null=True, unique=False)),
            ("created_at", fields.BigIntField()),
        ],
        options={
            "constraints": [
                CheckConstraint(
                    check="status IN ('asked', 'created', 'processed', 'failed', 'refused', 'withdrawn')",
                    name="refund_status",
                ),
                CheckConstraint(check="amount > 0", name="refund_amount"),
            ],
            "table": "refund",
            "app": "storage",
            "indexes": [Index(fields=["conversation_id", "order_key"], name="refund_order")],
            "pk_attr": "key",
        },
        bases=["Model"],
    ),
    CreateCheckedModel(
        name="Stray",
        fields=[
            ("link_id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=80)),
            ("order_key", fields.TextField(unique=False)),
            ("reference_id", fields.TextField(unique=False)),
            ("amount", fields.BigIntField()),
            ("decision", fields.TextField(unique=False)),
            ("payments", fields.TextField(unique=False)),
            ("settled_at", fields.BigIntField()),
        ],
        options={
            "constraints": [
                CheckConstraint(check="decision IN ('cancelled', 'refunded', 'kept')", name="stray_decision")
            ],
            "table": "stray",
            "app": "storage",
            "indexes": [Index(fields=["order_key"], name="stray_order")],
            "pk_attr": "link_id",
        },
        bases=["Model"],
    ),
]
