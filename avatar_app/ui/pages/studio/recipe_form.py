"""The form of a recipe: who is seen, what is said and how, and the file; bounds come from the
recipe's schema."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from annotated_types import Ge, Le
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from avatar_app.studio.recipe import USUAL_DEADLINE, AudioTrack
from avatar_app.ui.pages.editors import ChoiceBox, LineEdit
from avatar_app.ui.pages.number_editor import DecimalBox
from avatar_app.ui.pages.studio.words import StudioWords
from avatar_app.ui.style.theme import UNIT, Theme
from avatar_app.ui.widgets.buttons import small_button
from avatar_app.ui.widgets.margins import margins

AVATAR, PHOTO, PROMPT = "avatar", "photo", "prompt"
_SCRIPT_LINES = 4
_FIELD = 22 * UNIT
"""Width of a field in pixels."""
_MOST_SECONDS = 600.0


class RecipeForm(QFrame):
    """Gives the recipe's document; what is wrong in it is said when it is checked."""

    photo_wanted = Signal()
    portrait_wanted = Signal()
    changed = Signal()

    def __init__(self, theme: Theme, words: StudioWords) -> None:
        super().__init__()
        self.setObjectName("formCard")
        self.photo: Path | None = None
        self.source, self.avatar = ChoiceBox(theme), ChoiceBox(theme)
        self.prompt, self.negative = LineEdit(), LineEdit()
        self.photo_button = small_button(self.tr("Choose"), self.tr("Choose a photo"))
        self.photo_name = QLabel()
        self.portrait_button = small_button(
            self.tr("Preview"), self.tr("Draw the portrait of this prompt")
        )
        self.life, self.script = ChoiceBox(theme), QPlainTextEdit()
        self.emotion, self.character = ChoiceBox(theme), ChoiceBox(theme)
        self.speed, self.deadline = _spin(_bounds("speed"), 1.0), _spin((0.0, _MOST_SECONDS), 0.0)
        self.format, self.quality = ChoiceBox(theme), ChoiceBox(theme)
        self._rows = QVBoxLayout(self)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(0)
        self._fill(words)
        self._parts: dict[str, QWidget] = {}
        self._lay_out()
        self.source.currentIndexChanged.connect(self._show_source)
        self.photo_button.clicked.connect(self.photo_wanted)
        self.portrait_button.clicked.connect(self.portrait_wanted)
        self.script.textChanged.connect(self.changed)
        self.prompt.textChanged.connect(self.changed)
        self._show_source()

    def show_avatars(self, titles: Mapping[str, str], chosen: str) -> None:
        """Offer these avatars, by name."""
        kept = self.avatar.currentData() or chosen
        self.avatar.clear()
        for name, title in titles.items():
            self.avatar.addItem(title, name)
        self.avatar.setCurrentIndex(max(self.avatar.findData(kept), 0))

    def show_voices(self, names: tuple[str, ...]) -> None:
        """Offer these presets of voices."""
        self.character.clear()
        self.character.addItem(self.tr("As in the settings"), "")
        for name in names:
            self.character.addItem(name.title(), name)

    def take_photo(self, path: Path) -> None:
        """The person of this photo is to speak."""
        self.photo = path
        self.photo_name.setText(path.name)
        self.source.setCurrentIndex(self.source.findData(PHOTO))
        self.changed.emit()

    @property
    def has_prompt(self) -> bool:
        """Whether a portrait can be drawn."""
        return self.source.currentData() == PROMPT and bool(self.prompt.text().strip())

    @property
    def is_complete(self) -> bool:
        """Whether it says what is said, and who says it."""
        source = self.source.currentData()
        has_face = source == AVATAR or self.has_prompt
        has_face = has_face or (source == PHOTO and self.photo is not None)
        return has_face and bool(self.script.toPlainText().strip())

    def document(self) -> dict[str, Any]:
        """Return the recipe as it is filled in."""
        source = self.source.currentData()
        visual: dict[str, Any] = {"life": self.life.currentData()}
        if source == AVATAR:
            visual["avatar"] = self.avatar.currentData() or ""
        elif source == PHOTO and self.photo is not None:
            visual["photo"] = str(self.photo)
        elif source == PROMPT:
            visual |= {"prompt": self.prompt.text(), "negative_prompt": self.negative.text()}
        return {
            "audio": {
                "script": self.script.toPlainText(),
                "emotion": self.emotion.currentData(),
                "character": self.character.currentData() or "",
                "speed": self.speed.value(),
            },
            "visual": visual,
            "output": {
                "format": self.format.currentData(),
                "quality": self.quality.currentData(),
            },
            "deadline": self.deadline.value() or None,
        }

    def _fill(self, words: StudioWords) -> None:
        sources = {
            AVATAR: self.tr("An avatar"),
            PHOTO: self.tr("A photo"),
            PROMPT: self.tr("A prompt"),
        }
        for box, choices in (
            (self.source, sources),
            (self.life, words.life()),
            (self.emotion, words.emotions()),
            (self.format, words.formats()),
            (self.quality, words.qualities()),
        ):
            for value, title in choices.items():
                box.addItem(title, str(value))
        self.quality.setCurrentIndex(self.quality.findData("medium"))
        self.prompt.setPlaceholderText(self.tr("A woman of forty with short gray hair"))
        self.negative.setPlaceholderText(self.tr("What must not be seen"))
        self.script.setPlaceholderText(self.tr("What is said"))
        self.script.setObjectName("description")
        self.script.setTabChangesFocus(True)
        lines = self.script.fontMetrics().lineSpacing() * _SCRIPT_LINES
        self.script.setFixedHeight(lines + 3 * UNIT)
        self.deadline.setSpecialValueText(self.tr("Whenever"))
        self.deadline.setSuffix(" s")
        self.deadline.setValue(USUAL_DEADLINE * 3)
        self.photo_name.setObjectName("settingHelp")

    def _lay_out(self) -> None:
        self._row(self.tr("Who is seen"), self.source)
        self._parts[AVATAR] = self._row(self.tr("Avatar"), self.avatar)
        self._parts[PHOTO] = self._row(self.tr("Photo"), self.photo_name, self.photo_button)
        self._parts[PROMPT] = self._row(self.tr("Prompt"), self.prompt, self.portrait_button)
        self._parts["negative"] = self._row(self.tr("Not wanted"), self.negative)
        self._row(self.tr("What moves"), self.life)
        self._row(self.tr("Script"), self.script)
        self._row(self.tr("Emotion"), self.emotion)
        self._row(self.tr("Voice"), self.character)
        self._row(self.tr("Speed"), self.speed)
        self._row(self.tr("File"), self.format)
        self._row(self.tr("Quality"), self.quality)
        self._row(self.tr("Ready within"), self.deadline)

    def _row(self, title: str, *controls: QWidget) -> QWidget:
        row = QFrame()
        row.setObjectName("settingRow")
        row.setProperty("first", "true" if not self._rows.count() else "false")
        label = QLabel(title)
        label.setBuddy(controls[0])
        inside = QHBoxLayout(row)
        inside.setContentsMargins(margins(2 * UNIT, UNIT, 2 * UNIT, UNIT))
        inside.setSpacing(UNIT)
        inside.addWidget(label, 1)
        wide = (self.script, self.prompt, self.negative)
        for control in controls:
            if not control.accessibleName():
                control.setAccessibleName(title)
            inside.addWidget(control, 2 if control in wide else 0)
            if isinstance(control, ChoiceBox | DecimalBox):
                control.setFixedWidth(_FIELD)
        if controls[0] in (self.prompt, self.negative):
            controls[0].setMinimumWidth(_FIELD)
        self._rows.addWidget(row)
        return row

    def _show_source(self) -> None:
        source = self.source.currentData()
        for name, part in self._parts.items():
            part.setVisible(name == source or (name == "negative" and source == PROMPT))
        self.changed.emit()


def _bounds(name: str) -> tuple[float, float]:
    """Return the range of a number of the recipe's sound."""
    marks = AudioTrack.model_fields[name].metadata
    least = next(float(str(mark.ge)) for mark in marks if isinstance(mark, Ge))
    most = next(float(str(mark.le)) for mark in marks if isinstance(mark, Le))
    return least, most


def _spin(bounds: tuple[float, float], value: float) -> DecimalBox:
    spin = DecimalBox()
    spin.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # the wheel scrolls the page
    spin.setRange(*bounds)
    spin.setDecimals(2 if bounds[1] < 10 else 0)
    spin.setSingleStep(0.05 if bounds[1] < 10 else 5)
    spin.setValue(value)
    spin.lineEdit().setTextMargins(UNIT, 0, UNIT, 0)
    return spin
