"""Runs the checks on the devices of the running conversation, which waits meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from avatar_app.core.errors import DeviceUnavailable
from avatar_app.core.jobs import Job
from avatar_app.core.manifest import Kind
from avatar_app.core.values import (
    BLOCK_SECONDS,
    MICROPHONE_RATE,
    PLAYBACK_RATE,
    AudioChunk,
    Samples,
)
from avatar_app.runtime.kinds import choices
from avatar_app.runtime.registry import Registry
from avatar_app.settings.store import SettingsStore

if TYPE_CHECKING:  # they are loaded with the first check, the window comes first
    from avatar_app.session.checks.echo import EchoEngines, EchoReport
    from avatar_app.session.checks.microphone import MicrophoneReport
    from avatar_app.session.live_devices import LiveDevices

RECORD_SECONDS = 3.5
LEAD_IN, VOICE_SECONDS, LEAD_OUT = 0.6, 4.0, 0.5
"""Seconds of the echo check: the room, the voice, the rest of its echo."""
COMES_BACK = 2.5
"""Seconds within which a device that is there is found again."""
_LOOK = 0.1
_NOISE_SUPPRESSION = "noise_suppression"
"""Option of cancellers that also take noise out."""

Watch = Callable[[float, float], None]
"""(dBFS, fraction of the check): how loud it is now, and how far it is; from another thread."""

Follow = Callable[[float, float], None]
"""(seconds, at): so much of a sound will have been heard at the time `at` of `time.monotonic`; from
the loudspeaker's thread."""


class AudioChecks(Protocol):
    """Checks of the devices in use. Each takes seconds; its job stops it. DeviceUnavailable where a
    device is missing, or in use by another check."""

    def microphone(self, job: Job[Any], watch: Watch) -> MicrophoneReport:
        """Record for a few seconds, and judge it."""

    def play(
        self,
        job: Job[Any],
        samples: Samples,
        rate: int = MICROPHONE_RATE,
        follow: Follow | None = None,
    ) -> None:
        """Play a sound, and wait until it is over."""

    def chime(self, job: Job[Any]) -> None:
        """Play a short pleasant sound."""

    def echo(self, job: Job[Any], watch: Watch) -> EchoReport:
        """Say something in the avatar's voice, and measure what comes back."""


class LiveAudioChecks:
    """`AudioChecks` of a live conversation."""

    def __init__(
        self, opened: Callable[[], LiveDevices | None], settings: SettingsStore, registry: Registry
    ) -> None:
        """`opened`: waits until the conversation is open; None where it could not be."""
        self._opened, self._settings, self._registry = opened, settings, registry

    def microphone(self, job: Job[Any], watch: Watch) -> MicrophoneReport:
        from avatar_app.session.checks.borrowers import DeviceCheck
        from avatar_app.session.checks.microphone import judge_microphone

        devices = self._devices()
        check = DeviceCheck(blocks=round(RECORD_SECONDS / BLOCK_SECONDS), watch=watch)
        with devices.borrowed(check):
            check.wait_heard(job)
        canceller, detector = self._engine(Kind.AEC), self._engine(Kind.VAD)
        try:
            name = devices.microphone_name
            return judge_microphone(check.samples(), name, canceller, detector)
        finally:
            canceller.close()
            detector.close()

    def play(
        self,
        job: Job[Any],
        samples: Samples,
        rate: int = MICROPHONE_RATE,
        follow: Follow | None = None,
    ) -> None:
        from avatar_app.media.resample import resampled
        from avatar_app.session.checks.borrowers import DeviceCheck

        devices = self._devices()
        _wait_for(job.check, lambda: devices.speaker_name, "loudspeaker")
        sound = resampled(AudioChunk(samples, rate), PLAYBACK_RATE).samples
        check = DeviceCheck(sound, follow=follow)
        with devices.borrowed(check):
            check.wait_played(job, devices.speaker_latency)

    @contextmanager
    def listen(
        self, on_block: Callable[[AudioChunk, float], None], _on_notice: Callable[[str, str], None]
    ) -> Iterator[None]:
        """Call `on_block` with blocks of 10 ms of what the microphone hears; a
        `voices.recording.Open`."""
        from avatar_app.session.checks.borrowers import Listening

        devices = self._devices()
        _wait_for(lambda: None, lambda: devices.microphone_name, "microphone")
        with devices.borrowed(Listening(on_block)):
            yield

    def chime(self, job: Job[Any]) -> None:
        from avatar_app.session.checks.sounds import chime

        self.play(job, chime(), PLAYBACK_RATE)

    def echo(self, job: Job[Any], watch: Watch) -> EchoReport:
        from avatar_app.session.checks.borrowers import DeviceCheck
        from avatar_app.session.checks.echo import judge_echo
        from avatar_app.session.checks.sounds import SENTENCE, spoken

        devices = self._devices()
        _wait_for(job.check, lambda: devices.microphone_name, "microphone")
        _wait_for(job.check, lambda: devices.speaker_name, "loudspeaker")
        with devices.voice() as voice:
            words = spoken(voice, SENTENCE, job.check, VOICE_SECONDS)
        sound = np.concatenate(
            [_silence(LEAD_IN), words * np.float32(devices.volume), _silence(LEAD_OUT)]
        )
        check = DeviceCheck(sound, round(len(sound) / PLAYBACK_RATE / BLOCK_SECONDS), watch)
        with devices.borrowed(check):
            check.wait_heard(job)
        return judge_echo(check.heard, self._echo_engines())

    def _devices(self) -> LiveDevices:
        devices = self._opened()
        if devices is None:
            raise DeviceUnavailable("The conversation is not open.", "Start the program again.")
        return devices

    def _echo_engines(self) -> EchoEngines:
        from avatar_app.session.checks.echo import EchoEngines

        def bare() -> Any:
            choice = choices(self._settings.settings)[Kind.AEC]
            known = {option.name for option in self._registry.find(Kind.AEC, choice.engine).options}
            without = {_NOISE_SUPPRESSION: False} if _NOISE_SUPPRESSION in known else {}
            return self._engine(Kind.AEC, **without)

        return EchoEngines(lambda: self._engine(Kind.AEC), bare, lambda: self._engine(Kind.VAD))

    def _engine(self, kind: Kind, **changed: Any) -> Any:
        """A fresh one of those that the conversation has."""
        from avatar_app.runtime.engine_set import create_engine

        choice = choices(self._settings.settings)[kind]
        manifest = self._registry.find(kind, choice.engine)
        return create_engine(self._registry, manifest, choice.options | changed)


def _wait_for(check: Callable[[], None], name: Callable[[], str | None], noun: str) -> None:
    """A device whose stream has just died is back in a moment."""
    pause = threading.Event()
    for _ in range(round(COMES_BACK / _LOOK)):
        if name() is not None:
            return
        check()
        pause.wait(_LOOK)
    raise DeviceUnavailable(f"No {noun} was found.", "Plug one in, or choose one.")


def _silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * PLAYBACK_RATE), np.float32)
