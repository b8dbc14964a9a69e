"""Figures and signs of Chinese and Japanese, in the words that XTTS' own rules then transliterate.

Coqui reads Chinese percentages and years, but long numbers digit by digit, and no amounts of money,
times and units; of Japanese none of these.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from num2words import num2words

from avatar_app.engines.tts.speech.phrases import Part, Phrase

_WIDE = str.maketrans("０１２３４５６７８９．，％￥＄＆＋＝：℃", "0123456789.,%¥$&+=:度")
"""Full-width signs."""
_NUMBER = r"\d+(?:\.\d+)?"
_GROUPS = re.compile(r"\d{1,3}(?:,\d{3})+(?!\d)")
_PRICE = re.compile(rf"([$€£¥])\s?({_NUMBER})|({_NUMBER})\s?([$€£¥])")
_TIME = re.compile(r"(?<!\d)(\d{1,2}):([0-5]\d)(?!\d)")
_UNIT = re.compile(rf"({_NUMBER})\s?(km/h|km|kg|cm|mm|ml|GB|MB|m|g|l|°C|°)(?![A-Za-z])")
_NOT_READ_BY_COQUI = re.compile(rf"(?<![\d.])(?!\d+(?:\.\d+)?%|\d{{4}}年){_NUMBER}(?![\d.]*\d)")
"""A number that is no Chinese percentage or year."""
_PERCENT = re.compile(rf"({_NUMBER})\s?%")
_LONGEST = 15
"""Digits; longer ones are read one by one."""


@dataclass(frozen=True, slots=True)
class _Words:
    """Of one language."""

    money: Mapping[str, str]
    units: Mapping[str, str]
    signs: Mapping[str, str]
    hour: str
    minute: str
    cardinal: Callable[[str], str]
    """Returns figures in words."""
    percent: str = ""
    """Empty where Coqui reads it."""


_DIGITS = "零一二三四五六七八九"
_PLACES = ("", "十", "百", "千")
_MYRIADS = ("", "万", "亿", "兆")


def _chinese(figures: str) -> str:
    """Return a number in characters: 1200 is 一千二百."""
    whole, _, part = figures.partition(".")
    if len(whole) > _LONGEST:
        return "".join(_DIGITS[int(digit)] for digit in whole)
    said = ""
    padded = whole.zfill(-(-len(whole) // 4) * 4)
    groups = [padded[at : at + 4] for at in range(0, len(padded), 4)]
    for place, group in enumerate(groups):
        if words := _chinese_group(group):
            said += words + _MYRIADS[len(groups) - 1 - place]
        elif said and not said.endswith("零"):
            said += "零"
    said = said.strip("零").replace("零零", "零") or "零"
    said = said.removeprefix("一") if said.startswith("一十") else said
    return said + ("点" + "".join(_DIGITS[int(digit)] for digit in part) if part else "")


def _chinese_group(group: str) -> str:
    """Return four digits; empty for 0000."""
    said = "".join(
        "零" if digit == "0" else _DIGITS[int(digit)] + _PLACES[3 - place]
        for place, digit in enumerate(group)
    )
    return re.sub("零+", "零", said).rstrip("零")


def _japanese(figures: str) -> str:
    if len(figures) > _LONGEST:
        return "".join(num2words(int(digit), lang="ja") for digit in figures if digit != ".")
    return str(num2words(float(figures) if "." in figures else int(figures), lang="ja"))


_LANGUAGES = {
    "zh": _Words(
        {"$": "美元", "€": "欧元", "£": "英镑", "¥": "元"},
        {
            "km/h": "公里每小时", "km": "公里", "kg": "公斤", "cm": "厘米", "mm": "毫米", "m": "米",
            "g": "克", "l": "升", "ml": "毫升", "GB": "吉字节", "MB": "兆字节", "°C": "摄氏度",
            "°": "度",
        },
        {"&": "和", "+": "加", "=": "等于"},
        "点",
        "分",
        _chinese,
    ),
    "ja": _Words(
        {"$": "ドル", "€": "ユーロ", "£": "ポンド", "¥": "円"},
        {
            "km/h": "キロメートル毎時", "km": "キロメートル", "kg": "キログラム",
            "cm": "センチメートル", "mm": "ミリメートル", "m": "メートル", "g": "グラム",
            "l": "リットル", "ml": "ミリリットル", "GB": "ギガバイト", "MB": "メガバイト",
            "°C": "度", "°": "度",
        },
        {"&": "と", "+": "プラス", "=": "イコール", "@": "アットマーク"},
        "時",
        "分",
        _japanese,
        "パーセント",
    ),
}  # fmt: skip


def spell_east_asian(phrase: Phrase, language: str) -> Phrase:
    """Return the phrase with its figures in words; unchanged in other languages."""
    words = _LANGUAGES.get(language.lower().partition("-")[0])
    if words is None:
        return phrase
    parts = tuple(Part(part.token, _spelled(part.spoken, words)) for part in phrase.parts)
    return replace(phrase, parts=parts)


def _spelled(text: str, words: _Words) -> str:
    text = _GROUPS.sub(lambda match: match[0].replace(",", ""), text.translate(_WIDE))
    text = _TIME.sub(lambda match: _time(match, words), text)
    text = _PRICE.sub(lambda match: _price(match, words), text)
    text = _UNIT.sub(lambda match: f"{match[1]}{words.units[match[2]]}", text)
    if words.percent:
        text = _PERCENT.sub(rf"\1{words.percent}", text)
    for sign, word in words.signs.items():
        text = text.replace(sign, word)
    numbers = re.compile(_NUMBER) if words.percent else _NOT_READ_BY_COQUI
    return numbers.sub(lambda match: words.cardinal(match[0]), text)


def _time(match: re.Match[str], words: _Words) -> str:
    minutes = f"{int(match[2])}{words.minute}" if int(match[2]) else ""
    return f"{match[1]}{words.hour}{minutes}"


def _price(match: re.Match[str], words: _Words) -> str:
    sign, amount = match[1] or match[4], match[2] or match[3]
    return f"{amount}{words.money[sign]}"
