"""Spoken forms of numbers and symbols, by language."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from num2words import num2words

Forms = tuple[str, str]
"""Singular and plural."""
_MONTH_FIRST = frozenset(("us", ""))
"""Countries that write the month before the day; a language without a country counts as one of
them."""
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


def _units(**names: str) -> dict[str, Forms]:
    signs: dict[str, str] = {
        "percent": "%", "degrees": "°", "celsius": "°C", "dollar": "$", "euro": "€",
        "pound": "£", "yen": "¥", "speed": "km/h",
        "fahrenheit": "°F", "pace": "m/s", "squares": "m²", "cubes": "m³", "land": "km²",
    }  # fmt: skip
    forms = {signs.get(name, name): tuple(value.split("|")) for name, value in names.items()}
    return {name: (pair[0], pair[-1]) for name, pair in forms.items()}


def _spoken_clock(between: str, after: str = "") -> Callable[[str, str], str]:
    def say(hours: str, minutes: str) -> str:
        return f"{hours} {between} {minutes}".strip() if minutes else f"{hours} {after or between}"

    return say


def _english_clock(hours: str, minutes: str) -> str:
    if not minutes:
        return f"{hours} o'clock"
    return f"{hours} {'oh ' if ' ' not in minutes and minutes in _DIGITS else ''}{minutes}"


_DIGITS = frozenset(("one", "two", "three", "four", "five", "six", "seven", "eight", "nine"))


def _split(words: str) -> tuple[str, ...]:
    return tuple(words.split())


LANGUAGES: dict[str, Spelling] = {
    "en": Spelling(
        "en",
        _split(
            "january february march april may june july august september october november december"
        ),
        _units(
            percent="percent", degrees="degree|degrees", celsius="degree Celsius|degrees Celsius",
            dollar="dollar|dollars", euro="euro|euros", pound="pound|pounds", yen="yen",
            km="kilometer|kilometers", m="meter|meters", cm="centimeter|centimeters",
            mm="millimeter|millimeters", kg="kilogram|kilograms", g="gram|grams",
            l="litre|litres", ml="millilitre|millilitres", s="second|seconds",
            ms="millisecond|milliseconds", min="minute|minutes", h="hour|hours",
            speed="kilometer per hour|kilometers per hour", Hz="hertz", kHz="kilohertz",
            MB="megabyte|megabytes", GB="gigabyte|gigabytes", am="a m", pm="p m",
            fahrenheit="degree Fahrenheit|degrees Fahrenheit",
            pace="meter per second|meters per second",
            squares="square meter|square meters", cubes="cubic meter|cubic meters",
            land="square kilometer|square kilometers", mg="milligram|milligrams",
            cl="centilitre|centilitres", lb="pound|pounds", lbs="pound|pounds", oz="ounce|ounces",
            ft="foot|feet", yd="yard|yards", mi="mile|miles", mph="mile per hour|miles per hour",
            kB="kilobyte|kilobytes", KB="kilobyte|kilobytes", TB="terabyte|terabytes",
            MHz="megahertz", GHz="gigahertz", W="watt|watts", kW="kilowatt|kilowatts",
            kWh="kilowatt hour|kilowatt hours", V="volt|volts", dB="decibel|decibels",
            sec="second|seconds", hr="hour|hours", hrs="hours",
            kph="kilometer per hour|kilometers per hour",
        ),
        "minus",
        "{month} {day}, {year}",
        _english_clock,
        thousands=",",
        month_first=True,
        ordinal_days=True,
        abbreviations={
            "e.g.": "for example", "i.e.": "that is", "etc.": "et cetera", "vs.": "versus",
            "mr.": "mister", "mrs.": "missus", "dr.": "doctor", "prof.": "professor",
            "approx.": "approximately", "no.": "number", "&": "and", "+": "plus", "=": "equals",
            "×": "times", "÷": "divided by", "≤": "at most", "≥": "at least", "≈": "about",
            "≠": "is not",
        },
    ),
    "de": Spelling(
        "de",
        _split(
            "januar februar märz april mai juni juli august september oktober november dezember"
        ),
        _units(
            percent="Prozent", degrees="Grad", celsius="Grad Celsius", dollar="Dollar",
            euro="Euro", pound="Pfund", yen="Yen", km="Kilometer", m="Meter", cm="Zentimeter",
            mm="Millimeter", kg="Kilogramm", g="Gramm", l="Liter", ml="Milliliter",
            s="Sekunde|Sekunden", ms="Millisekunde|Millisekunden", min="Minute|Minuten",
            h="Stunde|Stunden", speed="Kilometer pro Stunde", Hz="Hertz", MB="Megabyte",
            GB="Gigabyte", TB="Terabyte", kB="Kilobyte", fahrenheit="Grad Fahrenheit",
            pace="Meter pro Sekunde", squares="Quadratmeter", cubes="Kubikmeter",
            land="Quadratkilometer", mg="Milligramm", kHz="Kilohertz", MHz="Megahertz",
            GHz="Gigahertz", W="Watt", kW="Kilowatt", kWh="Kilowattstunde|Kilowattstunden",
            V="Volt", dB="Dezibel", Std="Stunde|Stunden",
        ),
        "minus",
        "{day}n {month} {year}",
        _spoken_clock("Uhr"),
        ordinal_days=True,
        dotted_ordinals=True,
        abbreviations={
            "z.b.": "zum Beispiel", "d.h.": "das heißt", "usw.": "und so weiter",
            "bzw.": "beziehungsweise", "ca.": "circa", "dr.": "Doktor", "nr.": "Nummer",
            "&": "und", "+": "plus", "=": "gleich", "×": "mal", "÷": "geteilt durch",
        },
    ),
    "fr": Spelling(
        "fr",
        _split(
            "janvier février mars avril mai juin juillet août septembre octobre novembre décembre"
        ),
        _units(
            percent="pour cent", degrees="degré|degrés", celsius="degré Celsius|degrés Celsius",
            dollar="dollar|dollars", euro="euro|euros", pound="livre|livres", yen="yens",
            km="kilomètre|kilomètres", m="mètre|mètres", cm="centimètre|centimètres",
            kg="kilogramme|kilogrammes", g="gramme|grammes", l="litre|litres",
            s="seconde|secondes", min="minute|minutes", h="heure|heures",
            squares="mètre carré|mètres carrés",
            speed="kilomètre à l'heure|kilomètres à l'heure",
        ),
        "moins",
        "{day} {month} {year}",
        _spoken_clock("heures"),
        first_day="premier",
        abbreviations={"m.": "monsieur", "mme": "madame", "etc.": "et cetera", "&": "et"},
    ),
    "es": Spelling(
        "es",
        _split(
            "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre "
            "diciembre"
        ),
        _units(
            percent="por ciento", degrees="grado|grados", celsius="grado Celsius|grados Celsius",
            dollar="dólar|dólares", euro="euro|euros", pound="libra|libras", yen="yenes",
            km="kilómetro|kilómetros", m="metro|metros", cm="centímetro|centímetros",
            kg="kilogramo|kilogramos", g="gramo|gramos", l="litro|litros",
            s="segundo|segundos", min="minuto|minutos", h="hora|horas",
            squares="metro cuadrado|metros cuadrados",
            speed="kilómetro por hora|kilómetros por hora",
        ),
        "menos",
        "{day} de {month} de {year}",
        _spoken_clock("y", "en punto"),
        abbreviations={"sr.": "señor", "sra.": "señora", "dr.": "doctor", "etc.": "etcétera"},
    ),
    "it": Spelling(
        "it",
        _split(
            "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre "
            "dicembre"
        ),
        _units(
            percent="per cento", degrees="grado|gradi", celsius="grado Celsius|gradi Celsius",
            dollar="dollaro|dollari", euro="euro", pound="sterlina|sterline", yen="yen",
            km="chilometro|chilometri", m="metro|metri", cm="centimetro|centimetri",
            kg="chilogrammo|chilogrammi", g="grammo|grammi", l="litro|litri",
            s="secondo|secondi", min="minuto|minuti", h="ora|ore",
            squares="metro quadrato|metri quadrati",
            speed="chilometro all'ora|chilometri all'ora",
        ),
        "meno",
        "{day} {month} {year}",
        _spoken_clock("e", "in punto"),
        abbreviations={"sig.": "signor", "dott.": "dottor", "ecc.": "eccetera"},
    ),
    "pt": Spelling(
        "pt_BR",
        _split(
            "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro "
            "dezembro"
        ),
        _units(
            percent="por cento", degrees="grau|graus", celsius="grau Celsius|graus Celsius",
            dollar="dólar|dólares", euro="euro|euros", pound="libra|libras", yen="ienes",
            km="quilômetro|quilômetros", m="metro|metros", cm="centímetro|centímetros",
            kg="quilograma|quilogramas", g="grama|gramas", l="litro|litros",
            s="segundo|segundos", min="minuto|minutos", h="hora|horas",
            squares="metro quadrado|metros quadrados",
            speed="quilômetro por hora|quilômetros por hora",
        ),
        "menos",
        "{day} de {month} de {year}",
        _spoken_clock("horas e", "horas"),
        abbreviations={"sr.": "senhor", "sra.": "senhora", "dr.": "doutor", "etc.": "et cetera"},
    ),
}  # fmt: skip
"""By the primary language subtag."""


def spelling_of(language: str) -> Spelling | None:
    """Return the spoken forms of `language`, a tag such as en-us; None if it is not supported."""
    tag, country, *_ = (*language.lower().split("-"), "")
    spelling = LANGUAGES.get(tag)
    if spelling is not None and spelling.month_first and country not in _MONTH_FIRST:
        return replace(spelling, month_first=False)
    return spelling
