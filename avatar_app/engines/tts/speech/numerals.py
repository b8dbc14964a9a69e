"""Text normalization: spells out numbers, dates, times, amounts, units and abbreviations.

The displayed text does not change; only its spoken form does, token by token, so that each word
keeps its time. Numbers are converted to words by num2words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from avatar_app.engines.tts.speech import days
from avatar_app.engines.tts.speech.expressions import EXPRESSIONS, Expressions
from avatar_app.engines.tts.speech.figures import (
    PLAIN,
    VULGAR,
    joined_groups,
    parts_of_fraction,
    value_of,
)
from avatar_app.engines.tts.speech.languages import spelling_of
from avatar_app.engines.tts.speech.phrases import Part, Phrase
from avatar_app.engines.tts.speech.spelling import Spelling
from avatar_app.engines.tts.speech.telephone import spoken_numbers

_EDGES = re.compile(r"([^\w€$£¥+−-]*)(.*?)([^\w%°€$£¥²³]*)", re.DOTALL)
_LONGEST = 15
"""Digits: the voice reads longer numbers."""
_SIGNED = rf"(?P<sign>[+−-]?)(?P<number>{PLAIN})"
_UNIT = r"%|°[CF]?|[$€£¥]|[a-zA-Zµμ]{1,5}[²³]?(?:/[a-z]{1,2}²?)?"
_SLASHED = re.compile(r"(?P<first>\d{1,3})/(?P<second>\d{1,3})")
_PRICE = re.compile(rf"(?P<unit>[$€£¥]){_SIGNED}(?P<scale>[a-zA-Z]{{1,2}})?")
_NEGATIVE_PRICE = re.compile(rf"(?P<sign>[−-])(?P<unit>[$€£¥])(?P<number>{PLAIN})")
_QUANTITY = re.compile(rf"{_SIGNED}(?P<unit>{_UNIT})?")
_ORDINAL = re.compile(r"(?P<number>\d+)(?:st|nd|rd|th)")
_DECADE = re.compile(r"(?P<number>(?:1[1-9]|20)\d0)[’']?s")
_SHORT_DECADE = re.compile(r"(?P<number>[2-9]0)[’']?s")
_BEFORE_DECADE = frozenset(("the", "early", "mid", "late", "mid-", "his", "her", "their", "my"))
_RANGE = re.compile(
    rf"(?P<money>[$€£¥]?)(?P<low>\d+:\d\d|(?:{PLAIN})%?)\s?[-–—]\s?"
    rf"[$€£¥]?(?P<high>(?:\d+:\d\d|{PLAIN})(?:{_UNIT})?)"
)
_HALF_DAY = re.compile(r"[ap]\.?m\b", re.IGNORECASE)
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})")
_DATIVE = frozenset(("am", "dem", "den", "vom", "zum", "seit", "bis", "ab"))
"""German words after which an ordinal ends in n."""
_CENTS = re.compile(r"\.\d\d$")
_MONEY = frozenset("$€£¥")
_YEARS = range(1100, 2100)


@dataclass(frozen=True, slots=True)
class _Place:
    """The context of a token, and the spoken forms of its language."""

    before: str
    after: str
    spelling: Spelling
    expressions: Expressions


def spell_out(phrase: Phrase, language: str) -> Phrase:
    """Return the phrase with its spoken form in words; unchanged for an unsupported language."""
    spelling = spelling_of(language)
    if spelling is None:
        return phrase
    expressions = EXPRESSIONS[spelling.tag[:2]]
    texts = ["", *(part.spoken for part in phrase.parts), ""]
    plus = spelling.abbreviations.get("+", "plus")
    numbers = spoken_numbers(texts, spelling.cardinal, plus)
    texts = texts if numbers else joined_groups(texts)
    return replace(
        phrase,
        parts=tuple(
            Part(
                part.token,
                numbers[index]
                if index in numbers
                else _spell_out(
                    texts[index],
                    _Place(_last(texts[:index]), texts[index + 1], spelling, expressions),
                ),
            )
            for index, part in enumerate(phrase.parts, start=1)
        ),
    )


def _last(texts: Sequence[str]) -> str:
    return next((text for text in reversed(texts) if text), "")


def _spell_out(spoken: str, place: _Place) -> str:
    if sum(sign.isdecimal() for sign in spoken) > _LONGEST:
        return spoken
    if not any(sign.isdecimal() for sign in spoken) and not VULGAR.search(spoken):
        return _word(spoken, place)
    opening, core, closing = _edges(spoken)
    if core.isdecimal() and closing[:1] == "." and place.spelling.dotted_ordinals:
        ending = "n" if place.before.lower() in _DATIVE else ""
        if _edges(place.after)[1].lower() in place.spelling.months:
            return f"{opening}{place.spelling.ordinal(int(core))}{ending}{closing[1:]}"
    if place.spelling.dotted_ordinals and closing[:1] == "." and (day := _DOTTED.fullmatch(core)):
        number, month = int(day[1]), int(day[2])
        if days.is_date(number, month):
            return f"{opening}{place.spelling.day(number, month)}{closing[1:]}"
    if opening.endswith("#") and core.isdecimal():
        opening = opening[:-1] + place.spelling.number_sign + " "
    words = place.expressions.fixed.get(core) or _short_decade(opening, core, place)
    words = words or _said(core, place)
    return f"{opening}{words}{closing}" if words else spoken


def _said(core: str, place: _Place) -> str:
    """Return a number and its affixes in words; empty if the form is unknown."""
    for pattern, say in _READINGS:
        if match := pattern.fullmatch(core):
            return say(match, place)
    return ""


def _edges(spoken: str) -> tuple[str, str, str]:
    """Return the punctuation before a word, the word, and the punctuation after it."""
    found = _EDGES.fullmatch(spoken)
    return (found[1], found[2], found[3]) if found else ("", spoken, "")


def _word(spoken: str, place: _Place) -> str:
    """Spell out a word; units only after a number."""
    spelling = place.spelling
    if spoken.lower() in spelling.abbreviations:
        return spelling.abbreviations[spoken.lower()]
    if not place.before or not place.before[-1].isdecimal():
        return spoken
    opening, core, closing = _edges(spoken)
    figure = _edges(place.before)[1]
    if core.lower() in place.expressions.scales and (price := _PRICE.fullmatch(figure)):
        return f"{opening}{core} {spelling.units[price['unit']][1]}{closing}"
    time = days.TIME.fullmatch(figure)
    if _said_before(figure, core, spelling) or (
        core.lower() == "uhr" and time and int(time["minute"])
    ):
        return closing
    unit = _unit_of(spoken, spelling) or core.replace(".", "").lower()
    if unit in spelling.units and (unit in spoken or _HALF_DAY.fullmatch(core)):
        if unit not in core:  # a sign that counts as punctuation
            opening, closing = "", spoken.removeprefix(unit)
        value = _value(figure, spelling)
        return f"{opening}{spelling.units[unit][value != '1']}{closing}"
    return spoken


def _unit_of(spoken: str, spelling: Spelling) -> str:
    """Return the unit that a word is; empty if it is none."""
    for each in (_edges(spoken)[1], spoken.rstrip(".,;:!?)")):
        if each in spelling.units:
            return each
    return ""


def _said_before(figure: str, sign: str, spelling: Spelling) -> bool:
    """Return whether the amount before a currency sign was spoken with its name, as one with cents
    is."""
    value = _value(figure, spelling).removesuffix(".00")
    return bool(
        _CENTS.search(value) and re.fullmatch(PLAIN, figure) and spelling.price(value, sign)
    )


def _slashed(match: re.Match[str], place: _Place) -> str:
    """Return a fraction that has a name, otherwise a date without a year, otherwise one number over
    another."""
    first, second = int(match["first"]), int(match["second"])
    spelling, expressions = place.spelling, place.expressions
    fraction = expressions.fraction(first, second, spelling.cardinal(str(first)))
    if 0 < first < second and fraction:
        return expressions.mixed(fraction) if place.before.isdecimal() else fraction
    day, month = days.day_and_month(first, second, spelling)
    if days.is_date(day, month):
        return spelling.day(day, month)
    return f"{spelling.cardinal(str(first))} {expressions.over} {spelling.cardinal(str(second))}"


def _time(match: re.Match[str], place: _Place) -> str:
    spelling, half = place.spelling, (match["half"] or "").replace(".", "").lower()
    hour, minute = int(match["hour"]), int(match["minute"])
    if half not in spelling.units:
        return spelling.time(hour, minute, exact=not _is_said_after(place.after))
    return f"{spelling.time(hour, minute, exact=False)} {spelling.units[half][0]}"


def _is_said_after(word: str) -> bool:
    """Return whether the word after a time is one that the spoken time would end with."""
    return bool(_HALF_DAY.match(word)) or _edges(word)[1].lower() == "uhr"


def _ordinal(match: re.Match[str], place: _Place) -> str:
    return place.spelling.ordinal(int(match["number"]))


def _decade(match: re.Match[str], place: _Place) -> str:
    """Return a decade such as “1990s”, in English."""
    if place.spelling.tag != "en":
        return ""
    year = place.spelling.year(int(match["number"]))
    return year.removesuffix("y") + "ies" if year.endswith("y") else year + "s"


def _short_decade(opening: str, core: str, place: _Place) -> str:
    """Return “the 80s” or “'80s”, in English; “80s” alone are seconds."""
    match = _SHORT_DECADE.fullmatch(core)
    if match is None or place.spelling.tag != "en":
        return ""
    if opening[-1:] not in ("'", "’") and place.before.lower() not in _BEFORE_DECADE:
        return ""
    return place.spelling.cardinal(match["number"]).removesuffix("y") + "ies"


