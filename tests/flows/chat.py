"""A small vocabulary, and a conversation that takes one event after the other, to test the engine with."""

from textwrap import dedent
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from bot.whatsapp.limits import LIMITS
from flows.engine.conversation import Conversation
from flows.engine.effects import Say, StartTimer
from flows.engine.events import Event, Happened, TextReceived
from flows.engine.model import Flow
from flows.engine.step import Step, step
from flows.engine.vocabulary import Action, Result, Scene, Vocabulary
from flows.language.load import load
from flows.messages.kinds import Message
from payments.processing.shop_state import ShopState
from payments.processing.step_context import StepContext
from payments.shop.catalogue import Shop

NOW: Final = 1_800_000_000_000


class _Nothing(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Word(_Nothing):
    word: str


def _noted(scene: Scene, args: _Word) -> Result:
    """Append `word` to the notes."""
    return Result((*(scene.host or ()), args.word))


def _ring(scene: Scene, args: _Nothing) -> Result:
    return Result(scene.host, raised=(Happened("rung"),))


def _refuse(scene: Scene, args: _Nothing) -> Result:
    return Result(scene.host, instead=Happened("refused"))


TOY: Final = Vocabulary(
    actions={
        "note": Action(_Word, _noted),
        "ring": Action(_Nothing, _ring, ("rung",)),
        "refuse": Action(_Nothing, _refuse, ("refused",)),
    },
    events={"money.came": "money came", "boom": "a bang"},
    view_names=("notes",),
    views=lambda host, statics: {"notes": list(host or ())},
)


def flow_of(text: str, vocabulary: Vocabulary = TOY) -> Flow:
    """The flow that an indented YAML text describes."""
    return load(dedent(text), "f.yaml", vocabulary, limits=LIMITS)


def shop_of(flow: Flow) -> ShopState:
    """The state of a shop for a new customer."""
    shop: Shop = flow.sections["shop"]
    return ShopState(StepContext(shop, NOW, "c-1"), left=shop.counted)


class Chat:
    """One conversation with a flow."""

    def __init__(self, flow: Flow) -> None:
        self.flow, self.conversation = flow, Conversation("c-1")
        self.host: Any = shop_of(flow) if "shop" in flow.sections else ()
        self.last = Step(self.conversation, (), self.host, ())

    def take(self, event: Event, now: int = NOW) -> list[str]:
        """Step `event`. Return the names of the messages that answer it."""
        self.last = step(self.flow, self.conversation, event, now, host=self.host)
        self.conversation, self.host = self.last.conversation, self.last.host
        return [effect.name for effect in self.last.effects if isinstance(effect, Say)]

    def write(self, text: str) -> list[str]:
        return self.take(TextReceived(text))

    @property
    def messages(self) -> list[Message]:
        return [effect.message for effect in self.last.effects if isinstance(effect, Say)]

    @property
    def timers(self) -> list[StartTimer]:
        return [effect for effect in self.last.effects if isinstance(effect, StartTimer)]

    @property
    def notes(self) -> list[str]:
        return list(self.host)

    @property
    def state(self) -> str:
        return self.conversation.state
