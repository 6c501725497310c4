"""Plays one scenario on two versions of a flow, and finds what they say differently. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from flows.engine.effects import Say
from flows.engine.model import Flow
from flows.messages import replies
from flows.messages.kinds import Link, Message, Reply
from flows.messages.replies import AnyId, PageId
from payments.simulator import people
from payments.simulator.chats import NothingToTap
from payments.simulator.people import NobodyThere
from payments.simulator.recorder import lasting
from payments.simulator.scenario import Scenario, ScenarioAction
from payments.simulator.simulated_gateway import NothingToPay
from payments.simulator.simulator import START, Simulator

_TAP = "tap: "
"""How the line of a tap by its title begins."""


@dataclass(frozen=True, slots=True)
class Said:
    """One message to the customer."""

    name: str
    """In the flow."""
    words: str
    """What is read of it: its text, its buttons; `…` for the numbers of orders and the addresses of links."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One message that one version says, and the other says differently or not at all."""

    place: int
    """How many messages the older version had said before it."""
    at: int
    """Milliseconds since the first action but a span of time."""
    action: str
    """What was done: `customer: hi`."""
    before: Said | None
    after: Said | None
    impossible: str = ""
    """Why the newer version leaves nothing to do: what was tapped is not offered, no link can be paid."""


def differences(old: Flow, new: Flow, scenario: Scenario) -> Iterator[Difference]:
    """Play the actions of `scenario` on both, in step, and yield what differs, in order.

    A tap means what it fires, whatever it is called. Ends where an action can't be played on one of them.
    """
    before, after = (_Chat(flow, scenario) for flow in (old, new))
    begins = None
    for action in (step for step in scenario.steps if isinstance(step, ScenarioAction)):
        if begins is None and not action.said.startswith("waits: "):
            begins = before.simulator.now
        at, place, meant = before.simulator.now - (begins or START), before.count, before.meant(action)
        was, no = before.play(action, meant)
        now, cannot = after.play(action, meant)
        if no:
            return
        if cannot:
            yield Difference(place, at, action.said, None, None, cannot)
            return
        shared = _shared(was, now)
        for nth, (one, another) in enumerate(zip_longest(was[shared:], now[shared:])):
            if one != another:
                yield Difference(place + shared + nth, at, action.said, one, another)


def _shared(was: Sequence[Said], now: Sequence[Said]) -> int:
    pairs = enumerate(zip(was, now, strict=False))
    return next((place for place, (one, another) in pairs if one != another), min(len(was), len(now)))


class _Chat:
    """The chat on one version."""

    def __init__(self, flow: Flow, scenario: Scenario) -> None:
        staff = None if scenario.staff is None else people.named(scenario.staff)
        self.simulator = Simulator(flow, staff=staff)
        self.count = 0
        """Messages that were said."""

    def meant(self, action: ScenarioAction) -> AnyId | None:
        """Return what a tap by its title means here; None if it is none."""
        if not action.said.startswith(_TAP):
            return None
        title = action.said.removeprefix(_TAP)
        found = next((one for one in self._offered() if one.title == title), None)
        return replies.decode(found.id) if found else None

    def play(self, action: ScenarioAction, meant: AnyId | None) -> tuple[list[Said], str]:
        """Do `action`. Return what the shop says, and why it can't be done if it can't."""
        simulator, parked = self.simulator, len(self.simulator.parked)
        try:
            same = next((one for one in self._offered() if _same(replies.decode(one.id), meant)), None)
            if meant is not None and same is not None:
                simulator.tap_reply(same.id, same.title)
            else:
                action.perform(simulator)
        except (NothingToTap, NothingToPay, NobodyThere) as error:
            return [], str(error)
        if len(simulator.parked) > parked:
            return [], f"the flow can't handle it: {simulator.parked[-1].error}"
        said = simulator.said[self.count :]
        self.count += len(said)
        return [self._said(one) for one in said], ""

    def _offered(self) -> Iterator[Reply]:
        return (reply for say in reversed(self.simulator.said) for reply in say.message.replies)

    def _said(self, say: Say) -> Said:
        return Said(say.name, lasting(_words(say.message), self.simulator))


def _same(one: AnyId | None, another: AnyId | None) -> bool:
    """Whether two replies fire the same trigger with the same value, or show the same page."""
    if one is None or another is None or type(one) is not type(another):
        return False
    if isinstance(one, PageId) and isinstance(another, PageId):
        return (one.message, one.page) == (another.message, another.page)
    assert not isinstance(one, PageId)
    assert not isinstance(another, PageId)
    return (one.trigger, one.value) == (another.trigger, another.value)


def _words(message: Message) -> str:
    titles = [f"[{' · '.join(filter(None, (one.title, one.description)))}]" for one in message.replies]
    link = [f"[{message.title}]"] if isinstance(message, Link) else []
    return " ".join([message.words, *link, *titles])