def _range(match: re.Match[str], place: _Place) -> str:
    low = _said(match["low"], place)
    high = _said(match["money"] + match["high"], place)
    return f"{low} {place.expressions.between} {high}" if low and high else ""


def _price(match: re.Match[str], place: _Place) -> str:
    """Return an amount of money; a scale such as “million” or “m” precedes the currency's name."""
    scales = place.expressions.scales
    if _edges(place.after)[1].lower() in scales and not match["scale"]:
        return place.spelling.cardinal(_value(match["number"], place.spelling))
    if not match["scale"]:
        return _quantity(match, place)
    if match["scale"].lower() not in scales or match["unit"] not in place.spelling.units:
        return ""
    value = place.spelling.cardinal(_value(match["number"], place.spelling))
    name = place.spelling.units[match["unit"]][1]
    return f"{value} {scales[match['scale'].lower()]} {name}"


def _quantity(match: re.Match[str], place: _Place) -> str:
    spelling = place.spelling
    value, unit = _value(match["number"], spelling), match["unit"] or ""
    negative = match["sign"] in ("-", "−") and bool(match["sign"])
    unit = unit if unit in spelling.units else unit.lower() if _HALF_DAY.fullmatch(unit) else unit
    if unit and unit not in spelling.units:
        return ""
    if not unit and match["number"].isdecimal() and int(value) in _YEARS and not negative:
        return spelling.year(int(value))
    money = unit or _edges(place.after)[1]
    if money in _MONEY:
        value = value.removesuffix(".00")
    words = spelling.price(value, money) if _CENTS.search(value) else ""
    following = unit or _unit_of(place.after, spelling)
    name = spelling.units[following][value != "1"] if following else ""
    figure = place.expressions.one_of(name) if value == "1" and name else spelling.cardinal(value)
    words = words or (f"{figure} {name}" if unit else figure)
    return f"{spelling.minus} {words}" if negative else words


