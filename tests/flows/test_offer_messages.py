"""`offer: true`: said only if the host lets it, and checked."""

from dataclasses import replace

import pytest

from bot.whatsapp.limits import LIMITS
from flows.document.errors import Severity
from flows.engine import conversation as conversations
from flows.engine.effects import Say
from flows.engine.events import TextReceived
from flows.engine.step import announce, step
from flows.engine.vocabulary import EMPTY
from flows.language.load import examine, load

TEXT = """
flow: toy
messages:
  hello: Hello
  sale: {offer: true, text: Half price}
otherwise: {say: [hello, sale]}
start: home
states: {home: {}}
"""


def said(host: object, text: str = "hi") -> tuple[list[tuple[str, bool]], dict[str, object]]:
    flow = load(TEXT, "toy.yaml", replace(EMPTY, keeps_offers=lambda host: host), limits=LIMITS)
    done = step(flow, conversations.Conversation("c-1"), TextReceived(text), 1, 1, host)
    says = [(one.name, one.offer) for one in done.effects if isinstance(one, Say)]
    return says, dict(done.trace[-1])


def test_it_is_said_unless_the_host_keeps_it() -> None:
    assert said(None)[0] == [("hello", False), ("sale", True)]
    says, entry = said("they did not ask")
    assert says == [("hello", False)]
    assert (entry["unsaid"], entry["because"]) == (["sale"], "they did not ask")


def test_it_is_announced_wherever_the_customer_stands() -> None:
    flow = load(TEXT, "toy.yaml", limits=LIMITS)
    done = announce(flow, conversations.Conversation("c-1"), "sale", 1)
    assert [one.name for one in done.effects if isinstance(one, Say)] == ["sale"]
    assert done.conversation.state == "home"


@pytest.mark.parametrize(
    ("rule", "refused"),
    [
        ("{say: sale}", True),
        ("{say: [hello, sale]}", False),
        ("[{if: state == 'home', say: sale}, {say: hello}]", False),
        ("{say: sale, to: home}", False),
    ],
)
def test_an_offer_is_no_only_answer(rule: str, refused: bool) -> None:
    text = TEXT.replace("{say: [hello, sale]}\n", "{say: hello}\nanywhere: {x: ANY}\n")
    text = text.replace("ANY", rule.replace("{", "{words: [x], ", 1))
    examined = examine(text, "toy.yaml", EMPTY, limits=LIMITS)
    found = [issue for issue in examined.issues if issue.severity is Severity.ERROR]
    assert [issue.message for issue in found] == [
        "'sale' is an offer: who did not ask for offers would get no answer"
    ] * refused


def test_one_that_no_rule_says_is_for_broadcasts() -> None:
    alone = TEXT.replace("[hello, sale]", "hello")
    assert "sale" in load(alone, "toy.yaml", limits=LIMITS).promotions
