"""The manual's example of `migrate:` loads, and takes customers where it says."""

from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from flows.engine.events import TextReceived
from flows.engine.going_over import Over, go_over
from flows.engine.outline import outline
from tests.flows.chat import NOW, TOY, Chat, flow_of

_MANUAL: Final = (Path(__file__).parents[2] / "docs" / "flow-format.md").read_text("utf-8")
_SHOWN: Final = _MANUAL.partition("### A state that is gone")[2].partition("```yaml\n")[2].partition("```")[0]
_SHOP: Final = replace(
    TOY, view_names=("order",), views=lambda host, statics: {"order": {"rating": len(host)}}
)
"""A host whose orders are rated as soon as it has noted something."""
_FLOW: Final = """
flow: toy
variables: {{item: {{}}}}
messages: {{hello: "Hello {{{{ item }}}}"}}
anywhere:
  tea: {{words: [tea], do: {{set: {{item: tea}}}}, say: hello}}
  rate: {{words: [good], do: {{note: good}}, say: hello}}
  {rules}
otherwise: {{say: hello}}
start: browsing
states:
  browsing: {{}}
  {states}
"""
_BEFORE: Final = ("cart", "paid", "sizes", "colours", "payment")
_AFTER: Final = ("basket", "rated", "thanks", "checkout.pay")


def _flow(states: tuple[str, ...], *more: str) -> str:
    """A flow in which a word leads to each of `states`."""
    words = [f"go_{n}: {{words: [{one}], to: {one}}}" for n, one in enumerate(states)]
    written = [f"{one}: {{}}" for one in states if "." not in one]
    return _FLOW.format(rules="\n  ".join(words), states="\n  ".join([*written, *more]))


@pytest.mark.parametrize(
    ("texts", "state", "item"),
    [
        (["cart"], "basket", "tea"),
        (["good", "paid"], "rated", "tea"),
        (["paid"], "thanks", "tea"),
        (["sizes"], "browsing", ""),
        (["colours"], "browsing", ""),
        (["payment"], "checkout.pay", "tea"),
    ],
)
def test_the_example_of_the_manual_takes_customers_where_it_says(
    texts: list[str], state: str, item: str
) -> None:
    chat = Chat(flow_of(_flow(_BEFORE), _SHOP))
    for text in ("hi", "tea", *texts):
        chat.take(TextReceived(text))
    new = flow_of(_flow(_AFTER, "checkout: {start: pay, states: {pay: {}}}") + _SHOWN, _SHOP)
    found = go_over(new, outline(chat.flow), chat.conversation, NOW, bound=False, host=chat.host)
    assert isinstance(found, Over), found
    assert (found.conversation.state, found.conversation.variables["item"]) == (state, item)