def _value(number: str, spelling: Spelling) -> str:
    return value_of(number, spelling.thousands)


def _vulgar(match: re.Match[str], place: _Place) -> str:
    """Return “½” or “2½”."""
    above, below = parts_of_fraction(match["part"])
    expressions, cardinal = place.expressions, place.spelling.cardinal
    fraction = expressions.fraction(above, below, cardinal(str(above)))
    if not fraction or not match["whole"]:
        return fraction
    return f"{cardinal(match['whole'])} {expressions.mixed(fraction)}"


def _moment(match: re.Match[str], place: _Place) -> str:
    day, time = _said(match["date"], place), _said(match["time"], place)
    return f"{day}, {time}" if day != match["date"] else ""


def _by(say: Callable[[re.Match[str], Spelling], str]) -> Callable[[re.Match[str], _Place], str]:
    return lambda match, place: say(match, place.spelling)


_READINGS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], _Place], str]], ...] = (
    (days.DATE, _by(days.date)),
    (days.LOCAL_DATE, _by(days.date)),
    (days.SLASHED_DATE, _by(days.slashed_date)),
    (days.MONTH_OF_YEAR, _by(days.month_of_year)),
    (_SLASHED, _slashed),
    (days.MOMENT, _moment),
    (days.EXACT_TIME, _by(days.exact_time)),
    (days.TIME, _time),
    (VULGAR, _vulgar),
    (_ORDINAL, _ordinal),
    (_DECADE, _decade),
    (_PRICE, _price),
    (_NEGATIVE_PRICE, _quantity),
    (_QUANTITY, _quantity),
    (_RANGE, _range),
)
