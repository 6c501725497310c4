"""Actions that a shop writes itself, in Python, in a package of its own. `docs/actions.md` shows one.

An `OwnAction` is a pure function of what it sees and of its arguments. All that it can do is to give
variables of the flow their values, and to raise one of its events. It reaches no cart, order or money.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from pydantic import BaseModel

from flows.document.errors import FlowError, StepFailed
from flows.document.shape import NAME
from flows.engine.events import Happened
from flows.engine.model import BUILT_IN, LANGUAGE, RECEIVED, SET
from flows.engine.variables import Kind
from flows.engine.vocabulary import Action, Result, Scene, Vocabulary
from flows.templates.types import NUMBER, TEXT, TRUTH, Record, Type, Types

Plain: TypeAlias = str | int | bool
"""What a field of an event may hold."""
_TYPES: Final[Mapping[type[Plain], Type]] = {str: TEXT, int: NUMBER, bool: TRUTH}


class ActionsRefused(FlowError):
    """The actions of the package `package` can't be used. The text says why."""

    def __init__(self, package: str, why: str) -> None:
        super().__init__(why)
        self.package = package


@dataclass(frozen=True, slots=True)
class Seen:
    """What an action sees beside its arguments."""

    event: Mapping[str, Any]
    """Fields of the event that is being handled: `value` and `title` of a tap, `text` of a text."""
    variables: Mapping[str, str | int]
    """Values of the flow's variables."""
    language: str
    """The customer's language."""
    now: int
    """Milliseconds since 1970, UTC. An action asks no clock: a step that is done again must do the same."""


@dataclass(frozen=True, slots=True)
class Done:
    """What an action has done."""

    variables: Mapping[str, str | int] = field(default_factory=dict)
    """New values of variables: some or all of those that its `sets` names."""
    event: str = ""
    """One of its events, or none."""
    fields: Mapping[str, Plain] = field(default_factory=dict)
    """The fields of that event, which templates read as `event.…`."""


@dataclass(frozen=True, slots=True)
class OwnAction:
    """An action under `do:`, called `<package's word>.<its name>`."""

    about: str
    """What it does, in one line."""
    args: type[BaseModel]
    """Its arguments. Values may be templates; they are validated when they are filled in."""
    run: Callable[[Seen, Any], Done]
    """(what it sees, its arguments) -> what it has done. Pure."""
    sets: Mapping[str, Kind] = field(default_factory=dict)
    """Variables that it gives values, which the flow must declare with this type."""
    refuses: Mapping[str, Mapping[str, type[Plain]]] = field(default_factory=dict)
    """Events that it may raise instead of the rest of its rule: name -> types of its fields."""
    follows: Mapping[str, Mapping[str, type[Plain]]] = field(default_factory=dict)
    """Events that it may raise when its rule is done, in the state that the rule leads to."""

    @property
    def events(self) -> Mapping[str, Mapping[str, type[Plain]]]:
        """All of its events."""
        return {**self.refuses, **self.follows}


@dataclass(frozen=True, slots=True)
class Package:
    """The actions of one installed package."""

    name: str
    """As it is installed: `munshi-loyalty`."""
    word: str
    """First part of the names of its actions and events: `loyalty`."""
    actions: Mapping[str, OwnAction]


def extended(vocabulary: Vocabulary, packages: Iterable[Package]) -> Vocabulary:
    """Return `vocabulary` with the actions of `packages`. Raises ActionsRefused if some can't be used."""
    actions, records = dict(vocabulary.actions), dict[str, Record]()
    taken = dict.fromkeys(_words(vocabulary), "Munshi")
    for package in packages:
        if not re.fullmatch(NAME, package.word):
            raise ActionsRefused(package.name, f"'{package.word}' is not a valid name")
        if package.word in taken:
            raise ActionsRefused(package.name, f"its word '{package.word}' is taken by {taken[package.word]}")
        taken[package.word] = f"the package '{package.name}'"
        for name, own in package.actions.items():
            if fault := _fault(name, own):
                raise ActionsRefused(package.name, fault)
            actions[f"{package.word}.{name}"] = _action(package, name, own)
            for event, fields in own.events.items():
                kinds = {field: _TYPES[kind] for field, kind in fields.items()}
                records[f"{package.word}.{event}"] = Record(kinds)
    return replace(vocabulary, actions=MappingProxyType(actions), types=_with_events(vocabulary, records))


