"""Run a scenario on the simulator and stop at the first mismatch. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from flows.engine.model import Flow
from flows.messages.kinds import Buttons, Document, Link, List, Message, Payment
from payments.processing.changes import EventResult, values
from payments.simulator import people
from payments.simulator.chats import NothingToTap
from payments.simulator.people import NobodyThere
from payments.simulator.reach import reaches
from payments.simulator.recorder import lasting
from payments.simulator.scenario import Expectation, Scenario, ScenarioAction
from payments.simulator.simulated_gateway import NothingToPay
from payments.simulator.simulator import Simulator
from payments.truths.broken import Name


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The first place where the shop does not do what the scenario expects."""

    line: int
    expected: str
    said: str


@dataclass(frozen=True, slots=True)
class Played:
    """The outcome of a scenario."""

    scenario: Scenario
    transcript: tuple[str, ...]
    """The chat up to its end or to the mismatch, in lines of text."""
    results: tuple[EventResult, ...]
    """The result of every event."""
    mismatch: Mismatch | None = None
    answered: tuple[str, ...] = ()
    """The rules that answered the last action, with their places in the flow file."""

    def __str__(self) -> str:
        """Return a report for people: place, expectation, what happened, how to mend it, the chat so far."""
        if self.mismatch is None:
            return f"{self.scenario.file}: {self.scenario.name}"
        return "\n".join(
            (
                f"{self.scenario.file}:{self.mismatch.line}: {self.scenario.name}",
                "  expected",
                *_indented(self.mismatch.expected),
                "  but",
                *_indented(self.mismatch.said),
                "  to mend it",
                *_indented(self._mend(self.mismatch.line)),
                "  the chat so far",
                *_indented("\n".join(self.transcript)),
            )
        )

    def _mend(self, line: int) -> str:
        chat = f"if the shop is right, change line {line} of {self.scenario.file}"
        flow = (
            f"if the chat is right, change the flow file{', where this answered:' if self.answered else ''}"
        )
        return "\n".join((chat, flow, *self.answered))


@dataclass(frozen=True, slots=True)
class Answer:
    """What the shop answered to one action, as far as a scenario may expect it."""

    shop: tuple[str, ...]
    told: tuple[str, ...]
    buttons: tuple[str, ...]
    rows: tuple[str, ...]
    documents: tuple[str, ...]
    state: str
    lasting: Mapping[str, str]
    """Each text of `shop` and `told` -> the same without what the next change of the chat changes."""


def answers(flow: Flow, scenario: Scenario) -> tuple[Mapping[int, Answer], Mismatch | None]:
    """Play the actions of `scenario` whatever is expected of them.

    Return the answer at each expectation, by its place among the steps, and why an action could not be played
    (None if all were; nothing after it is played).
    """
    runner = _Runner(flow, scenario)
    found: dict[int, Answer] = {}
    if mismatch := runner.begin():
        return found, mismatch
    for place, step in enumerate(scenario.steps):
        if isinstance(step, Expectation):
            found[place] = runner.answer()
        elif mismatch := runner.perform(step):
            return found, mismatch
    return found, None


def play(flow: Flow, scenario: Scenario) -> Played:
    """Run `scenario` to its end or to its first mismatch."""
    runner = _Runner(flow, scenario)
    mismatch = runner.run()
    results, answered = tuple(runner.simulator.results), tuple(runner.answered())
    return Played(scenario, tuple(runner.transcript), results, mismatch, answered)


