"""The tables of orders and their money; see `storage.database.models`."""

from typing import ClassVar, Final

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint

from storage.database.table_model import TableModel

ORDER_KEY: Final = 64
"""The longest key of an order, in characters."""


class Order(TableModel):
    """An order as placed, with its payment status, lifecycle, money and fulfilment stage now.

    `todo` has the tasks that the shop still has with it, with commas between; NULL if there is none. `due_at`
    is when its goods became due, for the first time; NULL if they never did. `destination` is the customer's
    own data but for slot and state; so are the `kept` answers in `terms`. `audited` is the number of
    the audit that has last seen it; NULL if something has changed since, or if its books are wrong. `counted`
    is when it was last added to the figures; NULL if something has changed since.
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
    due_at = fields.BigIntField(null=True)
    rating = fields.IntField(null=True)
    audited = fields.BigIntField(null=True)
    counted = fields.BigIntField(null=True)

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


class Attempt(TableModel):
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


class Fact(TableModel):
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


class Refund(TableModel):
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


class Amendment(TableModel):
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
    shelf = fields.IntField()
    created_at = fields.BigIntField()
    caused_by = fields.BigIntField()

    class Meta:
        table = "amendment"
        indexes: ClassVar = [
            Index(fields=("conversation_id", "order_key"), name="amendment_order"),
            Index(fields=("created_at", "key"), name="amendment_created"),
        ]
        constraints: ClassVar = [
            CheckConstraint(
                check="kind IN ('less', 'allowance', 'address', 'refused', 'kept')", name="amendment_kind"
            ),
            CheckConstraint(check="amount >= 0 AND pieces >= 0", name="amendment_amount"),
        ]


class Invoice(TableModel):
    """An invoice or a credit note, as it was issued. Append-only. `buyer` is NULL once it is forgotten."""

    number = fields.CharField(max_length=16, primary_key=True)
    conversation_id = fields.BigIntField()
    order_key = fields.TextField()
    kind = fields.TextField()
    total = fields.BigIntField()
    body = fields.TextField()
    buyer = fields.TextField(null=True)
    issued_at = fields.BigIntField()
    caused_by = fields.BigIntField()

    class Meta:
        table = "invoice"
        indexes: ClassVar = [
            Index(fields=("conversation_id", "order_key"), name="invoice_order"),
            Index(fields=("issued_at", "number"), name="invoice_issued"),
        ]
        constraints: ClassVar = [
            CheckConstraint(
                check="kind IN ('tax invoice', 'bill of supply', 'bill', 'credit note')", name="invoice_kind"
            ),
            CheckConstraint(check="total > 0", name="invoice_total"),
        ]


class InvoiceSeries(TableModel):
    """A series of numbers, such as `AN/26-27`, and which of them is given next."""

    name = fields.CharField(max_length=16, primary_key=True)
    next_ordinal = fields.BigIntField()

    class Meta:
        table = "invoice_series"


class Stray(TableModel):
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


class Mirror(TableModel):
    """The copy of an order in the shop's other system: how far it is, and when it has to be looked at.

    `revision` counts the changes of the order that concern it, `tries` the claims. `leased` is 1 while a
    worker has it; `due_at` is then the end of the lease. `due_at` is NULL while nothing is to be done.
    `made_at` is when it was made, or found; NULL until then.
    """

    order_key = fields.CharField(max_length=ORDER_KEY, primary_key=True)
    state = fields.TextField()
    copy_id = fields.TextField(null=True)
    told = fields.TextField(null=True)
    amendments = fields.IntField()
    asked_at = fields.BigIntField()
    looks = fields.IntField()
    failures = fields.IntField()
    failing_since = fields.BigIntField()
    seen_id = fields.TextField(null=True)
    recheck = fields.IntField()
    restock = fields.IntField()
    doubted_at = fields.BigIntField()
    revision = fields.IntField()
    tries = fields.IntField()
    leased = fields.IntField()
    due_at = fields.BigIntField(null=True)
    error = fields.TextField(null=True)
    created_at = fields.BigIntField()
    made_at = fields.BigIntField(null=True)

    class Meta:
        table = "mirror"
        constraints: ClassVar = [
            CheckConstraint(check="state IN ('wanted', 'asked', 'made', 'failed')", name="mirror_state"),
            CheckConstraint(check="(copy_id IS NOT NULL) = (state = 'made')", name="mirror_made"),
            CheckConstraint(check="(told IS NULL) = (copy_id IS NULL)", name="mirror_told"),
            CheckConstraint(check="told IN ('pending', 'paid', 'cancelled', 'gone')", name="mirror_status"),
            CheckConstraint(check="(asked_at > 0) = (state = 'asked')", name="mirror_asked"),
        ]
