"""A person who speaks with the avatar in a simulated room; each sentence is understood."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from real_models import listening
from spoken import spoken

from avatar_app.bench.scripted.whisper import write_whisper
from avatar_app.core.manifest import Kind
from avatar_app.pipeline import commands
from avatar_app.runtime.engine_set import create_engine
from avatar_app.session.offline.conversation import OfflineConversation
from avatar_app.session.offline.recordings import RecordingPlayer, ReportLine

LONGEST = 600.0
"""Seconds of the room's time in which everything ends."""


class Room:
    """Each sentence has a recognizer of its own, a real one, which understands it."""

    def __init__(self, offline: OfflineConversation, folder: Path, opened: ExitStack) -> None:
        self.offline, self._folder, self._opened = offline, folder, opened
        self._player = RecordingPlayer(offline, None, lambda _line: None)

    def say(self, text: str) -> str:
        """Say it, and return the answer that was heard."""
        number = len(self.offline.ended)
        model = write_whisper(self._folder / f"whisper-{number}", text)
        registry = self.offline.engine_set.registry
        options = {
            name.removeprefix("asr.options."): value
            for name, value in listening(model).items()
            if name.startswith("asr.options.")
        }
        recognizer = create_engine(registry, registry.find(Kind.ASR, "whisper"), options)
        self._opened.callback(recognizer.close)
        recognizer.wait_ready()
        self.offline.conversation.send(commands.SwitchEngine(Kind.ASR, recognizer))
        self._player.run([ReportLine(text, spoken(text))], None)
        turns = [turn for turn in self.offline.ended[number:] if turn.user_text]
        assert [turn.user_text.lower().rstrip(".") for turn in turns] == [text]
        return turns[0].heard_text

    def run(self, *lines: ReportLine) -> None:
        """Say or type the lines, whatever is understood of them."""
        self._player.run([*lines], None)

    def pass_time(self, seconds: float) -> None:
        self._player._pass(seconds)

    def wait(self, happened: Callable[[], bool], step: float = 0.5) -> None:
        """Let time pass until something has happened, looking every `step` seconds."""
        begun = self.offline.clock()
        while not happened():
            assert self.offline.clock() - begun < LONGEST
            self._player._pass(step)

    def announced(self) -> list[str]:
        return [turn.heard_text for turn in self.offline.ended if not turn.user_text]
