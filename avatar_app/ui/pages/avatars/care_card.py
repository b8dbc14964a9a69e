"""What an avatar is given: step and progress, the picture before, and what has become of it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout

from avatar_app.core.values import Image
from avatar_app.ui.style.theme import UNIT, Theme
from avatar_app.ui.widgets.buttons import small_button
from avatar_app.ui.widgets.margins import margins
from avatar_app.ui.widgets.message import PROGRESS_STEPS, plain_label, progress_bar
from avatar_app.ui.widgets.moving_picture import MovingPicture

_SIDE = 18 * UNIT


class CareCard(QFrame):
    """Above the gallery while something is under way, and until its result was seen."""

    cancel_wanted = Signal()
    use_wanted = Signal()
    back_wanted = Signal()
    closed = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("formCard")
        self.before, self.after = MovingPicture(theme, _SIDE), MovingPicture(theme, _SIDE)
        self.before_title, self.after_title = QLabel(self.tr("Before")), QLabel(self.tr("Now"))
        self.title, self.step = plain_label(), plain_label()
        self.bar = progress_bar()
        tr = self.tr
        self.cancel_button = small_button(tr("Cancel"), tr("Stop; the avatar stays as it was"))
        self.use_button = small_button(tr("Use"), tr("Talk with it like this"), primary=True)
        self.back_button = small_button(tr("As before"), tr("Take it away again"))
        self.close_button = small_button(tr("Close"), tr("Hide this; everything stays"))
        for button, wanted in (
            (self.cancel_button, self.cancel_wanted),
            (self.use_button, self.use_wanted),
            (self.back_button, self.back_wanted),
            (self.close_button, self.closed),
        ):
            button.clicked.connect(wanted)
        self._lay_out()
        self.hide()

    def begin(self, title: str) -> None:
        """Something is under way."""
        self.title.setText(title)
        self.step.setText(self.tr("Starting"))
        self.bar.setValue(0)
        self.before.clear()
        self._show_after(shown=False)
        self._show(busy=True)
        self.show()

    def show_before(self, picture: Image) -> None:
        self.before.show_picture(picture)

    def show_step(self, text: str, fraction: float, preview: Image | None) -> None:
        """Show how far it is, and the picture that was made last."""
        self.step.setText(text)
        self.bar.setValue(round(PROGRESS_STEPS * fraction))
        if preview is not None:
            self.after.show_picture(preview)
            self._show_after(shown=True)

    def show_result(
        self, title: str, facts: str, pictures: Sequence[Image] = (), fps: float = 25.0
    ) -> None:
        """It is done; `pictures` are played."""
        self.title.setText(title)
        self.step.setText(facts)
        if pictures:
            self.after.play(pictures, fps)
        self._show_after(shown=bool(pictures))
        self._show(busy=False)

    def rest(self) -> None:
        """There is nothing to show."""
        self.after.clear()
        self.hide()

    def _show_after(self, *, shown: bool) -> None:
        for widget in (self.after, self.after_title):
            widget.setVisible(shown)

    def _show(self, *, busy: bool) -> None:
        self.bar.setVisible(busy)
        self.cancel_button.setVisible(busy)
        for button in (self.use_button, self.back_button, self.close_button):
            button.setVisible(not busy)

    def _lay_out(self) -> None:
        self.title.setObjectName("rowTitle")
        self.step.setObjectName("settingHelp")
        self.step.setWordWrap(True)
        self.bar.setAccessibleName(self.tr("Progress of the avatar"))
        row = QHBoxLayout(self)
        row.setContentsMargins(margins(2 * UNIT, 2 * UNIT, 2 * UNIT, 2 * UNIT))
        row.setSpacing(2 * UNIT)
        for title, picture in ((self.before_title, self.before), (self.after_title, self.after)):
            title.setObjectName("settingHelp")
            pair = QVBoxLayout()
            pair.setSpacing(UNIT // 2)
            pair.addWidget(picture)
            pair.addWidget(title, 0, Qt.AlignmentFlag.AlignHCenter)
            row.addLayout(pair)
        column = QVBoxLayout()
        column.setSpacing(UNIT)
        for widget in (self.title, self.bar, self.step):
            column.addWidget(widget)
        column.addStretch(1)
        buttons = QHBoxLayout()
        for button in (self.use_button, self.back_button, self.close_button, self.cancel_button):
            buttons.addWidget(button)
        buttons.addStretch(1)
        column.addLayout(buttons)
        row.addLayout(column, 1)
