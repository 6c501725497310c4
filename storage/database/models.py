"""The tables. Times are milliseconds since 1970 UTC, money is paise, JSON is TEXT.

Rows that belong to a conversation have its `conversation_id`, and their keys start with it (0: no customer).
CHECK constraints tie states to their times, so that no code can write half a change.
"""

from typing import ClassVar, Final

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from payments.shop.orders import FIRST_NUMBER

ORDER_KEY: Final = 64
"""The longest key of an order, in characters."""
BROADCAST_ID: Final = 64
"""The longest id of a broadcast, in characters."""


class Installation(Model):
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


class Conversation(Model):
    """One customer's place in the flow; or one that was merged into another of the same customer.

    With `forgotten_at` it is nobody's: only its orders and their money are left. `hears` is what the customer
    wants to hear. `in_hand` is NULL while the bot has the chat; else `waits` if a person owes the customer an
    answer, and `answered` if not. `last_chat` is the newest event that the customer caused in the chat.
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

    class Meta:
        table = "conversation"
        indexes: ClassVar = [
            Index(fields=("last_inbound_at", "id"), name="conversation_heard"),
            Index(fields=("created_at", "id"), name="conversation_created"),
        ]
        constraints: ClassVar = [
            CheckConstraint(check="hears IN ('nothing', 'orders', 'offers')", name="conversation_hears"),
            CheckConstraint(check="in_hand IN ('waits', 'answered')", name="conversation_in_hand_word"),
        ]


class Alias(Model):
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


class Broadcast(Model):
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


class Staff(Model):
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


class Inbox(Model):
    """One event that arrived, or a timer or poll that is due later.

    `order_key` is the order that the event is about. It is NULL if the event is about none, or about several,
    as a webhook may be. In a `joined` event it is the newest order of the merged conversation.
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


class IdempotencyKey(Model):
    """An idempotency key that was used. `key` and `request` are digests; `event` may be erased by now."""

    key = fields.CharField(max_length=64, primary_key=True)
    request = fields.TextField()
    event = fields.BigIntField()

    class Meta:
        table = "idempotency_key"


