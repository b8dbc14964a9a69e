"""The design tokens: every color and size of the window by name, for dark and light."""

from __future__ import annotations

from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QGuiApplication

from avatar_app.settings.schema import ThemeChoice

UNIT = 8
"""Pixels of the grid that all distances are multiples of."""
RADIUS_LARGE = 24
RADIUS = 12
CONTROL = 40
"""Width and height of a round button."""


@dataclass(frozen=True, slots=True)
class Palette:
    """The colors of one theme, as #rrggbb or #aarrggbb."""

    dark: bool
    page: str
    """Behind everything."""
    surface: str
    """Cards and panels."""
    raised: str
    """On top of a surface: bubbles, fields, rows under the pointer."""
    border: str
    text: str
    text_dim: str
    """Secondary text; still readable (contrast ≥ 4.5 on surface)."""
    text_faint: str
    """Decoration and unheard words (contrast ≥ 3 on surface)."""
    accent: str
    on_accent: str
    danger: str
    listening: str
    thinking: str
    speaking: str
    muted: str
    good_text: str
    """Says that something is well; readable (contrast ≥ 4.5 on surface)."""
    warn_text: str
    """Says that something is hardly enough; readable as well."""
    focus: str
    shadow: str
    overlay: str = "#780b0c10"
    """Behind a name or a button on the portrait."""
    strong: bool = False
    """Every control has a clear edge."""


DARK = Palette(
    dark=True,
    page="#0e1014",
    surface="#16191f",
    raised="#21252e",
    border="#2a2f3a",
    text="#f2f3f6",
    text_dim="#a3a9b6",
    text_faint="#747b8a",
    accent="#8f80ff",
    on_accent="#0f0b2a",
    danger="#ff7b7b",
    listening="#3ddbc1",
    thinking="#a495ff",
    speaking="#ffb877",
    muted="#8b92a1",
    good_text="#5fdcc6",
    warn_text="#ffb877",
    focus="#b5abff",
    shadow="#80000000",
)
LIGHT = Palette(
    dark=False,
    page="#f3f2ef",
    surface="#ffffff",
    raised="#f1f0f4",
    border="#e2e0e6",
    text="#1a1b22",
    text_dim="#5d616d",
    text_faint="#878b97",
    accent="#5d4be0",
    on_accent="#ffffff",
    danger="#c93a3a",
    listening="#0bb39a",
    thinking="#7a66f2",
    speaking="#f08a3c",
    muted="#8b8f9a",
    good_text="#08745f",
    warn_text="#9a4e0c",
    focus="#5d4be0",
    shadow="#28141428",
)
STRONG_DARK = replace(
    DARK,
    page="#000000",
    surface="#000000",
    raised="#262830",
    border="#c3c7d1",
    text="#ffffff",
    text_dim="#e4e6ec",
    text_faint="#b9bdc8",
    accent="#cfc8ff",
    on_accent="#000000",
    danger="#ffa3a3",
    good_text="#7df5de",
    warn_text="#ffd199",
    focus="#ffe45c",
    overlay="#e6000000",
    strong=True,
)
STRONG_LIGHT = replace(
    LIGHT,
    page="#ffffff",
    surface="#ffffff",
    raised="#e9e8ef",
    border="#3c3e48",
    text="#000000",
    text_dim="#24262e",
    text_faint="#4b4e59",
    accent="#3220a8",
    danger="#960f0f",
    good_text="#034a3c",
    warn_text="#6b3303",
    focus="#98004e",
    overlay="#e6000000",
    strong=True,
)


class Theme(QObject):
    """The current palette and size of text; follows the system until the user chooses."""

    changed = Signal()

    def __init__(self, choice: ThemeChoice = ThemeChoice.SYSTEM) -> None:
        super().__init__()
        self.choice = choice
        self.strong = False
        """Whether contrast is high."""
        self.text_scale = 1.0
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._system_changed)

    @property
    def palette(self) -> Palette:
        if self._resolved() is ThemeChoice.DARK:
            return STRONG_DARK if self.strong else DARK
        return STRONG_LIGHT if self.strong else LIGHT

    def _resolved(self) -> ThemeChoice:
        """Return dark or light, whichever is seen."""
        if self.choice is not ThemeChoice.SYSTEM:
            return self.choice
        return ThemeChoice.DARK if self._system_is_dark() else ThemeChoice.LIGHT

    def choose(self, choice: ThemeChoice) -> None:
        """Use `choice` from now on."""
        if choice is not self.choice:
            self.choice = choice
            self.changed.emit()

    def adapt(self, *, strong: bool, text_scale: float) -> None:
        """Use high contrast or not, and text of this size, from now on."""
        if (strong, text_scale) != (self.strong, self.text_scale):
            self.strong, self.text_scale = strong, text_scale
            self.changed.emit()

    def twin(self) -> Theme:
        """Return a theme that looks as this one does now, and changes only by `follow`."""
        result = Theme(self._resolved())
        result.strong, result.text_scale = self.strong, self.text_scale
        return result

    def follow(self, other: Theme) -> None:
        """Look as another theme does now."""
        looks = other._resolved(), other.strong, other.text_scale
        if looks != (self.choice, self.strong, self.text_scale):
            self.choice, self.strong, self.text_scale = looks
            self.changed.emit()

    def opposite(self) -> ThemeChoice:
        """Return the choice that switches between dark and light."""
        return ThemeChoice.LIGHT if self.palette.dark else ThemeChoice.DARK

    def _system_changed(self) -> None:
        if self.choice is ThemeChoice.SYSTEM:
            self.changed.emit()

    @staticmethod
    def _system_is_dark() -> bool:
        scheme = QGuiApplication.styleHints().colorScheme()
        return scheme is not Qt.ColorScheme.Light  # a system that does not say gets the dark one


def color(value: str, alpha: float = 1.0) -> QColor:
    """Return a token as QColor, `alpha` times as opaque."""
    result = QColor(value)
    result.setAlphaF(result.alphaF() * alpha)
    return result
