"""The tables of the shop's numbers; see `payments.ledger.numbers` and `storage.operations.numbers`."""

from typing import Final

from tortoise import fields

from storage.database.order_models import ORDER_KEY
from storage.database.table_model import TableModel

NAME: Final = 128
"""The longest name of a figure, in characters."""


class Figure(TableModel):
    """One number of one day (20260921). Never pruned: it names no person."""

    id = fields.BigIntField(primary_key=True)
    kind = fields.CharField(max_length=16)
    day = fields.BigIntField()
    name = fields.CharField(max_length=NAME)
    count = fields.BigIntField()
    amount = fields.BigIntField()

    class Meta:
        table = "figure"
        unique_together = (("kind", "day", "name"),)


class Counted(TableModel):
    """What an order (by its key) or a customer (by their conversation) has added to the figures so far."""

    subject = fields.CharField(max_length=ORDER_KEY, primary_key=True)
    numbers = fields.TextField()

    class Meta:
        table = "counted"


class Tally(TableModel):
    """What one batch of work adds to the figures, once: `[[kind, name, count, amount], …]`.

    The row is deleted in the transaction that adds it.
    """

    id = fields.BigIntField(primary_key=True)
    at = fields.BigIntField()
    numbers = fields.TextField()

    class Meta:
        table = "tally"
