"""The files of the flow on this machine: read for the editor, and written so that none is ever half there."""

import os
from collections.abc import Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

from bot.flow_texts import read_texts
from flows.document.errors import FlowInvalid, Issue
from flows.document.reader import MAX_BYTES

_MODE: Final = 0o644
"""Of a file that was not there."""


def opened(flow_file: Path) -> Mapping[str, str]:
    """Return the files of the flow, the flow file first: path -> text, as it is in the file.

    Raises FlowInvalid if one can't be read, or if they are larger than a flow may be.
    """
    if flow_file.exists() and flow_file.stat().st_size > MAX_BYTES:
        message = f"the file is over {MAX_BYTES // 1024} KiB, more than a flow may have"
        raise FlowInvalid((Issue(str(flow_file), 1, 1, message, "edit it on the server"),))
    return read_texts(flow_file)


def for_editor(text: str) -> str:
    """Return a text with the ends of lines that the editor knows."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def as_in_file(edited: str, before: str) -> str:
    """Return what the editor holds with the ends of lines that the file had."""
    return edited.replace("\n", "\r\n") if "\r\n" in before else edited


def write(texts: Mapping[str, str]) -> None:
    """Write files, each at once and with the mode that it has. Raises OSError.

    If one cannot be written, those before it are put back.
    """
    before: dict[Path, bytes | None] = {}
    try:
        for name, text in texts.items():
            path = Path(name).resolve()  # a link stays one
            old = path.read_bytes() if path.exists() else None
            _replace(path, text.encode())
            before[path] = old
    except OSError:
        for path, old in before.items():
            path.unlink() if old is None else _replace(path, old)
        raise


def _replace(path: Path, content: bytes) -> None:
    mode = path.stat().st_mode if path.exists() else _MODE
    made = ""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            made = file.name
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        Path(made).replace(path)
        made = ""
    finally:
        if made:
            Path(made).unlink(missing_ok=True)
