"""Imports run one way: no circle of modules and none of folders, in whatever room."""

from collections import defaultdict
from graphlib import TopologicalSorter

import grimp

ROOMS = ("bot", "flows", "payments", "sandbox", "storage")


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Imports for types alone count too."""
    imports = imported_by_module()
    assert len(imports) > 200
    TopologicalSorter(imports).prepare()


def test_no_folders_import_each_other_in_a_circle() -> None:
    folders: defaultdict[str, set[str]] = defaultdict(set)
    for module, imported in imported_by_module().items():
        folders[folder(module)] |= {folder(one) for one in imported} - {folder(module)}
    TopologicalSorter(folders).prepare()


def folder(module: str) -> str:
    """Return the inner room of a module; of a module that is in none, the module itself."""
    room, _, rest = module.partition(".")
    inner, _, deeper = rest.partition(".")
    return f"{room}.{inner}" if deeper else module


def imported_by_module() -> dict[str, set[str]]:
    """Return what each module of ours imports of ours."""
    graph = grimp.build_graph(*ROOMS)
    return {module: set(graph.find_modules_directly_imported_by(module)) for module in graph.modules}
