"""What arrives and what is to be done: inbox, outbox, used keys, notices, and the installation."""

from typing import Final

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint

from storage.database.migrations._checked import CreateCheckedModel

TABLES: Final = [
    ops.CreateModel(
        name="IdempotencyKey",
        fields=[
            ("key", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
            ("request", fields.TextField(unique=False)),
            ("event", fields.BigIntField()),
        ],
        options={"table": "idempotency_key", "app": "storage", "pk_attr": "key"},
        bases=["Model"],
    ),
    CreateCheckedModel(
        name="Inbox",
        fields=[
            ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
            ("conversation_id", fields.BigIntField()),
            ("order_key", fields.TextField(null=True, unique=False)),
            ("key", fields.TextField(unique=False)),
            ("kind", fields.TextField(unique=False)),
            ("state", fields.TextField(unique=False)),
            ("due_at", fields.BigIntField()),
            ("body", fields.TextField(unique=False)),
            ("raw_body", fields.TextField(source_field="raw", null=True, unique=False)),
            ("trace", fields.TextField(null=True, unique=False)),
            ("error", fields.TextField(null=True, unique=False)),
            ("received_at", fields.BigIntField()),
            ("handled_at", fields.BigIntField(null=True)),
        ],
        options={
            "constraints": [
                CheckConstraint(
                    check="state IN ('pending', 'applied', 'ignored', 'parked', 'kept')",
                    name="inbox_state",
                ),
                CheckConstraint(
                    check="(handled_at IS NULL) = (state IN ('pending', 'kept'))", name="inbox_handled"
                ),
                CheckConstraint(check="state <> 'parked' OR error IS NOT NULL", name="inbox_parked"),
            ],
            "table": "inbox",
            "app": "storage",
            "unique_together": (("conversation_id", "key"),),
            "pk_attr": "id",
        },
        bases=["Model"],
    ),
    ops.CreateModel(
        name="Installation",
        fields=[
            ("id", fields.IntField(primary_key=True, generated=False, unique=True, db_index=True)),
            ("key", fields.TextField(unique=False)),
            ("account", fields.TextField(null=True, unique=False)),
            ("next_order", fields.BigIntField(default=10001)),
            ("probe", fields.TextField(null=True, unique=False)),
            ("epoch", fields.IntField(default=0)),
            ("restored_at", fields.BigIntField(null=True)),
            ("prune_at", fields.BigIntField(default=0)),
        ],
        options={"table": "installation", "app": "storage", "pk_attr": "id"},
        bases=["Model"],
    ),
    ops.CreateModel(
        name="Notice",
        fields=[
            ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
            ("kind", fields.TextField(unique=False)),
            ("subject", fields.TextField(unique=False)),
            ("said", fields.TextField(unique=False)),
            ("created_at", fields.BigIntField()),
        ],
        options={
            "table": "notice",
            "app": "storage",
            "unique_together": (("kind", "subject"),),
            "pk_attr": "id",
        },
        bases=["Model"],
    ),
    CreateCheckedModel(
        name="Outbox",
        fields=[
            ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
            ("conversation_id", fields.BigIntField()),
            ("order_key", fields.TextField(null=True, unique=False)),
            ("about", fields.BigIntField(null=True)),
            ("lane", fields.TextField(unique=False)),
            ("urgency", fields.IntField()),
            ("name", fields.TextField(unique=False)),
            ("payload", fields.TextField(unique=False)),
            ("state", fields.TextField(unique=False)),
            ("due_at", fields.BigIntField()),
            ("attempts", fields.IntField()),
            ("provider_id", fields.TextField(null=True, unique=False)),
            ("receipt", fields.TextField(null=True, unique=False)),
            ("receipt_rank", fields.IntField(null=True)),
            ("error", fields.TextField(null=True, unique=False)),
            ("caused_by", fields.BigIntField()),
            ("created_at", fields.BigIntField()),
            ("finished_at", fields.BigIntField(null=True)),
        ],
        options={
            "constraints": [
                CheckConstraint(check="lane IN ('chat', 'pay', 'poll')", name="outbox_lane"),
                CheckConstraint(
                    check="state IN ('pending', 'sending', 'done', 'failed')", name="outbox_state"
                ),
                CheckConstraint(
                    check="(finished_at IS NULL) = (state IN ('pending', 'sending'))",
                    name="outbox_finished",
                ),
                CheckConstraint(check="attempts >= 0", name="outbox_attempts"),
                CheckConstraint(check="(receipt IS NULL) = (receipt_rank IS NULL)", name="outbox_receipt"),
            ],
            "table": "outbox",
            "app": "storage",
            "indexes": [Index(fields=["conversation_id"], name="outbox_conversation")],
            "pk_attr": "id",
        },
        bases=["Model"],
    ),
]
