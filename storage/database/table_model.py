"""The base of the tables' models."""

from typing import Any

from tortoise.models import Model, ModelMeta


class _WithoutComments(ModelMeta):
    """Makes models whose source the ORM does not search for comments on columns.

    We write none. To look for them, it parses the whole module once for each of its classes, which took a
    quarter of the start of a command that reads the database.
    """

    def __new__(mcs, name: str, bases: tuple[type, ...], attrs: dict[str, Any]) -> ModelMeta:
        return super().__new__(mcs, name, bases, {**attrs, "_no_comments": True})


class TableModel(Model, metaclass=_WithoutComments):
    """One of our tables. An instance is a row."""

    class Meta:
        abstract = True
