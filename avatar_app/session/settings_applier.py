"""Applies changed settings to a live conversation: exchanges devices and engines."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from avatar_app.core.manifest import Kind
from avatar_app.runtime.kinds import KINDS, choices
from avatar_app.settings.schema import EngineChoice, Settings

if TYPE_CHECKING:  # it is loaded once the window is visible
    from avatar_app.session.live_conversation import LiveConversation


class SettingsApplier:
    """Tracks what is in use or being loaded. Settings with the effect `Effect.NEXT_START` are
    ignored. May be called from any thread, one at a time."""

    def __init__(
        self,
        live: LiveConversation,
        settings: Settings,
        used: Callable[[Kind, EngineChoice], None],
    ) -> None:
        """`settings`: those with which the conversation was opened. `used` is called when another
        engine is in use."""
        self._live, self._used = live, used
        self._lock = threading.Lock()
        self._audio = settings.audio
        self._engines = _in_conversation(settings)

    def apply(self, settings: Settings) -> None:
        """Apply the settings. If an engine cannot be loaded, the previous one stays and the user is
        notified."""
        audio = settings.audio
        with self._lock:
            before, self._audio = self._audio, audio
            former, self._engines = self._engines, _in_conversation(settings)
        if audio.microphone != before.microphone:
            self._live.microphone.use(audio.microphone)
        if audio.speaker != before.speaker:
            self._live.speaker.use(audio.speaker)
        self._live.video_call.apply(settings.video_call)
        for kind, choice in _in_conversation(settings).items():
            if choice != former[kind]:
                self._live.use(kind, choice, partial(self._used, kind, choice))

    def note(self, settings: Settings) -> None:
        """Record that the settings describe what is already in use."""
        with self._lock:
            self._audio, self._engines = settings.audio, _in_conversation(settings)


def settings_choosing(kind: Kind, choice: EngineChoice) -> Mapping[str, Any]:
    """Return the settings that choose an engine."""
    return dict(_settings_of(KINDS[kind].setting, choice))


def _settings_of(setting: str, choice: EngineChoice) -> Iterator[tuple[str, Any]]:
    yield f"{setting}.engine", choice.engine
    for name, value in choice.options.items():
        yield f"{setting}.options.{name}", value


def _in_conversation(settings: Settings) -> dict[Kind, EngineChoice]:
    chosen = choices(settings)
    return {kind: chosen[kind] for kind, row in KINDS.items() if row.in_conversation}
