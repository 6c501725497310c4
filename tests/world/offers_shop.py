"""The lemonade shop with its staff, in a file; and what its desk asks."""

from pathlib import Path
from typing import Any

from tests.payments.shops_with_staff import MEENA, RAMESH, TEXT
from tests.world.running_bot import Live


def flow_in(folder: Path) -> Path:
    """The shop's flow file."""
    file = folder / "lemonade.yaml"
    file.write_text(TEXT.replace("STAFF", f"{MEENA}, {RAMESH}"), "utf-8")
    return file


async def desk(live: Live, path: str, body: dict[str, Any], **headers: str) -> tuple[int, Any]:
    """Post `body` while the bot runs."""
    return await live.until(live.api("POST", path, body, **headers))


async def offered(live: Live, message: str, at_most: int = 100, **more: Any) -> tuple[int, Any]:
    """Ask for a broadcast, and let it end."""
    answer = await desk(live, "/broadcasts", {"message": message, "at_most": at_most, **more})
    for _ in range(3):
        await live.seconds(1)
    return answer
