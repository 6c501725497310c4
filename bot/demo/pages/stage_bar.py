"""The bar above the phones: the clock, the bot and its crash, and what else can go wrong."""

from functools import partial
from typing import Final

from nicegui import ui

from bot.console.shop_now import clock_time
from bot.demo.bot_process import BotState
from bot.demo.pages.scene import Scene, tried
from sandbox.ladders import Provider

_WINDS: Final = (600_000, 3_600_000, 86_400_000)
"""Milliseconds by which the clock can be put forward."""
_DELAY: Final = 60_000
_SLOW: Final = 3.0
_NAMES: Final[dict[Provider, str]] = {"meta": "WhatsApp", "razorpay": "Razorpay", "shopify": "Shopify"}


class StageBar:
    """The bar of one open page."""

    def __init__(self, scene: Scene) -> None:
        self._scene, self._stage, self._words = scene, scene.stage, scene.words
        with ui.element("div").classes("pocket-bar"):
            self._clock_part()
            self._bot_part()
        self._waits = ui.label().classes("trouble").props('role="status"')
        with ui.element("details").classes("pocket-troubles"):
            with ui.element("summary"):
                self._summary = ui.label()
            self._troubles_part()

    def show(self) -> None:
        """Show how things are now."""
        words, bot, stage = self._words, self._stage.bot, self._stage
        self._clock.set_text(words("clock", time=clock_time(self._scene.shop, stage.clock.now())))
        state = bot.state
        if state is BotState.RUNNING and bot.recovered_in is not None:
            self._state.set_text(words("bot_recovered", seconds=f"{bot.recovered_in:.1f}"))
        else:
            self._state.set_text(words(f"bot_{state}"))
        self._crash.set_visibility(state is not BotState.DOWN)
        self._recover.set_visibility(state is BotState.DOWN)
        self._waits.set_visibility(state is not BotState.RUNNING)
        self._waits.set_text(words("waits", count=len(stage.world.courier.scheduled)))
        self._summary.set_text(self._now())

    def _now(self) -> str:
        words, troubles = self._words, self._stage.troubles
        found = [words("is_down", provider=_NAMES[one]) for one in troubles.systems if one in troubles.down]
        found += [words("is_slow", provider=_NAMES[one]) for one in troubles.systems if one in troubles.slow]
        if troubles.reordering:
            found.append(words("reorder"))
        return words("troubles_now", what=", ".join(found)) if found else words("troubles")

    def _clock_part(self) -> None:
        self._clock = ui.label().classes("pocket-clock")
        with ui.element("div").classes("pocket-winds").props('role="group"') as group:
            group.props["aria-label"] = self._words("wind")
            for wind in _WINDS:
                ui.button(self._words(f"wind_{wind}"), on_click=partial(self._wind, wind)).props(
                    "outline no-caps dense"
                )

    def _bot_part(self) -> None:
        with ui.element("div").classes("pocket-bot"):
            self._state = ui.label().props('role="status"')
            self._crash = ui.button(self._words("crash"), icon="bolt", on_click=self._crashes)
            self._recover = ui.button(self._words("recover"), icon="restart_alt", on_click=self._recovers)
            for button in (self._crash, self._recover):
                button.props("outline no-caps dense")

    def _troubles_part(self) -> None:
        words, troubles = self._words, self._stage.troubles
        with ui.element("div").classes("pocket-trouble-list"):
            for provider in troubles.systems:
                self._webhooks(provider)
                self._api(provider)
            switch = ui.switch(words("reorder"), value=troubles.reordering)
            switch.on_value_change(lambda: setattr(troubles, "reordering", bool(switch.value)))

    def _webhooks(self, provider: Provider) -> None:
        words, troubles = self._words, self._stage.troubles
        acts = {
            "lose": partial(troubles.lose, provider),
            "double": partial(troubles.double, provider),
            "delay": partial(troubles.delay, provider, _DELAY),
        }
        with ui.element("div").classes("pocket-trouble"):
            ui.label(words("webhooks", provider=_NAMES[provider]))
            for key, act in acts.items():
                ui.button(words(key), on_click=partial(self._next, provider, act)).props(
                    "outline no-caps dense"
                )

    def _next(self, provider: Provider, act: "partial[None]") -> None:
        act()
        ui.notify(self._words("noted", provider=_NAMES[provider]), type="info")

    def _api(self, provider: Provider) -> None:
        words, troubles = self._words, self._stage.troubles
        now = "down" if provider in troubles.down else "slow" if provider in troubles.slow else "well"
        with ui.element("div").classes("pocket-trouble"):
            ui.label(words("api", provider=_NAMES[provider]))
            choice = ui.toggle({key: words(key) for key in ("well", "down", "slow")}, value=now)
            choice.props("no-caps dense unelevated")
            choice.on_value_change(lambda: self._set(provider, str(choice.value)))

    def _set(self, provider: Provider, how: str) -> None:
        troubles = self._stage.troubles
        if how == "down":
            troubles.take_down(provider)
        elif how == "slow":
            troubles.slow_down(provider, _SLOW)
        else:
            troubles.mend(provider)

    async def _wind(self, milliseconds: int) -> None:
        await tried(partial(self._stage.wait, milliseconds))

    async def _crashes(self) -> None:
        await tried(self._stage.bot.crash)

    async def _recovers(self) -> None:
        await tried(self._stage.bot.recover)
