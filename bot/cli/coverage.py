"""Prints what the played chats have never used of a flow."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flows.engine.model import Flow
    from payments.simulator.coverage import Coverage


def lines(flow: "Flow", coverage: "Coverage") -> Iterator[str]:
    """Yield each rule and message that was never used, with its file and line, then how much was."""
    from flows.language.load import load_spec

    document, _ = load_spec(flow.texts, flow.vocabulary)
    gaps = [document.issue(place, said) for place, said in coverage.never()]
    for gap in sorted(gaps):
        yield f"{gap.file}:{gap.line}: {gap.message}"
    (taken, rules), (said, messages) = coverage.rules, coverage.messages
    counts = f"{taken} of {rules} rules taken, {said} of {messages} messages said"
    yield f"coverage of {flow.file}: {coverage.percent} % ({counts})"
