"""Events out, and how many there have been of each order."""

from typing import Final

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint

from storage.database.migrations._checked import CreateCheckedModel

TABLES: Final = [
    CreateCheckedModel(
        name="Hook",
        fields=[
            ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
            ("conversation_id", fields.BigIntField()),
            ("key", fields.TextField(unique=False)),
            ("stream", fields.TextField(unique=False)),
            ("sequence", fields.BigIntField()),
            ("type", fields.TextField(unique=False)),
            ("data", fields.TextField(unique=False)),
            ("state", fields.TextField(unique=False)),
            ("due_at", fields.BigIntField(null=True)),
            ("attempts", fields.IntField()),
            ("error", fields.TextField(null=True, unique=False)),
            ("created_at", fields.BigIntField()),
            ("finished_at", fields.BigIntField(null=True)),
        ],
        options={
            "constraints": [
                CheckConstraint(check="state IN ('waiting', 'done', 'failed')", name="hook_state"),
                CheckConstraint(check="(finished_at IS NULL) = (state = 'waiting')", name="hook_finished"),
                CheckConstraint(check="attempts >= 0", name="hook_attempts"),
            ],
            "table": "hook",
            "app": "storage",
            "unique_together": (("stream", "sequence"),),
            "indexes": [Index(fields=["conversation_id"], name="hook_conversation")],
            "pk_attr": "id",
        },
        bases=["Model"],
    ),
    ops.CreateModel(
        name="HookStream",
        fields=[
            ("stream", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
            ("counted", fields.BigIntField()),
        ],
        options={"table": "hook_stream", "app": "storage", "pk_attr": "stream"},
        bases=["Model"],
    ),
]
