"""The pages next to the portrait, in the order of their keys. A new page is one file and one entry
in `PAGES`; its module is loaded when the page is first opened."""

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


@dataclass(frozen=True, slots=True)
class PageEntry:
    """What the window knows of a page before it is created."""

    id: str
    """Identifier in settings, shortcuts and other pages."""
    source_title: str
    glyph: Glyph
    make: Callable[[PageContext], PageView]

    @property
    def title(self) -> str:
        """Return the title in the user's language."""
        return translated(self.source_title)


def _settings(context: PageContext) -> PageView:
    from avatar_app.ui.pages.settings import SettingsPage

    return SettingsPage(context)


def _models(context: PageContext) -> PageView:
    from avatar_app.ui.pages.models.page import ModelsPage

    return ModelsPage(context)


def _history(context: PageContext) -> PageView:
    from avatar_app.ui.pages.history import HistoryPage

    return HistoryPage(context)


def _performance(context: PageContext) -> PageView:
    from avatar_app.ui.pages.performance.page import PerformancePage

    return PerformancePage(context)


def _devices(context: PageContext) -> PageView:
    from avatar_app.ui.pages.devices import DevicesPage

    return DevicesPage(context)


def _voices(context: PageContext) -> PageView:
    from avatar_app.ui.pages.voices import VoicesPage

    return VoicesPage(context)


def _privacy(context: PageContext) -> PageView:
    from avatar_app.ui.pages.privacy import PrivacyPage

    return PrivacyPage(context)


def _personas(context: PageContext) -> PageView:
    from avatar_app.ui.pages.personas import PersonasPage

    return PersonasPage(context)


def _avatars(context: PageContext) -> PageView:
    from avatar_app.ui.pages.avatars.page import AvatarsPage

    return AvatarsPage(context)


def _studio(context: PageContext) -> PageView:
    from avatar_app.ui.pages.studio.page import StudioPage

    return StudioPage(context)


def _about(context: PageContext) -> PageView:
    from avatar_app.ui.pages.about import AboutPage

    return AboutPage(context)


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
