"""A catalog of translations: reads a gettext .po file, and finds the translation of a text."""

from __future__ import annotations

import gettext
import io
from functools import lru_cache
from pathlib import Path

import polib

from avatar_app.system.paths import assets
from avatar_app.system.translation.templates import TemplateIndex, sentences

FOLDER = assets() / "translations"
SOURCE = "en"
"""The language that the texts are written in."""
DEEPEST = 3
"""How deeply translated texts may stand in one another as values."""


class TextCatalog:
    """Translations of the program's English texts into one language."""

    def __init__(self, path: Path) -> None:
        entries = polib.pofile(str(path), encoding="utf-8")
        self._texts = {entry.msgid: entry.msgstr for entry in entries if entry.translated()}
        self._plurals = gettext.GNUTranslations(io.BytesIO(entries.to_binary()))
        self._templates = TemplateIndex(text for text in self._texts if "{0}" in text)
        self._found = lru_cache(maxsize=2_000)(self._find)

    def exact(self, text: str) -> str | None:
        """Return the translation of a text that stands in the catalog; None for others."""
        return self._texts.get(text)

    def counted(self, one: str, many: str, number: float) -> str:
        """Return the form of a text that goes with a number."""
        return self._plurals.ngettext(one, many, int(number))

    def message(self, text: str) -> str:
        """Translate a text with its values in it; what is unknown stays as it is."""
        return self._found(text, DEEPEST)

    def _find(self, text: str, depth: int) -> str:
        if (known := self._texts.get(text)) is not None:
            return known
        if depth and (match := self._templates.match(text)) is not None:
            values = [self._found(value, depth - 1) for value in match.values]
            return match.filled(self._texts[match.template], values)
        parts = sentences(text)
        if len(parts) > 1:
            return " ".join(self._found(part, depth) for part in parts)
        return text


class English:
    """The language that the texts are written in."""

    def exact(self, _text: str) -> str | None:
        return None

    def counted(self, one: str, many: str, number: float) -> str:
        return one if number == 1 else many

    def message(self, text: str) -> str:
        return text


def catalog_file(code: str) -> Path:
    """Return the file of a language's catalog."""
    return FOLDER / f"{code}.po"


def languages() -> tuple[str, ...]:
    """Return the codes of all languages that there are texts in, SOURCE first."""
    return (SOURCE, *sorted(file.stem for file in FOLDER.glob("*.po")))


def catalog_of(code: str) -> TextCatalog | English:
    """Return the catalog of one of these languages; reading it takes a moment, once."""
    return English() if code == SOURCE else _read(catalog_file(code))


_read = lru_cache(maxsize=16)(TextCatalog)
