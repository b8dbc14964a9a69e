"""Checkable buttons that a screen reader can press: Qt changes their state without a click."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QAbstractButton, QPushButton

if TYPE_CHECKING:
    _Button = QAbstractButton
else:
    _Button = object  # mixed into a class of Qt's, of which there can be only one


class ClickedByToggle(_Button):
    """Emits `clicked` whenever the user toggles it, by whatever means, and not when the program
    does. Call `announce_toggles` at the end of `__init__`."""

    _is_expected = False

    def announce_toggles(self) -> None:
        self.toggled.connect(self._note)

    def setChecked(self, checked: bool) -> None:  # noqa: FBT001 - Qt's
        self._is_expected = True
        super().setChecked(checked)
        self._is_expected = False

    def nextCheckState(self) -> None:
        """Part of a click, which emits `clicked` itself."""
        self._is_expected = True
        super().nextCheckState()
        self._is_expected = False

    def _note(self) -> None:
        if not self._is_expected:
            self.clicked.emit()


class CheckableButton(ClickedByToggle, QPushButton):
    """A button with a text that is on or off."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.setCheckable(True)
        self.announce_toggles()
