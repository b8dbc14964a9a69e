"""A sentence and a voice to try an avatar with, and the button that starts and stops it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from avatar_app.session.voice_gallery import InstalledVoice, VoiceList
from avatar_app.ui.pages.editors import ChoiceBox
from avatar_app.ui.pages.voice_title import voice_title
from avatar_app.ui.style.assets import Glyph
from avatar_app.ui.style.theme import UNIT, Theme
from avatar_app.ui.widgets.buttons import IconButton

VOICES = 22 * UNIT


class TryBar(QWidget):
    """Without words of the user it says the last sentence of the conversation, or a sample."""

    pressed = Signal()
    """Speak, or stop."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._last = ""
        self.field = QLineEdit()
        self.field.setObjectName("filter")
        self.field.setAccessibleName(self.tr("Sentence to try"))
        self.field.setToolTip(self.tr("What an avatar says when you try it"))
        self.voices = ChoiceBox(theme)
        self.voices.setObjectName("filter")
        self.voices.setAccessibleName(self.tr("Voice to try"))
        self.voices.setToolTip(self.tr("The voice of the conversation, or any other"))
        self.voices.setFixedWidth(VOICES)
        self.voices.addItem(self.tr("Voice in use"), None)
        self.button = IconButton(theme, Glyph.SPEAKER, "")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(UNIT)
        row.addWidget(self.field, 1)
        row.addWidget(self.voices)
        row.addWidget(self.button)
        self.field.returnPressed.connect(self.pressed)
        self.button.clicked.connect(self.pressed)
        self.show_last("")
        self.show_speaking(speaking=False)

    @property
    def sentence(self) -> str:
        return self.field.text().strip() or self._last

    @property
    def voice(self) -> InstalledVoice | None:
        """The chosen one; None is that of the conversation."""
        voice: InstalledVoice | None = self.voices.currentData()
        return voice

    def show_last(self, sentence: str) -> None:
        """The last sentence of the conversation is this one."""
        self._last = sentence or self.tr("Hello! This is how I look when I speak.")
        self.field.setPlaceholderText(self._last)

    def show_voices(self, found: VoiceList) -> None:
        """Offer these."""
        chosen = self.voice
        while self.voices.count() > 1:
            self.voices.removeItem(1)
        for voice in found.voices:
            self.voices.addItem(f"{voice_title(voice.name)}  ·  {voice.engine_title}", voice)
        index = next(
            (i for i in range(self.voices.count()) if self.voices.itemData(i) == chosen), 0
        )
        self.voices.setCurrentIndex(index)

    def show_speaking(self, *, speaking: bool) -> None:
        """An avatar speaks now, or not."""
        if speaking:
            self.button.wear(Glyph.STOP, "accent")
            self.button.name_it(self.tr("Stop"))
        else:
            self.button.wear(Glyph.SPEAKER, "text_dim")
            self.button.name_it(self.tr("Let it speak"))
