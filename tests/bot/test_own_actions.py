"""Actions of a shop's own: from an installed package into a flow, and what is refused."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import pytest
from pydantic import BaseModel

from bot import own_actions
from bot.flow_file import examine_flow, load_flow
from bot.whatsapp.limits import LIMITS
from flows.document.errors import FlowInvalid, StepFailed
from flows.engine.conversation import Conversation
from flows.engine.events import TextReceived
from flows.engine.own_actions import ActionsRefused, Done, OwnAction, Package, Seen, extended
from flows.engine.step import Step, step
from flows.language.load import examine, load
from tests.bot.test_cli_commands import munshi
from tests.flows.chat import TOY

EXAMPLE: Final = Path(__file__).parents[2] / "examples" / "munshi-loyalty"
FLOW: Final = """\
flow: f
variables: {count: {type: integer, min: 0, max: 9, default: 0}}
messages: {hello: "{{ count }}", refused: "no: {{ event.because }}", came: "{{ event.count }} came"}
anywhere:
  go: {words: [go], do: {own.count: {by: "{{ event.text | length }}"}}, say: hello}
  own.refused: {say: refused}
  own.came: {say: came}
otherwise: {say: hello}
start: s
states: {s: {}}
"""


class Args(BaseModel):
    by: int = 1


def counted(seen: Seen, args: Args) -> Done:
    return Done({"count": int(seen.variables["count"]) + args.by if "count" in seen.variables else args.by})


def action(run: Any = counted, **more: Any) -> OwnAction:
    declared: dict[str, Any] = {
        "sets": {"count": "integer"},
        "refuses": {"refused": {"because": str}},
        "follows": {"came": {"count": int}},
    }
    return OwnAction("counts", Args, run, **declared | more)


def taken(own: OwnAction, text: str = "go") -> Step:
    """Step a new conversation of FLOW, in which `own.count` is `own`."""
    words = extended(TOY, [Package("munshi-own", "own", {"count": own})])
    flow = load(FLOW, "f.yaml", words, limits=LIMITS)
    return step(flow, Conversation("c-1"), TextReceived(text), 0, host=())


def said(one: Step) -> list[str]:
    return [effect.message.words for effect in one.effects]  # type: ignore[union-attr]


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Entry points, by name, that are installed during a test. The example can be imported."""
    points: dict[str, str] = {}
    monkeypatch.syspath_prepend(str(EXAMPLE))
    monkeypatch.setattr(
        own_actions, "entry_points", lambda group: [EntryPoint(*point, group) for point in points.items()]
    )
    own_actions.vocabulary.cache_clear()
    yield points
    own_actions.vocabulary.cache_clear()


def test_the_example_is_installed_and_its_shop_plays(tmp_path: Path) -> None:
    copy, site = tmp_path / "munshi-loyalty", tmp_path / "site"
    shutil.copytree(EXAMPLE, copy)
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index")
    subprocess.run(
        [*pip, "--no-build-isolation", "--target", site, copy], check=True, stdin=subprocess.DEVNULL
    )
    called = (sys.executable, "-c", "import sys; from bot.cli import main; sys.exit(main())")
    environment = {"PYTHONPATH": f"{Path.cwd()}:{site}", "PATH": "", "LC_ALL": "C.UTF-8"}
    played = subprocess.run(
        [*called, "test"], cwd=copy, env=environment, capture_output=True, text=True, check=False
    )
    assert played.stdout.endswith("1 passed, 0 failed\n"), (played.stdout, played.stderr)


def test_the_shop_of_the_example_is_sound_and_its_scenario_passes(installed: dict[str, str]) -> None:
    installed["loyalty"] = "munshi_loyalty:ACTIONS"
    assert examine_flow(EXAMPLE / "flows.yaml").issues == ()
    assert munshi("test", EXAMPLE / "scenarios").output.endswith("1 passed, 0 failed\n")


def test_without_the_package_its_actions_are_missed(installed: dict[str, str]) -> None:
    with pytest.raises(FlowInvalid, match=r"there is no action 'loyalty\.spend'"):
        load_flow(EXAMPLE / "flows.yaml")


def test_an_action_sets_variables_and_raises_events() -> None:
    assert said(taken(action())) == ["2"]
    refusing = action(lambda seen, args: Done({"count": 5}, "refused", {"because": seen.event["text"]}))
    assert said(taken(refusing)) == ["no: go"]
    assert taken(refusing).conversation.variables == {"count": 5}
    following = action(lambda seen, args: Done(event="came", fields={"count": args.by}))
    assert said(taken(following)) == ["0", "2 came"]


@pytest.mark.parametrize(
    ("done", "fault"),
    [
        (Done({"other": 1}), "sets 'other', which is not in its 'sets'"),
        (Done(event="gone"), "raises 'gone', which is neither in its 'refuses' nor in its 'follows'"),
        (Done(event="came"), "raises 'came' with other fields than it declares"),
        (Done(event="came", fields={"count": "1"}), "raises 'came' with other fields than it declares"),
        (Done(fields={"count": 1}), "gives fields to no event"),
        (None, "returned NoneType, and no Done"),
        (Done({"count": 10}), "can't give the variable 'count' a value of that shape"),
    ],
)
def test_what_an_action_does_beyond_its_declaration_fails_the_step(done: Any, fault: str) -> None:
    with pytest.raises(StepFailed, match=r"'own\.count'") as failed:
        taken(action(lambda seen, args: done))
    assert fault in str(failed.value)


