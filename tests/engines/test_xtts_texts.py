"""XTTS' nine languages in words: like Coqui's own rules, or better where those drop something.

The library's readings in tests/data/coqui/xtts_texts.json were made with the cleaners of coqui-tts;
tests/coqui/test_xtts_languages.py reads the same texts with the library.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from avatar_app.engines.tts.coqui.east_asian import spell_east_asian
from avatar_app.engines.tts.speech.numerals import spell_out
from avatar_app.engines.tts.speech.phrases import phrases_of

TEXTS = json.loads((Path(__file__).parents[1] / "data/coqui/xtts_texts.json").read_text("utf-8"))
ROWS = [
    pytest.param(language, row, id=f"{language}-{number}")
    for language, rows in TEXTS.items()
    for number, row in enumerate(rows)
]


def spelled(text: str, language: str) -> str:
    phrases = (spell_east_asian(spell_out(each, language), language) for each in phrases_of(text))
    return " ".join(" ".join(phrase.spoken.split()) for phrase in phrases)


@pytest.mark.parametrize(("language", "row"), ROWS)
def test_figures_and_signs_are_in_words(language: str, row: dict[str, Any]) -> None:
    assert spelled(row["text"], language) == row["spoken"]
    left = re.sub(r"\d+%|\d+e\b|\d{4}年", "", row["spoken"])  # which Coqui reads itself
    assert not re.search(r"[\d$€£¥°=+]", left)


def test_nine_languages_are_read_like_the_library_or_better() -> None:
    assert list(TEXTS) == ["en", "de", "fr", "es", "it", "pt", "nl", "zh", "ja"]
    rows = [row for rows in TEXTS.values() for row in rows]
    alike = [row for row in rows if row["read"] == row["library"]]
    assert all(("better" in row) == (row not in alike) for row in rows)
    assert len(alike) > 0.6 * len(rows)


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        ("0", "零"),
        ("10", "十"),
        ("101", "一百零一"),
        ("1001", "一千零一"),
        ("10005", "一万零五"),
        ("2030405", "二百零三万零四百零五"),
        ("100010001", "一亿零一万零一"),
        ("12.05", "十二点零五"),
        ("1234567890123456", "一二三四五六七八九零一二三四五六"),
    ],
)
def test_chinese_numbers_of_any_size(figures: str, expected: str) -> None:
    assert spelled(f"有{figures}人", "zh-cn") == f"有{expected}人"


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("zh", "２０２４年3月", "2024年三月"),
        ("zh", "€1,200和¥5", "一千二百欧元和五元"),
        ("zh", "5km，20°C", "五公里, 二十摄氏度"),
        ("zh", "9:00开始", "九点开始"),
        ("ja", "２０２４年3月", "二千二十四年三月"),
        ("ja", "￥500と5kg", "五百円と五キログラム"),
        ("ja", "A&B=3", "AとBイコール三"),
        ("nl", "Het kost €20,15 op 3 mei.", "Het kost twintig euro, vijftien cent op drie mei."),
        ("nl", "½ liter, 9:00", "een half liter, negen uur"),
        ("ko", "50명 5km", "50명 5km"),
    ],
)
def test_money_times_and_units(language: str, text: str, expected: str) -> None:
    assert spelled(text, language) == expected
