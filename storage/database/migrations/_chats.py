"""Who writes, and where they stand: conversations, their names, the staff, offers."""

from typing import Final

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint

from storage.database.migrations._checked import CreateCheckedModel

TABLES: Final = [
    ops.CreateModel(
        name="Alias",
        fields=[
            ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
            ("conversation_id", fields.BigIntField()),
            ("kind", fields.TextField(unique=False)),
            ("value", fields.TextField(unique=False)),
            ("told_at", fields.BigIntField()),
            ("beside", fields.TextField(null=True, unique=False)),
        ],
        options={
            "table": "alias",
            "app": "storage",
            "unique_together": (("value", "kind"),),
            "indexes": [Index(fields=["conversation_id"], name="alias_conversation")],
            "pk_attr": "id",
        },
        bases=["Model"],
    ),
    CreateCheckedModel(
        name="Conversation",
        fields=[
            ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
            ("merged_into", fields.BigIntField(null=True)),
            ("state", fields.TextField(unique=False)),
            ("snapshot", fields.TextField(unique=False)),
            ("created_at", fields.BigIntField()),
            ("updated_at", fields.BigIntField()),
            ("last_inbound_at", fields.BigIntField(null=True)),
            ("paced_until", fields.BigIntField()),
            ("forgotten_at", fields.BigIntField(null=True)),
            ("hears", fields.TextField(unique=False)),
            ("in_hand", fields.TextField(null=True, unique=False)),
            ("last_chat", fields.BigIntField(null=True)),
            ("version", fields.BigIntField(null=True)),
        ],
        options={
            "constraints": [
                CheckConstraint(check="hears IN ('nothing', 'orders', 'offers')", name="conversation_hears"),
                CheckConstraint(check="in_hand IN ('waits', 'answered')", name="conversation_in_hand_word"),
            ],
            "table": "conversation",
            "app": "storage",
            "indexes": [
                Index(fields=["version", "state", "id"], name="conversation_stands"),
                Index(fields=["last_inbound_at", "id"], name="conversation_heard"),
                Index(fields=["created_at", "id"], name="conversation_created"),
            ],
            "pk_attr": "id",
        },
        bases=["Model"],
    ),
    ops.CreateModel(
        name="FlowVersion",
        fields=[
            ("number", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
            ("version", fields.TextField(unique=False)),
            ("texts", fields.TextField(unique=False)),
            ("outline", fields.TextField(unique=False)),
            ("served_at", fields.BigIntField()),
            ("served_by", fields.TextField(unique=False)),
        ],
        options={"table": "flow_version", "app": "storage", "pk_attr": "number"},
        bases=["Model"],
    ),
    ops.CreateModel(
        name="Staff",
        fields=[
            ("phone", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=32)),
            ("name", fields.TextField(unique=False)),
            ("may", fields.TextField(unique=False)),
            ("beside", fields.TextField(null=True, unique=False)),
            ("recycled_at", fields.BigIntField(null=True)),
        ],
        options={"table": "staff", "app": "storage", "pk_attr": "phone"},
        bases=["Model"],
    ),
    ops.CreateModel(
        name="Broadcast",
        fields=[
            ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
            ("message", fields.TextField(unique=False)),
            ("sent_by", fields.TextField(unique=False)),
            ("created_at", fields.BigIntField()),
            ("reached", fields.BigIntField()),
            ("given", fields.BigIntField()),
            ("due_at", fields.BigIntField(null=True)),
        ],
        options={"table": "broadcast", "app": "storage", "pk_attr": "id"},
        bases=["Model"],
    ),
]
