"""Base classes of all message kinds: `BaseMessage` is a message, `KindSpec` its form in the flow file."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final, Self, TypeAlias

from pydantic import BeforeValidator, Field

from flows.document.places import Path
from flows.document.shape import Spec, Texts
from flows.messages.fault import Fault
from flows.messages.limits import ChannelLimits
from flows.messages.offers import Reply, ReplySpec
from flows.messages.template import TemplateMessage, TemplateSpec
from flows.messages.writer import Writer
from flows.templates.expressions import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseMessage(ABC):
    """One message as the customer sees it, independent of any wire format: the channel makes its payload.

    Every text is final: rendered, in one language, within its limit.
    """

    KIND: ClassVar[str]
    """Its name in JSON."""

    fallback: TemplateMessage | None = None
    """Approved template that is sent in its place when the channel takes nothing else."""

    @property
    @abstractmethod
    def words(self) -> str:
        """Its text; empty if it has none."""

    @property
    @abstractmethod
    def replies(self) -> tuple[Reply, ...]:
        """Every tappable answer, top to bottom."""

    def page(self, number: int, limits: ChannelLimits) -> Self:
        """Return page `number` of the message, or its last page if it has fewer. Most have one page."""
        return self

    @abstractmethod
    def sendable(self, limits: ChannelLimits) -> "BaseMessage":
        """Return the message as the channel takes it, mended where no meaning is lost. Raises Unsendable."""

    @abstractmethod
    def plain(self) -> "BaseMessage | None":
        """Return its plain form: without the file or form that may not reach the customer.

        None if it holds neither, or if nothing would be left to say.
        """

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready dict, without the fallback. Inverse of `from_json`."""

    @classmethod
    @abstractmethod
    def from_json(cls, value: dict[str, Any]) -> "BaseMessage":
        """Return the message that `to_json` wrote. Raises KeyError on any other shape."""


class KindSpec(Spec, ABC):
    """A message as written in the flow file."""

    KEY: ClassVar[str]
    """The key that decides that a message is of this kind."""

    FIRES: ClassVar[frozenset[str]] = frozenset()
    """Triggers that the customer's answer fires, besides those of its replies."""

    template: TemplateSpec | None = None
    """The approved template that goes in its place once the customer has been silent for too long."""
    offer: bool = False
    """Whether it is advertising: only for customers who want offers."""

    @property
    def has_pages(self) -> bool:
        """Whether it is split into pages where it is too long for one message."""
        return False

    @abstractmethod
    def write(self, writer: Writer) -> Callable[[Context, str], BaseMessage]:
        """Compile the templates. The result makes the message from a context and the place of its replies."""

    def replies(self) -> Sequence[tuple[ReplySpec, Path]]:
        """Every button or row, with its place relative to the message."""
        return ()

    def quick_replies(self) -> Sequence[ReplySpec]:
        """The buttons that an approved template in its place can have as quick replies."""
        return ()

    def faults(
        self, languages: Sequence[str], items: Callable[[str], int], limits: ChannelLimits
    ) -> Iterator[Fault]:
        """Yield what is wrong with the message beyond its single texts.

        `items` returns how many items an `each:` always has; 0 if that varies.
        """
        return iter(())


def _require_text(value: Any) -> Any:
    if value is None:
        raise ValueError("a message needs 'text': write what customers read behind 'text:'")
    return value


NeededText: TypeAlias = Annotated[Texts, BeforeValidator(_require_text), Field(validate_default=True)]
"""A text that the message can't be without."""
MISSING: Final[Any] = None
"""Default of a `NeededText`. It is refused, with an error for operators."""
