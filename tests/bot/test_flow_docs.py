"""The schema and the page of the flow language: complete, current, and true of every flow that ships."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from bot.flow_docs.files import FILES
from bot.flow_docs.page import FILTERS
from bot.flow_docs.schema import schema
from flows.document.reader import read
from flows.templates.expressions import TemplateLanguage
from payments.processing.actions import FIRED, SHOP
from tests.bot.test_cli_commands import munshi

SCHEMA: Final = schema()
FLOWS: Final = [
    Path("flows.yaml"),
    *sorted(p for p in Path("docs/recipes").glob("*.yaml") if ".test" not in p.name),
]
GUIDE: Final = Path("docs/flow-format.md")
TYPES: Final[dict[str, type | tuple[type, ...]]] = {
    "string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list, "object": dict,
    "null": type(None),
}  # fmt: skip


def wrong(value: Any, shape: Any, place: str = "$") -> Iterator[str]:
    """What in `value` the schema refuses: the keywords that our schema uses, after JSON Schema 2020-12."""
    if shape is True or shape is False:
        yield from () if shape else (place,)
        return
    if "$ref" in shape:
        yield from wrong(value, SCHEMA["$defs"][shape["$ref"].rpartition("/")[2]], place)
    if "anyOf" in shape and all(any(wrong(value, one)) for one in shape["anyOf"]):
        yield place
    if "not" in shape and not any(wrong(value, shape["not"])):
        yield place
    types = shape.get("type", [])
    allowed = [types] if isinstance(types, str) else types
    if allowed and not any(_is(value, one) for one in allowed):
        yield f"{place}: {value!r} is no {allowed}"
        return
    if ("enum" in shape and value not in shape["enum"]) or ("const" in shape and value != shape["const"]):
        yield f"{place}: {value!r}"
    if not _fits(value, shape):
        yield f"{place}: {value!r} against {shape}"
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from wrong(item, shape.get("items", True), f"{place}[{index}]")
    if isinstance(value, dict):
        yield from (f"{place}.{key} is missing" for key in shape.get("required", ()) if key not in value)
        for key, item in value.items():
            yield from wrong(item, _under(key, shape), f"{place}.{key}")


def _fits(value: Any, shape: dict[str, Any]) -> bool:
    if isinstance(value, str):
        return re.search(shape.get("pattern", ""), value) is not None
    if isinstance(value, (int, float)):
        within = shape.get("minimum", value) <= value <= shape.get("maximum", value)
        return bool(within and value > shape.get("exclusiveMinimum", value - 1))
    return True


def _is(value: Any, name: str) -> bool:
    return isinstance(value, TYPES[name]) and not (isinstance(value, bool) and name in ("integer", "number"))


def _under(key: str, shape: dict[str, Any]) -> Any:
    if key in shape.get("properties", {}):
        return shape["properties"][key]
    matching = [one for pattern, one in shape.get("patternProperties", {}).items() if re.search(pattern, key)]
    return matching[0] if matching else shape.get("additionalProperties", True)


def data_of(text: str) -> Any:
    """A flow as JSON: with numbers for decimals."""
    return json.loads(json.dumps(read(text, "f").data, default=float))


@pytest.mark.parametrize("path", FILES, ids=str)
def test_what_is_made_from_the_language_is_current(path: Path) -> None:
    assert path.read_text("utf-8") == FILES[path](), "run: make docs"


@pytest.mark.parametrize("path", FLOWS, ids=lambda path: path.stem)
def test_every_flow_that_ships_has_the_shape_that_editors_are_told(path: Path) -> None:
    assert list(wrong(data_of(path.read_text("utf-8")), SCHEMA)) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("flow: chai-counter", "flow: Chai"),
        ("languages: [en, hi]", "languages: [en, 5]"),
        ("start: browsing", "start: browsing\nzzz: 1"),
        ("states:\n  browsing:\n", "states:\n  browsing:\n    entr: x\n"),
        ("shop:\n", "shop:\n  cash: 5\n"),
        ("price: 180", "price: two hundred"),
        ("price: 180", 'price: "1,800"'),
        ("price: 180", "price: -180"),
        ("price: 180", "price: 0"),
    ],
)
def test_what_has_another_shape_is_underlined(old: str, new: str) -> None:
    text = Path("flows.yaml").read_text("utf-8")
    assert old in text
    assert list(wrong(data_of(text.replace(old, new, 1)), SCHEMA))


@pytest.mark.parametrize(
    ("text", "sound"),
    [
        ("flow: f\nstart: s\ninclude: shop.yaml\n", True),
        ("flow: f\nstart: s\n", False),
        ("fragments: {f: {text: Hi}}\nmessages: {m: {use: f}}\n", True),
        ("messages: {m: {image: 5}}\n", False),
        ("subflows: {a: {on: {b: {to: return}}}}\nstates: {s: {use: [f], on: {c: {call: a}}}}\n", True),
        ("states: {s: {use: {}}}\n", False),
        ("messages: {m: {text: x, buttons: [{use: f}]}}\n", True),
        ("messages: {m: {text: x, buttons: [{on: f}]}}\n", False),
    ],
)
def test_a_file_of_a_flow_in_several_has_its_shape_too(text: str, sound: bool) -> None:
    assert (not list(wrong(data_of(text), SCHEMA))) is sound


def test_every_key_action_and_event_is_described() -> None:
    shapes = {"the file": SCHEMA, **SCHEMA["$defs"]}
    bare = [
        f"{name}.{key}"
        for name, shape in shapes.items()
        for key, value in shape.get("properties", {}).items()
        if not value.get("description")
    ]
    assert bare == []
    assert [name for name, action in SHOP.actions.items() if not action.run.__doc__] == []
    page = FILES[Path("docs/flow-language.md")]()
    assert [name for name in (*SHOP.actions, *SHOP.events) if f"| `{name}`" not in page] == []


def test_every_filter_is_on_the_page() -> None:
    assert FILTERS.keys() == TemplateLanguage(SHOP.filters)._env.filters.keys()


def test_links_of_the_page_lead_to_its_headings() -> None:
    page = FILES[Path("docs/flow-language.md")]()
    headings = {
        line.lstrip("# ").lower().replace(" ", "-") for line in page.split("\n") if line.startswith("#")
    }
    assert set(re.findall(r"\]\(#([^)]*)\)", page)) <= headings


def test_the_schema_is_printed_for_editors_and_lies_beside_a_new_shop(tmp_path: Path) -> None:
    printed = munshi("schema")
    assert json.loads(printed.output) == SCHEMA
    assert munshi("init", tmp_path / "shop").exit_code == 0
    assert json.loads((tmp_path / "shop/flows.schema.json").read_text("utf-8")) == SCHEMA
    first = (tmp_path / "shop/flows.yaml").read_text("utf-8").split("\n")[0]
    assert first == "# yaml-language-server: $schema=flows.schema.json"


def test_events_and_actions_have_no_second_table_in_the_guide() -> None:
    rows = [line for line in GUIDE.read_text("utf-8").splitlines() if line.startswith("| `")]
    first = {name for row in rows for name in re.findall(r"`([a-z_.]+)[`:]", row.split(" | ")[0])}
    # These are names in templates, too.
    names = {"customer.hears", "order.stage"}
    listed = {name for name in (*SHOP.actions, *SHOP.events, *FIRED) if "." in name} - names
    assert first & listed == set()
    guide = GUIDE.read_text("utf-8")
    assert "(flow-language.md#events)" in guide
    assert "(flow-language.md#actions)" in guide
