"""Reads the files of a shop's flow: the flow file, and those that it includes."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from flows.document.errors import FlowInvalid, Issue
from flows.document.included import beside, included_by

_IS_WHOLE: Final = re.compile(r"""^["']?flow["']?\s*:""", re.MULTILINE)
"""A file with the key `flow` is a flow by itself."""
_FOLDERS: Final = 3
"""Folders in which the flow file of a part is looked for: its own, and those around that."""


class OnlyPart(FlowInvalid):
    """The file is one that a flow file includes, and no flow by itself."""


def read_texts(path: Path) -> Mapping[str, str]:
    """Return the files of the flow at `path`, that file first: path -> text.

    One that it includes and that is not there is left out. Raises FlowInvalid if one can't be read, OnlyPart
    if `path` is one that a flow includes.
    """
    texts = {str(path): _read(path)}
    _require_whole(path, texts[str(path)])
    folder = path.parent.resolve()
    for name in included_by(texts[str(path)]):
        file = beside(str(path), name)
        if not Path(file).resolve().is_relative_to(folder):
            message = "the file is not in the folder of the shop: it is a link that leads out of it"
            raise FlowInvalid((Issue(file, 1, 1, message, "copy the file into the folder"),))
        if Path(file).exists():
            texts[file] = _read(Path(file))
    return texts


def _require_whole(path: Path, text: str) -> None:
    """Raise OnlyPart if a flow file includes the file at `path`."""
    for whole, name in () if _IS_WHOLE.search(text) else _including(path.absolute()):
        shown = whole.relative_to(Path.cwd()) if whole.is_relative_to(Path.cwd()) else whole
        message = f"this is a part of {shown} (include: {name})"
        mend = "munshi check" if str(shown) == "flows.yaml" else f"munshi check {shown}"
        raise OnlyPart((Issue(str(path), 1, 1, message, f"commands take the whole: {mend}"),))


def _including(part: Path) -> Iterator[tuple[Path, str]]:
    """Yield each flow file in a folder of `part` that includes it, and how it is called there."""
    for folder in [*part.parents][:_FOLDERS]:
        name = part.relative_to(folder).as_posix()
        for file in sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")]):
            try:
                if file != part and name in included_by(_read(file)):
                    yield file, name
            except FlowInvalid:  # it can't be read, so it includes nothing
                continue


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise FlowInvalid((Issue(str(path), 1, 1, _describe_read_error(error)),)) from None
    except UnicodeDecodeError as error:
        message = f"the file is not UTF-8 text: byte {error.start} is no part of a character"
        raise FlowInvalid((Issue(str(path), 1, 1, message),)) from None


def _describe_read_error(error: OSError) -> str:
    reason = f"the file can't be read: {error.strerror}"
    missing = isinstance(error, FileNotFoundError)
    return f"{reason}: commands run in the folder of a shop, which 'munshi init' makes" if missing else reason
