"""Types of the values that templates read: what can be compared with what. `UNKNOWN` fits everything."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, TypeAlias

from flows.templates.lookups import LookupTable


@dataclass(frozen=True, slots=True)
class Unknown:
    """Anything: nothing is wrong with it."""

    SAID: ClassVar = "of any type"


@dataclass(frozen=True, slots=True)
class Text:
    """Any text."""

    SAID: ClassVar = "text"

    of_sum: bool = False
    """Whether it is the digits of a sum in paise."""


@dataclass(frozen=True, slots=True)
class Words:
    """One of few texts, such as a status."""

    SAID: ClassVar = "text"

    words: frozenset[str]
    what: str
    """What one of them is called: `status`."""


@dataclass(frozen=True, slots=True)
class Number:
    """A whole number that is no sum of money."""

    SAID: ClassVar = "a number"

    counted: bool = True
    """Whether it counts things, or was typed by a customer. A computed one may be anything."""


@dataclass(frozen=True, slots=True)
class Money:
    """A sum in the smallest unit of its currency: paise."""

    SAID: ClassVar = "a sum in paise"


@dataclass(frozen=True, slots=True)
class Truth:
    """Yes or no."""

    SAID: ClassVar = "yes or no"


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list whose items have one type."""

    SAID: ClassVar = "a list"

    item: "Type"
    length: int | None = None
    """How many items it has; None if that varies."""


@dataclass(frozen=True, slots=True)
class Record:
    """Fields by name. `maybe` names those that may be missing."""

    SAID: ClassVar = "a thing with fields"

    fields: Mapping[str, "Type"] = field(default_factory=dict)
    maybe: frozenset[str] = frozenset()
    is_open: bool = False
    """Whether it may have other fields too."""


@dataclass(frozen=True, slots=True)
class Table:
    """Values of one type by a key that a template computes."""

    SAID: ClassVar = "a table"

    value: "Type"


Type: TypeAlias = Unknown | Text | Words | Number | Money | Truth | ListOf | Record | Table

UNKNOWN: Final = Unknown()
TEXT: Final = Text()
NUMBER: Final = Number()
COMPUTED: Final = Number(counted=False)
MONEY: Final = Money()
TRUTH: Final = Truth()


@dataclass(frozen=True, slots=True)
class Types:
    """What a host says about the values that its flows read."""

    names: Mapping[str, Type] = field(default_factory=dict)
    """By the name that templates read."""
    events: Mapping[str, Record] = field(default_factory=dict)
    """Fields of `event`, by the name of the event."""
    outcomes: Mapping[tuple[str, str], Record] = field(default_factory=dict)
    """(action, event) -> fields of the event as the action raises it, where that says more."""
    arguments: Mapping[tuple[str, str], Words] = field(default_factory=dict)
    """(action, argument) -> the texts that it takes."""
    money_filters: frozenset[str] = frozenset()
    """Filters that show a sum."""


def words(known: Iterable[str], what: str) -> Words:
    """Return the type of one of `known`."""
    return Words(frozenset(known), what)


def is_text(kind: Type) -> bool:
    """Whether it is surely a text."""
    return isinstance(kind, (Text, Words))


def is_number(kind: Type) -> bool:
    """Whether it is surely a number. `yes` and `no` count as numbers too, so they are none here."""
    return isinstance(kind, (Number, Money))


def join(one: Type, other: Type) -> Type:
    """Return a type that both fit."""
    if one == other:
        return one
    if is_text(one) and is_text(other):
        return TEXT
    if isinstance(one, ListOf) and isinstance(other, ListOf):
        return ListOf(join(one.item, other.item))
    return UNKNOWN


def type_of(value: Any, special: Mapping[str, Type], real: Any = None) -> Type:
    """Return the type of a sample value.

    `special`: field name -> its type, where that says more than the sample, wherever the field stands. `real`
    is the value that the sample stands for, if it never changes: its lists have a known length.
    """
    match value:
        case bool():
            return TRUTH
        case int():
            return NUMBER
        case str():
            return TEXT
        case list() | tuple():
            item = type_of(value[0], special) if value else UNKNOWN
            return ListOf(item, len(real) if isinstance(real, (list, tuple)) else None)
        case LookupTable():
            return Table(type_of(next(iter(value.values()), None), special))
        case Mapping():
            known = real if isinstance(real, Mapping) else {}
            return Record(
                {
                    key: special.get(key) or type_of(inner, special, known.get(key))
                    for key, inner in value.items()
                }
            )
        case _:
            return UNKNOWN
