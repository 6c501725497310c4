"""The time zone in which commands show times: the shop's."""

from collections.abc import Mapping
from datetime import tzinfo
from functools import cache
from pathlib import Path

from bot.cli.lifecycle import flow_path
from bot.flow_texts import read_texts
from flows.document.errors import FlowInvalid
from flows.document.included import put_together
from payments.shop.local_time import INDIA, time_zone


def shop_zone() -> tzinfo:
    """Return the time zone that the flow file names, whatever else is wrong with it; India's without one."""
    return _zone_in(flow_path().absolute())


@cache
def _zone_in(path: Path) -> tzinfo:
    try:
        (file, text), *included = read_texts(path).items()
        shop = put_together(text, file, dict(included)).data["shop"]
        return time_zone(shop["timezone"]) if isinstance(shop, Mapping) and "timezone" in shop else INDIA
    except (FlowInvalid, ValueError, KeyError, TypeError):
        return INDIA
