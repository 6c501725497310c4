"""The Mermaid text of a flow."""

import re
from pathlib import Path

from bot.whatsapp.limits import LIMITS
from flows.diagram.mermaid import mermaid
from flows.engine.model import Flow
from flows.language.load import load
from payments.processing.actions import SHOP

FLOW = """
flow: parcels
messages: {asked: "Where to?", told: On its way, late: "Still there?"}
anywhere:
  hello: {words: hello, to: end}
start: end
states:
  end:
    enter: {say: asked}
    on:
      go: {words: go, if: "language == 'en' and state != 'a:b'", to: road.slow}
      again: {words: again, to: end}
    otherwise: {say: asked}
  road:
    start: slow
    on:
      restart: {words: restart, to: road}
      home: {words: home, to: end}
    after: {2 h: {say: late}}
    otherwise: {say: told}
    states:
      slow:
        on:
          hurry: {words: hurry, to: fast}
          stop: {words: stop, to: end}
        after: {10 min: {to: fast}, 20 min: {ignore: nothing to do}}
      fast:
        on: {slower: {words: slower, to: road}}
"""


def drawn(text: str = FLOW) -> list[str]:
    return [line.strip() for line in mermaid(load(text, limits=LIMITS), {}).splitlines()]


def test_the_whole_picture() -> None:
    expected = """
        stateDiagram-v2
            [*] --> endState
            state "end" as endState
            state "road" as road {
                [*] --> roadSlow
                state "slow" as roadSlow
                state "fast" as roadFast
                roadSlow --> roadFast: hurry
                roadSlow --> roadFast: after 10 min
                roadFast --> roadSlow: slower
                note right of roadSlow
                    anywhere in road#58;
                    restart → road
                    after 2 h, and stays
                end note
            }
            endState --> roadSlow: go [language == 'en' and state != 'a#58;b']
            endState --> endState: again
            road --> endState: home
            roadSlow --> endState: stop
            note right of endState
                anywhere#58;
                hello → end
            end note
    """
    assert drawn() == [line.strip() for line in expected.strip().splitlines()]


def test_the_same_flow_gives_the_same_picture() -> None:
    assert mermaid(load(FLOW, limits=LIMITS), {}) == mermaid(load(FLOW, limits=LIMITS), {})


def shipped() -> Flow:
    return load(Path("flows.yaml").read_text("utf-8"), "flows.yaml", SHOP, limits=LIMITS)


def test_every_way_of_the_shipped_flow_is_drawn_once() -> None:
    flow = shipped()
    ways = [rule for rule in flow.rules if rule.target]
    text = mermaid(flow, {})
    arrows = [line for line in text.splitlines() if re.search(r"-->|→", line) and "[*]" not in line]
    staying = [line for line in arrows if "and stays" in line]
    assert len(arrows) - len(staying) == len(ways)


def test_no_label_holds_what_ends_a_label() -> None:
    for line in mermaid(shipped(), {}).splitlines():
        _, arrow, label = line.partition(" --> ")
        if arrow:
            assert not re.search(r"[:;{}\"<>%]", re.sub(r"#\d+;", "", label.partition(":")[2])), line
