"""Spoken forms of fractions, ranges, large sums and numeric expressions, by language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

Forms = tuple[str, str]
"""Singular and plural."""


@dataclass(frozen=True, slots=True)
class Expressions:
    """The spoken forms of one language."""

    between: str
    """Joins the bounds of a range."""
    over: str
    """Joins the numbers of a fraction without a name."""
    one: str
    """“One” before the name of a fraction."""
    parts: Mapping[int, Forms]
    """Names of fractions by their denominators."""
    joined: str = ""
    """Joins a whole number and a fraction: “2 1/2”; “{}” is the fraction."""
    fixed: Mapping[str, str] = field(default_factory=dict)
    """Expressions with an irregular spoken form."""
    scales: Mapping[str, str] = field(default_factory=dict)
    """Full forms of what follows an amount of money, such as “m” or “bn”."""
    feminine: str = ""
    """“One” before a feminine unit."""
    feminine_units: str = r"(?!)"
    """Pattern of the names of those units."""

    def fraction(self, above: int, below: int, numerator: str) -> str:
        """Return “3/4” in words, empty if it has no name. `numerator`: `above` in words."""
        if below not in self.parts:
            return ""
        return f"{self.one if above == 1 else numerator} {self.parts[below][above != 1]}"

    def one_of(self, unit: str) -> str:
        """Return “one” before a unit."""
        return self.feminine if re.fullmatch(self.feminine_units, unit) else self.one

    def mixed(self, fraction: str) -> str:
        """Return the spoken form of a fraction after a whole number."""
        return self.joined.format(fraction)


def _parts(names: str) -> dict[int, Forms]:
    """Parse “2 half|halves, 3 third|thirds”."""
    pairs = (each.strip().split(" ", 1) for each in names.split(","))
    forms = {int(number): said.split("|") for number, said in pairs}
    return {number: (both[0], both[-1]) for number, both in forms.items()}


EXPRESSIONS = {
    "en": Expressions(
        "to", "over", "one",
        _parts("2 half|halves, 3 third|thirds, 4 quarter|quarters, 5 fifth|fifths, "
               "6 sixth|sixths, 8 eighth|eighths, 10 tenth|tenths, 16 sixteenth|sixteenths"),
        "and {}",
        {"24/7": "twenty-four seven", "9/11": "nine eleven", "50/50": "fifty-fifty"},
        {"k": "thousand", "m": "million", "mn": "million", "bn": "billion", "b": "billion",
         "thousand": "thousand", "million": "million", "billion": "billion",
         "trillion": "trillion"},
    ),
    "de": Expressions(
        "bis", "durch", "ein",
        _parts("2 halb|Halbe, 3 Drittel, 4 Viertel, 5 Fünftel, 8 Achtel, 10 Zehntel"),
        "{}",
        {"24/7": "vierundzwanzig sieben", "50/50": "fünfzig-fünfzig"},
        feminine="eine", feminine_units=".*e",
    ),
    "fr": Expressions(
        "à", "sur", "un",
        _parts("2 demi|demis, 3 tiers, 4 quart|quarts, 5 cinquième|cinquièmes, "
               "8 huitième|huitièmes, 10 dixième|dixièmes"),
        "et {}",
        {"24/7": "vingt-quatre heures sur vingt-quatre"},
        feminine="une", feminine_units="heure|minute|seconde|tonne|livre|once",
    ),
    "es": Expressions(
        "a", "sobre", "un",
        _parts("2 medio|medios, 3 tercio|tercios, 4 cuarto|cuartos, 5 quinto|quintos, "
               "8 octavo|octavos, 10 décimo|décimos"),
        "y {}",
        {"24/7": "veinticuatro horas al día"},
        feminine="una", feminine_units=".*a",
    ),
    "it": Expressions(
        "a", "su", "un",
        _parts("2 mezzo|mezzi, 3 terzo|terzi, 4 quarto|quarti, 5 quinto|quinti, "
               "8 ottavo|ottavi, 10 decimo|decimi"),
        "e {}",
        {"24/7": "ventiquattro ore su ventiquattro"},
        feminine="una", feminine_units=".*a",
    ),
    "pt": Expressions(
        "a", "sobre", "um",
        _parts("2 meio|meios, 3 terço|terços, 4 quarto|quartos, 5 quinto|quintos, "
               "8 oitavo|oitavos, 10 décimo|décimos"),
        "e {}",
        {"24/7": "vinte e quatro horas por dia"},
        feminine="uma", feminine_units=".*a",
    ),
    "nl": Expressions(
        "tot", "gedeeld door", "een",
        _parts("2 half|halve, 3 derde, 4 kwart, 5 vijfde, 8 achtste, 10 tiende"),
        "en {}",
        {"24/7": "vierentwintig zeven", "50/50": "vijftig vijftig"},
        {"mln": "miljoen", "miljoen": "miljoen", "mld": "miljard", "miljard": "miljard"},
    ),
}  # fmt: skip
"""By the primary language subtag."""
