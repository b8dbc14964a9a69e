"""Devices, voices and stored data of a fake session: note what is asked, answer what a test set."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from avatar_app.core.errors import AvatarError
from avatar_app.core.jobs import Job
from avatar_app.core.values import AudioChunk, Samples, SpeechChunk
from avatar_app.session.checks.device_checks import Follow, Watch
from avatar_app.session.checks.echo import EchoReport, EchoVerdict
from avatar_app.session.checks.microphone import MicrophoneReport, MicrophoneVerdict
from avatar_app.session.stored_data import StoredItem, StoredKind
from avatar_app.session.voice_gallery import InstalledVoice, MissingVoices, VoiceBlend, VoiceList
from avatar_app.storage.tool_log import LoggedCall
from avatar_app.system.network_log import ConnectionAttempt
from avatar_app.voices.likeness import Likeness


class Gate:
    """Opens at once, unless a test holds it; then it opens when the job is cancelled, or let go."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.error: AvatarError | None = None
        self.may_finish = threading.Event()
        self.may_finish.set()

    def pass_through(self, job: Job[Any], *call: Any) -> None:
        self.calls.append(call)
        if self.error is not None:
            raise self.error
        while not self.may_finish.wait(0.01):
            job.check()

    def asked(self, name: str) -> list[tuple[Any, ...]]:
        return [call[1:] for call in self.calls if call[0] == name]


class FakeChecks(Gate):
    """`AudioChecks`."""

    def __init__(self) -> None:
        super().__init__()
        self.sound = np.full(16_000, 0.1, np.float32)
        self.verdict = MicrophoneVerdict.WELL
        self.report = EchoReport(
            EchoVerdict.CANCELLED, erle_db=31.4, at_least=True, delay=0.042, echo_db=-28.0
        )

    def microphone(self, job: Job[Any], watch: Watch) -> MicrophoneReport:
        watch(-20.0, 0.5)
        self.pass_through(job, "microphone")
        return MicrophoneReport(self.sound, self.verdict, "Desk", -25.0, -58.0, 0.0, 2.2)

    def play(
        self,
        job: Job[Any],
        samples: Samples,
        rate: int = 16_000,
        follow: Follow | None = None,
    ) -> None:
        self.pass_through(job, "play", samples, rate)

    def chime(self, job: Job[Any]) -> None:
        self.pass_through(job, "chime")

    def echo(self, job: Job[Any], watch: Watch) -> EchoReport:
        watch(-30.0, 0.5)
        self.pass_through(job, "echo")
        return self.report


HEART = InstalledVoice(
    "kokoro", "Kokoro 82M", "af_heart", {"model": "kokoro-v1.0", "voice": "af_heart"}, ("en-us",)
)
SIWIS = InstalledVoice(
    "kokoro", "Kokoro 82M", "ff_siwis", {"model": "kokoro-v1.0", "voice": "ff_siwis"}, ("fr",)
)
PLAIN = [
    InstalledVoice("espeak", "Built-in voice", name, {"voice": name}, ("en", "fr", "de"))
    for name in ("f2", "m3")
]
GRANDMA = InstalledVoice(
    "coqui", "Coqui", "grandma", {"model": "xtts-v2", "voice": "grandma"}, ("en",), cloned=True
)


class FakeVoices(Gate):
    """`VoiceGallery`."""

    def __init__(self) -> None:
        super().__init__()
        self.list = VoiceList(
            (*PLAIN, HEART, SIWIS),
            (MissingVoices("Coqui", "Coqui needs coqui-tts, which is not installed."),),
            blending=frozenset({"kokoro"}),
        )
        self.now: InstalledVoice | None = PLAIN[0]
        self.now_blend: VoiceBlend | None = None
        self.alike = Likeness(0.91)

    def voices(self) -> VoiceList:
        return self.list

    def current(self) -> InstalledVoice | None:
        return self.now

    def blended(self, blend: VoiceBlend) -> InstalledVoice:
        names = [voice.options["voice"] for voice in (blend.one, blend.other)]
        mixed = f"{names[0]}:{1 - blend.share:.3g}+{names[1]}:{blend.share:.3g}"
        return replace(blend.one, name="blend", options={**blend.one.options, "voice": mixed})

    def current_blend(self) -> VoiceBlend | None:
        return self.now_blend

    def hear(self, job: Job[Any], voice: InstalledVoice | None, text: str) -> None:
        self.pass_through(job, "hear", voice, text)

    def speech(
        self, job: Job[Any], voice: InstalledVoice | None, text: str
    ) -> tuple[SpeechChunk, ...]:
        """Half a second of a loud vowel."""
        self.pass_through(job, "speech", voice, text)
        times = np.arange(8_000) / 16_000
        vowel = np.asarray(0.5 * np.sin(2 * np.pi * 180 * times), np.float32)
        return (SpeechChunk(AudioChunk(vowel, 16_000), text),)

    def hear_reference(self, job: Job[Any], name: str) -> None:
        self.pass_through(job, "hear_reference", name)

    def likeness(self, job: Job[Any], voice: InstalledVoice) -> Likeness:
        self.pass_through(job, "likeness", voice)
        return self.alike

    def remove(self, name: str) -> None:
        self.calls.append(("remove", name))

    def revoke(self, name: str) -> None:
        self.calls.append(("revoke", name))

    def rest(self) -> None:
        self.calls.append(("rest",))


class FakeDeletion:
    def __init__(self) -> None:
        self.undone = self.finished = False

    def undo(self) -> None:
        self.undone = True

    def finish(self) -> None:
        self.finished = True


class FakeStored:
    """`StoredData`."""

    def __init__(self) -> None:
        self.sizes = dict.fromkeys(StoredKind, 2_000_000)
        self.deleted: dict[StoredKind, FakeDeletion] = {}
        self.logged: tuple[LoggedCall, ...] = ()
        self.attempts: tuple[ConnectionAttempt, ...] = ()

    def items(self) -> tuple[StoredItem, ...]:
        gone = {kind for kind, each in self.deleted.items() if not each.undone}
        return tuple(
            StoredItem(
                kind,
                Path("/home/somebody") / kind,
                0 if kind in gone else size,
                0 if kind in gone else 1,
                deletable=kind is not StoredKind.SETTINGS and kind not in gone,
            )
            for kind, size in self.sizes.items()
        )

    def delete(self, kind: StoredKind) -> FakeDeletion:
        self.deleted[kind] = FakeDeletion()
        return self.deleted[kind]

    def connections(self) -> tuple[ConnectionAttempt, ...]:
        return self.attempts

    def calls(self) -> tuple[LoggedCall, ...]:
        return self.logged

    def purge(self) -> None: ...