def _words(vocabulary: Vocabulary) -> set[str]:
    names = (*vocabulary.actions, *vocabulary.events, *BUILT_IN, *RECEIVED, SET, LANGUAGE)
    raised = (event for action in vocabulary.actions.values() for event in action.events)
    return {name.partition(".")[0] for name in (*names, *raised)}


def _fault(name: str, own: object) -> str:
    """Return what is wrong with an action; empty if nothing is."""
    if not isinstance(own, OwnAction):
        return f"'{name}' is no OwnAction"
    if not (isinstance(own.args, type) and issubclass(own.args, BaseModel)):
        return f"the arguments of '{name}' are no pydantic model"
    named = (name, *own.sets, *own.refuses, *own.follows)
    if wrong := next((one for one in named if not re.fullmatch(NAME, one)), None):
        return f"'{wrong}' is not a valid name: lower case letters, digits and '_', the first a letter"
    if both := own.refuses.keys() & own.follows.keys():
        return f"'{name}' both refuses with '{min(both)}' and has it follow"
    for event, fields in own.events.items():
        if strange := next((field for field, kind in fields.items() if kind not in _TYPES), None):
            return f"the field '{strange}' of its event '{event}' is no str, int or bool"
    return ""


def _with_events(
    vocabulary: Vocabulary, records: Mapping[str, Record]
) -> Callable[[Mapping[str, Any]], Types]:
    def types(statics: Mapping[str, Any]) -> Types:
        known = vocabulary.types(statics)
        return replace(known, events={**known.events, **records})

    return types


def _action(package: Package, name: str, own: OwnAction) -> Action:
    """Return `own` as an action of the engine. What it does beyond its declaration fails the step."""
    called = f"'{package.word}.{name}' of the package '{package.name}'"

    def run(scene: Scene, args: BaseModel) -> Result:
        seen = Seen(scene.event, MappingProxyType(dict(scene.variables)), scene.language, scene.now)
        try:
            done = own.run(seen, args)
        except Exception as error:
            raise StepFailed(f"{called} failed: {type(error).__name__}: {error}") from error
        if fault := _undeclared(own, done):
            raise StepFailed(f"{called} {fault}")
        event = Happened(f"{package.word}.{done.event}", dict(done.fields)) if done.event else None
        return Result(
            scene.host,
            raised=(event,) if event and done.event in own.follows else (),
            instead=event if done.event in own.refuses else None,
            variables=dict(done.variables),
        )

    return Action(
        own.args,
        run,
        raises=tuple(f"{package.word}.{event}" for event in own.refuses),
        follows=tuple(f"{package.word}.{event}" for event in own.follows),
        sets=MappingProxyType(dict(own.sets)),
    )


def _undeclared(own: OwnAction, done: object) -> str:
    """Return what an action did that it does not declare; empty if nothing is."""
    if not isinstance(done, Done):
        return f"returned {type(done).__name__}, and no Done"
    if strange := done.variables.keys() - own.sets.keys():
        return f"sets '{min(strange)}', which is not in its 'sets'"
    if not done.event:
        return "gives fields to no event" if done.fields else ""
    fields = own.events.get(done.event)
    if fields is None:
        return f"raises '{done.event}', which is neither in its 'refuses' nor in its 'follows'"
    if {name: type(value) for name, value in done.fields.items()} != dict(fields):
        return f"raises '{done.event}' with other fields than it declares"
    return ""
