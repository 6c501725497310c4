"""The recipes: each checks clean and plays its chat, and `docs/recipes.md` shows lines that they have."""

import re
from pathlib import Path

import pytest

from bot.flow_file import examine_flow
from payments.simulator.runner import play
from payments.simulator.scenario import parse

DOCS = Path(__file__).parent.parent / "docs"
RECIPES = sorted(file for file in (DOCS / "recipes").glob("*.yaml") if not file.name.endswith(".test.yaml"))
SECTIONS = {
    name: text
    for text in (DOCS / "recipes.md").read_text("utf-8").split("\n## ")[1:]
    for name in re.findall(r"\(recipes/([^/]+?\.yaml)\)", text)
}
"""The section of each recipe in the document, by the recipe's file name."""

recipes = pytest.mark.parametrize("recipe", RECIPES, ids=lambda file: file.stem)


@recipes
def test_a_recipe_checks_clean_and_plays_its_chat(recipe: Path) -> None:
    examined = examine_flow(recipe)
    assert [*examined.issues] == []
    assert examined.flow is not None
    scenario = parse(recipe.with_suffix(".test.yaml").read_text("utf-8"), f"{recipe.stem}.test.yaml")
    assert scenario.flow == recipe.name
    played = play(examined.flow, scenario)
    assert played.mismatch is None, f"\n{played}"
    assert [result.error for result in played.results if result.error] == []


@recipes
def test_a_recipe_is_short(recipe: Path) -> None:
    assert 30 <= len(recipe.read_text("utf-8").splitlines()) <= 120


def test_the_document_has_a_section_for_each_recipe_and_no_other() -> None:
    assert len(RECIPES) == 14
    assert set(SECTIONS) == {recipe.name for recipe in RECIPES}


@recipes
def test_the_lines_that_the_document_shows_are_those_of_the_recipe(recipe: Path) -> None:
    [shown] = re.findall(r"```yaml\n(.+?)```", SECTIONS[recipe.name], re.DOTALL)
    assert set(shown.splitlines()) - set(recipe.read_text("utf-8").splitlines()) == set()


def test_every_chat_belongs_to_a_recipe() -> None:
    chats = {file.name.removesuffix(".test.yaml") for file in (DOCS / "recipes").glob("*.test.yaml")}
    assert chats == {recipe.stem for recipe in RECIPES}
