"""A story without personal data: for what is pasted elsewhere, and for who may only look."""

from dataclasses import replace

from bot.customer_names import last_four
from bot.log import masked
from storage.reports.timeline import Story


def without_personal_data(story: Story) -> Story:
    """Return `story` with phone numbers, e-mail and UPI addresses masked, wherever they stand in it."""
    return replace(
        story,
        aliases=tuple((kind, last_four(value)) for kind, value in story.aliases),
        orders=tuple(masked(order) for order in story.orders),
        moments=tuple(replace(moment, about=masked(moment.about)) for moment in story.moments),
    )
