"""What a picture of a flow shows of it: the rules that move a customer, and those of timers. Pure."""

from dataclasses import replace
from types import MappingProxyType

from flows.engine.model import Flow, Rule


def is_drawn(flow: Flow, rule: Rule) -> bool:
    """Whether a rule moves the conversation, or answers a timer without ignoring it."""
    return rule.target is not None or (rule.ignored is None and timer_of(flow, rule) is not None)


def timer_of(flow: Flow, rule: Rule) -> str | None:
    """Return the name of the timer that fires the rule (`10 min`); None if none does."""
    timers = flow.states[rule.owner].timers if rule.owner else ()
    return next((timer.name for timer in timers if timer.trigger == rule.trigger), None)


def narrowed(flow: Flow, path: str) -> Flow:
    """Return what of `flow` concerns the state `path`: its moves, those that lead to it, and their states."""
    rules = [rule for rule in flow.rules if _within(rule.owner, path) or _within(rule.target or "", path)]
    near = {path, flow.start} | {one for rule in rules for one in (rule.owner, rule.target) if one}
    for one in list(near):
        for around in flow.states[one].chain:
            near |= {*flow.states[flow.states[around].leaf].chain}
    states = MappingProxyType({one: state for one, state in flow.states.items() if one in near})
    return replace(flow, states=states, rules=tuple(rules))


def _within(one: str, path: str) -> bool:
    return f"{one}.".startswith(f"{path}.")
