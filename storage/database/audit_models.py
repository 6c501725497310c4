"""The tables of audits; see `storage.database.models`. Both are append-only."""

from tortoise import fields

from storage.database.order_models import ORDER_KEY
from storage.database.table_model import TableModel


class Audit(TableModel):
    """One audit: a link of the chain, with the figures of all audited orders as they were last."""

    number = fields.BigIntField(primary_key=True, generated=False)
    made_at = fields.BigIntField()
    figures = fields.TextField()
    digest = fields.TextField()

    class Meta:
        table = "audit"


class AuditedOrder(TableModel):
    """What one audit found about one order."""

    id = fields.BigIntField(primary_key=True)
    audit = fields.BigIntField()
    order_key = fields.CharField(max_length=ORDER_KEY)
    facts = fields.IntField()
    facts_digest = fields.TextField()
    books_digest = fields.TextField()
    figures = fields.TextField()

    class Meta:
        table = "audited_order"
        unique_together = (("order_key", "audit"), ("audit", "order_key"))
