"""Reads a Dockerfile and a .dockerignore, as far as ours go, and plays a stage in a folder."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple


class Instruction(NamedTuple):
    """One instruction: `RUN`, and what follows it, on one line."""

    name: str
    said: str

    @property
    def words(self) -> list[str]:
        return self.said.split()


def stages(text: str) -> list[list[Instruction]]:
    """The instructions of each stage, from its FROM on."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    whole = re.sub(r"\\\n\s*", "", "\n".join(lines))
    found: list[list[Instruction]] = []
    for line in whole.splitlines():
        name, _, said = line.partition(" ")
        if name == "FROM":
            found.append([])
        if found:
            found[-1].append(Instruction(name, said))
    return found


def named(stage: list[Instruction], name: str) -> list[Instruction]:
    return [one for one in stage if one.name == name]


def is_sent(path: str, ignoring: str) -> bool:
    """Whether the file `path` of the context is given to the builder, for the text of a .dockerignore."""
    parts = path.split("/")
    ways = ["/".join(parts[:length]) for length in range(1, len(parts) + 1)]
    sent = True
    for line in ignoring.splitlines():
        if not line or line.startswith("#"):
            continue
        pattern = line.removeprefix("!")
        patterns = {pattern, pattern.removeprefix("**/"), re.sub(r"^\*\*/", "*/", pattern)}
        deep = pattern.startswith("**/")
        if any(_matches(way, one, deep=deep) for way in ways for one in patterns):
            sent = line.startswith("!")
    return sent


def _matches(way: str, pattern: str, *, deep: bool) -> bool:
    return fnmatchcase(way, pattern) and (deep or way.count("/") == pattern.count("/"))


def played(stage: list[Instruction], context: Path, root: Path, env: Mapping[str, str]) -> None:
    """Do in the folder `root` what `stage` does in an image, but for Debian's packages."""
    at = root
    for instruction in stage:
        if instruction.name == "WORKDIR":
            at = root / instruction.said.lstrip("/")
            at.mkdir(parents=True, exist_ok=True)
        elif instruction.name == "COPY":
            _copy(instruction.words, context, at)
        elif instruction.name == "RUN" and not instruction.said.startswith("apt-get"):
            command = re.sub(r"(?<=[ =])/opt/|^/opt/", f"{root}/opt/", instruction.said)
            done = subprocess.run(
                command, shell=True, cwd=at, env=env, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"


def _copy(words: list[str], context: Path, at: Path) -> None:
    *sources, target = words
    for source in sources:
        to = at / target
        if (context / source).is_dir():
            shutil.copytree(context / source, to)
        else:
            shutil.copy(context / source, to if target != "./" else at / Path(source).name)


def context_of(repository: Path, to: Path) -> None:
    """Copy to `to` what the builder is given of `repository`."""
    ignoring = (repository / ".dockerignore").read_text(encoding="utf-8")
    for file in _files(repository):
        if is_sent(file, ignoring):
            (to / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(repository / file, to / file)


def _files(repository: Path) -> Iterator[str]:
    """Every file, but those of folders that begin with a dot: they hold environments and caches."""
    for folder, folders, names in os.walk(repository):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            yield str((Path(folder) / name).relative_to(repository))
