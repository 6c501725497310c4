"""A table in which code looks up the words of an enum has all of them: a lack would be a KeyError one day."""

import ast
import inspect
import pkgutil
from collections.abc import Iterator, Mapping
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest

import bot
import flows
import payments
import storage

_ROOMS: Final = (bot, storage, payments, flows)
_PARTIAL: Final[Mapping[str, str]] = {
    "storage.outbox.resend.GAPS": "it is looked into only for a remedy that is among its words",
    "payments.ledger.balance._REFUND_RANK": "facts in other states are left out before",
    "payments.processing.order_answers.TITLES": "buttons offer only the stages on the way to delivery",
    "payments.razorpay.fetched._LINK": "a link that is not over is no fact, which is asked before",
}
"""Tables that lack words, and why nobody looks those up."""


def _modules() -> Iterator[ModuleType]:
    for room in _ROOMS:
        for found in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
            if ".migrations." not in found.name:
                yield import_module(found.name)


def _looked_up(module: ModuleType) -> set[str]:
    """The names in which the code of a module looks something up: `_NAME[…]`."""
    tree = ast.parse(Path(inspect.getfile(module)).read_text())
    found = (node.value for node in ast.walk(tree) if isinstance(node, ast.Subscript))
    return {node.id for node in found if isinstance(node, ast.Name)}


def _tables() -> Iterator[tuple[str, frozenset[StrEnum], type[StrEnum]]]:
    """Every table whose keys are words of one enum, where it is looked into: its name, its keys, the enum."""
    for module in _modules():
        for name in sorted(_looked_up(module)):
            value = vars(module).get(name)
            if isinstance(value, Mapping) and value and all(isinstance(key, StrEnum) for key in value):
                kinds = {type(key) for key in value}
                if len(kinds) == 1:
                    yield f"{module.__name__}.{name}", frozenset(value), kinds.pop()


TABLES: Final = {name: (keys, kind) for name, keys, kind in _tables()}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_has_every_word(name: str) -> None:
    keys, kind = TABLES[name]
    assert (name in _PARTIAL) == (keys != frozenset(kind)), sorted(frozenset(kind) - keys)


def test_tables_are_found() -> None:
    assert {"bot.cli.order_display._REFUNDS", "payments.ledger.hints._CHECKS"} <= TABLES.keys(), TABLES.keys()
    assert TABLES.keys() >= _PARTIAL.keys()
