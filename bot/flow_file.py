"""Reads and loads the shop's flow file."""

from collections.abc import Mapping
from pathlib import Path

from bot.whatsapp.limits import LIMITS
from flows.document.errors import FlowInvalid, Issue
from flows.engine.model import Flow
from flows.language.load import load
from payments.processing.actions import SHOP


def load_flow(path: Path) -> Flow:
    """Load the shop's flow. Raises FlowInvalid with every error in it, or the reason it can't be read."""
    [(file, text)] = read_texts(path).items()
    return load(text, file, SHOP, limits=LIMITS)


def read_texts(path: Path) -> Mapping[str, str]:
    """Return the files of the flow at `path`: name -> text. Raises FlowInvalid if it can't be read."""
    try:
        return {str(path): path.read_bytes().decode("utf-8-sig")}
    except OSError as error:
        raise FlowInvalid((Issue(str(path), 1, 1, _describe_read_error(error)),)) from None
    except UnicodeDecodeError:
        raise FlowInvalid((Issue(str(path), 1, 1, "the file is not UTF-8 text"),)) from None


def _describe_read_error(error: OSError) -> str:
    reason = f"the file can't be read: {error.strerror}"
    missing = isinstance(error, FileNotFoundError)
    return f"{reason}: commands run in the folder of a shop, which 'munshi init' makes" if missing else reason
