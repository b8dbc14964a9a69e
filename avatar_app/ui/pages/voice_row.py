"""One voice of the list: name, engine, language, and buttons to play and use it."""

from __future__ import annotations

from PySide6.QtCore import QLocale, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout

from avatar_app.session.voice_gallery import InstalledVoice
from avatar_app.ui.language.texts import counted, translated
from avatar_app.ui.pages.voice_title import person_of, sex_of, voice_title
from avatar_app.ui.style.assets import Glyph
from avatar_app.ui.style.stylesheet import mark
from avatar_app.ui.style.theme import UNIT, Theme
from avatar_app.ui.widgets.buttons import TAKES_SPACE, IconButton
from avatar_app.ui.widgets.message import plain_label

_MOST_LANGUAGES = 2


class VoiceRow(QFrame):
    """Pressed again while it is heard, its first button stops it."""

    hear_wanted = Signal(object)
    starred = Signal(object, bool)
    """The user gives it a star, or takes it away."""
    use_wanted = Signal(object)
    left = Signal(int)
    """An arrow key leaves it, down (1) or up (-1)."""
    entered = Signal()
    """It has the focus."""

    def __init__(self, voice: InstalledVoice, theme: Theme) -> None:
        super().__init__()
        self.voice, self.is_favorite = voice, False
        self.setObjectName("voiceRow")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.title = voice_title(voice.name)
        self.name = plain_label(self.title)
        self.name.setObjectName("voiceName")
        self.about = plain_label(about_voice(voice))
        self.about.setObjectName("settingHelp")
        self.star_button = IconButton(theme, Glyph.STAR, "")
        self.star_button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.star_button.clicked.connect(lambda: self.starred.emit(voice, not self.is_favorite))
        self.hear_button = IconButton(theme, Glyph.SPEAKER, "")
        self.hear_button.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the row's keys do the same
        self.use_button = QPushButton()
        self.use_button.setObjectName("noticeAction")
        self.use_button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.use_button.setMinimumWidth(10 * UNIT)
        self.use_button.setCursor(Qt.CursorShape.PointingHandCursor)
        self.hear_button.clicked.connect(lambda: self.hear_wanted.emit(voice))
        self.use_button.clicked.connect(lambda: self.use_wanted.emit(voice))
        texts = QVBoxLayout()
        texts.setSpacing(0)
        texts.addWidget(self.name)
        texts.addWidget(self.about)
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * UNIT, UNIT // 2, 2 * UNIT, UNIT // 2)
        row.setSpacing(UNIT)
        row.addLayout(texts, 1)
        row.addWidget(self.star_button)
        row.addWidget(self.hear_button)
        row.addWidget(self.use_button)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setProperty(TAKES_SPACE, True)  # noqa: FBT003
        self.setAccessibleName(f"{self.title}, {self.about.text()}")
        self.setAccessibleDescription(self.tr("Space hears it, Enter uses it, F gives it a star."))
        self.show_favorite(favorite=False)
        self.show_heard(heard=False)
        self.show_current(current=False)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        match event.key():
            case Qt.Key.Key_Space if not event.isAutoRepeat():
                self.hear_button.click()
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self.use_button.click()
            case Qt.Key.Key_F:
                self.star_button.click()
            case Qt.Key.Key_Down:
                self.left.emit(1)
            case Qt.Key.Key_Up:
                self.left.emit(-1)
            case _:
                super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.entered.emit()

    def show_favorite(self, *, favorite: bool) -> None:
        """It has a star, or not."""
        self.is_favorite = favorite
        if favorite:
            self.star_button.wear(Glyph.STARRED, "accent")
            self.star_button.name_it(self.tr("Take the star from {}").format(self.title), "F")
        else:
            self.star_button.wear(Glyph.STAR, "text_faint")
            self.star_button.name_it(self.tr("Give {} a star").format(self.title), "F")

    def show_heard(self, *, heard: bool) -> None:
        """It is heard now, or not."""
        name = self.title
        if heard:
            self.hear_button.wear(Glyph.STOP, "accent")
            self.hear_button.name_it(self.tr("Stop {}").format(name))
        else:
            self.hear_button.wear(Glyph.SPEAKER, "text_dim")
            self.hear_button.name_it(self.tr("Hear {}").format(name))

    def show_current(self, *, current: bool) -> None:
        """It is the voice of the conversation, or not."""
        mark(self.name, "current", current)
        self.use_button.setEnabled(not current)
        self.use_button.setText(self.tr("In use") if current else self.tr("Use"))
        text = self.tr("{} is in use") if current else self.tr("Use {}")
        self.use_button.setAccessibleName(text.format(self.title))
        self.use_button.setToolTip(text.format(self.title))

    @property
    def searchable(self) -> str:
        """All that a search looks at, in lower case."""
        texts = (self.voice.name, self.title, self.voice.engine_title, self.about.text())
        return " ".join(texts).casefold()

    @property
    def key(self) -> str:
        """What it is called in settings: kokoro/af_heart."""
        return f"{self.voice.engine}/{self.voice.name}"

    @property
    def sex(self) -> str:
        """f or m; empty where its name does not say."""
        return sex_of(self.voice.name)


def about_voice(voice: InstalledVoice) -> str:
    """Return who speaks in it, in which languages, and its name where the title is another."""
    parts = []
    if person := person_of(voice.name):
        parts.append(person)
    tags = voice.languages
    if len(tags) > _MOST_LANGUAGES:
        parts.append(counted("{} language", "{} languages", len(tags)).format(len(tags)))
    else:
        parts += dict.fromkeys(language_name(tag, region=True) for tag in tags)
    if voice.name.casefold() != voice_title(voice.name).casefold():
        parts.append(voice.name)
    return "  ·  ".join(parts)


def language_of(tag: str) -> str:
    """The language of a BCP 47 tag, without its region."""
    return tag.replace("_", "-").split("-")[0].casefold()


def language_name(tag: str, *, region: bool = False) -> str:
    """As a person calls it, in the user's language; the tag itself where nobody knows it."""
    code = QLocale.codeToLanguage(language_of(tag))
    if code is QLocale.Language.AnyLanguage:
        return tag
    name = translated(QLocale.languageToString(code))
    where = tag.replace("_", "-").split("-")[-1].upper() if region and "-" in tag else ""
    return f"{name} ({where})" if len(where) == len("US") else name
