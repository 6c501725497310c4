"""`munshi check` of a list with `pages: true`."""

import json
from collections.abc import Mapping
from typing import Any, Final

import pytest

from bot.whatsapp.limits import LIMITS
from flows.document.errors import Severity
from flows.language.load import examine
from tests.flows.test_pages import SHELVES


def written(goods: Mapping[str, Any], text: str = "x", template: Any = None) -> str:
    """A flow file whose message `m` has this list."""
    row = {"on": "pick", "with": "a", "title": "A"}
    message = {"text": text, "list": {"button": "See", "rows": row, **goods}}
    if template:
        message["template"] = template
    return json.dumps({
        "flow": "f", "messages": {"m": message},
        "anywhere": {"pick": {"words": ["pick"], "say": "m"}, "money.came": {"say": "m"}},
        "otherwise": {"say": "m"}, "start": "s", "states": {"s": {}},
    })  # fmt: skip


def found(*goods: Any, **more: Any) -> list[str]:
    return [str(issue) for issue in examine(written(*goods, **more), "f.yaml", SHELVES, limits=LIMITS).issues]


def rows(count: int, **same: Any) -> dict[str, Any]:
    return {"rows": [{"on": "pick", "with": str(n), "title": f"T{n}", **same} for n in range(count)]}


ROW: Final = {"on": "pick", "title": "A", "each": "shelf"}


@pytest.mark.parametrize(
    ("goods", "more"),
    [
        ({}, {"text": "{{ event.value }}"}),
        ({}, {"template": {"name": "t", "values": ["{{ event.value }}"]}}),
        ({"button": "{{ event.value }}"}, {}),
        ({"more": "{{ event.value }}"}, {}),
        ({"title": "{{ event.value }}"}, {}),
        ({"rows": {**ROW, "title": "{{ event.value }}"}}, {}),
        ({"rows": {**ROW, "with": "{{ event.value }}"}}, {}),
        ({"rows": {**ROW, "if": "event.value"}}, {}),
        ({"rows": {**ROW, "each": "event.items"}}, {}),
    ],
)
def test_a_list_with_pages_cannot_read_the_event_that_is_over(
    goods: dict[str, Any], more: dict[str, Any]
) -> None:
    [issue] = found({**goods, "pages": True}, **more)
    assert "error: there is no 'event' to read here" in issue
    assert "'set' a variable before, and read that" in issue
    without = {key: value for key, value in goods.items() if key != "more"}
    assert found(without, **more) == []


def test_a_row_may_call_its_item_event() -> None:
    row = {**ROW, "as": "event", "title": "{{ event }}"}
    assert found({"pages": True, "rows": row}) == []


def test_eleven_written_rows_are_fine_with_pages_and_refused_without() -> None:
    assert found({"pages": True, **rows(11)}) == []
    [issue] = found(rows(11))
    assert "11 rows, and WhatsApp takes 10" in issue
    assert "add 'pages: true' beside 'button'" in issue


def test_the_other_checks_of_a_list_hold_with_pages() -> None:
    [same] = found({"pages": True, **rows(2, **{"with": "a"})})
    assert "this fires 'pick' just as one above it does" in same
    titled = rows(2)["rows"] + [{"on": "pick", "with": "x", "title": "MORE"}]
    [issue] = found({"pages": True, "rows": titled})
    assert "warning: two rows are called 'MORE'" in issue
    assert found({"pages": True, "more": "Next", "rows": titled}) == []
    assert found({"rows": titled}) == []
    [long] = found({"pages": True, "more": "x" * 25})
    assert "25 characters, and WhatsApp takes 24 here" in long
    blank = {
        "rows": [],
        "sections": [{"title": "A", **rows(12)}, {"title": "{{ '' }}", **rows(1, **{"with": "y"})}],
    }
    assert any("one of several sections has no title" in issue for issue in found({"pages": True, **blank}))


def test_more_without_pages_is_an_error_that_names_pages() -> None:
    [issue] = found({"more": "Next"})
    assert "'more' is the title of the row that shows the next page: add 'pages: true'" in issue


def test_a_language_in_which_more_has_no_title_is_a_warning() -> None:
    text = written({"pages": True}).replace('"flow": "f"', '"flow": "f", "languages": ["en", "hi", "fr"]')
    found = examine(text, "f.yaml", SHELVES, limits=LIMITS).issues
    [issue] = [issue for issue in found if "nobody can choose" not in issue.message]
    assert (issue.severity, issue.mend) == (
        Severity.WARNING,
        "add 'more: {fr: …}', with a text for every language",
    )
