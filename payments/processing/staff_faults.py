"""Check that a flow tells the staff something, and answers when a person gives a chat back. Pure."""

from collections.abc import Iterator

from flows.document.errors import Severity
from flows.engine.model import Flow, Reaction
from flows.messages.fault import Fault
from payments.shop.catalogue import Shop


def faults(flow: Flow) -> Iterator[Fault]:
    """Yield what is wrong with `flow` beside the shop's staff."""
    shop: Shop = flow.sections["shop"]
    reactions = list(_reactions(flow))
    if shop.staff and not any(reaction.tell for reaction in reactions):
        mend = "add 'tell: some_message' where they must know, such as under 'payment.captured'"
        yield Fault(("shop", "staff"), "the staff are told nothing", mend, Severity.WARNING)
    for rule in flow.rules:
        hands_over = any(call.name == "handover" for call in rule.reaction.do)
        if hands_over and flow.templated.isdisjoint(rule.reaction.tell):
            message = "nobody of the staff hears of it who has not written for 24 hours: there is no template"
            mend = "add 'tell: some_message', and a 'template' to that message"
            yield Fault((*rule.place, "do"), message, mend, Severity.WARNING)
    hands_over = any(call.name == "handover" for reaction in reactions for call in reaction.do)
    if hands_over and not any(rule.trigger == "handover.ended" for rule in flow.rules):
        message = "nothing says to a customer that the bot has the chat again, or that there is no person"
        mend = "add 'handover.ended: {say: some_message}'"
        yield Fault(("anywhere",), message, mend, Severity.WARNING)


def _reactions(flow: Flow) -> Iterator[Reaction]:
    for state in flow.states.values():
        yield from (state.enter, state.exit)
    yield from (rule.reaction for rule in flow.rules)
