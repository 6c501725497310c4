"""The first tables."""

from tortoise import migrations
from tortoise.migrations import operations as ops

from storage.database.migrations import _chats, _goods, _hooks, _mirrors, _orders, _queues


class Migration(migrations.Migration):
    """All tables, with their unique keys, checks and partial indexes."""

    initial = True

    operations = [  # noqa: RUF012 - the base class wants it so
        *_chats.TABLES,
        *_queues.TABLES,
        *_orders.TABLES,
        *_goods.TABLES,
        *_hooks.TABLES,
        *_mirrors.TABLES,
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
                "CREATE INDEX conversation_in_hand"
                " ON conversation (COALESCE(last_inbound_at, created_at), id) WHERE in_hand IS NOT NULL",
                "CREATE INDEX orders_held_for ON orders (placed_at) WHERE held_for IS NOT NULL",
                "CREATE INDEX orders_reserving ON orders (key) WHERE lifecycle IN ('open', 'promised')",
                "CREATE INDEX orders_to_do ON orders (placed_at, key) WHERE todo IS NOT NULL",
                "CREATE INDEX orders_to_bring ON orders (placed_at, key) WHERE todo IS NOT NULL"
                " AND stage IN ('placed', 'accepted', 'preparing', 'ready', 'out')",
                "CREATE INDEX inbox_parked ON inbox (id) WHERE state = 'parked'",
                "CREATE INDEX inbox_staff ON inbox (conversation_id, order_key, id) WHERE kind = 'staff'",
                "CREATE INDEX inbox_parked_of ON inbox (conversation_id) WHERE state = 'parked'",
                "CREATE INDEX inbox_kept_facts ON inbox (conversation_id, id)"
                " WHERE state = 'kept' AND kind = 'facts'",
                "CREATE INDEX outbox_due ON outbox (lane, urgency, due_at, id) WHERE finished_at IS NULL",
                "CREATE INDEX outbox_lanes ON outbox (conversation_id, lane, urgency, id)"
                " WHERE finished_at IS NULL",
                "CREATE INDEX outbox_provider ON outbox (provider_id) WHERE provider_id IS NOT NULL",
                "CREATE INDEX outbox_unheard ON outbox (conversation_id, created_at)"
                " WHERE state = 'failed' AND name = 'from a customer'",
                "CREATE INDEX outbox_about ON outbox (about) WHERE about IS NOT NULL",
                "CREATE INDEX orders_due ON orders (due_at, key) WHERE due_at IS NOT NULL",
                "CREATE INDEX orders_ended ON orders (stage_at, key)"
                " WHERE stage IN ('cancelled', 'refused', 'returned') AND due_at IS NOT NULL",
                "CREATE INDEX inbox_prunable ON inbox (COALESCE(handled_at, received_at))"
                " WHERE state IN ('applied', 'ignored', 'kept')",
                "CREATE INDEX outbox_prunable ON outbox (finished_at) WHERE finished_at IS NOT NULL",
                "CREATE INDEX attempt_link ON attempt (link_id) WHERE link_id IS NOT NULL",
                "CREATE INDEX fact_captured ON fact (entity_id)"
                " WHERE entity = 'payment' AND state = 'captured'",
                "CREATE INDEX hook_due ON hook (due_at) WHERE finished_at IS NULL",
                "CREATE INDEX hook_streams ON hook (stream, id) WHERE finished_at IS NULL",
                "CREATE INDEX hook_prunable ON hook (finished_at) WHERE finished_at IS NOT NULL",
                "CREATE INDEX hook_failed ON hook (id) WHERE state = 'failed'",
                "CREATE INDEX mirror_copy ON mirror (copy_id) WHERE copy_id IS NOT NULL",
                "CREATE INDEX mirror_due ON mirror (due_at) WHERE due_at IS NOT NULL",
                "CREATE INDEX fact_money ON fact (at) WHERE entity IN ('payment', 'refund')",
            ],
        ),
    ]
