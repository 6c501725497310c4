"""Turns the stored events of a customer into a scenario of the present flow, without who they are. Pure.

The shop's answers are those that the present flow gives: the scenario passes until somebody changes it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from flows.document import durations
from flows.engine.events import TimerDue
from flows.engine.model import Flow
from payments.ledger.facts import EntityType, Fact, FactState
from payments.ledger.polling import Poll
from payments.processing import bodies
from payments.processing.bodies import (
    Body,
    Chat,
    FactsTold,
    Forget,
    Joined,
    Offered,
    OrderRequested,
    PreferenceSet,
    StaffAction,
)
from payments.processing.results import (
    LinkFound,
    LinkKept,
    LinkRefused,
    PaymentsFetched,
    RefundMade,
    RefundRefused,
    Result,
)
from payments.processing.step_input import EventKind
from payments.processing.verbs import VERBS
from payments.shop.catalogue import Shop
from payments.shop.fulfilment import Stage
from payments.shop.handover import HandoverCheck
from payments.shop.local_time import local_date
from payments.shop.orders import is_card
from payments.simulator.disguise import Disguise
from payments.simulator.money_steps import MoneySteps
from payments.simulator.recorder import CannotPlay, Recorder
from payments.simulator.scenario_actions import PROVIDER, SLOW
from payments.simulator.simulator import START
from payments.simulator.stored_actions import StoredActions, StoredOrder, stand_ins

_SECOND: Final = 1000
_MINUTE: Final = 60 * _SECOND
_WEEK: Final = 7 * 24 * 60 * _MINUTE
_LONGEST_IN_SECONDS: Final = 999_999 * _SECOND
"""A span of time has six digits."""
_LATE: Final = _MINUTE
"""A timer that is handled so late was held up."""
_WITH_FACTS: Final = (PaymentsFetched, LinkFound, RefundMade)
_STAFF_WORDS: Final = (*(verb.help for verb in VERBS.values()), *Stage)
_NOT_PLAYED: Final[Mapping[type, str]] = {
    Joined: "another chat of the same customer was joined to this one",
    Offered: "an offer was sent to everybody",
    Forget: "it was asked that the customer be forgotten",
}


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One event of the customer, as it is stored."""

    at: int
    """When it came, or was due, in milliseconds since 1970, UTC."""
    kind: EventKind
    body: Mapping[str, Any]
    handled: int = 0
    """When it was handled, in milliseconds; 0 if it was not."""
    applied: bool = True
    """Whether it had an effect."""


@dataclass(frozen=True, slots=True)
class Retold:
    """A scenario, and what was said in it."""

    text: str
    said: tuple[str, ...]
    """Names of the shop's messages to the customer, oldest first."""
    notes: tuple[str, ...] = ()
    """What of the chat could not be played, and why."""


def retold(
    flow: Flow, name: str, events: Sequence[StoredEvent], orders: Sequence[StoredOrder], said: Sequence[str]
) -> Retold:
    """Return the scenario called `name` of these events, which are in order of time.

    What is stored leaves open how fast the provider answered. Of the ways in which it may have gone, that one
    is told in which most of `said`, the names of the messages that were said, is said again.
    """
    told = [(one, body) for one in events if (body := _read(one))]
    ways = []
    for slow in (False, True):
        for patient in (True, False):
            retelling = _Retelling(flow, told, orders, slow=slow, patient=patient)
            retelling.tell()
            recorder = retelling.recorder
            again = tuple(say.name for say in recorder.simulator.said)
            ways.append(Retold(recorder.text(name), again, tuple(recorder.notes)))
            if again == tuple(said):
                return ways[-1]
    return max(ways, key=lambda way: _in_common(way.said, said))


def _in_common(said: Sequence[str], before: Sequence[str]) -> tuple[int, int]:
    """Return how many messages were said again, from the first on and then in all."""
    pairs = list(zip(said, before, strict=False))
    first = next((place for place, (now, then) in enumerate(pairs) if now != then), len(pairs))
    return first, -abs(len(said) - len(before))


_Told: TypeAlias = tuple[StoredEvent, Body]


def _read(event: StoredEvent) -> Body | None:
    """Return the event's body; None if it is no event of a conversation, or of another version."""
    try:
        return bodies.read(event.kind, event.body)
    except (KeyError, TypeError, ValueError):
        return None


