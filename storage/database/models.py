"""The tables. Times are milliseconds since 1970 UTC, money is paise, JSON is TEXT.

Rows that belong to a conversation have its `conversation_id`, and their keys start with it (0: no customer).
CHECK constraints tie states to their times, so that no code can write half a change.
"""

from typing import ClassVar, Final

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint

from payments.shop.orders import FIRST_NUMBER
from storage.database.table_model import TableModel

BROADCAST_ID: Final = 64
"""The longest id of a broadcast, in characters."""


class Installation(TableModel):
    """One row: the key that makes our public ids unique among all installations, and what is counted once.

    `next_order` is the number of the order that is placed next. `prune_at` is when old rows are pruned next;
    while a process prunes, the end of its lease.
    """

    id = fields.IntField(primary_key=True, generated=False)
    key = fields.TextField()
    account = fields.TextField(null=True)
    next_order = fields.BigIntField(default=FIRST_NUMBER)
    probe = fields.TextField(null=True)
    epoch = fields.IntField(default=0)
    restored_at = fields.BigIntField(null=True)
    prune_at = fields.BigIntField(default=0)

    class Meta:
        table = "installation"


class Conversation(TableModel):
    """One customer's place in the flow; or one that was merged into another of the same customer.

    With `forgotten_at` it is nobody's: only its orders and their money are left. `hears` is what the customer
    wants to hear. `in_hand` is NULL while the bot has the chat; else `waits` if a person owes the customer an
    answer, and `answered` if not. `last_chat` is the newest event that the customer caused in the chat.
    `version` is the number of the flow's version that it stands on; NULL before its first step. `counted` is
    when it was last added to the figures (milliseconds); NULL if something has changed since.
    """

    id = fields.BigIntField(primary_key=True)
    merged_into = fields.BigIntField(null=True)
    state = fields.TextField()
    snapshot = fields.TextField()
    created_at = fields.BigIntField()
    updated_at = fields.BigIntField()
    last_inbound_at = fields.BigIntField(null=True)
    paced_until = fields.BigIntField()
    forgotten_at = fields.BigIntField(null=True)
    hears = fields.TextField()
    in_hand = fields.TextField(null=True)
    last_chat = fields.BigIntField(null=True)
    version = fields.BigIntField(null=True)
    counted = fields.BigIntField(null=True)

    class Meta:
        table = "conversation"
        indexes: ClassVar = [
            Index(fields=("version", "state", "id"), name="conversation_stands"),
            Index(fields=("last_inbound_at", "id"), name="conversation_heard"),
            Index(fields=("created_at", "id"), name="conversation_created"),
        ]
        constraints: ClassVar = [
            CheckConstraint(check="hears IN ('nothing', 'orders', 'offers')", name="conversation_hears"),
            CheckConstraint(check="in_hand IN ('waits', 'answered')", name="conversation_in_hand_word"),
        ]


class Alias(TableModel):
    """A name of a customer at the channel. The channel defines the kinds."""

    id = fields.BigIntField(primary_key=True)
    conversation_id = fields.BigIntField()
    kind = fields.TextField()
    value = fields.TextField()
    told_at = fields.BigIntField()
    beside = fields.TextField(null=True)

    class Meta:
        table = "alias"
        unique_together = (("value", "kind"),)
        indexes: ClassVar = [Index(fields=("conversation_id",), name="alias_conversation")]


class Broadcast(TableModel):
    """An offer to everybody who asked for offers.

    `reached` is the last conversation that has got its event, `given` how many have. `due_at` is when the
    next ones get it; NULL once all have.
    """

    id = fields.CharField(max_length=BROADCAST_ID, primary_key=True)
    message = fields.TextField()
    sent_by = fields.TextField()
    created_at = fields.BigIntField()
    reached = fields.BigIntField()
    given = fields.BigIntField()
    due_at = fields.BigIntField(null=True)

    class Meta:
        table = "broadcast"


