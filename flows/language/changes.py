"""What changes from one version of a flow to another, in words for the operator. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import zip_longest
from typing import Any, Final

import yaml
from pydantic import BaseModel

from flows.language.schema import FlowSpec, HandlerSpec, ReactionSpec, StateSpec
from flows.language.walk import state_paths
from flows.messages.kinds import MessageSpec

_LONGEST: Final = 60
"""Characters of a text that are shown."""
_NO_END: Final = 1_000_000
"""Characters of a line of YAML: it is never broken."""


def same_behaviour(old: FlowSpec, new: FlowSpec) -> bool:
    """Return whether no rule, state, message or other part of the flow changes, the host's sections apart."""
    return all(getattr(old, name) == getattr(new, name) for name in FlowSpec.model_fields)


def messages(old: FlowSpec, new: FlowSpec) -> Iterator[str]:
    """Yield a line for each message that is new, gone or changed."""
    for name in dict.fromkeys([*old.messages, *new.messages]):
        before, after = old.messages.get(name), new.messages.get(name)
        if before is None:
            yield f"new: '{name}'"
        elif after is None:
            yield f"gone: '{name}'"
        elif before != after:
            changed = list(_texts(_plain(before), _plain(after)))
            yield from (f"'{name}'{line}" for line in changed or (" changed",))


def _plain(message: MessageSpec) -> Any:
    return message.model_dump(by_alias=True, exclude_defaults=True)


