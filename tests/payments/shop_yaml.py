"""Parts of a `shop:` section, read and checked as `munshi check` does it."""

from datetime import datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from flows.document.errors import Issue
from flows.document.reader import read
from flows.language.validation import validate
from payments.shop.local_time import INDIA

Section = TypeVar("Section", bound=BaseModel)


def load(section: type[Section], text: str) -> Section:
    """Return `text` (YAML) as a `section`."""
    return section.model_validate(read(text, "shop.yaml").data)


def issue_of(section: type[BaseModel], text: str) -> Issue:
    """Return the first issue that `munshi check` has with `text` under `shop:`."""
    indented = "".join(f"  {line}\n" for line in text.splitlines())
    document = read(f"flow: f\nstart: s\nstates: {{s: {{}}}}\nshop:\n{indented}", "shop.yaml")
    return validate(document, {"shop": section}).issues[0]


def ms(text: str, zone: ZoneInfo = INDIA) -> int:
    """Milliseconds of `2026-11-29 12:30` in `zone`."""
    return round(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() * 1000)
