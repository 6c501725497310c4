"""What fails in a step names the lines of the flow file that it comes from."""

import pytest

from flows.document.errors import StepFailed
from tests.flows.chat import Chat, flow_of

FLOW = """\
flow: f
variables: {size: {type: integer, default: 1}}
messages:
  hi: "{{ 10 // (size - 1) }}"
  ok: Fine.
anywhere:
  money.came: {say: ok}
  one: {words: [one], say: hi}
  two: {words: [two], do: {note: {word: "{{ 10 // (size - 1) }}"}}, say: ok}
  three:
    - {words: [three], if: 10 // (size - 1) > 1, say: ok}
    - {say: ok}
otherwise: {say: ok}
start: s
states:
  s: {}
"""


@pytest.mark.parametrize(
    ("word", "where"),
    [
        ("one", ("f.yaml:4 (message 'hi')", "f.yaml:8 (rule 'anywhere: one')")),
        ("two", ("f.yaml:9 (rule 'anywhere: two')",)),
        ("three", ("f.yaml:11 (rule 'anywhere: three')",)),
    ],
)
def test_a_failure_names_the_line_of_its_message_and_of_its_rule(word: str, where: tuple[str, ...]) -> None:
    with pytest.raises(StepFailed) as caught:
        Chat(flow_of(FLOW)).write(word)
    assert caught.value.where == where
    assert str(caught.value).startswith(f"{', '.join(where)}: in the ")
