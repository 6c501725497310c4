"""Stock that the shop's other system counts: when it was read, and when the copies of orders were made."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from storage.database.migrations._checked import AddEmptyColumn


class Migration(migrations.Migration):
    """A copy that was made before has no time: it is in every count that is read from now on."""

    dependencies = [("storage", "0004_shelf")]  # noqa: RUF012 - the base class wants it so

    operations = [  # noqa: RUF012 - the base class wants it so
        AddEmptyColumn("Stock", "read_at", fields.BigIntField(null=True)),
        AddEmptyColumn("Mirror", "made_at", fields.BigIntField(null=True)),
        ops.RunSQL(["CREATE INDEX mirror_made ON mirror (made_at) WHERE made_at IS NOT NULL"]),
    ]
