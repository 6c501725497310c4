"""The values of tables as people read them, and as a spreadsheet does. Pure."""

from datetime import date
from decimal import Decimal

from babel.dates import format_date
from babel.numbers import format_decimal

from bot.console.numbers.tables import Unit, Value
from bot.console.words import Words
from payments.ledger.exports import Cell, rupees
from payments.shop.money import money

_SECOND = 1000
_MINUTE = 60 * _SECOND


def shown(unit: Unit, value: Value, words: Words) -> str:
    """Return a value for people: `₹1,80,000`, `0.4 s`, `21 Sep`."""
    if isinstance(value, date):
        return format_date(value, "d MMM", locale=words.language)
    if isinstance(value, str):
        return words(value) if unit is Unit.KEY else value
    if unit is Unit.MONEY:
        return money(value)
    return _time(value, words) if unit is Unit.TIME else format_decimal(value, locale="en_IN")


def _time(milliseconds: int, words: Words) -> str:
    if milliseconds < _MINUTE:
        return words("seconds", seconds=f"{milliseconds / _SECOND:.1f}")
    minutes, rest = divmod(milliseconds // _SECOND, 60)
    return words("minutes", minutes=format_decimal(minutes, locale="en_IN"), seconds=rest)


def cell(unit: Unit, value: Value, words: Words) -> Cell:
    """Return a value for a spreadsheet: dates as 2026-09-21, money in rupees, times in seconds."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return shown(unit, value, words)
    if unit is Unit.MONEY:
        return rupees(value)
    return Decimal(value).scaleb(-3) if unit is Unit.TIME else value
