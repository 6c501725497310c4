"""Whether pieces that were taken off an order can be sold again, and when a copy was doubted."""

from tortoise import fields, migrations

from storage.database.migrations._checked import AddCount


class Migration(migrations.Migration):
    """Of what was changed before, nothing lies on the shelf again; no copy is in doubt."""

    dependencies = [("storage", "0003_superseded")]  # noqa: RUF012 - the base class wants it so

    operations = [  # noqa: RUF012 - the base class wants it so
        AddCount("Amendment", "shelf", fields.IntField()),
        AddCount("Mirror", "doubted_at", fields.BigIntField()),
    ]