def _texts(before: Any, after: Any, place: str = "") -> Iterator[str]:
    """Yield ` (place): "…" → "…"` for each value that differs."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in dict.fromkeys([*before, *after]):
            yield from _texts(before.get(key), after.get(key), f"{place}.{key}" if place else str(key))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (one, another) in enumerate(zip(before, after, strict=True), 1):
            yield from _texts(one, another, f"{place} {number}")
    elif before != after:
        yield f" ({place}): {_shown(before, after)}"


def _shown(before: Any, after: Any) -> str:
    """Return both values from where they differ; a list is named by its length."""
    one, another = _excerpts(_text(before), _text(after))
    return f'"{one}" → "{another}"'


def _excerpts(one: str, another: str) -> tuple[str, str]:
    """Return both texts from shortly before where they differ; whole ones if they are short."""
    pairs = enumerate(zip(one, another, strict=False))
    same = next((n for n, (a, b) in pairs if a != b), min(len(one), len(another)))
    is_long = len(one) > _LONGEST or len(another) > _LONGEST
    start = max(0, same - _LONGEST // 3) if is_long else 0
    return _cut(one, start), _cut(another, start)


def _cut(text: str, start: int) -> str:
    line = " ".join(text[start : start + _LONGEST].split())
    return f"{'…' if start else ''}{line}{'…' if len(text) > start + _LONGEST else ''}"


def _text(value: Any) -> str:
    if isinstance(value, list):
        return f"{len(value)} of them"
    return "nothing" if value is None else _written(value)


def _written(value: Any) -> str:
    """Return `value` as the flow file has it, on one line."""
    if isinstance(value, str):
        return value
    text: str = yaml.safe_dump(
        value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=_NO_END
    )
    return text.removesuffix("\n").removesuffix("\n...")


def states(old: FlowSpec, new: FlowSpec) -> Iterator[str]:
    """Yield a line for each state that is new or gone, and for each that asks for something else."""
    before, after = dict(state_paths(old.states)), dict(state_paths(new.states))
    for path in dict.fromkeys([*before, *after]):
        if path not in before or path not in after:
            yield f"{'gone' if path in before else 'new'}: {path}"
            continue
        if (was := before[path].ask) != (now := after[path].ask):
            yield f"{path}: asks for {now or 'nothing'}, before for {was or 'nothing'}"
        if (was := before[path].start) != (now := after[path].start):
            yield f"{path}: begins in {now or 'itself'}, before in {was or 'itself'}"
    if old.start != new.start:
        yield f"customers start in {new.start}, before in {old.start}"
    for name in dict.fromkeys([*old.variables, *new.variables]):
        was, now = _variable(old, name), _variable(new, name)
        if was != now:
            yield f"variable '{name}': {was} → {now}"


def _variable(spec: FlowSpec, name: str) -> str:
    variable = spec.variables.get(name)
    if variable is None:
        return "none"
    rest = variable.model_dump(exclude={"type"}, exclude_none=True)
    return " ".join([variable.type, *(f"{key} {_written(value)}" for key, value in rest.items())])


def rest(old: FlowSpec, new: FlowSpec) -> Iterator[str]:
    """Yield a line for each other part of the flow that changes."""
    if old.languages != new.languages:
        yield f"languages: {', '.join(new.languages)}, before {', '.join(old.languages)}"
    if old.apology != new.apology:
        yield f"apology: {_shown(old.apology, new.apology)}"
    for name in ("never", "always", "migrate"):
        was, now = ([_entry(one) for one in getattr(spec, name)] for spec in (old, new))
        yield from (f"{name}: new: {line}" for line in now if line not in was)
        yield from (f"{name}: gone: {line}" for line in was if line not in now)
    if old.flow != new.flow:
        yield f"the flow is called {new.flow}, before {old.flow}"


def _entry(entry: BaseModel) -> str:
    written = entry.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return ", ".join(f"{key}: {_written(value)}" for key, value in written.items())


def rules(old: FlowSpec, new: FlowSpec) -> Iterator[str]:
    """Yield a line for each rule that is new, gone or changed, of the states that both versions have."""
    before, after = dict(_rules(old)), dict(_rules(new))
    both = dict(state_paths(old.states)).keys() & dict(state_paths(new.states))
    for key in dict.fromkeys([*before, *after]):
        owner, trigger = key
        if owner and owner not in both:
            continue
        pairs = [*zip_longest(before.get(key, ()), after.get(key, ()), fillvalue="nothing")]
        for number, (was, now) in enumerate(pairs, 1):
            if was != now:
                nth = f" {number}" if len(pairs) > 1 else ""
                yield f"{owner or 'anywhere'}, {trigger}{nth}: {' → '.join(_excerpts(was, now))}"


def _rules(spec: FlowSpec) -> Iterator[tuple[tuple[str, str], list[str]]]:
    """Yield ((owner, trigger), its alternatives) of each rule, and of what states do on their own."""
    yield from _of("", spec.anywhere, spec.otherwise)
    for path, state in state_paths(spec.states):
        yield from _of(path, state.on, state.otherwise)
        yield from (((path, f"after {name}"), _alternatives(each)) for name, each in state.after.items())
        yield from _own(path, state)


def _of(
    owner: str, handlers: Mapping[str, list[HandlerSpec]], otherwise: list[HandlerSpec] | None
) -> Iterator[tuple[tuple[str, str], list[str]]]:
    yield from (((owner, trigger), _alternatives(each)) for trigger, each in handlers.items())
    if otherwise:
        yield (owner, "otherwise"), _alternatives(otherwise)


def _own(path: str, state: StateSpec) -> Iterator[tuple[tuple[str, str], list[str]]]:
    for name, reaction in (("enter", state.enter), ("exit", state.exit)):
        if reaction:
            yield (path, name), [_reaction(reaction)]


def _alternatives(handlers: Iterable[HandlerSpec]) -> list[str]:
    return [_handler(one) for one in handlers]


def _handler(handler: HandlerSpec) -> str:
    parts = [f"if {handler.if_}:" if handler.if_ else "", _reaction(handler)]
    parts += [
        f"to {handler.to}" if handler.to else "",
        f"ignored: {handler.ignore}" if handler.ignore else "",
    ]
    parts += [f"call {handler.call}" if handler.call else ""]
    parts += ["also on old buttons" if handler.stale else "", "interrupts" if handler.interrupts else ""]
    parts += [f"words {', '.join(handler.words)}" if handler.words else ""]
    parts += [f"answers {', '.join(handler.answers)}" if handler.answers else ""]
    return " ".join(part for part in parts if part)


def _reaction(reaction: ReactionSpec) -> str:
    done = [one if isinstance(one, str) else _call(one) for one in reaction.do]
    parts = [("do", done), ("say", reaction.say), ("tell", reaction.tell)]
    return ", ".join(f"{word} {' and '.join(names)}" for word, names in parts if names)


def _call(call: Mapping[str, Any]) -> str:
    [(name, args)] = call.items()
    if isinstance(args, Mapping):
        return f"{name} {', '.join(f'{key} {_written(value)}' for key, value in args.items())}"
    return name if args is None else f"{name} {_written(args)}"
