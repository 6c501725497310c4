"""Files that a business uploads to the sandbox Meta, and what of them it takes.

Source: Meta, WhatsApp Cloud API, "Media", 2026.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from aiohttp import BodyPartReader, web

from sandbox.meta_errors import Refused

_MEBI: Final = 1 << 20
_OFFICE: Final = "application/vnd.openxmlformats-officedocument."
_LARGEST: Final[Mapping[str, int]] = {
    **dict.fromkeys(
        (
            "application/pdf", "text/plain", "application/msword", "application/vnd.ms-excel",
            "application/vnd.ms-powerpoint", f"{_OFFICE}wordprocessingml.document",
            f"{_OFFICE}spreadsheetml.sheet", f"{_OFFICE}presentationml.presentation",
        ),
        100 * _MEBI,
    ),
    **dict.fromkeys(("image/jpeg", "image/png"), 5 * _MEBI),
    **dict.fromkeys(("video/mp4", "video/3gpp"), 16 * _MEBI),
}  # fmt: skip
"""Maximum bytes of each media type."""
_PDF: Final = ("application/pdf", b"%PDF-")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it was uploaded."""

    name: str
    kind: str
    """Its media type."""
    content: bytes


async def read(request: web.Request) -> tuple[Mapping[str, str], Upload | None]:
    """Return the fields of the form, and its file; None if it has none."""
    fields: dict[str, str] = {}
    file = None
    if not request.content_type.startswith("multipart/"):
        return fields, None
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader) or part.name is None:
            continue
        if part.name == "file":
            kind = part.headers.get("Content-Type", "")
            file = Upload(part.filename or "", kind, bytes(await part.read()))
        else:
            fields[part.name] = await part.text()
    return fields, file


def checked(fields: Mapping[str, str], file: Upload | None) -> Upload:
    """Return the file if Meta would take it. Raises Refused."""
    if fields.get("messaging_product") != "whatsapp":
        raise Refused(100, "The parameter messaging_product is required and must be whatsapp.")
    if file is None or not file.content:
        raise Refused(100, "The parameter file is required.")
    if file.kind not in _LARGEST:
        raise Refused(100, f"Param file must be a file with one of the types: {', '.join(_LARGEST)}.")
    if len(file.content) > _LARGEST[file.kind]:
        raise Refused(100, f"Param file is larger than {_LARGEST[file.kind]} bytes.")
    kind, begins = _PDF
    declared = fields.get("type", file.kind)
    if declared != file.kind or (file.kind == kind) != file.content.startswith(begins):
        raise Refused(131053, "The type that was declared is not the type of the file.")
    return file
