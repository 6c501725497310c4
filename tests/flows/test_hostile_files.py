"""Whatever a flow file holds, it is answered with issues: soon, in little memory, and without a traceback."""

import json
import subprocess
import sys
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.whatsapp.limits import LIMITS
from flows.language.load import examine
from payments.processing.actions import SHOP
from tests.flows.hostile_files import FILES


def test_every_hostile_file_is_answered_in_two_seconds_and_200_mebibytes() -> None:
    command = [sys.executable, "-m", "tests.flows.hostile_files"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    measured = [json.loads(line) for line in printed.splitlines()]
    assert [one["name"] for one in measured] == list(FILES)
    for one in measured:
        assert one["issues"], one
        assert not one["sound"], one
        assert one["seconds"] < 2, one
        assert one["mebibytes"] < 200, one


_WORDS: Final = (
    *("flow", "languages", "variables", "messages", "anywhere", "otherwise", "apology", "never", "always"),
    *("migrate", "start", "states", "shop", "products", "sku", "price", "name", "variants", "delivery"),
    *("areas", "slots", "coupons", "staff", "hours", "gst", "enter", "exit", "ask", "on", "after", "if"),
    *("do", "say", "tell", "to", "words", "ignore", "text", "buttons", "list", "rows", "sections", "link"),
    *("image", "video", "document", "address", "template", "title", "with", "each", "as", "from", "set"),
    *("cart.add", "order.place", "payment.captured", "a", "b", "en", "hi", "1 h", "else", "holds", "type"),
    *("include", "fragments", "use", "subflows", "call", "return", "states.yaml"),
)
_SCALARS: Final = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**19), 10**19), st.sampled_from(_WORDS), st.text(max_size=6),
    st.sampled_from(["{{ cart.total | money }}", "{{ x", "a == 'b'", "", "99", "12:30", "x" * 70]),
)  # fmt: skip
_VALUES: Final = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_WORDS), inner, min_size=1, max_size=4)
    ),
    max_leaves=12,
)
_SOUND: Final[dict[str, Any]] = {
    "flow": "f",
    "shop": {"name": "x", "products": [{"sku": "a", "price": 1, "name": "a"}]},
    "messages": {"a": {"text": "A", "buttons": [{"on": "b", "title": "B"}]}},
    "anywhere": {
        "order.requested": {"do": ["cart.fill", "order.place"]},
        "payment.captured": {"do": "cart.settle", "say": "a"},
        "b": {"say": "a"},
    },
    "otherwise": {"say": "a"},
    "start": "a",
    "fragments": {"a": {"enter": {"say": "a"}}, "text": {"use": "a"}},
    "subflows": {"a": {"on": {"b": {"to": "return"}}}},
    "states": {"a": {"use": "text", "after": {"1 h": {"to": "b"}}}, "b": {"on": {"b": {"call": "a"}}}},
}


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(one for key, inner in below for one in _paths(inner, (*path, key)))]


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_value_of_any_kind_in_any_place_is_answered_in_its_place(data: st.DataObject) -> None:
    flow: dict[str, Any] = json.loads(json.dumps(_SOUND))
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(_paths(flow)[1:]))
        around: Any = flow
        for step in path[:-1]:
            around = around[step]
        around[path[-1]] = data.draw(_VALUES)
        if isinstance(around, dict) and data.draw(st.booleans()):
            around[data.draw(st.sampled_from(_WORDS))] = data.draw(_VALUES)
    text = json.dumps(flow, indent=1)
    for issue in examine(text, "f.yaml", SHOP, limits=LIMITS).issues:
        assert issue.message
        assert 1 <= issue.line <= text.count("\n") + 1
        assert issue.column >= 1
        assert str(issue)
