"""Translates the window: chooses the language, installs its catalog in Qt, and switches it live."""

from __future__ import annotations

from PySide6.QtCore import QLibraryInfo, QLocale, Qt, QTranslator
from PySide6.QtWidgets import QApplication

from avatar_app.settings.schema import LanguageChoice
from avatar_app.system.translation.catalog import (
    English,
    TextCatalog,
    catalog_file,
    catalog_of,
)

SOURCE = "en"
"""The language that texts are written in."""
LOCALES = {"ar": "ar_AE", "zh": "zh_CN"}
"""The country whose numbers and dates are taken unless the system has another one of the language.
Arabic: one that writes the digits 0 to 9, as the sentences of other rooms have them."""


class WindowTranslator(QTranslator):
    """What `tr` asks; `catalog` also knows finished sentences and plurals."""

    def __init__(self, catalog: TextCatalog | English) -> None:
        super().__init__()
        self.catalog = catalog

    def isEmpty(self) -> bool:
        return False

    def translate(
        self, _context: str, text: str, _disambiguation: str | None = None, _n: int = -1
    ) -> str | None:
        return self.catalog.exact(text)


class WindowLanguage:
    """The language of the process's windows: there is one application object, and one language."""

    def __init__(self) -> None:
        self.code = SOURCE
        self.catalog: TextCatalog | English = English()
        self._installed: list[QTranslator] = []

    def use(self, choice: LanguageChoice) -> None:
        """Show everything in a language; pages and windows hear of it by a LanguageChange event."""
        self.show(resolved(choice))

    def show(self, code: str, catalog: TextCatalog | English | None = None) -> None:
        """Show a language by its code, with another catalog than its own for a test."""
        if code == self.code and catalog is None:
            return
        self.code = code
        self.catalog = catalog or catalog_of(code)
        QLocale.setDefault(locale_of(code))
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        for former in self._installed:
            application.removeTranslator(former)
        self._installed = [_texts_of_qt(code), WindowTranslator(self.catalog)]
        for translator in self._installed:
            application.installTranslator(translator)
        application.setLayoutDirection(QLocale().textDirection())


def resolved(choice: LanguageChoice) -> str:
    """Return the code of the language to show: of `auto`, the first of the system's that exists."""
    wanted = [choice.value]
    if choice is LanguageChoice.AUTO:
        wanted = [name.split("-")[0] for name in QLocale.system().uiLanguages()]
    return next((code for code in wanted if code in available()), SOURCE)


def available() -> list[str]:
    """Return the codes of the languages that the window speaks."""
    codes = (choice.value for choice in LanguageChoice if choice is not LanguageChoice.AUTO)
    return [code for code in codes if code == SOURCE or catalog_file(code).exists()]


def locale_of(code: str) -> QLocale:
    """Return how numbers and dates are written: as the system does if it has this language."""
    system = QLocale.system()
    plain = QLocale(LOCALES.get(code, code))
    return system if system.language() == plain.language() and code != "ar" else plain


def is_right_to_left() -> bool:
    """Whether the window's language is written from right to left."""
    return QLocale().textDirection() is Qt.LayoutDirection.RightToLeft


def _texts_of_qt(code: str) -> QTranslator:
    """Return Qt's own texts: the menus of text fields, names of keys."""
    result = QTranslator()
    folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
    result.load(f"qtbase_{LOCALES['zh'] if code == 'zh' else code}", folder)
    return result


LANGUAGE = WindowLanguage()