class FlowVersion(TableModel):
    """One version of the flow being served, from `served_at` until the next row's; the newest row is served.

    `version` is the hash of its content. `texts` has its files by name, `outline` what later versions must
    know of it.
    """

    number = fields.BigIntField(primary_key=True)
    version = fields.TextField()
    texts = fields.TextField()
    outline = fields.TextField()
    served_at = fields.BigIntField()
    served_by = fields.TextField()

    class Meta:
        table = "flow_version"


class Staff(TableModel):
    """One member of the shop's staff. `beside` is the lasting name that their number came with at first.

    Once the number comes with another one it is somebody else's, and `recycled_at` says since when.
    """

    phone = fields.CharField(max_length=32, primary_key=True)
    name = fields.TextField()
    may = fields.TextField()
    beside = fields.TextField(null=True)
    recycled_at = fields.BigIntField(null=True)

    class Meta:
        table = "staff"


class Inbox(TableModel):
    """One event that arrived, or a timer or poll that is due later.

    `order_key` is the order that the event is about. It is NULL if the event is about none, or about several,
    as a webhook may be. In a `joined` event it is the newest order of the merged conversation. `raw_body` is
    how it came; NULL once it is handled, and for what did not come from outside.
    """

    id = fields.BigIntField(primary_key=True)
    conversation_id = fields.BigIntField()
    order_key = fields.TextField(null=True)
    key = fields.TextField()
    kind = fields.TextField()
    state = fields.TextField()
    due_at = fields.BigIntField()
    body = fields.TextField()
    raw_body = fields.TextField(null=True, source_field="raw")
    trace = fields.TextField(null=True)
    error = fields.TextField(null=True)
    received_at = fields.BigIntField()
    handled_at = fields.BigIntField(null=True)

    class Meta:
        table = "inbox"
        unique_together = (("conversation_id", "key"),)
        constraints: ClassVar = [
            CheckConstraint(
                check="state IN ('pending', 'applied', 'ignored', 'parked', 'kept')", name="inbox_state"
            ),
            CheckConstraint(
                check="(handled_at IS NULL) = (state IN ('pending', 'kept'))", name="inbox_handled"
            ),
            CheckConstraint(check="state <> 'parked' OR error IS NOT NULL", name="inbox_parked"),
        ]


class IdempotencyKey(TableModel):
    """An idempotency key that was used. `key` and `request` are digests; `event` may be erased by now."""

    key = fields.CharField(max_length=64, primary_key=True)
    request = fields.TextField()
    event = fields.BigIntField()

    class Meta:
        table = "idempotency_key"


class Outbox(TableModel):
    """One message to send or call to make. While it is `sending`, `due_at` is the end of the lease.

    `order_key` is the order of a call. It is NULL for a message: `caused_by` names its event. `about` is the
    conversation that a message to the staff is about; NULL for any other entry. `topic` is that of an answer
    which a newer one of the same topic supersedes while it waits; NULL for any other entry. `heard_at` is
    when the message arrived that this one is the first answer to; NULL for any other entry.
    """

    id = fields.BigIntField(primary_key=True)
    conversation_id = fields.BigIntField()
    order_key = fields.TextField(null=True)
    about = fields.BigIntField(null=True)
    lane = fields.TextField()
    urgency = fields.IntField()
    name = fields.TextField()
    payload = fields.TextField()
    state = fields.TextField()
    due_at = fields.BigIntField()
    attempts = fields.IntField()
    provider_id = fields.TextField(null=True)
    receipt = fields.TextField(null=True)
    receipt_rank = fields.IntField(null=True)
    error = fields.TextField(null=True)
    caused_by = fields.BigIntField()
    created_at = fields.BigIntField()
    finished_at = fields.BigIntField(null=True)
    topic = fields.TextField(null=True)
    heard_at = fields.BigIntField(null=True)

    class Meta:
        table = "outbox"
        indexes: ClassVar = [Index(fields=("conversation_id",), name="outbox_conversation")]
        constraints: ClassVar = [
            CheckConstraint(check="lane IN ('chat', 'pay', 'poll')", name="outbox_lane"),
            CheckConstraint(
                check="state IN ('pending', 'sending', 'done', 'failed', 'superseded')", name="outbox_state"
            ),
            CheckConstraint(
                check="(finished_at IS NULL) = (state IN ('pending', 'sending'))", name="outbox_finished"
            ),
            CheckConstraint(check="attempts >= 0", name="outbox_attempts"),
            CheckConstraint(check="(receipt IS NULL) = (receipt_rank IS NULL)", name="outbox_receipt"),
        ]


