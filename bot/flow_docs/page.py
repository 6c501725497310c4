"""Writes the page that lists all of the flow language: keys, actions, events, names in templates, filters."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from bot.flow_docs.descriptions import described
from flows.engine.model import BUILT_IN, RECEIVED
from flows.engine.vocabulary import Action
from flows.messages.address_form import ADDRESS
from flows.templates.types import ListOf, Record, Table, Type, Words
from payments.processing import flow_types
from payments.processing.actions import FIRED, REQUIRED, SHOP

FILTERS: Final[Mapping[str, str]] = {
    "money": "a sum in paise as people read it: `₹249.50`",
    "length": "how many items or letters it has",
    "join": "the items of a list as one text: `| join(', ')`",
    "upper": "in capital letters",
    "lower": "in small letters",
    "title": "each word with a capital letter",
    "default": "another value in the place of one that is missing: `| default('none')`",
    "first": "the first item",
    "last": "the last item",
    "abs": "without its minus",
    "round": "the nearest whole number",
    "int": "a text of digits as a number",
}
"""What each filter gives."""
_INTRO: Final = """\
# All of the flow language

What may be written in a flow file, made from the program itself by `make docs`. The guide, with examples, is
[flow-format.md](flow-format.md). Editors that know YAML's language server complete and explain the same, by
this line at the top of the file: `# yaml-language-server: $schema=flows.schema.json` (`munshi schema` prints
that schema).

