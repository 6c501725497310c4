"""What every kind of message knows of itself: as a value that is said, and as a part of the flow file."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final, TypeAlias

from pydantic import BeforeValidator, Field

from flows.document.reader import Path
from flows.document.shape import Spec, Texts
from flows.messages.fault import Fault
from flows.messages.limits import ChannelLimits
from flows.messages.offers import Reply, ReplySpec
from flows.messages.template import TemplateMessage, TemplateSpec
from flows.messages.writer import Writer
from flows.templates.expressions import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind(ABC):
    """One message as the customer sees it. It names nothing of the wire: the channel makes its own payload.

    Every text is final: rendered, in one language, within its limit.
    """

    KIND: ClassVar[str]
    """Its name in JSON."""

    fallback: TemplateMessage | None = None
    """Sent in its place where the channel takes nothing else."""

    @property
    @abstractmethod
    def words(self) -> str:
        """What it says in words; empty if it has none."""

    @property
    @abstractmethod
    def replies(self) -> tuple[Reply, ...]:
        """Every tappable answer, top to bottom."""

    @abstractmethod
    def sendable(self, limits: ChannelLimits) -> "Kind":
        """The message as the channel takes it: mended where no meaning is lost. Raises Unsendable."""

    @abstractmethod
    def without_media(self) -> "Kind | None":
        """What is left to say if its file cannot be shown; None if it has no file, or no words."""

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """A JSON-ready dict, without the fallback. Inverse of `from_json`."""

    @classmethod
    @abstractmethod
    def from_json(cls, value: dict[str, Any]) -> "Kind":
        """The message that `to_json` wrote. Raises KeyError on any other shape."""


class KindSpec(Spec, ABC):
    """A message as it is written in the flow file."""

    KEY: ClassVar[str]
    """The key that only this kind must have."""

    template: TemplateSpec | None = None

    @abstractmethod
    def write(self, writer: Writer) -> Callable[[Context, str], Kind]:
        """Compile its templates; the result makes the message, given the place its replies are offered at."""

    def replies(self) -> Sequence[tuple[ReplySpec, Path]]:
        """Every button or row, and where it is written below the message."""
        return ()

    def faults(
        self, languages: Sequence[str], items: Callable[[str], int], limits: ChannelLimits
    ) -> Iterator[Fault]:
        """What is wrong with it beyond its single texts.

        `items` says how many items an `each:` always has; 0 if that depends on the conversation.
        """
        return iter(())


def _given(value: Any) -> Any:
    if value is None:
        raise ValueError("a message needs 'text'")
    return value


NeededText: TypeAlias = Annotated[Texts, BeforeValidator(_given), Field(validate_default=True)]
"""The text of a message that has nothing else to show."""
MISSING: Final[Any] = None
"""The default of a `NeededText`: refused, in the operator's words."""
