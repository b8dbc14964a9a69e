"""The portrait with its overlays: captions, name, notices and round buttons."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from avatar_app.session.session import Session
from avatar_app.ui.language.texts import keep_translated
from avatar_app.ui.portrait.avatar_drop_card import AvatarDropCard
from avatar_app.ui.portrait.captions import Captions
from avatar_app.ui.portrait.glow import REACH
from avatar_app.ui.portrait.view import PortraitView
from avatar_app.ui.style.assets import Glyph
from avatar_app.ui.style.theme import CONTROL, UNIT, Theme
from avatar_app.ui.widgets.buttons import IconButton
from avatar_app.ui.widgets.card import SHADOW
from avatar_app.ui.widgets.display_name import title_of
from avatar_app.ui.widgets.message import plain_label
from avatar_app.ui.widgets.notices import NoticeBar

INSET = REACH + 2 * UNIT
CAPTIONS_SHARE = 0.44
"""Height of the captions' area, as a share of the portrait."""
NOTICE_WIDEST, NOTICE_NARROWEST = 66 * UNIT, 50 * UNIT
BESIDE = UNIT + UNIT // 2
"""Pixels between a notice and its neighbors."""


class PortraitPane(QWidget):
    """Places children manually, as they overlap the portrait."""

    def __init__(self, session: Session, theme: Theme) -> None:
        super().__init__()
        self.view = PortraitView(session.frame, session.next_frame_in, theme)
        self.view.setParent(self)
        self.captions = Captions(self)
        self.captions.scrim_moved.connect(self._move_scrim)
        self.name = plain_label(title_of(session.character, session.avatars), self)
        self.name.setObjectName("name")
        self.transcript_button = _stage_button(theme, Glyph.TRANSCRIPT)
        self.transcript_button.setCheckable(True)
        self.theme_button = _stage_button(theme, Glyph.THEME)
        self.settings_button = _stage_button(theme, Glyph.SLIDERS)
        self.pages_button = _stage_button(theme, Glyph.PAGES)
        self.pages_button.setCheckable(True)
        self._tools = QWidget(self)
        row = QHBoxLayout(self._tools)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(UNIT)
        for button in (
            self.theme_button,
            self.settings_button,
            self.transcript_button,
            self.pages_button,
        ):
            row.addWidget(button)
        self.avatar_drop_card = AvatarDropCard(self, theme)
        self.avatar_drop_card.changed.connect(self._place_drop_card)
        self.notices = NoticeBar(self, theme)
        self.notices.changed.connect(self._place_notice)
        self.setMinimumSize(self.view.minimumSize())
        keep_translated(self, self._name_parts)

    def show_transcript(self, *, shown: bool) -> None:
        """Show whether the transcript is open."""
        self.transcript_button.setChecked(shown)
        name = self.tr("Hide the transcript") if shown else self.tr("Show the transcript")
        self.transcript_button.name_it(name, "Ctrl+T")

    def _name_parts(self) -> None:
        self.name.setAccessibleDescription(self.tr("Character"))
        self.theme_button.name_it(self.tr("Change between dark and light"), "Ctrl+D")
        self.settings_button.name_it(self.tr("Devices and appearance"))
        self.pages_button.name_it(self.tr("Settings, models and more"), "Ctrl+B")
        self.show_transcript(shown=self.transcript_button.isChecked())

    def show_controls(self, *, shown: bool) -> None:
        """Show the name and the round buttons, or the portrait and its words alone."""
        self.name.setVisible(shown)
        self._tools.setVisible(shown)
        self._place_notice()

    def show_name(self, name: str) -> None:
        """Show the name of another character."""
        self.name.setText(name)
        self.name.adjustSize()
        self.view.badge_left = float(self.name.geometry().right() + UNIT)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.view.setGeometry(self.rect())
        portrait = self.view.portrait.toRect()
        tall = round(portrait.height() * CAPTIONS_SHARE)
        self.captions.setGeometry(
            QRect(portrait.x(), portrait.bottom() + 1 - tall, portrait.width(), tall)
        )
        self.name.setFixedHeight(4 * UNIT)
        self.name.adjustSize()
        self.name.move(INSET, INSET + (CONTROL - self.name.height()) // 2)
        self.view.badge_left = float(self.name.geometry().right() + UNIT)
        self._tools.adjustSize()
        self._tools.move(self.width() - INSET - self._tools.width(), INSET)
        self._place_notice()

    def _move_scrim(self, top: float) -> None:
        self.view.darken_below(None if top < 0 else self.captions.y() + top)

    def _place_notice(self) -> None:
        """Place the notice between name and buttons where there is room, else below them."""
        left, right = int(self.view.badge_left) + CONTROL, self._tools.x()
        alone = self._tools.isHidden()
        fits = alone or right - left - 2 * BESIDE >= NOTICE_NARROWEST
        if alone or not fits:
            left, right = INSET - BESIDE, self.width() - INSET + BESIDE
        width = min(NOTICE_WIDEST, right - left - 2 * BESIDE) + 2 * SHADOW
        height = self.notices.height_for(width)
        top = INSET - SHADOW + (0 if fits else CONTROL + 2 * UNIT)
        self.notices.setGeometry((left + right - width) // 2, top, width, height)
        self.notices.raise_()
        self._place_drop_card()

    def _place_drop_card(self) -> None:
        """Place the avatar drop card below the buttons, and below a notice if there is one."""
        card, notices = self.avatar_drop_card, self.notices
        bottom = notices.geometry().bottom() - SHADOW if notices.isVisible() else 0
        top = max(INSET + CONTROL, bottom) + BESIDE - SHADOW
        card.move((self.width() - card.width()) // 2, top)
        card.raise_()


def _stage_button(theme: Theme, glyph: Glyph) -> IconButton:
    button = IconButton(theme, glyph, "", kind="stage", shade="on_picture")
    button.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
    return button
