"""A new avatar: its photo with checks and crop, a name, a sentence to try, and the end of it."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from avatar_app.avatars.draft import AvatarDraft
from avatar_app.avatars.library import name_from, title_from
from avatar_app.avatars.photo_checks import CheckResult
from avatar_app.ui.pages.avatars.check_list import CheckList
from avatar_app.ui.pages.avatars.crop_picture import CropPicture
from avatar_app.ui.pages.avatars.live_picture import SIDE, LivePicture
from avatar_app.ui.pages.scrolling import sentence
from avatar_app.ui.style.theme import UNIT, Theme
from avatar_app.ui.widgets.buttons import small_button
from avatar_app.ui.widgets.display_name import shown_name

CHECKS = 31 * UNIT
REST_MS = 400
"""How long a crop rests before it is shown as an avatar."""


class DraftView(QWidget):
    """Checks follow the crop at once, the moving picture when it rests."""

    kept = Signal()
    """Make the avatar."""
    left = Signal()
    """No avatar is wanted after all."""
    settled = Signal()
    """Another face or crop is to be tried."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.draft: AvatarDraft | None = None
        self.picture = CropPicture(theme)
        self.checks = CheckList(theme)
        self.about = sentence("")
        self.trial = LivePicture(theme, self.tr("The new avatar"))
        self.name_field = QLineEdit()
        self.name_field.setObjectName("filter")
        self.name_field.setAccessibleName(self.tr("Name of the avatar"))
        self.name_field.setToolTip(self.tr("Any name; you can change it later"))
        self.name_field.setPlaceholderText(self.tr("Name"))
        self.keep_button = small_button(self.tr("Add"), self.tr("Add this avatar"), primary=True)
        self.cancel_button = small_button(self.tr("Cancel"), self.tr("Make no avatar (Esc)"))
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST_MS)
        self._rest.timeout.connect(self.settled)
        self.try_place = QVBoxLayout()
        """Where the page puts its bar for trying a sentence."""
        self._lay_out()
        self.picture.changed.connect(self._check)
        self.name_field.returnPressed.connect(self._keep)
        self.keep_button.clicked.connect(self._keep)
        self.cancel_button.clicked.connect(self.left)

    @property
    def title(self) -> str:
        return self.name_field.text().strip()

    def show_draft(self, draft: AvatarDraft) -> None:
        """Show what was found in a file."""
        self.draft = draft
        self.trial.clear()
        self.name_field.setText(title_from(draft.source) or shown_name(name_from(draft.source)))
        self.about.setText(self._hint(draft))
        self.picture.show_draft(draft)
        self.picture.setFocus()

    def clear(self) -> None:
        """The draft is gone."""
        self._rest.stop()
        self.draft = None
        self.trial.clear()

    def _hint(self, draft: AvatarDraft) -> str:
        if draft.clip is not None:
            notes = " ".join(draft.clip.notes)
            return notes or self.tr("The clip is taken as a whole: it plays while nobody speaks.")
        if len(draft.faces) > 1:
            return self.tr("Click the face that you want, or press its number.")
        return self.tr("Drag the frame or its corners; arrows, + and − do the same.")

    def _check(self) -> None:
        if self.draft is None:
            return
        checks = self.draft.checks(self.picture.face, self.picture.crop)
        self.checks.show_checks(checks)
        usable = all(check.result is not CheckResult.POOR for check in checks)
        self.keep_button.setEnabled(usable or self.draft.clip is not None)
        self.picture.setAccessibleName(self.tr("Photo and the part that is kept"))
        poor = sum(check.result is not CheckResult.GOOD for check in checks)
        self.picture.setAccessibleDescription(
            self.tr("Face {} of {}; {} checks could be better.").format(
                self.picture.face + 1, len(self.draft.faces), poor
            )
        )
        self._rest.start()

    def _keep(self) -> None:
        if self.keep_button.isEnabled():
            self.kept.emit()

    def _lay_out(self) -> None:
        upper = QHBoxLayout()
        upper.setSpacing(2 * UNIT)
        upper.addWidget(self.picture, 1)
        side = QFrame()
        side.setObjectName("formCard")
        side.setFixedWidth(CHECKS)
        checks = QVBoxLayout(side)
        checks.setContentsMargins(2 * UNIT, UNIT, 2 * UNIT, UNIT)
        heading = QLabel(self.tr("Checks"))
        heading.setObjectName("rowTitle")
        checks.addWidget(heading)
        checks.addWidget(self.checks)
        checks.addStretch(1)
        checks.addWidget(self.about)
        upper.addWidget(side, 0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2 * UNIT)
        column.addLayout(upper, 1)
        column.addWidget(self._lower())

    def _lower(self) -> QFrame:
        card = QFrame()
        card.setObjectName("formCard")
        card.setFixedHeight(SIDE + 4 * UNIT)
        row = QHBoxLayout(card)
        row.setContentsMargins(2 * UNIT, 2 * UNIT, 2 * UNIT, 2 * UNIT)
        row.setSpacing(2 * UNIT)
        row.addWidget(self.trial)
        fields = QVBoxLayout()
        fields.setSpacing(UNIT)
        fields.addWidget(self.name_field)
        fields.addLayout(self.try_place)
        fields.addStretch(1)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.cancel_button)
        buttons.addWidget(self.keep_button)
        fields.addLayout(buttons)
        row.addLayout(fields, 1)
        return card
