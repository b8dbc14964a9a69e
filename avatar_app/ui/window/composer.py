"""The composer bar: text field, microphone, mute and stop."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDropEvent,
    QGuiApplication,
    QImage,
    QKeyEvent,
    QKeySequence,
    QResizeEvent,
)
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QSizePolicy, QSpacerItem

from avatar_app.core.events import AudioLevels, State
from avatar_app.ui.language.texts import keep_translated
from avatar_app.ui.style.assets import Glyph
from avatar_app.ui.style.theme import UNIT, Theme
from avatar_app.ui.widgets.buttons import IconButton
from avatar_app.ui.widgets.meters import LevelMeter

HEIGHT = 7 * UNIT
NARROW = 54 * UNIT
"""Pixels of width below which what is not needed to talk or type leaves its room to the field."""
Expanding, Fixed = QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed
LONGEST = 2_000
"""Characters that can be typed at once."""


class _MessageField(QLineEdit):
    """Invites in a few words where there is no room for all of them."""

    picture_pasted = Signal(QImage)
    _invitations = ("", "")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """A picture in the clipboard is pasted as such, unless it comes with words: cells of a
        table do."""
        if event.matches(QKeySequence.StandardKey.Paste):  # other programs are slow to hand it over
            clipboard = QGuiApplication.clipboard()
            has_words = bool(clipboard.text().strip())
            if not has_words and not (image := clipboard.image()).isNull():
                self.picture_pasted.emit(image)
                return
        super().keyPressEvent(event)

    def invite(self, whole: str, short: str) -> None:
        self._invitations = whole, short
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        whole, short = self._invitations
        wide = self.fontMetrics().horizontalAdvance(whole) + 4 * UNIT
        self.setPlaceholderText(whole if wide <= self.width() else short)


class Composer(QFrame):
    """The bar below the portrait."""

    sent = Signal(str)
    held = Signal(bool)
    stopped = Signal()
    mute_wanted = Signal(bool)
    expand_wanted = Signal()
    look_wanted = Signal()
    file_dropped = Signal(object)
    """Emitted with the path of a file that was dropped on the bar."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._muted = self._looking = self._compact = False
        self._awaited = ""
        self.setObjectName("composer")
        self.setFixedHeight(HEIGHT)
        self.talk_button = IconButton(theme, Glyph.TALK, "", kind="talk", shade="on_accent")
        self.mute_button = IconButton(theme, Glyph.MICROPHONE, "", kind="toggle")
        self.mute_button.setCheckable(True)
        self.look_button = IconButton(theme, Glyph.EYE, "", kind="toggle")
        self.meter = LevelMeter(theme, bars=5, height=20)
        self.field = _MessageField()
        self.stop_button = IconButton(theme, Glyph.STOP, "", kind="stop", shade="text")
        self.send_button = IconButton(theme, Glyph.SEND, "", kind="send", shade="on_accent")
        self.expand_button = IconButton(theme, Glyph.EXPAND, "")
        self.expand_button.hide()
        self._dress_field()
        self.setAcceptDrops(True)
        self._lay_out()
        self._connect()
        self._offer_send()
        self.show_state(State.IDLE)
        keep_translated(self, self._name_parts)

    def show_state(self, state: State) -> None:
        """Enable stopping while there is something to stop."""
        self.stop_button.setEnabled(state in (State.THINKING, State.SPEAKING))

    def show_muted(self, *, muted: bool) -> None:
        self._muted = muted
        self.mute_button.setChecked(muted)
        glyph = Glyph.MICROPHONE_OFF if muted else Glyph.MICROPHONE
        self.mute_button.wear(glyph, "danger" if muted else "text_dim")
        name = self.tr("Open the microphone") if muted else self.tr("Mute the microphone")
        self.mute_button.name_it(name, "Ctrl+M")
        self.meter.show_muted(muted=muted)

    def show_awaited(self, phrase: str) -> None:
        """Say what calls the avatar, while it rests until it is called."""
        self._awaited = phrase
        whole, short = self.tr("Type, or hold Space to talk"), self.tr("Type")
        if phrase:
            whole, short = self.tr("Say “{phrase}”, or type").format(phrase=phrase), f"“{phrase}”"
        self.field.invite(whole, short)

    def show_looking(self, *, looking: bool) -> None:
        """A light, while the camera, the screen or a window is looked at."""
        self._looking = looking
        self._show_parts()
        self.look_button.wear(Glyph.EYE, "danger" if looking else "text_dim")
        name = self.tr("I am looking") if looking else self.tr("Let me look")
        self.look_button.name_it(name)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if len(event.mimeData().urls()) == 1:
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()

    def dropEvent(self, event: QDropEvent) -> None:
        self.file_dropped.emit(Path(event.mimeData().urls()[0].toLocalFile()))
        event.accept()

    def show_compact(self, *, compact: bool) -> None:
        """Leave out what a small window has no room for."""
        self._compact = compact
        self.field.setVisible(not compact)
        self.send_button.setVisible(not compact)
        self.expand_button.setVisible(compact)
        self._show_parts()
        self._gap.changeSize(0, 0, Expanding if compact else Fixed, Fixed)
        self._row.invalidate()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show_parts()

    def _show_parts(self) -> None:
        """The light of the eye is seen in any window while it is on."""
        is_wide = self.width() >= NARROW
        self.meter.setVisible(is_wide or self._compact)
        self.look_button.setVisible(self._looking or (is_wide and not self._compact))

    def show_level(self, heard: AudioLevels) -> None:
        self.meter.show_level(heard.microphone_db, heard.speech_probability)

    def show_held(self, *, held: bool) -> None:
        """Show the button as held while the key is held."""
        self.talk_button.setDown(held)

    def send(self) -> None:
        """Send the text in the field, if there is any."""
        text = self.field.text().strip()
        if text:
            self.field.clear()
            self.sent.emit(text)

    def toggle_mute(self) -> None:
        self.mute_wanted.emit(not self._muted)

    def _dress_field(self) -> None:
        self.field.setObjectName("field")
        self.field.setMaxLength(LONGEST)
        self.field.setAttribute(Qt.WidgetAttribute.WA_MacShowFocusRect, on=False)
        self.field.setAcceptDrops(False)  # dropped files belong to the bar

    def _name_parts(self) -> None:
        self.talk_button.name_it(self.tr("Hold to talk"), self.tr("Space"))
        self.stop_button.name_it(self.tr("Stop the answer"), "Esc")
        self.send_button.name_it(self.tr("Send"), self.tr("Enter"))
        self.expand_button.name_it(self.tr("Back to the whole window"), "F9")
        self.show_awaited(self._awaited)
        self.field.setAccessibleName(self.tr("Message"))
        self.field.setToolTip(self.tr("Type and press Enter. While empty, hold Space to talk."))
        self.show_muted(muted=self._muted)
        self.show_looking(looking=self._looking)

    def _lay_out(self) -> None:
        row = self._row = QHBoxLayout(self)
        row.setContentsMargins(UNIT, UNIT, UNIT, UNIT)
        row.setSpacing(UNIT)
        for widget in (self.talk_button, self.mute_button, self.look_button, self.meter):
            row.addWidget(widget)
        self._gap = QSpacerItem(UNIT // 2, 0, Fixed, Fixed)
        row.addSpacerItem(self._gap)
        row.addWidget(self.field, 1)
        row.addWidget(self.stop_button)
        row.addWidget(self.send_button)
        row.addWidget(self.expand_button)

    def _connect(self) -> None:
        self.field.returnPressed.connect(self.send)
        self.field.textChanged.connect(self._offer_send)
        self.send_button.clicked.connect(self.send)
        self.stop_button.clicked.connect(self.stopped)
        self.talk_button.pressed.connect(lambda: self.held.emit(True))  # noqa: FBT003 - Qt's
        self.talk_button.released.connect(lambda: self.held.emit(False))  # noqa: FBT003 - Qt's
        self.mute_button.clicked.connect(self._mute_clicked)
        self.look_button.clicked.connect(self.look_wanted)
        self.expand_button.clicked.connect(self.expand_wanted)

    def _mute_clicked(self) -> None:
        self.mute_button.setChecked(self._muted)  # the session answers with the actual state
        self.toggle_mute()

    def _offer_send(self) -> None:
        self.send_button.setEnabled(bool(self.field.text().strip()))
