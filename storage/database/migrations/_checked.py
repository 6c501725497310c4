"""A migration operation that creates a table together with its CHECK constraints."""

from tortoise.migrations import operations as ops
from tortoise.migrations.schema_editor.base import BaseSchemaEditor
from tortoise.migrations.schema_generator.state import State


class CreateCheckedModel(ops.CreateModel):
    """Create a table with its CHECK constraints.

    CreateModel omits them, and adding them afterwards makes SQLite lose the table's unique keys and
    autoincrement ids (tortoise-orm 1.1.9).
    """

    async def database_forward(
        self,
        app_label: str,
        old_state: State,
        new_state: State,
        state_editor: BaseSchemaEditor | None = None,
    ) -> None:
        """Create the table with its CHECK constraints."""
        if state_editor is None:
            return
        model = new_state.apps.get_model(f"{app_label}.{self.name}")
        checks = "".join(f",\n    CONSTRAINT {c.name} CHECK ({c.check})" for c in model._meta.constraints)
        sql = state_editor._get_model_sql_data(model).table_sql
        await state_editor._run_sql(sql.replace("\n)", f"{checks}\n)", 1))
