"""Answers that newer ones supersede: the topic of a message, and a state of its own."""

from tortoise import fields, migrations
from tortoise.migrations.constraints import CheckConstraint

from storage.database.migrations._checked import AddEmptyColumn, ReplaceCheck


class Migration(migrations.Migration):
    """A message that waited before has no topic: nothing supersedes it."""

    dependencies = [("storage", "0002_audits")]  # noqa: RUF012 - the base class wants it so

    operations = [  # noqa: RUF012 - the base class wants it so
        AddEmptyColumn("Outbox", "topic", fields.TextField(null=True, unique=False)),
        ReplaceCheck(
            "Outbox",
            "state IN ('pending', 'sending', 'done', 'failed')",
            CheckConstraint(
                check="state IN ('pending', 'sending', 'done', 'failed', 'superseded')",
                name="outbox_state",
            ),
        ),
    ]
