"""`never:` and `always:` of a flow file: how they are read, and what is wrong in them."""

import pytest

from bot.whatsapp.limits import LIMITS
from flows.engine.model import Truth
from flows.language.load import examine
from tests.flows.sound_flow import SOUND, TOY

TRUTHS = """
never:
  - {say: [hello, choice], if: age > 100}
  - {if: state == 'nowhere'}
always:
  - {say: choice, holds: state == 'home'}
  - {holds: "language in ['en', 'hi']"}
"""


def truths(text: str) -> tuple[Truth, ...]:
    flow = examine(text, "toy.yaml", TOY, limits=LIMITS).flow
    assert flow is not None
    return flow.truths


def test_truths_are_read_with_their_lines_and_words() -> None:
    first = SOUND.count("\n") + 3
    assert [(one.words, one.holds, one.line - first) for one in truths(SOUND + TRUTHS)] == [
        ("never 'hello' or 'choice' is said while age > 100", False, 0),
        ("never state == 'nowhere'", False, 1),
        ("whenever 'choice' is said, state == 'home'", True, 3),
        ("always language in ['en', 'hi']", True, 4),
    ]


def test_one_truth_needs_no_list() -> None:
    assert len(truths(SOUND + "never: {say: hello, if: age > 100}\n")) == 1


@pytest.mark.parametrize(
    ("written", "issue", "mend"),
    [
        ("never: {say: helo, if: age}", "there is no message 'helo'", "did you mean 'hello'?"),
        ("never: {say: hello, if: agee}", "there is no 'agee' to read here", "did you mean 'age'?"),
        ("never: {say: hello}", "'if' is missing", "add 'if:' here"),
        ("always: {say: hello, if: age}", "'holds' is missing", "add 'holds:' here"),
    ],
)
def test_what_is_wrong_in_a_truth_has_its_place_and_mend(written: str, issue: str, mend: str) -> None:
    found = examine(f"{SOUND}{written}\n", "toy.yaml", TOY, limits=LIMITS).issues
    assert (issue, mend) in [(one.message, one.mend) for one in found]
    assert {one.line for one in found} == {SOUND.count("\n") + 1}
