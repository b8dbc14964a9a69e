"""What the user wants to hear first: from the settings, where a word by voice changes it too."""

from __future__ import annotations

from typing import Protocol

from avatar_app.audio.recording_programs import others_record
from avatar_app.runtime.registry import Registry
from avatar_app.session.spoken_language import spoken_language
from avatar_app.settings.speaking import SpeaksFirstSettings
from avatar_app.settings.store import SettingsStore
from avatar_app.storage.remarks import RemarkKind

SECTION = "speaks_first"
_SETTINGS = {RemarkKind.MORNING: "morning", RemarkKind.FOLLOW_UP: "follow_ups"}


class FirstWishes(Protocol):
    """What is wanted now."""

    def now(self) -> SpeaksFirstSettings:
        """Return the settings of this moment."""

    def language(self) -> str:
        """Return the language that the avatar speaks, by ISO 639-1."""

    def in_call(self) -> bool:
        """Whether others than the user may hear the avatar, or talk with them. May take a
        moment."""

    def switch(self, kind: RemarkKind, *, wanted: bool) -> None:
        """Change whether the user wants to hear a kind of remark."""


class NoWishes:
    """`FirstWishes` where nothing is ever said first."""

    def now(self) -> SpeaksFirstSettings:
        return SpeaksFirstSettings(
            morning=False, follow_ups=False, quiet_from=0, quiet_until=0, cooldown=1
        )

    def language(self) -> str:
        return ""

    def in_call(self) -> bool:
        return False

    def switch(self, kind: RemarkKind, *, wanted: bool) -> None:
        """Nothing is wanted here."""


class StoredWishes:
    """`FirstWishes` in the user's settings."""

    def __init__(self, store: SettingsStore, registry: Registry) -> None:
        self._store, self._registry = store, registry

    def now(self) -> SpeaksFirstSettings:
        return self._store.settings.speaks_first

    def language(self) -> str:
        return spoken_language(self._store.settings, self._registry)

    def in_call(self) -> bool:
        virtual = self._store.settings.video_call
        return virtual.camera or virtual.microphone or others_record()

    def switch(self, kind: RemarkKind, *, wanted: bool) -> None:
        self._store.set(f"{SECTION}.{_SETTINGS[kind]}", wanted)