A **text** may be one for all languages, or `{en: …, hi: …}`. Sums are written in rupees and kept in whole
paise. Spans of time are written as `10 min` and kept in milliseconds.
"""


def page(schema: Mapping[str, Any]) -> str:
    """Return the page as Markdown. `schema` is the JSON Schema of flow files."""
    parts = [
        _INTRO,
        *_shapes(_with_words(schema, schema["$defs"])),
        *_actions(),
        *_events(),
        *_names(),
        *_filters(),
    ]
    return "\n".join(parts).rstrip() + "\n"


def _with_words(value: Any, shapes: Mapping[str, Any]) -> Any:
    """Return a part of the schema with the words of a shape that is nothing else in place of its name."""
    if isinstance(value, list):
        return [_with_words(one, shapes) for one in value]
    if not isinstance(value, Mapping):
        return value
    named = shapes.get(str(value.get("$ref", "")).rpartition("/")[2], {})
    found = (
        {**{key: one for key, one in value.items() if key != "$ref"}, **named} if "enum" in named else value
    )
    return {key: _with_words(one, shapes) for key, one in found.items()}


def _title(name: str) -> str:
    return name.removesuffix("Spec")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(' '.join(cell.split()).replace('|', chr(92) + '|') for cell in row)} |"
    yield ""


def _shapes(schema: Mapping[str, Any]) -> Iterator[str]:
    """Yield the keys of the file, and of each shape that stands in it."""
    yield "## Keys of the file\n"
    yield from _keys(schema)
    for name in _reached(schema):
        shape = schema["$defs"][name]
        if "enum" in shape:
            continue
        yield f"### {_title(name)}\n"
        yield f"{shape.get('description', '')}\n"
        yield from _keys(shape)


def _reached(schema: Mapping[str, Any]) -> list[str]:
    """Return the names of all shapes, in the order in which a reader meets them."""
    found: dict[str, None] = {}
    waiting: list[Any] = [schema.get("properties", {})]
    while waiting:
        value = waiting.pop(0)
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, Mapping):
            waiting += value.values()
            name = str(value.get("$ref", "")).rpartition("/")[2]
            if name and name not in found:
                found[name] = None
                waiting.append(schema["$defs"][name])
    return list(found)


def _keys(shape: Mapping[str, Any]) -> Iterator[str]:
    needed = shape.get("anyOf", [shape])[0].get("required", ())
    rows = [
        (f"`{key}`{' (needed)' if key in needed else ''}", _written(value), value.get("description", ""))
        for key, value in shape.get("properties", {}).items()
    ]
    yield from _table(("key", "what is written", "meaning"), rows)


def _written(shape: Any) -> str:
    """Return in words what may be written for a part of the schema."""
    if not isinstance(shape, Mapping):
        return "anything"
    match shape:
        case {"$ref": str(ref)}:
            name = _title(ref.rpartition("/")[2])
            return f"[{name}](#{name.lower()})"
        case {"const": value}:
            return f"`{str(value).lower() if isinstance(value, bool) else value}`"
        case {"enum": list(values)}:
            return " or ".join(f"`{value}`" for value in values)
        case {"anyOf": list(shapes)} | {"oneOf": list(shapes)}:
            return " or ".join(dict.fromkeys(_written(one) for one in shapes if one != {"type": "null"}))
        case {"type": "array"}:
            return f"list of {_written(shape.get('items', {}))}"
        case {"type": "object"}:
            return _mapping(shape)
        case {"type": [*types]}:
            return " or ".join(_SAID[one] for one in types if one != "null")
        case {"type": str(one)}:
            return _SAID[one]
        case _:
            return "anything"


def _mapping(shape: Mapping[str, Any]) -> str:
    patterns = shape.get("patternProperties", {})
    inner = next(iter(patterns.values()), shape.get("additionalProperties"))
    return f"name: {_written(inner)}" if isinstance(inner, Mapping) else "keys and values"


_SAID: Final = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "`true` or `false`",
    "null": "nothing",
}


def _actions() -> Iterator[str]:
    yield "## Actions\n"
    yield "Under `do:`. What an action fires in the place of the rest of the rule has a ⤺.\n"
    rows = [
        ("`set`", "`{variable: value}`", "", "Give variables their values."),
        ("`language`", "a code of `languages`", "", "Change the customer's language."),
    ]
    rows += [_action(name, action) for name, action in SHOP.actions.items()]
    yield from _table(("action", "takes", "fires", "does"), rows)


def _action(name: str, action: Action) -> tuple[str, str, str, str]:
    said = described(action.args)
    takes = [
        f"`{key}`{'' if info.is_required() else ' (may be left out)'}: {said[key]}"
        for key, info in action.args.model_fields.items()
    ]
    fires = [f"`{event}` ⤺" for event in action.raises]
    fires += [f"`{event}`" for event in (*action.follows, *action.brings)]
    does = " ".join((action.run.__doc__ or "").split())
    return f"`{name}`", " ".join(takes), ", ".join(fires), does


def _events() -> Iterator[str]:
    yield "## Events\n"
    yield "What a rule under `on:` or `anywhere:` may wait for, besides the triggers of buttons and words.\n"
    meanings = {
        **BUILT_IN,
        **dict.fromkeys(sorted(RECEIVED), "the customer sends this"),
        ADDRESS: "the customer sends an address form back",
        **SHOP.events,
        **FIRED,
    }
    rows = [(_event(name), _fields(name), meaning) for name, meaning in meanings.items()]
    yield from _table(("event", "fields of `event`", "comes when"), rows)


def _event(name: str) -> str:
    return f"`{name}`{' (every state must answer it)' if name in REQUIRED else ''}"


def _fields(name: str) -> str:
    record = flow_types.EVENTS.get(name, Record())
    return "; ".join(f"`{field}` {_kind(kind)}" for field, kind in record.fields.items())


def _kind(kind: Type) -> str:
    match kind:
        case Words(words=words, what=what) if what not in ("sku", "category"):
            return f"one of {', '.join(f'`{word}`' for word in sorted(words) if word)}"
        case Words(what=what):
            return f"a {what}"
        case ListOf(item=item) if not isinstance(item, Record):
            return f"a list, each {_kind(item)}"
        case _:
            return kind.SAID


def _names() -> Iterator[str]:
    yield "## Names in templates and guards\n"
    yield "Besides `event`, the variables of the flow, and the names that `each` gives to items.\n"
    shop = SHOP.sections["shop"].model_validate(
        {"name": "A shop", "products": [{"sku": "a", "name": "A", "price": 1}]}
    )
    types = flow_types.of(SHOP.statics({"shop": shop}, "en", "en", frozenset()))
    names = {"language": "text", "state": "text"}
    rows = [(f"`{name}`", kind) for name, kind in names.items()]
    for name, kind in types.names.items():
        rows += _paths(name, kind)
    yield from _table(("name", "is"), rows)


def _paths(name: str, kind: Type) -> Iterator[tuple[str, str]]:
    """Yield each field of a value with its type."""
    match kind:
        case Record(fields=fields):
            for field, inner in fields.items():
                yield from _paths(f"{name}.{field}", inner)
        case ListOf(item=Record() as item):
            yield f"`{name}`", "a list"
            yield from _paths(f"{name}[…]", item)
        case Table(value=value):
            yield f"`{name}[…]`", f"by its key, {_kind(value)} as in the list"
        case _:
            yield f"`{name}`", _kind(kind)


def _filters() -> Iterator[str]:
    yield "## Filters\n"
    yield from _table(("filter", "gives"), [(f"`{name}`", said) for name, said in FILTERS.items()])
    yield "Tests, after `is`: `defined undefined none in odd even string number`."
