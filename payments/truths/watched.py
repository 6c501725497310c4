"""A flow whose sentences are watched: each message, when it is said, is held against the shop's own truths.

The flow is the real one and runs on the real engine. Only its messages are wrapped, so that a truth is looked
at in the very moment and with the very values of which the message speaks.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from flows.document.errors import StepFailed
from flows.engine.model import Flow, Truth
from flows.engine.running_step import RunningStep
from flows.messages.kinds import Message, Speech
from flows.templates.expressions import Context
from payments.processing.step_input import StepInput
from payments.processing.turn import begin
from payments.truths.broken import Broken, Name


@dataclass
class Watched:
    """A flow with what its messages broke since `take` was called last."""

    flow: Flow
    """The flow to run in place of the given one."""
    moments: tuple[Truth, ...]
    """The truths that are about every moment."""
    _broken: list[Broken] = field(default_factory=list)

    def take(self) -> list[Broken]:
        """Return the truths that messages broke since the last call."""
        found = [*self._broken]
        self._broken.clear()
        return found

    def now(self, given: StepInput, now: int) -> list[Broken]:
        """Return the truths about every moment that do not hold for a conversation at rest."""
        if not self.moments:
            return []
        shop = begin(self.flow, given, now).shop
        context = RunningStep(self.flow, given.conversation, now, 0, shop).context()
        return [found for truth in self.moments if (found := broken(truth, context))]


def watched(flow: Flow) -> Watched:
    """Return `flow` with its messages watched."""
    watch = Watched(flow, tuple(truth for truth in flow.truths if not truth.say))
    about: dict[str, list[Truth]] = {}
    for truth in flow.truths:
        for name in truth.say:
            about.setdefault(name, []).append(truth)
    messages = {
        name: _listening(speeches, about[name], watch._broken.append) if name in about else speeches
        for name, speeches in flow.messages.items()
    }
    watch.flow = replace(flow, messages=MappingProxyType(messages))
    return watch


def _listening(
    speeches: Mapping[str, Speech], truths: Sequence[Truth], note: Callable[[Broken], None]
) -> Mapping[str, Speech]:
    return {language: _listener(speech, truths, note) for language, speech in speeches.items()}


def _listener(speech: Speech, truths: Sequence[Truth], note: Callable[[Broken], None]) -> Speech:
    def render(context: Context, place: str, page: int = 1) -> Message:
        for truth in truths:
            if found := broken(truth, context):
                note(found)
        return speech(context, place, page)

    return render


def broken(truth: Truth, context: Mapping[str, Any]) -> Broken | None:
    """Return what is wrong if `truth` does not hold in `context`."""
    try:
        holds = bool(truth.guard.value(context)) is truth.holds
    except StepFailed as failed:
        return Broken(Name.SHOP, f"{truth.words}: {failed}", truth.line, truth.file)
    return None if holds else Broken(Name.SHOP, truth.words, truth.line, truth.file)
