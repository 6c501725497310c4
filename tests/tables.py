"""All tables of the database, as their models."""

from importlib import import_module
from typing import Final

from storage.database.orm import APPS
from storage.database.table_model import TableModel

for _name in APPS["storage"]["models"]:
    import_module(_name)

TABLES: Final = tuple(TableModel.__subclasses__())
