"""Settings in the window's language: titles, help, sections and choices of a form's fields."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from avatar_app.settings.forms import FieldChoice, SettingField
from avatar_app.settings.schema import LanguageChoice
from avatar_app.ui.language.texts import translated
from avatar_app.ui.language.translator import available

LANGUAGE_SETTING = "window.language"
NATIVE_NAMES = {
    "en": "English",
    "de": "Deutsch",
    "es": "Español",
    "fr": "Français",
    "zh": "简体中文",
    "ar": "العربية",
}
"""A language is called as its speakers call it, whatever is on show."""
DOT = " · "
"""Between the titles of nested sections."""


def in_language(fields: Iterable[SettingField]) -> tuple[SettingField, ...]:
    """Return fields that read, and are searched, in the window's language."""
    return tuple(map(_translated, fields))


def _translated(field: SettingField) -> SettingField:
    languages = field.name == LANGUAGE_SETTING
    return replace(
        field,
        title=translated(field.title),
        help=translated(field.help),
        section=DOT.join(map(translated, field.section.split(DOT))),
        unit=translated(field.unit),
        place=translated(field.place),
        choices=_languages() if languages else tuple(map(_choice, field.choices)),
    )


def _choice(choice: FieldChoice) -> FieldChoice:
    return replace(choice, title=translated(choice.title), help=translated(choice.help))


def _languages() -> tuple[FieldChoice, ...]:
    system = FieldChoice(LanguageChoice.AUTO, translated("As the system"))
    return (system, *(FieldChoice(code, NATIVE_NAMES[code]) for code in available()))