class _Runner:
    def __init__(self, flow: Flow, scenario: Scenario) -> None:
        self._flow, self._scenario = flow, scenario
        staff = None if scenario.staff is None else people.named(scenario.staff)
        self.simulator = Simulator(flow, staff=staff)
        self.transcript: list[str] = []
        self._before = 0
        """Number of events handled before the last action."""
        self._answer: list[Message] = []
        self._told: list[Message] = []
        """What the staff were told since the last action."""

    def run(self) -> Mismatch | None:
        if mismatch := self.begin():
            return mismatch
        for step in self._scenario.steps:
            mismatch = self.perform(step) if isinstance(step, ScenarioAction) else self._compare(step)
            if mismatch:
                return mismatch
        return None

    def begin(self) -> Mismatch | None:
        if any(isinstance(step, Expectation) and step.breaks for step in self._scenario.steps):
            self.simulator.watch()
        language, languages = self._scenario.language, self._flow.languages
        if language is not None:
            if language not in languages:
                line, speaks = self._scenario.lines["language"], ", ".join(languages)
                return Mismatch(line, f"language: {language}", f"the flow speaks {speaks}")
            self.simulator.conversation = replace(self.simulator.conversation, language=language)
        return None

    def answer(self) -> Answer:
        """Return the answer to the last action."""
        shop, told = (tuple(one.words for one in said) for said in (self._answer, self._told))
        return Answer(
            shop=shop,
            told=told,
            lasting={words: lasting(words, self.simulator) for words in (*shop, *told)},
            buttons=self._offered(Buttons),
            rows=self._offered(List),
            documents=self._documents(),
            state=self.simulator.conversation.state,
        )

    def answered(self) -> Iterator[str]:
        """Yield the rules that answered the last action, with their places in the flow file."""
        for result in self.simulator.results[self._before :]:
            for rule in (entry["taken"] for entry in result.trace if "taken" in entry):
                yield f"{rule.get('file', self._flow.file)}:{rule['line']}: {rule['rule']}"

    def perform(self, action: ScenarioAction) -> Mismatch | None:
        self.transcript.append(action.said)
        parked_before = len(self.simulator.parked)
        handled_before, told_before = len(self.simulator.results), len(self.simulator.store.told)
        try:
            self._answer = action.perform(self.simulator)
        except (NothingToTap, NothingToPay, NobodyThere) as error:
            return Mismatch(action.line, action.said, str(error))
        self._before = handled_before
        self._told = [one.message for one in values(self.simulator.store.told[told_before:])]
        for message in self._answer:
            self.transcript += _transcript_lines("shop", message)
        for message in self._told:
            self.transcript += _transcript_lines("told", message)
        parked = self.simulator.parked[parked_before:]
        if parked:
            return Mismatch(action.line, action.said, f"the shop could not handle it: {parked[0].error}")
        return None

    def _compare(self, expected: Expectation) -> Mismatch | None:
        differences = (
            self._compare_texts(expected.line, "the shop to say", expected.shop, self._answer),
            self._compare_texts(expected.line, "the staff to be told", expected.told, self._told),
            _compare_titles(expected.line, "the buttons", expected.buttons, self._offered(Buttons)),
            _compare_titles(expected.line, "the rows", expected.rows, self._offered(List)),
            _compare_titles(expected.line, "the documents", expected.documents, self._documents()),
            self._compare_state(expected),
            self._compare_ways(expected),
            self._compare_truths(expected),
        )
        return next((mismatch for mismatch in differences if mismatch), None)

    def _compare_texts(
        self, line: int, what: str, expected: tuple[str, ...] | None, messages: list[Message]
    ) -> Mismatch | None:
        if expected is None:
            return None
        said = [message.words for message in messages]
        if len(said) == len(expected) and all(map(matches, expected, said)):
            return None
        listed = _listed("it said", tuple(said))
        key = "told" if what.startswith("the staff") else "shop"
        if len(said) == len(expected) and all(map(_alike, expected, said)):
            listed += f"\nonly blanks and line breaks differ: write the lines of the text below '{key}: |'"
        return Mismatch(line, _listed(what, expected), listed)

    def _documents(self) -> tuple[str, ...]:
        """Return what the documents of the answer are called."""
        return tuple(message.shown for message in self._answer if isinstance(message, Document))

    def _offered(self, kind: type[Message]) -> tuple[str, ...]:
        """Return the titles in the last message, if it is of this kind."""
        last = self._answer[-1:]
        return tuple(reply.title for m in last if isinstance(m, kind) for reply in m.replies)

    def _compare_state(self, expected: Expectation) -> Mismatch | None:
        state = self.simulator.conversation.state
        if expected.state is None or f"{state}.".startswith(f"{expected.state}."):
            return None
        return Mismatch(expected.line, f"the state {expected.state}", f"it is {state or 'not begun'}")

    def _compare_ways(self, expected: Expectation) -> Mismatch | None:
        goal = expected.reaches
        if goal is None or reaches(self._flow, self.simulator, goal):
            return None
        return Mismatch(
            expected.line, f"a way to {goal}", "nothing that the customer taps or types leads there"
        )

    def _compare_truths(self, expected: Expectation) -> Mismatch | None:
        witness = self.simulator.witness
        if not expected.breaks or not witness:
            return None
        if not witness.broken and (stuck := self.simulator.stuck):
            said = f"order #{stuck.order.number} is open, and nothing is under way"
            return Mismatch(expected.line, Name.WAITS, said)
        if not witness.broken:
            return None
        first = witness.broken[0]
        return Mismatch(expected.line, first.name, first.said)


def matches(expected: str, said: str) -> bool:
    """Return whether `said` is `expected`, ignoring blanks around. Each `…` in `expected` matches any text.

    >>> matches("Order #… is paid.", "Order #10004 is paid.")
    True
    >>> matches("Your cart: …", "Your cart:\\n2 × Chai")
    True
    """
    pattern = ".*".join(_pattern(part) for part in expected.strip().split("…"))
    return re.fullmatch(pattern, said.strip(), re.DOTALL) is not None


def _pattern(part: str) -> str:
    """Return the pattern of a text between two `…`. The blanks beside one stand for line breaks too."""
    inner = re.escape(part.strip())
    if not inner:
        return r"\s+" if part else ""
    before, after = (r"\s+" if side else "" for side in (part[:1].isspace(), part[-1:].isspace()))
    return f"{before}{inner}{after}"


def _alike(expected: str, said: str) -> bool:
    """Return whether two texts differ in nothing but blanks and line breaks."""
    return matches(" ".join(expected.split()), " ".join(said.split()))


def _compare_titles(
    line: int, what: str, expected: tuple[str, ...] | None, there: tuple[str, ...]
) -> Mismatch | None:
    if expected is None or there == expected:
        return None
    return Mismatch(line, _listed(what, expected), _listed("there are", there))


def _transcript_lines(to: str, message: Message) -> Iterator[str]:
    """Yield the lines of `message` in a transcript. `to`: what the scenario calls such messages."""
    first, *rest = message.words.splitlines() or [""]
    yield f"    {to}: {first}"
    yield from (f"          {line}" for line in rest)
    if isinstance(message, Document):
        yield f"          [document: {message.shown}]"
    if isinstance(message, Link):
        yield f"          [{message.title}: {message.url}]"
    if isinstance(message, Payment):
        yield "          [an order card, to be paid in the chat]"
    if replies := message.replies:
        yield "          " + " ".join(f"[{reply.title}]" for reply in replies)


def _listed(what: str, texts: tuple[str, ...]) -> str:
    return "\n".join((f"{what}:", *(f"- {line}" for line in texts))) if texts else f"{what}: nothing"


def _indented(text: str) -> Iterator[str]:
    return (f"    {line}".rstrip() for line in text.splitlines())
