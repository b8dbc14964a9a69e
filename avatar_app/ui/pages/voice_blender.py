"""Mixes two voices of an engine: chosen from lists, a slider between them, heard when it rests."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from avatar_app.session.voice_gallery import InstalledVoice, VoiceBlend, VoiceList
from avatar_app.ui.pages.editors import ChoiceBox
from avatar_app.ui.pages.number_editor import REST_MS, Slider
from avatar_app.ui.pages.page import PageContext
from avatar_app.ui.pages.scrolling import Section, mark_first
from avatar_app.ui.pages.voice_row import about_voice
from avatar_app.ui.pages.voice_title import voice_title
from avatar_app.ui.style.assets import Glyph
from avatar_app.ui.style.theme import UNIT
from avatar_app.ui.widgets.buttons import IconButton, small_button

_STEP = 5
"""Percent between two places of the slider."""


class VoiceBlender(QWidget):
    """Hidden where no engine mixes its voices."""

    rested = Signal(object)
    """The InstalledVoice to be heard: the slider or a list has changed."""
    hear_wanted = Signal(object)
    use_wanted = Signal(object)

    def __init__(self, context: PageContext) -> None:
        super().__init__()
        self._gallery = context.session.voices
        self._voices: list[InstalledVoice] = []
        self._current: VoiceBlend | None = None
        self.boxes = tuple(ChoiceBox(context.theme) for _ in range(2))
        for box, name in zip(
            self.boxes, (self.tr("First voice"), self.tr("Second voice")), strict=True
        ):
            box.setAccessibleName(name)
            box.setToolTip(name)
            box.activated.connect(self._moved)
        self.slider = Slider()
        self.slider.setRange(1, 100 // _STEP - 1)
        self.slider.setValue(50 // _STEP)
        self.slider.setAccessibleName(self.tr("Share of the second voice"))
        self.slider.setToolTip(self.tr("More of the first voice, or more of the second"))
        self.slider.valueChanged.connect(self._moved)
        self.shares = QLabel()
        self.shares.setObjectName("settingHelp")
        self.hear_button = IconButton(context.theme, Glyph.SPEAKER, self.tr("Hear the blend"))
        self.hear_button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.use_button = small_button(self.tr("Use"), self.tr("Use the blend"))
        self.use_button.setMinimumWidth(10 * UNIT)
        self.hear_button.clicked.connect(lambda: self.hear_wanted.emit(self.voice))
        self.use_button.clicked.connect(lambda: self.use_wanted.emit(self.voice))
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST_MS)
        self._rest.timeout.connect(lambda: self.rested.emit(self.voice))
        self._lay_out()
        self.hide()

    def show_list(self, found: VoiceList) -> None:
        """Offer the voices that can be mixed."""
        able = [v for v in found.voices if v.engine in found.blending and not v.cloned]
        self._voices = [v for v in able if _family(v) == _family(able[0])]
        for place, box in enumerate(self.boxes):
            with QSignalBlocker(box):
                box.clear()
                for voice in self._voices:
                    box.addItem(f"{voice_title(voice.name)}  ·  {about_voice(voice)}")
                box.setCurrentIndex(min(place, len(self._voices) - 1))
        self.setVisible(len(self._voices) > 1)
        self.show_current(self._current)

    @property
    def blend(self) -> VoiceBlend:
        """What is chosen."""
        one, other = (self._voices[box.currentIndex()] for box in self.boxes)
        return VoiceBlend(one, other, self.slider.value() * _STEP / 100)

    @property
    def voice(self) -> InstalledVoice:
        """The voice that mixes them."""
        return self._gallery.blended(self.blend)

    def title_of(self, voice: InstalledVoice) -> str:
        """Return the titles of both, if `voice` is what is chosen."""
        if len(self._voices) < 2 or voice != self.voice:
            return ""
        return " + ".join(self._titles)

    @property
    def _titles(self) -> list[str]:
        return [voice_title(self._voices[box.currentIndex()].name) for box in self.boxes]

    def show_current(self, blend: VoiceBlend | None) -> None:
        """Show the blend in use."""
        self._current = blend
        voices = self._voices
        if blend is not None and blend.one in voices and blend.other in voices:
            for box, voice in zip(self.boxes, (blend.one, blend.other), strict=True):
                box.setCurrentIndex(voices.index(voice))
            if not self._rest.isActive():
                with QSignalBlocker(self.slider):
                    self.slider.setValue(round(100 * blend.share / _STEP))
        self._show_shares()

    def mark_heard(self, voice: InstalledVoice | None) -> None:
        """Show whether the blend is heard now."""
        heard = voice is not None and len(self._voices) > 1 and voice == self.voice
        self.hear_button.wear(*((Glyph.STOP, "accent") if heard else (Glyph.SPEAKER, "text_dim")))
        self.hear_button.name_it(self.tr("Stop the blend") if heard else self.tr("Hear the blend"))

    def _moved(self) -> None:
        self._show_shares()
        self._rest.start()

    def _show_shares(self) -> None:
        if len(self._voices) < 2:
            return
        one, other = self._titles
        share = self.slider.value() * _STEP
        text = self.tr("{} % {}  ·  {} % {}").format(100 - share, one, share, other)
        self.shares.setText(text)
        self.slider.setAccessibleDescription(text)
        now, mixed = self._current, one != other
        in_use = now is not None and now.one == self.blend.one and now.other == self.blend.other
        in_use = in_use and now is not None and abs(now.share - self.blend.share) < _STEP / 200
        self.use_button.setEnabled(mixed and not in_use)
        self.use_button.setText(self.tr("In use") if in_use else self.tr("Use"))

    def _lay_out(self) -> None:
        row = QWidget()
        row.setObjectName("settingRow")
        mark_first(row, first=True)
        lists = QHBoxLayout()
        lists.setSpacing(UNIT)
        lists.addWidget(self.boxes[0], 1)
        lists.addWidget(self.boxes[1], 1)
        mix = QHBoxLayout()
        mix.setSpacing(UNIT)
        mix.addWidget(self.slider, 1)
        mix.addWidget(self.hear_button)
        mix.addWidget(self.use_button)
        column = QVBoxLayout(row)
        column.setContentsMargins(2 * UNIT, 12, 2 * UNIT, 12)
        column.setSpacing(UNIT)
        column.addLayout(lists)
        column.addLayout(mix)
        column.addWidget(self.shares)
        section = Section(self.tr("A blend of two voices"))
        section.rows.addWidget(row)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(section)


def _family(voice: InstalledVoice) -> tuple[str, str]:
    """Voices of one engine and model can be mixed."""
    return voice.engine, voice.options.get("model", "")
