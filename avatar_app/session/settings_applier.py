"""Applies changed settings to a live conversation: other devices, other engines."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from avatar_app.core.manifest import Kind
from avatar_app.runtime.kinds import KINDS, choices
from avatar_app.settings.schema import EngineChoice, Settings

if TYPE_CHECKING:  # it is loaded when the window is there
    from avatar_app.session.live_conversation import LiveConversation


class SettingsApplier:
    """Knows what is in use or being loaded. What has the effect `Effect.NEXT_START` is left alone.
    May be called from any thread, by one after the other."""

    def __init__(
        self,
        ensemble: LiveConversation,
        settings: Settings,
        used: Callable[[Kind, EngineChoice], None],
    ) -> None:
        """`settings`: those that the conversation was opened with. `used` is called when another
        engine has begun its work."""
        self._ensemble, self._used = ensemble, used
        self._lock = threading.Lock()
        self._audio = settings.audio
        self._engines = _in_conversation(settings)

    def apply(self, settings: Settings) -> None:
        """Use what the settings say. An engine that cannot be had leaves the former at work, and
        the user is told."""
        audio = settings.audio
        with self._lock:
            before, self._audio = self._audio, audio
            former, self._engines = self._engines, _in_conversation(settings)
        if audio.microphone != before.microphone:
            self._ensemble.microphone.use(audio.microphone)
        if audio.speaker != before.speaker:
            self._ensemble.speaker.use(audio.speaker)
        for kind, choice in _in_conversation(settings).items():
            if choice != former[kind]:
                self._ensemble.use(kind, choice, partial(self._used, kind, choice))

    def note(self, settings: Settings) -> None:
        """The settings say what is in use already."""
        with self._lock:
            self._audio, self._engines = settings.audio, _in_conversation(settings)


def settings_of(kind: Kind, choice: EngineChoice) -> Mapping[str, Any]:
    """What to set so that an engine is chosen."""
    return dict(_settings_of(KINDS[kind].setting, choice))


def _settings_of(setting: str, choice: EngineChoice) -> Iterator[tuple[str, Any]]:
    yield f"{setting}.engine", choice.engine
    for name, value in choice.options.items():
        yield f"{setting}.options.{name}", value


def _in_conversation(settings: Settings) -> dict[Kind, EngineChoice]:
    chosen = choices(settings)
    return {kind: chosen[kind] for kind, row in KINDS.items() if row.in_conversation}
