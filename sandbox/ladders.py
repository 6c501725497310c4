"""The providers' retry rules for webhooks: which answers count as delivered, and when to post again. Pure."""

from typing import Final, Literal, TypeAlias

Provider: TypeAlias = Literal["meta", "razorpay", "shopify"]

RAZORPAY_LADDER: Final = tuple(
    seconds * 1000 for seconds in (6, 19, 40, 82, 165, 326, 650, 1290, 2580, 5140, 10270, 20510, 40990, 81950)
)
"""Milliseconds from the first delivery. Source: schedule measured on Razorpay's test mode, Aug 2026."""

RAZORPAY_QUICK: Final = 200
"""Milliseconds to an extra first resend that only some events get, and only after a 5xx. Same source."""

META_LADDER: Final = tuple(
    seconds * 1000
    for seconds in (1, 5, 20, 60, 300, 900, 3600, 10800, 21600, 43200, *(86400 * day for day in range(1, 8)))
)
"""Milliseconds from the first delivery: at growing intervals, for 7 days. Meta publishes no figures.
Source: Meta, WhatsApp Cloud API, "Create a webhook endpoint"."""

SHOPIFY_LADDER: Final = tuple(minutes * 60_000 for minutes in (1, 3, 8, 20, 45, 90, 150, 240))
"""Milliseconds from the first delivery: 8 times in 4 hours; how they are spread is not published.
Source: shopify.dev, "Deliver webhooks through HTTPS", 2026."""

_QUICK_EVENTS: Final = frozenset({"payment.authorized", "payment.captured", "order.paid"})
_LADDERS: Final[dict[Provider, tuple[int, ...]]] = {
    "meta": META_LADDER,
    "razorpay": RAZORPAY_LADDER,
    "shopify": SHOPIFY_LADDER,
}
_PATIENCE: Final[dict[Provider, int | None]] = {"meta": None, "razorpay": 24 * 3600 * 1000, "shopify": None}
"""Milliseconds of uninterrupted failures after which an endpoint is switched off; None: never.
Source: Razorpay docs, "Webhooks FAQs"."""


def accepted(provider: Provider, status: int | None) -> bool:
    """Whether the provider counts `status` as delivered: exactly 200 for Meta, any 2xx for the others."""
    if status is None:
        return False
    return status == 200 if provider == "meta" else 200 <= status < 300


def retry_at(provider: Provider, event: str, status: int | None, first_at: int, now: int) -> int | None:
    """Return when to post an event again after the answer `status`, in milliseconds; None after the last."""
    ladder = _LADDERS[provider]
    if provider == "razorpay" and event in _QUICK_EVENTS and status is not None and status >= 500:
        ladder = (RAZORPAY_QUICK, *ladder)
    return next((first_at + rung for rung in ladder if first_at + rung > now), None)


def switched_off(provider: Provider, failing_since: int, now: int) -> bool:
    """Whether the provider switches off an endpoint that has only failed since `failing_since` (in ms)."""
    patience = _PATIENCE[provider]
    return patience is not None and now - failing_since >= patience
