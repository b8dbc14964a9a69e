"""Numbers, dates, times, amounts and abbreviations are said in words; what is shown stays."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar_app.engines.tts.speech.languages import LANGUAGES
from avatar_app.engines.tts.speech.numerals import spell_out
from avatar_app.engines.tts.speech.phrases import clean, gather_phrases, phrases_of


def said(text: str, language: str = "en-us") -> str:
    phrases = (spell_out(phrase, language) for phrase in gather_phrases(phrases_of(text)))
    return " ".join(" ".join(phrase.spoken for phrase in phrases).split())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("3.50", "three point five"),
        ("(1,000)", "(one thousand)"),
        ("in 1984,", "in nineteen eighty-four,"),
        ("at 10:05", "at ten oh five"),
        ("at 12:00!", "at twelve o'clock!"),
        ("$5 or 1€", "five dollars or one euro"),
        ("$5.50 or £0.99", "five dollars and fifty cents or ninety-nine pence"),
        ("20% off", "twenty percent off"),
        ("5 km, 42kg", "five kilometers, forty-two kilograms"),
        ("−5°C", "minus five degrees Celsius"),
        ("on 2024-03-01.", "on March first, twenty twenty-four."),
        ("by 12/25/2024, then", "by December twenty-fifth, twenty twenty-four, then"),
        ("25/12/2024", "December twenty-fifth, twenty twenty-four"),
        ("3/4/2024", "March fourth, twenty twenty-four"),
        ("13/13/2024 or 13/14", "13/13/2024 or thirteen over fourteen"),
        ("the 3rd", "the third"),
        ("$49.95, $5.00", "forty-nine dollars and ninety-five cents, five dollars"),
        ("$1.5 million, $3M", "one point five million dollars, three million dollars"),
        ("8:00 pm or 10:30am", "eight p m or ten thirty a m"),
        ("11/28 or 7/4", "November twenty-eighth or July fourth"),
        ("3/4 or 2 1/2", "three quarters or two and one half"),
        ("24/7", "twenty-four seven"),
        ("10–20 people, $10-20", "ten to twenty people, ten to twenty dollars"),
        ("8:00–9:30", "eight o'clock to nine thirty"),
        ("1999 to 2019–2023", "nineteen ninety-nine to twenty nineteen to twenty twenty-three"),
        ("the 1990s", "the nineteen nineties"),
        ("call 555-1234.", "call five five five, one two three four."),
        ("(555) 123-4567 now", "five five five, one two three, four five six seven, now"),
        ("+49 30 123456!", "plus four nine, three zero, one two three four five six!"),
        ("72°F, 60 mph, #5", "seventy-two degrees Fahrenheit, sixty miles per hour, number five"),
        ("3 × 4 = 12", "three times four equals twelve"),
        ("e.g. **42** 👍 `code`", "for example forty-two code"),
        (
            "€1,299.00, $1,234.56",
            "one thousand, two hundred and ninety-nine euros, one thousand, two hundred and"
            " thirty-four dollars and fifty-six cents",
        ),
        (
            "1.000.000, 1'000'000, 1,00,000 or 10 000 people",
            "one million, one million, one hundred thousand or ten thousand people",
        ),
        ("2½ cups, ¾ full", "two and one half cups, three quarters full"),
        ("07:05:30", "seven oh five, thirty seconds"),
        ("2026-11-28T08:00:00Z", "November twenty-eighth, twenty twenty-six, eight o'clock"),
        ("the 80s, '90s, in 20s", "the eighties, 'nineties, in twenty seconds"),
        ("5 °C, 1 %, 5%–10%", "five degrees Celsius, one percent, five percent to ten percent"),
        (
            "11/28/26 or 12/2026",
            "November twenty-eighth, twenty twenty-six or December twenty twenty-six",
        ),
        ("keep it ≤ 4", "keep it at most four"),
        ("3D and 1.2.3 and B2", "3D and 1.2.3 and B2"),
        ("2024-13-45", "2024-13-45"),
        ("9" * 40, "9" * 40),
        ("no km here", "no km here"),
    ],
)
def test_english_numerals_are_spoken_as_words(text: str, words: str) -> None:
    assert said(text) == words


@pytest.mark.parametrize(
    ("language", "text", "words"),
    [
        ("de", "Am 3. März um 10:30", "Am dritten März um zehn Uhr dreißig"),
        ("de", "1.234,50 €", "eintausendzweihundertvierunddreißig Euro und fünfzig Cent"),
        ("de", "am 12.03.2024", "am zwölften März zweitausendvierundzwanzig"),
        ("de", "Das sind 3. Gut.", "Das sind drei. Gut."),
        ("de", "5,50€", "fünf Euro und fünfzig Cent"),
        ("de", "5,50 €!", "fünf Euro und fünfzig Cent !"),
        ("de", "um 8:00 Uhr", "um acht Uhr"),
        ("de", "3/4 Liter, 10–20 kg", "drei Viertel Liter, zehn bis zwanzig Kilogramm"),
        ("de", "030-1234567.", "null drei null, eins zwei drei vier fünf sechs sieben."),
        ("en-gb", "28/11", "November twenty-eighth"),
        ("es", "1/2 y 10-20 km", "un medio y diez a veinte kilómetros"),
        ("pt-br", "5,50€", "cinco vírgula cinco euros"),
        ("fr", "le 2024-03-01", "le premier mars deux mille vingt-quatre"),
        ("fr", "le 4/3/2024", "le quatre mars deux mille vingt-quatre"),
        ("en-gb", "3/4/2024", "April third, twenty twenty-four"),
        ("es", "5 km", "cinco kilómetros"),
        ("it", "3,5 kg", "tre virgola cinque chilogrammi"),
        ("pt-br", "2024-01-02", "dois de janeiro de dois mil e vinte e quatro"),
        ("hi", "42", "42"),
        ("de", "um 12:05 Uhr, am 21.3. oder", "um zwölf Uhr fünf , am einundzwanzigsten März oder"),
        ("de", "1 km, 1 h, 1 €", "ein Kilometer, eine Stunde, ein Euro"),
        ("de", "1.299,00 €", "eintausendzweihundertneunundneunzig Euro"),
        (
            "fr",
            "1 299,00 € ou 1 000 000",
            "mille deux cent quatre-vingt-dix-neuf euros ou un million",
        ),
        ("fr", "1 h", "une heure"),
        ("es", "1 km, 1 h", "un kilómetro, una hora"),
    ],
)
def test_numerals_of_other_languages_are_spoken_as_words(
    language: str, text: str, words: str
) -> None:
    assert said(text, language) == words


FIGURES = st.text("0123456789.,:/-–+%$€£°'½ kmhsTt()#", max_size=24)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60) | FIGURES, st.sampled_from(sorted(LANGUAGES)))
def test_arbitrary_text_loses_no_word(text: str, language: str) -> None:
    phrases = [spell_out(phrase, language) for phrase in gather_phrases(phrases_of(text))]
    tokens = [part.token for phrase in phrases for part in phrase.parts if part.token]
    assert tokens == text.split()


def test_first_phrase_is_short_and_the_others_are_sentences() -> None:
    text = "Well now, after all these years, here we are. A sentence, with a comma, follows. End"
    assert [phrase.spoken for phrase in gather_phrases(phrases_of(text))] == [
        "Well now, after all these years,",
        "here we are.",
        "A sentence, with a comma, follows.",
        "End",
    ]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        (
            "I can tell you a story about a fox who lived by the sea.",
            ["I can tell you a story", "about a fox who lived by the sea."],
        ),
        ("I can tell you all about it.", ["I can tell you all about it."]),
        ("The fox and the hound went home.", ["The fox and the hound went home."]),
    ],
)
def test_long_first_sentence_is_cut_at_a_breathing_point(text: str, pieces: list[str]) -> None:
    assert [phrase.spoken for phrase in gather_phrases(phrases_of(text))] == pieces
    assert [phrase.spoken for phrase in gather_phrases(phrases_of(text), begins=False)] == [text]


@pytest.mark.parametrize(
    ("token", "said"),
    [
        ("https://www.example.com/a/b?c=1", "example.com"),
        ("www.example.com/foo", "example.com"),
        ("/usr/share/doc/readme.txt", "readme.txt"),
        ("~/Downloads/wav2lip.pth,", "wav2lip.pth,"),
        ("C:\\Users\\me\\file.txt", "file.txt"),
        *((token, token) for token in ("and/or", "24/7", "km/h", "N/A", "e.g.")),
    ],
)
def test_urls_are_spoken_as_host_and_paths_as_file_name(token: str, said: str) -> None:
    assert clean(token) == said
