"""Clones a voice in the window: record or bring a reference, read the consent phrase, be signed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Protocol

from avatar_app.core.jobs import Job
from avatar_app.core.values import MICROPHONE_RATE, AudioChunk, Samples
from avatar_app.media.sound_reader import read_sound, write_sound
from avatar_app.runtime.registry import Registry
from avatar_app.session.checks.device_checks import LiveAudioChecks
from avatar_app.settings.store import SettingsStore
from avatar_app.speech.speech_to_text import follower_for
from avatar_app.system.named_folders import folder_name, is_name
from avatar_app.system.paths import AppPaths
from avatar_app.voices.cloning import Cloning, ask
from avatar_app.voices.consent import ConsentRequest
from avatar_app.voices.consent_reading import Follower
from avatar_app.voices.library import ClonedVoice, VoiceLibrary
from avatar_app.voices.live_recording import (
    ReadAloud,
    ReadingSoFar,
    RecordingSoFar,
    record_until,
)
from avatar_app.voices.recording import Open
from avatar_app.voices.reference import Check, checks, read_reference

NAMELESS = "voice"
"""Name of a voice whose given name has no letters that a folder can have."""
_RECORDED = "reference.wav"

Play = Callable[[Job[Any], Samples, int], None]
"""Plays samples at a rate, until it is over."""


@dataclass(frozen=True, slots=True)
class ExaminedReference:
    """A recording that a voice could be made of, and what was found in it."""

    path: Path
    checks: tuple[Check, ...]

    @property
    def is_usable(self) -> bool:
        return all(check.passed for check in self.checks)


class VoiceCloner(Protocol):
    """Makes cloned voices, for a page. All may take a moment."""

    def record(
        self, job: Job[Any], watch: Callable[[RecordingSoFar], None], done: Callable[[], bool]
    ) -> Path:
        """Record a reference with the microphone, until `done` or for half a minute."""

    def examine(self, job: Job[Any], source: Path) -> ExaminedReference:
        """Check a reference. Raises InputInvalid where it cannot be read or is too long."""

    def play(self, job: Job[Any], source: Path) -> None:
        """Let the user hear a reference."""

    def ask(self, name: str) -> ConsentRequest:
        """Draw the sentence that the speaker must read, for a voice called `name`, or like it."""

    def cloning(
        self, asked: ConsentRequest, source: Path, watch: Callable[[ReadingSoFar], None]
    ) -> Job[ClonedVoice]:
        """Return the job that hears the sentence and makes the voice. It raises ConsentRefused
        where the sentence may be read again."""

    def discard(self) -> None:
        """Delete what was recorded and not made a voice."""


class UserVoiceCloner:
    """`VoiceCloner` with a microphone, a recognizer and the user's library of voices."""

    def __init__(
        self,
        paths: AppPaths,
        microphone: Open,
        recognizer: Callable[[], Follower],
        play: Play,
    ) -> None:
        """`recognizer`: the one in use at the moment."""
        self._paths, self._microphone = paths, microphone
        self._recognizer, self._play = recognizer, play
        self._folder: Path | None = None

    def record(
        self, job: Job[Any], watch: Callable[[RecordingSoFar], None], done: Callable[[], bool]
    ) -> Path:
        samples = record_until(job, self._microphone, done, watch)
        self.discard()
        self._folder = Path(mkdtemp(prefix="avatar-"))
        path = self._folder / _RECORDED
        write_sound(path, AudioChunk(samples, MICROPHONE_RATE))
        return path

    def examine(self, job: Job[Any], source: Path) -> ExaminedReference:
        reference = read_reference(source)
        job.check()
        return ExaminedReference(source, tuple(checks(reference)))

    def play(self, job: Job[Any], source: Path) -> None:
        sound = read_sound(source, MICROPHONE_RATE)
        self._play(job, sound.samples, MICROPHONE_RATE)

    def ask(self, name: str) -> ConsentRequest:
        wanted = folder_name(name.strip())
        library = VoiceLibrary.of(self._paths)
        return ask(library.free_name(wanted if is_name(wanted) else NAMELESS), self._paths)

    def cloning(
        self, asked: ConsentRequest, source: Path, watch: Callable[[ReadingSoFar], None]
    ) -> Job[ClonedVoice]:
        reading = ReadAloud(self._microphone, self._recognizer(), asked.sentence, watch)
        return Cloning(asked.name, source, reading.record, reading.read, self._paths).job()

    def discard(self) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None


def live_cloner(
    paths: AppPaths, settings: SettingsStore, registry: Registry, checks: LiveAudioChecks
) -> UserVoiceCloner:
    """Return a cloner with the devices of the conversation and the recognizer in use."""

    def recognizer() -> Follower:
        return follower_for(settings.settings.asr, registry)

    return UserVoiceCloner(paths, checks.listen, recognizer, checks.play)
