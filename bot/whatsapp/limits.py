"""Limits of WhatsApp messages.

Meta does not document how lengths are counted. The payload builder refuses a message over a limit before it
is sent.

Source: Meta, WhatsApp Cloud API, "Interactive messages", "Messages" and "Templates" reference, 2026.
"""

import re
from typing import Final

from flows.messages.limits import ChannelLimits

TEMPLATE_NAME: Final = 512
"""Length of a template's name."""
OPAQUE: Final = 512
"""Length of `biz_opaque_callback_data`, which comes back in the statuses of a message."""

LIMITS: Final = ChannelLimits(
    channel="WhatsApp",
    text_body=4096,
    interactive_body=1024,  # pages disagree for lists: 1024 is safe
    caption=1024,
    footer=60,
    buttons=3,
    button_title=20,
    reply_id=256,
    list_button=20,
    list_sections=10,
    list_rows=10,
    section_title=24,
    row_title=24,
    row_description=72,
    row_id=200,
    link_title=20,
    window=24 * 3600 * 1000,
    template_body=1024,  # a longer one is refused with 132005
    template_buttons=10,
    template_reply_id=128,  # Meta documents none: no longer one is known to be taken
    template_name=re.compile(rf"[a-z0-9_]{{1,{TEMPLATE_NAME}}}", re.ASCII),
    template_language=re.compile(r"[a-z]{2,3}(_[A-Z]{2,3})?", re.ASCII),
    templates_in="WhatsApp Manager",
)
