"""The place of a rule in a trace: its line, and its file if that is an included one."""

from collections.abc import Mapping
from typing import Any

from flows.engine.model import Rule


def place_of(rule: Rule) -> dict[str, Any]:
    """Return where `rule` is written, for a trace."""
    return {"line": rule.line, "file": rule.file} if rule.file else {"line": rule.line}


def said_place(traced: Mapping[str, Any]) -> str:
    """Return in words where a traced rule is written: `line 12`, or `line 12 of states.yaml`."""
    return f"line {traced['line']} of {traced['file']}" if "file" in traced else f"line {traced['line']}"
