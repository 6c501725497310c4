"""What one person edits: the files of the flow as they were opened, and what has become of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.console.flow.files import as_in_file, for_editor


@dataclass(frozen=True, slots=True)
class Edited:
    """What somebody wants to save: it stays the same while it is planned and served."""

    opened: Mapping[str, str]
    """The files as they were when they were opened: path -> text."""
    changed: Mapping[str, str]
    """Those that are different, as they are to be written."""

    @property
    def texts(self) -> Mapping[str, str]:
        """The files as they would be after saving, the flow file first."""
        return {**self.opened, **self.changed}


@dataclass(slots=True)
class Editing:
    """The files of the flow in one open page."""

    opened: Mapping[str, str]
    """As they are on disk, or were when they were opened: path -> text, the flow file first."""
    file: str = ""
    """The one that is shown."""
    changes: int = 0
    """It grows with each change."""
    edited: dict[str, str] = field(default_factory=dict)
    """What is different, with the ends of lines of the editor."""

    def __post_init__(self) -> None:
        self.file = self.file or next(iter(self.opened))

    @property
    def shown(self) -> str:
        """The text of the file that is shown."""
        return self.edited.get(self.file, self.before)

    @property
    def before(self) -> str:
        """What that file was when it was opened."""
        return for_editor(self.opened[self.file])

    @property
    def now(self) -> Edited:
        """What would be saved now."""
        changed = {name: as_in_file(text, self.opened[name]) for name, text in self.edited.items()}
        return Edited(self.opened, changed)

    def write(self, text: str) -> None:
        """Take what the person has written in the file that is shown."""
        if text == self.shown:
            return
        self.changes += 1
        if text == self.before:
            self.edited.pop(self.file, None)
        else:
            self.edited[self.file] = text

    def open(self, texts: Mapping[str, str]) -> None:
        """Take the files as they are now, and forget what was written."""
        self.keep_on(texts)
        self.edited.clear()

    def was_saved(self, saved: Edited) -> None:
        """Take the files as they were saved, and keep what was written since."""
        written = {name: text for name, text in self.edited.items() if text != for_editor(saved.texts[name])}
        self.open(saved.texts)
        self.edited.update(written)

    def keep_on(self, texts: Mapping[str, str]) -> None:
        """Take the files as they are now as what is written upon, and keep what was written."""
        self.opened = texts
        self.edited = {name: text for name, text in self.edited.items() if name in texts}
        self.file = self.file if self.file in texts else next(iter(texts))
        self.changes += 1
