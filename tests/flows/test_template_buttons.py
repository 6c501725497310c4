"""Quick replies of fallback templates mean what the buttons of their message mean; `check` looks at them."""

from dataclasses import replace
from textwrap import dedent

import pytest

from bot.whatsapp.limits import LIMITS
from flows.engine.events import Happened, Tapped
from flows.language.load import examine
from flows.messages.kinds import Buttons, Text, from_json, to_json
from flows.messages.limits import ChannelLimits
from tests.flows.chat import TOY, Chat, flow_of

FLOW = """
    flow: told
    messages:
      paid:
        text: Paid
        %s
        template: {name: order_paid, values: ["{{ event.number }}"], buttons: true}
      more: Here is more
      out: what?
    anywhere:
      more: {say: more}
      less: {say: out}
      money.came: {say: paid}
    otherwise: {say: out}
    start: shop
    states: {shop: {}}
"""
TWO = "buttons: [{on: more, with: tea, title: More}, {on: less, title: Less}]"


def told() -> tuple[Chat, Buttons]:
    chat = Chat(flow_of(FLOW % TWO, TOY))
    chat.write("hello")
    chat.take(Happened("money.came", {"number": "#12"}))
    [message] = chat.messages
    assert isinstance(message, Buttons)
    return chat, message


def test_they_have_the_ids_of_the_messages_buttons() -> None:
    _, message = told()
    assert message.fallback is not None
    assert message.fallback.buttons == tuple(button.id for button in message.buttons)
    assert len(set(message.fallback.buttons)) == 2
    assert from_json(to_json(message)) == message
    assert from_json(message.fallback.to_json()) == message.fallback


def test_a_tap_on_one_is_a_tap_on_the_button() -> None:
    chat, message = told()
    assert message.fallback is not None
    chat.take(Tapped(message.fallback.buttons[0], "Whatever Meta has approved"))
    assert chat.messages == [Text("Here is more")]


@pytest.mark.parametrize(
    ("buttons", "said", "mend"),
    [
        ("", "has no buttons for the quick replies", "give the message buttons"),
        ("link: {title: Open, url: https://a.example}", "has no buttons", "give the message buttons"),
        ("list: {button: See, rows: [{on: more, title: M}]}", "has no buttons", "take 'buttons' out"),
        (
            "buttons: [{on: more, title: M}, {on: less, title: L, if: state}]",
            "has an 'if'",
            "take that 'if' out",
        ),
    ],
)
def test_templates_that_cannot_have_them(buttons: str, said: str, mend: str) -> None:
    assert_refused(buttons, said, mend, LIMITS)


def test_more_than_the_channel_takes_in_a_template() -> None:
    few = replace(LIMITS, template_buttons=1)
    assert_refused(TWO, "2 buttons, and WhatsApp takes 1 in a template", "out of the template", few)


def assert_refused(buttons: str, said: str, mend: str, limits: ChannelLimits) -> None:
    text = dedent(FLOW % buttons)
    examined = examine(text, "f.yaml", TOY, limits=limits)
    assert examined.flow is None
    [issue] = [issue for issue in examined.issues if said in issue.message]
    assert mend in issue.mend
    assert "buttons: true" in text.splitlines()[issue.line - 1]
