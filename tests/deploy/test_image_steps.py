"""The steps of the image's recipe, in an empty folder: what they install makes a shop, checks and serves it.

`make image-steps` installs every package from the lock, which needs a package index. Otherwise only the
program itself is installed, and the packages are those that run this test.
"""

import json
import os
import re
import site
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest

from tests.deploy.recipe import Instruction, context_of, named, played
from tests.deploy.test_image import BUILD, LAST, ROOT
from tests.world.processes import free_port, process, ready

WHOLE = "MUNSHI_IMAGE_STEPS" in os.environ


def steps() -> list[Instruction]:
    return [step for step in BUILD if WHOLE or "requirements.lock" not in step.said or step.name == "COPY"]


def lend_packages(root: Path) -> None:
    """Let the environment of the image find the packages of the one that runs this test."""
    folder = root / "opt" / "munshi" / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"
    folder.mkdir(parents=True)
    (folder / "lent.pth").write_text("\n".join(site.getsitepackages()), encoding="utf-8")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder in which the recipe was carried out."""
    context, root = tmp_path / "context", tmp_path / "root"
    context_of(ROOT, context)
    root.mkdir()
    if not WHOLE:
        lend_packages(root)
    kept = {name: os.environ[name] for name in os.environ if name.startswith("PIP_")}
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    played(steps(), context, root, {**kept, "PATH": path, "HOME": str(tmp_path)})
    return root


async def test_what_the_recipe_installs_makes_a_shop_checks_it_and_serves_it(root: Path) -> None:
    shop = root / "shop"
    shop.mkdir(mode=0o700)
    bin_ = root / "opt" / "munshi" / "bin"
    env = {"PATH": f"{bin_}:/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/nonexistent"}
    env["PORT"] = str(free_port())

    where = subprocess.run(
        ["python", "-c", "import bot, storage; print(bot.__file__)"],
        env=env, cwd=shop, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert Path(where.stdout).is_relative_to(root)
    for words in (["init", "."], ["check"]):
        subprocess.run(["munshi", *words], env=env, cwd=shop, capture_output=True, check=True)
    assert (shop / ".env").stat().st_mode & 0o777 == 0o600
    [check] = named(LAST, "HEALTHCHECK")
    command = json.loads(check.said.partition("CMD ")[2])
    command = [re.sub(r"\b8080\b", env["PORT"], word) for word in command]

    def healthy() -> bool:
        return subprocess.run(command, env=env, cwd=shop, capture_output=True, check=False).returncode == 0

    assert not healthy()
    async with (
        process("munshi", "serve", "--sandbox", env=env, cwd=shop) as server,
        aiohttp.ClientSession() as http,
    ):
        await ready(http, f"http://127.0.0.1:{env['PORT']}")
        assert healthy()
        limits = Path(f"/proc/{server.pid}/limits").read_text(encoding="utf-8")
        assert re.search(r"Max core file size +0 +0 ", limits)
