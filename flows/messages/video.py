"""A video."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Final

from flows.messages.media import Media, MediaSpec
from flows.messages.writer import Writer
from flows.templates.expressions import Context

_MEND: Final = "write the video's whole address, like 'https://shop.example/chai.mp4'"


@dataclass(frozen=True, slots=True)
class Video(Media):
    """A video by https link, with an optional caption."""

    KIND: ClassVar = "video"
    NAME: ClassVar = "video"


class VideoSpec(MediaSpec):
    """`video: URL`."""

    KEY: ClassVar = "video"

    video: str
    """https address of the video."""

    def write(self, writer: Writer) -> Callable[[Context, str], Video]:
        """Compile the URL and the caption."""
        link, caption = writer.url(self.video, "video", mend=_MEND), self.write_caption(writer)
        return lambda context, place: Video(link.say(context), caption(context))
