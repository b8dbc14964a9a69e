"""The checks of a photo as a list: what is good, what could be better, what prevents an avatar."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from avatar_app.avatars.photo_checks import LEAST_FACE, CheckKind, CheckResult, PhotoCheck
from avatar_app.ui.style.assets import Glyph, pixmap
from avatar_app.ui.style.theme import UNIT, Theme
from avatar_app.ui.widgets.message import plain_label

_ORDER = (
    CheckKind.PEOPLE,
    CheckKind.WHOLE,
    CheckKind.SIZE,
    CheckKind.SHARPNESS,
    CheckKind.FRONTAL,
    CheckKind.UPRIGHT,
    CheckKind.LIGHT,
    CheckKind.MOUTH,
)
_SIGNS = {
    CheckResult.GOOD: (Glyph.CHECK, "good_text", "good"),
    CheckResult.FAIR: (Glyph.INFORMATION, "warn_text", "warn"),
    CheckResult.POOR: (Glyph.WARNING, "danger", "bad"),
}
SIGN = 18


class CheckRow(QWidget):
    """A sign and a sentence."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._check: PhotoCheck | None = None
        self.sign, self.text = QLabel(), plain_label()
        self.text.setWordWrap(True)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 2, 0, 2)
        row.setSpacing(UNIT)
        row.addWidget(self.sign, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.text, 1)
        theme.changed.connect(self._paint)

    def show_check(self, check: PhotoCheck) -> None:
        if check == self._check:
            return
        self._check = check
        self.text.setText(self._sentence(check))
        self.setAccessibleName(self.text.text())
        self._paint()

    def _paint(self) -> None:
        if self._check is None:
            return
        glyph, shade, tone = _SIGNS[self._check.result]
        color = getattr(self._theme.palette, shade)
        self.sign.setPixmap(pixmap(glyph, color, SIGN, self.devicePixelRatioF()))
        name = "settingHelp" if self._check.result is CheckResult.GOOD else "verdict"
        if (self.text.objectName(), self.text.property("tone")) != (name, tone):
            self.text.setObjectName(name)
            self.text.setProperty("tone", tone)
            self.text.style().unpolish(self.text)
            self.text.style().polish(self.text)

    def _sentence(self, check: PhotoCheck) -> str:
        figure = f"{check.figure:.0f}"
        good, fair, poor = {
            CheckKind.PEOPLE: (
                self.tr("One face"),
                self.tr("{} faces: the marked one is used").format(figure),
                "",
            ),
            CheckKind.WHOLE: (
                self.tr("The whole face is in the picture"),
                self.tr("The face is cut off a little"),
                self.tr("The face is cut off"),
            ),
            CheckKind.SIZE: (
                self.tr("Large enough: {} pixels").format(figure),
                self.tr("Small: {} pixels; a closer photo looks better").format(figure),
                self.tr("Too small: {} pixels of {:.0f}").format(figure, LEAST_FACE),
            ),
            CheckKind.SHARPNESS: (
                self.tr("Sharp"),
                self.tr("A little blurred"),
                self.tr("Too blurred"),
            ),
            CheckKind.FRONTAL: (
                self.tr("Looks into the camera"),
                self.tr("Turned by {}°; frontal looks better").format(figure),
                self.tr("Seen from the side: {}°").format(figure),
            ),
            CheckKind.UPRIGHT: (
                self.tr("Upright"),
                self.tr("Tilted by {}°").format(figure),
                self.tr("Lies on its side"),
            ),
            CheckKind.LIGHT: (self.tr("Well lit"), self.tr("Dark"), self.tr("Dark")),
            CheckKind.MOUTH: (
                self.tr("Closed lips"),
                self.tr("Open mouth; closed lips speak better"),
                "",
            ),
        }[check.kind]
        return {CheckResult.GOOD: good, CheckResult.FAIR: fair, CheckResult.POOR: poor}[
            check.result
        ]


class CheckList(QWidget):
    """One row for each kind of check; only what changes is drawn again."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setAccessibleName(self.tr("Checks of the picture"))
        self.rows = {kind: CheckRow(theme) for kind in _ORDER}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for row in self.rows.values():
            column.addWidget(row)

    def show_checks(self, checks: Iterable[PhotoCheck]) -> None:
        for check in checks:
            self.rows[check.kind].show_check(check)