class Outbox(Model):
    """One message to send or call to make. While it is `sending`, `due_at` is the end of the lease.

    `order_key` is the order of a call. It is NULL for a message: `caused_by` names its event. `about` is the
    conversation that a message to the staff is about; NULL for any other entry.
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

    class Meta:
        table = "outbox"
        indexes: ClassVar = [Index(fields=("conversation_id",), name="outbox_conversation")]
        constraints: ClassVar = [
            CheckConstraint(check="lane IN ('chat', 'pay', 'poll')", name="outbox_lane"),
            CheckConstraint(check="state IN ('pending', 'sending', 'done', 'failed')", name="outbox_state"),
            CheckConstraint(
                check="(finished_at IS NULL) = (state IN ('pending', 'sending'))", name="outbox_finished"
            ),
            CheckConstraint(check="attempts >= 0", name="outbox_attempts"),
            CheckConstraint(check="(receipt IS NULL) = (receipt_rank IS NULL)", name="outbox_receipt"),
        ]


class Order(Model):
    """An order as placed, with its payment status, lifecycle, money and fulfilment stage now.

    `todo` has the tasks that the shop still has with it, with commas between; NULL if there is none.
    `destination` is the customer's own data but for slot and state; so are the `kept` answers in `terms`.
    """

    key = fields.CharField(max_length=ORDER_KEY, primary_key=True)
    conversation_id = fields.BigIntField()
    number = fields.TextField()
    lines = fields.TextField()
    total = fields.BigIntField()
    currency = fields.TextField()
    terms = fields.TextField()
    destination = fields.TextField()
    payment = fields.TextField()
    stage = fields.TextField(null=True)
    stage_by = fields.TextField(null=True)
    stage_at = fields.BigIntField(null=True)
    todo = fields.TextField(null=True)
    lifecycle = fields.TextField()
    fulfilled = fields.BigIntField()
    held = fields.BigIntField()
    held_for = fields.TextField(null=True)
    placed_at = fields.BigIntField()
    placed_by = fields.BigIntField()
    paid_at = fields.BigIntField(null=True)
    rating = fields.IntField(null=True)

    class Meta:
        table = "orders"
        constraints: ClassVar = [
            CheckConstraint(
                check="lifecycle IN ('open', 'promised', 'lapsed', 'fulfilled', 'returned')",
                name="orders_lifecycle",
            ),
            CheckConstraint(
                check="stage IN ('placed', 'accepted', 'preparing', 'ready', 'out', 'delivered', 'cancelled',"
                " 'refused', 'returned')",
                name="orders_stage",
            ),
            CheckConstraint(
                check="payment IN ('unpaid', 'authorised', 'short', 'held', 'cash', 'paid', 'refunding',"
                " 'refunded', 'cancelled')",
                name="orders_payment",
            ),
            CheckConstraint(check="fulfilled >= 0 AND held >= 0", name="orders_money"),
            CheckConstraint(check="held = 0 OR held_for IS NOT NULL", name="orders_held"),
            CheckConstraint(check="rating BETWEEN 1 AND 5", name="orders_rating"),
        ]
        indexes: ClassVar = [
            Index(fields=("conversation_id",), name="orders_conversation"),
            Index(fields=("placed_by",), name="orders_placed_by"),
            Index(fields=("number",), name="orders_number"),
            Index(fields=("placed_at", "key"), name="orders_placed_at"),
            Index(fields=("stage", "placed_at", "key"), name="orders_by_stage"),
            Index(fields=("payment", "placed_at", "key"), name="orders_by_payment"),
        ]


class Attempt(Model):
    """One payment link of an order."""

    reference_id = fields.CharField(max_length=64, primary_key=True)
    order_key = fields.TextField()
    conversation_id = fields.BigIntField()
    ordinal = fields.IntField()
    amount = fields.BigIntField()
    currency = fields.TextField()
    status = fields.TextField()
    mode = fields.TextField(null=True)
    link_id = fields.TextField(null=True)
    short_url = fields.TextField(null=True)
    expires_at = fields.BigIntField()
    created_at = fields.BigIntField()

    class Meta:
        table = "attempt"
        constraints: ClassVar = [
            CheckConstraint(
                check="status IN ('planned', 'creating', 'created', 'withdrawing', 'cancelled', 'expired',"
                " 'paid', 'refused')",
                name="attempt_status",
            ),
            CheckConstraint(check="mode IN ('test', 'live')", name="attempt_mode"),
        ]
        indexes: ClassVar = [Index(fields=("conversation_id", "order_key"), name="attempt_order")]


class Fact(Model):
    """One fact from the payment provider, stored once. Append-only."""

    id = fields.BigIntField(primary_key=True)
    conversation_id = fields.BigIntField()
    order_key = fields.TextField()
    entity = fields.TextField()
    entity_id = fields.TextField()
    state = fields.TextField()
    amount = fields.BigIntField()
    currency = fields.TextField()
    at = fields.BigIntField()
    detail = fields.TextField()
    learned_at = fields.BigIntField()
    learned_from = fields.BigIntField()

    class Meta:
        table = "fact"
        unique_together = (("conversation_id", "order_key", "entity", "entity_id", "state"),)


class Refund(Model):
    """A refund: ours, stored before the provider is asked for it, or one that was made without us."""

    key = fields.CharField(max_length=64, primary_key=True)
    conversation_id = fields.BigIntField()
    order_key = fields.TextField()
    payment_id = fields.TextField()
    amount = fields.BigIntField()
    reason = fields.TextField()
    status = fields.TextField()
    refund_id = fields.TextField(null=True)
    created_at = fields.BigIntField()

    class Meta:
        table = "refund"
        indexes: ClassVar = [Index(fields=("conversation_id", "order_key"), name="refund_order")]
        constraints: ClassVar = [
            CheckConstraint(
                check="status IN ('asked', 'created', 'processed', 'failed', 'refused', 'withdrawn')",
                name="refund_status",
            ),
            CheckConstraint(check="amount > 0", name="refund_amount"),
        ]


class Amendment(Model):
    """What a person changed about a placed order. Append-only. `destination` and `why` are forgotten."""

    key = fields.CharField(max_length=64, primary_key=True)
    conversation_id = fields.BigIntField()
    order_key = fields.TextField()
    kind = fields.TextField()
    amount = fields.BigIntField()
    sku = fields.TextField()
    pieces = fields.IntField()
    changed_by = fields.TextField()
    why = fields.TextField()
    destination = fields.TextField(null=True)
    created_at = fields.BigIntField()
    caused_by = fields.BigIntField()

    class Meta:
        table = "amendment"
        indexes: ClassVar = [Index(fields=("conversation_id", "order_key"), name="amendment_order")]
        constraints: ClassVar = [
            CheckConstraint(
                check="kind IN ('less', 'allowance', 'address', 'refused', 'kept')", name="amendment_kind"
            ),
            CheckConstraint(check="amount >= 0 AND pieces >= 0", name="amendment_amount"),
        ]


class Quota(Model):
    """How often a delivery slot or a coupon is taken. `ends_at` is when nobody can take it any more."""

    name = fields.CharField(max_length=128, primary_key=True)
    taken = fields.BigIntField()
    ends_at = fields.BigIntField(null=True)

    class Meta:
        table = "quota"
        constraints: ClassVar = [CheckConstraint(check="taken >= 0", name="quota_taken")]


class Stock(Model):
    """The counts of one product. `declared` is the last count that the flow file declared."""

    sku = fields.CharField(max_length=64, primary_key=True)
    declared = fields.BigIntField()
    reserved = fields.BigIntField()
    sold = fields.BigIntField()

    class Meta:
        table = "stock"
        constraints: ClassVar = [CheckConstraint(check="reserved >= 0 AND sold >= 0", name="stock_counts")]


class ProductOff(Model):
    """A product or variant that the shop has switched off, and who did it. No row: it is on."""

    sku = fields.CharField(max_length=64, primary_key=True)
    off_since = fields.BigIntField()
    switched_by = fields.TextField()

    class Meta:
        table = "product_off"


class Notice(Model):
    """A notice for operators; one for each kind and subject."""

    id = fields.BigIntField(primary_key=True)
    kind = fields.TextField()
    subject = fields.TextField()
    said = fields.TextField()
    created_at = fields.BigIntField()

    class Meta:
        table = "notice"
        unique_together = (("kind", "subject"),)


class Stray(Model):
    """A payment link at the provider whose order this database lacks, and a person's decision about it."""

    link_id = fields.CharField(max_length=80, primary_key=True)
    order_key = fields.TextField()
    reference_id = fields.TextField()
    amount = fields.BigIntField()
    decision = fields.TextField()
    payments = fields.TextField()
    settled_at = fields.BigIntField()

    class Meta:
        table = "stray"
        constraints: ClassVar = [
            CheckConstraint(check="decision IN ('cancelled', 'refunded', 'kept')", name="stray_decision")
        ]
        indexes: ClassVar = [Index(fields=("order_key",), name="stray_order")]
