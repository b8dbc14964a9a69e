"""Spells out what stands for words: numbers, dates, times, amounts, units and abbreviations.

What is shown stays as it is; only what a voice is given changes, token by token, so that each
word keeps its time. Numbers are named by num2words.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from avatar_app.engines.tts.speech.languages import Spelling, spelling_of
from avatar_app.engines.tts.speech.phrases import Part, Phrase

_EDGES = re.compile(r"([^\w€$£¥+−-]*)(.*?)([^\w%°€$£¥]*)", re.DOTALL)
_LONGEST = 15
"""Digits: a longer number is left to the voice."""
_SIGNED = r"(?P<sign>[+−-]?)(?P<number>\d{1,3}(?:[.,'’]\d{3})+(?:[.,]\d+)?|\d+(?:[.,]\d+)?)"
_DATE = re.compile(r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})")
_LOCAL_DATE = re.compile(r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})")
_SLASHED_DATE = re.compile(r"(?P<first>\d{1,2})/(?P<second>\d{1,2})/(?P<year>\d{4})")
_TIME = re.compile(r"(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)")
_PRICE = re.compile(rf"(?P<unit>[$€£¥]){_SIGNED}")
_QUANTITY = re.compile(rf"{_SIGNED}(?P<unit>%|°C|°|[$€£¥]|[a-zA-Z]{{1,3}}(?:/h)?)?")
_ORDINAL = re.compile(r"(?P<number>\d+)(?:st|nd|rd|th)")
_DATIVE = frozenset(("am", "dem", "den", "vom", "zum", "seit", "bis", "ab"))
"""German words after which an ordinal ends in n."""
_CENTS = re.compile(r"\.\d\d$")
_YEARS = range(1100, 2100)
_MONTHS = 12


def spelled(phrase: Phrase, language: str) -> Phrase:
    """The phrase with what is to be said in words; untouched for a language that is not known."""
    spelling = spelling_of(language)
    if spelling is None:
        return phrase
    texts = ["", *(part.spoken for part in phrase.parts), ""]
    return replace(
        phrase,
        parts=tuple(
            Part(part.token, _spelled(before, part.spoken, after, spelling))
            for before, part, after in zip(texts, phrase.parts, texts[2:], strict=False)
        ),
    )


def _spelled(before: str, spoken: str, after: str, spelling: Spelling) -> str:
    if sum(sign.isdecimal() for sign in spoken) > _LONGEST:
        return spoken
    if not any(sign.isdecimal() for sign in spoken):
        return _word(before, spoken, spelling)
    opening, core, closing = _edges(spoken)
    if core.isdecimal() and closing[:1] == "." and spelling.dotted_ordinals:
        ending = "n" if before.lower() in _DATIVE else ""
        if _edges(after)[1].lower() in spelling.months:
            return f"{opening}{spelling.ordinal(int(core))}{ending}{closing[1:]}"
    for pattern, say in _READINGS:
        if match := pattern.fullmatch(core):
            return f"{opening}{say(match, spelling)}{closing}"
    return spoken


def _edges(spoken: str) -> tuple[str, str, str]:
    """What is before the word, the word, and what is after it."""
    found = _EDGES.fullmatch(spoken)
    return (found[1], found[2], found[3]) if found else ("", spoken, "")


def _word(before: str, spoken: str, spelling: Spelling) -> str:
    """Units are spelled out after a number only."""
    if spoken.lower() in spelling.abbreviations:
        return spelling.abbreviations[spoken.lower()]
    opening, core, closing = _edges(spoken)
    if core in spelling.units and before and before[-1].isdecimal():
        value = _value(_edges(before)[1], spelling)
        return f"{opening}{spelling.units[core][value != '1']}{closing}"
    return spoken


def _date(match: re.Match[str], spelling: Spelling) -> str:
    return _day(int(match["day"]), int(match["month"]), match, spelling)


def _slashed_date(match: re.Match[str], spelling: Spelling) -> str:
    """As it can only be meant, else in the order of the country."""
    first, second = int(match["first"]), int(match["second"])
    month_first = spelling.month_first if max(first, second) <= _MONTHS else second > _MONTHS
    day, month = (second, first) if month_first else (first, second)
    return _day(day, month, match, spelling)


def _day(day: int, month: int, match: re.Match[str], spelling: Spelling) -> str:
    if not (1 <= month <= _MONTHS and 1 <= day <= 31):
        return match[0]
    return spelling.date(day, month, int(match["year"]))


def _time(match: re.Match[str], spelling: Spelling) -> str:
    return spelling.time(int(match["hour"]), int(match["minute"]))


def _ordinal(match: re.Match[str], spelling: Spelling) -> str:
    return spelling.ordinal(int(match["number"]))


def _quantity(match: re.Match[str], spelling: Spelling) -> str:
    value, unit = _value(match["number"], spelling), match["unit"] or ""
    negative = match["sign"] in ("-", "−") and bool(match["sign"])
    if unit and unit not in spelling.units:
        return match[0]
    if not unit and match["number"].isdecimal() and int(value) in _YEARS and not negative:
        return spelling.year(int(value))
    words = spelling.price(value, unit) if _CENTS.search(value) else ""
    if unit and not words:
        words = f"{spelling.cardinal(value)} {spelling.units[unit][value != '1']}"
    words = words or spelling.cardinal(value)
    return f"{spelling.minus} {words}" if negative else words


def _value(number: str, spelling: Spelling) -> str:
    """The number without marks of thousands, with a point before its decimals."""
    plain = re.sub(rf"[{spelling.thousands}'’](?=\d{{3}}(?!\d))", "", number)
    return plain.replace(",", ".")


_READINGS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], Spelling], str]], ...] = (
    (_DATE, _date),
    (_LOCAL_DATE, _date),
    (_SLASHED_DATE, _slashed_date),
    (_TIME, _time),
    (_ORDINAL, _ordinal),
    (_PRICE, _quantity),
    (_QUANTITY, _quantity),
)