class _Retelling:
    def __init__(
        self, flow: Flow, told: Sequence[_Told], orders: Sequence[StoredOrder], *, slow: bool, patient: bool
    ) -> None:
        """`slow`: the provider answers call by call. `patient`: a payment that the bank allowed is first

        looked at when something else happens, because most are captured at once.
        """
        self._told, self._orders, self._slow, self._patient = told, orders, slow, patient
        everything = [body for _, body in told]
        self._money = MoneySteps(everything, {order.key: order.links for order in orders})
        names = {body.name for body in everything if isinstance(body, Chat) and body.name}
        disguise = Disguise([*flow.texts.values(), *_STAFF_WORDS], names)
        staff = stand_ins(everything)
        self.recorder = Recorder(flow, tuple(staff.values()))
        self._simulator = self.recorder.simulator
        self._first = told[0][0].at if told else START
        shop: Shop = flow.sections["shop"]
        self._began = START + ((self._first - START) % _WEEK if _has_times(shop) else 0)
        """When the chat begins: on the same day of the week at the same time, if the shop looks at it."""
        later = local_date(shop.timezone, self._began) - local_date(shop.timezone, self._first)
        self._actions = StoredActions(self._simulator, orders, disguise, staff, later)
        self._until = 0
        """Up to when time must pass before anything else happens: a timer of then had an effect."""

    def tell(self) -> None:
        """Play and write all of it."""
        try:
            self._do("waits", _span(self._began - START))
            if self._slow:
                self._do(PROVIDER, SLOW)
            for event, body in self._told:
                self._event(event, body)
            self._allow()
            self._pass(self._until)
        except CannotPlay as error:
            self.recorder.note(f"the rest is left out: {error}")

    def _event(self, event: StoredEvent, body: Body) -> None:
        match body:
            case TimerDue() | HandoverCheck():
                self._time(event)
            case Poll():
                pass
            case FactsTold():
                self._facts(event.at, body.facts)
            case Chat() | OrderRequested() | StaffAction() | PreferenceSet():
                self._allow()
                self._pass(event.at)
                self._act(body)
            case Joined() | Offered() | Forget():
                self.recorder.note(f"here {_NOT_PLAYED[type(body)]}, which a scenario can't hold")
            case _:
                self._result(event, body)

    def _time(self, event: StoredEvent) -> None:
        """Take note that time had an effect, or that the shop was down and came to it late."""
        if event.handled - event.at >= _LATE:
            self._be_down(event.handled)
        elif event.applied:
            self._until = event.at

    def _result(self, event: StoredEvent, body: Result) -> None:
        if self._slow and (how := _how_answered(body)):
            self._pass(event.at)
            self._do(PROVIDER, how)
        known = self._facts(event.at, body.facts if isinstance(body, _WITH_FACTS) else ())
        if known and isinstance(body, PaymentsFetched) and event.applied and not body.asked:
            self._allow()
            self._pass(event.at)
            self._do(PROVIDER, "is asked")

    def _facts(self, at: int, facts: Sequence[Fact]) -> bool:
        """Play what these facts tell. Return whether they tell nothing new."""
        if any(fact.reports(EntityType.PAYMENT_LINK, FactState.EXPIRED) for fact in facts):
            self._until = at
        actions = list(self._money.told(facts))
        for key, value in actions:
            self._pass(at)
            self._do(key, value)
        if not self._patient:
            self._allow()
        return not actions

    def _allow(self) -> None:
        for key, value in self._money.allowed():
            self._do(key, value)

    def _pass(self, at: int) -> None:
        """Let time pass up to `at`, unless that is less than a minute and nobody waited for it."""
        now = self._simulator.now - self._began
        needed = -(-(self._until - self._first) // _SECOND) * _SECOND if self._until else 0
        gap = max(needed, (at - self._first) // _SECOND * _SECOND) - now
        if gap >= _MINUTE or needed > now:
            self._do("waits", _span(gap))
        self._until = 0

    def _be_down(self, until: int) -> None:
        """Let time pass in which the shop was down."""
        self._pass(self._until)
        self._do(
            "down", _span((until - self._first) // _SECOND * _SECOND - self._simulator.now + self._began)
        )

    def _act(self, body: Chat | OrderRequested | StaffAction | PreferenceSet) -> None:
        try:
            key, value = self._actions.of(body)
        except LookupError as error:
            self.recorder.note(f"not played: {error}")
        else:
            self._do(key, value)

    def _do(self, key: str, value: Any) -> None:
        """Play an action, or note that it can't be played. Without a value there is nothing to do."""
        if value != "":
            self.recorder.attempt(key, value)


def _how_answered(body: Result) -> str | None:
    """Return how the provider answers the call that has waited longest; None if it was not asked."""
    match body:
        case LinkRefused() if is_card(body.reference_id):
            return "refuses the card"
        case LinkRefused():
            return "fails once" if body.again else "refuses once"
        case LinkKept():
            return "keeps once"
        case RefundRefused():
            return "refuses the refund"
        case PaymentsFetched():
            return "answers once" if body.asked else None
        case _:
            return "answers once"


def _has_times(shop: Shop) -> bool:
    return bool(shop.hours or (shop.delivery and shop.delivery.slots))


def _span(milliseconds: int) -> str:
    """Return a span of time as a scenario has it; empty if it is none."""
    if milliseconds > _LONGEST_IN_SECONDS:
        milliseconds = -(-milliseconds // _MINUTE) * _MINUTE
    return durations.written(milliseconds) if milliseconds >= _SECOND else ""
