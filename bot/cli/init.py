"""`munshi init`: make the folder of a new shop."""

import os
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import chdir
from importlib.metadata import files
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import typer

from bot.cli.flow_file import require_sound
from bot.cli.lifecycle import refuse
from bot.cli.product_file import products_of
from bot.cli.starting import run
from payments.shop.product_yaml import with_products
from storage import Store

_GENERATED: Final = (
    "MUNSHI_API_TOKEN",
    "MUNSHI_OPERATOR_TOKEN",
    "WHATSAPP_VERIFY_TOKEN",
    "RAZORPAY_WEBHOOK_SECRET",
)
"""Secrets that `munshi init` generates. The others come from Meta and Razorpay."""
_README: Final = """\
# {name}

A shop on WhatsApp, run by Munshi. Run every command in this folder.

- `flows.yaml` is the shop: change it, then `munshi check` and `munshi chat`
- `scenarios/` are chats that `munshi test` plays; they fit whatever you sell: write more of your own
- how to write both: `{manual}`; begin with `first-shop.md` beside it
- `.env` are the settings: fill in what is empty, keep it to yourself
- `munshi serve --sandbox` tries it against a pretended Meta and Razorpay; `munshi serve` is the real thing
- `munshi doctor` says what is missing or amiss; `munshi backup FILE` copies the books, `munshi.db`
"""
_FLOW: Final = "flows.yaml"
_NAMED: Final = re.compile(r"(?m)^flow: .+$")
_IGNORED: Final = ".env\n*.db*\n*.partial\n"

Folder = Annotated[Path, typer.Argument(help="The folder to make: a new one, or one that is empty.")]

Products = Annotated[
    Path | None,
    typer.Option(
        "--products",
        metavar="SHEET",
        help="A sheet of your products in CSV, as 'munshi import csv' reads it.",
    ),
]


def command(folder: Folder, products: Products = None) -> None:
    """Make a folder with a shop: its flow, its chats, settings with fresh secrets, and empty books."""
    try:
        _require_empty(folder)
        texts = _texts(folder)
        if products is not None:
            texts = {**texts, _FLOW: with_products(texts[_FLOW], products_of(products))}
            require_sound(texts[_FLOW], folder / _FLOW)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, text in texts.items():
            _write(folder / name, text)
        with chdir(folder):
            run(_make_books())
            Path("munshi.db").chmod(0o600)
    except OSError as error:
        refuse(f"{error.filename or folder}: {error.strerror}")
    typer.echo(_next_steps(folder))


def _require_empty(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        refuse(f"{folder} is a file: name a folder that is new or empty")
    if folder.is_dir() and any(folder.iterdir()):
        refuse(
            f"{folder} is not empty, and nothing of yours is overwritten: name a folder that is new or empty"
        )


def _texts(folder: Path) -> Mapping[str, str]:
    """Return the text of each file of the new shop, by its path in `folder`."""
    shipped = _shipped()
    scenarios = {f"scenarios/{file.name}": file for file in sorted(shipped.scenarios.glob("*.yaml"))}
    copied = {_FLOW: shipped.flow, "flows.schema.json": shipped.schema, **scenarios}
    texts = {name: file.read_text(encoding="utf-8") for name, file in copied.items()}
    return {
        **texts,
        _FLOW: _NAMED.sub(f"flow: {_flow_name(folder.absolute().name)}", texts[_FLOW], count=1),
        ".env": "".join(_settings(shipped.settings.read_text(encoding="utf-8"))),
        ".gitignore": _IGNORED,
        "README.md": _README.format(name=folder.absolute().name, manual=_manual()),
    }


def _flow_name(folder: str) -> str:
    """Return what the flow of a shop in a folder of this name is called: small letters, digits and `-`."""
    name = re.sub(r"[^a-z0-9]+", "-", folder.lower()).strip("-")
    return name if name[:1].isalpha() else f"shop-{name}".strip("-")


def _manual() -> str:
    """Return where the manual of the flow language is."""
    file = Path(__file__).parents[2] / "docs" / "flow-format.md"
    return str(file) if file.exists() else "docs/flow-format.md in Munshi's repository"


def _settings(example: str) -> Iterator[str]:
    """Yield the example's lines without its title, with fresh secrets for `_GENERATED`."""
    _, _, body = example.partition("\n")
    yield "# Settings of this shop. `munshi doctor` tries them.\n"
    for line in body.splitlines(keepends=True):
        name = line.partition("=")[0]
        yield f"{name}={secrets.token_urlsafe(32)}\n" if name in _GENERATED else line


def _write(file: Path, text: str) -> None:
    """Write a new file that only its owner may read. Raises FileExistsError."""
    file.parent.mkdir(mode=0o700, exist_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        out.write(text)


async def _make_books() -> None:
    await Store.migrate("sqlite://munshi.db")


class _Shipped(NamedTuple):
    """The files of the shop that ships with this program."""

    flow: Path
    schema: Path
    """With which editors complete and explain the flow."""
    settings: Path
    scenarios: Path


def _shipped() -> _Shipped:
    """Find the shipped shop, beside the code or in the package. Ends the command if it is missing."""
    root = Path(__file__).parents[2]
    if (root / "flows.yaml").exists():
        return _Shipped(*_of(root), root / "tests" / "shop_scenarios")
    for file in files("munshi") or ():
        if file.match("share/munshi/flows.yaml"):
            share = Path(str(file.locate())).resolve().parent
            return _Shipped(*_of(share), share / "scenarios")
    return refuse("the shop that ships with Munshi is not there: install Munshi again")


def _of(folder: Path) -> tuple[Path, Path, Path]:
    return folder / "flows.yaml", folder / "flows.schema.json", folder / ".env.example"


def _next_steps(folder: Path) -> str:
    path = folder.absolute()
    return (
        f"{path} holds a shop: flows.yaml, scenarios, .env with fresh secrets, and empty books (munshi.db).\n"
        f"Next:\n  cd {path}\n  munshi chat              talk to it\n"
        "  munshi serve --sandbox   the whole bot, against a pretended Meta and Razorpay\n"
        "In flows.yaml the shop is Chai & Co., and the coupon FIRST10 is on: change what is not yours.\n"
        "Before it goes live, fill in what .env leaves empty (it says where each is found): munshi doctor"
    )