def test_an_exception_of_a_package_is_told_with_its_name() -> None:
    with pytest.raises(
        StepFailed, match=r"'own\.count' of the package 'munshi-own' failed: ZeroDivisionError"
    ):
        taken(action(lambda seen, args: 1 // 0))


def test_an_action_cannot_change_what_it_sees() -> None:
    with pytest.raises(StepFailed, match="failed: AttributeError"):
        taken(action(lambda seen, args: seen.variables.update(count=9)))


def test_a_variable_that_only_an_action_sets_is_not_always_empty() -> None:
    words = extended(TOY, [Package("munshi-own", "own", {"count": action()})])
    assert examine(FLOW.replace(", default: 0", ""), "f.yaml", words, limits=LIMITS).issues == ()


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("type: integer, min: 0, max: 9, default: 0", "type: text",
         "'own.count' sets the variable 'count', of type integer / write 'count: {type: integer}' under"),
        ("by: \"{{", "buy: \"{{", "'own.count' takes no 'buy' / did you mean 'by'?"),
        ("  own.came: {say: came}\n", "", "'own.count' may end with 'own.came', which nothing answers in: s"),
        ("event.because", "event.becuase", "no event that comes here has 'event.becuase'"),
        ("own.came:", "own.gone:", "nothing ever fires 'own.gone'"),
    ],
)  # fmt: skip
def test_the_check_knows_what_an_action_declares(old: str, new: str, expected: str) -> None:
    host = replace(TOY, to_answer=lambda action, args, sections: action.events)
    words = extended(host, [Package("munshi-own", "own", {"count": action()})])
    issues = examine(FLOW.replace(old, new), "f.yaml", words, limits=LIMITS).issues
    found = [f"{issue.message} / {issue.mend}" for issue in issues]
    assert any(expected in one for one in found), found


@pytest.mark.parametrize(
    ("point", "fault"),
    [
        (("loyalty", "munshi_loyalty:NOTHING"), "munshi_loyalty:NOTHING can't be loaded: AttributeError"),
        (("loyalty", "no_such_module:ACTIONS"), "no_such_module:ACTIONS can't be loaded: Module"),
        (("loyalty", "munshi_loyalty:__name__"), "can't be loaded: ValueError"),
        (("order", "munshi_loyalty:ACTIONS"), "its word 'order' is taken by Munshi"),
        (("set", "munshi_loyalty:ACTIONS"), "its word 'set' is taken by Munshi"),
        (("Loyalty", "munshi_loyalty:ACTIONS"), "'Loyalty' is not a valid name"),
    ],
)  # fmt: skip
def test_a_package_that_cannot_be_used_stops_every_command(
    installed: dict[str, str], point: tuple[str, str], fault: str
) -> None:
    installed[point[0]] = point[1]
    result = munshi("check", EXAMPLE / "flows.yaml")
    assert (result.exit_code, fault in result.output) == (1, True), result.output


@pytest.mark.parametrize(
    ("own", "fault"),
    [
        ("x", "'count' is no OwnAction"),
        (action(sets={"Count": "integer"}), "'Count' is not a valid name"),
        (action(refuses={"came": {}}), "'count' both refuses with 'came' and has it follow"),
        (action(follows={"came": {"count": float}}), "the field 'count' of its event 'came' is no str"),
        (OwnAction("no model", dict, counted), "the arguments of 'count' are no pydantic model"),  # type: ignore[arg-type]
    ],
)  # fmt: skip
def test_an_action_that_is_declared_wrongly_is_refused(own: Any, fault: str) -> None:
    with pytest.raises(ActionsRefused, match=fault) as refused:
        extended(TOY, [Package("munshi-own", "own", {"count": own})])
    assert refused.value.package == "munshi-own"


def test_two_packages_cannot_have_one_word() -> None:
    packages = [Package(f"munshi-{n}", "own", {"count": action()}) for n in (1, 2)]
    with pytest.raises(ActionsRefused, match="'own' is taken by the package 'munshi-1'"):
        extended(TOY, packages)


def test_a_slow_action_is_logged(installed: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    ticks, lines = iter([0.0, 0.001, 1.0, 1.5]), list[tuple[str, dict[str, Any]]]()
    monkeypatch.setattr(own_actions, "perf_counter", lambda: next(ticks))
    log = SimpleNamespace(warning=lambda event, **fields: lines.append((event, fields)))
    monkeypatch.setattr("structlog.get_logger", lambda: log)
    installed["loyalty"] = "munshi_loyalty:ACTIONS"
    spend = own_actions.vocabulary().actions["loyalty.spend"]
    scene = SimpleNamespace(event={}, variables={}, language="en", now=0, host=None)
    for _ in range(2):
        spend.run(scene, spend.args())  # type: ignore[arg-type]
    assert lines == [("own action slow", {"action": "loyalty.spend", "milliseconds": 500})]


def test_the_tests_of_the_example_pass(installed: dict[str, str]) -> None:
    assert pytest.main([str(EXAMPLE / "tests"), "-p", "no:cacheprovider", "--rootdir", str(EXAMPLE)]) == 0


def test_the_manual_shows_an_action_that_works() -> None:
    manual = (EXAMPLE.parents[1] / "docs" / "actions.md").read_text("utf-8")
    [code] = re.findall(r"```python\n(.*?)```", manual, re.DOTALL)
    shown: dict[str, Any] = {}
    exec(code, shown)
    spend = shown["ACTIONS"]["spend"]
    seen = Seen({}, {"stamps": 4}, "en", 0)
    assert spend.run(seen, spend.args(card=3)) == Done({"stamps": 1})
    words = extended(TOY, [Package("munshi-loyalty", "loyalty", shown["ACTIONS"])])
    assert words.actions["loyalty.spend"].raises == ("loyalty.too_few",)
    [point] = re.findall(r"```toml\n(.*?)```", manual, re.DOTALL)
    assert point in (EXAMPLE / "pyproject.toml").read_text("utf-8")
