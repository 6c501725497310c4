"""A shop in several files: how they are found, served, kept and written back."""

from pathlib import Path
from typing import Final

import pytest

from bot.cli.check import on_each_save
from bot.flow_file import load_flow
from bot.flow_texts import read_texts
from flows.document.errors import FlowInvalid
from storage import Store
from tests.bot.command_line import run_munshi
from tests.bot.lemonade_versions import TILL, munshi

_AT: Final = TILL.index("states:")
"""Where the states begin, which stand in a file of their own."""


def shop(folder: Path, states: str = TILL[_AT:]) -> Path:
    """Write the lemonade stand as two files, and return the flow file."""
    (folder / "parts").mkdir(parents=True, exist_ok=True)
    (folder / "parts" / "states.yaml").write_text(states, "utf-8")
    (folder / "flows.yaml").write_text(f"include: parts/states.yaml\n{TILL[:_AT]}", "utf-8")
    return folder / "flows.yaml"


def refused(file: Path) -> str:
    with pytest.raises(FlowInvalid) as invalid:
        load_flow(file)
    return str(invalid.value)


def test_the_files_of_a_flow_are_read_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = shop(tmp_path)
    assert list(read_texts(file)) == [str(file), str(tmp_path / "parts/states.yaml")]
    version = load_flow(file).version
    monkeypatch.chdir(tmp_path)
    assert list(read_texts(Path("flows.yaml"))) == ["flows.yaml", "parts/states.yaml"]
    assert load_flow(Path("flows.yaml")).version == version


@pytest.mark.parametrize("words", [("check",), ("plan", "--no-proof"), ("prove",), ("test", "--flow")])
async def test_a_part_of_a_flow_is_said_to_be_one(
    words: tuple[str, ...], tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop(tmp_path)
    monkeypatch.chdir(tmp_path)
    scenarios = tmp_path / "scenarios"
    scenarios.mkdir()
    (scenarios / "hi.yaml").write_text("scenario: Hi\nchat: [{customer: hi}]")
    (tmp_path / "a-broken.yaml").write_bytes(b"\xff")
    said = (
        "parts/states.yaml:1:1: error: this is a part of flows.yaml (include: parts/states.yaml)\n"
        "    commands take the whole: munshi check\n"
    )
    result = await run_munshi(sqlite_url, *words, "parts/states.yaml")
    assert result.exit_code == 1
    assert result.output.startswith(said)
    assert "Before it is mended" not in result.output
    (tmp_path / "flows.yaml").rename(tmp_path / "shop.yaml")
    result = await run_munshi(sqlite_url, *words, "parts/states.yaml")
    assert "this is a part of shop.yaml" in result.output
    assert result.output.splitlines()[1].endswith("munshi check shop.yaml")
    (tmp_path / "shop.yaml").unlink()
    result = await run_munshi(sqlite_url, *words, "parts/states.yaml")
    assert "this is a part of" not in result.output
    assert "'flow' is missing" in result.output


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    file = shop(tmp_path / "shop")
    states = tmp_path / "shop/parts/states.yaml"
    states.write_bytes(b"states: {a\xff")
    assert refused(file).startswith(f"{states}:1:1: error: the file is not UTF-8 text: byte 10")
    states.unlink()
    assert f"{file}:1:1: error: there is no file {states}" in refused(file)
    (tmp_path / "secret.yaml").write_text("states: {}")
    states.symlink_to(tmp_path / "secret.yaml")
    assert "it is a link that leads out of it" in refused(file)


def test_a_save_of_any_file_is_a_save(tmp_path: Path) -> None:
    file, checks = shop(tmp_path), list[str]()
    saves = iter([TILL[_AT:], f"{TILL[_AT:]}# more", None])

    def wait(seconds: float) -> None:
        if (text := next(saves)) is None:
            raise KeyboardInterrupt
        (tmp_path / "parts/states.yaml").write_text(text, "utf-8")

    with pytest.raises(KeyboardInterrupt):
        on_each_save(file, lambda: checks.append("checked"), wait)
    assert checks == ["checked", "checked"]


async def test_a_version_is_all_of_its_files(database_url: str, tmp_path: Path) -> None:
    await Store.migrate(database_url)
    file = shop(tmp_path / "shop")
    status, said = await munshi(database_url, file, "check", str(file))
    assert (status, said) == (0, "flows.yaml is sound: 2 states, 5 messages, 1 language\n")
    stands = "in the books" if database_url.startswith("sqlite:") else "served"
    assert f"version <version> is {stands} now\n" in (await munshi(database_url, file, "reload"))[1]
    shop(tmp_path / "shop", f"# a remark\n{TILL[_AT:]}")
    assert f"is {stands} already: nothing changes" in (await munshi(database_url, file, "reload"))[1]
    shop(tmp_path / "shop", TILL[_AT:].replace("image:", "audio:"))
    status, said = await munshi(database_url, file, "plan", "--no-proof", str(file))
    assert (status, "new" in said, "till, audio: nothing → to counter" in said) == (0, False, True)
    assert f"is {stands} now, in the place of <version>" in (await munshi(database_url, file, "reload"))[1]
    result = await run_munshi(database_url, "history", MUNSHI_FLOW=str(file))
    newest, before = (line.split()[0] for line in result.output.splitlines())
    status, said = await munshi(database_url, file, "history", before)
    assert (status, said) == (
        1,
        f"it has 2 files: munshi history {before} --into FOLDER writes them\n".replace(before, "<version>"),
    )
    back = tmp_path / "back"
    assert (await munshi(database_url, file, "history", before, "--into", str(back)))[0] == 0
    assert load_flow(back / "flows.yaml").version == before
    assert (await munshi(database_url, file, "history", newest, "--into", str(back)))[0] == 1
    assert (await munshi(database_url, file, "rollback"))[0] == 0
    served = await run_munshi(database_url, "history", MUNSHI_FLOW=str(file))
    assert served.output.startswith(before)
