"""A picture."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from flows.messages.media import PICTURE, Media, MediaSpec
from flows.messages.writer import Writer
from flows.templates.expressions import Context


@dataclass(frozen=True, slots=True)
class Image(Media):
    """A picture by https link, with an optional caption."""

    KIND: ClassVar = "image"
    NAME: ClassVar = "picture"


class ImageSpec(MediaSpec):
    """`image: URL`."""

    KEY: ClassVar = "image"

    image: str
    """https address of the picture."""

    def write(self, writer: Writer) -> Callable[[Context, str], Image]:
        """Compile the URL and the caption."""
        link, caption = writer.url(self.image, "image", mend=PICTURE), self.write_caption(writer)
        return lambda context, place: Image(link.say(context), caption(context))
