"""`munshi init` makes a folder in which every command works, and overwrites no file."""

import asyncio
import re
import shlex
import shutil
import stat
import subprocess
import sys
import zipfile
from fnmatch import fnmatch
from pathlib import Path

import aiohttp
import pytest
from typer.testing import CliRunner, Result

from bot.cli import app
from bot.setting_text import is_easily_guessed
from bot.settings import WHERE, Settings, SettingsInvalid, load_settings
from tests.world.processes import MUNSHI, environment, process, run
from tests.world.running_bot import ROOT

OURS = {"MUNSHI_API_TOKEN", "MUNSHI_OPERATOR_TOKEN", "WHATSAPP_VERIFY_TOKEN", "RAZORPAY_WEBHOOK_SECRET"}
CHATS = ROOT / "tests" / "shop_scenarios"
NOTHING = {name.upper(): None for name in Settings.model_fields}


def munshi(*words: str) -> Result:
    return CliRunner().invoke(app(), list(words), env=NOTHING)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh shop as the working directory, with an environment without settings."""
    for name in NOTHING:
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "my shop"
    made = munshi("init", str(folder))
    assert made.exit_code == 0, made.output
    assert f"cd {folder}" in made.output
    monkeypatch.chdir(folder)
    return folder


def test_a_shop_is_whole_and_its_owners_alone(shop: Path) -> None:
    names = {file.name for file in shop.iterdir()}
    assert names == {
        "flows.yaml",
        "flows.schema.json",
        "scenarios",
        ".env",
        ".gitignore",
        "README.md",
        "munshi.db",
    }
    assert len((shop / "README.md").read_text("utf-8").splitlines()) <= 10
    for file in [shop, *shop.rglob("*")]:
        assert not stat.S_IMODE(file.stat().st_mode) & 0o077, file


def test_its_secrets_are_fresh_and_the_rest_is_named(shop: Path, tmp_path: Path) -> None:
    text = (shop / ".env").read_text("utf-8")
    values = dict(re.findall(r"^([A-Z_]+)=(.+)$", text, re.MULTILINE))
    assert values.keys() == OURS
    assert len(set(values.values())) == len(OURS)
    assert not any(map(is_easily_guessed, values.values()))
    with pytest.raises(SettingsInvalid) as refused:
        load_settings()
    assert set(re.findall(r"^([A-Z_]+) is missing$", str(refused.value), re.MULTILINE)) == WHERE.keys() - OURS
    munshi("init", str(tmp_path / "another"))
    other = (tmp_path / "another" / ".env").read_text("utf-8")
    assert not any(value in other for value in values.values())


def test_check_test_and_diagram_work_there(shop: Path) -> None:
    assert munshi("check").exit_code == 0
    played = munshi("test")
    assert played.exit_code == 0, played.output
    assert (
        f"{len(list((ROOT / 'tests' / 'shop_scenarios').glob('*.yaml')))} passed, 0 failed" in played.output
    )
    assert munshi("diagram").exit_code == 0
    assert "The books balance." in munshi("ledger").output
    assert "up to date" in munshi("migrate").output
    assert "WHATSAPP_ACCESS_TOKEN is missing" in munshi("doctor").output


@pytest.mark.parametrize(
    ("folder", "name"), [("Annapurna_Sweets", "annapurna-sweets"), ("24x7", "shop-24x7"), ("मिठाई", "shop")]
)
def test_the_flow_is_called_as_its_folder(tmp_path: Path, folder: str, name: str) -> None:
    assert munshi("init", str(tmp_path / folder)).exit_code == 0
    text = (tmp_path / folder / "flows.yaml").read_text("utf-8")
    assert re.findall(r"(?m)^flow: .*", text) == [f"flow: {name}"]


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "kept.txt").write_text("mine", "utf-8")
    result = munshi("init", str(tmp_path))
    assert result.exit_code == 1
    assert f"{tmp_path} is not empty, and nothing of yours is overwritten" in result.output
    result = munshi("init", str(tmp_path / "kept.txt"))
    assert (result.exit_code, "is a file" in result.output) == (1, True)
    result = munshi("init", str(tmp_path / "kept.txt" / "shop"))
    assert result.exit_code == 1
    assert "Not a directory" in result.output
    assert [file.name for file in tmp_path.iterdir()] == ["kept.txt"]


async def test_serve_sandbox_needs_no_keys_and_the_desk_works_beside_it(shop: Path) -> None:
    env = environment({"PORT": "0", "MUNSHI_FLOW": "flows.yaml"})
    async with (
        process(*MUNSHI, "serve", "--sandbox", env=env, cwd=shop) as served,
        aiohttp.ClientSession() as http,
    ):
        assert served.stdout is not None
        first = (await served.stdout.readline()).decode()
        told = [(await served.stdout.readline()).decode() for _ in range(7)]
        assert first.startswith(f"Munshi serves 'my-shop' ({shop}/flows.yaml, version ")
        [line] = [one for one in told if one.startswith("  export ")]
        beside = {**env, **dict(word.split("=", 1) for word in shlex.split(line)[1:])}
        call = shlex.split(told[-1])
        async with http.post(
            call[1], data=call[-1], headers=dict(word.split(": ", 1) for word in call[3:6:2])
        ) as answer:
            assert answer.status == 200, await answer.text()
            assert (await answer.json())["status"] == "created"
        typed = "hi\n1\n1\n1\n/pay\nPay Now\n/pay\n/state\n/wait 2h\n/trace\n/reply thanks\n"
        chat = ("chat", "--sandbox", "--as", "98000 00002")
        status, said = await run(*MUNSHI, *chat, env=beside, cwd=shop, typed=typed)
        assert (status, "Traceback" in said) == (0, False), said
        assert "no message shows a payment link yet: tap what asks for it" in said
        assert "✅ Payment Successful!" in said
        assert "state: paid" in said
        assert "here time passes by itself" in said
        assert "here, another terminal tells: munshi why 919800000002" in said
        accepted = await run(*MUNSHI, "order", "10002", "accepted", env=beside, cwd=shop)
        assert accepted == (0, "#10002: accepted, ₹180 paid\n")
        assert (
            "1 order, ₹180\nPaid online: ₹180 in 1 payment\nNot paid: 1 order"
            in (await run(*MUNSHI, "day", env=beside, cwd=shop))[1]
        )
    books = await asyncio.to_thread(munshi, "ledger")
    assert books.output.startswith("0 orders"), "the shop's own books are not touched"


@pytest.fixture
def wheel(tmp_path: Path) -> zipfile.ZipFile:
    """This program as a package, built beside its sources: nothing is written there."""
    source = tmp_path / "source"
    source.mkdir()
    for name in (
        "bot",
        "flows",
        "payments",
        "storage",
        "tests",
        "pyproject.toml",
        "README.md",
        "flows.yaml",
        "flows.schema.json",
    ):
        (source / name).symlink_to(ROOT / name)
    (source / ".env.example").symlink_to(ROOT / ".env.example")
    pip = ("-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index")
    subprocess.run([sys.executable, *pip, "-w", str(tmp_path), str(source)], check=True, capture_output=True)
    [file] = tmp_path.glob("munshi-*.whl")
    return zipfile.ZipFile(file)


def installed(wheel: zipfile.ZipFile, prefix: Path) -> Path:
    """Put the wheel's files where an installer puts them, and write its record; the folder of its code."""
    site = prefix / "lib" / "site-packages"
    with wheel:
        wheel.extractall(site)
    [record] = site.glob("munshi-*.dist-info/RECORD")
    for data in site.glob("munshi-*.data/data"):
        shutil.move(data / "share", prefix / "share")
    record.write_text(
        re.sub(r"^munshi-[^/]+\.data/data/", "../../", record.read_text("utf-8"), flags=re.M), "utf-8"
    )
    return site


