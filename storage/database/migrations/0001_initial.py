"""The first tables."""

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint

from storage.database.migrations._checked import CreateCheckedModel


class Migration(migrations.Migration):
    """All tables, with their unique keys, checks and partial indexes."""

    initial = True

    operations = [  # noqa: RUF012 - the base class wants it so
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
                "indexes": [Index(fields=["conversation_id", "order_key"], name="amendment_order")],
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
            ],
            options={
                "constraints": [
                    CheckConstraint(
                        check="hears IN ('nothing', 'orders', 'offers')", name="conversation_hears"
                    ),
                    CheckConstraint(
                        check="in_hand IN ('waits', 'answered')", name="conversation_in_hand_word"
                    ),
                ],
                "table": "conversation",
                "app": "storage",
                "indexes": [
                    Index(fields=["last_inbound_at", "id"], name="conversation_heard"),
                    Index(fields=["created_at", "id"], name="conversation_created"),
                ],
                "pk_attr": "id",
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
                    CheckConstraint(
                        check="(receipt IS NULL) = (receipt_rank IS NULL)", name="outbox_receipt"
                    ),
                ],
                "table": "outbox",
                "app": "storage",
                "indexes": [Index(fields=["conversation_id"], name="outbox_conversation")],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
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
        CreateCheckedModel(
            name="Stock",
            fields=[
                ("sku", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ("declared", fields.BigIntField()),
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
                    CheckConstraint(
                        check="decision IN ('cancelled', 'refunded', 'kept')", name="stray_decision"
                    )
                ],
                "table": "stray",
                "app": "storage",
                "indexes": [Index(fields=["order_key"], name="stray_order")],
                "pk_attr": "link_id",
            },
            bases=["Model"],
        ),
        # As SQL, because a model's index has no WHERE. Each index holds only the rows that are waiting or
        # looked up. SQLite uses one only for a statement that repeats the index's condition word for word.
        ops.RunSQL(
            [
                "CREATE INDEX inbox_due ON inbox (due_at) WHERE state = 'pending' AND kind <> 'receipt'",
                "CREATE INDEX inbox_waiting ON inbox (conversation_id, due_at, id) WHERE state = 'pending'",
                "CREATE INDEX inbox_receipts ON inbox (due_at, id)"
                " WHERE state = 'pending' AND kind = 'receipt'",
                "CREATE INDEX conversation_merged ON conversation (merged_into)"
                " WHERE merged_into IS NOT NULL",
                "CREATE INDEX conversation_offers ON conversation (id)"
                " WHERE hears = 'offers' AND merged_into IS NULL",
                "CREATE INDEX conversation_in_hand ON conversation (last_inbound_at, id)"
                " WHERE in_hand IS NOT NULL",
                "CREATE INDEX orders_held_for ON orders (placed_at) WHERE held_for IS NOT NULL",
                "CREATE INDEX orders_reserving ON orders (key) WHERE lifecycle IN ('open', 'promised')",
                "CREATE INDEX orders_to_do ON orders (placed_at, key) WHERE todo IS NOT NULL",
                "CREATE INDEX inbox_parked ON inbox (id) WHERE state = 'parked'",
                "CREATE INDEX inbox_staff ON inbox (conversation_id, order_key, id) WHERE kind = 'staff'",
                "CREATE INDEX inbox_parked_of ON inbox (conversation_id) WHERE state = 'parked'",
                "CREATE INDEX inbox_kept_facts ON inbox (conversation_id, id)"
                " WHERE state = 'kept' AND kind = 'facts'",
                "CREATE INDEX outbox_due ON outbox (lane, urgency, due_at, id) WHERE finished_at IS NULL",
                "CREATE INDEX outbox_lanes ON outbox (conversation_id, lane, urgency, id)"
                " WHERE finished_at IS NULL",
                "CREATE INDEX outbox_provider ON outbox (provider_id) WHERE provider_id IS NOT NULL",
                "CREATE INDEX outbox_about ON outbox (about) WHERE about IS NOT NULL",
                "CREATE INDEX inbox_prunable ON inbox (COALESCE(handled_at, received_at))"
                " WHERE state IN ('applied', 'ignored', 'kept')",
                "CREATE INDEX outbox_prunable ON outbox (finished_at) WHERE finished_at IS NOT NULL",
                "CREATE INDEX attempt_link ON attempt (link_id) WHERE link_id IS NOT NULL",
                "CREATE INDEX fact_captured ON fact (entity_id)"
                " WHERE entity = 'payment' AND state = 'captured'",
                "CREATE INDEX fact_money ON fact (at) WHERE entity IN ('payment', 'refund')",
            ],
        ),
    ]
