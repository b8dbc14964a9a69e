"""Texts of users are read in the encoding they have, or refused: never with wrong letters."""

from __future__ import annotations

import pytest

from avatar_app.core.errors import InputInvalid
from avatar_app.system.text_encoding import decoded

ENGLISH = "The warranty lasts three years. “Naïve” – it costs €5."
GERMAN = "Grüße aus Köln: Die Gewährleistung läuft drei Jahre, für 5 € – „täglich“."
FRENCH = "L’été, ça coûte 5 €. Où est le cœur de l’œuvre ? À Noël, déjà créée."
SPANISH = "¿Cuánto cuesta? ¡Mañana empezará el año! La 1ª opción está aquí."
ICELANDIC = "Þetta er góð bók og ég á hana. Ævintýri í október."
WESTERN = (ENGLISH, GERMAN, FRENCH, SPANISH, ICELANDIC)
RUSSIAN = "Гарантия действует три года."
POLISH = "Zażółć gęślą jaźń. Młody człowiek mieszka we Wrocławiu."
CZECH = "Příliš žluťoučký kůň úpěl ďábelské ódy."
TURKISH = "Garanti süresi üç yıldır. Işık çok güçlü, değil mi? Şimdi ağaç."
HUNGARIAN = "Árvíztűrő tükörfúrógép. Az idő gyönyörű, a főnök küldött egy nőt."


@pytest.mark.parametrize("text", [*WESTERN, RUSSIAN, "保修三年。"])
@pytest.mark.parametrize("code", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_unicode_is_read(text: str, code: str) -> None:
    assert decoded(text.encode(code), "notes.txt") == text


@pytest.mark.parametrize("code", ["utf-16-le", "utf-16-be"])
def test_latin_letters_show_which_half_of_a_utf_16_character_comes_first(code: str) -> None:
    text = GERMAN + "\n" + RUSSIAN
    assert decoded(text.encode(code), "notes.txt") == text


@pytest.mark.parametrize("text", [*WESTERN, "Öl", "Fläche: 5 m²"])
def test_western_europe_is_read_without_a_mark(text: str) -> None:
    assert decoded(text.encode("cp1252"), "notes.txt") == text


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        (POLISH, "cp1250"),
        (POLISH, "iso8859-2"),
        (CZECH, "cp1250"),
        (TURKISH, "cp1254"),
        (HUNGARIAN, "cp1250"),
        (GERMAN.replace("€", "").replace("„", "").replace("“", "").replace("–", ""), "cp850"),
        (GERMAN, "mac-roman"),
        ("Η εγγύηση ισχύει τρία χρόνια.", "cp1253"),
        ("الضمان ثلاث سنوات", "cp1256"),
        ("保修三年。", "gb18030"),
        ("保証は三年です。", "shift-jis"),
        ("你好", "gbk"),
        ("да", "cp1251"),
    ],
)
def test_what_may_be_other_letters_is_refused(text: str, code: str) -> None:
    with pytest.raises(InputInvalid, match=r"encoding of notes\.txt is unknown") as refused:
        decoded(text.encode(code), "notes.txt")
    assert "UTF-8" in refused.value.hint


def test_a_damaged_character_is_marked_and_the_rest_is_read() -> None:
    content = GERMAN.encode()[:-1]
    assert decoded(content, "notes.txt") == GERMAN.removesuffix(".")
    cut = content.replace("läuft".encode(), "l\udcc3uft".encode(errors="surrogateescape"))
    assert decoded(cut, "notes.txt") == GERMAN.removesuffix(".").replace("läuft", "l\ufffduft")
    half = "An emoji that was cut in two: \ud83d.".encode("utf-16", "surrogatepass")
    assert decoded(half, "notes.txt") == "An emoji that was cut in two: \ufffd."
    assert decoded("only \ufffd".encode(), "notes.txt") == "only \ufffd"


@pytest.mark.parametrize("content", [b"\0\1binary", b"MZ\0\0\0\3", b"\xff\xfe\0"])
def test_what_is_no_text_is_refused(content: bytes) -> None:
    with pytest.raises(InputInvalid, match="is no text"):
        decoded(content, "notes.txt")