async def test_an_installed_package_makes_shops_without_its_sources(
    wheel: zipfile.ZipFile, tmp_path: Path
) -> None:
    site = installed(wheel, tmp_path / "prefix")
    env = {**environment({}), "PYTHONPATH": str(site)}
    del env["MUNSHI_FLOW"]
    status, said = await run(*MUNSHI, "init", "shop", env=env, cwd=tmp_path)
    assert status == 0, said
    shop = tmp_path / "shop"
    ours = (ROOT / "flows.yaml").read_text("utf-8")
    assert (shop / "flows.yaml").read_text("utf-8") == ours.replace("flow: chai-counter\n", "flow: shop\n")
    assert len(list((shop / "scenarios").iterdir())) == len(
        list((ROOT / "tests" / "shop_scenarios").iterdir())
    )
    assert "MUNSHI_API_TOKEN=" in (shop / ".env").read_text("utf-8")
    status, said = await run(*MUNSHI, "check", env=env, cwd=shop)
    assert (status, "flows.yaml is sound" in said) == (0, True), said


def test_git_is_told_of_every_file_that_holds_what_customers_wrote(shop: Path) -> None:
    ignored = (shop / ".gitignore").read_text("utf-8").split()
    for name in ("munshi.db", "backup.db", "munshi.db.replaced-20261129T000000Z", "munshi.db.restoring"):
        for ending in ("", "-wal", "-shm", "-journal", ".partial"):
            assert any(fnmatch(f"{name}{ending}", pattern) for pattern in ignored), f"{name}{ending}"
    assert not any(fnmatch("flows.yaml", pattern) for pattern in ignored)
