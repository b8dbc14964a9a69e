"""Translates texts outside of `self.tr`: those of other rooms, plurals, and what stays on show.

In a QObject, a text of the window is `self.tr("…")`. Elsewhere, and for texts that other rooms
made, it is `translated(…)`; a text with a number is `counted(…)`.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QWidget

from avatar_app.core.errors import AvatarError
from avatar_app.core.events import Failed
from avatar_app.ui.language.translator import LANGUAGE


def translated(text: str) -> str:
    """Return an English text in the window's language, with the values that it has."""
    return LANGUAGE.catalog.message(text)


def for_translation(text: str) -> str:
    """Mark a text for the catalog that is translated later, where it is shown."""
    return text


def counted(one: str, many: str, number: float) -> str:
    """Return the form of a text that goes with a number: `counted("{} turn", "{} turns", n)`; the
    number is not in it yet."""
    return LANGUAGE.catalog.counted(one, many, number)


def full_text(error: AvatarError | Failed) -> str:
    """Return a failure's sentence and hint in the window's language."""
    return f"{translated(error.message)} {translated(error.hint)}".strip()


def keep_translated(widget: QWidget, name_parts: Callable[[], None]) -> None:
    """Call `name_parts` now, and whenever the language changes: for parts that are never rebuilt,
    as pages are."""
    name_parts()
    widget.installEventFilter(_LanguageWatch(widget, name_parts))


class _LanguageWatch(QObject):
    def __init__(self, widget: QWidget, name_parts: Callable[[], None]) -> None:
        super().__init__(widget)
        self._name_parts = name_parts

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LanguageChange:
            self._name_parts()
        return super().eventFilter(watched, event)
