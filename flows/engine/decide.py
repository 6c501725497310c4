"""Decide which rule answers a trigger, and which leaf it leads to, with the `transitions` library.

One machine serves every customer, so it holds no model. A step passes a `Decision` in as the model of one
trigger, and reads from it what the machine did. The hierarchy of states is flattened beforehand: a leaf gets
its own rules, then those of the states around it, then those of `anywhere`. The library's nested machine is
not used because it is slower and keeps its own idea of a state's name.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from transitions import EventData, Machine, Transition

from flows.engine.model import Rule
from flows.templates.values_read import values_read


class Decision:
    """One trigger being decided for one conversation. The machine reads `state`."""

    __slots__ = ("_context", "_from", "considered", "entered", "looked_at", "stale", "taken")

    def __init__(self, state: str, stale: bool, context: Callable[[], Mapping[str, Any]]) -> None:
        self._from = state
        self.stale = stale
        self._context = context
        self.taken: Rule | None = None
        """The rule that answers; None if none does."""
        self.entered: str | None = None
        """The leaf that the rule enters, possibly the present one again; None if the visit goes on."""
        self.considered: list[tuple[Rule, str]] = []
        """Rules that were passed over, each with the reason."""
        self.looked_at: Rule | None = None
        """The rule whose guard is being looked at."""

    @property
    def state(self) -> str:
        """The leaf that the conversation is in, after the move if there was one."""
        return self._from if self.entered is None else self.entered

    def allows(self, rule: Rule) -> bool:
        """Whether `rule` may be taken. Raises StepFailed if its guard can't be evaluated."""
        if self.stale and not rule.stale:
            self.considered.append((rule, "the tap is on a message of an earlier visit"))
            return False
        self.looked_at = rule
        if rule.guard is not None and not rule.guard.value(context := self._context()):
            values = values_read(rule.guard, context)
            self.considered.append((rule, f"not {rule.guard.source}" + (f" ({values})" if values else "")))
            return False
        self.taken = rule
        return True


class _Move(Transition):
    """A transition that asks the present decision whether it allows the rule, and tells it where that leads.

    The library would do more around it: log five lines, and look for callbacks of machine, states and
    transition. Ours have none.
    """

    def __init__(self, source: str, dest: str | None, *_: object, rule: Rule) -> None:
        super().__init__(source, dest)  # type: ignore[arg-type]  # None stays, as in `add_transition`
        self._rule = rule

    def execute(self, event_data: EventData) -> bool:
        decision = event_data.model
        assert isinstance(decision, Decision)
        allowed = decision.allows(self._rule)
        if allowed:
            decision.entered = self.dest
        return allowed


class _Machine(Machine):
    transition_cls = _Move


def build(leaves: Mapping[str, Iterable[tuple[Rule, str | None]]]) -> Machine:
    """Build the machine from each leaf's (rule, destination leaf or None), in order of precedence."""
    machine = _Machine(
        model=None,
        states=list(leaves),
        initial=None,
        auto_transitions=False,
        send_event=True,
        ignore_invalid_triggers=True,
    )
    for leaf, rules in leaves.items():
        for rule, destination in rules:
            machine.add_transition(rule.trigger, leaf, destination, rule=rule)
    return machine


def decide(machine: Machine, trigger: str, decision: Decision) -> None:
    """Send `trigger` to the machine, which writes the rule and the leaf into `decision`."""
    event = machine.events.get(trigger)
    if event is not None and decision.state in event.transitions:
        event.trigger(decision)
