"""Scenarios: a chat written in YAML, with what the customer does and what the shop must answer.

    scenario: A payment fails
    chat:
      - customer: hi
      - shop: Namaste Asha! … What would you like today?
        rows: [Masala chai 250 g, …]
      - tap: Masala chai 250 g
      - shop: ["🛒 Your cart…"]
        state: cart

`…` matches any text. `payments.simulator.runner` runs the scenario.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from flows.document.errors import FlowInvalid, Issue, close
from flows.document.places import Document, Path
from flows.document.reader import read
from payments.simulator.scenario_actions import ACTIONS, Performance, shown, text


@dataclass(frozen=True, slots=True)
class ScenarioAction:
    """One step of the customer or of the outside."""

    line: int
    said: str
    """Its line in a transcript."""
    perform: Performance
    """Raises NothingToTap, NothingToPay or NobodyThere."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """What must be true after the previous action. None is not checked."""

    line: int
    shop: tuple[str, ...] | None = None
    """All messages of the shop since that action; `…` matches any text."""
    buttons: tuple[str, ...] | None = None
    """Titles of the last message's buttons."""
    rows: tuple[str, ...] | None = None
    """Titles of the last message's list rows."""
    documents: tuple[str, ...] | None = None
    """What the documents are called that came since that action: a file's name, `invoice`, `credit note`."""
    told: tuple[str, ...] | None = None
    """All messages to the staff since that action."""
    state: str | None = None
    """The state of the conversation, or a state that contains it."""
    reaches: str | None = None
    """A state that the customer can come to, or `the link`, by a few taps and words."""
    breaks: str | None = None
    """`nothing`: all that `munshi prove` looks at has held since the chat began."""


Step: TypeAlias = ScenarioAction | Expectation


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario."""

    file: str
    name: str
    steps: tuple[Step, ...]
    flow: str | None = None
    """Path of its flow file, as written; None for the shop's own."""
    language: str | None = None
    """The customer's language at the start; None for the flow's first."""
    staff: tuple[str, ...] | None = None
    """Names of the shop's staff, who may do all; None for those of the flow file."""
    lines: Mapping[str, int] = field(default_factory=dict)
    """Line of each of its keys."""


def parse(text: str, file: str) -> Scenario:
    """Return the scenario in `text`. Raises FlowInvalid, with every issue, if there are any."""
    document = read(text, file)
    reader = _Reader(document)
    scenario = reader.scenario()
    if reader.issues:
        raise FlowInvalid(tuple(sorted(reader.issues)))
    return scenario


class _Reader:
    """Reads a whole document even if there are issues, so that one run reports all of them."""

    def __init__(self, document: Document) -> None:
        self.issues: list[Issue] = []
        self._document = document

    def scenario(self) -> Scenario:
        data = self._mapping(self._document.data, (), _KEYS)
        if self.issues and not data:
            return Scenario(self._document.file, "", ())
        for key in ("scenario", "chat"):
            if key not in data:
                self._report((), f"'{key}' is missing", _KEYS[key])
        return Scenario(
            file=self._document.file,
            name=self._optional(data, "scenario", ()) or "",
            steps=tuple(step for step in self._steps(data.get("chat", [])) if step),
            flow=self._optional(data, "flow", ()),
            language=self._optional(data, "language", ()),
            staff=self._texts(data, "staff", ()),
            lines={key: self._document.line((key,)) for key in data},
        )

    def _steps(self, chat: Any) -> list[Step | None]:
        if not isinstance(chat, list) or not chat:
            self._report(("chat",), "the chat has no steps", _KEYS["chat"])
            return []
        return [self._step(value, ("chat", index)) for index, value in enumerate(chat)]

    def _step(self, value: Any, where: Path) -> Step | None:
        known = {**_EXPECTATIONS, **ACTIONS}
        step = self._mapping(value, where, known)
        names = [key for key in step if key in ACTIONS]
        if not step or (names and len(step) > 1):
            if len(step) > 1:
                mend = "begin a new step with '-' for each"
                self._report(where, f"one step holds {' and '.join(step)}", mend)
            return None
        return self._action(names[0], step[names[0]], where) if names else self._expectation(step, where)

    def _action(self, key: str, value: Any, where: Path) -> ScenarioAction | None:
        try:
            perform = ACTIONS[key](value)
        except (ValueError, KeyError, TypeError) as error:
            self._report((*where, key), str(error))
            return None
        return ScenarioAction(self._document.line((*where, key)), f"{key}: {shown(value)}", perform)

    def _expectation(self, step: Mapping[str, Any], where: Path) -> Expectation:
        return Expectation(
            line=self._document.line(where),
            shop=self._texts(step, "shop", where),
            buttons=self._texts(step, "buttons", where),
            rows=self._texts(step, "rows", where),
            documents=self._texts(step, "documents", where),
            told=self._texts(step, "told", where),
            state=self._optional(step, "state", where),
            reaches=self._optional(step, "reaches", where),
            breaks=self._breaks(step, where),
        )

    def _breaks(self, step: Mapping[str, Any], where: Path) -> str | None:
        said = self._optional(step, "breaks", where)
        if said not in (None, "nothing"):
            self._report((*where, "breaks"), f"'{said}' cannot be expected", "write 'breaks: nothing'")
        return said

    def _texts(self, step: Mapping[str, Any], key: str, where: Path) -> tuple[str, ...] | None:
        if key not in step:
            return None
        values = step[key] if isinstance(step[key], list) else [step[key]]
        texts = [self._text(value, (*where, key, index)) for index, value in enumerate(values)]
        return tuple(text for text in texts if text is not None)

    def _optional(self, data: Mapping[str, Any], key: str, where: Path) -> str | None:
        return self._text(data[key], (*where, key)) if key in data else None

    def _text(self, value: Any, where: Path) -> str | None:
        try:
            return text(value)
        except ValueError as error:
            self._report(where, str(error))
            return None

    def _mapping(self, value: Any, where: Path, known: Mapping[str, Any]) -> Mapping[str, Any]:
        if not isinstance(value, dict) or not value:
            self._report(where, "nothing that can be read here", f"there are {', '.join(known)}")
            return {}
        for key in value:
            if key not in known:
                mend = close(key, known) or f"there are {', '.join(known)}"
                self._report((*where, key), f"unknown key '{key}'", mend)
        return {key: value[key] for key in value if key in known}

    def _report(self, where: Path, message: str, mend: str = "") -> None:
        self.issues.append(self._document.issue(where, message, mend))


_KEYS: Final[Mapping[str, str]] = {
    "scenario": "begin with 'scenario: what it shows'",
    "flow": "the flow file, if it isn't the shop's own",
    "language": "the customer's language",
    "staff": "the names of the staff, if they aren't those of the flow file",
    "chat": "write 'chat:' and under it '- customer: hi', '- shop: …'",
}
_EXPECTATIONS: Final = dict.fromkeys(
    ("shop", "buttons", "rows", "documents", "told", "state", "reaches", "breaks")
)
