"""Every package that the rooms import is one that `make install` installs."""

import ast
import re
import sys
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


def test_every_package_that_is_imported_is_in_the_lock_of_those_who_only_run_it() -> None:
    locked = set(
        re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements.lock").read_text("utf-8"), re.MULTILINE)
    )
    files = [file for room in ROOMS for file in (ROOT / room).rglob("*.py")]
    foreign = set().union(*map(imported, files)) - sys.stdlib_module_names - {*ROOMS}
    brings = packages_distributions()
    made_by = {name: {re.sub(r"[-_.]+", "-", made).lower() for made in brings[name]} for name in foreign}
    assert {name for name, makers in made_by.items() if not makers & locked} == set()
    assert len(foreign) > 15
