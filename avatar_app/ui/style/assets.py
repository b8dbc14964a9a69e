"""Icons and fonts of the window, loaded once and drawn in the theme's colors."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QFont, QFontDatabase, QGuiApplication, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from avatar_app.system import paths

ASSETS = paths.assets()
FAMILY = "Inter"
BODY = 14
"""Pixels of the text of the window, at its usual size."""
SCALES = (1.0, 2.0)
"""Device pixel ratios that icons are drawn for."""


class Glyph(StrEnum):
    """The line icons in assets/icons/ui, 24 units wide; black is replaced by the color."""

    MICROPHONE = "microphone"
    MICROPHONE_OFF = "microphone-off"
    SEND = "send"
    STOP = "stop"
    TRANSCRIPT = "transcript"
    THEME = "theme"
    SLIDERS = "sliders"
    CLOSE = "close"
    INFORMATION = "information"
    WARNING = "warning"
    CHECK = "check"
    SPEAKER = "speaker"
    FACE = "face"
    PORTRAIT = "portrait"
    MORE = "more"
    TRASH = "trash"
    COPY = "copy"
    TALK = "talk"
    SEARCH = "search"
    UNDO = "undo"
    CHEVRON = "chevron"
    CHEVRON_UP = "chevron-up"
    HISTORY = "history"
    PIN = "pin"
    EXPORT = "export"
    PLUS = "plus"
    EDIT = "edit"
    RESUME = "resume"
    HEADSET = "headset"
    SHIELD = "shield"
    PAGES = "pages"
    MODELS = "models"
    PERFORMANCE = "performance"
    STAR = "star"
    STARRED = "starred"
    EXPAND = "expand"
    COMPACT = "compact"
    STUDIO = "studio"
    EYE = "eye"


@lru_cache(maxsize=256)
def icon(glyph: Glyph, color: str, size: int = 20, disabled: str = "") -> QIcon:
    """Return `glyph` in one color (#rrggbb), and another one while disabled."""
    result = QIcon()
    for scale in SCALES:
        result.addPixmap(_drawn(_source(glyph, color), size, scale))
        if disabled:
            off = _drawn(_source(glyph, disabled), size, scale)
            result.addPixmap(off, QIcon.Mode.Disabled)
    return result


@lru_cache(maxsize=256)
def pixmap(glyph: Glyph, color: str, size: int, scale: float) -> QPixmap:
    """Return `glyph` as a picture of `size` logical pixels."""
    return _drawn(_source(glyph, color), size, scale)


def application_icon() -> QIcon:
    """Return the icon of window and task bar."""
    source = QByteArray((ASSETS / "icons" / "ui" / "avatar.svg").read_bytes())
    result = QIcon()
    for size in (16, 32, 48, 64, 128, 256):
        result.addPixmap(_drawn(source, size, 1.0))
    return result


def load_fonts() -> None:
    """Load the bundled typeface into Qt; without it the system's own is used."""
    for path in sorted((ASSETS / "fonts" / "inter").glob("*.otf")):
        QFontDatabase.addApplicationFont(str(path))


def text_scale() -> float:
    """Return how many times as large as usual text is: the application's font says so."""
    pixels = QGuiApplication.font().pixelSize()
    return pixels / BODY if pixels > 0 else 1.0


def font(pixels: int, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    """Return the window's typeface in one size and weight, as large as the user wants text."""
    return unscaled_font(round(pixels * text_scale()), weight)


def unscaled_font(pixels: int, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    """Return the window's typeface in exactly this size."""
    result = QFont()
    result.setFamilies([FAMILY, "Segoe UI", "SF Pro Text", "Noto Sans", "DejaVu Sans"])
    result.setPixelSize(pixels)
    result.setWeight(weight)
    result.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    return result


@lru_cache(maxsize=256)
def _source(glyph: Glyph, color: str) -> QByteArray:
    text = (ASSETS / "icons" / "ui" / f"{glyph}.svg").read_text(encoding="utf-8")
    return QByteArray(text.replace("#000", color).encode())


def _drawn(source: QByteArray, size: int, scale: float) -> QPixmap:
    pixels = round(size * scale)
    picture = QPixmap(pixels, pixels)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    QSvgRenderer(source).render(painter, QRectF(0, 0, pixels, pixels))
    painter.end()
    picture.setDevicePixelRatio(scale)
    return picture
