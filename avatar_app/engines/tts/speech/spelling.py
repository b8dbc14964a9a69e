"""The spoken forms of one language: numbers, dates, times, prices and units."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from num2words import num2words

Forms = tuple[str, str]
"""Singular and plural."""
_YEAR_OF_DATE = re.compile(r",?(?: de)? \{year\}")
_MONEY = {"$": "USD", "€": "EUR", "£": "GBP"}


@dataclass(frozen=True, slots=True)
class Spelling:
    """The spoken forms of one language. `tag`: its name in num2words."""

    tag: str
    months: tuple[str, ...]
    units: Mapping[str, Forms]
    minus: str
    date_form: str
    """Format with {day}, {month}, {year}."""
    clock: Callable[[str, str], str]
    """Joins hours and minutes, as words; the minutes may be an empty text."""
    thousands: str = "."
    """The thousands separator."""
    month_first: bool = False
    """Whether 3/4 is March 4, if both numbers could be the month."""
    ordinal_days: bool = False
    first_day: str = ""
    """Name of the first day of a month, if the others are cardinal numbers."""
    dotted_ordinals: bool = False
    """Whether “3.” is an ordinal number."""
    abbreviations: Mapping[str, str] = field(default_factory=dict)
    """Spoken forms by abbreviation: lowercase, with periods."""

    def cardinal(self, value: str) -> str:
        """Return a number in words: digits, possibly with a decimal point."""
        return self._words(float(value) if "." in value else int(value))

    def ordinal(self, value: int) -> str:
        return self._words(value, to="ordinal")

    def year(self, value: int) -> str:
        return self._words(value, to="year")

    def price(self, value: str, sign: str) -> str:
        """Return an amount of money with its cents, if num2words supports the currency in this
        language."""
        if sign not in _MONEY or self.tag == "pt_BR":  # which knows no money but its own
            return ""
        words = num2words(float(value), lang=self.tag, to="currency", currency=_MONEY[sign])
        if self.tag != "en":
            return str(words)
        cents = str(words).rpartition(", ")[2]  # a thousand has a comma, too
        if value.startswith("0."):
            return cents
        dollars = value.partition(".")[0]
        return f"{self.cardinal(dollars)} {self.units[sign][dollars != '1']} and {cents}"

    def date(self, day: int, month: int, year: int) -> str:
        return self._dated(self.date_form, day, month).replace("{year}", self.year(year))

    def day(self, day: int, month: int) -> str:
        """Return a date without a year."""
        return self._dated(_YEAR_OF_DATE.sub("", self.date_form), day, month)

    def _dated(self, form: str, day: int, month: int) -> str:
        said = self.ordinal(day) if self.ordinal_days else self._words(day)
        said = self.first_day if day == 1 and self.first_day else said
        return form.replace("{day}", said).replace("{month}", self.month(month))

    def month(self, number: int) -> str:
        name = self.months[number - 1]
        return name.capitalize() if self.tag in ("en", "de") else name

    def time(self, hour: int, minute: int, *, exact: bool = True) -> str:
        """Return a time of day; not `exact` if “a.m.” or “Uhr” follows."""
        if not minute and not exact:
            return self._words(hour)
        return self.clock(self._words(hour), self._words(minute) if minute else "")

    @property
    def number_sign(self) -> str:
        """Return the spoken form of “#” before a number."""
        return next((self.abbreviations[a] for a in ("no.", "nr.") if a in self.abbreviations), "")

    def _words(self, value: float, to: str = "cardinal") -> str:
        return str(num2words(value, lang=self.tag, to=to))


def units_of(**names: str) -> dict[str, Forms]:
    signs: dict[str, str] = {
        "percent": "%", "degrees": "°", "celsius": "°C", "dollar": "$", "euro": "€",
        "pound": "£", "yen": "¥", "speed": "km/h",
        "fahrenheit": "°F", "pace": "m/s", "squares": "m²", "cubes": "m³", "land": "km²",
    }  # fmt: skip
    forms = {signs.get(name, name): tuple(value.split("|")) for name, value in names.items()}
    return {name: (pair[0], pair[-1]) for name, pair in forms.items()}


def spoken_clock(between: str, after: str = "") -> Callable[[str, str], str]:
    def say(hours: str, minutes: str) -> str:
        return f"{hours} {between} {minutes}".strip() if minutes else f"{hours} {after or between}"

    return say


def english_clock(hours: str, minutes: str) -> str:
    if not minutes:
        return f"{hours} o'clock"
    return f"{hours} {'oh ' if ' ' not in minutes and minutes in _DIGITS else ''}{minutes}"


_DIGITS = frozenset(("one", "two", "three", "four", "five", "six", "seven", "eight", "nine"))


def split(words: str) -> tuple[str, ...]:
    return tuple(words.split())
