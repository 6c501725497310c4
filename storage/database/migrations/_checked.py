"""Migration operations that create tables with CHECK constraints, and change tables that have rows."""

from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint
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


class AddEmptyColumn(ops.AddField):
    """Add a nullable column to a table that has rows, inside the migration's transaction.

    AddField runs a script, before which the driver of SQLite commits.
    """

    rest = ""
    """What the column's definition says behind its type."""

    async def database_forward(
        self,
        app_label: str,
        old_state: State,
        new_state: State,
        state_editor: BaseSchemaEditor | None = None,
    ) -> None:
        """Add the column, which has the same value in each row."""
        if state_editor is None:
            return
        table = new_state.apps.get_model(f"{app_label}.{self.model_name}")._meta
        column = table.fields_db_projection[self.name]
        kind = table.fields_map[self.name].get_for_dialect(state_editor.DIALECT, "SQL_TYPE")
        definition = f"{column} {kind}{self.rest}"
        await state_editor.client.execute_query(f"ALTER TABLE {table.db_table} ADD COLUMN {definition}")


class AddCount(AddEmptyColumn):
    """Add a column of numbers, which are 0 in the rows that there are."""

    rest = " NOT NULL DEFAULT 0"


class ReplaceCheck(ops.AddConstraint):
    """Replace the CHECK constraint of the same name in a table that has rows.

    SQLite cannot change a constraint: the table is copied into a new one, with its indexes and the ids that
    it has given out, inside the migration's transaction.
    """

    def __init__(self, model_name: str, old: str, constraint: CheckConstraint) -> None:
        super().__init__(model_name, constraint)
        self.old = old

    def state_forward(self, app_label: str, state: State) -> None:
        """Replace the constraint in the models of the migrations."""
        assert self.constraint.name is not None
        ops.RemoveConstraint(self.model_name, self.constraint.name).state_forward(app_label, state)
        super().state_forward(app_label, state)

    async def database_forward(
        self,
        app_label: str,
        old_state: State,
        new_state: State,
        state_editor: BaseSchemaEditor | None = None,
    ) -> None:
        """Replace the constraint in the database."""
        if state_editor is None:
            return
        table = new_state.apps.get_model(f"{app_label}.{self.model_name}")._meta.db_table
        name, check = self.constraint.name, getattr(self.constraint, "check")  # noqa: B009 - of one of two kinds
        run = state_editor.client.execute_query
        if state_editor.DIALECT == "sqlite":
            await self._copy(state_editor, table, check)
            return
        await run(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        await run(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({check})")

    async def _copy(self, state_editor: BaseSchemaEditor, table: str, check: str) -> None:
        run, made = state_editor.client.execute_query, f"{table}_made_anew"
        _, found = await run(
            "SELECT type, sql FROM sqlite_master WHERE tbl_name = ? AND sql IS NOT NULL", [table]
        )
        [before] = [row["sql"] for row in found if row["type"] == "table"]
        _, _, rest = before.partition("(")
        if rest.count(f"({self.old})") != 1:
            raise RuntimeError(f"the table {table} has not the constraint that this migration replaces")
        await run(f'CREATE TABLE "{made}" ({rest.replace(f"({self.old})", f"({check})")}')
        await run(f'INSERT INTO "{made}" SELECT * FROM "{table}"')  # noqa: S608 - names of this migration
        await run("DELETE FROM sqlite_sequence WHERE name = ?", [made])
        await run("UPDATE sqlite_sequence SET name = ? WHERE name = ?", [made, table])
        await run(f'DROP TABLE "{table}"')
        await run(f'ALTER TABLE "{made}" RENAME TO "{table}"')
        for row in found:
            if row["type"] != "table":
                await run(row["sql"])
