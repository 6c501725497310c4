"""Every package that the rooms import is one that `make install` installs."""

import ast
import re
import sys
from collections.abc import Iterable
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parent.parent
ROOMS = ("bot", "flows", "payments", "sandbox", "storage")


def imported(file: Path) -> set[str]:
    """The packages that `file` imports anywhere in it."""
    nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    plain = (name.name for node in nodes if isinstance(node, ast.Import) for name in node.names)
    from_ = (node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level)
    return {name.partition(".")[0] for name in (*plain, *from_)}


def foreign(files: Iterable[Path]) -> set[str]:
    """The packages of others that `files` import."""
    return set().union(*map(imported, files)) - sys.stdlib_module_names - {*ROOMS}


def unlocked(names: set[str], lock: str) -> set[str]:
    """Those of the packages `names` that the file `lock` does not bring."""
    locked = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / lock).read_text("utf-8"), re.MULTILINE))
    brings = packages_distributions()
    made_by = {name: {re.sub(r"[-_.]+", "-", made).lower() for made in brings[name]} for name in names}
    return {name for name, makers in made_by.items() if not makers & locked}


def test_every_package_that_is_imported_is_in_the_lock_of_those_who_only_run_it() -> None:
    files = {file for room in ROOMS for file in (ROOT / room).rglob("*.py")}
    with_pages = (ROOT / "bot" / "console", ROOT / "bot" / "demo" / "pages")
    of_console = {file for room in with_pages for file in room.rglob("*.py")}
    names = foreign(files - of_console)
    assert unlocked(names, "requirements.lock") == set()
    assert len(names) > 15
    assert unlocked(foreign(of_console), "requirements-console.lock") == set()
