"""The pages next to the portrait, in the order of their keys. A new page is one file and one entry
in `PAGES`; its module is loaded before the page is first opened, in the background."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from avatar_app.ui.language.texts import for_translation, translated
from avatar_app.ui.pages.page import PageContext, PageView
from avatar_app.ui.pages.page_ids import (
    ABOUT,
    AVATARS,
    DEVICES,
    HISTORY,
    MODELS,
    PERFORMANCE,
    PERSONAS,
    PRIVACY,
    SETTINGS,
    STUDIO,
    VOICES,
)
from avatar_app.ui.style.assets import Glyph

PageMaker = Callable[[PageContext], PageView]


@dataclass(frozen=True, slots=True)
class PageEntry:
    """What the window knows of a page before it is created."""

    id: str
    """Identifier in settings, shortcuts and other pages."""
    source_title: str
    glyph: Glyph
    load: Callable[[], PageMaker]
    """Loads the modules of the page, in any thread, and returns what creates it."""

    @property
    def title(self) -> str:
        """Return the title in the user's language."""
        return translated(self.source_title)


def _settings() -> PageMaker:
    from avatar_app.ui.pages.settings import SettingsPage

    return SettingsPage


def _models() -> PageMaker:
    from avatar_app.ui.pages.models.page import ModelsPage

    return ModelsPage


def _history() -> PageMaker:
    from avatar_app.ui.pages.history import HistoryPage

    return HistoryPage


def _performance() -> PageMaker:
    from avatar_app.ui.pages.performance.page import PerformancePage

    return PerformancePage


def _devices() -> PageMaker:
    from avatar_app.ui.pages.devices import DevicesPage

    return DevicesPage


def _voices() -> PageMaker:
    from avatar_app.ui.pages.voices import VoicesPage

    return VoicesPage


def _privacy() -> PageMaker:
    from avatar_app.ui.pages.privacy import PrivacyPage

    return PrivacyPage


def _personas() -> PageMaker:
    from avatar_app.ui.pages.personas import PersonasPage

    return PersonasPage


def _avatars() -> PageMaker:
    from avatar_app.ui.pages.avatars.page import AvatarsPage

    return AvatarsPage


def _studio() -> PageMaker:
    from avatar_app.ui.pages.studio.page import StudioPage

    return StudioPage


def _about() -> PageMaker:
    from avatar_app.ui.pages.about import AboutPage

    return AboutPage


_PERFORMANCE_TITLE = for_translation("Performance")
PAGES = (
    PageEntry(SETTINGS, for_translation("Settings"), Glyph.SLIDERS, _settings),
    PageEntry(MODELS, for_translation("Models"), Glyph.MODELS, _models),
    PageEntry(HISTORY, for_translation("History"), Glyph.HISTORY, _history),
    PageEntry(PERFORMANCE, _PERFORMANCE_TITLE, Glyph.PERFORMANCE, _performance),
    PageEntry(VOICES, for_translation("Voice"), Glyph.SPEAKER, _voices),
    PageEntry(DEVICES, for_translation("Devices"), Glyph.HEADSET, _devices),
    PageEntry(PRIVACY, for_translation("Privacy"), Glyph.SHIELD, _privacy),
    PageEntry(PERSONAS, for_translation("Personas"), Glyph.FACE, _personas),
    PageEntry(AVATARS, for_translation("Avatars"), Glyph.PORTRAIT, _avatars),
    PageEntry(STUDIO, for_translation("Studio"), Glyph.STUDIO, _studio),
    PageEntry(ABOUT, for_translation("About"), Glyph.INFORMATION, _about),
)
