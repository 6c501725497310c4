"""The settings of the console, beside those with which it asks the server."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from bot.settings import ServerSettings, SettingsInvalid, load_settings, loaded, passwords_in


class ConsoleSettings(ServerSettings):
    """What `munshi console` takes. Names are those of the environment."""

    database_url: str = "sqlite://munshi.db"
    munshi_flow: Path = Path("flows.yaml")
    munshi_console_database: Path = Path("console.db")
    munshi_console_host: str = "127.0.0.1"
    munshi_console_port: Annotated[int, Field(ge=0, le=65535)] = 8090
    munshi_console_path: Annotated[str, Field(pattern=r"^(/[a-z0-9-]+)*$")] = ""
    """The path under which a proxy offers the pages, as `/console`."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every secret that the console can come upon, for code that keeps them out of texts.

        Where the server's settings are there too, the checks of the page Health use those.
        """
        try:
            return load_settings().secrets
        except SettingsInvalid:
            return self.operator_token, *passwords_in(self.database_url)


def load_console_settings() -> ConsoleSettings:
    """Load them from the environment and `.env`. Raises SettingsInvalid."""
    return loaded(ConsoleSettings, {})
