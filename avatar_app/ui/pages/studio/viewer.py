"""The clip that is being made, and then the one that is made: step, progress, picture, actions."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QVBoxLayout

from avatar_app.core.values import Image
from avatar_app.session.clip_studio import MadeClip
from avatar_app.ui.style.theme import UNIT, Theme
from avatar_app.ui.widgets.buttons import small_button
from avatar_app.ui.widgets.margins import margins
from avatar_app.ui.widgets.moving_picture import MovingPicture

_SIDE, _SIDE_OF_TWO = 32 * UNIT, 20 * UNIT
_STEPS = 1000
"""Of the bar."""


class ClipViewer(QFrame):
    """Follows one clip."""

    cancel_wanted = Signal()
    play_wanted = Signal()
    avatar_wanted = Signal()
    export_wanted = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("formCard")
        self.before, self.picture = MovingPicture(theme, _SIDE_OF_TWO), MovingPicture(theme, _SIDE)
        self.before_title, self.picture_title = QLabel(self.tr("Before")), QLabel(self.tr("Now"))
        self.step, self.facts = QLabel(), QLabel()
        self.bar = QProgressBar()
        self.bar.setRange(0, _STEPS)
        self.bar.setTextVisible(False)
        self.cancel_button = small_button(self.tr("Cancel"), self.tr("Stop; what is done is kept"))
        self.play_button = small_button(
            self.tr("Play"), self.tr("Play the clip with its sound"), primary=True
        )
        self.avatar_button = small_button(
            self.tr("Use as avatar"), self.tr("Talk with this face; can be undone by another one")
        )
        self.export_button = small_button(self.tr("Export"), self.tr("Save the clip elsewhere"))
        self.cancel_button.clicked.connect(self.cancel_wanted)
        self.play_button.clicked.connect(self.play_wanted)
        self.avatar_button.clicked.connect(self.avatar_wanted)
        self.export_button.clicked.connect(self.export_wanted)
        self._lay_out()
        self.show_before(None)
        self.rest()

    def rest(self) -> None:
        """Nothing was made yet."""
        self.picture.setVisible(not self.picture.is_empty)
        self._show(busy=False, made=False)
        self.step.setText(self.tr("Nothing was made yet"))
        self.facts.setText(self.tr("Write what is said, choose who says it, and make the clip."))
        self.avatar_button.hide()

    def begin(self) -> None:
        """A clip is being made; what was shown before may be of somebody else."""
        self.picture.clear()
        self.picture.show()
        self._show(busy=True, made=False)
        self.facts.setText("")
        self.avatar_button.hide()
        self.bar.setValue(0)

    def show_before(self, image: Image | None) -> None:
        """Show the photo or portrait beside what becomes of it; None for an avatar."""
        compared = image is not None
        if image is not None:
            self.before.show_picture(image)
        self.picture.set_side(_SIDE_OF_TWO if compared else _SIDE)
        for widget in (self.before, self.before_title, self.picture_title):
            widget.setVisible(compared)

    def show_step(self, text: str, fraction: float, preview: Image | None) -> None:
        """Show how far it is."""
        self.step.setText(text)
        self.bar.setValue(round(_STEPS * fraction))
        if preview is not None:
            self.picture.show_picture(preview)

    def show_clip(self, clip: MadeClip, title: str, facts: str, *, has_new_face: bool) -> None:
        """The clip is made. `has_new_face`: its face is no avatar yet."""
        self._show(busy=False, made=True)
        self.step.setText(title)
        self.facts.setText(facts)
        self.avatar_button.setVisible(has_new_face)
        self.picture.play(clip.frames, clip.fps)

    def show_portrait(self, image: Image, title: str) -> None:
        """A portrait was drawn."""
        self.picture.show()
        self._show(busy=False, made=False)
        self.step.setText(title)
        self.facts.setText("")
        self.avatar_button.show()
        self.picture.show_picture(image)

    def _show(self, *, busy: bool, made: bool) -> None:
        self.bar.setVisible(busy)
        self.cancel_button.setVisible(busy)
        self.play_button.setVisible(made)
        self.export_button.setVisible(made)

    def _lay_out(self) -> None:
        self.step.setObjectName("rowTitle")
        self.facts.setObjectName("settingHelp")
        self.bar.setAccessibleName(self.tr("Progress of the clip"))
        for label in (self.step, self.facts):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        column = QVBoxLayout()
        column.setSpacing(UNIT)
        for widget in (self.step, self.bar, self.facts):
            column.addWidget(widget)
        column.addStretch(1)
        for button in (
            self.play_button,
            self.export_button,
            self.avatar_button,
            self.cancel_button,
        ):
            column.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
        row = QHBoxLayout(self)
        row.setContentsMargins(margins(2 * UNIT, 2 * UNIT, 2 * UNIT, 2 * UNIT))
        row.setSpacing(2 * UNIT)
        for title, picture in (
            (self.before_title, self.before),
            (self.picture_title, self.picture),
        ):
            title.setObjectName("settingHelp")
            pair = QVBoxLayout()
            pair.setSpacing(UNIT // 2)
            pair.addWidget(picture)
            pair.addWidget(title, 0, Qt.AlignmentFlag.AlignHCenter)
            pair.addStretch(1)
            row.addLayout(pair)
        row.addLayout(column, 1)