class Quota(TableModel):
    """How often a delivery slot or a coupon is taken. `ends_at` is when nobody can take it any more."""

    name = fields.CharField(max_length=128, primary_key=True)
    taken = fields.BigIntField()
    ends_at = fields.BigIntField(null=True)

    class Meta:
        table = "quota"
        constraints: ClassVar = [CheckConstraint(check="taken >= 0", name="quota_taken")]


class Stock(TableModel):
    """The counts of one product. `declared` is what there was when it was counted last.

    `in_file` is the number in the flow file that was served last, `in_served` the one in what is served: a
    rollback serves another number and counts nothing. NULL if what is served sells the product uncounted: the
    other numbers then stand as they were before the rollback. Where it is not sold, it is `in_file`. Both are
    -1 if the shop's other system counts it: what it said when it was asked at `read_at` is `declared`.
    """

    sku = fields.CharField(max_length=64, primary_key=True)
    declared = fields.BigIntField()
    in_file = fields.BigIntField()
    in_served = fields.BigIntField(null=True)
    reserved = fields.BigIntField()
    sold = fields.BigIntField()
    read_at = fields.BigIntField(null=True)

    class Meta:
        table = "stock"
        constraints: ClassVar = [CheckConstraint(check="reserved >= 0 AND sold >= 0", name="stock_counts")]


class ProductOff(TableModel):
    """A product or variant that the shop has switched off, and who did it. No row: it is on."""

    sku = fields.CharField(max_length=64, primary_key=True)
    off_since = fields.BigIntField()
    switched_by = fields.TextField()

    class Meta:
        table = "product_off"


class Hook(TableModel):
    """An event out: what another program of the shop is told of. `key` is unique for ever.

    The events of one `stream` are sent in order. `due_at` is when the first of them that is not finished is
    tried next, or when the lease of its try ends; NULL for those behind it.
    """

    id = fields.BigIntField(primary_key=True)
    conversation_id = fields.BigIntField()
    key = fields.TextField()
    stream = fields.TextField()
    sequence = fields.BigIntField()
    type = fields.TextField()
    data = fields.TextField()
    state = fields.TextField()
    due_at = fields.BigIntField(null=True)
    attempts = fields.IntField()
    error = fields.TextField(null=True)
    created_at = fields.BigIntField()
    finished_at = fields.BigIntField(null=True)

    class Meta:
        table = "hook"
        unique_together = (("stream", "sequence"),)
        indexes: ClassVar = [Index(fields=("conversation_id",), name="hook_conversation")]
        constraints: ClassVar = [
            CheckConstraint(check="state IN ('waiting', 'done', 'failed')", name="hook_state"),
            CheckConstraint(check="(finished_at IS NULL) = (state = 'waiting')", name="hook_finished"),
            CheckConstraint(check="attempts >= 0", name="hook_attempts"),
        ]


class HookStream(TableModel):
    """How many events out an order or a conversation has had. Kept when they are pruned."""

    stream = fields.CharField(max_length=64, primary_key=True)
    counted = fields.BigIntField()

    class Meta:
        table = "hook_stream"


class Notice(TableModel):
    """A notice for operators; one for each kind and subject."""

    id = fields.BigIntField(primary_key=True)
    kind = fields.TextField()
    subject = fields.TextField()
    said = fields.TextField()
    created_at = fields.BigIntField()

    class Meta:
        table = "notice"
        unique_together = (("kind", "subject"),)
